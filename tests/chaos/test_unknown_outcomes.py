"""Schedules in which a job could be paid for twice, or another task's film returned."""

from __future__ import annotations

import time
from typing import Any

import psutil
import pytest

from harness import ERASE, Deployment, connection, until
from paid_jobs import check_paid
from test_chaos import EACH, MODES, assert_one_job_delivered

pytestmark = [pytest.mark.airflow, pytest.mark.chaos]

HELD_FOR = 14
"""Seconds for which a request is held: longer than the connection's timeout."""


@EACH
@MODES
def test_gateway_records_the_nonce_before_the_backend_accepts(
    deployment: Deployment, mode: str, repetition: int
) -> None:
    """Gateway records the nonce, backend accepts the job later than the client waits."""
    deployment.emulator.fault(action=ERASE, accept_after=HELD_FOR)

    run = deployment.start(mode)

    assert_one_job_delivered(deployment, run, "the only candidate: adopted")


@EACH
@MODES
@pytest.mark.parametrize("times", [1, 2], ids=["once", "its repetition too"])
def test_request_held_by_a_proxy(deployment: Deployment, mode: str, times: int, repetition: int) -> None:
    """Request held by a proxy longer than the client waits; number of held requests."""
    deployment.emulator.fault(action=ERASE, hold=HELD_FOR, times=times)

    run = deployment.start(mode)

    assert_one_job_delivered(deployment, run)
    time.sleep(HELD_FOR)
    check_paid(len(deployment.jobs()), 1)
    assert len(deployment.jobs()) == 1


@EACH
@MODES
def test_worker_killed_while_a_proxy_holds_the_request(
    deployment: Deployment, mode: str, repetition: int
) -> None:
    """Worker killed after the intent was recorded, while a proxy holds the request and its repetition."""
    deployment.emulator.fault(action=ERASE, hold=HELD_FOR, times=2)
    deployment.set_breakpoint("after the intent")
    run = deployment.start(mode)
    deployment.kill_at_breakpoint("after the intent")

    assert_one_job_delivered(deployment, run)
    time.sleep(HELD_FOR)
    check_paid(len(deployment.jobs()), 1)
    assert len(deployment.jobs()) == 1


ERRORS: dict[str, dict[str, Any]] = {
    "504 InternalError.Timeout": {"code": "InternalError.Timeout", "status": 504},
    "500 InternalError": {"code": "InternalError", "status": 500},
    "503 ServiceUnavailable": {"code": "ServiceUnavailable", "status": 503},
    "502 of a proxy": {"status": 502},
}


@EACH
@MODES
@pytest.mark.parametrize("error", ERRORS)
def test_error_although_the_job_was_accepted(
    deployment: Deployment, mode: str, error: str, repetition: int
) -> None:
    """Error as the response although the job was accepted."""
    deployment.emulator.fault(action=ERASE, performed=True, **ERRORS[error])

    run = deployment.start(mode)

    assert_one_job_delivered(deployment, run, "the only candidate: adopted")


@EACH
def test_marked_failed_while_staging(deployment: Deployment, repetition: int) -> None:
    """Marked failed while the media are staged: nothing is submitted."""
    deployment.set_breakpoint("while staging")
    run = deployment.start("on_worker")
    worker = deployment.worker_at_breakpoint("while staging")

    run.mark("failed")
    # Airflow stops the worker at its next heartbeat; it then has a few seconds.
    time.sleep(3)
    deployment.release("while staging")

    until(lambda: not psutil.pid_exists(worker), "the worker has ended")
    assert deployment.jobs() == []
    assert run.task.state == "failed"


@EACH
def test_marked_failed_while_throttled(deployment: Deployment, repetition: int) -> None:
    """Marked failed while a throttled submission waits: nothing is submitted."""
    deployment.emulator.fault(action=ERASE, code="Throttling.User", times=None)
    run = deployment.start("on_worker")
    until(lambda: "Not accepted, retrying" in run.log(), "the submission is throttled")

    run.mark("failed")
    time.sleep(3)
    deployment.emulator.clear_faults()

    time.sleep(25)
    assert deployment.jobs() == []
    assert run.task.state == "failed"


@EACH
@MODES
def test_cleared_after_success_with_fewer_retries(deployment: Deployment, mode: str, repetition: int) -> None:
    """Cleared after success, with `retries` lowered meanwhile: one more job, as the user asked."""
    dag_id = f"{mode}_lowered"
    set_retries(deployment, dag_id, 3)
    run = deployment.start(dag_id)
    assert_one_job_delivered(deployment, run)

    set_retries(deployment, dag_id, 2)
    run.clear()

    until(lambda: len(deployment.jobs()) > 1, "another job is submitted")
    assert run.wait_until_ended() == "success"
    check_paid(len(deployment.jobs()), 2)
    assert len(deployment.jobs()) == 2


def set_retries(deployment: Deployment, dag_id: str, retries: int) -> None:
    """Change ``retries`` in the DAG file and wait until Airflow has parsed it."""
    lowered = deployment.breakpoints / "retries lowered"
    lowered.touch() if retries == 2 else lowered.unlink(missing_ok=True)
    rest = deployment.airflow.rest

    def is_parsed() -> bool:
        task = rest.get(f"/dags/{dag_id}/tasks/erase")
        return task.is_success and task.json()["retries"] == retries

    until(is_parsed, f"retries are {retries}")


@EACH
def test_deferred_batch_whose_items_render_differently(deployment: Deployment, repetition: int) -> None:
    """Deferred batch of 4 jobs whose items render differently when it wakes up."""
    deployment.emulator.fault(action=ERASE, times=None, job={"processing": 5})
    run = deployment.start("batch")

    assert run.wait_until_ended() == "success"

    check_paid(len(deployment.jobs()), 4)
    assert len(deployment.jobs()) == 4
    assert "DEFERRED" in run.log()


@EACH
def test_deferred_batch_in_rounds_whose_items_render_differently(
    deployment: Deployment, repetition: int
) -> None:
    """Deferred batch of 4 in rounds of 2, whose items render differently: collects 2, then fails."""
    # Slower than the submission of two: a job that ends makes way for the next one at once.
    deployment.emulator.fault(action=ERASE, times=2, job={"processing": 10})
    run = deployment.start("batch_in_rounds")

    assert run.wait_until_ended() == "failed"

    check_paid(len(deployment.jobs()), 2)
    assert len(deployment.jobs()) == 2
    assert "nothing more is submitted" in run.log()
    assert run.task.try_number == 1


@EACH
@pytest.mark.parametrize("meanwhile", ["nothing changes", "key rotated", "media deleted"])
def test_two_tasks_killed_around_their_submissions(
    deployment: Deployment, meanwhile: str, repetition: int
) -> None:
    """Two tasks killed, one before sending, one after acceptance; meanwhile."""
    deployment.put_connection(connection(deployment.proxy.url, deployment.emulator.sts(seconds=900)))
    deployment.set_breakpoint("after the intent of a")
    deployment.set_breakpoint("before the store of b")
    run = deployment.start("siblings")
    deployment.worker_at_breakpoint("after the intent of a")
    deployment.worker_at_breakpoint("before the store of b")
    # Without a key or media that are the same as before, the request cannot be sent again.
    if meanwhile == "key rotated":
        deployment.put_connection(connection(deployment.proxy.url, deployment.emulator.sts(seconds=900)))
    elif meanwhile == "media deleted":
        deployment.set_breakpoint("media deleted")

    deployment.kill_at_breakpoint("after the intent of a")
    deployment.kill_at_breakpoint("before the store of b")

    run.wait_until_ended()
    for task_id in ("a", "b"):
        jobs = jobs_of(deployment, task_id)
        check_paid(len(jobs), 1)
        if run.tasks[task_id].state == "success":
            assert run.job_id(task_id) == jobs[0]["job_id"]
        else:
            # Without its media, a task whose job was certainly not accepted cannot submit.
            reasons = ["SubmissionInDoubt"] + ["the source was deleted"] * (meanwhile == "media deleted")
            assert any(reason in run.log(task_id) for reason in reasons)


@EACH
@pytest.mark.parametrize("meanwhile", ["nothing changes", "key rotated"])
def test_two_dag_runs_killed_around_their_submissions(
    deployment: Deployment, meanwhile: str, repetition: int
) -> None:
    """Tasks of two DAG runs killed, one before sending, one after acceptance; meanwhile."""
    deployment.put_connection(connection(deployment.proxy.url, deployment.emulator.sts(seconds=900)))
    runs = {}
    for film, breakpoint_name in (("a", "after the intent"), ("b", "before the store")):
        deployment.set_breakpoint(breakpoint_name)
        runs[film] = deployment.start("on_worker_sts", query=f"?{film}")
        deployment.worker_at_breakpoint(breakpoint_name)
    if meanwhile == "key rotated":
        deployment.put_connection(connection(deployment.proxy.url, deployment.emulator.sts(seconds=900)))

    deployment.kill_at_breakpoint("after the intent")
    deployment.kill_at_breakpoint("before the store")

    for film, run in runs.items():
        is_success = run.wait_until_ended() == "success"
        jobs = jobs_of(deployment, film)
        check_paid(len(jobs), 1)
        if is_success:
            assert run.job_id() == jobs[0]["job_id"]
        else:
            assert "SubmissionInDoubt" in run.log()


@EACH
@pytest.mark.parametrize("status", [301, 405, 413])
def test_request_that_a_gateway_does_not_forward(
    deployment: Deployment, status: int, repetition: int
) -> None:
    """Gateway refuses the request and does not forward it: the task fails at once; HTTP status."""
    deployment.emulator.fault(action=ERASE, status=status, times=None)

    run = deployment.start("on_worker")

    assert run.wait_until_ended() == "failed"
    assert deployment.jobs() == []
    assert "Not accepted, retrying" not in run.log()
    assert "SubmissionInDoubt" not in run.log()


@EACH
@MODES
def test_endpoint_changed_while_the_outcome_was_unknown(
    deployment: Deployment, mode: str, repetition: int
) -> None:
    """Worker killed after the service accepted the job, and the connection's endpoint changed: in doubt."""
    key = deployment.emulator.sts(seconds=900)
    deployment.put_connection(connection(deployment.proxy.url, key))
    deployment.set_breakpoint("before the store")
    run = deployment.start(f"{mode}_sts")
    deployment.worker_at_breakpoint("before the store")
    deployment.put_connection(connection(deployment.emulator.url, key))

    deployment.kill_at_breakpoint("before the store")

    assert run.wait_until_ended() == "failed"
    check_paid(len(deployment.jobs()), 1)
    assert len(deployment.jobs()) == 1
    assert "key or endpoint has changed" in run.log()


@EACH
@MODES
def test_link_signed_again(deployment: Deployment, mode: str, repetition: int) -> None:
    """Worker killed after the store, and the link to the film is signed again by the retry."""
    deployment.set_breakpoint("after the store")
    run = deployment.start(f"{mode}_signed")
    deployment.kill_at_breakpoint("after the store")

    assert_one_job_delivered(deployment, run, "Resumed job")


def jobs_of(deployment: Deployment, film: str) -> list[dict[str, Any]]:
    """Return the jobs of the film that a task has requested."""
    return [job for job in deployment.jobs() if job["request"]["VideoUrl"].endswith(f"?{film}")]
