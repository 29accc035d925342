"""Many jobs in one task: each item is paid for once, whatever happens to the task."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, Asset

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, SubmissionInDoubt
from airflow_provider_viapi.jobs import poller
from airflow_provider_viapi.jobs.batch_report import BatchFailed
from airflow_provider_viapi.operators import batch as operators_batch
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.durability import XComClaims
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from emulator import fake_media
from operators.run_batch import BatchRun, Store, WorkerLost, live
from run_task import TaskInstance
from served_folder import ServedFolder
from skipping_clock import skip_waits

EVERY = "EraseVideoSubtitles"


@pytest.fixture(scope="module")
def running() -> Iterator[EmulatorServer]:
    with EmulatorServer(transforms=fake_media.TRANSFORMS) as server:
        yield server


@pytest.fixture
def emulator(running: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    running.reset()
    fields = json.loads(running.connection_json())
    fields["extra"] |= {"submit_qps": 1000, "poll_qps": 1000, "list_jobs": "never"}
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
    monkeypatch.setattr(poller.Backoff, "interval", lambda self, asked: 0.01)
    skip_waits(monkeypatch, speed=10)
    return running


@pytest.fixture
def video(served: ServedFolder) -> Callable[[str], str]:
    def put(content: str) -> str:
        name = f"{content.replace(' ', '-')}.mp4"
        if not (served.path / name).exists():  # a job of an earlier try may be reading it
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
            operator=EraseVideoSubtitlesOperator,
            **{"items": items, "deferrable": True, **arguments},
        )

    return of


def accepted(emulator: EmulatorServer) -> list[str]:
    return [job["request"]["VideoUrl"] for job in emulator.jobs()]


BOTH = pytest.mark.parametrize("deferrable", [True, False])


@BOTH
def test_a_row_for_each_item_in_their_order(emulator: EmulatorServer, batch: Make, deferrable: bool) -> None:
    life = live(batch("a", "b", "c", "d", "e", max_in_flight=2, deferrable=deferrable), Store())

    assert [row["index"] for row in life.rows] == [0, 1, 2, 3, 4]
    jobs = {job["job_id"]: job["request"]["VideoUrl"] for job in emulator.jobs()}
    assert [jobs[row["job_id"]].rpartition("/")[2][0] for row in life.rows] == list("abcde")
    assert all(row["result"]["VideoUrl"].startswith(emulator.url) for row in life.rows)
    assert all(row["state"] == "PROCESS_SUCCESS" and row["error"] is None for row in life.rows)
    assert life.pushed["progress"] == {"done": 5, "failed": 0, "running": 0, "left": 0}
    assert (len(life.triggers) >= 3) is deferrable


def test_no_more_jobs_run_than_may(emulator: EmulatorServer, batch: Make) -> None:
    def see(life: BatchRun) -> None:
        assert len(life.triggers[-1]["job_ids"]) <= 2

    live(batch("a", "b", "c", "d", "e", max_in_flight=2), Store(), between=see)

    assert len(accepted(emulator)) == 5


def test_the_same_request_twice_is_two_jobs(emulator: EmulatorServer, batch: Make) -> None:
    life = live(batch("a", "a", "b"), Store())

    assert len({row["job_id"] for row in life.rows}) == 3


def test_what_the_items_share_goes_into_each_and_an_items_own_comes_first(
    emulator: EmulatorServer, video: Callable[[str], str]
) -> None:
    items = [{"video_url": video("a")}, {"video_url": video("b"), "bh": 0.5}]
    live(
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
def test_what_fails_is_a_row_and_the_others_go_on(
    emulator: EmulatorServer, batch: Make, deferrable: bool
) -> None:
    life = live(batch("a", "refuse", "c", max_failed=1, deferrable=deferrable), Store())

    assert [row["error"] and row["error"]["code"] for row in life.rows] == [None, "InvalidFile.Decode", None]
    assert life.rows[1]["state"] == "PROCESS_FAILED"
    assert life.rows[1]["result"] is None


def test_one_more_failure_than_may_be_fails_the_task_and_is_named(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, job={"state": "TIMEOUT_FAILED", "code": "Timeout", "message": "too slow"})

    with pytest.raises(
        BatchFailed, match=r"1 of 2 items failed, allowed are 0\. item 0: Timeout: .*too slow"
    ):
        live(batch("a", "b"), Store())


def test_when_too_many_have_failed_no_more_are_submitted(emulator: EmulatorServer, batch: Make) -> None:
    with pytest.raises(AirflowFailException, match="3 of 4 items were not submitted"):
        live(batch("refuse", "b", "c", "d", max_in_flight=1), Store())

    assert len(accepted(emulator)) == 1


def test_what_no_retry_can_mend_fails_without_one(emulator: EmulatorServer, batch: Make) -> None:
    with pytest.raises(AirflowFailException, match="BatchFailed"):
        live(batch("a", "refuse"), Store())


def test_a_retry_submits_only_what_has_failed(emulator: EmulatorServer, batch: Make) -> None:
    emulator.fault(action=EVERY, job={"state": "TIMEOUT_FAILED", "code": "Timeout", "message": "too slow"})
    store = Store()
    with pytest.raises(BatchFailed):
        live(batch("a", "b", "c"), store)
    first = [job["job_id"] for job in emulator.jobs()]

    life = live(batch("a", "b", "c"), store, try_number=2)

    assert len(accepted(emulator)) == 4
    assert [row["job_id"] in first for row in life.rows] == [False, True, True]
    assert all(row["error"] is None for row in life.rows)


def test_a_retry_leaves_what_no_retry_can_mend(emulator: EmulatorServer, batch: Make) -> None:
    emulator.fault(action=EVERY, job={"state": "TIMEOUT_FAILED", "code": "Timeout", "message": "too slow"})
    store = Store()
    with pytest.raises(BatchFailed, match="2 of 3"):
        live(batch("a", "refuse", "c", max_failed=1), store)

    life = live(batch("a", "refuse", "c", max_failed=1), store, try_number=2)

    assert len(accepted(emulator)) == 4
    assert [bool(row["error"]) for row in life.rows] == [False, True, False]


def test_a_person_has_only_the_failed_done_again(emulator: EmulatorServer, batch: Make, video: Any) -> None:
    store = Store()
    with pytest.raises(AirflowFailException):
        live(batch("a", "refuse", "c"), store)

    with pytest.raises(AirflowFailException):
        live(batch("a", "refuse", "c"), store, try_number=2, max_tries=4)

    assert [address.rpartition("/")[2] for address in accepted(emulator)] == [
        *("a.mp4", "refuse.mp4", "c.mp4", "refuse.mp4")
    ]


def test_a_batch_that_a_person_clears_after_its_success_is_done_anew(
    emulator: EmulatorServer, batch: Make
) -> None:
    store = Store()
    live(batch("a", "b"), store)

    live(batch("a", "b"), store, try_number=2, max_tries=4)

    assert len(accepted(emulator)) == 4
    assert not [key for key in store.kept if key.startswith("viapi_batch_0")]


def test_a_worker_lost_after_the_rows_were_returned_costs_nothing(
    emulator: EmulatorServer, batch: Make
) -> None:
    store = Store()
    first = live(batch("a", "b"), store)

    again = live(batch("a", "b"), store, try_number=2)

    assert again.rows == first.rows
    assert len(accepted(emulator)) == 2


@pytest.mark.parametrize("lost_after", [False, True])
@pytest.mark.parametrize("lost_at_write", range(1, 13))
def test_whenever_the_worker_is_lost_each_item_is_paid_for_once(
    emulator: EmulatorServer, batch: Make, lost_at_write: int, lost_after: bool
) -> None:
    store = Store()
    store.lost_at_write, store.lost_after = lost_at_write, lost_after
    make = batch("a", "b", "c", "d", max_in_flight=2)
    try:
        life = live(make, store)
    except WorkerLost:
        life = live(make, store, try_number=2)

    assert sorted(accepted(emulator)) == sorted(set(accepted(emulator)))
    assert len(accepted(emulator)) == 4
    assert [row["index"] for row in life.rows] == [0, 1, 2, 3]
    assert all(row["error"] is None for row in life.rows)


def test_a_lost_answer_in_the_middle_is_found_out(emulator: EmulatorServer, batch: Make) -> None:
    def lose_the_next(life: BatchRun) -> None:
        if len(life.triggers) == 1:
            emulator.fault(action=EVERY, drop="after")

    life = live(batch("a", "b", "c", "d", max_in_flight=2), Store(), between=lose_the_next)

    assert len(accepted(emulator)) == 4
    assert all(row["error"] is None for row in life.rows)


def test_an_item_in_doubt_is_a_row_and_its_intent_is_kept(emulator: EmulatorServer, batch: Make) -> None:
    store = Store()
    emulator.fault(action=EVERY, drop="after")
    emulator.fault(action="QueryAsyncJobList", code="Forbidden.NotAuthorized")
    emulator.fault(
        action=EVERY, job={"state": "TIMEOUT_FAILED", "code": "Timeout", "message": "slow"}, times=2
    )
    with pytest.raises(BatchFailed, match="item 0: SubmissionInDoubt"):
        live(batch("a", "b", max_failed=1), store)
    assert len(accepted(emulator)) == 2
    emulator.clear_faults()

    life = live(batch("a", "b", max_failed=1), store, try_number=2)

    # Its own job is found, although the other item has had one at the same time that failed as well.
    assert [address.rpartition("/")[2] for address in accepted(emulator)] == ["a.mp4", "b.mp4", "b.mp4"]
    assert life.rows[0]["job_id"] == emulator.jobs()[0]["job_id"]
    assert [row["error"] and row["error"]["code"] for row in life.rows] == ["Timeout", None]


def test_an_item_is_submitted_anew_once_in_spite_of_a_doubt_and_not_as_often_as_an_answer_is_lost(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second sending of each request is lost as well, and the list is not to be had.
    emulator.fault(action=EVERY, status=502, performed=True, times=None)
    emulator.fault(action="QueryAsyncJobList", code="Forbidden.NotAuthorized", times=None)

    with pytest.raises(BatchFailed, match="item 0: SubmissionInDoubt"):
        live(batch("a", on_doubt="resubmit", deferrable=False), Store())

    assert len(accepted(emulator)) == 2


def test_two_items_in_doubt_are_never_taken_for_each_other(emulator: EmulatorServer, batch: Make) -> None:
    store = Store()
    emulator.fault(action=EVERY, drop="after", times=2)
    # The second sending of the same request is dropped as well, and the list is not to be had.
    emulator.fault(action="QueryAsyncJobList", code="Forbidden.NotAuthorized", times=2)
    with pytest.raises(BatchFailed, match="SubmissionInDoubt"):
        live(batch("a", max_failed=0), store)
    emulator.fault(action=EVERY, drop="after", times=2)

    with pytest.raises((BatchFailed, SubmissionInDoubt)):
        live(batch("b"), store, try_number=2)

    assert len(accepted(emulator)) == 2


def test_a_list_in_another_order_still_finds_its_jobs(emulator: EmulatorServer, batch: Make) -> None:
    store = Store()
    store.lost_at_write, store.lost_after = 4, True
    with pytest.raises(WorkerLost):
        live(batch("a", "b", "c"), store)

    life = live(batch("c", "b", "a"), store, try_number=2)

    assert len(accepted(emulator)) == 3
    jobs = {job["job_id"]: job["request"]["VideoUrl"] for job in emulator.jobs()}
    assert [jobs[row["job_id"]].rpartition("/")[2][0] for row in life.rows] == ["c", "b", "a"]


def test_the_job_of_an_item_that_was_changed_is_cancelled_if_it_queues(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, job={"queued": 60}, times=2)
    store = Store()
    store.lost_at_write, store.lost_after = 4, True
    with pytest.raises(WorkerLost):
        live(batch("a", "b"), store)

    def let_go(life: BatchRun) -> None:
        emulator.clear_faults()

    life = live(batch("a", "changed"), store, try_number=2, between=let_go)

    assert [job["status"] for job in emulator.jobs()] == [
        "PROCESS_SUCCESS",
        "JOB_CANCELED",
        "PROCESS_SUCCESS",
    ]
    assert [row["error"] for row in life.rows] == [None, None]


def test_throttled_submissions_are_made_later(emulator: EmulatorServer, batch: Make) -> None:
    emulator.fault(action=EVERY, code="Throttling.User", times=3)

    live(batch("a", "b", deferrable=False), Store())

    assert len(accepted(emulator)) == 2


def test_a_refusal_that_would_hit_all_stops_the_batch_and_collects_what_runs(
    emulator: EmulatorServer, batch: Make
) -> None:
    store = Store()

    def close(life: BatchRun) -> None:
        emulator.fault(action=EVERY, code="InvalidApi.NotPurchase", times=None)

    with pytest.raises(AirflowFailException, match="NotPurchase"):
        live(batch("a", "b", "c", "d", max_in_flight=2), store, between=close)

    assert len(accepted(emulator)) == 2
    emulator.clear_faults()
    life = live(batch("a", "b", "c", "d"), store, try_number=2)
    assert len(accepted(emulator)) == 4
    assert all(row["error"] is None for row in life.rows)


@BOTH
def test_a_job_whose_time_is_over_is_cancelled_if_it_queues(
    emulator: EmulatorServer, batch: Make, deferrable: bool
) -> None:
    emulator.fault(action=EVERY, job={"queued": 60})
    make = batch("a", "b", job_timeout=timedelta(seconds=2), deferrable=deferrable, max_failed=1)

    life = live(make, Store())

    assert life.rows[0]["error"]["class"] == "JobTimedOut"
    assert life.rows[1]["error"] is None
    assert emulator.jobs()[0]["status"] == "JOB_CANCELED"


def test_without_a_task_state_store_the_worker_waits_and_says_what_is_lost(
    emulator: EmulatorServer, batch: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    life = live(batch("a", "b", "c", max_in_flight=2), None)

    assert life.triggers == []
    assert len(life.rows) == 3
    assert "keeps no task state" in capsys.readouterr().out


def test_an_empty_list_of_another_task_is_no_work(emulator: EmulatorServer, batch: Make) -> None:
    def make() -> ViapiBatchOperator:
        operator = batch("a")()
        operator.items = []
        return operator

    assert live(make, Store()).rows == []


def test_the_log_does_not_grow_with_the_items(
    emulator: EmulatorServer, batch: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    live(batch(*(f"v{number}" for number in range(30)), deferrable=False, max_in_flight=30), Store())

    log = capsys.readouterr().out
    # Airflow 2 shows what httpx and urllib3 tell of each call, too.
    assert len([line for line in log.splitlines() if "HTTP/1.1" not in line]) < 10
    assert "Batch of 30: 30 done, 0 failed, 0 running, 0 left" in log


def test_each_result_lands_as_it_comes(emulator: EmulatorServer, batch: Make, tmp_path: Path) -> None:
    make = batch("a", "b", "refuse", land_to=f"file://{tmp_path}/{{index}}{{ext}}", max_failed=1)

    life = live(make, Store())

    assert [row["result"] for row in life.rows] == [
        {"landed": {"VideoUrl": f"file://{tmp_path}/0.mp4"}},
        {"landed": {"VideoUrl": f"file://{tmp_path}/1.mp4"}},
        None,
    ]
    assert (tmp_path / "1.mp4").read_text() == "b"


def test_several_results_never_land_under_one_name(
    batch: Make, emulator: EmulatorServer, tmp_path: Path
) -> None:
    make = batch("a", "b", land_to=f"file://{tmp_path}/film.mp4")

    with pytest.raises(InvalidRequest, match=r"land_to is .*film\.mp4.*\{index\}"):
        make()

    single = batch("a", land_to=f"file://{tmp_path}/film.mp4", deferrable=False)
    assert live(single, Store()).rows[0]["result"]["landed"] == {"VideoUrl": f"file://{tmp_path}/film.mp4"}


def test_a_place_that_nothing_opens_is_refused_before_anything_is_submitted(
    emulator: EmulatorServer, batch: Make
) -> None:
    with pytest.raises(AirflowFailException, match="place to land at is"):
        live(batch("a", "b", land_to="nosuch://bucket/"), Store())

    assert accepted(emulator) == []


@BOTH
def test_the_outlets_are_told_of_all_that_has_landed(
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

    life = live(make, Store())

    assert life.outlet_events[folder].extra == {
        "landed": {
            "0.VideoUrl": f"file://{tmp_path}/films/0.mp4",
            "2.VideoUrl": f"file://{tmp_path}/films/2.mp4",
        }
    }


def test_other_tasks_are_told_which_jobs_it_holds(emulator: EmulatorServer, batch: Make) -> None:
    emulator.fault(action=EVERY, job={"processing": 1}, times=2)
    told: list[list[str]] = []

    life = live(batch("a", "b"), Store(), between=lambda life: told.append(list(life.pushed["job_ids"])))

    assert sorted(told[0]) == sorted(job["job_id"] for job in emulator.jobs())
    assert life.pushed["job_ids"] == []


def test_a_task_in_doubt_does_not_take_what_a_batch_holds_for_its_own() -> None:
    class Instance(TaskInstance):
        def xcom_pull(self, *, task_ids: Any, key: str, **_: Any) -> Any:
            if isinstance(task_ids, str):
                return "J-MINE"
            return {"job_id": ["J-MINE", "J-1", None], "job_ids": [None, ["J-2", "J-3"], []]}.get(key)

    context: Any = {"ti": Instance(), "dag": SimpleNamespace(tasks=[])}

    assert XComClaims(context).others().job_ids == {"J-1", "J-2", "J-3"}


def test_a_job_that_another_task_claims_as_well_is_held_by_another() -> None:
    class Instance(TaskInstance):
        def xcom_pull(self, *, task_ids: Any, key: str, **_: Any) -> Any:
            if isinstance(task_ids, str):
                return "J-1"
            return ["J-1", "J-1", ["of", "another", "operator"]] if key == "job_id" else []

    context: Any = {"ti": Instance(), "dag": SimpleNamespace(tasks=[])}

    assert "J-1" in XComClaims(context).others().job_ids


def test_a_result_that_could_not_land_is_landed_by_the_retry(
    emulator: EmulatorServer, batch: Make, tmp_path: Path
) -> None:
    store = Store()
    (tmp_path / "folder").write_text("This is in the way.")
    make = batch("a", "b", land_to=f"file://{tmp_path}/folder/{{index}}{{ext}}")
    with pytest.raises(BatchFailed, match=r"2 of 2 items failed.*NotLanded"):
        live(make, store)
    (tmp_path / "folder").unlink()

    life = live(make, store, try_number=2)

    assert len(accepted(emulator)) == 2
    assert [row["error"] for row in life.rows] == [None, None]
    assert (tmp_path / "folder" / "1.mp4").read_text() == "b"


@pytest.mark.parametrize(("is_terminal", "state"), [(True, "JOB_CANCELED"), (False, "QUEUING")])
def test_a_worker_that_is_told_to_stop_cancels_only_for_a_person(
    emulator: EmulatorServer, batch: Make, monkeypatch: pytest.MonkeyPatch, is_terminal: bool, state: str
) -> None:
    emulator.fault(action=EVERY, job={"queued": 60}, times=3)
    monkeypatch.setattr(operators_batch, "is_terminal", lambda instance: is_terminal)
    operator = batch("a", "b", "c", deferrable=False)()

    def kill() -> None:
        while len(emulator.jobs()) < 3:
            time.sleep(0.05)
        operator.on_kill()

    killing = threading.Thread(target=kill)
    killing.start()
    with pytest.raises(ServiceError, match="was stopped"):
        live(lambda: operator, Store())
    killing.join()

    assert {job["status"] for job in emulator.jobs()} == {state}


def test_when_the_task_s_own_time_is_over_what_queues_is_cancelled_and_the_rest_named(
    emulator: EmulatorServer, batch: Make
) -> None:
    emulator.fault(action=EVERY, job={"queued": 60}, times=2)
    make = batch("a", "b", "c", max_in_flight=2, execution_timeout=timedelta(seconds=3))

    with pytest.raises(
        BatchFailed, match=r"2 of 3 items failed, allowed are 0; 1 of 3 items were not submitted"
    ):
        live(make, Store())

    assert [job["status"] for job in emulator.jobs()] == ["JOB_CANCELED", "JOB_CANCELED"]
