"""Slots to submit: a task whose slot is far off leaves its worker, and has neither recorded nor sent anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_viapi.errors import Throttled, TransientError
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from operators.run_batch import Store as BatchStore, run_batch
from operators.test_paid_once import DONE, VIDEO, Store, accepted, says, submissions
from run_task import TaskInstance, run_task
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
    instance = TaskInstance()
    return {
        "ti": instance,
        "task_instance": instance,
        "dag": SimpleNamespace(tasks=[]),
        "task_state_store": store,
    }


def take_slots(service: ScriptedServer, count: int) -> None:
    """Let other tasks take the slots of the next minutes."""
    for _ in range(count):
        ViapiHook().quota.submit_limiter(
            "videoenhan.EraseVideoSubtitles", 0.01, lambda seconds: None
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
        erase(deferrable=True).execute_at_slot(context_with(store), None, **kwargs)
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
        erase(deferrable=True).execute_at_slot(context_with(store), None, **kwargs)

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


def test_a_slot_after_the_deadline_fails_before_anything_is_paid(
    service: ScriptedServer, clock: SkippingClock
) -> None:
    take_slots(service, 3)
    store = Store()

    with pytest.raises((Throttled, AirflowFailException), match="nothing was submitted"):
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
        erase(deferrable=True, job_timeout=3600).execute_at_slot(
            context_with(Store()), None, **left.value.kwargs
        )

    assert submissions(service) == 0


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
