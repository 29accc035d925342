"""One task over many attempts, each of which may be killed at any step: its request never becomes two jobs."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st

from airflow_provider_viapi.errors import (
    ConnectionFailed,
    CredentialsRejected,
    InvalidRequest,
    ResponseLost,
    ServiceError,
    Throttled,
)
from airflow_provider_viapi.jobs.attempt_context import Attempt, Intent, OtherTasks
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.jobs.model import Job, RequestNonce
from airflow_provider_viapi.jobs.reconciliation import JobList
from airflow_provider_viapi.state.stores import MemoryStore
from jobs.scripted_backend import ScriptedBackend, ScriptedClaims, submission
from skipping_clock import SkippingClock

ATTEMPTS = 8

SIGNATURE_VALID_FOR = timedelta(minutes=15)


class WorkerLost(BaseException):
    """The worker process is gone."""


class Backend(ScriptedBackend):
    """A service behind a weak connection, with a proxy that may deliver requests late."""

    def __init__(self, clock: SkippingClock, chance: random.Random, fail: Callable[[], None]) -> None:
        super().__init__(clock)
        self.chance, self.fail = chance, fail
        self.seen: set[str] = set()
        self.held: list[tuple[datetime, RequestNonce]] = []

    def submit(self, request: Mapping[str, Any], nonce: RequestNonce) -> Job:
        self.fail()
        self.clock.sleep(self.chance.choice([0.1, 1, 8, 25]))
        self.deliver()
        fate = self.chance.random()
        if fate < 0.1:
            raise ConnectionFailed("refused")
        if fate < 0.15:
            self.held.append((self.clock.now() + timedelta(seconds=self.chance.uniform(0, 55)), nonce))
        if fate < 0.2:
            raise ResponseLost("no response")
        if fate < 0.3:
            raise Throttled("slow down", code="Throttling.User")
        job_id = self.accept(nonce, self.clock.now())
        self.fail()
        if self.chance.random() < 0.4:
            raise ResponseLost("no response")
        return self.job(job_id)

    def accept(self, nonce: RequestNonce, at: datetime) -> str:
        if abs(at - nonce.at) > SIGNATURE_VALID_FOR:
            raise CredentialsRejected("too old", code="InvalidTimeStamp.Expired", http_status=400)
        if self.replayable_for and nonce.nonce in self.seen:
            raise InvalidRequest("seen", code="SignatureNonceUsed", http_status=400)
        self.seen.add(nonce.nonce)
        job_id = f"J-{len(self.listed)}"
        self.listed[job_id] = at
        return job_id

    def deliver(self) -> None:
        for at, nonce in [each for each in self.held if each[0] <= self.clock.now()]:
            self.held.remove((at, nonce))
            with suppress(ServiceError):
                self.accept(nonce, at)

    def list_recent(self, sent_at: datetime) -> JobList:
        self.fail()
        self.deliver()
        if self.chance.random() < 0.1:
            raise Throttled("slow down")
        return super().list_recent(sent_at)


class FailingStore(MemoryStore):
    """A store in whose writes the worker may die, before or after them."""

    fail: Callable[[], None]

    def set(self, key: str, value: Any) -> None:
        self.fail()
        super().set(key, value)
        self.fail()

    def delete(self, key: str) -> None:
        self.fail()
        super().delete(key)
        self.fail()


class FailingClaims(ScriptedClaims):
    """Claims in whose publication the worker may die."""

    fail: Callable[[], None]

    def open(self, intent: Intent) -> None:
        self.fail()

    def publish_job(self, intent: Intent, job_id: str) -> None:
        self.fail()

    def others(self, intent: Intent, *, until: datetime | None = None) -> OtherTasks:
        self.fail()
        return super().others(intent, until=until)


@given(seed=st.integers(0, 2**32), can_replay=st.booleans())
@settings(max_examples=400, deadline=None)
def test_whatever_fails_in_whichever_attempt_one_job_is_paid_for(seed: int, can_replay: bool) -> None:
    chance, clock, killed = random.Random(seed), SkippingClock(), 0.0

    def fail() -> None:
        if chance.random() < killed:
            raise WorkerLost

    backend, store, claims = Backend(clock, chance, fail), FailingStore(), FailingClaims()
    backend.replayable_for = timedelta(minutes=15) if can_replay else timedelta()
    store.fail = claims.fail = fail
    for number in range(1, ATTEMPTS + 1):
        killed = chance.choice([0, 0.02, 0.1, 0.25])
        run = submission(backend, ledger=Ledger(store), claims=claims, attempt=Attempt(number, ATTEMPTS + 1))
        with suppress(WorkerLost, ServiceError):
            run.resume_or_submit()
        clock.sleep(chance.choice([1, 60, 300, 500, 900]))

    assert len(backend.listed) <= 1
