"""List the package's files that one deferrable job of ``EraseVideoSubtitlesOperator`` enters, in order.

    python benchmarks/files_of_one_job.py [--land]

A file counts if one of its functions runs, from the import of the operator to the returned result; bodies of modules
and classes do not count. The emulator and the source's server are processes of their own and do not count either.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from types import FrameType, SimpleNamespace
from typing import Any

from report import ROOT, Goal, report, table

PACKAGE = ROOT / "airflow_provider_viapi"
MOST_FILES = 30
CO_OPTIMIZED = 1
"""Set in the code of functions, not in that of modules and classes."""


class EnteredFiles:
    """Files of the package in the order in which their functions first run, with the function that ran first."""

    def __init__(self) -> None:
        self.first: dict[str, str] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_flags & CO_OPTIMIZED and code.co_filename.startswith(str(PACKAGE)):
            self.first.setdefault(code.co_filename, code.co_qualname)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record what runs in all threads."""
        threading.setprofile(self)
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)


class Instance(SimpleNamespace):
    """The part of a task instance that operators use."""

    def xcom_push(self, **_: Any) -> None:
        """Drop an XCom."""

    def xcom_pull(self, **_: Any) -> None:
        """Return ``None``: there are no other tasks."""


class Store(dict[str, Any]):
    """A task state store."""

    def set(self, key: str, value: Any) -> None:
        """Store a value."""
        self[key] = value

    def delete(self, key: str) -> None:
        """Forget a value."""
        self.pop(key, None)


def main() -> int:
    """Run the job and report the files."""
    lands = "--land" in sys.argv[1:]
    sys.path.insert(0, str(ROOT))
    sys.path.insert(1, str(ROOT / "scripts"))
    with tempfile.TemporaryDirectory() as home, started() as emulator, started_server() as source:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
        key = {"login": "viapi-emulator", "password": "viapi-emulator-secret"}
        connection = {"conn_type": "viapi", **key, "extra": {"endpoint": emulator}}
        os.environ["AIRFLOW_CONN_VIAPI_DEFAULT"] = json.dumps(connection)
        from airflow.sdk import DAG

        files = EnteredFiles()
        target = {"land_to": f"file://{home}/landed/"} if lands else {}
        with files.recording():
            run(DAG("films", schedule=None), {"video_url": f"{source}/bigbuckbunny.mp4", **target})
    rows = [(str(Path(name).relative_to(PACKAGE)), first) for name, first in files.first.items()]
    body = table(("file", "first function"), [(f"`{name}`", f"`{first}`") for name, first in rows])
    figure = f"{len(rows)} files, {sum(lines(name) for name, _ in rows)} lines"
    goal = Goal(f"one deferrable job enters at most {MOST_FILES} files", figure, len(rows) <= MOST_FILES)
    return report("files_of_one_job", body, [goal], ["apache-airflow"])


def run(dag: Any, arguments: dict[str, Any]) -> None:
    """Parse, render, execute, wait and resume, as the DAG processor, the worker and the triggerer do."""
    from airflow.providers.common.compat.sdk import TaskDeferred

    operators = import_module("airflow_provider_viapi.operators.videoenhan")
    task = operators.EraseVideoSubtitlesOperator(task_id="erase", dag=dag, deferrable=True, **arguments)
    instance = Instance(
        task_id="erase", dag_id="films", run_id="run", map_index=-1, try_number=1, max_tries=0
    )
    context: Any = {"ti": instance, "task_instance": instance, "dag": dag, "task": task, "run_id": "run"}
    context["task_state_store"] = Store()
    task.render_template_fields(context)
    try:
        task.execute(context)
    except TaskDeferred as deferral:
        path, trigger_arguments = json.loads(json.dumps(deferral.trigger.serialize()))
        resume: Callable[..., Any] = getattr(task, deferral.method_name)
    event = asyncio.run(first_event(resolve_name(path)(**trigger_arguments)))
    resume(context, event=json.loads(json.dumps(event.payload)))


async def first_event(trigger: Any) -> Any:
    """Return the event of a trigger."""
    async for event in trigger.run():
        return event
    raise RuntimeError("the trigger ended without an event")


@contextmanager
def started() -> Iterator[str]:
    """Run an emulator in a process of its own, and yield its address."""
    command = [str(Path(sys.executable).with_name("viapi-emulator")), "--port", "0"]
    with running(command, ROOT) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]


@contextmanager
def started_server() -> Iterator[str]:
    """Serve a folder with a clip in a process of its own, and yield its address."""
    from media_samples import big_buck_bunny

    command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
    with running(command, big_buck_bunny().parent) as process:
        assert process.stdout is not None
        yield process.stdout.readline().partition("(")[2].partition("/)")[0]


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the end of the context."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)


def lines(name: str) -> int:
    """Return the number of lines of a file of the package."""
    return len((PACKAGE / name).read_text().splitlines())


if __name__ == "__main__":
    sys.exit(main())
