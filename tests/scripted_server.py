"""HTTP servers on loopback that respond as a test scripts them, with faults that no real service has on demand.

``pytest-httpserver`` cannot cut a connection in the middle of a body, send wrong lengths, or send a byte at a time.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    """Response to send.

    :param body: JSON, or text or bytes as they are
    :param headers: besides ``Date`` and ``Content-Length``, or instead of them
    :param hang_up: close the connection without a response, after the request was read
    """

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False

    @property
    def payload(self) -> bytes:
        """The body as it is sent."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


HANG_UP = Answer(hang_up=True)
NOT_THERE = Answer(404, {"error_code": "APIGW.0101", "error_msg": "The API does not exist."})


@dataclass(frozen=True)
class Request:
    """A request as it arrived; two are equal if they differ in headers only."""

    method: str
    target: str
    headers: dict[str, str] = field(compare=False)
    body: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The parameters in the address."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def name(self) -> str:
        """Action of an RPC request; method and path of any other, such as ``GET /v3/projects``."""
        return self.query.get("Action") or f"{self.method} {self.path}"


@dataclass
class ScriptedServer:
    """Returns its answers in order, the last one repeatedly, and keeps the requests.

    :param script: answers to requests that have none of their own
    :param by_name: answers to requests of that name
    :param requests: in the order of their arrival
    :param clock: seconds that its clock is ahead of ours
    """

    url: str
    script: list[Answer]
    by_name: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    clock: float = 0.0

    def on(self, name: str, *answers: Answer) -> None:
        """Set the answers to requests of that name."""
        self.by_name[name] = list(answers)

    def sent(self, name: str) -> list[Request]:
        """The requests of that name."""
        return [request for request in self.requests if request.name == name]

    def count(self, name: str) -> int:
        """Number of requests of that name."""
        return len(self.sent(name))

    def respond(self, request: Request) -> Answer:
        """Keep a request and return the next answer to it."""
        self.requests.append(request)
        script = self.by_name.get(request.name, self.script)
        answer = script.pop(0) if len(script) > 1 else script[0]
        date = formatdate(time.time() + self.clock, usegmt=True)
        return replace(answer, headers={"Date": date, **answer.headers})


@contextmanager
def scripted_server(*script: Answer) -> Iterator[ScriptedServer]:
    """Run a server on loopback for as long as the context lasts; without answers, nothing is there."""
    served = ScriptedServer("", list(script or [NOT_THERE]))
    with responding(served.respond) as served.url:
        yield served


@contextmanager
def responding(respond: Callable[[Request], Answer]) -> Iterator[str]:
    """Run a server that responds as a function says, and return its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = respond(Request(self.command, self.path, headers, body))
            if answer.hang_up:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            payload = answer.payload
            sent = {"Date": self.date_time_string(), "Content-Length": str(len(payload)), **answer.headers}
            self.send_response_only(answer.status)
            for name, value in sent.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)
            # Otherwise the client waits for what a wrong length promises.
            self.close_connection |= "Content-Length" in answer.headers

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        yield url


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run a server on loopback for as long as the context lasts, and return its URL."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Print nothing: that clients close connections is part of the tests."""

    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class FileResponse:
    """Response to one request for a file.

    :param cut_after: bytes after which the connection is closed
    :param status: an error instead of the file
    :param code: the storage's code of that error
    :param location: a redirect to there
    :param length: ``Content-Length`` instead of the true one; ``None`` for none
    :param chunked: the file is sent in chunks
    :param content: another file than the server's, from here on
    :param modified: another time of modification than the server's, from here on
    :param encoding: ``Content-Encoding``; with ``gzip`` the body is compressed
    :param seconds_per_byte: the body is sent byte by byte, with this pause after each
    :param untagged: no ``ETag`` is sent
    :param tag: another ``ETag`` than that of the file
    :param part: ``Content-Range`` instead of the true one
    :param body: sent instead of the file or its part
    :param at_cut: called when ``cut_after`` bytes are sent; the connection is closed when it returns
    """

    cut_after: int | None = None
    status: int | None = None
    code: str = ""
    location: str | None = None
    length: int | None = -1
    chunked: bool = False
    content: bytes | None = None
    modified: float | None = None
    encoding: str | None = None
    seconds_per_byte: float | None = None
    untagged: bool = False
    tag: str | None = None
    part: str | None = None
    body: bytes | None = None
    at_cut: Callable[[], None] | None = None


@dataclass
class FileServer:
    """Server of one file: responds with ``script`` in order, then with ``content``.

    :param ranges: parts of the file can be requested
    :param checks_if_range: a part is sent only if ``If-Range`` names the file's tag
    :param weak: the file's tag is a weak one, by which no part of the same file can be requested
    :param tagged: the file has a tag at all
    :param requests: path and ``Range`` of each request
    """

    url: str
    content: bytes = b""
    ranges: bool = True
    checks_if_range: bool = True
    weak: bool = False
    tagged: bool = True
    modified: float | None = None
    script: list[FileResponse] = field(default_factory=list)
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def requested_ranges(self) -> list[str | None]:
        return [requested for _, requested in self.requests]

    def reset(self, content: bytes) -> None:
        """Serve a file without faults."""
        self.__init__(self.url, content)  # type: ignore[misc]


@contextmanager
def file_server() -> Iterator[FileServer]:
    """Serve one file on loopback for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            requested = self.headers.get("Range")
            served.requests.append((self.path, requested))
            response = served.script.pop(0) if served.script else FileResponse()
            if response.content is not None:
                served.content = response.content
            if response.modified is not None:
                served.modified = response.modified
            if response.location is not None:
                self.send_response(302)
                self.send_header("Location", response.location)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif response.status is not None:
                self._send_error(response.status, response.code)
            else:
                self._send_file(response, requested)

        def _send_error(self, status: int, code: str) -> None:
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _send_file(self, response: FileResponse, requested: str | None) -> None:
            whole, tag = served.content, f'"{hash(served.content)}"'
            start = 0
            same = self.headers.get("If-Range") == tag or not served.checks_if_range
            if served.ranges and requested and same:
                start = int(re.fullmatch(r"bytes=(\d+)-", requested)[1])  # type: ignore[index]
            body = whole[start:] if response.body is None else response.body
            if response.encoding == "gzip":
                body = gzip.compress(body)
            self.send_response(206 if start else 200)
            if start:
                part = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
                self.send_header("Content-Range", part if response.part is None else response.part)
            if response.encoding:
                self.send_header("Content-Encoding", response.encoding)
            if response.tag is not None:
                self.send_header("ETag", response.tag)
            elif served.tagged and not response.untagged:
                self.send_header("ETag", f"W/{tag}" if served.weak else tag)
            if served.modified is not None:
                self.send_header("Last-Modified", formatdate(served.modified, usegmt=True))
            if response.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif response.length is not None:
                self.send_header(
                    "Content-Length", str(len(body) if response.length == -1 else response.length)
                )
            else:
                self.close_connection = True
            self.end_headers()
            if response.chunked:
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            if response.seconds_per_byte is not None:
                self._drip(body, response.seconds_per_byte)
                return
            self.wfile.write(body[: response.cut_after])
            if response.cut_after is not None:
                self.wfile.flush()
                if response.at_cut is not None:
                    response.at_cut()
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

        def _drip(self, body: bytes, pause: float) -> None:
            with suppress(OSError):
                for position in range(len(body)):
                    self.wfile.write(body[position : position + 1])
                    time.sleep(pause)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        served = FileServer(url)
        yield served
