"""Paid once, proved by breaking things: after each scene the emulator has accepted exactly one job.

``VIAPI_CHAOS_PLAYINGS`` says how often each scene is played (once unless given), ``VIAPI_CHAOS_SECONDS`` how long a
fault lasts that goes on for a while.
"""

from __future__ import annotations

import os
import signal
import time

import pytest

from harness import ERASE, Stage, connection, worker_of

pytestmark = [pytest.mark.airflow, pytest.mark.chaos]
PLAYINGS = range(int(os.environ.get("VIAPI_CHAOS_PLAYINGS", "1")))
A_WHILE = float(os.environ.get("VIAPI_CHAOS_SECONDS", "15"))

MODES = pytest.mark.parametrize("mode", ["deferred", "on_worker"])
EACH = pytest.mark.parametrize("playing", PLAYINGS)
quick = pytest.mark.quick


def delivers_one(stage: Stage, run: object, log_says: str = "") -> None:
    assert run.ends() == "success"  # type: ignore[attr-defined]
    (job,) = stage.jobs()
    assert job["status"] == "PROCESS_SUCCESS"
    assert log_says in run.log()  # type: ignore[attr-defined]


@EACH
@MODES
def test_worker_killed_after_the_service_accepted_before_the_answer(
    stage: Stage, mode: str, playing: int
) -> None:
    """Worker killed after the service accepted the job, before its answer."""
    stage.emulator.fault(action=ERASE, delay=20)
    run = stage.start(mode)
    stage.job()

    os.kill(worker_of(run), signal.SIGKILL)

    delivers_one(stage, run, "it is the one that was accepted")


@EACH
@MODES
@pytest.mark.parametrize("place", ["before-the-store", pytest.param("after-the-store", marks=quick)])
def test_worker_killed_between_answer_and_waiting(stage: Stage, mode: str, place: str, playing: int) -> None:
    """Worker killed between the answer and the waiting."""
    stage.want_stop(place)
    run = stage.start(mode)

    stage.kill_at(place)

    delivers_one(stage, run)


@EACH
@quick
def test_worker_killed_while_it_polls(stage: Stage, playing: int) -> None:
    """Worker killed while it polls."""
    stage.emulator.fault(action=ERASE, job={"processing": 10})
    run = stage.start("on_worker")
    stage.job("PROCESSING")
    time.sleep(2)

    os.kill(worker_of(run), signal.SIGKILL)

    delivers_one(stage, run, "Reattached to job")


@EACH
@MODES
@pytest.mark.parametrize("when", ["before", "after"])
def test_connection_dropped(stage: Stage, mode: str, when: str, playing: int) -> None:
    """Connection dropped before the request was worked on, or after the job was accepted."""
    stage.emulator.fault(action=ERASE, drop=when)

    run = stage.start(mode)

    delivers_one(stage, run)


@EACH
@pytest.mark.parametrize("when", [pytest.param("while waiting", marks=quick), "while the job finishes"])
def test_triggerer_killed(stage: Stage, when: str, playing: int) -> None:
    """Triggerer killed."""
    stage.emulator.fault(action=ERASE, job={"processing": 15 if when == "while waiting" else 4})
    run = stage.start("deferred")
    run.reaches("deferred")
    index = run.triggerer()

    stage.kill_triggerer(index)

    delivers_one(stage, run)


@EACH
def test_triggerer_stalled_until_the_other_took_over_then_woken(stage: Stage, playing: int) -> None:
    """Triggerer stalled till the other took over, then woken."""
    stage.emulator.fault(action=ERASE, job={"processing": 40})
    run = stage.start("deferred")
    run.reaches("deferred")
    index = run.triggerer()

    stage.airflow.send_signal("triggerer", index, signal.SIGSTOP)
    try:
        time.sleep(20)
    finally:
        stage.airflow.send_signal("triggerer", index, signal.SIGCONT)

    delivers_one(stage, run)


@EACH
@pytest.mark.parametrize("component", ["scheduler", "api-server"])
def test_component_restarted(stage: Stage, component: str, playing: int) -> None:
    """Restarted while waiting."""
    stage.emulator.fault(action=ERASE, job={"processing": 20})
    run = stage.start("deferred")
    run.reaches("deferred")

    stage.restart(component)

    delivers_one(stage, run)


@EACH
@MODES
def test_emulator_down(stage: Stage, mode: str, playing: int) -> None:
    """Service down for a while."""
    stage.emulator.fault(action=ERASE, job={"processing": 3})
    run = stage.start(mode)
    stage.job("PROCESSING")

    stage.proxy.down()
    try:
        time.sleep(A_WHILE)
    finally:
        stage.proxy.up()

    delivers_one(stage, run)


@EACH
@MODES
@pytest.mark.parametrize("while_", ["QUEUING", "PROCESSING"])
def test_task_cleared(stage: Stage, mode: str, while_: str, playing: int) -> None:
    """Task cleared."""
    stage.hold(while_, seconds=40)
    run = stage.start(mode)
    stage.job(while_)
    run.waits()

    run.clear()

    delivers_one(stage, run, "Reattached to job")


@EACH
@MODES
@pytest.mark.parametrize("while_", ["QUEUING", "PROCESSING"])
@pytest.mark.parametrize(
    "how", [pytest.param("marked failed", marks=quick), "marked success", "run marked failed"]
)
def test_task_ended_by_a_person(stage: Stage, mode: str, how: str, while_: str, playing: int) -> None:
    """Completions by a person: a queued job is cancelled, one that is processed goes on."""
    stage.hold(while_, seconds=45)
    run = stage.start(mode)
    stage.job(while_)
    run.waits()

    if how == "run marked failed":
        run.fail_run()
    else:
        run.mark(how.removeprefix("marked "))

    ended = "JOB_CANCELED" if while_ == "QUEUING" else "PROCESS_SUCCESS"
    stage.job(ended)
    assert len(stage.jobs()) == 1
    assert run.task.state == ("success" if how == "marked success" else "failed")


FAULTS = {
    "throttled": {"code": "Throttling.User"},
    "5xx": {"code": "ServiceUnavailable"},
    "garbage": {"status": 502},
}


@EACH
@MODES
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_at_submit(stage: Stage, mode: str, fault: str, playing: int) -> None:
    """Faults for a while at submit."""
    stage.emulator.fault(action=ERASE, times=None, **FAULTS[fault])
    run = stage.start(mode)
    run.reaches("running")
    time.sleep(A_WHILE)

    stage.emulator.clear_faults()

    delivers_one(stage, run)


@EACH
@MODES
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_at_every_poll(stage: Stage, mode: str, fault: str, playing: int) -> None:
    """Faults for a while at every poll."""
    stage.emulator.fault(action="GetAsyncJobResult", times=None, **FAULTS[fault])
    run = stage.start(mode)
    stage.job()
    time.sleep(A_WHILE)

    stage.emulator.clear_faults()

    delivers_one(stage, run)


@EACH
@MODES
@pytest.mark.parametrize("while_", ["QUEUING", "PROCESSING"])
def test_deadline_passes(stage: Stage, mode: str, while_: str, playing: int) -> None:
    """Deadline passes: a queued job is cancelled, one that is processed goes on."""
    stage.hold(while_, seconds=25)

    run = stage.start(f"{mode}_deadline")

    assert run.ends() == "failed"
    stage.job("JOB_CANCELED" if while_ == "QUEUING" else "PROCESS_SUCCESS")
    assert len(stage.jobs()) == 1
    assert "JobTimedOut" in run.log()
    assert ("Cancelled job" if while_ == "QUEUING" else "goes on and is billed") in run.log()


@EACH
@MODES
def test_sts_token_expires(stage: Stage, mode: str, playing: int) -> None:
    """STS token expires while waiting, and the connection gets a new one."""
    stage.emulator.fault(action=ERASE, job={"processing": 15})
    stage.connect(connection(stage.proxy.url, stage.emulator.sts(seconds=8)))
    run = stage.start(f"{mode}_sts")
    stage.job("PROCESSING")

    stage.connect(connection(stage.proxy.url, stage.emulator.sts(seconds=600)))

    delivers_one(stage, run)
