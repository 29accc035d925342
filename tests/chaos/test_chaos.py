"""Paid once under faults: after each scenario the emulator has accepted exactly one job.

``VIAPI_CHAOS_REPEAT`` is the number of runs of each scenario (default: 1), ``VIAPI_CHAOS_SECONDS`` the duration of a
fault that lasts for a while (default: 15).
"""

from __future__ import annotations

import os
import signal
import time

import pytest

from airflow_database import AIRFLOW_VERSION
from harness import ERASE, Deployment, Run, connection, until, worker_of
from paid_jobs import check_paid

pytestmark = [pytest.mark.airflow, pytest.mark.chaos]
REPETITIONS = range(int(os.environ.get("VIAPI_CHAOS_REPEAT", "1")))
FAULT_SECONDS = float(os.environ.get("VIAPI_CHAOS_SECONDS", "15"))

MODES = pytest.mark.parametrize("mode", ["deferred", "on_worker"])
EACH = pytest.mark.parametrize("repetition", REPETITIONS)
quick = pytest.mark.quick
core = pytest.mark.core


def assert_one_job_delivered(deployment: Deployment, run: Run, logged: str = "") -> None:
    state = run.wait_until_ended()
    check_paid(len(deployment.jobs()), 1)
    assert state == "success"
    (job,) = deployment.jobs()
    assert job["status"] == "PROCESS_SUCCESS"
    assert logged in run.log()


def skip_if_clearing_a_running_task_fails(mode: str) -> None:
    """Skip a scenario that Airflow 3.0 does not end."""
    if mode == "on_worker" and (3, 0) <= AIRFLOW_VERSION < (3, 1):
        pytest.skip(
            "Airflow 3.0 stops the worker of a task that is cleared while it runs, and never restarts the task"
        )


@EACH
@core
@MODES
def test_worker_killed_after_the_service_accepted_before_the_response(
    deployment: Deployment, mode: str, repetition: int
) -> None:
    """Worker killed after the service accepted the job, before the response."""
    deployment.emulator.fault(action=ERASE, delay=20)
    run = deployment.start(mode)
    deployment.job()

    os.kill(worker_of(run), signal.SIGKILL)
    run.clear_if_not_retried()

    assert_one_job_delivered(deployment, run, "the only candidate: adopted")


@EACH
@MODES
@pytest.mark.parametrize(
    "breakpoint_name",
    [pytest.param("before the store", marks=core), pytest.param("after the store", marks=quick)],
)
def test_worker_killed_between_response_and_wait(
    deployment: Deployment, mode: str, breakpoint_name: str, repetition: int
) -> None:
    """Worker killed between the response and the wait."""
    deployment.set_breakpoint(breakpoint_name)
    run = deployment.start(mode)

    deployment.kill_at_breakpoint(breakpoint_name)
    run.clear_if_not_retried()

    assert_one_job_delivered(deployment, run)


@EACH
@core
@quick
def test_worker_killed_while_it_polls(deployment: Deployment, repetition: int) -> None:
    """Worker killed while it polls."""
    deployment.emulator.fault(action=ERASE, job={"processing": 10})
    run = deployment.start("on_worker")
    deployment.job("PROCESSING")
    time.sleep(2)

    os.kill(worker_of(run), signal.SIGKILL)
    run.clear_if_not_retried()

    assert_one_job_delivered(deployment, run, "Resumed job")


@EACH
@MODES
@pytest.mark.parametrize("when", ["before", pytest.param("after", marks=core)])
def test_connection_dropped(deployment: Deployment, mode: str, when: str, repetition: int) -> None:
    """Connection dropped before the request was processed, or after the job was accepted."""
    deployment.emulator.fault(action=ERASE, drop=when)

    run = deployment.start(mode)

    assert_one_job_delivered(deployment, run)


@EACH
@pytest.mark.parametrize(
    "when", [pytest.param("while waiting", marks=[quick, core]), "while the job finishes"]
)
def test_triggerer_killed(deployment: Deployment, when: str, repetition: int) -> None:
    """Triggerer killed."""
    deployment.emulator.fault(action=ERASE, job={"processing": 15 if when == "while waiting" else 4})
    run = deployment.start("deferred")
    run.wait_for_state("deferred")
    index = run.triggerer()

    deployment.kill_triggerer(index)

    assert_one_job_delivered(deployment, run)


@EACH
@core
def test_triggerer_terminated(deployment: Deployment, repetition: int) -> None:
    """Triggerer terminated: it stops, and another one continues to wait."""
    deployment.hold("QUEUING", seconds=20)
    run = deployment.start("deferred")
    run.wait_until_waiting()
    index = run.triggerer()

    stopping = deployment.airflow.terminate("triggerer", index)

    # Airflow itself kills what has not stopped after 20 s.
    until(lambda: not stopping.members(), "the triggerer has stopped", seconds=15)
    deployment.add_triggerer()
    assert_one_job_delivered(deployment, run)


@EACH
def test_triggerer_stalled_until_the_other_took_over_then_resumed(
    deployment: Deployment, repetition: int
) -> None:
    """Triggerer stalled until the other took over, then resumed."""
    deployment.emulator.fault(action=ERASE, job={"processing": 40})
    run = deployment.start("deferred")
    run.wait_for_state("deferred")
    index = run.triggerer()

    with deployment.stalled_triggerer(index):
        time.sleep(20)

    assert_one_job_delivered(deployment, run)


@EACH
@pytest.mark.parametrize("component", ["scheduler", "api-server"])
def test_component_restarted(deployment: Deployment, component: str, repetition: int) -> None:
    """Restarted while waiting."""
    deployment.emulator.fault(action=ERASE, job={"processing": 20})
    run = deployment.start("deferred")
    run.wait_for_state("deferred")

    deployment.restart(component)

    assert_one_job_delivered(deployment, run)


@EACH
@MODES
def test_service_down(deployment: Deployment, mode: str, repetition: int) -> None:
    """Service down for a while."""
    deployment.emulator.fault(action=ERASE, job={"processing": 3})
    run = deployment.start(mode)
    deployment.job("PROCESSING")

    deployment.proxy.down()
    try:
        time.sleep(FAULT_SECONDS)
    finally:
        deployment.proxy.up()

    assert_one_job_delivered(deployment, run)


@EACH
@MODES
@pytest.mark.parametrize("while_", [pytest.param("QUEUING", marks=core), "PROCESSING"])
def test_task_cleared(deployment: Deployment, mode: str, while_: str, repetition: int) -> None:
    """Task cleared."""
    skip_if_clearing_a_running_task_fails(mode)
    deployment.hold(while_, seconds=40)
    run = deployment.start(mode)
    deployment.job(while_)
    run.wait_until_waiting()

    run.clear()

    if deployment.survives_clear:
        assert_one_job_delivered(deployment, run, "Resumed job")
    else:
        assert run.wait_until_ended() == "success"
        left = "JOB_CANCELED" if while_ == "QUEUING" else "PROCESS_SUCCESS"
        deployment.job(left)
        check_paid(len(deployment.jobs()), 2)
        assert sorted(job["status"] for job in deployment.jobs()) == sorted([left, "PROCESS_SUCCESS"])


@EACH
@core
@MODES
def test_task_cleared_whose_next_attempt_does_not_find_its_job(
    deployment: Deployment, mode: str, repetition: int
) -> None:
    """Task with durable=False cleared: its queued job is cancelled, and the next attempt submits another."""
    skip_if_clearing_a_running_task_fails(mode)
    if mode == "on_worker" and AIRFLOW_VERSION < (3,):
        pytest.skip("Airflow 2 may take a cleared task for lost and start the next attempt beside its worker")
    deployment.hold("QUEUING", seconds=120)
    run = deployment.start(f"{mode}_not_durable")
    deployment.job("QUEUING")
    run.wait_until_waiting()

    run.clear()

    assert run.wait_until_ended() == "success"
    # A triggerer that asks for the first state loads Airflow's API before, in which time the next attempt may end.
    deployment.job("JOB_CANCELED")
    check_paid(len(deployment.jobs()), 2)
    assert sorted(job["status"] for job in deployment.jobs()) == ["JOB_CANCELED", "PROCESS_SUCCESS"]


@EACH
@core
def test_task_cleared_that_defers_again_before_its_trigger_stops(
    deployment: Deployment, repetition: int
) -> None:
    """Task with durable=False cleared, and deferred again before its trigger stops: the first job is cancelled."""
    deployment.hold("QUEUING", seconds=120)
    run = deployment.start("deferred_not_durable")
    first = deployment.job("QUEUING")
    run.wait_until_waiting()
    deployment.hold("QUEUING", seconds=30)

    with deployment.stalled_triggerer(run.triggerer()):
        run.clear()
        until(lambda: len(deployment.jobs()) > 1, "the next attempt has submitted a job")
        run.wait_for_state("deferred")

    assert deployment.job("JOB_CANCELED")["job_id"] == first["job_id"]
    assert run.wait_until_ended() == "success"
    check_paid(len(deployment.jobs()), 2)
    assert sorted(job["status"] for job in deployment.jobs()) == ["JOB_CANCELED", "PROCESS_SUCCESS"]


@EACH
@MODES
@pytest.mark.parametrize(
    ("how", "while_"),
    [
        pytest.param("marked failed", "QUEUING", marks=[quick, core]),
        pytest.param("marked failed", "PROCESSING", marks=quick),
        ("marked success", "QUEUING"),
        ("marked success", "PROCESSING"),
        ("run marked failed", "QUEUING"),
        ("run marked failed", "PROCESSING"),
    ],
)
def test_task_ended_by_a_user(
    deployment: Deployment, mode: str, how: str, while_: str, repetition: int
) -> None:
    """Ended by a user: a queued job is cancelled, a running job continues."""
    deployment.hold(while_, seconds=45)
    run = deployment.start(mode)
    deployment.job(while_)
    run.wait_until_waiting()

    if how == "run marked failed":
        run.fail_run()
    else:
        run.mark(how.removeprefix("marked "))

    ended = "JOB_CANCELED" if while_ == "QUEUING" else "PROCESS_SUCCESS"
    deployment.job(ended)
    check_paid(len(deployment.jobs()), 1)
    assert len(deployment.jobs()) == 1
    assert run.task.state == ("success" if how == "marked success" else "failed")


FAULTS = {
    "throttled": {"code": "Throttling.User"},
    "5xx": {"code": "ServiceUnavailable"},
    "garbage": {"status": 502},
}


@EACH
@MODES
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_at_submit(deployment: Deployment, mode: str, fault: str, repetition: int) -> None:
    """Faults for a while at submit."""
    deployment.emulator.fault(action=ERASE, times=None, **FAULTS[fault])
    run = deployment.start(mode)
    run.wait_for_state("running")
    time.sleep(FAULT_SECONDS)

    deployment.emulator.clear_faults()

    assert_one_job_delivered(deployment, run)


@EACH
@MODES
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_at_every_poll(deployment: Deployment, mode: str, fault: str, repetition: int) -> None:
    """Faults for a while at every poll."""
    deployment.emulator.fault(action="GetAsyncJobResult", times=None, **FAULTS[fault])
    run = deployment.start(mode)
    deployment.job()
    time.sleep(FAULT_SECONDS)

    deployment.emulator.clear_faults()

    assert_one_job_delivered(deployment, run)


@EACH
@MODES
@pytest.mark.parametrize("while_", ["QUEUING", "PROCESSING"])
def test_deadline_passes(deployment: Deployment, mode: str, while_: str, repetition: int) -> None:
    """Deadline passes: a queued job is cancelled, a running job continues."""
    deployment.hold(while_, seconds=25)

    run = deployment.start(f"{mode}_deadline")

    assert run.wait_until_ended() == "failed"
    deployment.job("JOB_CANCELED" if while_ == "QUEUING" else "PROCESS_SUCCESS")
    check_paid(len(deployment.jobs()), 1)
    assert len(deployment.jobs()) == 1
    assert "JobTimedOut" in run.log()
    assert ("Cancelled job" if while_ == "QUEUING" else "and is billed") in run.log()


@EACH
@MODES
def test_sts_token_expires(deployment: Deployment, mode: str, repetition: int) -> None:
    """STS token expires while waiting, and the connection gets a new one."""
    # Long enough for a slow machine to start the task and submit.
    deployment.emulator.fault(action=ERASE, job={"processing": 45})
    deployment.put_connection(connection(deployment.proxy.url, deployment.emulator.sts(seconds=30)))
    run = deployment.start(f"{mode}_sts")
    deployment.job("PROCESSING")

    deployment.put_connection(connection(deployment.proxy.url, deployment.emulator.sts(seconds=600)))

    assert_one_job_delivered(deployment, run)
