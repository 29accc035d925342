"""Run the example DAG on a real Airflow on this machine, against the emulator.

The input is a clip with burnt-in subtitles. The results, and a contact sheet of before and after, are written to
``demo-output/``. Needs no account and no network.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import json
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import httpx

from before_after import contact_sheet, dimensions
from local_airflow import NO_PROXY_FOR_LOOPBACK, LocalAirflow, TaskInstance
from media_samples import big_buck_bunny, burn_subtitles
from process_session import ProcessSession, end_sessions

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "demo-output"
DAG_ID = "erase_resize_index"
REFRAMED = (480, 480)


class DemoFailed(Exception):
    """A step of the demo did not produce its result."""


@dataclass(frozen=True)
class Account:
    """Access key of the emulator's only user, random for every run."""

    key_id: str
    key_secret: str

    def connection(self, endpoint: str) -> str:
        """Return the Airflow connection with which this user calls the emulator."""
        return json.dumps(
            {
                "conn_type": "viapi",
                "login": self.key_id,
                "password": self.key_secret,
                "extra": {"endpoint": endpoint},
            }
        )


@dataclass(frozen=True)
class Step:
    """One task of the run as the closing table shows it."""

    instance: TaskInstance
    job_id: str | None
    result: Any
    files: tuple[Path, ...]

    def cells(self) -> tuple[str, str, str, str, str]:
        """Task, state, seconds, job id, result."""
        seconds = self.instance.duration
        return (
            self.instance.label,
            self.instance.state or "-",
            "-" if seconds is None else f"{seconds:.1f}",
            self.job_id or "-",
            self._outcome(),
        )

    def _outcome(self) -> str:
        if self.files:
            return ", ".join(file.name for file in self.files)
        if isinstance(self.result, dict) and (matches := self.result.get("MatchList")):
            best = max(matches, key=lambda match: float(match["Score"]))
            return f"best match {best['EntityId']}, score {float(best['Score']):.2f}"
        return "-" if self.result is None else json.dumps(self.result)[:60]


def main() -> int:
    """Run the demo; 0 if every task succeeded and every file is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--video", type=Path, help="a video of your own instead of the sample clip")
    parser.add_argument(
        "--keep", action="store_true", help="keep Airflow and the emulator running until Ctrl-C"
    )
    options = parser.parse_args()
    if options.video:
        if not options.video.is_file():
            parser.error(f"there is no file {options.video}")
        try:
            dimensions(options.video)
        except ValueError as error:
            parser.error(str(error))
    # SIGTERM unwinds the stack like Ctrl-C, so that all started processes are stopped.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))

    home = Path(tempfile.mkdtemp(prefix="viapi-demo-"))
    failed = False
    try:
        run_demo(home, options.video, keep=options.keep)
    except (DemoFailed, RuntimeError, OSError, httpx.HTTPError) as error:
        failed = True
        print(f"\nThe demo failed: {error}\nAirflow's and the emulator's files are kept in {home}")
    except KeyboardInterrupt:
        print("\nInterrupted")
        return 128 + signal.SIGINT
    finally:
        if not failed:
            shutil.rmtree(home, ignore_errors=True)
    return int(failed)


def run_demo(home: Path, video: Path | None, *, keep: bool) -> None:
    """Start all processes, run the DAG, show and fetch its results, and stop all processes."""
    started = time.monotonic()

    def report(what: str, state: str = "") -> None:
        print(f"{time.monotonic() - started:6.1f} s  {what:<24} {state}".rstrip(), flush=True)

    account = Account(f"demo-{secrets.token_hex(4)}", secrets.token_hex(16))
    with contextlib.ExitStack() as stack:
        clip = prepare_clip(home / "media", video)
        media_url = stack.enter_context(served(clip.parent))
        report("clip", f"{media_url}/{clip.name}")
        endpoint = stack.enter_context(emulator(home / "emulator", account))
        report("emulator", endpoint)
        airflow = stack.enter_context(
            LocalAirflow(
                dags_folder=ROOT / "dags_examples",
                home=home / "airflow",
                environment={"AIRFLOW_CONN_VIAPI_DEFAULT": account.connection(endpoint)},
            )
        )
        report("Airflow", airflow.url)
        run_id = airflow.trigger(DAG_ID, {"video_url": f"{media_url}/{clip.name}"})
        airflow.wait(
            DAG_ID, run_id, timeout=900, on_change=lambda task: report(task.label, task.state or "-")
        )
        try:
            show_results(airflow, run_id, clip)
        finally:
            if keep:
                wait_for_interrupt(f"{airflow.url}/dags/{DAG_ID}/runs/{run_id}", endpoint)


def prepare_clip(folder: Path, video: Path | None) -> Path:
    """Put the input clip into a folder: the given video, or the sample with burnt-in subtitles."""
    folder.mkdir()
    if video is None:
        clip = folder / "clip.mp4"
        burn_subtitles(big_buck_bunny(), clip)
    else:
        clip = folder / f"clip{video.suffix}"
        clip.symlink_to(video.resolve())
    return clip


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without logging requests, or clients that close a connection early: checks of media do."""

    def handle(self) -> None:
        """Handle the requests of one connection."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP on the loopback address and yield its URL."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@contextlib.contextmanager
def emulator(folder: Path, account: Account) -> Iterator[str]:
    """Run the emulator as a process of its own and yield its endpoint."""
    folder.mkdir()
    command = [str(Path(sys.executable).parent / "viapi-emulator"), "--port", "0"]
    command += ["--data-dir", str(folder / "data")]
    command += ["--access-key-id", account.key_id, "--access-key-secret", account.key_secret]
    session = ProcessSession(
        "viapi-emulator", command, {**os.environ, **NO_PROXY_FOR_LOOPBACK}, folder / "emulator.log"
    )
    try:
        deadline = time.monotonic() + 30
        while not (ready := re.search(r"ready on (http://\S+)$", session.log_tail(), re.MULTILINE)):
            if session.leader.poll() is not None or time.monotonic() > deadline:
                raise DemoFailed(f"the emulator did not start:\n{session.log_tail()}")
            time.sleep(0.1)
        yield ready[1]
    finally:
        end_sessions([session])


def show_results(airflow: LocalAirflow, run_id: str, clip: Path) -> None:
    """Fetch the files of a run, print its table and draw its contact sheet, or report which task failed."""
    OUTPUT.mkdir(exist_ok=True)
    instances = sorted(airflow.task_instances(DAG_ID, run_id), key=lambda task: task.start_date or "~")
    steps = [step(airflow, run_id, instance) for instance in instances]
    print("\n" + table([("task", "state", "seconds", "job", "result"), *(s.cells() for s in steps)]) + "\n")

    for instance in (s.instance for s in steps if s.instance.state == "failed"):
        log = airflow.task_log(DAG_ID, run_id, instance.task_id, instance.try_number, instance.map_index)
        print(f"The log of {instance.label} ends with:\n" + "\n".join(log.splitlines()[-20:]))
    if unfinished := [s.instance.label for s in steps if s.instance.state != "success"]:
        raise DemoFailed(f"no success: {', '.join(unfinished)}")

    videos = [file for s in steps for file in s.files if file.suffix == ".mp4"]
    if len(videos) < 2 or dimensions(videos[-1]) != REFRAMED:
        raise DemoFailed("the run made no erased or no reframed video")
    sheet = OUTPUT / "before-after.png"
    # No multiplication sign: the font that Pillow brings has none.
    contact_sheet({"source": clip, "subtitles erased": videos[0], "reframed 480 x 480": videos[-1]}, sheet)
    print(f"Results are in {OUTPUT.name}/; before and after are side by side in {OUTPUT.name}/{sheet.name}")


def step(airflow: LocalAirflow, run_id: str, instance: TaskInstance) -> Step:
    """Return what a task did; fetch its files now, since their links expire within half an hour."""
    job_id, result = (
        airflow.xcom(DAG_ID, run_id, instance.task_id, key, instance.map_index)
        for key in ("job_id", "return_value")
    )
    links = [link for link in result.items() if link[0].endswith("Url")] if isinstance(result, dict) else []
    return Step(instance, job_id, result, tuple(fetch(instance.task_id, *link) for link in links))


def fetch(task_id: str, key: str, url: str) -> Path:
    """Download one file of a result, named by its task and key: ``erase.mp4``, ``reframe-cover.jpg``."""
    part = key.removesuffix("Url").removeprefix("Video").lower()
    suffix = PurePosixPath(urlsplit(url).path).suffix
    target = OUTPUT / (f"{task_id}-{part}{suffix}" if part else f"{task_id}{suffix}")
    with httpx.stream("GET", url, trust_env=False) as response, target.open("wb") as file:
        for chunk in response.raise_for_status().iter_bytes():
            file.write(chunk)
    if not target.stat().st_size:
        raise DemoFailed(f"{target.name} is empty")
    return target


def table(rows: list[tuple[str, ...]]) -> str:
    """Format rows as columns; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruled = [rows[0], tuple("-" * width for width in widths), *rows[1:]]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in ruled
    )


def wait_for_interrupt(run: str, endpoint: str) -> None:
    """Open the storyboard of a run in the browser, if there is one, and wait until Ctrl-C."""
    storyboard = f"{run}/plugin/viapi_dag_run"
    print(f"\nAirflow shows what each step did; no login is required:\n{storyboard}")
    if sys.stdout.isatty():
        webbrowser.open(storyboard)
    print(f"The emulator is at {endpoint}. Press Ctrl-C to stop both.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
