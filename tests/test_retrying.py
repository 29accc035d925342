"""Retry policies: which errors are retried, how often, and that worker and event loop act the same."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_viapi.errors import (
    UNREADABLE_CONNECTION,
    ConfigurationError,
    ConnectionFailed,
    InvalidRequest,
    ResponseLost,
    Throttled,
    TransientError,
)
from airflow_provider_viapi.retrying import (
    CONNECTION,
    READ,
    STORAGE,
    WRITE,
    RetryPolicy,
    aretry_call,
    jittered,
    retry_call,
)

LOST = ResponseLost("no response")
BUSY = TransientError("later", code="ServiceUnavailable", http_status=503)
THROTTLED = Throttled("too fast", code="Throttling", http_status=400)
UNREACHABLE = ConnectionFailed("no connection")
WRONG = InvalidRequest("BX is 2")


class Failing:
    """A call that raises its errors in order and then returns ``done``."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def run_on_worker(call: Failing, policy: RetryPolicy, waits: list[float], **options: Any) -> str:
    return retry_call(call, policy=policy, sleep=waits.append, **options)


def run_in_loop(call: Failing, policy: RetryPolicy, waits: list[float], **options: Any) -> str:
    async def acall() -> str:
        return call()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    return asyncio.run(aretry_call(acall, policy=policy, sleep=sleep, **options))


BOTH = pytest.mark.parametrize("run", [run_on_worker, run_in_loop])
Run = Callable[..., str]


@BOTH
@pytest.mark.parametrize(
    ("policy", "error"),
    [
        (READ, LOST),
        (READ, BUSY),
        (READ, THROTTLED),
        (READ, UNREACHABLE),
        (WRITE, THROTTLED),
        (WRITE, UNREACHABLE),
        (STORAGE, OSError("disk")),
        (STORAGE, BUSY),
    ],
)
def test_a_policy_retries_its_errors(run: Run, policy: RetryPolicy, error: Exception) -> None:
    call, waits = Failing(error, error), []

    assert run(call, policy, waits) == "done"
    assert call.calls == 3
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 1.5


@BOTH
@pytest.mark.parametrize(
    ("policy", "error"),
    [
        (READ, WRONG),
        (WRITE, WRONG),
        (STORAGE, WRONG),
        (CONNECTION, WRONG),
        (WRITE, LOST),
        (WRITE, BUSY),
        (READ, OSError("disk")),
        (STORAGE, PermissionError("no access")),
        (STORAGE, FileNotFoundError("no bucket")),
        (READ.only_if(lambda error: error is not BUSY), BUSY),
        (READ.only_if(lambda error: True), WRONG),
    ],
)
def test_a_policy_raises_other_errors_at_once(run: Run, policy: RetryPolicy, error: Exception) -> None:
    call = Failing(error)

    with pytest.raises(type(error)):
        run(call, policy, [])
    assert call.calls == 1


def test_an_unreadable_connection_is_read_again() -> None:
    call = Failing(ConfigurationError("no connection", code=UNREADABLE_CONNECTION))

    assert run_on_worker(call, CONNECTION, []) == "done"


def test_a_jittered_wait_is_at_least_half_as_long() -> None:
    waits = [jittered(8.0) for _ in range(100)]

    assert 4.0 <= min(waits) < max(waits) <= 8.0


@BOTH
def test_retries_end_with_the_last_error_and_are_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    call, waits = Failing(*[OSError(f"disk {number}") for number in range(9)]), []

    with caplog.at_level(logging.WARNING), pytest.raises(OSError, match="disk 4"):
        run(call, STORAGE, waits, log=logging.getLogger("test"))

    assert (call.calls, len(waits)) == (5, 4)
    assert "Attempt 1 failed, retrying in" in caplog.text
    assert "Giving up after 5 attempts: disk 4" in caplog.text


@BOTH
def test_a_failure_after_the_last_second_is_not_retried(run: Run) -> None:
    call = Failing(*[BUSY] * 9)

    with pytest.raises(TransientError):
        run(call, READ, [], max_seconds=0)
    assert call.calls == 1


def test_a_stop_request_while_waiting_ends_the_retries() -> None:
    class StopRequested(BaseException):
        pass

    def interrupted(seconds: float) -> None:
        raise StopRequested

    call = Failing(THROTTLED, THROTTLED)
    with pytest.raises(StopRequested):
        retry_call(call, policy=WRITE, sleep=interrupted)
    assert call.calls == 1
