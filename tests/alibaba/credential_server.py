"""A server on loopback that gives keys as STS, an ECS instance's metadata service and a credentials URI do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scripted_server import Answer, Request, responding


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

    def respond(self, request: Request) -> Answer:
        # As a proxy it is asked for a whole address.
        path, parameters = request.path, request.query
        if request.method == "PUT":
            return Answer(body="metadata-token") if self.metadata_token else Answer(404)
        if path.endswith("/security-credentials/"):
            return Answer(body="the-role")
        self.asked.append((path, parameters))
        self.open.wait(10)
        if self.says is not None:
            return Answer(*self.says)
        if parameters.get("Action", "").startswith("AssumeRole"):
            return Answer(body={"RequestId": "R", "Credentials": self.key()})
        return Answer(body={"Code": "Success", **self.key()})


@contextmanager
def credential_server(**fields: Any) -> Iterator[CredentialServer]:
    """A server for as long as the context lasts."""

    served = CredentialServer("", **fields)
    served.open.set()
    with responding(served.respond) as served.url:
        try:
            yield served
        finally:
            served.open.set()
