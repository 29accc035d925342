"""Wait for ten to ten thousand jobs in one event loop, within a quota: calls, delays, CPU, memory, stalls.

Compares this provider with the trigger of Airflow's Databricks provider, the two usual patterns and an idle loop, all
at the same time, each in a process of its own with its own emulator, over TLS. ``--full`` adds 10,000 jobs; the quota
alone makes them take more than a quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import IO, Any

from lower_bound import QUOTA, forced_delays, percentile, results_alone
from report import ROOT, Goal, report, table

HERE = Path(__file__).parent
SECONDS_BETWEEN_LISTS = 5.0
PATTERNS = ("session per trigger", "session per poll")
OTHERS = ROOT / ".venv-bench" / "bin" / "python"
"""Has Airflow's Databricks provider; without it that is left out."""
COMPARATORS = ("databricks", *PATTERNS) if OTHERS.exists() else PATTERNS
SIZES = (10, 100, 1_000)
MOST_SECONDS = {10: 300.0, 100: 300.0, 1_000: 400.0, 10_000: 1_800.0}
COMPARED_SECONDS = {10_000: 180.0}
"""Seconds after which comparators are stopped; default: as long as this provider's run."""


@dataclass(frozen=True)
class Run:
    """Measurements of one client with a number of jobs.

    :param who: name of the client
    :param jobs: number of jobs
    :param delays: seconds from finished to noticed, of the noticed jobs
    :param failed: jobs for which the client reported another outcome
    :param calls: calls that the emulator answered
    :param throttled: those of them that it refused
    :param found: the client's measurements of itself
    """

    who: str
    jobs: int
    delays: Sequence[float]
    failed: int
    calls: int
    throttled: int
    found: dict[str, Any]

    @property
    def lost(self) -> int:
        """Number of jobs that were neither noticed nor failed."""
        return self.jobs - len(self.delays) - self.failed

    @property
    def calls_per_job(self) -> float:
        """Calls per noticed job."""
        return self.calls / max(1, len(self.delays))

    def cpu_per_job(self, idle: Run) -> float:
        """Return the CPU milliseconds per noticed job, minus those of an idle loop in the same time."""
        resting = idle.found["cpu"] / idle.found["seconds"] * self.found["seconds"]
        return float(1000 * max(0.0, self.found["cpu"] - resting) / max(1, len(self.delays)))


def durations(jobs: int, scale: float) -> list[float]:
    """Return the duration of each job: 30 to 120 s, the same in every run."""
    chance = random.Random(jobs)
    return [chance.uniform(30, 120) / scale for _ in range(jobs)]


def measure(
    who: str, jobs: int, scale: float, most_seconds: float, *, job_messages_url: str | None = None
) -> Run:
    """Run one client with an emulator of its own.

    :param job_messages_url: queue to which the emulator sends the ends of jobs, for this provider
    """
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            "AIRFLOW_HOME": home,
            # The emulator writes it, and the clients trust it.
            "SSL_CERT_FILE": f"{home}/certificate.pem",
        }
        if job_messages_url is not None:
            environment["VIAPI_BENCH_JOB_MESSAGES_URL"] = environment["AIRFLOW__VIAPI__JOB_MESSAGES_URL"] = (
                job_messages_url
            )
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            environment.pop(name, None)
        quota = round(QUOTA * scale)
        if who == "databricks":
            emulator = _start("databricks_api.py", env=environment)
        else:
            emulator = _start("waiting_emulator.py", quota, SECONDS_BETWEEN_LISTS / scale, env=environment)
        url = _read(emulator)
        extra = {"endpoint": url, "poll_qps": quota}
        environment["AIRFLOW_CONN_VIAPI_DEFAULT"] = json.dumps(
            {
                "conn_type": "viapi",
                "login": "viapi-emulator",
                "password": "viapi-emulator-secret",
                "extra": extra,
            }
        )
        environment["AIRFLOW_CONN_DATABRICKS_DEFAULT"] = json.dumps(
            {"conn_type": "databricks", "host": url.rpartition(":")[0], "port": int(url.rpartition(":")[2])}
            | {"password": "token"}
        )
        client = _start(
            "polling_baselines.py",
            *(who, url, scale, most_seconds),
            env=environment,
            python=str(OTHERS) if who == "databricks" else sys.executable,
        )
        try:
            _read(client)
            taking = durations(jobs, scale)
            _write(emulator, json.dumps(taking))
            began = json.loads(_read(emulator))["began"]
            _write(client, str(jobs))
            found = json.loads(_read(client, "{"))
            _stdin(emulator).close()
            calls = json.loads(_read(emulator))
        finally:
            for process in (client, emulator):
                process.terminate()
                process.wait(60)
    return Run(
        who,
        jobs,
        [noticed - began - taking[int(number)] for number, noticed in found["noticed"].items()],
        len(found["failed"]),
        sum(count["accepted"] + count["rejected"] for count in calls.values()),
        sum(count["rejected"] for count in calls.values()),
        found,
    )


def _start(
    program: str, *arguments: object, env: dict[str, str], python: str = sys.executable
) -> subprocess.Popen[str]:
    command = [python, str(HERE / program), *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
    )


def _stdin(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin


def _write(process: subprocess.Popen[str], line: str) -> None:
    _stdin(process).write(f"{line}\n")
    _stdin(process).flush()


def _read(process: subprocess.Popen[str], start: str = "") -> str:
    """Return the next line that starts with some text; others are Airflow's log."""
    assert process.stdout is not None
    while line := process.stdout.readline():
        if line.startswith(start):
            return line.strip()
    raise RuntimeError(f"{process.args} ended with {process.wait()}")


def measure_all(jobs: int, scale: float) -> list[Run]:
    """Run all clients at the same time, the idle loop for a minute."""
    most = MOST_SECONDS.get(jobs, 600.0) / scale
    compared = COMPARED_SECONDS.get(jobs, most * scale) / scale
    limits = {"ours": most, **dict.fromkeys(COMPARATORS, compared), "bare": most, "idle": 60.0 / scale}
    with ThreadPoolExecutor(len(limits)) as pool:
        runs = [pool.submit(measure, who, jobs, scale, seconds) for who, seconds in limits.items()]
        return [run.result() for run in runs]


def measure_sizes(sizes: Sequence[int], scale: float, *, full: bool) -> list[tuple[int, list[Run]]]:
    """Run each size, one after the other.

    Only the 10,000 jobs, whose comparators are stopped early, continue beside the others, with ten calls per second.
    """
    with ThreadPoolExecutor(1) as pool:
        largest = pool.submit(measure_all, 10_000, scale) if full else None
        if largest is not None:
            time.sleep((COMPARED_SECONDS[10_000] + 30) / scale)
        runs = [(jobs, measure_all(jobs, scale)) for jobs in sizes]
        return [*runs, *([(10_000, largest.result())] if largest is not None else [])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; with ``--ours``, only this provider, as JSON."""
    options = _options(arguments)
    if options.ours:
        print(json.dumps(_summary(measure("ours", options.ours, options.scale, 600.0))))
        return 0
    rows, goals = [], []
    for jobs, (*runs, bare, idle) in measure_sizes(options.jobs or SIZES, options.scale, full=options.full):
        forced = forced_delays(
            durations(jobs, options.scale), QUOTA * options.scale, SECONDS_BETWEEN_LISTS / options.scale
        )
        alone = results_alone(durations(jobs, options.scale), QUOTA * options.scale)
        rows += [_row(run, idle) for run in runs]
        rows.append(
            (
                f"{jobs:,} bare calls",
                f"{bare.calls_per_job:.2f}",
                *[""] * 6,
                f"{bare.cpu_per_job(idle):.1f}",
                *[""] * 5,
            )
        )
        rows.append(_forced_row(jobs, "lower bound, both quotas", forced))
        rows.append(_forced_row(jobs, "lower bound, results' quota", alone))
        goals += _goals(runs, idle, forced)
    return report(
        "waiting",
        f"{_explanation(options.scale, full=options.full)}\n\n{table(HEADING, rows)}",
        goals,
        ["aiohttp", "httpx", "apache-airflow"],
    )


HEADING = (
    "jobs, who",
    "calls per job",
    "throttled",
    "jobs refused",
    "failed",
    "not noticed",
    "delay p50 s",
    "p99 s",
    "CPU ms per job",
    "RSS + MiB",
    "longest step ms, CPU",
    "ms, wall",
    "longest GC ms",
    "took s",
)


def _row(run: Run, idle: Run) -> tuple[str, ...]:
    found = run.found
    return (
        f"{run.jobs:,} {run.who.replace('ours', 'this provider')}",
        f"{run.calls_per_job:.2f}",
        f"{run.throttled:,}",
        "–" if run.who in ("ours", "databricks") else f"{found['refused_jobs']:,}",
        f"{run.failed:,}",
        f"{run.lost:,}",
        f"{percentile(run.delays, 0.5):.1f}",
        f"{percentile(run.delays, 0.99):.1f}",
        f"{run.cpu_per_job(idle):.1f}",
        f"{found['rss'] / 2**20:.1f}",
        f"{1000 * found['stall_cpu']:.0f}",
        f"{1000 * found['stall_wall']:.0f}",
        f"{1000 * found['collection']:.0f}",
        f"{found['seconds']:.0f}",
    )


def _forced_row(jobs: int, who: str, delays: Sequence[float]) -> tuple[str, ...]:
    figures = (f"{percentile(delays, 0.5):.1f}", f"{percentile(delays, 0.99):.1f}")
    return (f"{jobs:,} {who}", *[""] * 5, *figures, *[""] * 6)


def _goals(runs: Sequence[Run], idle: Run, forced: Sequence[float]) -> list[Goal]:
    own, *others = runs
    jobs = f"{own.jobs:,} jobs"
    ratio = percentile(own.delays, 0.99) / percentile(forced, 0.99)
    saved = {run.who: run.cpu_per_job(idle) / max(1e-9, own.cpu_per_job(idle)) for run in others}
    saved = {who: ratio for who, ratio in saved.items() if who == "databricks"} or saved
    found = own.found
    goals = [
        Goal(
            f"{jobs}: none failed or lost", f"{own.failed} failed, {own.lost} lost", not own.failed + own.lost
        ),
        Goal(f"{jobs}: no throttled call", f"{own.throttled}", not own.throttled),
        Goal(
            f"{jobs}: p99 delay at most 1.2 × the lower bound of both quotas", f"{ratio:.2f} ×", ratio <= 1.2
        ),
        Goal(
            f"{jobs}: this provider never blocks the loop over 50 ms",
            f"{1000 * found['stall_cpu']:.0f} ms of CPU, {1000 * found['stall_wall']:.0f} by the clock",
            found["stall_cpu"] <= 0.05,
        ),
    ]
    if own.jobs >= 1_000:
        most = 20 if own.jobs < 10_000 else 200
        grown = found["rss"] / 2**20
        goals += [
            *(
                Goal(f"{jobs}: CPU per job at least 10 × less than {who}", f"{ratio:.1f} ×", ratio >= 10)
                for who, ratio in saved.items()
            ),
            Goal(f"{jobs}: at most 1.1 calls per job", f"{own.calls_per_job:.3f}", own.calls_per_job <= 1.1),
            Goal(f"{jobs}: RSS grows by less than {most} MiB", f"{grown:.1f}", grown < most),
        ]
    return goals


def _explanation(scale: float, *, full: bool) -> str:
    faster = f", everything {scale:g} times as fast" if scale != 1 else ""
    seconds = COMPARED_SECONDS[10_000]
    stopped = f" With 10,000 jobs, the other triggers are stopped after {seconds:.0f} s." if full else ""
    text = (
        "Jobs of 30–120 s, all started at the same time, in one event loop. The emulator, a process of its own, "
        f"allows {QUOTA} results per second and one list request every {SECONDS_BETWEEN_LISTS:g} s{faster}. All "
        f"clients run side by side.{stopped} *Session per trigger* and *session per poll*: two common ways to "
        "write a trigger that waits for a job. Each polls its job every 10 s and opens an HTTP session per trigger, "
        "or per poll. A throttled call would make such a trigger fail; here it continues. *Jobs refused*: jobs with "
        "at least one throttled call. *databricks*: the trigger of Airflow's Databricks provider, which polls every "
        "10 s here (its default: 30 s), for runs of a local server without a quota. *Bare calls*: one signed aiohttp "
        "call per job at the rate of the quota, and nothing else. *Lower bound*: simulated, see "
        "`benchmarks/lower_bound.py`. The CPU time of an idle loop with as many sleepers is subtracted. A *step* is "
        "what the loop runs between two awaits, without garbage collection: a collection traverses all of Airflow's "
        "objects, whichever allocation starts it."
    )
    return fill(text, 120, break_on_hyphens=False)


def _summary(run: Run) -> dict[str, float]:
    return {
        "jobs": run.jobs,
        "noticed": len(run.delays),
        "failed": run.failed,
        "lost": run.lost,
        "calls": run.calls,
        "throttled": run.throttled,
        "p99": percentile(run.delays, 0.99),
        **{
            name: run.found[name]
            for name in ("cpu", "rss", "stall_cpu", "stall_wall", "collection", "seconds")
        },
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="also 10,000 jobs")
    parser.add_argument("--jobs", type=int, nargs="*", help="numbers of jobs")
    parser.add_argument("--ours", type=int, metavar="JOBS", help="only this provider, as JSON")
    parser.add_argument("--scale", type=float, default=1.0, help="speed factor (default: %(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
