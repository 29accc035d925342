"""Slots to submit: a task whose slot is far off leaves its worker, and has neither recorded nor sent anything."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_viapi.errors import BatchFailed, ConnectionFailed, Throttled, TransientError
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.task.attempt import attempt_context_of
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from operators.run_batch import Store as BatchStore, run_batch
from operators.test_paid_once import DONE, VIDEO, Store, accepted, says, state, submissions
from run_task import TaskInstance, context_of, deferral_of, run_task
from scripted_server import Answer, ScriptedServer, scripted_server
from skipping_clock import SkippingClock
from timing import poll_quickly, skip_waits


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SkippingClock:
    poll_quickly(monkeypatch)
    return skip_waits(monkeypatch)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, clock: SkippingClock) -> Iterator[ScriptedServer]:
    """Yield a service whose account may submit one job in 100 seconds."""
    with scripted_server(Answer(500)) as server:
        extra = {"endpoint": server.url, "submit_qps": 0.01}
        # Slots belong to an account, for all processes of a machine.
        fields = {"conn_type": "viapi", "login": f"key-{uuid4()}", "password": "s", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
        yield server


def erase(**arguments: Any) -> EraseVideoSubtitlesOperator:
    return EraseVideoSubtitlesOperator(task_id="erase", video_url=VIDEO, **arguments)


def context_with(store: Store) -> Any:
    return context_of(TaskInstance(), store)


def resume(task: EraseVideoSubtitlesOperator, context: Any, kwargs: dict[str, Any] | None) -> Any:
    """Continue a task that has deferred for its slot, as Airflow does."""
    return task.resume_execution("execute_at_slot", {"event": None, **(kwargs or {})}, context)


def take_slots(service: ScriptedServer, count: int, now: Callable[[], float] = time.time) -> None:
    """Let other tasks take the slots of the next minutes.

    :param now: their time, in seconds since 1970
    """
    for _ in range(count):
        ViapiHook().quota.submit_limiter(
            "videoenhan.EraseVideoSubtitles", 0.01, lambda seconds: None, now
        ).reserve()


def test_a_deferrable_task_leaves_its_worker_until_its_slot_and_then_submits_once(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    take_slots(service, 3)
    store, task = Store(), erase(deferrable=True)

    with pytest.raises(TaskDeferred) as left:
        task.execute(context_with(store))

    assert submissions(service) == 0
    assert not any("intent" in key or "J-1" in value for key, value in store.kept.items())
    assert left.value.method_name == "execute_at_slot"
    kwargs = json.loads(json.dumps(left.value.kwargs))
    clock.sleep(kwargs["deferral"]["at"] - clock.now().timestamp() - 5)
    with pytest.raises(TaskDeferred) as waits:
        resume(erase(deferrable=True), context_with(store), kwargs)
    assert submissions(service) == 1
    assert waits.value.method_name == "execute_complete"


def test_a_task_that_continued_too_late_defers_until_another_slot_or_submits_at_it(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    take_slots(service, 3)
    with pytest.raises(TaskDeferred) as left:
        erase(deferrable=True).execute(context_with(Store()))
    kwargs = json.loads(json.dumps(left.value.kwargs))
    clock.sleep(2000)
    store = Store()

    with pytest.raises(TaskDeferred) as waits:
        resume(erase(deferrable=True), context_with(store), kwargs)

    assert waits.value.method_name == "execute_complete"
    assert submissions(service) == 1


def test_a_deferrable_task_that_lost_its_slot_waits_for_another_one_on_its_worker(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    take_slots(service, 3)
    store = Store()
    with pytest.raises(TaskDeferred):
        erase(deferrable=True).execute(context_with(store))

    # Airflow 3's dag.test() continues without the arguments of the deferral.
    with pytest.raises(TaskDeferred) as waits:
        erase(deferrable=True).execute_at_slot(context_with(store), None)

    assert waits.value.method_name == "execute_complete"
    assert submissions(service) == 1


def test_a_task_that_does_not_defer_waits_and_says_when_its_slot_comes(
    service: ScriptedServer, clock: SkippingClock, capsys: pytest.CaptureFixture[str], caplog: Any
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    take_slots(service, 3)

    run_task(erase(deferrable=False), Store())

    assert submissions(service) == 1
    assert "other tasks submit first, this one in" in capsys.readouterr().out + caplog.text


def test_a_batch_whose_slot_is_far_off_says_when_it_comes_and_submits_each_item_once(
    service: ScriptedServer, clock: SkippingClock, capsys: pytest.CaptureFixture[str], caplog: Any
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")], GetAsyncJobResult=[DONE, DONE])
    take_slots(service, 3)

    def make() -> ViapiBatchOperator:
        items = [{"video_url": VIDEO}, {"video_url": VIDEO}]
        return ViapiBatchOperator(
            task_id="erase_all", operator=EraseVideoSubtitlesOperator, items=items, deferrable=True
        )

    run = run_batch(make, BatchStore())

    assert [row["job_id"] for row in run.rows] == ["J-1", "J-2"]
    assert submissions(service) == 2
    assert "Rate limit: the next item is submitted in" in capsys.readouterr().out + caplog.text


def test_a_batch_that_ends_before_its_slot_gives_it_back(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    """The next submissions do not wait for one in this slot."""
    take_slots(service, 3)
    batch = ViapiBatchOperator(
        task_id="erase_all",
        operator=EraseVideoSubtitlesOperator,
        items=[{"video_url": VIDEO}],
        execution_timeout=timedelta(minutes=1),
    )
    context = context_of(TaskInstance(), BatchStore())

    with pytest.raises(BatchFailed):
        batch.execute(context)

    limiter = batch.hook.submit_limiter(
        "videoenhan.EraseVideoSubtitles", attempt_context_of(context, batch.log, None, bool)
    )
    assert submissions(service) == 0
    assert limiter.saved_slot() == {}


def test_a_slot_after_the_deadline_fails_before_anything_is_paid(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    take_slots(service, 3)
    store = Store()

    with pytest.raises((Throttled, AirflowFailException), match=r"nothing was submitted.* cleared or failed"):
        run_task(erase(deferrable=True, job_timeout=60), store)

    assert submissions(service) == 0


def test_a_deadline_that_is_seconds_away_does_not_wait_for_a_slot_that_comes_seconds_later(
    service: ScriptedServer, clock: SkippingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"endpoint": service.url, "submit_qps": 0.2}
    fields = {"conn_type": "viapi", "login": f"key-{uuid4()}", "password": "s", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
    ViapiHook().quota.submit_limiter("videoenhan.EraseVideoSubtitles", 0.2, lambda seconds: None).reserve()
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])

    assert run_task(erase(deferrable=False, job_timeout=3), Store()).result["VideoUrl"]
    assert submissions(service) == 1


def test_a_missing_package_is_named_before_anything_is_paid(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__QUOTA_URL", "valkey://user:hidden-word@h:6379")

    with pytest.raises(Exception, match=r"quota_url needs a package .*pip install") as refused:
        run_task(erase(), Store())

    assert "hidden-word" not in str(refused.value)
    assert submissions(service) == 0


def test_a_url_that_is_none_is_refused_with_the_name_of_the_setting(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__QUOTA_URL", "postgresql://u:hidden-word@h/d")

    with pytest.raises(Exception, match=r"quota_url in the section \[viapi\] is not the URL") as refused:
        run_task(erase(), Store())

    assert "hidden-word" not in str(refused.value)


def test_a_storage_that_is_down_fails_no_task(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__QUOTA_URL", "redis://127.0.0.1:1/0")
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])

    assert run_task(erase(deferrable=True), Store()).result["VideoUrl"]


def test_a_task_that_is_resumed_after_its_deadline_submits_nothing(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    take_slots(service, 3)
    with pytest.raises(TaskDeferred) as left:
        erase(deferrable=True, job_timeout=3600).execute(context_with(Store()))
    clock.sleep(2 * 3600)

    with pytest.raises(TransientError, match="nothing was submitted"):
        resume(erase(deferrable=True, job_timeout=3600), context_with(Store()), left.value.kwargs)

    assert submissions(service) == 0


def test_a_task_that_fails_before_it_submits_gives_its_slot_back(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    """The next submissions do not wait for one in this slot."""

    class Unreadable(EraseVideoSubtitlesOperator):
        def prepare_request(self, request: Any, context: Any) -> Any:
            raise ConnectionFailed("the storage cannot be reached")

    take_slots(service, 3)
    _, kwargs = deferral_of(erase(deferrable=True), context_with(Store()))
    clock.sleep(kwargs["deferral"]["at"] - clock.now().timestamp() - 5)
    task = Unreadable(task_id="erase", video_url=VIDEO, deferrable=True)
    context = context_with(Store())

    with pytest.raises(ConnectionFailed):
        resume(task, context, kwargs)

    limiter = task.hook.submit_limiter(task.action_name, attempt_context_of(context, task.log, None, bool))
    assert limiter.saved_slot() == {}


def test_a_task_that_airflow_always_resumes_too_late_submits_in_the_end(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    take_slots(service, 3)
    store = Store()
    method, kwargs = deferral_of(erase(deferrable=True), context_with(store))

    for _ in range(5):
        if method != "execute_at_slot":
            break
        clock.sleep(max(0.0, kwargs["deferral"]["at"] - clock.now().timestamp()) + 250)
        take_slots(service, 3, lambda: clock.now().timestamp())
        with pytest.raises(TaskDeferred) as left:
            resume(erase(deferrable=True), context_with(store), kwargs)
        method, kwargs = left.value.method_name, left.value.kwargs or {}

    assert method == "execute_complete"
    assert submissions(service) == 1


def test_a_retry_that_is_started_with_the_deferral_of_the_attempt_before_has_its_own_deadline(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    """Airflow 3.0 starts retries like that."""
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    take_slots(service, 3)
    _, kwargs = deferral_of(erase(deferrable=True, job_timeout=3600), context_with(Store()))
    clock.sleep(2 * 3600)

    retry = context_of(TaskInstance(try_number=2), Store())
    with pytest.raises(TaskDeferred):
        resume(erase(deferrable=True, job_timeout=3600), retry, kwargs)

    assert submissions(service) == 1


def test_a_task_that_defers_for_its_slot_before_it_replaces_a_failed_job_is_counted_as_such(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")],
        GetAsyncJobResult=[state("PROCESS_FAILED", ErrorCode="c", ErrorMessage="m")],
    )
    counted: list[str] = []

    class Receiver:
        def incr(self, name: str, *_: object, **__: object) -> None:
            counted.append(name)

    def erasing() -> EraseVideoSubtitlesOperator:
        task = erase(deferrable=True)
        task.hook.stats.receiver = Receiver()
        return task

    store = Store()
    assert deferral_of(erasing(), context_with(store))[0] == "execute_complete"
    take_slots(service, 3)
    retry = context_of(TaskInstance(try_number=2), store)
    _, kwargs = deferral_of(erasing(), retry)
    clock.sleep(kwargs["deferral"]["at"] - clock.now().timestamp() - 5)

    with pytest.raises(TaskDeferred) as waits:
        resume(erasing(), retry, kwargs)

    assert waits.value.method_name == "execute_complete"
    assert submissions(service) == 2
    decisions = [name for name in counted if name.count(".") == 1 and name.startswith("resumable_job.")]
    assert decisions == ["resumable_job.fresh_submit", "resumable_job.terminal_resubmit"]


def test_a_task_is_resumed_half_a_minute_before_its_slot(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    """Airflow needs up to 14 s for that; a slot that is missed is not used."""
    take_slots(service, 3)

    with pytest.raises(TaskDeferred) as left:
        erase(deferrable=True).execute(context_with(Store()))

    moment = left.value.trigger.serialize()[1]["moment"].timestamp()
    assert moment == pytest.approx((left.value.kwargs or {})["deferral"]["at"] - 30, abs=1)


def test_a_task_that_stages_long_is_resumed_earlier(
    service: ScriptedServer, clock: SkippingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SlowlyStaged(EraseVideoSubtitlesOperator):
        def prepare_request(self, request: Any, context: Any) -> Any:
            clock.sleep(50)
            # By the real time, which the test's clock is ahead of now.
            take_slots(service, 4)
            return request

    with pytest.raises(TaskDeferred) as left:
        SlowlyStaged(task_id="erase", video_url=VIDEO, deferrable=True).execute(context_with(Store()))

    assert submissions(service) == 0
    deferral = (left.value.kwargs or {})["deferral"]
    moment = left.value.trigger.serialize()[1]["moment"].timestamp()
    # The moment is in real time as well.
    assert moment + clock.skipped.total_seconds() == pytest.approx(deferral["at"] - 80, abs=2)
