"""HTTP: which requests are known not to have been sent, certificates, proxies, and equal settings everywhere."""

from __future__ import annotations

import asyncio
import base64
import gzip
import socket
import ssl
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.client import Client, open_async_client
from airflow_provider_viapi.alibaba.model import Action, Service
from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.errors import (
    ConfigurationError,
    ConnectionFailed,
    InvalidRequest,
    NotForwarded,
    ResponseLost,
    ServiceError,
    TransientError,
    proves_not_accepted,
)
from airflow_provider_viapi.http import (
    HttpRequest,
    HttpResponse,
    HttpSettings,
    SyncTransport,
    open_async_transport,
)
from airflow_provider_viapi.http_session import requests_session
from airflow_provider_viapi.http_settings import read_verify
from airflow_provider_viapi.renewable_credentials import Credentials
from scripted_server import serving

ERASE, VIDEO = videoenhan.ERASE_VIDEO_SUBTITLES, {"VideoUrl": "http://h/a.mp4"}
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
REFUSED_TUNNEL = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*PROXY_VARIABLES, *BUNDLE_VARIABLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@contextmanager
def server(reply: bytes, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """Serve one reply to every connection; yields the port and what was received."""
    received: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                sock = tls.wrap_socket(connection, server_side=True) if tls else connection
                received.append(sock.recv(65536))
                sock.sendall(reply)
                sock.settimeout(2)
                # Closing with unread data would reset the connection.
                while reply.startswith(b"HTTP/1.1 200") and sock.recv(65536):
                    pass
                sock.close()
            except OSError:
                pass

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], received
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate for 127.0.0.1 in one file."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(scope="module")
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def on_worker(url: str, settings: HttpSettings | None = None) -> HttpResponse:
    transport = SyncTransport(settings or HttpSettings.read(timeout=2))
    try:
        return transport.send(HttpRequest("POST", url, {}, b"x", action="EraseVideoSubtitles"))
    finally:
        transport.close()


def in_loop(url: str, settings: HttpSettings | None = None) -> HttpResponse:
    async def send() -> HttpResponse:
        transport = await open_async_transport(settings or HttpSettings.read(timeout=2))
        try:
            return await transport.send(HttpRequest("POST", url, {}, b"x", action="EraseVideoSubtitles"))
        finally:
            await transport.close()

    return asyncio.run(send())


BOTH = pytest.mark.parametrize("send", [on_worker, in_loop])
Send = Callable[..., HttpResponse]


def failure(send: Send, url: str, settings: HttpSettings | None = None) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        send(url, settings)
    return caught.value


@BOTH
def test_a_dead_proxy_means_that_nothing_was_sent(send: Send, environment: pytest.MonkeyPatch) -> None:
    port = unused_port()
    environment.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{port}")
    environment.setenv("HTTP_PROXY", f"http://user:secret@127.0.0.1:{port}")

    for url in ("https://service.test/", "http://service.test/"):
        error = failure(send, url)

        assert type(error) is ConnectionFailed
        assert proves_not_accepted(error)
        assert f"through the proxy http://127.0.0.1:{port}" in str(error)
        assert "secret" not in str(error)


@BOTH
def test_a_proxy_that_refuses_the_tunnel_means_that_nothing_was_sent(
    send: Send, environment: pytest.MonkeyPatch
) -> None:
    with server(REFUSED_TUNNEL) as (port, received):
        environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        error = failure(send, "https://service.test/")

    assert type(error) is NotForwarded
    assert received[0].startswith(b"CONNECT service.test:443")


@BOTH
@pytest.mark.parametrize("url", ["http://no-such-host.invalid/", "https://no-such-host.invalid/"])
def test_an_unknown_host_means_that_nothing_was_sent(send: Send, url: str) -> None:
    assert type(failure(send, url)) is ConnectionFailed


@BOTH
def test_tls_to_a_plain_port_means_that_nothing_was_sent(send: Send) -> None:
    with server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (port, _):
        assert type(failure(send, f"https://127.0.0.1:{port}/")) is ConnectionFailed


@BOTH
@pytest.mark.parametrize("url", ["http://a b/", "http://127.0.0.1:99999/", f"http://{'a' * 70}.test/", "//"])
def test_an_address_that_cannot_be_called_means_that_nothing_was_sent(send: Send, url: str) -> None:
    error = failure(send, url)

    assert isinstance(error, ConfigurationError | ConnectionFailed)
    assert proves_not_accepted(error)


@BOTH
@pytest.mark.parametrize(
    "reply",
    [b"", b"nonsense", b"HTTP/1.1 200 OK\r\nContent-Length: 9, 8\r\n\r\nx"],
)
def test_a_response_that_breaks_off_or_makes_no_sense_is_lost(send: Send, reply: bytes) -> None:
    with server(reply) as (port, received):
        error = failure(send, f"http://127.0.0.1:{port}/")

    assert received
    assert type(error) is ResponseLost
    assert not proves_not_accepted(error)


@BOTH
@pytest.mark.parametrize(
    ("status", "named"),
    [("301 Moved\r\nLocation: https://other.test/x?Signature=s", "redirects to https://other.test;")]
    + [(str(status), str(status)) for status in (405, 411, 413, 414, 415, 421, 426, 431, 511)]
    + [
        (f"{status} Found\r\nLocation: /login", "redirects to another address")
        for status in (300, 302, 307, 308)
    ]
    + [("407 Auth", "proxy requires authentication")],
)
def test_what_a_gateway_did_not_forward_did_not_reach_the_service(
    send: Send, status: str, named: str
) -> None:
    reply = f"HTTP/1.1 {status}\r\nContent-Length: 6\r\n\r\n<html>".encode()
    with server(reply) as (port, received), pytest.raises(NotForwarded, match=named) as caught:
        account = Account(Credentials("id", "secret"), endpoint=f"http://127.0.0.1:{port}")
        if send is on_worker:
            with Client(account) as client:
                client.call_once(ERASE, VIDEO)
        else:
            asyncio.run(call_in_loop(account))

    assert len(received) == 1
    assert "Signature" not in str(caught.value)


@BOTH
@pytest.mark.parametrize("compressed", [False, True])
def test_a_response_that_arrives_byte_by_byte_holds_no_caller(send: Send, compressed: bool) -> None:
    class Slow(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            if compressed:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            with suppress(OSError):
                for byte in gzip.compress(bytes(100_000)) if compressed else bytes(100_000):
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.05)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Slow) as url:
        error = failure(send, url, HttpSettings(timeout=0.3))

    assert type(error) is ResponseLost


@BOTH
@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_a_compressed_response_is_decompressed(send: Send, encoding: str) -> None:
    compress = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)
    body = compress(b"content " * 1000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    with server(head.encode() + body) as (port, _):
        assert send(f"http://127.0.0.1:{port}/").body == b"content " * 1000


@BOTH
@pytest.mark.parametrize("compressed", [False, True])
def test_a_body_of_more_than_64_megabytes_is_not_read(send: Send, compressed: bool) -> None:
    body = bytes(65 << 20)
    encoding = b"Content-Encoding: gzip\r\n" if compressed else b""
    body = gzip.compress(body) if compressed else body
    head = b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (encoding, len(body))
    with server(head + body) as (port, _):
        error = failure(send, f"http://127.0.0.1:{port}/")

    assert type(error) is ResponseLost
    assert "more than 64 MB" in error.message


async def call_in_loop(account: Account, action: Action | str = ERASE) -> dict[str, Any]:
    async with await open_async_client(account) as client:
        return await client.call_once(action, VIDEO)


@BOTH
def test_an_untrusted_certificate_is_permanent_and_names_problem_and_setting(
    send: Send, tls: ssl.SSLContext
) -> None:
    with server(b"", tls) as (port, _):
        error = failure(send, f"https://127.0.0.1:{port}/")

    assert type(error) is ConfigurationError
    for part in ("self-signed certificate", "verify", "REQUESTS_CA_BUNDLE", f"127.0.0.1:{port}"):
        assert part in str(error)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@BOTH
def test_a_bundle_that_was_replaced_is_used_by_a_process_that_runs_on(
    send: Send, tls: ssl.SSLContext, certificate: Path, tmp_path: Path
) -> None:
    import certifi

    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes())
    before = HttpSettings.read(verify=str(bundle))
    with server(b"", tls) as (port, _):
        assert failure(send, f"https://127.0.0.1:{port}/", before).code == "CertificateNotTrusted"

    bundle.write_bytes(certificate.read_bytes())
    after = HttpSettings.read(verify=str(bundle))

    assert before != after, "waits with the old bundle and the new one do not share a client"
    with server(OK, tls) as (port, _):
        assert send(f"https://127.0.0.1:{port}/", after).body == b"ok"


@BOTH
@pytest.mark.parametrize("variable", BUNDLE_VARIABLES)
def test_the_bundle_of_the_environment_is_used(
    send: Send, variable: str, tls: ssl.SSLContext, certificate: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(variable, str(certificate))

    with server(OK, tls) as (port, _):
        assert send(f"https://127.0.0.1:{port}/").body == b"ok"


@BOTH
@pytest.mark.parametrize("verify", [False, "bundle"])
def test_the_connections_verify_wins_over_the_environment(
    send: Send,
    verify: bool | str,
    tls: ssl.SSLContext,
    certificate: Path,
    environment: pytest.MonkeyPatch,
) -> None:
    import certifi

    environment.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    settings = HttpSettings.read(verify=str(certificate) if verify else False)

    with server(OK, tls) as (port, _):
        url = f"https://127.0.0.1:{port}/"
        assert send(url, settings).body == b"ok"
        with requests_session(settings) as session:
            assert session.get(url).content == b"ok"


Transfer = Callable[[str, HttpSettings], None]
KEY = Credentials("id", "secret")


def download_result(url: str, settings: HttpSettings) -> None:
    from airflow_provider_viapi.media.outputs.http_download import download
    from airflow_provider_viapi.media.ssrf_guard import public_session

    with public_session(settings, ["127.0.0.1"]) as session, download(session, f"{url}/a.mp4") as response:
        assert b"".join(response.chunks()) == b"ok"


def read_object(url: str, settings: HttpSettings) -> None:
    from airflow_provider_viapi.fs.oss_client import Oss, Place

    place = Place("cn-shanghai", url, by_path=True)
    assert Oss(Account(KEY, http=settings), place).read("bucket", "a.mp4", 0, 2) == b"ok"


def upload_temporarily(url: str, settings: HttpSettings) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    from airflow_provider_viapi.media.inputs.source import Source
    from airflow_provider_viapi.media.inputs.temporary_upload import upload_for

    fs = MemoryFileSystem()
    fs.pipe("/a.mp4", b"film")
    names = "AccessKeyId EncodedPolicy Signature ObjectKey"
    # Bucket and endpoint are joined with a dot.
    grant = dict.fromkeys(names.split(), "x") | {
        "Bucket": "127.0.0",
        "Endpoint": f"1:{url.rpartition(':')[2]}",
    }
    hook: Any = SimpleNamespace(account=Account(KEY, http=settings, endpoint=url))
    with suppress(TransientError, InvalidRequest):
        # The response has no status 201.
        upload_for(
            "videoenhan", Source("memory://a.mp4", 4, "", None, fs, "/a.mp4"), hook, lambda request: grant
        )


@BOTH
@pytest.mark.parametrize(
    ("no_proxy", "is_direct"),
    [
        ("localhost,127.0.0.1,[::1]", True),
        ("127.0.0.0/8", True),
        ("*", True),
        ("[::1], 10.0.0.0/8 example.com:443,, ::1,[fd00::]/8,[", False),
        ("", False),
    ],
)
def test_no_proxy_decides_whether_the_proxy_is_used_and_never_raises(
    send: Send, no_proxy: str, is_direct: bool, environment: pytest.MonkeyPatch
) -> None:
    with server(OK) as (port, direct), server(OK) as (proxy_port, through_proxy):
        environment.setenv("http_proxy", f"127.0.0.1:{proxy_port}")
        environment.setenv("no_proxy", no_proxy)
        settings = HttpSettings.read()
        send(f"http://127.0.0.1:{port}/", settings)
        with requests_session(settings) as session:
            session.get(f"http://127.0.0.1:{port}/")

    assert (len(direct), len(through_proxy)) == ((2, 0) if is_direct else (0, 2))


MEDIA_TRANSPORTS = pytest.mark.parametrize("transfer", [download_result, read_object, upload_temporarily])
"""Everything else that sends over HTTP: downloads of results, OSS, uploads to the temporary storage."""


@MEDIA_TRANSPORTS
def test_media_are_transferred_with_the_bundle_of_the_environment(
    transfer: Transfer, tls: ssl.SSLContext, certificate: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SSL_CERT_FILE", str(certificate))

    with server(OK, tls) as (port, received):
        transfer(f"https://127.0.0.1:{port}", HttpSettings.read())

    assert received


@MEDIA_TRANSPORTS
def test_the_connections_verify_wins_over_the_environment_for_media(
    transfer: Transfer, tls: ssl.SSLContext, environment: pytest.MonkeyPatch
) -> None:
    import certifi

    environment.setenv("REQUESTS_CA_BUNDLE", certifi.where())

    with server(OK, tls) as (port, received):
        transfer(f"https://127.0.0.1:{port}", HttpSettings.read(verify=False))

    assert received


@MEDIA_TRANSPORTS
def test_an_untrusted_certificate_of_a_storage_is_permanent_and_named(
    transfer: Transfer, tls: ssl.SSLContext
) -> None:
    with server(OK, tls) as (port, _), pytest.raises(ConfigurationError) as caught:
        transfer(f"https://127.0.0.1:{port}", HttpSettings())

    assert caught.value.code == "CertificateNotTrusted"
    for part in ("self-signed certificate", "verify", "REQUESTS_CA_BUNDLE"):
        assert part in str(caught.value)


@MEDIA_TRANSPORTS
@pytest.mark.parametrize(("no_proxy", "is_direct"), [("localhost,127.0.0.1,[::1]", True), ("", False)])
def test_media_take_proxies_from_the_settings_alone(
    transfer: Transfer, no_proxy: str, is_direct: bool, environment: pytest.MonkeyPatch
) -> None:
    with server(OK) as (port, direct), server(OK) as (proxy_port, through_proxy):
        environment.setenv("http_proxy", f"127.0.0.1:{proxy_port}")
        environment.setenv("no_proxy", no_proxy)
        settings = HttpSettings.read()
        # The settings were read; what the environment says later does not count.
        environment.setenv("http_proxy", "http://127.0.0.1:1")
        environment.setenv("no_proxy", "")
        transfer(f"http://127.0.0.1:{port}", settings)

    assert (bool(direct), bool(through_proxy)) == (is_direct, not is_direct)


@pytest.mark.parametrize(
    ("url", "no_proxy", "is_direct"),
    [
        ("http://media.example.com/", "example.com", True),
        ("http://media.example.com/", ".example.com", True),
        ("http://media.example.com/", "*.example.com", True),
        ("http://example.com/", ".example.com", True),
        ("http://badexample.com/", "example.com", False),
        ("http://example.com:8080/", "example.com:8080", True),
        ("http://example.com/", "example.com:8080", False),
        ("https://example.com/", "example.com:443", True),
        ("http://[::1]:9/", "[::1]", True),
        ("http://[::1]:9/", "::1", True),
        ("http://[::1]:9/", "[::1]:9", True),
        ("http://[::1]:9/", "[::1]:8", False),
        ("http://[fd00::5]/", "fd00::/8", True),
        ("http://10.1.2.3/", "10.0.0.0/8", True),
        ("http://11.1.2.3/", "10.0.0.0/8", False),
        ("http://[::ffff:10.1.2.3]/", "10.0.0.0/8", True),
        ("http://10.1.2.3/", "3", False),
        ("http://10.1.2.3/", "::ffff:10.1.2.3", True),
        ("http://10.1.2.3:8080/", "10.0.0.0/8:8080", True),
        ("http://example.com/", "https://example.com/", True),
        ("http://example.com/", "http://example.com:80/path", True),
        ("http://xn--bcher-kva.example/", "b\u00fccher.example", True),
        ("http://b\u00fccher.example/", "xn--bcher-kva.example", True),
        ("http://EXAMPLE.com/", "Example.COM", True),
        ("http://h/", "[", False),
        ("http://h/", "h:999999999", False),
        ("http://h/", "://:/,[:]:,-,:,*:80", False),
    ],
)
def test_entries_of_no_proxy(
    url: str, no_proxy: str, is_direct: bool, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("ALL_PROXY", "http://proxy:3128")
    environment.setenv("NO_PROXY", no_proxy)

    assert HttpSettings.read().proxy_for(url) == (None if is_direct else "http://proxy:3128")


def test_the_proxy_of_the_scheme_comes_before_the_general_one(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://secure:1")
    environment.setenv("ALL_PROXY", "http://general:2")
    settings = HttpSettings.read()

    assert settings.proxy_for("https://h/") == "http://secure:1"
    assert settings.proxy_for("http://h/") == "http://general:2"


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "http://a b:1",
        "gopher://proxy:1",
        "http://proxy:port",
        "http://proxy:99999",
        "http://[::1",
        "://",
        "socks4://proxy:1",
        "http://proxy:0",
        "http://密@proxy:1",
        "'http://proxy:1'",
        "http;//proxy:1",
        "http:/proxy:1",
        "http://one,two:1",
        "http://proxy:1,http://other:2",
    ],
)
def test_an_unusable_proxy_is_refused_when_the_settings_are_read(
    address: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("HTTPS_PROXY", address.replace("//", "//user:secret@"))

    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        HttpSettings.read()
    assert "secret" not in str(caught.value)


def test_a_socks_proxy_names_the_packages_to_install(environment: pytest.MonkeyPatch) -> None:
    for module in ("socks", "aiohttp_socks"):
        environment.setitem(sys.modules, module, None)
    environment.setenv("all_proxy", "socks5://127.0.0.1:1080")

    with pytest.raises(
        ConfigurationError, match=r"all_proxy names a SOCKS proxy.*requests\[socks\].*aiohttp-socks"
    ):
        HttpSettings.read()


BROKEN = "-----BEGIN {0}-----\nAAAA\n-----END {0}-----\n"


@pytest.mark.parametrize(
    "content", [None, "", "no certificate", BROKEN.format("CERTIFICATE"), BROKEN.format("PRIVATE KEY")]
)
def test_an_unusable_bundle_is_refused_when_the_settings_are_read(
    content: str | None, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ConfigurationError, match=r"verify of the connection 'c' names .*bundle\.pem"):
        HttpSettings.read(verify=str(path), where="the connection 'c'")
    environment.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE names .*bundle\.pem"):
        HttpSettings.read()


def test_a_bundle_whose_last_certificate_is_broken_is_refused_when_the_settings_are_read(
    certificate: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.pem"
    path.write_text(certificate.read_text() + BROKEN.format("CERTIFICATE"))

    with pytest.raises(ConfigurationError, match="holds no certificate"):
        HttpSettings.read(verify=str(path))


def test_a_bundle_may_begin_with_a_certificate_in_another_form(certificate: Path, tmp_path: Path) -> None:
    path = tmp_path / "bundle.pem"
    path.write_text("# Authorities \u00e9\n" + BROKEN.format("TRUSTED") + certificate.read_text())

    assert HttpSettings.read(verify=str(path)).verify == str(path)


def test_a_folder_without_certificates_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no certificate"):
        HttpSettings.read(verify=str(tmp_path))


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        *((value, True) for value in (None, "", " True ", 1, "yes", "on", True)),
        *((value, False) for value in ("FALSE ", 0, "no", "off", False)),
        ("a.pem", "a.pem"),
    ],
)
def test_verify_is_a_word_or_a_path(value: object, meant: bool | str) -> None:
    assert read_verify(value) == meant


@BOTH
def test_user_and_password_of_a_proxy_are_decoded_and_sent_to_it_alone(
    send: Send, environment: pytest.MonkeyPatch
) -> None:
    expected = b"Basic " + base64.b64encode("us er:p@ß%".encode("latin-1"))
    with server(OK) as (port, received):
        environment.setenv("HTTP_PROXY", f"HTTP://us%20er:p%40%C3%9F%25@127.0.0.1:{port}")
        environment.setenv("HTTPS_PROXY", f"us%20er:p%40%C3%9F%25@127.0.0.1:{port}")
        send("http://service.test/")
        with suppress(ServiceError):
            send("https://service.test/")

    assert all(expected in each for each in received)
    assert [each.split()[:2] for each in received] == [
        [b"POST", b"http://service.test/"],
        [b"CONNECT", b"service.test:443"],
    ]


@BOTH
@pytest.mark.parametrize(
    ("login", "sent"),
    [
        ("user", "user:"),
        ("dom\\user:pw", "dom\\user:pw"),
        ("u:p@ss", "u:p@ss"),
        ("u:%zz'", "u:%zz'"),
        ("u:", "u:"),
    ],
)
def test_user_and_password_are_read_alike_however_they_are_written(
    send: Send, login: str, sent: str, environment: pytest.MonkeyPatch
) -> None:
    with server(OK) as (port, received):
        environment.setenv("ALL_PROXY", f"http://{login}@127.0.0.1:{port}/")
        send("http://service.test/")
        with suppress(ServiceError):
            send("https://service.test/")

    assert all(b"Basic " + base64.b64encode(sent.encode()) in each for each in received)
    assert len(received) == 2


@BOTH
def test_nothing_of_an_address_is_encoded_again(send: Send) -> None:
    """Its signature covers it as it is."""
    with server(OK) as (port, received):
        send(f"http://127.0.0.1:{port}/a%2Fb/?S=%2B%3D~+x&T=12%3A30")

    assert received[0].startswith(b"POST /a%2Fb/?S=%2B%3D~+x&T=12%3A30 HTTP/1.1")


@BOTH
def test_a_redirect_is_not_followed_and_no_cookie_is_kept(send: Send) -> None:
    reply = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with server(reply) as (port, received):
        assert send(f"http://127.0.0.1:{port}/a").status == 302

    assert len(received) == 1


@BOTH
def test_a_header_with_a_line_break_is_never_sent(send: Send) -> None:
    with server(OK) as (port, received), pytest.raises(ConfigurationError):
        request = HttpRequest("POST", f"http://127.0.0.1:{port}/", {"x": "a\r\nb"}, b"")
        if send is on_worker:
            SyncTransport(HttpSettings.read()).send(request)
        else:
            asyncio.run(send_in_loop(request))

    assert b"".join(received) == b""


async def send_in_loop(request: HttpRequest) -> HttpResponse:
    transport = await open_async_transport(HttpSettings.read())
    try:
        return await transport.send(request)
    finally:
        await transport.close()


@contextmanager
def socks_proxy() -> Iterator[tuple[int, list[bytes]]]:
    """Serve SOCKS5 without authentication; yields the port and the requested hosts."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection:
            stream = connection.makefile("rb")
            stream.read(stream.read(2)[1])
            connection.sendall(b"\x05\x00")
            is_name = stream.read(4)[3] == 3
            host = stream.read(stream.read(1)[0] if is_name else 4)
            asked.append(host if is_name else socket.inet_ntoa(host).encode())
            stream.read(2)
            connection.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01")
            connection.recv(65536)
            connection.sendall(OK)

    def run() -> None:
        with suppress(OSError):
            while True:
                answer(listener.accept()[0])

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@BOTH
@pytest.mark.parametrize(
    ("scheme", "host", "resolved"),
    [("socks5h", "service.test", b"service.test"), ("socks5", "localhost", b"127.0.0.1")],
)
def test_a_socks_proxy_is_used(
    send: Send, scheme: str, host: str, resolved: bytes, environment: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("socks")
    pytest.importorskip("aiohttp_socks")
    with socks_proxy() as (port, asked):
        environment.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{port}")
        assert send(f"http://{host}/").body == b"ok"

    assert asked == [resolved]


@BOTH
def test_a_dead_socks_proxy_means_that_nothing_was_sent(send: Send, environment: pytest.MonkeyPatch) -> None:
    pytest.importorskip("socks")
    pytest.importorskip("aiohttp_socks")
    environment.setenv("ALL_PROXY", f"socks5h://user:secret@127.0.0.1:{unused_port()}")

    error = failure(send, "http://service.test/")

    assert type(error) is ConnectionFailed
    assert "secret" not in str(error)


def test_settings_do_not_show_the_password_of_a_proxy(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://user:secret@proxy:3128")
    settings = HttpSettings.read()

    assert settings.proxy_for("https://h/") == "http://user:secret@proxy:3128"
    assert "secret" not in repr(settings) + repr(Account(Credentials("id", "key"), http=settings))


def test_a_session_has_a_default_timeout_and_reads_no_netrc(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    environment.setenv("NETRC", str(tmp_path / "netrc"))
    with server(OK) as (port, received), requests_session(HttpSettings.read()) as session:
        session.get(f"http://127.0.0.1:{port}/")

    assert b"Authorization" not in received[0]


@pytest.mark.parametrize("action", ["videoenhan.EraseVideoSubtitles", "EraseVideoSubtitles"])
def test_an_action_is_called_by_its_name(action: str) -> None:
    reply = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"RequestId": "R"}'
    with server(reply) as (port, received):
        account = Account(Credentials("id", "secret"), endpoint=f"http://127.0.0.1:{port}")
        with Client(account) as client:
            assert client.call(action, VIDEO) == {"RequestId": "R"}
        assert asyncio.run(call_in_loop(account, action)) == {"RequestId": "R"}

    assert all(b"Action=EraseVideoSubtitles" in each for each in received)


def test_an_action_of_an_unknown_service_is_called() -> None:
    action = Action(service=Service("imageenhan", "2019-09-30"), name="MakeBetter", summary="", is_job=True)
    reply = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"RequestId": "R"}'
    with server(reply) as (port, received):
        account = Account(Credentials("id", "secret"), endpoint=f"http://127.0.0.1:{port}")
        with Client(account) as client:
            assert client.call(action, {}) == {"RequestId": "R"}

    assert b"Version=2019-09-30" in received[0]
    assert (
        Account(Credentials("id", "secret")).address(action.service)
        == "https://imageenhan.cn-shanghai.aliyuncs.com"
    )
