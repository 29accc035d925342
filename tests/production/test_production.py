"""Production: Celery with two workers of four slots, two triggerers, two schedulers, and a quota of 2 calls a second.

A run ends as ``success`` and each task has one job, whatever is killed. The rows of the table say how much of the
quota it took. ``VIAPI_PRODUCTION_SCALE=0.1`` is a short form with a tenth of the jobs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime

import pytest

from paid_jobs import check_paid
from production.celery_airflow import kill_redis_connections
from production.conftest import CALLS_PER_SECOND, JOB_SECONDS, SCALE, Production
from production.measure import Row, WaitingRow, measure

pytestmark = [pytest.mark.production, pytest.mark.airflow]
TIMEOUT = 3000.0


def run(
    production: Production,
    scene: str,
    dag_id: str,
    jobs: int,
    *,
    connection: str = "viapi_default",
    rate: float = CALLS_PER_SECOND,
    meanwhile: Callable[[Production], None] | None = None,
) -> Row:
    """Run a DAG, check that each task has one job, and return what it cost."""
    count = max(4, round(jobs * SCALE))
    run_id = production.airflow.trigger(dag_id, {"connection": connection, "jobs": count}, parse_timeout=120)
    if meanwhile is not None:
        meanwhile(production)
    state = production.airflow.wait(dag_id, run_id, timeout=TIMEOUT)
    row = measure(f"{count} {scene}", production.emulator, tasks=count, rate=rate, seconds=JOB_SECONDS)
    production.rows.append(row)
    print(row.cells(), flush=True)
    check_paid(row.jobs, count)
    assert state == "success"
    assert row.jobs == count
    return row


def run_waiting(production: Production, tasks: int) -> None:
    """Run as many mapped tasks that only wait, so that the table shows what Airflow alone takes."""
    count = max(4, round(tasks * SCALE))
    run_id = production.airflow.trigger("only_wait", {"jobs": count}, parse_timeout=120)
    state = production.airflow.wait("only_wait", run_id, timeout=TIMEOUT)
    assert state == "success"
    answer = production.airflow.rest.get(
        f"/dags/only_wait/dagRuns/{run_id}/taskInstances", params={"task_id": "wait", "limit": 1000}
    )
    instances = answer.raise_for_status().json()["task_instances"]
    moments = [
        [datetime.fromisoformat(each[name]) for each in instances if each["task_id"] == "wait"]
        for name in ("start_date", "end_date")
    ]
    duration = (max(moments[1]) - min(moments[0])).total_seconds()
    row = WaitingRow(f"{count} mapped, without jobs", duration, JOB_SECONDS, os.getloadavg()[1])
    production.rows.append(row)
    print(row.cells(), flush=True)


def few(calls: tuple[int, int]) -> bool:
    """Return whether at most 5 % of the calls were throttled; in the short form one or two are more."""
    accepted, throttled = calls
    return throttled <= max(2, 0.05 * (accepted + throttled))


def kill_everything(production: Production) -> None:
    """Kill a worker, a triggerer, a scheduler, the API server and all connections to Redis, one after the other."""
    airflow = production.airflow

    def wait_for_jobs(count: int) -> None:
        deadline = time.monotonic() + 300
        while len(production.emulator.jobs()) < count and time.monotonic() < deadline:
            time.sleep(0.5)

    wait_for_jobs(3)
    for component in ("celery", "triggerer", "scheduler", "api-server"):
        airflow.kill(component, len(airflow.sessions[component]) - 1)
        airflow.start(component)
        kill_redis_connections(production.broker)
        kill_redis_connections(production.quota)
        time.sleep(10)


def test_mapped_tasks_within_the_shared_quota(production: Production) -> None:
    run_waiting(production, 200)
    row = run(production, "mapped", "mapped", 200)

    assert few(row.submissions)
    assert few(row.polls)


def test_a_batch_within_the_shared_quota(production: Production) -> None:
    row = run(production, "in a batch", "batch", 300)

    assert few(row.submissions)


def test_mapped_tasks_while_processes_are_killed(production: Production) -> None:
    run(production, "mapped, processes killed", "mapped", 100, meanwhile=kill_everything)


def test_mapped_tasks_that_poll_once_a_second(production: Production) -> None:
    run(production, "mapped, `poll_qps=1`", "mapped", 100, connection="viapi_slow", rate=1)


def test_mapped_tasks_without_a_shared_storage(production: Production) -> None:
    row = run(production, "mapped, no `quota_url`", "mapped", 100, connection="viapi_alone")

    assert few(row.submissions)
