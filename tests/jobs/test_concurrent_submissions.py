"""Three tasks of one account whose submissions end in every way: each is paid for once and returns its own film.

No task adopts another task's job; a task that cannot know which job is its own is in doubt.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from airflow_provider_viapi.alibaba.job_reports import LIST_TIME_ZONES
from airflow_provider_viapi.errors import InvalidRequest, ResponseLost, SubmissionInDoubt, Throttled
from airflow_provider_viapi.jobs.attempt_context import Attempt, Intent
from airflow_provider_viapi.jobs.backend import Identity
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.jobs.model import Job, RequestNonce
from airflow_provider_viapi.jobs.reconciliation import JobList, ListedJob
from airflow_provider_viapi.state.stores import MemoryStore
from jobs.scripted_backend import ACTION, ScriptedBackend, submission
from operators.test_task_claims import Airflow
from skipping_clock import SkippingClock

TASKS = ("a", "b", "c")
FATES = (
    *("accepted", "throttled", "response lost", "request lost", "seen but not accepted"),
    *("worker lost before sending", "worker lost after acceptance"),
)


class WorkerLost(BaseException):
    """The worker process is gone."""


class Account:
    """The jobs of an account, and the nonces that its gateway has seen.

    :param refuses_nonces: the gateway refuses a request whose nonce it has seen, so that requests can be replayed
    """

    def __init__(self, clock: SkippingClock, refuses_nonces: bool) -> None:
        self.clock, self.refuses_nonces = clock, refuses_nonces
        self.key = "key-1"
        self.jobs: dict[str, ListedJob] = {}
        self.seen: set[str] = set()
        self.numbers = itertools.count(1)

    def films(self, film: str) -> list[str]:
        return [job_id for job_id in self.jobs if job_id.startswith(f"J-{film}-")]


class Backend(ScriptedBackend):
    """Submits one film; the first request meets a fate, later ones are accepted."""

    def __init__(self, account: Account, film: str, fate: str) -> None:
        super().__init__(account.clock)
        if not account.refuses_nonces:
            self.replayable_for = timedelta()
        self.account, self.film, self.fate = account, film, fate

    def identity(self) -> Identity:
        return Identity("account", "https://h", self.account.key)

    def submit(self, request: Mapping[str, Any], nonce: RequestNonce) -> Job:
        fate, self.fate = self.fate, "accepted"
        if fate == "worker lost before sending":
            raise WorkerLost
        if fate == "throttled":
            raise Throttled("slow down", code="Throttling.User", http_status=400)
        if fate == "request lost":
            raise ResponseLost("no response")
        if self.account.refuses_nonces and nonce.nonce in self.account.seen:
            raise InvalidRequest("seen", code="SignatureNonceUsed", http_status=400)
        self.account.seen.add(nonce.nonce)
        if fate == "seen but not accepted":
            raise ResponseLost("no response")
        job_id = f"J-{self.film}-{next(self.account.numbers)}"
        self.account.jobs[job_id] = ListedJob(job_id, f"{self.clock.now():%Y-%m-%d %H:%M:%S}")
        if fate == "worker lost after acceptance":
            raise WorkerLost
        if fate == "response lost":
            raise ResponseLost("no response")
        return Job(job_id, ACTION)

    def list_recent(self, sent_at: object) -> JobList:
        return JobList(list(self.account.jobs.values()), time_zones=LIST_TIME_ZONES)


@pytest.mark.parametrize("where", ["xcoms", "state path", "state path, each in its own DAG run"])
@given(
    fates=st.tuples(*[st.sampled_from(FATES)] * 3),
    refuses_nonces=st.booleans(),
    key_is_rotated=st.booleans(),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_schedule_of_three_tasks_pays_twice_or_returns_another_film(
    where: str,
    fates: tuple[str, str, str],
    refuses_nonces: bool,
    key_is_rotated: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    account = Account(SkippingClock(), refuses_nonces)
    airflow = Airflow(*TASKS)
    ledgers = {name: Ledger(MemoryStore()) for name in TASKS}
    outcomes: dict[str, str] = {}

    def run(name: str, number: int, fate: str) -> None:
        run_id = f"run of {name}" if "own DAG run" in where else "run"
        backend, claims = Backend(account, name, fate), airflow.claims(name, run_id=run_id)
        attempt = submission(backend, ledger=ledgers[name], claims=claims, attempt=Attempt(number, 9))  # type: ignore[arg-type]
        try:
            outcomes[name] = attempt.resume_or_submit()[0].id
        except WorkerLost:
            outcomes[name] = "lost"
        except SubmissionInDoubt:
            outcomes[name] = "in doubt"

    with pytest.MonkeyPatch.context() as patch:
        if where != "xcoms":
            folder: Path = tmp_path_factory.mktemp("state")
            patch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{folder}")
        for name, fate in zip(TASKS, fates, strict=True):
            run(name, 1, fate)
        if key_is_rotated:
            account.key = "key-2"
        for number, name in itertools.product((2, 3), TASKS):
            if outcomes[name] in ("lost", "in doubt"):
                airflow.clear(name)
                run(name, number, "accepted")

    for name in TASKS:
        assert len(account.films(name)) <= 1
        assert outcomes[name] == "in doubt" or outcomes[name] in account.films(name)


@pytest.mark.parametrize(
    ("hours", "is_sent_again"),
    [
        pytest.param(4, True, id="its request is sent again and may be accepted then"),
        pytest.param(8, False, id="a later job looks older, since the times in the list have no zone"),
    ],
)
def test_a_task_that_is_cleared_hours_later_takes_no_job_of_a_later_task(
    hours: int, is_sent_again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = LateTask(tmp_path, monkeypatch, "worker lost before sending", hours, refuses_nonces=is_sent_again)
    claims = late.airflow.claims("a", run_id="run of a")
    submission(Backend(late.account, "a", "accepted"), claims=claims).resume_or_submit()  # type: ignore[arg-type]

    job_id = late.retry("seen but not accepted" if is_sent_again else "accepted")

    assert [job_id] == late.account.films("late")


def test_a_task_that_is_cleared_hours_later_takes_its_job_although_others_submit_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = LateTask(tmp_path, monkeypatch, "worker lost after acceptance", hours=4)
    now = Intent(ACTION, "account", "https://h", "of a", late.account.clock.now().isoformat())
    late.airflow.claims("a", run_id="run of a").open(now)

    assert [late.retry("accepted")] == late.account.films("late")


class LateTask:
    """A task with a state path whose worker was lost hours ago, and that a user clears now."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        fate: str,
        hours: int,
        *,
        refuses_nonces: bool = False,
    ) -> None:
        monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{folder}")
        self.account = Account(SkippingClock(), refuses_nonces)
        self.airflow = Airflow("a", "late")
        self.ledger = Ledger(MemoryStore())
        self.account.clock.skipped = -timedelta(hours=hours)
        with pytest.raises(WorkerLost):
            self._submit(fate, 1)
        self.account.clock.skipped = timedelta(0)

    def retry(self, fate: str) -> str:
        """Return the job that the cleared task takes."""
        return self._submit(fate, 2)

    def _submit(self, fate: str, number: int) -> str:
        backend, claims = Backend(self.account, "late", fate), self.airflow.claims("late")
        attempt = submission(backend, ledger=self.ledger, claims=claims, attempt=Attempt(number, 9))  # type: ignore[arg-type]
        return attempt.resume_or_submit()[0].id
