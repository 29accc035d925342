"""A process that has imported ``preload`` has what the task of a job imports, and Airflow itself can import it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from operators.huawei_tasks import SPEAK

LIBRARIES = ("airflow_provider_viapi", "limits", "redis", "requests")

RUN = """
import json, sys
from airflow.providers.common.compat.sdk import TaskDeferred

import airflow_provider_viapi.preload
from run_task import TaskInstance

loaded = set(sys.modules)
module, name, arguments, report = json.loads(sys.argv[1])
operator = getattr(__import__(module, fromlist=[name]), name)
of_the_service = set(sys.modules)
task = operator(task_id="task", deferrable=True, **arguments)
instance = TaskInstance()
context = {"ti": instance, "task_instance": instance, "dag": type("Dag", (), {"tasks": []})}
try:
    task.execute(context)
except TaskDeferred as deferral:
    event = {"report": {"job_id": instance.pushed["job_id"], **report}}
    task.resume_execution(deferral.method_name, {"event": event, **deferral.kwargs}, context)
    print("imported", json.dumps(sorted(set(sys.modules) - loaded - of_the_service)))
"""


def imported_by_a_job(module: str, operator: str, *given: Mapping[str, Any]) -> list[str]:
    """Return the modules that the two processes of a deferred job import besides the preloaded ones.

    :param given: the operator's arguments, and a report of its job
    """
    command = [
        sys.executable,
        "-c",
        RUN,
        json.dumps([f"airflow_provider_viapi.operators.{module}", operator, *given]),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    # Airflow 3.0 logs to the standard output.
    line = next(each for each in run.stdout.splitlines() if each.startswith("imported "))
    names = json.loads(line.removeprefix("imported "))
    return [name for name in names if name.partition(".")[0] in LIBRARIES]


def test_the_processes_of_a_deferred_job_import_nothing_more(
    viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, huawei = viapi_emulator.connection_json(), viapi_emulator.huawei_connection_json()
    for name, text in {"VIAPI": ours, "HUAWEICLOUD": huawei}.items():
        connection = json.loads(text)
        connection["extra"]["quota_url"] = "memory://"
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    film = {"video_url": "https://films.oss-cn-shanghai.aliyuncs.com/a.mp4"}
    erased = {
        "outcome": "succeeded",
        "state": "PROCESS_SUCCESS",
        "result": {"VideoUrl": "https://films/out.mp4"},
    }
    spoken = {"outcome": "succeeded", "state": "SUCCEED", "result": {}}

    assert imported_by_a_job("videoenhan", "EraseVideoSubtitlesOperator", film, erased) == []
    assert imported_by_a_job("metastudio", "CreateSpeechOperator", SPEAK, spoken) == []


def test_airflow_imports_it_while_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "airflow_local_settings.py").write_text("import airflow_provider_viapi.preload\n")
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    check = "import airflow, sys; print('airflow_provider_viapi.jobs.submission' in sys.modules)"

    run = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)

    assert run.stdout.splitlines()[-1] == "True", run.stderr
