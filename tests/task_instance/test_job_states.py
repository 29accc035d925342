"""The states of a pending job in an XCom: each change is written, and no write harms the wait."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.task_instance.xcoms import showing_states, states_writer_of_trigger

QUEUED = {"QUEUING": "2026-01-01T00:00:00.000+00:00"}
RUNNING = {**QUEUED, "PROCESSING": "2026-01-01T00:00:09.000+00:00"}


class Xcom:
    """Store of the states.

    :param failures: how many writes fail
    """

    def __init__(self, failures: int = 0) -> None:
        self.values: list[Mapping[str, Any]] = []
        self.most_at_once = 0
        self.written = asyncio.Event()
        self._failures = failures
        self._running = 0

    async def write(self, value: Mapping[str, Any]) -> None:
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        await asyncio.sleep(0)
        self._running -= 1
        self.written.set()
        if self._failures:
            self._failures -= 1
            raise OSError("Airflow's API does not respond")
        self.values.append(value)


def test_each_change_is_written_with_the_job() -> None:
    async def wait() -> list[Mapping[str, Any]]:
        xcom = Xcom()
        async with showing_states("job-1", xcom.write) as on_state:
            assert on_state is not None
            for states in (QUEUED, RUNNING):
                xcom.written.clear()
                on_state(states)
                await xcom.written.wait()
        return xcom.values

    assert asyncio.run(wait()) == [
        {"job_id": "job-1", "states": QUEUED},
        {"job_id": "job-1", "states": RUNNING},
    ]


def test_a_write_that_fails_does_not_prevent_the_next() -> None:
    async def wait() -> list[Mapping[str, Any]]:
        xcom = Xcom(failures=1)
        async with showing_states("job-1", xcom.write) as on_state:
            assert on_state is not None
            for states in (QUEUED, RUNNING):
                xcom.written.clear()
                on_state(states)
                await xcom.written.wait()
        return xcom.values

    assert asyncio.run(wait()) == [{"job_id": "job-1", "states": RUNNING}]


def test_changes_of_many_jobs_are_written_one_after_the_other() -> None:
    async def wait(xcom: Xcom, number: int) -> None:
        async with showing_states(f"job-{number}", xcom.write) as on_state:
            assert on_state is not None
            on_state(RUNNING)
            while not any(value["job_id"] == f"job-{number}" for value in xcom.values):
                await asyncio.sleep(0.01)

    async def crowd() -> Xcom:
        xcom = Xcom()
        await asyncio.gather(*(wait(xcom, number) for number in range(5)))
        return xcom

    xcom = asyncio.run(crowd())
    assert len(xcom.values) == 5
    assert xcom.most_at_once == 1


def test_a_write_that_has_begun_is_completed_although_the_wait_ends() -> None:
    async def wait() -> list[str]:
        seen: list[str] = []
        began, answered, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def write(value: Mapping[str, Any]) -> None:
            began.set()
            await answered.wait()
            seen.append("answer read")
            done.set()

        async with showing_states("job-1", write) as on_state:
            assert on_state is not None
            on_state(QUEUED)
            await began.wait()
        seen.append("wait ended")
        answered.set()
        await done.wait()
        return seen

    assert asyncio.run(wait()) == ["wait ended", "answer read"]


def test_a_write_that_fails_after_the_wait_has_ended_is_no_error_of_the_triggerer() -> None:
    async def wait() -> list[Mapping[str, Any]]:
        reported: list[Mapping[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        began, answered = asyncio.Event(), asyncio.Event()

        async def write(value: Mapping[str, Any]) -> None:
            began.set()
            await answered.wait()
            raise RuntimeError("the task is deferred on another triggerer")

        async with showing_states("job-1", write) as on_state:
            assert on_state is not None
            on_state(QUEUED)
            await began.wait()
        answered.set()
        await asyncio.sleep(0.01)
        gc.collect()
        return reported

    assert asyncio.run(wait()) == []


def test_a_trigger_without_task_or_airflow_writes_nothing() -> None:
    async def wait() -> Any:
        async with showing_states("job-1", states_writer_of_trigger(None)) as on_state:
            return on_state

    assert asyncio.run(wait()) is None
