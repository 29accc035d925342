"""HTTP: what a broken connection and an odd response say about a request, behind proxies and inside TLS."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

import test_http
from airflow_provider_viapi.errors import ConnectionFailed, ResponseLost, proves_not_accepted
from airflow_provider_viapi.http import HttpRequest, HttpSettings, SyncTransport
from airflow_provider_viapi.media.media_headers import RangeReader
from airflow_provider_viapi.media.ssrf_guard import public_session
from test_http import BOTH, Send, failure, on_worker

certificate, environment, tls = test_http.certificate, test_http.environment, test_http.tls

Serve = Callable[[socket.socket], None]


@contextmanager
def connections(serve: Serve) -> Iterator[int]:
    """Serve each connection to a free port with a function; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_quietly(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            serve(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve_quietly, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received and (part := connection.recv(65536)):
        received += part
    return received


def hang_up(connection: socket.socket) -> None:
    read_request(connection)


def reset(connection: socket.socket) -> None:
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def tunnel_to(port: int) -> Serve:
    """Return a proxy that makes one tunnel, and ends it with the server's connection."""

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        with socket.create_connection(("127.0.0.1", port)) as other:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=copy, args=(connection, other), daemon=True).start()
            copy(other, connection)

    return serve


def copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)


@BOTH
@pytest.mark.parametrize("end", [hang_up, reset])
def test_a_proxy_that_breaks_off_after_the_request_leaves_the_outcome_unknown(
    send: Send, end: Serve, environment: pytest.MonkeyPatch
) -> None:
    with connections(end) as port:
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        error = failure(send, "http://service.test/")

    assert type(error) is ResponseLost
    assert not proves_not_accepted(error)


@BOTH
def test_a_service_that_breaks_off_behind_a_tunnel_leaves_the_outcome_unknown(
    send: Send, tls: ssl.SSLContext, certificate: Path, environment: pytest.MonkeyPatch
) -> None:
    def serve(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as encrypted:
            read_request(encrypted)

    with connections(serve) as service, connections(tunnel_to(service)) as proxy:
        environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        environment.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        error = failure(send, f"https://127.0.0.1:{service}/")

    assert type(error) is ResponseLost


@BOTH
@pytest.mark.parametrize("end", [hang_up, reset])
def test_a_proxy_that_breaks_off_before_the_tunnel_means_that_nothing_was_sent(
    send: Send, end: Serve, environment: pytest.MonkeyPatch
) -> None:
    with connections(end) as port:
        environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        error = failure(send, "https://service.test/")

    assert type(error) is ConnectionFailed
    assert proves_not_accepted(error)


@BOTH
@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"])
def test_plain_text_inside_tls_after_the_request_leaves_the_outcome_unknown(
    send: Send, begun: bytes, tls: ssl.SSLContext, certificate: Path
) -> None:
    """The error is that of a TLS handshake with a server that speaks no TLS."""

    def serve(connection: socket.socket) -> None:
        with connection.dup() as raw, tls.wrap_socket(connection, server_side=True) as encrypted:
            read_request(encrypted)
            encrypted.sendall(begun)
            raw.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    with connections(serve) as port:
        error = failure(send, f"https://127.0.0.1:{port}/", HttpSettings(verify=str(certificate)))

    assert type(error) is ResponseLost


@pytest.mark.parametrize("status", [102, 103, 110])
def test_an_interim_response_does_not_shift_the_responses_of_a_connection(status: int) -> None:
    def serve(connection: socket.socket) -> None:
        while request := read_request(connection):
            connection.sendall(f"HTTP/1.1 {status} Wait\r\nX-Hint: 1\r\n\r\n".encode())
            # The client goes on before the response is there.
            follows.wait(0.5)
            name = request.split()[1]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))

    follows = threading.Event()
    with connections(serve) as port:
        transport = SyncTransport(HttpSettings(timeout=2))
        for name in ("/first", "/second", "/third"):
            with suppress(ResponseLost):
                request = HttpRequest("POST", f"http://127.0.0.1:{port}{name}", {}, b"", action="A")
                assert transport.send(request).body == name.encode()
        follows.set()
        transport.close()


@BOTH
@pytest.mark.parametrize(
    "target",
    [b"https://other.test/", b"http://[bad", b"http:///", b"http://\xff\xfe/", b"http://%s/" % (b"a" * 70)],
)
@pytest.mark.parametrize("status", [301, 303])
def test_a_redirect_that_is_not_followed_keeps_its_content(send: Send, target: bytes, status: int) -> None:
    body = b'{"RequestId": "R"}'

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        head = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: %d\r\n\r\n" % (
            status,
            target,
            len(body),
        )
        connection.sendall(head + body)

    with connections(serve) as port:
        response = send(f"http://127.0.0.1:{port}/")

    assert (response.status, response.body) == (status, body)


def bare_deflate(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


@BOTH
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("deflate", bare_deflate(b"content " * 100)),
        ("gzip", gzip.compress(b"content " * 60) + gzip.compress(b"content " * 40)),
    ],
    ids=["bare deflate", "gzip in two parts"],
)
def test_what_servers_call_compressed_is_decompressed(send: Send, encoding: str, body: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    with connections(serve) as port:
        assert send(f"http://127.0.0.1:{port}/").body == b"content " * 100


def test_a_compressed_response_that_ends_early_is_lost() -> None:
    body = gzip.compress(b"content " * 100)[:-3]

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    with connections(serve) as port:
        assert type(failure(on_worker, f"http://127.0.0.1:{port}/")) is ResponseLost


def drip(connection: socket.socket, content: bytes) -> None:
    """Send a response byte by byte, each before the caller's timeout of 0.3 s."""
    read_request(connection)
    for byte in content:
        connection.sendall(bytes([byte]))
        time.sleep(0.03)


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Filler: %s\r\nContent-Length: 2\r\n\r\n{}"


@BOTH
@pytest.mark.parametrize("over_tls", [False, True])
def test_headers_that_arrive_byte_by_byte_hold_no_caller(
    send: Send, over_tls: bool, certificate: Path, tls: ssl.SSLContext
) -> None:
    def serve(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) if over_tls else connection as served:
            drip(served, WHOLE % (b"x" * 200))

    settings = HttpSettings(timeout=0.3, verify=str(certificate))
    with connections(serve) as port:
        error = failure(send, f"{'https' if over_tls else 'http'}://127.0.0.1:{port}/", settings)

    assert type(error) is ResponseLost


@BOTH
def test_an_answer_of_a_proxy_that_arrives_byte_by_byte_holds_no_caller(
    send: Send, environment: pytest.MonkeyPatch
) -> None:
    with connections(lambda connection: drip(connection, WHOLE % (b"x" * 200))) as port:
        environment.setenv("https_proxy", f"http://127.0.0.1:{port}")
        error = failure(send, "https://service.test/", HttpSettings.read(timeout=0.3))

    assert isinstance(error, ConnectionFailed)


def test_headers_of_a_file_that_arrive_byte_by_byte_hold_no_caller() -> None:
    with (
        connections(lambda connection: drip(connection, WHOLE % (b"x" * 200))) as port,
        public_session(HttpSettings(timeout=0.3), ["127.0.0.1"]) as session,
        pytest.raises(requests.RequestException, match=r"timed out|too slowly|aborted"),
    ):
        session.get(f"http://127.0.0.1:{port}/film.mp4")


def begin_and_drip(connection: socket.socket, head: bytes) -> None:
    """Send the head of a response at once, and its body byte by byte without an end."""
    connection.sendall(head)
    while True:
        connection.sendall(b"x")
        time.sleep(0.03)


def test_the_body_of_a_redirect_that_arrives_byte_by_byte_holds_no_caller() -> None:
    def serve(connection: socket.socket) -> None:
        if b"/film.mp4" not in read_request(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfilm")
            return
        begin_and_drip(
            connection, b"HTTP/1.1 302 Found\r\nLocation: /moved\r\nContent-Length: 1000000\r\n\r\n"
        )

    with (
        connections(serve) as port,
        public_session(HttpSettings(timeout=0.3), ["127.0.0.1"]) as session,
    ):
        assert session.get(f"http://127.0.0.1:{port}/film.mp4").content == b"film"


@pytest.mark.parametrize("status", [200, 206])
def test_measuring_a_file_that_arrives_byte_by_byte_ends(status: int) -> None:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        head = b"HTTP/1.1 %d OK\r\nContent-Range: bytes 0-65535/1000000\r\nContent-Length: 65536\r\n\r\n"
        begin_and_drip(connection, head % status)

    with (
        connections(serve) as port,
        public_session(HttpSettings(timeout=0.3), ["127.0.0.1"]) as session,
        pytest.raises(TimeoutError, match="too slowly"),
    ):
        RangeReader(session, f"http://127.0.0.1:{port}/film.mp4", max_seconds=0.3).read(16)
