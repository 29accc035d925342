"""A server that answers as a test tells it to, for faults that neither service nor emulator gives on demand."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Answer:
    """What to send back.

    :param hang_up: close the connection without a word, after the request was read
    """

    status: int = 200
    body: str = ""
    hang_up: bool = False


@dataclass
class ScriptedServer:
    """Gives its answers in order, the last one again and again, and keeps what it was asked.

    :param by_action: answers of their own for some actions
    :param requests: path and body of each request, in the order of their arrival
    :param clock: seconds that its clock is ahead of ours
    """

    url: str
    script: list[Answer]
    by_action: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    clock: float = 0.0

    def sent(self, action: str) -> list[tuple[str, str]]:
        """The requests for one action."""
        return [request for request in self.requests if _action(request[0]) == action]

    def count(self, action: str) -> int:
        """How many requests came for one action."""
        return len(self.sent(action))

    def take(self, path: str) -> Answer:
        """The next answer to a request."""
        script = self.by_action.get(_action(path), self.script)
        return script.pop(0) if len(script) > 1 else script[0]


def _action(path: str) -> str:
    return parse_qs(urlsplit(path).query)["Action"][0]


@contextmanager
def scripted_server(*script: Answer) -> Iterator[ScriptedServer]:
    """A server on loopback for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            served.requests.append((self.path, body))
            answer = served.take(self.path)
            if answer.hang_up:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            payload = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + served.clock)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = ScriptedServer(f"http://127.0.0.1:{server.server_port}", list(script))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
