"""Two tasks submit at the same time and share ``state_path``: no order of their calls leaves both with one job."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from airflow_provider_viapi.errors import SubmissionInDoubt
from airflow_provider_viapi.jobs.attempt_context import Attempt
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.jobs.model import Job, RequestNonce
from airflow_provider_viapi.jobs.reconciliation import JobList
from airflow_provider_viapi.jobs.submission_record import check_adopted
from airflow_provider_viapi.state.stores import MemoryStore
from jobs.scripted_backend import ACTION, submission
from jobs.test_concurrent_submissions import Account, Backend
from jobs.turns import SteppedStorage, Turns
from operators.test_task_claims import Airflow
from skipping_clock import SkippingClock

TASKS = ("a", "b")
FATES = ("accepted", "accepted late", "response lost", "request lost", "seen but not accepted")
REPEATED = "names the newest job"


class SteppedBackend(Backend):
    """A service whose calls wait for their turn, and a gateway that may repeat the response to another task."""

    turns: Turns

    def submit(self, request: Mapping[str, Any], nonce: RequestNonce) -> Job:
        self.turns.wait()
        fate = self.fate
        if fate == REPEATED and self.account.jobs:
            self.fate = "accepted"
            job = Job(list(self.account.jobs)[-1], ACTION)
        else:
            job = super().submit(request, nonce)
        self.turns.wait()
        if fate == "accepted late":
            self.account.clock.sleep(30)
        return job

    def list_recent(self, sent_at: object) -> JobList:
        self.turns.wait()
        return super().list_recent(sent_at)


@pytest.fixture(scope="module")
def storage() -> SteppedStorage:
    """A storage in memory, whose calls wait for their turn."""
    try:
        from airflow.sdk.io import attach
    except ImportError:
        from airflow.io.store import attach
    stepped = SteppedStorage()
    attach("memory", "stepped", fs=stepped)
    return stepped


@given(
    seed=st.integers(0, 2**32),
    fates=st.tuples(*[st.sampled_from((*FATES, REPEATED))] * 2),
    lost_at=st.dictionaries(st.sampled_from(TASKS), st.integers(1, 15)),
    refuses_nonces=st.booleans(),
)
@example(
    seed=43240656, fates=("names the newest job", "accepted late"), lost_at={"a": 5}, refuses_nonces=False
)
@settings(max_examples=300)
def test_no_order_of_two_tasks_calls_leaves_both_with_one_job(
    storage: SteppedStorage,
    seed: int,
    fates: tuple[str, str],
    lost_at: Mapping[str, int],
    refuses_nonces: bool,
) -> None:
    account = Account(SkippingClock(), refuses_nonces)
    airflow = Airflow(*TASKS)
    ledgers = {name: Ledger(MemoryStore()) for name in TASKS}
    kept: dict[str, str] = {}
    storage.turns = turns = Turns(seed, lost_at)

    def run(name: str, number: int, fate: str) -> None:
        backend, claims = SteppedBackend(account, name, fate), airflow.claims(name, run_id=f"run of {name}")
        backend.turns = turns
        attempt = submission(backend, ledger=ledgers[name], claims=claims, attempt=Attempt(number, 9))  # type: ignore[arg-type]
        try:
            job, _ = attempt.resume_or_submit()
            check_adopted(claims, ledgers[name].read(), ACTION)
            kept[name] = job.id
        except SubmissionInDoubt:
            pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"memory://stepped@{uuid.uuid4().hex}/state")
        turns.run({name: partial(run, name, 1, fate) for name, fate in zip(TASKS, fates, strict=True)})
        for name in TASKS:
            if name not in kept:
                airflow.clear(name)
                run(name, 2, "accepted")

    assert len(set(kept.values())) == len(kept)
    if REPEATED not in fates:
        for name in TASKS:
            assert len(account.films(name)) <= 1
            assert kept.get(name) in (None, *account.films(name))
