"""Wait for jobs with and without messages that name finished jobs: calls per job and delays.

All variants run at the same time, each in a process of its own with its own emulator. Redis is started for the
benchmark; RabbitMQ is measured if ``VIAPI_TEST_AMQP`` names one, such as ``amqp://guest:guest@127.0.0.1/``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from lower_bound import QUOTA, percentile, results_alone
from report import Goal, report, table
from waiting import MOST_SECONDS, Run, durations, measure

SIZES = (3, 10, 100, 1_000)
WITHOUT = "without messages"
MAX_DELAY = 1.0
"""Seconds from the end of a job until it is noticed, besides those that the quota of results costs."""


def main() -> int:
    """Measure all variants and sizes, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="*", default=SIZES, help="numbers of jobs")
    parser.add_argument("--scale", type=float, default=1.0, help="everything so many times as fast")
    options = parser.parse_args()
    rows, goals = [], []
    with redis_server() as redis:
        for jobs in options.jobs:
            runs = measure_variants(jobs, options.scale, redis)
            # What the quota of ten results per second alone costs.
            forced = percentile(results_alone(durations(jobs, options.scale), QUOTA * options.scale), 0.99)
            rows += [_row(who, run) for who, run in runs.items()]
            rows.append((f"{jobs:,} lower bound, results' quota", "1.00", *[""] * 5, f"{forced:.2f}"))
            for who, run in runs.items():
                if who != WITHOUT:
                    goals += _goals(f"{jobs:,} jobs, {who}", run, forced)
    return report("job_messages", f"{_explanation()}\n\n{table(HEADING, rows)}", goals, ["redis", "aio-pika"])


def measure_variants(jobs: int, scale: float, redis: str) -> dict[str, Run]:
    """Run all variants at the same time."""
    # A name of its own for each run.
    name = f"viapi-bench-{uuid.uuid4().hex}"
    urls: dict[str, str | None] = {WITHOUT: None, "Redis": f"{redis}?channel={name}"}
    if amqp := os.environ.get("VIAPI_TEST_AMQP"):
        urls["RabbitMQ"] = f"{amqp}?exchange={name}"
    most = MOST_SECONDS.get(jobs, 300.0) / scale
    with ThreadPoolExecutor(len(urls)) as pool:
        running = {
            who: pool.submit(measure, "ours", jobs, scale, most, job_messages_url=url)
            for who, url in urls.items()
        }
        return {who: run.result() for who, run in running.items()}


HEADING = (
    "jobs, messages",
    "calls per job",
    "throttled",
    "failed",
    "not noticed",
    "CPU ms per job",
    "delay p50 s",
    "p99 s",
)


def _row(who: str, run: Run) -> tuple[str, ...]:
    return (
        f"{run.jobs:,} {who}",
        f"{run.calls_per_job:.2f}",
        f"{run.throttled:,}",
        f"{run.failed:,}",
        f"{run.lost:,}",
        f"{1000 * run.found['cpu'] / run.jobs:.1f}",
        f"{percentile(run.delays, 0.5):.2f}",
        f"{percentile(run.delays, 0.99):.2f}",
    )


def _goals(what: str, run: Run, forced: float) -> Iterator[Goal]:
    late = percentile(run.delays, 0.99) - forced
    yield Goal(f"{what}: none failed or lost", f"{run.failed + run.lost}", not run.failed + run.lost)
    yield Goal(
        f"{what}: p99 delay at most {MAX_DELAY:g} s above the bound", f"{late:.2f} s", late <= MAX_DELAY
    )
    if run.jobs >= 100:
        calls = run.calls_per_job
        yield Goal(f"{what}: at most 1.1 calls per job", f"{calls:.3f}", calls <= 1.1)


def _explanation() -> str:
    return (
        "Jobs of 30–120 s, all started at the same time, in one event loop that has received no message before, so "
        "it polls as without messages until three jobs have ended. The emulator, a process of its own, allows "
        f"{QUOTA} results per second and one list request every 5 s; it sends a message when a job ends. All "
        "variants run side by side."
    )


@contextmanager
def redis_server() -> Iterator[str]:
    """Start a Redis for the benchmark; yields its URL."""
    command = shutil.which("redis-server")
    if command is None:
        raise SystemExit("redis-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments: Mapping[str, str] = {
        "--port": str(port),
        "--bind": "127.0.0.1",
        "--save": "",
        "--daemonize": "no",
    }
    flat = [text for pair in arguments.items() for text in pair]
    server = subprocess.Popen([command, *flat], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("redis-server did not start")


if __name__ == "__main__":
    sys.exit(main())
