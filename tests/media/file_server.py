"""A server of one file that does what a test tells it to, for faults that a real storage does not give on demand."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """How one request is answered.

    :param cut_after: bytes after which the connection is closed
    :param status: an error instead of the file
    :param code: the storage's word for that error
    :param location: a redirect to there
    :param length: what the header says instead of the file's true length; ``None`` leaves it out
    :param chunked: the file comes in chunks
    :param content: another file than the server's, from here on
    """

    cut_after: int | None = None
    status: int | None = None
    code: str = ""
    location: str | None = None
    length: int | None = -1
    chunked: bool = False
    content: bytes | None = None


@dataclass
class FileServer:
    """Answers with ``content``, after the answers in ``script`` were given.

    :param ranges: parts of the file can be asked for
    :param weak: the file's tag is a weak one, by which nobody can ask for a part of the same file
    :param requests: path and ``Range`` of each request
    """

    url: str
    content: bytes = b""
    ranges: bool = True
    weak: bool = False
    modified: float | None = None
    script: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def asked_ranges(self) -> list[str | None]:
        return [asked for _, asked in self.requests]


@contextmanager
def file_server() -> Iterator[FileServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            served.requests.append((self.path, asked))
            answer = served.script.pop(0) if served.script else Answer()
            if answer.content is not None:
                served.content = answer.content
            if answer.location is not None:
                self.send_response(302)
                self.send_header("Location", answer.location)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif answer.status is not None:
                self._send_error(answer.status, answer.code)
            else:
                self._send_file(answer, asked)

        def _send_error(self, status: int, code: str) -> None:
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _send_file(self, answer: Answer, asked: str | None) -> None:
            whole, tag = served.content, f'"{hash(served.content)}"'
            start = 0
            if served.ranges and asked and self.headers.get("If-Range") == tag:
                start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])  # type: ignore[index]
            body = whole[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
            self.send_header("ETag", f"W/{tag}" if served.weak else tag)
            if served.modified is not None:
                self.send_header("Last-Modified", formatdate(served.modified, usegmt=True))
            if answer.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif answer.length is not None:
                self.send_header("Content-Length", str(len(body) if answer.length == -1 else answer.length))
            else:
                self.close_connection = True
            self.end_headers()
            if answer.chunked:
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            self.wfile.write(body[: answer.cut_after])
            if answer.cut_after is not None:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing: that callers hang up is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    served = FileServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
