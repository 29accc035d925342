"""A certificate for this machine that nobody vouches for, made anew for every emulator."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

_LIFETIME = timedelta(days=365)


class Certificate:
    """A certificate for ``localhost``, its addresses and other names, which is its own authority.

    A client that is to accept it either takes :attr:`pem` for an authority or does not check certificates.

    :param folder: where its key lies for a moment
    :param names: other host names and addresses
    """

    def __init__(self, folder: Path, *names: str) -> None:
        self._folder = folder
        self._names = ("localhost", "*.localhost", "127.0.0.1", "::1", *names)
        self._made: tuple[bytes, bytes] | None = None

    @property
    def pem(self) -> bytes:
        """The certificate itself, without its key."""
        return self._pair()[0]

    def server_context(self) -> ssl.SSLContext:
        """What a server needs to speak TLS with it."""
        certificate, key = self._pair()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        path = self._folder / "certificate.pem"
        path.touch(mode=0o600)
        try:
            path.write_bytes(key + certificate)
            context.load_cert_chain(path)
        finally:
            path.unlink()
        return context

    def _pair(self) -> tuple[bytes, bytes]:
        if self._made is None:
            self._made = _make(self._names)
        return self._made


def _make(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    itself = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "VIAPI emulator")])
    now = datetime.now(timezone.utc)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = {"digital_signature", "key_cert_sign"}
    others = {"content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"}
    flags = {name: name in usage for name in usage | others | {"encipher_only", "decipher_only"}}
    certificate = (
        x509.CertificateBuilder()
        .subject_name(itself)
        .issuer_name(itself)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**flags), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _general_name(name: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
