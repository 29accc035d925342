"""A caller that signs as Alibaba's clients do, and lets a test send anything else instead."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

import httpx

from airflow_provider_viapi.alibaba.services import actions
from airflow_provider_viapi.alibaba.signing import canonical_query, sign

VERSIONS = {action.name: action.service.version for action in reversed(actions().values())}


def timestamp(now: float) -> str:
    return datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def system_parameters(action: str, now: float, **changed: str | None) -> dict[str, str]:
    given = {
        "Action": action,
        "Version": VERSIONS.get(action, "2020-03-20"),
        "Format": "JSON",
        "AccessKeyId": "viapi-emulator",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": timestamp(now),
        **changed,
    }
    return {name: value for name, value in given.items() if value is not None}


class Caller:
    """Calls the emulator at an address with a key."""

    def __init__(
        self,
        url: str,
        access_key_id: str = "viapi-emulator",
        secret: str = "viapi-emulator-secret",
        now: Callable[[], float] = time.time,
    ) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self.access_key_id, self.secret, self.now = access_key_id, secret, now

    def send(
        self,
        action: str,
        *,
        method: str = "POST",
        system: dict[str, str | None] | None = None,
        **parameters: Any,
    ) -> httpx.Response:
        own = {name.replace("__", "."): str(value) for name, value in parameters.items()}
        changed = {"AccessKeyId": self.access_key_id, **(system or {})}
        query = system_parameters(action, self.now(), **changed)
        query["Signature"] = sign(method, canonical_query(query | own), self.secret)
        if method == "GET":
            return self.http.get("/?" + urlencode(query | own))
        return self.http.post("/?" + urlencode(query), data=own)

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        answer = self.send(action, **parameters)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refused(self, action: str, **parameters: Any) -> tuple[int, str]:
        answer = self.send(action, **parameters)
        return answer.status_code, answer.json().get("Code", "")

    def result(self, job_id: str, until: tuple[str, ...] = (), patience: float = 20) -> dict[str, Any]:
        """The job's last state, or the first of those given."""
        deadline = time.monotonic() + patience
        while True:
            data = dict(self.call("GetAsyncJobResult", JobId=job_id)["Data"])
            ended = data["Status"] not in ("QUEUING", "PROCESSING")
            if data["Status"] in until or (ended and not until):
                return data
            assert not ended, data
            assert time.monotonic() < deadline, data
            time.sleep(0.02)
