"""Batches whose attempts end early: expired results, deadlines in ``dag.test()``, an interrupted resume."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import BatchFailed, ResultExpired
from airflow_provider_viapi.jobs.batch.ledger import Item
from airflow_provider_viapi.media.outputs import landing
from airflow_provider_viapi.media.outputs.landing import Landing
from airflow_provider_viapi.operators.batch.backend import TaskBatchBackend
from operators.run_batch import BatchRun, Store, WorkerLost, run_batch
from operators.test_batch import EVERY, Make, accepted, batch, emulator, running, video

__all__ = ["batch", "emulator", "running", "video"]


def test_an_item_whose_result_has_expired_is_submitted_again_after_a_clear(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store, land = Store(), Landing.land
    expired: list[str] = []

    def expire_once(landing: Landing, result: Any, refresh_links: Any) -> dict[str, str]:
        if landing.names["index"] == 0 and (not expired or result["VideoUrl"] in expired):
            expired.append(result["VideoUrl"])
            raise ResultExpired("the links have expired", code="ResultExpired")
        return land(landing, result, refresh_links)

    monkeypatch.setattr(Landing, "land", expire_once)
    make = batch("a", "b", land_to=f"file://{tmp_path}/")
    with pytest.raises(AirflowFailException, match="ResultExpired"):
        run_batch(make, store)

    run = run_batch(make, store, try_number=2, max_tries=5)

    assert [row["error"] for row in run.rows] == [None, None]
    assert len(accepted(emulator)) == 3


@pytest.mark.parametrize("passes_kwargs", [True, False], ids=["a deployment", "dag.test()"])
@pytest.mark.parametrize("limit", ["job_timeout", "execution_timeout"])
def test_a_batch_gives_up_jobs_that_take_too_long(
    emulator: EmulatorServer, batch: Make, passes_kwargs: bool, limit: str
) -> None:
    emulator.fault(action=EVERY, job={"processing": 600}, times=None)

    def between(run: BatchRun) -> None:
        assert len(run.triggers) <= 5

    with pytest.raises(BatchFailed, match=rf"JobTimedOut.* had not ended at the deadline \S+ \({limit}"):
        run_batch(
            batch("a", "b", **{limit: timedelta(seconds=3)}),
            Store(),
            passes_kwargs=passes_kwargs,
            between=between,
        )


@pytest.mark.parametrize("at", [1, 3])
def test_all_queued_jobs_are_cancelled_if_the_time_is_over_during_a_resume(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    emulator.fault(action=EVERY, job={"queued": 600}, times=None)
    store = Store()

    def lose_worker(run: BatchRun) -> None:
        raise WorkerLost

    with pytest.raises(WorkerLost):
        run_batch(batch(*"abcde"), store, between=lose_worker)
    resume: Callable[..., Any] = TaskBatchBackend.resume
    resumed: list[Item] = []

    def run_out_of_time(self: TaskBatchBackend, item: Item) -> Any:
        resumed.append(item)
        if len(resumed) == at:
            raise AirflowTaskTimeout("execution_timeout")
        return resume(self, item)

    monkeypatch.setattr(TaskBatchBackend, "resume", run_out_of_time)
    with pytest.raises(AirflowTaskTimeout):
        run_batch(batch(*"abcde"), store, try_number=2)

    assert [job["status"] for job in emulator.jobs()] == ["JOB_CANCELED"] * 5


def test_queued_jobs_are_cancelled_if_the_time_is_over_before_the_resume(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    emulator.fault(action=EVERY, job={"queued": 600}, times=None)
    store = Store()
    make = batch("a", "b", "c", land_to=f"file://{tmp_path}/", max_in_flight=2)

    def lose_worker(run: BatchRun) -> None:
        raise WorkerLost

    with pytest.raises(WorkerLost):
        run_batch(make, store, between=lose_worker)

    def run_out_of_time(*_: Any, **__: Any) -> None:
        raise AirflowTaskTimeout("execution_timeout")

    monkeypatch.setattr(landing, "check_writable", run_out_of_time)
    with pytest.raises(AirflowTaskTimeout):
        run_batch(make, store, try_number=2)

    assert [job["status"] for job in emulator.jobs()] == ["JOB_CANCELED"] * 2


def test_a_failed_job_is_not_replaced_if_its_result_could_not_be_stored(
    emulator: EmulatorServer, batch: Make, tmp_path: Path
) -> None:
    store, folder = Store(), tmp_path / "films"
    make = batch("a", "b", land_to=f"file://{folder}/{{index}}{{ext}}")

    def lose_worker(run: BatchRun) -> None:
        raise WorkerLost

    emulator.fault(action=EVERY, job={"queued": 600}, times=1)
    emulator.fault(action=EVERY, job={"state": "PROCESS_FAILED"}, times=1)
    with pytest.raises(WorkerLost):
        run_batch(make, store, between=lose_worker)
    folder.write_text("a file where the folder was")

    with pytest.raises(AirflowFailException, match="land_to is"):
        run_batch(make, store, try_number=2)

    assert len(accepted(emulator)) == 2


def test_clearing_a_successful_batch_resumes_a_job_that_it_had_given_up(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, job={"processing": 4}, times=1)
    store = Store()
    make = batch("slow", "quick", max_failed=1, job_timeout=timedelta(seconds=2))
    first = run_batch(make, store)
    assert first.rows[0]["error"]["class"] == "JobTimedOut"

    again = run_batch(make, store, try_number=2, max_tries=5)

    assert again.rows[0]["job_id"] == first.rows[0]["job_id"]
    assert again.rows[0]["error"] is None
    assert [url.rpartition("/")[2] for url in accepted(emulator)] == ["slow.mp4", "quick.mp4", "quick.mp4"]


@pytest.mark.parametrize("lands", [True, False])
@pytest.mark.parametrize(
    ("expires", "is_forgotten", "jobs"),
    [({}, False, 3), ({"result_expires": 0}, False, 4), ({}, True, 4)],
    ids=["succeeded", "result expired", "unknown to the service"],
)
def test_clearing_a_successful_batch_replaces_a_given_up_job_without_a_result_in_the_same_attempt(
    emulator: EmulatorServer,
    batch: Make,
    tmp_path: Path,
    expires: dict[str, Any],
    is_forgotten: bool,
    jobs: int,
    lands: bool,
) -> None:
    emulator.fault(action=EVERY, job={"processing": 2}, **expires, times=1)
    store = Store()
    land_to = {"land_to": f"file://{tmp_path}/"} if lands else {}
    make = batch("slow", "quick", max_failed=1, job_timeout=timedelta(seconds=1), **land_to)
    assert run_batch(make, store).rows[0]["error"]["class"] == "JobTimedOut"
    while emulator.jobs()[0]["status"] != "PROCESS_SUCCESS":
        time.sleep(0.1)
    if is_forgotten:
        emulator.fault(action="GetAsyncJobResult", code="InvalidParameter.BadRequest", status=400)

    again = run_batch(make, store, try_number=2, max_tries=5)

    assert [row["error"] for row in again.rows] == [None, None]
    assert len(accepted(emulator)) == jobs


def test_a_retry_does_not_replace_a_job_that_the_service_does_not_know(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, job={"processing": 600}, times=1)
    store = Store()
    make = batch("slow", "quick", job_timeout=timedelta(seconds=1))
    with pytest.raises(BatchFailed, match="JobTimedOut"):
        run_batch(make, store)
    emulator.fault(action="GetAsyncJobResult", code="InvalidParameter.BadRequest", status=400)

    with pytest.raises(BatchFailed, match="SubmissionInDoubt"):
        run_batch(make, store, try_number=2)

    assert len(accepted(emulator)) == 2
