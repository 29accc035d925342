"""The stage of the chaos tests: a real Airflow with two triggerers, the emulator behind a proxy, and ways to harm."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from airflow_provider_viapi.emulator.server import EmulatorServer
from local_airflow import LocalAirflow, TaskInstance
from proxy import Proxy

Found = TypeVar("Found")
TASK = "erase"
ERASE = "EraseVideoSubtitles"


def until(condition: Callable[[], Found | None], what: str, seconds: float = 180) -> Found:
    """What the condition gives once it gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.3)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


@dataclass
class Stage:
    """What a chaos test plays on."""

    airflow: LocalAirflow
    emulator: EmulatorServer
    proxy: Proxy
    places: Path
    video_url: str
    runs: list[Run] = field(default_factory=list)

    def start(self, dag_id: str) -> Run:
        """A run of one of the DAGs, each with one job."""
        run_id = self.airflow.trigger(dag_id, {"video_url": self.video_url})
        run = Run(self, dag_id, run_id)
        self.runs.append(run)
        return run

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs that the emulator accepted."""
        return self.emulator.jobs()

    def job(self, state: str | None = None) -> dict[str, Any]:
        """The first job, once there is one (in that state)."""
        return until(
            lambda: next((job for job in self.jobs() if state in (None, job["status"])), None),
            f"a job in state {state}",
        )

    def want_stop(self, place: str) -> None:
        """Let the next worker that comes to a place of the DAG file stop there."""
        (self.places / place).touch()

    def hold(self, state: str, seconds: float) -> None:
        """Keep the next job in a state for some seconds."""
        self.emulator.fault(action=ERASE, job={"queued" if state == "QUEUING" else "processing": seconds})

    def add_triggerer(self) -> None:
        """Start one more triggerer and wait until Airflow knows it."""

        def known() -> int:
            answer = self.airflow.rest.get("/jobs", params={"job_type": "TriggererJob"})
            return int(answer.raise_for_status().json()["total_entries"])

        before = known()
        self.airflow.start("triggerer")
        until(lambda: known() > before, "another triggerer")

    def kill_triggerer(self, index: int) -> None:
        """Kill a triggerer, and start another in its place so that there are always two."""
        self.airflow.kill("triggerer", index)
        self.add_triggerer()

    def restart(self, component: str) -> None:
        """Kill a component and start it again."""
        self.airflow.kill(component, len(self.airflow.sessions[component]) - 1)
        self.airflow.start(component)

    def connect(self, fields: dict[str, str]) -> None:
        """Write a connection to Airflow's database, in the place of an earlier one of that id."""
        self.airflow.rest.delete(f"/connections/{fields['connection_id']}")
        self.airflow.rest.post("/connections", json=fields).raise_for_status()

    def sweep(self) -> None:
        """End what is still going on, so that the next scene begins alone."""
        self.emulator.clear_faults()
        for place in self.places.iterdir():
            place.unlink()
        for run in self.runs:
            if run.state in ("queued", "running"):
                run.fail_run()
        self.runs.clear()

    def kill_at(self, place: str) -> None:
        """Kill the worker that has stopped at a place."""
        note = self.places / f"{place}.pid"
        until(lambda: note.exists() and note.read_text(), f"a worker at {place}")
        os.kill(int(note.read_text()), signal.SIGKILL)
        note.unlink()


@dataclass
class Run:
    """One run of a DAG."""

    stage: Stage
    dag_id: str
    run_id: str

    @property
    def state(self) -> str:
        """The run's state."""
        answer = self.stage.airflow.rest.get(f"/dags/{self.dag_id}/dagRuns/{self.run_id}")
        return str(answer.raise_for_status().json()["state"])

    def waits(self) -> None:
        """Wait until the task waits for its job: its trigger runs, or it has asked from its worker."""
        signs = (" starting",) if self.dag_id.startswith("deferred") else (" is QUEUING", " is PROCESSING")
        # A worker that was too slow for Airflow's heartbeat is replaced, and the next try waits.
        until(lambda: any(sign in self.log() for sign in signs), "the waiting to begin")

    @property
    def task(self) -> TaskInstance:
        """The run's one task."""
        (instance,) = self.stage.airflow.task_instances(self.dag_id, self.run_id)
        return instance

    def reaches(self, state: str, seconds: float = 180) -> None:
        """Wait until the task is in a state."""
        until(lambda: self.task.state == state, f"{self.dag_id} to be {state}", seconds)

    def ends(self, seconds: float = 400) -> str:
        """Wait until the run has ended and return its state."""
        return self.stage.airflow.wait(self.dag_id, self.run_id, timeout=seconds)

    def log(self) -> str:
        """What all tries have logged."""
        return "\n".join(self._log_of(number) for number in range(1, max(1, self.task.try_number) + 1))

    def _log_of(self, try_number: int) -> str:
        try:
            return self.stage.airflow.task_log(self.dag_id, self.run_id, TASK, try_number)
        except httpx.HTTPStatusError as error:
            # A try that ended while the API server was away may have left no record.
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            return ""

    def _patch(self, state: str) -> None:
        path = f"/dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/{TASK}"
        self.stage.airflow.rest.patch(path, json={"new_state": state}).raise_for_status()

    def mark(self, state: str) -> None:
        """Do as a person does who marks the task ``failed`` or ``success``."""
        self._patch(state)

    def fail_run(self) -> None:
        """Do as a person does who marks the whole run failed."""
        path = f"/dags/{self.dag_id}/dagRuns/{self.run_id}"
        self.stage.airflow.rest.patch(path, json={"state": "failed"}).raise_for_status()

    def clear(self) -> None:
        """Do as a person does who clears the task."""
        body = {"dry_run": False, "dag_run_id": self.run_id, "task_ids": [TASK], "only_failed": False}
        self.stage.airflow.rest.post(f"/dags/{self.dag_id}/clearTaskInstances", json=body).raise_for_status()

    def triggerer(self) -> int:
        """Which of the triggerers runs the task's trigger, once one does.

        Airflow numbers the jobs of its processes as they start, and they start one after the other.
        """
        rest = self.stage.airflow.rest
        path = f"/dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/{TASK}"
        taken = until(
            lambda: rest.get(path).raise_for_status().json()["triggerer_job"], "a triggerer to take over"
        )
        jobs = rest.get("/jobs", params={"job_type": "TriggererJob", "order_by": "id", "limit": 1000})
        return [job["id"] for job in jobs.raise_for_status().json()["jobs"]].index(taken["id"])


def worker_of(run: Run) -> int:
    """Process id of the worker that works on the run's task."""

    def found() -> int | None:
        for session in run.stage.airflow.sessions["scheduler"]:
            for pid in session.members():
                title = " ".join(psutil.Process(pid).cmdline())
                if "airflow worker -- " in title and "LocalExecutor" not in title:
                    return pid
        return None

    return until(found, "a worker process")


def connection(stage_url: str, key: dict[str, str]) -> dict[str, str]:
    """A connection as Airflow's REST API takes it."""
    return {
        "connection_id": "viapi_sts",
        "conn_type": "viapi",
        "login": key["access_key_id"],
        "password": key["access_key_secret"],
        "extra": json.dumps({"endpoint": stage_url, "security_token": key["security_token"]}),
    }
