"""The provider's own client, with what tests ask again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.huawei.client import Client
from airflow_provider_viapi.huawei.model import Action

_PATIENCE = 60.0


class Caller:
    """Calls actions of the emulator."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(self, action: Action, /, **request: Any) -> dict[str, Any]:
        return self.client.call_once(action, request)

    def refused(self, action: Action, /, **request: Any) -> tuple[int | None, str | None]:
        """Status and code with which a call is refused."""
        with pytest.raises(ServiceError) as raised:
            self.client.call_once(action, request)
        return raised.value.http_status, raised.value.code

    def ended(self, action: Action, **request: Any) -> dict[str, Any]:
        """Response that shows a job, once it neither waits nor is worked on."""
        return until(
            lambda: self(action, **request),
            lambda seen: _state(seen) not in ("WAITING", "PROCESSING", "GENERATING"),
        )

    def in_state(self, state: str, action: Action, **request: Any) -> dict[str, Any]:
        """Response that shows a job, once it is in a state."""
        return until(lambda: self(action, **request), lambda seen: _state(seen) == state)


def until(look: Callable[[], dict[str, Any]], enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE
    while not enough(seen := look()):
        assert time.monotonic() < deadline, f"not reached in time: {seen}"
        time.sleep(0.02)
    return seen


def _state(seen: dict[str, Any]) -> Any:
    inner = seen.get("job_info", seen)
    return inner.get("state") or inner.get("job_state") or inner.get("asset_state")
