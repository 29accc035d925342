"""Batches: each item is paid for once, whatever happens to the task."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, Asset

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import BatchFailed, InvalidRequest, ServiceError, SubmissionInDoubt
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.attempt_context import Timing
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.task_instance import cancel_decision
from emulator import fake_media
from operators.run_batch import BatchRun, Store, WorkerLost, run_batch
from run_task import TaskInstance, context_of, deferral_of
from served_folder import ServedFolder
from skipping_clock import SkippingClock
from timing import poll_quickly, set_timing

EVERY = "EraseVideoSubtitles"

TIMING = Timing(list_pause=5.1, adoption_window=0, transit=timedelta(0), full_wait=0.3, last_wait=0)
"""The emulator's job list may be read once in 5 seconds; nothing delays a request, and the last jobs are deferred."""


@pytest.fixture(scope="module")
def running() -> Iterator[EmulatorServer]:
    with EmulatorServer(transforms=fake_media.TRANSFORMS) as server:
        yield server


@pytest.fixture
def emulator(running: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    running.reset()
    fields = json.loads(running.connection_json())
    fields["extra"] |= {"submit_qps": 1000, "poll_qps": 1000, "list_jobs": "never", "timeout": 2}
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
    poll_quickly(monkeypatch)
    set_timing(monkeypatch, TIMING)
    return running


@pytest.fixture
def video(served: ServedFolder) -> Callable[[str], str]:
    def put(content: str) -> str:
        name = f"{content.replace(' ', '-')}.mp4"
        if not (served.path / name).exists():  # a job of an earlier attempt may be reading it
            (served.path / name).write_text(content)
        return served.address(name)

    return put


Make = Callable[..., Callable[[], ViapiBatchOperator]]


@pytest.fixture
def batch(video: Callable[[str], str]) -> Make:
    """An operator for videos of these contents."""

    def of(*contents: str, **arguments: Any) -> Callable[[], ViapiBatchOperator]:
        items = [{"video_url": video(content)} for content in contents]
        return lambda: ViapiBatchOperator(
            task_id="erase_all",
            **{
                "operator": EraseVideoSubtitlesOperator,
                "items": items,
                "deferrable": True,
                **arguments,
            },
        )

    return of


def accepted(emulator: EmulatorServer) -> list[str]:
    return [job["request"]["VideoUrl"] for job in emulator.jobs()]


BOTH = pytest.mark.parametrize("deferrable", [True, False])


@BOTH
def test_a_batch_returns_a_row_per_item_in_their_order(
    emulator: EmulatorServer, batch: Make, deferrable: bool
) -> None:
    emulator.fault(action=EVERY, job={"processing": 1}, times=2)
    run = run_batch(batch("a", "b", "c", "d", "e", max_in_flight=2, deferrable=deferrable), Store())

    assert [row["index"] for row in run.rows] == [0, 1, 2, 3, 4]
    jobs = {job["job_id"]: job["request"]["VideoUrl"] for job in emulator.jobs()}
    assert [jobs[row["job_id"]].rpartition("/")[2][0] for row in run.rows] == list("abcde")
    assert all(row["result"]["VideoUrl"].startswith(emulator.url) for row in run.rows)
    assert all(row["state"] == "PROCESS_SUCCESS" and row["error"] is None for row in run.rows)
    assert run.pushed["progress"] == {"done": 5, "failed": 0, "running": 0, "left": 0}
    assert bool(run.triggers) is deferrable


def test_a_retry_that_is_started_with_the_event_of_the_attempt_before_resumes_the_jobs(
    emulator: EmulatorServer, batch: Make
) -> None:
    """Airflow 3.0 and 3.1.0 start retries like that."""
    emulator.fault(action=EVERY, job={"processing": 1}, times=2)
    store, make = Store(), batch("a", "b")
    method, kwargs = deferral_of(make(), context_of(TaskInstance(), store))
    kwargs["event"] = {"error": ServiceError("the triggerer has stopped").as_dict()}

    retry = batch("a", "b", deferrable=False)()
    rows = retry.resume_execution(method, kwargs, context_of(TaskInstance(try_number=2), store))

    assert [row["error"] for row in rows] == [None, None]
    assert len(accepted(emulator)) == 2


def test_jobs_that_end_while_the_batch_submits_make_way_without_a_deferral(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_timing(monkeypatch, replace(TIMING, full_wait=60))

    run = run_batch(batch(*"abcdefgh", max_in_flight=2), Store())

    assert [row["error"] for row in run.rows] == [None] * 8
    # One for what was still running when everything was submitted.
    assert len(run.triggers) <= 1


def test_the_last_jobs_that_will_end_soon_are_waited_for_on_the_worker_without_a_deferral(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_timing(monkeypatch, replace(TIMING, full_wait=60, last_wait=60))
    emulator.fault(action=EVERY, job={"processing": 0.5}, times=5)

    run = run_batch(batch(*"abcde", max_in_flight=2), Store())

    assert [row["error"] for row in run.rows] == [None] * 5
    assert run.triggers == []
    assert "could not be polled" not in capsys.readouterr().out


def test_max_in_flight_limits_the_running_jobs(emulator: EmulatorServer, batch: Make) -> None:
    def see(run: BatchRun) -> None:
        assert len(run.triggers[-1]["job_ids"]) <= 2

    run_batch(batch("a", "b", "c", "d", "e", max_in_flight=2), Store(), between=see)

    assert len(accepted(emulator)) == 5


def test_the_same_request_twice_is_two_jobs(emulator: EmulatorServer, batch: Make) -> None:
    run = run_batch(batch("a", "a", "b"), Store())

    assert len({row["job_id"] for row in run.rows}) == 3


def test_shared_arguments_apply_to_each_item_and_its_own_take_precedence(
    emulator: EmulatorServer, video: Callable[[str], str]
) -> None:
    items = [{"video_url": video("a")}, {"video_url": video("b"), "bh": 0.5}]
    run_batch(
        lambda: ViapiBatchOperator(
            task_id="t", operator=EraseVideoSubtitlesOperator, items=items, shared={"bx": 0.1, "bh": 0.2}
        ),
        Store(),
    )

    assert [(job["request"]["BX"], job["request"]["BH"]) for job in emulator.jobs()] == [
        ("0.1", "0.2"),
        ("0.1", "0.5"),
    ]


@BOTH
def test_a_failed_item_is_a_row_and_the_others_continue(
    emulator: EmulatorServer, batch: Make, deferrable: bool
) -> None:
    run = run_batch(batch("a", "refuse", "c", max_failed=1, deferrable=deferrable), Store())

    assert [row["error"] and row["error"]["code"] for row in run.rows] == [None, "InvalidFile.Decode", None]
    assert run.rows[1]["state"] == "PROCESS_FAILED"
    assert run.rows[1]["result"] is None


def test_more_failures_than_max_failed_fail_the_task_and_are_named(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, job={"state": "TIMEOUT_FAILED", "code": "Timeout", "message": "too slow"})

    with pytest.raises(
        BatchFailed, match=r"1 of 2 items failed, allowed are 0\. item 0: Timeout: .*too slow"
    ):
        run_batch(batch("a", "b"), Store())


def test_no_more_items_are_submitted_after_too_many_failures(emulator: EmulatorServer, batch: Make) -> None:
    with pytest.raises(AirflowFailException, match="3 of 4 items were not submitted"):
        run_batch(batch("refuse", "b", "c", "d", max_in_flight=1), Store())

    assert len(accepted(emulator)) == 1


def test_permanent_failures_fail_the_task_without_retry(emulator: EmulatorServer, batch: Make) -> None:
    with pytest.raises(AirflowFailException, match="BatchFailed"):
        run_batch(batch("a", "refuse"), Store())


def test_a_retry_submits_only_failed_items(emulator: EmulatorServer, batch: Make) -> None:
    # Later than the submissions: after too many failures no more items are submitted.
    failure = {"processing": 2, "state": "TIMEOUT_FAILED", "code": "Timeout", "message": "too slow"}
    emulator.fault(action=EVERY, job=failure)
    store = Store()
    with pytest.raises(BatchFailed):
        run_batch(batch("a", "b", "c"), store)
    first = [job["job_id"] for job in emulator.jobs()]

    run = run_batch(batch("a", "b", "c"), store, try_number=2)

    assert len(accepted(emulator)) == 4
    assert [row["job_id"] in first for row in run.rows] == [False, True, True]
    assert all(row["error"] is None for row in run.rows)


def test_a_retry_does_not_submit_permanently_failed_items(emulator: EmulatorServer, batch: Make) -> None:
    emulator.fault(action=EVERY, job={"state": "TIMEOUT_FAILED", "code": "Timeout", "message": "too slow"})
    store = Store()
    with pytest.raises(BatchFailed, match="2 of 3"):
        run_batch(batch("a", "refuse", "c", max_failed=1), store)

    run = run_batch(batch("a", "refuse", "c", max_failed=1), store, try_number=2)

    assert len(accepted(emulator)) == 4
    assert [bool(row["error"]) for row in run.rows] == [False, True, False]
    pages = [page for key, page in run.pushed.items() if key.startswith("items_")]
    shown = {row["index"]: row["error"] for page in pages for row in page["rows"]}
    assert sorted(shown) == [0, 1, 2]
    assert shown[1]["code"] == run.rows[1]["error"]["code"]


def test_clearing_a_failed_batch_submits_only_failed_items(
    emulator: EmulatorServer, batch: Make, video: Any
) -> None:
    store = Store()
    with pytest.raises(AirflowFailException):
        run_batch(batch("a", "refuse", "c"), store)

    with pytest.raises(AirflowFailException):
        run_batch(batch("a", "refuse", "c"), store, try_number=2, max_tries=4)

    assert [address.rpartition("/")[2] for address in accepted(emulator)] == [
        *("a.mp4", "refuse.mp4", "c.mp4", "refuse.mp4")
    ]


def test_clearing_a_successful_batch_submits_all_items_again(emulator: EmulatorServer, batch: Make) -> None:
    store = Store()
    run_batch(batch("a", "b"), store)

    run_batch(batch("a", "b"), store, try_number=2, max_tries=4)

    assert len(accepted(emulator)) == 4
    assert not [key for key in store.kept if key.startswith("viapi_batch_0")]


def test_a_worker_lost_after_the_rows_were_returned_costs_nothing(
    emulator: EmulatorServer, batch: Make
) -> None:
    store = Store()
    first = run_batch(batch("a", "b"), store)

    again = run_batch(batch("a", "b"), store, try_number=2)

    assert again.rows == first.rows
    assert len(accepted(emulator)) == 2


@pytest.mark.parametrize("lost_after", [False, True])
@pytest.mark.parametrize("lost_at_write", range(1, 14))
def test_whenever_the_worker_is_lost_each_item_is_paid_for_once(
    emulator: EmulatorServer, batch: Make, lost_at_write: int, lost_after: bool
) -> None:
    store = Store()
    store.lost_at_write, store.lost_after = lost_at_write, lost_after
    make = batch("a", "b", "c", "d", max_in_flight=2)
    try:
        run = run_batch(make, store)
    except WorkerLost:
        run = run_batch(make, store, try_number=2)

    assert sorted(accepted(emulator)) == sorted(set(accepted(emulator)))
    assert len(accepted(emulator)) == 4
    assert [row["index"] for row in run.rows] == [0, 1, 2, 3]
    assert all(row["error"] is None for row in run.rows)


def test_a_lost_response_is_reconciled(emulator: EmulatorServer, batch: Make) -> None:
    def lose_the_next(run: BatchRun) -> None:
        if len(run.triggers) == 1:
            emulator.fault(action=EVERY, drop="after")

    run = run_batch(batch("a", "b", "c", "d", max_in_flight=2), Store(), between=lose_the_next)

    assert len(accepted(emulator)) == 4
    assert all(row["error"] is None for row in run.rows)


def test_an_item_in_doubt_is_a_row_and_keeps_its_intent(
    emulator: EmulatorServer, batch: Make, counted: Counter[Any]
) -> None:
    store = Store()
    emulator.fault(action=EVERY, drop="after")
    emulator.fault(action="QueryAsyncJobList", code="Forbidden.NotAuthorized")
    emulator.fault(
        action=EVERY, job={"state": "TIMEOUT_FAILED", "code": "Timeout", "message": "slow"}, times=2
    )
    with pytest.raises(BatchFailed, match="item 0: SubmissionInDoubt"):
        run_batch(batch("a", "b", max_failed=1), store)
    assert len(accepted(emulator)) == 2
    assert counted["viapi.submissions_in_doubt", f"videoenhan.{EVERY}"] == 1
    emulator.clear_faults()

    run = run_batch(batch("a", "b", max_failed=1), store, try_number=2)

    # Its own job is found, although the other item has had one at the same time that failed as well.
    assert [address.rpartition("/")[2] for address in accepted(emulator)] == ["a.mp4", "b.mp4", "b.mp4"]
    assert run.rows[0]["job_id"] == emulator.jobs()[0]["job_id"]
    assert [row["error"] and row["error"]["code"] for row in run.rows] == ["Timeout", None]


def test_on_doubt_resubmit_submits_an_item_again_once_per_attempt(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_timing(monkeypatch, replace(TIMING, replay_for=0.1))
    # The response to the replay is lost as well, and the job list is forbidden.
    emulator.fault(action=EVERY, status=502, performed=True, times=None)
    emulator.fault(action="QueryAsyncJobList", code="Forbidden.NotAuthorized", times=None)

    with pytest.raises(BatchFailed, match="item 0: SubmissionInDoubt"):
        run_batch(batch("a", on_doubt="resubmit", deferrable=False), Store())

    assert len(accepted(emulator)) == 2


def test_two_items_in_doubt_never_adopt_each_others_jobs(emulator: EmulatorServer, batch: Make) -> None:
    store = Store()
    emulator.fault(action=EVERY, drop="after", times=2)
    # The response to the replay is dropped as well, and the job list is forbidden.
    emulator.fault(action="QueryAsyncJobList", code="Forbidden.NotAuthorized", times=2)
    with pytest.raises(BatchFailed, match="SubmissionInDoubt"):
        run_batch(batch("a", max_failed=0), store)
    emulator.fault(action=EVERY, drop="after", times=2)

    with pytest.raises((BatchFailed, SubmissionInDoubt)):
        run_batch(batch("b"), store, try_number=2)

    assert len(accepted(emulator)) == 2


def test_a_reordered_list_still_finds_its_jobs(emulator: EmulatorServer, batch: Make) -> None:
    store = Store()
    store.lost_at_write, store.lost_after = 6, True
    with pytest.raises(WorkerLost):
        run_batch(batch("a", "b", "c"), store)

    run = run_batch(batch("c", "b", "a"), store, try_number=2)

    assert len(accepted(emulator)) == 3
    jobs = {job["job_id"]: job["request"]["VideoUrl"] for job in emulator.jobs()}
    assert [jobs[row["job_id"]].rpartition("/")[2][0] for row in run.rows] == ["c", "b", "a"]


def test_the_queued_job_of_a_changed_item_is_cancelled_by_the_retry(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, job={"queued": 60}, times=2)
    store = Store()
    store.lost_at_write, store.lost_after = 6, True
    with pytest.raises(WorkerLost):
        run_batch(batch("a", "b"), store)

    def let_go(run: BatchRun) -> None:
        emulator.clear_faults()

    run = run_batch(batch("a", "changed"), store, try_number=2, between=let_go)

    assert [job["status"] for job in emulator.jobs()] == [
        "PROCESS_SUCCESS",
        "JOB_CANCELED",
        "PROCESS_SUCCESS",
    ]
    assert [row["error"] for row in run.rows] == [None, None]


def test_throttled_submissions_are_retried(emulator: EmulatorServer, batch: Make) -> None:
    emulator.fault(action=EVERY, code="Throttling.User", times=3)

    run_batch(batch("a", "b", deferrable=False), Store())

    assert len(accepted(emulator)) == 2


def test_a_refusal_that_affects_all_items_stops_submitting_and_collects_running_jobs(
    emulator: EmulatorServer, batch: Make
) -> None:
    store = Store()

    emulator.fault(action=EVERY, job={"processing": 60}, times=2)

    def close(run: BatchRun) -> None:
        emulator.clear_faults()
        emulator.fault(action=EVERY, code="InvalidApi.NotPurchase", times=None)

    with pytest.raises(AirflowFailException, match="NotPurchase"):
        run_batch(batch("a", "b", "c", "d", max_in_flight=2), store, between=close)

    assert len(accepted(emulator)) == 2
    emulator.clear_faults()
    run = run_batch(batch("a", "b", "c", "d"), store, try_number=2)
    assert len(accepted(emulator)) == 4
    assert all(row["error"] is None for row in run.rows)


@BOTH
def test_a_queued_job_is_cancelled_after_job_timeout(
    emulator: EmulatorServer, batch: Make, deferrable: bool
) -> None:
    emulator.fault(action=EVERY, job={"queued": 60})
    make = batch("a", "b", job_timeout=timedelta(seconds=2), deferrable=deferrable, max_failed=1)

    run = run_batch(make, Store())

    assert run.rows[0]["error"]["class"] == "JobTimedOut"
    assert run.rows[1]["error"] is None
    assert emulator.jobs()[0]["status"] == "JOB_CANCELED"


def test_without_a_durable_store_the_batch_waits_on_the_worker_and_says_so(
    emulator: EmulatorServer, batch: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_batch(batch("a", "b", "c", max_in_flight=2), None)

    assert run.triggers == []
    assert len(run.rows) == 3
    assert "there is no durable store to continue from" in capsys.readouterr().out


def test_with_a_state_path_a_batch_defers_on_every_airflow(
    emulator: EmulatorServer, batch: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}/state")
    emulator.fault(action=EVERY, times=None, job={"processing": 60})

    # As before Airflow 3.3, the context has no task_state_store.
    run = run_batch(batch("a", "b", "c", max_in_flight=2), None, between=lambda run: emulator.clear_faults())

    assert len(run.triggers) >= 2
    assert [row["error"] for row in run.rows] == [None] * 3
    again = run_batch(batch("a", "b", "c", max_in_flight=2), None, try_number=2)
    assert [row["job_id"] for row in again.rows] == [row["job_id"] for row in run.rows]
    assert len(accepted(emulator)) == 3


def test_a_batch_that_is_not_durable_records_nothing_and_waits_on_the_worker(
    emulator: EmulatorServer, batch: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store()

    run = run_batch(batch("a", "b", durable=False, deferrable=True), store)

    assert (run.triggers, store.kept, len(run.rows)) == ([], {}, 2)
    assert "durable is False" in capsys.readouterr().out
    run_batch(batch("a", "b", durable=False), store, try_number=2)
    assert len(accepted(emulator)) == 4


def test_an_empty_list_of_another_task_succeeds_without_rows(emulator: EmulatorServer, batch: Make) -> None:
    def make() -> ViapiBatchOperator:
        operator = batch("a")()
        operator.items = []
        return operator

    assert run_batch(make, Store()).rows == []


def test_a_list_that_has_become_empty_cancels_the_jobs_of_the_attempt_before(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, job={"queued": 600}, times=None)
    store = Store()

    def lose_worker(run: BatchRun) -> None:
        raise WorkerLost

    with pytest.raises(WorkerLost):
        run_batch(batch("a", "b"), store, between=lose_worker)

    def make() -> ViapiBatchOperator:
        operator = batch("a")()
        operator.items = []
        return operator

    assert run_batch(make, store, try_number=2).rows == []
    assert {job["status"] for job in emulator.jobs()} == {"JOB_CANCELED"}


def test_a_retry_polls_the_running_jobs_at_the_rate_of_the_connection(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = json.loads(os.environ["AIRFLOW_CONN_VIAPI_DEFAULT"])
    fields["extra"] |= {"poll_qps": 5}
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
    emulator.fault(action=EVERY, job={"processing": 600}, times=None)
    store, polled = Store(), []
    report = ViapiHook.report

    def lose_worker(run: BatchRun) -> None:
        raise WorkerLost

    def note(self: ViapiHook, job: Any) -> Any:
        polled.append(time.monotonic())
        return report(self, job)

    with pytest.raises(WorkerLost):
        run_batch(batch(*"abcdef"), store, between=lose_worker)
    monkeypatch.setattr(ViapiHook, "report", note)
    with pytest.raises(WorkerLost):
        run_batch(batch(*"abcdef"), store, try_number=2, between=lose_worker)

    assert len(polled) == 6
    assert polled[-1] - polled[0] > 0.7


def test_an_empty_list_does_not_need_a_destination(emulator: EmulatorServer, batch: Make) -> None:
    def make() -> ViapiBatchOperator:
        operator = batch("a", land_to="nosuch://bucket/")()
        operator.items = []
        return operator

    assert run_batch(make, Store()).rows == []


def test_the_log_does_not_grow_with_the_items(
    emulator: EmulatorServer, batch: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    run_batch(batch(*(f"v{number}" for number in range(30)), deferrable=False, max_in_flight=30), Store())

    log = capsys.readouterr().out
    # Airflow 2 shows what httpx and urllib3 log of each call, too.
    assert len([line for line in log.splitlines() if "HTTP/1.1" not in line]) < 10
    assert "Batch of 30: 30 done, 0 failed, 0 running, 0 left" in log


def test_each_result_lands(emulator: EmulatorServer, batch: Make, tmp_path: Path) -> None:
    make = batch("a", "b", "refuse", land_to=f"file://{tmp_path}/{{index}}{{ext}}", max_failed=1)

    run = run_batch(make, Store())

    assert [row["result"] for row in run.rows] == [
        {"landed": {"VideoUrl": f"file://{tmp_path}/0.mp4"}},
        {"landed": {"VideoUrl": f"file://{tmp_path}/1.mp4"}},
        None,
    ]
    assert (tmp_path / "1.mp4").read_text() == "b"
    assert run.pushed["result_link"] == f"file://{tmp_path}/0.mp4"


def test_several_results_cannot_land_under_one_name(
    batch: Make, emulator: EmulatorServer, tmp_path: Path
) -> None:
    make = batch("a", "b", land_to=f"file://{tmp_path}/film.mp4")

    with pytest.raises(InvalidRequest, match=r"land_to is .*film\.mp4.*\{index\}"):
        make()

    single = batch("a", land_to=f"file://{tmp_path}/film.mp4", deferrable=False)
    assert run_batch(single, Store()).rows[0]["result"]["landed"] == {
        "VideoUrl": f"file://{tmp_path}/film.mp4"
    }


def test_a_destination_without_file_system_is_refused_before_submission(
    emulator: EmulatorServer, batch: Make
) -> None:
    with pytest.raises(AirflowFailException, match="land_to is"):
        run_batch(batch("a", "b", land_to="nosuch://bucket/"), Store())

    assert accepted(emulator) == []


@BOTH
def test_outlet_events_name_all_landed_files(
    emulator: EmulatorServer, batch: Make, tmp_path: Path, deferrable: bool
) -> None:
    folder = Asset(uri=f"file://{tmp_path}/films")
    make = batch(
        "a",
        "refuse",
        "b",
        land_to=f"file://{tmp_path}/films/{{index}}{{ext}}",
        max_failed=1,
        outlets=[folder],
        deferrable=deferrable,
    )

    run = run_batch(make, Store())

    extra = run.outlet_events[folder].extra
    assert extra["landed"] == {
        "0.VideoUrl": f"file://{tmp_path}/films/0.mp4",
        "2.VideoUrl": f"file://{tmp_path}/films/2.mp4",
    }
    rows = {row["index"]: row["job_id"] for row in run.rows}
    assert extra["details"] == {
        f"{index}.VideoUrl": {"job_id": rows[index], "type": "video/mp4"} for index in (0, 2)
    }
    assert extra["action"] == "videoenhan.EraseVideoSubtitles"


def test_a_batch_publishes_its_running_jobs(emulator: EmulatorServer, batch: Make) -> None:
    emulator.fault(action=EVERY, job={"processing": 1}, times=2)
    published: list[list[str]] = []

    run = run_batch(
        batch("a", "b"), Store(), between=lambda run: published.append(list(run.pushed["job_ids"]))
    )

    assert sorted(published[0]) == sorted(job["job_id"] for job in emulator.jobs())
    assert run.pushed["job_ids"] == []


def test_the_retry_lands_a_result_that_could_not_be_landed(
    emulator: EmulatorServer, batch: Make, tmp_path: Path
) -> None:
    store = Store()
    make = batch("a", "b", land_to=f"file://{tmp_path}/folder/{{index}}{{ext}}")

    emulator.fault(action=EVERY, job={"processing": 60}, times=2)

    def replace_folder(run: BatchRun) -> None:
        emulator.clear_faults()
        shutil.rmtree(tmp_path / "folder", ignore_errors=True)
        (tmp_path / "folder").write_text("This is in the way.")

    with pytest.raises(BatchFailed, match=r"2 of 2 items failed.*ResultNotStored"):
        run_batch(make, store, between=replace_folder)
    (tmp_path / "folder").unlink()

    run = run_batch(make, store, try_number=2)

    assert len(accepted(emulator)) == 2
    assert [row["error"] for row in run.rows] == [None, None]
    assert (tmp_path / "folder" / "1.mp4").read_text() == "b"


def test_a_retry_with_a_longer_list_keeps_the_files_of_what_was_delivered(
    emulator: EmulatorServer, batch: Make, tmp_path: Path
) -> None:
    store = Store()
    land_to = f"file://{tmp_path}/{{index}}{{ext}}"
    (tmp_path / "1.mp4").mkdir()
    with pytest.raises(BatchFailed, match="1 of 2 items failed"):
        run_batch(batch("a", "b", land_to=land_to, max_in_flight=1), store)

    run = run_batch(batch("new", "a", "b", land_to=land_to), store, try_number=2)

    landed = [Path(row["result"]["landed"]["VideoUrl"].removeprefix("file://")) for row in run.rows]
    assert [path.read_text() for path in landed] == ["new", "a", "b"]
    assert [path.name for path in landed] == [f"{run.rows[0]['job_id']}-0.mp4", "0.mp4", "2.mp4"]
    assert len(accepted(emulator)) == 3


@pytest.mark.parametrize(("is_over", "state"), [(True, "JOB_CANCELED"), (False, "QUEUING")])
def test_a_stopped_worker_cancels_queued_jobs_only_if_the_task_has_ended(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch, is_over: bool, state: str
) -> None:
    emulator.fault(action=EVERY, job={"queued": 60}, times=3)
    monkeypatch.setattr(cancel_decision, "current_state", lambda _: "failed" if is_over else "running")
    operator = batch("a", "b", "c", deferrable=False)()

    def kill() -> None:
        while len(emulator.jobs()) < 3:
            time.sleep(0.05)
        operator.on_kill()

    killing = threading.Thread(target=kill)
    killing.start()
    with pytest.raises(ServiceError, match="was stopped"):
        run_batch(lambda: operator, Store())
    killing.join()

    assert {job["status"] for job in emulator.jobs()} == {state}


def test_after_the_execution_timeout_a_batch_submits_no_item_that_was_being_prepared(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SkippingClock()
    set_timing(monkeypatch, replace(TIMING, now=clock.now, sleep=clock.sleep))

    class SlowlyPrepared(EraseVideoSubtitlesOperator):
        def prepare_request(self, *arguments: Any) -> Mapping[str, Any]:
            clock.sleep(300)
            return super().prepare_request(*arguments)

    make = batch("a", "b", operator=SlowlyPrepared, execution_timeout=timedelta(seconds=100))

    with pytest.raises(BatchFailed, match="2 of 2 items were not submitted"):
        run_batch(make, Store())

    assert accepted(emulator) == []


def test_at_the_execution_timeout_queued_jobs_are_cancelled_and_unsubmitted_items_are_reported(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, job={"queued": 60}, times=2)
    make = batch("a", "b", "c", max_in_flight=2, execution_timeout=timedelta(seconds=3))

    with pytest.raises(
        BatchFailed, match=r"2 of 3 items failed, allowed are 0; 1 of 3 items were not submitted"
    ):
        run_batch(make, Store())

    assert [job["status"] for job in emulator.jobs()] == ["JOB_CANCELED", "JOB_CANCELED"]


@pytest.fixture
def signed(video: Callable[[str], str]) -> Callable[..., Callable[[], ViapiBatchOperator]]:
    """A batch whose items render differently each time, as with a macro that signs links."""

    def of(*contents: str, **arguments: Any) -> Callable[[], ViapiBatchOperator]:
        renderings = count()

        def make() -> ViapiBatchOperator:
            rendering = next(renderings)
            items = [{"video_url": f"{video(content)}?rendering={rendering}"} for content in contents]
            return ViapiBatchOperator(
                task_id="erase_all",
                operator=EraseVideoSubtitlesOperator,
                **{"items": items, "deferrable": True, **arguments},
            )

        return make

    return of


def test_items_that_render_differently_after_each_wake_up_are_not_submitted_again(
    emulator: EmulatorServer, signed: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.fault(action=EVERY, job={"processing": 2}, times=4)
    run = run_batch(signed("a", "b", "c", "d"), Store(), early_wake_ups=5)

    assert len(accepted(emulator)) == 4
    assert len(run.triggers) >= 6
    assert [row["index"] for row in run.rows] == [0, 1, 2, 3]
    assert all(row["error"] is None for row in run.rows)
    assert capsys.readouterr().out.count("The items render differently") == 1


def test_items_that_render_differently_before_all_are_submitted_fail_the_task_without_retry(
    emulator: EmulatorServer, signed: Make, tmp_path: Path
) -> None:
    emulator.fault(action=EVERY, job={"processing": 60}, times=2)
    make = signed("a", "b", "c", "d", max_in_flight=2, land_to=f"file://{tmp_path}/{{index}}{{ext}}")

    with pytest.raises(
        AirflowFailException,
        match="2 of 4 items were not submitted, because the items render differently after each wake-up",
    ):
        run_batch(make, Store(), between=lambda run: emulator.clear_faults())

    assert len(accepted(emulator)) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.mp4", "1.mp4"]


def test_items_that_cannot_be_built_after_a_wake_up_still_collect_what_was_submitted(
    emulator: EmulatorServer, batch: Make
) -> None:
    make = batch("a", "b")
    made: list[ViapiBatchOperator] = []

    def fail_later() -> ViapiBatchOperator:
        operator = make()
        if made:
            operator.items = None
        made.append(operator)
        return operator

    run = run_batch(fail_later, Store())

    assert len(accepted(emulator)) == 2
    assert [row["error"] for row in run.rows] == [None, None]


CHANGES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "reversed": lambda items: items[::-1],
    "two exchanged": lambda items: [items[1], items[0], *items[2:]],
    "fewer": lambda items: items[:2],
    "one more": lambda items: [*items, {"video_url": "http://h/more.mp4"}],
    "each twice": lambda items: items + items,
    "other arguments": lambda items: [{**item, "bx": 0.2} for item in items],
    "none": lambda items: [],
    "no list": lambda items: "items",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("max_in_flight", [4, 2])
def test_items_that_change_while_a_batch_waits_are_never_submitted(
    emulator: EmulatorServer, video: Callable[[str], str], change: str, max_in_flight: int
) -> None:
    emulator.fault(action=EVERY, times=None, job={"processing": 60})
    items = [{"video_url": video(content)} for content in "abcd"]
    made: list[ViapiBatchOperator] = []

    def make() -> ViapiBatchOperator:
        operator = ViapiBatchOperator(
            task_id="erase_all",
            operator=EraseVideoSubtitlesOperator,
            items=items,
            deferrable=True,
            max_in_flight=max_in_flight,
        )
        if made:
            operator.items = CHANGES[change](items)
        made.append(operator)
        return operator

    def release(run: BatchRun) -> None:
        emulator.clear_faults()

    if max_in_flight == 4:
        rows = run_batch(make, Store(), early_wake_ups=3, between=release).rows
        films = {job["job_id"]: job["request"]["VideoUrl"] for job in emulator.jobs()}
        assert [films[row["job_id"]] for row in rows] == [item["video_url"] for item in items]
    else:
        with pytest.raises(AirflowFailException, match="2 of 4 items were not submitted"):
            run_batch(make, Store(), early_wake_ups=3, between=release)

    assert accepted(emulator) == [item["video_url"] for item in items[:max_in_flight]]


def test_nothing_is_submitted_after_the_task_was_stopped(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = batch("a", "b", "c", deferrable=False)()
    monkeypatch.setattr(cancel_decision, "current_state", lambda _: "running")
    store = Store()
    write = store.set

    def stop_after_the_first_job(key: str, value: Any) -> None:
        write(key, value)
        if len(store.writes) == 4:
            operator.on_kill()

    monkeypatch.setattr(store, "set", stop_after_the_first_job)

    with pytest.raises(ServiceError, match="was stopped"):
        run_batch(lambda: operator, store)

    assert len(accepted(emulator)) == 1


def test_a_stop_ends_the_backoff_of_throttled_submissions(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.fault(action=EVERY, code="Throttling.User", times=None)
    monkeypatch.setattr(cancel_decision, "current_state", lambda _: "running")
    operator = batch("a", deferrable=False)()
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        operator.on_kill()

    set_timing(monkeypatch, replace(TIMING, sleep=sleep))

    with pytest.raises(ServiceError, match="was stopped"):
        run_batch(lambda: operator, Store())

    assert accepted(emulator) == []
    assert len(pauses) == 1


def test_a_failed_item_has_a_log_line_even_if_the_batch_succeeds(
    emulator: EmulatorServer, batch: Make, video: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [{"video_url": video("a")}, {"video_url": f"{video('refuse')}?Signature=s3cr3t&Expires=1"}]

    run_batch(
        lambda: ViapiBatchOperator(
            task_id="t", operator=EraseVideoSubtitlesOperator, items=items, max_failed=1
        ),
        Store(),
    )

    lines = [line for line in capsys.readouterr().out.splitlines() if "Failed: item 1" in line]
    assert len(lines) == 1
    assert f"({video('refuse')}): InvalidFile.Decode" in lines[0]
    assert "s3cr3t" not in lines[0]


def test_the_output_of_a_mapped_task_is_accepted_as_a_lazy_sequence(
    emulator: EmulatorServer, batch: Make, video: Any
) -> None:
    class LazySequence(Sequence[Any]):
        """As Airflow's LazyXComSequence: each access is a call to the API server."""

        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: Any) -> Any:
            if index >= 3:
                raise IndexError
            return {"video_url": video("abc"[index])}

    def make() -> ViapiBatchOperator:
        operator = batch("a")()
        operator.items = LazySequence()
        return operator

    assert [row["error"] for row in run_batch(make, Store()).rows] == [None] * 3


def test_prices_that_cannot_be_read_keep_no_retry_from_its_jobs_but_every_batch_from_new_ones(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    emulator.fault(action=EVERY, job={"processing": 0.5}, times=None)

    def lose_worker(run: BatchRun) -> None:
        raise WorkerLost

    with pytest.raises(WorkerLost):
        run_batch(batch("a", "b"), store, between=lose_worker)
    monkeypatch.setenv("AIRFLOW__VIAPI__PRICES", "{broken")

    with pytest.raises(ServiceError, match=r"\[viapi\] prices"):
        run_batch(batch("a", "b", "c"), store, try_number=2)
    assert all(row["error"] is None for row in run_batch(batch("a", "b"), store, try_number=3).rows)
    assert len(accepted(emulator)) == 2


def test_without_a_durable_store_a_batch_with_an_item_in_doubt_is_not_retried(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, drop="after")
    emulator.fault(action="QueryAsyncJobList", code="Forbidden.NotAuthorized")

    with pytest.raises(AirflowFailException, match="item 0: SubmissionInDoubt"):
        run_batch(batch("a", "b"), None)


def test_a_land_to_that_becomes_none_during_the_wait_fails_the_batch_and_its_retry_stores_the_results(
    emulator: EmulatorServer, batch: Make, tmp_path: Path
) -> None:
    emulator.fault(action=EVERY, job={"processing": 0.5}, times=None)
    store, destinations = Store(), [f"file://{tmp_path}/", None, f"file://{tmp_path}/"]

    def make() -> ViapiBatchOperator:
        with DAG("dag", schedule=None, render_template_as_native_obj=True) as dag:
            operator = batch("a", "b", land_to="{{ destination }}")()
        destination = destinations.pop(0) if destinations else f"file://{tmp_path}/"
        context: Any = {"ti": TaskInstance(), "destination": destination}
        operator.render_template_fields(context, jinja_env=dag.get_template_env())
        return operator

    with pytest.raises(ServiceError, match="land_to renders to None after the wait"):
        run_batch(make, store)
    run = run_batch(make, store, try_number=2)

    assert len(list(tmp_path.iterdir())) == 2
    assert all(row["result"]["landed"] for row in run.rows)
    assert len(accepted(emulator)) == 2
