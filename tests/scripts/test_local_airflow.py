"""The harness: a process session ends whatever its members do, and Airflow runs and leaves no process behind."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from local_airflow import LocalAirflow
from process_session import ProcessSession, end_sessions

# Starts a child in a process group of its own, as Airflow does for each task, and prints when both are running.
PARENT_AND_CHILD = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.{on_term})
if os.fork() == 0:
    os.setpgid(0, 0)
    print("ready", flush=True)
time.sleep(600)
"""

DAG_FILE = """
import asyncio

from airflow.providers.common.compat.sdk import DAG, BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent


class Nap(BaseTrigger):
    def serialize(self):
        return "naps.Nap", {}

    async def run(self):
        await asyncio.sleep(1)
        yield TriggerEvent("slept")


class NapOperator(BaseOperator):
    def execute(self, context):
        context["ti"].xcom_push("bed", context["params"]["bed"])
        self.defer(trigger=Nap(), method_name="wake")

    def wake(self, context, event):
        return event


class FailOperator(BaseOperator):
    def execute(self, context):
        raise ValueError("out of bed on the wrong side")


with DAG("naps", schedule=None, params={"bed": "hammock"}):
    NapOperator(task_id="nap") >> FailOperator(task_id="fail")
"""


def exists(pid: int) -> bool:
    # An ended process stays in the table until its parent has collected its status, which may take a moment.
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def parent_and_child(folder: Path, on_term: str) -> ProcessSession:
    command = [sys.executable, "-c", PARENT_AND_CHILD.format(on_term=on_term)]
    session = ProcessSession("family", command, os.environ, folder / "family.log")
    while "ready" not in session.log_tail():
        time.sleep(0.01)
    return session


def test_a_session_ends_with_children_in_process_groups_of_their_own(tmp_path: Path) -> None:
    session = parent_and_child(tmp_path, on_term="SIG_DFL")
    members = session.members()

    end_sessions([session], grace=0.2)

    assert len(members) == 2
    assert session.members() == []


def test_processes_that_ignore_sigterm_are_killed(tmp_path: Path) -> None:
    session = parent_and_child(tmp_path, on_term="SIG_IGN")

    end_sessions([session], grace=0.2)

    assert session.members() == []
    assert session.leader.returncode == -signal.SIGKILL


def test_stopped_processes_end_as_well(tmp_path: Path) -> None:
    session = parent_and_child(tmp_path, on_term="SIG_DFL")
    session.send_signal(signal.SIGSTOP)

    end_sessions([session], grace=0.5)

    assert session.members() == []
    assert session.leader.returncode == -signal.SIGTERM


def test_the_reason_why_airflow_does_not_start_is_shown(tmp_path: Path) -> None:
    airflow = LocalAirflow(
        dags_folder=tmp_path, home=tmp_path / "home", database="sqlite:////no/such/folder/airflow.db"
    )

    with pytest.raises(RuntimeError, match="unable to open database file"), airflow:
        pass


@pytest.mark.airflow
def test_airflow_runs_a_dag_survives_a_killed_triggerer_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/nowhere")
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "naps.py").write_text(DAG_FILE)
    states: list[tuple[str, str | None]] = []

    with LocalAirflow(
        dags_folder=dags, home=tmp_path / "home", environment={"PYTHONPATH": str(dags)}, triggerers=2
    ) as airflow:
        processes = [
            pid
            for component in LocalAirflow.components
            for s in airflow.sessions[component]
            for pid in s.members()
        ]
        airflow.kill("triggerer", 0)
        run = airflow.trigger("naps", {"bed": "sofa"})
        state = airflow.wait(
            "naps", run, timeout=120, on_change=lambda task: states.append((task.label, task.state))
        )
        bed = airflow.xcom("naps", run, "nap", "bed")
        result = airflow.xcom("naps", run, "nap")
        nothing = airflow.xcom("naps", run, "nap", "pillow")
        log = airflow.task_log("naps", run, "fail")

    assert state == "failed"
    assert ("nap", "success") in states
    assert ("fail", "failed") in states
    assert (bed, result, nothing) == ("sofa", "slept", None)
    assert "ValueError: out of bed on the wrong side" in log
    assert len(processes) >= len(LocalAirflow.components) + 1
    assert not any(exists(pid) for pid in processes)
