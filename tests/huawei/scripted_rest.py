"""A server with paths that returns the responses a test has scripted."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """Response to send.

    :param body: JSON, or text as it is
    :param hang_up: close the connection without a word, after the request was read
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False


HANG_UP = Answer(hang_up=True)
NOT_THERE = Answer(404, {"error_code": "APIGW.0101", "error_msg": "The API does not exist."})


@dataclass(frozen=True)
class Request:
    """Request that was received."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class ScriptedRest:
    """Gives the answers of a path in order, the last one again and again, and keeps what it was asked."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def on(self, what: str, *answers: Answer) -> None:
        """Answers to requests such as ``GET /v3/projects``."""
        self.answers[what] = list(answers)

    def sent(self, what: str) -> list[Request]:
        """The requests that came for it."""
        return [each for each in self.requests if f"{each.method} {each.path}" == what]

    def take(self, request: Request) -> Answer:
        """The next answer."""
        script = self.answers.get(f"{request.method} {request.path}", [NOT_THERE])
        return script.pop(0) if len(script) > 1 else script[0]


@contextmanager
def scripted_rest() -> Iterator[ScriptedRest]:
    """A server on loopback for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, body)
            served.requests.append(request)
            answer = served.take(request)
            if answer.hang_up:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            payload = text.encode()
            self.send_response_only(answer.status)
            self.send_header("Date", answer.headers.get("Date") or self.date_time_string())
            for name, value in answer.headers.items():
                if name != "Date":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = ScriptedRest(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
