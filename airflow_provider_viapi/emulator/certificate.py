"""A self-signed certificate for this machine, created when the emulator first needs it."""

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
    """A self-signed certificate for ``localhost``, its addresses and other names.

    A client that is to accept it trusts :attr:`pem` as an authority or does not verify certificates.

    :param folder: where the private key is written while it is loaded
    :param names: further host names and addresses
    """

    def __init__(self, folder: Path, *names: str) -> None:
        self._folder = folder
        self._names = ("localhost", "*.localhost", "127.0.0.1", "::1", *names)
        self._pair: tuple[bytes, bytes] | None = None

    @property
    def pem(self) -> bytes:
        """The certificate without its key, in PEM."""
        return self._create_once()[0]

    def server_context(self) -> ssl.SSLContext:
        """Return a TLS context for a server that uses this certificate."""
        certificate, key = self._create_once()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        path = self._folder / "certificate.pem"
        path.touch(mode=0o600)
        try:
            path.write_bytes(key + certificate)
            context.load_cert_chain(path)
        finally:
            path.unlink()
        return context

    def _create_once(self) -> tuple[bytes, bytes]:
        if self._pair is None:
            self._pair = _create(self._names)
        return self._pair


def _create(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "VIAPI emulator")])
    now = datetime.now(timezone.utc)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = {"digital_signature", "key_cert_sign"}
    others = {"content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"}
    flags = {name: name in usage for name in usage | others | {"encipher_only", "decipher_only"}}
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(each) for each in names]), critical=False)
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
