"""A server on loopback that gives keys as STS, an ECS instance's metadata service and a credentials URI do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class CredentialServer:
    """Gives ``key-1``, ``key-2`` and so on, unless ``says`` is set.

    :param url: where it listens
    :param lifetime: seconds that its keys are good for
    :param says: a status and a body to answer with instead
    :param metadata_token: false: the metadata service has only its first version, which needs no token
    :param open: cleared, it lets callers wait
    :param asked: what it was asked, the path and its parameters
    """

    url: str
    lifetime: float = 3600
    says: tuple[int, str] | None = None
    metadata_token: bool = True
    open: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    given: int = 0

    def key(self) -> dict[str, Any]:
        self.given += 1
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.lifetime))
        return {
            "AccessKeyId": f"key-{self.given}",
            "AccessKeySecret": f"secret-{self.given}",
            "SecurityToken": f"token-{self.given}",
            "Expiration": ends,
        }

    def answer(self, method: str, path: str, parameters: dict[str, str]) -> tuple[int, str]:
        if method == "PUT":
            return (200, "metadata-token") if self.metadata_token else (404, "")
        if path.endswith("/security-credentials/"):
            return 200, "the-role"
        self.asked.append((path, parameters))
        self.open.wait(10)
        if self.says is not None:
            return self.says
        if parameters.get("Action", "").startswith("AssumeRole"):
            return 200, json.dumps({"RequestId": "R", "Credentials": self.key()})
        return 200, json.dumps({"Code": "Success", **self.key()})


@contextmanager
def credential_server(**fields: Any) -> Iterator[CredentialServer]:
    """A server for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # As a proxy it is asked for a whole address.
            parts = urlsplit(self.path)
            status, body = served.answer(self.command, parts.path, dict(parse_qsl(parts.query)))
            payload = body.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = CredentialServer(f"http://127.0.0.1:{server.server_port}", **fields)
    served.open.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        served.open.set()
        server.shutdown()
        thread.join()
        server.server_close()
