"""Each item is paid for once, wherever a worker dies and whatever gets lost on the way."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.credentials import Credentials
from airflow_provider_viapi.errors import (
    InvalidRequest,
    PermissionDenied,
    ResponseLost,
    ServiceError,
    SubmissionInDoubt,
    Throttled,
)
from airflow_provider_viapi.jobs import batch as jobs_batch
from airflow_provider_viapi.jobs import reconciliation
from airflow_provider_viapi.jobs.backend import RequestNonce
from airflow_provider_viapi.jobs.batch import Batch
from airflow_provider_viapi.jobs.batch_ledger import BatchLedger, Item
from airflow_provider_viapi.jobs.batch_terms import BatchBackend, BatchConfig
from airflow_provider_viapi.jobs.completions import Completions, QuietLog
from airflow_provider_viapi.jobs.ledger import Ledger, request_digest
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.rate_limiter import RateLimiter
from airflow_provider_viapi.jobs.submission import Submission
from operators.run_batch import Store, WorkerLost

ACTION = videoenhan.ERASE_VIDEO_SUBTITLES


class Log:
    def info(self, message: str, /, *values: object) -> None:
        pass

    warning = info


class Service:
    """A service that remembers nonces and jobs; each submission may fare as ``fates`` says, and well after that."""

    def __init__(self, fates: list[str], lists_refused: list[bool] | None = None) -> None:
        self.fates = list(fates)
        self.lists_refused = list(lists_refused or ())
        self.jobs: dict[str, dict[str, Any]] = {}
        self.nonces: set[str] = set()
        self.keys = 1
        self.account = SimpleNamespace(credentials=SimpleNamespace(current=self.key))

    clock_skew = timedelta(0)

    def key(self, rejected: Credentials | None = None) -> Credentials:
        return Credentials(f"key-{self.keys}", "secret")

    def replay(
        self, action: Action, request: Mapping[str, Any], stamp: RequestNonce, credentials: Credentials
    ) -> dict[str, Any]:
        fate = self.fates.pop(0) if self.fates else "well"
        if fate == "lost on the way, and the key renewed":
            self.keys += 1
            raise ResponseLost("no answer")
        if fate == "lost on the way":
            raise ResponseLost("no answer")
        if stamp.nonce in self.nonces:
            raise ServiceError("seen", code="SignatureNonceUsed")
        if fate == "throttled":
            raise Throttled("too many", code="Throttling.User")
        self.nonces.add(stamp.nonce)
        job_id = f"J-{len(self.jobs)}"
        self.jobs[job_id] = dict(request)
        if fate == "answer lost":
            raise ResponseLost("no answer")
        if fate == "worker lost":
            raise WorkerLost
        return {"RequestId": job_id}

    def call_once(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        if self.lists_refused and self.lists_refused.pop(0):
            raise PermissionDenied("no", code="Forbidden.NotAuthorized")
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        listed = [{"JobId": job_id, "PopApiName": ACTION.name, "GmtCreate": now} for job_id in self.jobs]
        return {"Data": {"Result": listed}}

    def report(self, job: Job) -> JobReport:
        if job.id not in self.jobs:
            raise InvalidRequest("unknown", code="InvalidParameter")
        return JobReport(
            job.id, "PROCESS_SUCCESS", Outcome.SUCCEEDED, {"VideoUrl": self.jobs[job.id]["VideoUrl"]}
        )


def items(names: list[str]) -> list[Item]:
    made: list[Item] = []
    for index, name in enumerate(names):
        request = {"VideoUrl": f"http://h/{name}.mp4"}
        digest = request_digest(ACTION.full_name, request)
        made.append(Item(index, request, digest, sum(item.digest == digest for item in made)))
    return made


def batch(service: Service, store: Store, wanted: list[Item], try_number: int) -> Batch:
    ledger = BatchLedger(store, try_number=try_number, max_tries=100)
    now = datetime.now(timezone.utc)
    log = QuietLog(Log())

    def submitting(item: Item, of_item: Ledger) -> Submission:
        def claimed() -> set[str]:
            if ledger.has_other_doubts(item):
                raise SubmissionInDoubt("another is in doubt as well", code="SubmissionInDoubt")
            return ledger.job_ids()

        return Submission(
            action=ACTION,
            staged=lambda: item.request,
            digest=item.digest,
            client=service,  # type: ignore[arg-type]
            ledger=of_item,
            claimed=claimed,
            on_doubt="fail",
            until=now,
            try_number=try_number,
            log=log,
        )

    means = BatchBackend(
        submitting=submitting,
        look=service.report,
        cancel=lambda jobs: set(),
        collect=lambda item, report: report.result or {},
        release_inputs=lambda item: None,
        is_permanent=lambda error: False,
        goes_on=lambda: True,
        quota=RateLimiter(1e6),
        log=log,
    )
    day = timedelta(days=1)
    return Batch(wanted, ledger, BatchConfig(ACTION.full_name, 3, 100, day, now, now + day), means)


def play(service: Service, store: Store, wanted: list[Item], try_number: int) -> list[dict[str, Any]]:
    """One try, through as many lives of the batch as it takes, the jobs ending in between in any order."""
    running = batch(service, store, wanted, try_number)
    running.take_up()
    for _ in range(100):
        running.submit()
        if running.is_over:
            running.ledger.delivered() if len(running.ledger.rows(wanted)) == len(wanted) else None
            return running.ledger.rows(wanted)
        some = running.jobs[: random.randint(1, 3)]
        running = batch(service, store, wanted, try_number)
        running.take_in(Completions([service.report(job) for job in some]))
    raise AssertionError("the batch does not come to an end")


FATES = st.lists(
    st.sampled_from(["well", "well", "throttled", "answer lost", "lost on the way", "worker lost"]),
    max_size=12,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_batch, "PAUSE", 0)
    monkeypatch.setattr(reconciliation, "SECONDS_BETWEEN_LOOKS", 0)
    monkeypatch.setattr(RateLimiter, "refused", lambda self: None)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    names=st.lists(st.sampled_from("abcde"), min_size=1, max_size=7),
    fates=FATES,
    lost_at_writes=st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=3),
    order=st.randoms(use_true_random=False),
)
def test_whatever_gets_lost_each_item_has_one_job_and_its_own_result(
    names: list[str], fates: list[str], lost_at_writes: list[tuple[int, bool]], order: random.Random
) -> None:
    service, store = Service(fates), Store()
    wanted = items(names)
    rows: list[dict[str, Any]] = []
    for try_number in range(1, 40):
        store.writes.clear()
        store.lost_at_write, store.lost_after = lost_at_writes.pop() if lost_at_writes else (None, False)
        order.shuffle(names)
        wanted = items(names)
        with suppress(WorkerLost):
            rows = play(service, store, wanted, try_number)
            if len(rows) == len(wanted) and all(row["error"] is None for row in rows):
                break

    assert sorted(job["VideoUrl"] for job in service.jobs.values()) == sorted(
        item.request["VideoUrl"] for item in wanted
    )
    assert [row["result"]["VideoUrl"] for row in rows] == [item.request["VideoUrl"] for item in wanted]
    assert len({row["job_id"] for row in rows}) == len(wanted)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    names=st.lists(st.sampled_from("abcde"), min_size=2, max_size=6, unique=True),
    fates=st.lists(
        st.sampled_from(["well", "answer lost", "lost on the way", "lost on the way, and the key renewed"]),
        max_size=12,
    ),
    lists_refused=st.lists(st.booleans(), max_size=8),
)
def test_what_cannot_be_known_is_in_doubt_and_never_another_s_job(
    names: list[str], fates: list[str], lists_refused: list[bool]
) -> None:
    service, store, wanted = Service(fates, lists_refused), Store(), items(names)
    for try_number in range(1, 8):
        rows = play(service, store, wanted, try_number)

    for row in rows:
        item = wanted[row["index"]]
        if row["error"] is None:
            assert row["result"]["VideoUrl"] == item.request["VideoUrl"]
        else:
            assert row["error"]["class"] == "SubmissionInDoubt"
    submitted = [job["VideoUrl"] for job in service.jobs.values()]
    assert len(submitted) == len(set(submitted))
