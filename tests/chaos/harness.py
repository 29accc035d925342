"""Deployment for the chaos tests: a real Airflow with two triggerers, the emulator behind a proxy, and faults."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.emulator.server import EmulatorServer
from local_airflow import LocalAirflow, TaskInstance
from tcp_proxy import TcpProxy

Found = TypeVar("Found")
TASK = "erase"
ERASE = "EraseVideoSubtitles"


def until(condition: Callable[[], Found | None], what: str, seconds: float = 180) -> Found:
    """Poll a condition and return its first true result."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {seconds} s")


@dataclass
class Deployment:
    """Airflow, the emulator and the proxy between them."""

    airflow: LocalAirflow
    emulator: EmulatorServer
    proxy: TcpProxy
    breakpoints: Path
    state: Path
    """Folder of ``state_path``."""
    video_url: str
    survives_clear: bool = True
    """False where clearing a task discards what it has recorded."""
    runs: list[Run] = field(default_factory=list)

    def start(self, dag_id: str, query: str = "") -> Run:
        """Trigger one of the DAGs, each with one job.

        :param query: of the film's address, which distinguishes it from the film of another run
        """
        run_id = self.airflow.trigger(dag_id, {"video_url": self.video_url + query})
        run = Run(self, dag_id, run_id)
        self.runs.append(run)
        return run

    def jobs(self) -> list[dict[str, Any]]:
        """Return the jobs that the emulator accepted."""
        return self.emulator.jobs()

    def job(self, state: str | None = None) -> dict[str, Any]:
        """Wait for the first job (in that state) and return it."""
        return until(
            lambda: next((job for job in self.jobs() if state in (None, job["status"])), None),
            f"a job in state {state}",
        )

    def set_breakpoint(self, name: str) -> None:
        """Make the next worker that reaches a breakpoint of the DAG file stop there."""
        (self.breakpoints / name).touch()

    def hold(self, state: str, seconds: float) -> None:
        """Keep the next job in a state for that many seconds."""
        self.emulator.fault(action=ERASE, job={"queued" if state == "QUEUING" else "processing": seconds})

    def add_triggerer(self) -> None:
        """Start one more triggerer and wait until Airflow lists it."""

        before = self.airflow.triggerer_jobs()
        self.airflow.start("triggerer")
        until(lambda: len(self.airflow.triggerer_jobs()) > len(before), "another triggerer is listed")

    def kill_triggerer(self, index: int) -> None:
        """Kill a triggerer and start another, so that there are always two."""
        self.airflow.kill("triggerer", index)
        self.add_triggerer()

    @contextmanager
    def stalled_triggerer(self, index: int) -> Iterator[None]:
        """Stop a triggerer's processes for the time of a block, without ending them."""
        self.airflow.send_signal("triggerer", index, signal.SIGSTOP)
        try:
            yield
        finally:
            self.airflow.send_signal("triggerer", index, signal.SIGCONT)

    def restart(self, component: str) -> None:
        """Kill a component and start it again."""
        self.airflow.kill(component, len(self.airflow.sessions[component]) - 1)
        self.airflow.start(component)

    def put_connection(self, fields: dict[str, str]) -> None:
        """Write a connection to Airflow's database, replacing one with the same id."""
        self.airflow.rest.delete(f"/connections/{fields['connection_id']}")
        self.airflow.rest.post("/connections", json=fields).raise_for_status()

    def forget_submissions(self) -> None:
        """Delete what earlier scenarios have left in ``state_path``: their open submissions concern later ones."""
        for folder in self.state.iterdir():
            shutil.rmtree(folder, ignore_errors=True)

    def end_runs(self) -> None:
        """Clear faults and breakpoints and end running runs, so that the next scenario starts alone."""
        self.emulator.clear_faults()
        for run in self.runs:
            if run.state in ("queued", "running"):
                run.fail_run()
        for file in self.breakpoints.iterdir():
            file.unlink()
        self.runs.clear()

    def kill_at_breakpoint(self, name: str) -> None:
        """Kill the worker that has stopped at a breakpoint."""
        os.kill(self.worker_at_breakpoint(name), signal.SIGKILL)
        self.release(name)

    def worker_at_breakpoint(self, name: str) -> int:
        """Wait until a worker has stopped at a breakpoint and return its process id."""
        note = self.breakpoints / f"{name}.pid"
        return int(until(lambda: note.exists() and note.read_text(), f"a worker at {name}"))

    def release(self, name: str) -> None:
        """Let the worker continue that has stopped at a breakpoint."""
        (self.breakpoints / f"{name}.pid").unlink()


@dataclass
class Run:
    """One run of a DAG."""

    deployment: Deployment
    dag_id: str
    run_id: str

    @property
    def state(self) -> str:
        """The run's state."""
        answer = self.deployment.airflow.rest.get(f"/dags/{self.dag_id}/dagRuns/{self.run_id}")
        return str(answer.raise_for_status().json()["state"])

    def wait_until_waiting(self) -> None:
        """Wait until the task waits for its job: its trigger is running, or its worker has polled."""
        signs = [" is QUEUING", " is PROCESSING"]
        if self.dag_id.startswith("deferred"):
            # Airflow 3 logs the start of a trigger.
            signs.append(" starting")
        # A worker that was too slow for Airflow's heartbeat is replaced, and the next attempt waits.
        until(lambda: any(sign in self.log() for sign in signs), "the task waits for its job")

    @property
    def tasks(self) -> dict[str, TaskInstance]:
        """The run's tasks by their ids."""
        instances = self.deployment.airflow.task_instances(self.dag_id, self.run_id)
        return {instance.task_id: instance for instance in instances}

    @property
    def task(self) -> TaskInstance:
        """The task of a run with one."""
        return self.tasks[TASK]

    def wait_for_state(self, state: str, seconds: float = 180) -> None:
        """Wait until the task is in a state."""
        until(lambda: self.task.state == state, f"{self.dag_id} is {state}", seconds)

    def wait_until_ended(self, seconds: float = 400) -> str:
        """Wait until the run has ended and return its state."""
        return self.deployment.airflow.wait(self.dag_id, self.run_id, timeout=seconds)

    def log(self, task_id: str = TASK) -> str:
        """Return the logs of all attempts of a task."""
        attempts = range(1, max(1, self.tasks[task_id].try_number) + 1)
        return "\n".join(self._log_of(task_id, number) for number in attempts)

    def _log_of(self, task_id: str, try_number: int) -> str:
        try:
            return self.deployment.airflow.task_log(self.dag_id, self.run_id, task_id, try_number)
        except httpx.HTTPStatusError as error:
            # An attempt that ended while the API server was down may have left no record.
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            return ""

    def _patch(self, state: str) -> None:
        path = f"/dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/{TASK}"
        # By default Airflow 2 only returns what it would do; Airflow 3 does not know the field.
        body = {"new_state": state} | ({"dry_run": False} if AIRFLOW_VERSION < (3,) else {})
        self.deployment.airflow.rest.patch(path, json=body).raise_for_status()

    def job_id(self, task_id: str = TASK) -> str:
        """Return the id of the job whose result a task has returned."""
        return str(self.deployment.airflow.xcom(self.dag_id, self.run_id, task_id, key="job_id"))

    def mark(self, state: str) -> None:
        """Mark the task ``failed`` or ``success``, as a user does."""
        self._patch(state)

    def fail_run(self) -> None:
        """Mark the whole run failed, as a user does."""
        path = f"/dags/{self.dag_id}/dagRuns/{self.run_id}"
        self.deployment.airflow.rest.patch(path, json={"state": "failed"}).raise_for_status()

    def clear(self) -> None:
        """Clear the task, as a user does."""
        body = {"dry_run": False, "dag_run_id": self.run_id, "task_ids": [TASK], "only_failed": False}
        self.deployment.airflow.rest.post(
            f"/dags/{self.dag_id}/clearTaskInstances", json=body
        ).raise_for_status()

    def clear_if_not_retried(self) -> None:
        """Clear a task whose worker was killed, where Airflow does not start its next attempt.

        Airflow 3.0 fails a task whose process was killed, however many retries are left.
        """
        if (3, 0) <= AIRFLOW_VERSION < (3, 1):
            self.wait_for_state("failed")
            self.wait_until_ended()
            self.clear()

    def triggerer(self) -> int:
        """Wait until a triggerer runs the task's trigger and return its index.

        Airflow numbers the jobs of its processes as they start, and they start one after the other.
        """
        rest = self.deployment.airflow.rest
        path = f"/dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/{TASK}"
        taken = until(
            lambda: rest.get(path).raise_for_status().json()["triggerer_job"], "a triggerer runs the trigger"
        )
        return self.deployment.airflow.triggerer_jobs().index(taken["id"])


def worker_of(run: Run) -> int:
    """Return the process id of the worker that runs the task."""

    def found() -> int | None:
        for session in run.deployment.airflow.sessions["scheduler"]:
            for pid in session.members():
                title = " ".join(psutil.Process(pid).cmdline())
                # Airflow 3 and 2.
                is_worker = "airflow worker -- " in title and "LocalExecutor" not in title
                if is_worker or "airflow task runner: " in title:
                    return pid
        return None

    return until(found, "a worker process exists")


def connection(endpoint: str, key: dict[str, str]) -> dict[str, str]:
    """Return a connection in the format of Airflow's REST API."""
    return {
        "connection_id": "viapi_sts",
        "conn_type": "viapi",
        "login": key["access_key_id"],
        "password": key["access_key_secret"],
        "extra": json.dumps({"endpoint": endpoint, "security_token": key["security_token"], "timeout": 8}),
    }
