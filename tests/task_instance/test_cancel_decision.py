"""Who cancels the queued jobs of a task that was stopped: decided by the task's state and by where state is kept."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.state.stores import AirflowStore
from airflow_provider_viapi.task_instance import cancel_decision, xcoms
from airflow_provider_viapi.task_instance.cancel_decision import TERMINAL, jobs_to_cancel, worker_must_cancel
from airflow_provider_viapi.triggers.job import ViapiJobTrigger
from run_task import TaskInstance, run_task

LOG = logging.getLogger(__name__)
CLEARED = (None, "scheduled", "queued", "restarting")
ERASE = "EraseVideoSubtitles"


def is_in(
    state: str | None, monkeypatch: pytest.MonkeyPatch, published: str | list[str] | None = "job"
) -> None:
    monkeypatch.setattr(cancel_decision, "current_state", lambda _: state)
    monkeypatch.setattr(xcoms, "read_xcom", lambda _, key: published)


def cancelled(*job_ids: str, survives_clear: bool = False) -> list[str]:
    cancelling = jobs_to_cancel(object(), job_ids, LOG, published_as="key", survives_clear=survives_clear)
    return list(asyncio.run(cancelling))


def trigger_cancels(*, survives_clear: bool) -> bool:
    return cancelled("job", survives_clear=survives_clear) == ["job"]


def worker_cancels(*, is_persistent: bool, survives_clear: bool) -> bool:
    return worker_must_cancel(object(), TERMINAL, is_persistent=is_persistent, survives_clear=survives_clear)


@pytest.mark.parametrize("survives_clear", [True, False])
@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_jobs_of_a_task_that_a_user_ended_are_cancelled(
    monkeypatch: pytest.MonkeyPatch, state: str, survives_clear: bool
) -> None:
    is_in(state, monkeypatch)

    assert trigger_cancels(survives_clear=survives_clear)
    assert worker_cancels(is_persistent=True, survives_clear=survives_clear)


@pytest.mark.parametrize("survives_clear", [True, False])
def test_jobs_of_a_task_whose_triggerer_stops_are_kept(
    monkeypatch: pytest.MonkeyPatch, survives_clear: bool
) -> None:
    is_in("deferred", monkeypatch)

    assert not trigger_cancels(survives_clear=survives_clear)


@pytest.mark.parametrize(
    ("published", "unwanted"),
    [("new", ["a", "b"]), ("a", ["b"]), (["b", "new"], ["a"]), (["a", "b"], []), (None, ["a", "b"])],
)
def test_jobs_of_a_cleared_task_that_has_deferred_again_are_cancelled_if_it_does_not_wait_for_them(
    monkeypatch: pytest.MonkeyPatch, published: str | list[str] | None, unwanted: list[str]
) -> None:
    is_in("deferred", monkeypatch, published)

    assert cancelled("a", "b") == unwanted
    assert cancelled("a", "b", survives_clear=True) == []


@pytest.mark.parametrize(("status", "unwanted"), [(403, ["a", "b"]), (410, ["a", "b"]), (500, None)])
def test_jobs_of_an_attempt_whose_xcoms_airflow_no_longer_shows_are_cancelled(
    monkeypatch: pytest.MonkeyPatch, status: int, unwanted: list[str] | None
) -> None:
    """Airflow 3.4 refuses the trigger of an earlier attempt to read XComs; any other failure proves nothing."""
    exceptions = pytest.importorskip("airflow.sdk.exceptions", reason="Airflow 2 has no such error")
    comms = pytest.importorskip("airflow.sdk.execution_time.comms")
    detail = {"status_code": status, "detail": {"detail": {"reason": "access_denied"}}}

    def refuse(*_: object) -> None:
        error = comms.ErrorResponse(error=exceptions.ErrorType.API_SERVER_ERROR, detail=detail)
        raise exceptions.AirflowRuntimeError(error)

    is_in("deferred", monkeypatch)
    monkeypatch.setattr(xcoms, "read_xcom", refuse)

    if unwanted is None:
        with pytest.raises(exceptions.AirflowRuntimeError):
            cancelled("a", "b")
    else:
        assert cancelled("a", "b") == unwanted


@pytest.mark.parametrize("state", CLEARED)
def test_jobs_of_a_cleared_task_are_cancelled_if_its_next_attempt_cannot_find_them(
    monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    is_in(state, monkeypatch)

    assert trigger_cancels(survives_clear=False)
    assert worker_cancels(is_persistent=True, survives_clear=False)
    assert not trigger_cancels(survives_clear=True)
    assert not worker_cancels(is_persistent=True, survives_clear=True)


def test_a_worker_that_is_shut_down_cancels_only_what_no_retry_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    is_in("running", monkeypatch)

    assert worker_cancels(is_persistent=False, survives_clear=False)
    assert not worker_cancels(is_persistent=True, survives_clear=False)


def test_jobs_are_kept_when_airflow_does_not_answer_a_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Airflow 3.2 a triggerer that stops reads no answers any more when it stops its triggers."""
    task_runner = pytest.importorskip(
        "airflow.sdk.execution_time.task_runner", reason="On Airflow 2 a trigger reads the database"
    )

    class ClosedComms:
        _reader_task: Any = None

        async def asend(self, message: Any) -> Any:
            await asyncio.get_running_loop().create_future()

    comms = ClosedComms()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", comms, raising=False)

    async def ask() -> list[str]:
        reader = asyncio.ensure_future(asyncio.sleep(0))
        await reader
        comms._reader_task = reader
        instance = type("Instance", (), {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1})
        return list(await jobs_to_cancel(instance, ["job"], LOG, published_as="job_id", survives_clear=False))

    assert asyncio.run(ask()) == []


@pytest.mark.parametrize(("version", "survives"), [("3.3.2", True), ("3.4.0b2", False), ("4.0.0", False)])
def test_airflows_own_store_is_emptied_by_a_clear_from_3_4_on(
    monkeypatch: pytest.MonkeyPatch, version: str, survives: bool
) -> None:
    import airflow

    monkeypatch.setattr(airflow, "__version__", version)

    assert AirflowStore(accessor=None).survives_clear is survives


@pytest.mark.parametrize(
    ("durable", "state_path", "survives"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_trigger_knows_whether_the_next_attempt_finds_its_job(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    viapi_emulator: Any,
    durable: bool,
    state_path: bool,
    survives: bool,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    if state_path:
        monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}")
    task = EraseVideoSubtitlesOperator(
        task_id="erase", video_url="http://127.0.0.1:9/a.mp4", deferrable=True, durable=durable
    )
    context: Any = {"ti": TaskInstance(), "dag": SimpleNamespace(tasks=[])}

    with pytest.raises(TaskDeferred) as deferral:
        task.execute(context)

    assert deferral.value.trigger.serialize()[1]["survives_clear"] is survives


def test_clearing_cancels_a_queued_job_that_nobody_would_resume(
    monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    viapi_emulator.fault(action=ERASE, job={"queued": 60}, times=None)
    submit = EraseVideoSubtitlesOperator(
        task_id="erase", video_url="http://127.0.0.1:9/a.mp4", wait_for_completion=False
    )
    kept, cancelled = run_task(submit).result, run_task(submit).result
    is_in("scheduled", monkeypatch)

    for job_id, survives_clear in ((kept, True), (cancelled, False)):
        waiting = ViapiJobTrigger(
            job_id=job_id,
            action=f"videoenhan.{ERASE}",
            deadline=(datetime.now(timezone.utc) + timedelta(seconds=60)).isoformat(),
            survives_clear=survives_clear,
        )
        asyncio.run(waiting.on_kill())

    states = {job["job_id"]: job["status"] for job in viapi_emulator.jobs()}
    assert (states[kept], states[cancelled]) == ("QUEUING", "JOB_CANCELED")
