"""Ten to ten thousand jobs waited for in one event loop, within a quota: calls, delays, CPU, memory, stalls.

Ours beside the field's two usual patterns and an idle loop, all at once, each in a process of its own with its own
emulator. ``--full`` adds 10,000 jobs, of which the quota alone makes more than a quarter of an hour.
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
from typing import IO, Any

from lower_bound import forced_delays, percentile, results_alone
from report import Goal, report, table

HERE = Path(__file__).parent
QUOTA = 10
SECONDS_BETWEEN_LISTS = 5.0
COMPARATORS = ("session per trigger", "session per poll")
SIZES = (10, 100, 1_000)
MOST_SECONDS = {10: 300.0, 100: 300.0, 1_000: 400.0, 10_000: 1_800.0}
COMPARED_SECONDS = {10_000: 180.0}
"""After which comparators are stopped; as long as ours otherwise."""


@dataclass(frozen=True)
class Run:
    """What one contestant did with so many jobs.

    :param who: which
    :param jobs: how many
    :param delays: seconds from finished to noticed, of those that were noticed
    :param failed: jobs that ended otherwise than they did
    :param calls: that the emulator has answered
    :param throttled: those of them that it refused
    :param found: what the contestant has measured of itself
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
        """Jobs that were neither noticed nor failed."""
        return self.jobs - len(self.delays) - self.failed

    @property
    def calls_per_job(self) -> float:
        """Per job that was noticed."""
        return self.calls / max(1, len(self.delays))

    def cpu_per_job(self, idle: Run) -> float:
        """Milliseconds per job that was noticed, those of an idle loop in the same time subtracted."""
        resting = idle.found["cpu"] / idle.found["seconds"] * self.found["seconds"]
        return float(1000 * max(0.0, self.found["cpu"] - resting) / max(1, len(self.delays)))


def durations(jobs: int, scale: float) -> list[float]:
    """How long each job takes: 30 to 120 s, the same in every run."""
    chance = random.Random(jobs)
    return [chance.uniform(30, 120) / scale for _ in range(jobs)]


def compete(who: str, jobs: int, scale: float, most_seconds: float) -> Run:
    """One contestant's run, with an emulator of its own."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            "AIRFLOW_HOME": home,
        }
        quota = round(QUOTA * scale)
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
        contestant = _start("polling_baselines.py", who, url, scale, most_seconds, env=environment)
        try:
            _read(contestant)
            taking = durations(jobs, scale)
            _write(emulator, json.dumps(taking))
            began = json.loads(_read(emulator))["began"]
            _write(contestant, str(jobs))
            found = json.loads(_read(contestant))
            _stdin(emulator).close()
            calls = json.loads(_read(emulator))
        finally:
            for process in (contestant, emulator):
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


def _start(program: str, *arguments: object, env: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / program), *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
    )


def _stdin(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin


def _write(process: subprocess.Popen[str], line: str) -> None:
    _stdin(process).write(f"{line}\n")
    _stdin(process).flush()


def _read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args} ended with {process.wait()}")
    return line.strip()


def compete_all(jobs: int, scale: float) -> list[Run]:
    """All contestants at once, the idle loop for a minute."""
    most = MOST_SECONDS.get(jobs, 600.0) / scale
    compared = COMPARED_SECONDS.get(jobs, most * scale) / scale
    limits = {"ours": most, **dict.fromkeys(COMPARATORS, compared), "idle": 60.0 / scale}
    with ThreadPoolExecutor(len(limits)) as pool:
        runs = [pool.submit(compete, who, jobs, scale, seconds) for who, seconds in limits.items()]
        return [run.result() for run in runs]


def compete_with(sizes: Sequence[int], scale: float, *, full: bool) -> list[tuple[int, list[Run]]]:
    """The runs of each size, one size after the other.

    Only the 10,000, whose comparators are stopped early, go on with their ten calls a second beside the others.
    """
    with ThreadPoolExecutor(1) as pool:
        largest = pool.submit(compete_all, 10_000, scale) if full else None
        if largest is not None:
            time.sleep((COMPARED_SECONDS[10_000] + 30) / scale)
        runs = [(jobs, compete_all(jobs, scale)) for jobs in sizes]
        return [*runs, *([(10_000, largest.result())] if largest is not None else [])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; with ``--ours``, only ours, as JSON."""
    options = _options(arguments)
    if options.ours:
        print(json.dumps(_summary(compete("ours", options.ours, options.scale, 600.0))))
        return 0
    rows, goals = [], []
    for jobs, (*runs, idle) in compete_with(options.jobs or SIZES, options.scale, full=options.full):
        forced = forced_delays(
            durations(jobs, options.scale), QUOTA * options.scale, SECONDS_BETWEEN_LISTS / options.scale
        )
        alone = results_alone(durations(jobs, options.scale), QUOTA * options.scale)
        rows += [_row(run, idle) for run in runs]
        rows.append(_forced_row(jobs, "forced by both quotas", forced))
        rows.append(_forced_row(jobs, "forced by that of results", alone))
        goals += _goals(runs, idle, forced)
    return report(
        "waiting",
        f"{_explanation(options.scale)}\n\n{table(HEADING, rows)}",
        goals,
        ["httpx", "apache-airflow"],
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
        f"{run.jobs:,} {run.who}",
        f"{run.calls_per_job:.2f}",
        f"{run.throttled:,}",
        "–" if run.who == "ours" else f"{found['refused_jobs']:,}",
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
    best = min(run.cpu_per_job(idle) for run in others)
    saved = best / max(1e-9, own.cpu_per_job(idle))
    found = own.found
    goals = [
        Goal(
            f"{jobs}: none failed or lost", f"{own.failed} failed, {own.lost} lost", not own.failed + own.lost
        ),
        Goal(f"{jobs}: no throttled call", f"{own.throttled}", not own.throttled),
        Goal(f"{jobs}: p99 delay at most 1.2 × what the quotas force", f"{ratio:.2f} ×", ratio <= 1.2),
        Goal(
            f"{jobs}: the loop never blocked over 50 ms by us",
            f"{1000 * found['stall_cpu']:.0f} ms of CPU, {1000 * found['stall_wall']:.0f} by the clock",
            found["stall_cpu"] <= 0.05,
        ),
    ]
    if own.jobs >= 1_000:
        most = 20 if own.jobs < 10_000 else 200
        grown = found["rss"] / 2**20
        goals += [
            Goal(
                f"{jobs}: CPU per job at least 10 × less than the better comparator",
                f"{saved:.1f} ×",
                saved >= 10,
            ),
            Goal(f"{jobs}: at most 1.1 calls per job", f"{own.calls_per_job:.3f}", own.calls_per_job <= 1.1),
            Goal(f"{jobs}: RSS grows by less than {most} MiB", f"{grown:.1f}", grown < most),
        ]
    return goals


def _explanation(scale: float) -> str:
    faster = f", everything {scale:g} times as fast" if scale != 1 else ""
    return (
        "Jobs of 30–120 s, all begun at once, waited for in one event loop; the emulator, a process of its own, lets "
        f"{QUOTA} results a second pass and one look into the list in {SECONDS_BETWEEN_LISTS:g} s{faster}. All run "
        f"side by side; of 10,000 jobs the usual patterns are stopped after {COMPARED_SECONDS[10_000]:.0f} s. *Jobs "
        "refused*: met at least one refusal, with which the usual trigger fails; here it goes on. *Forced*: "
        "simulated, see `benchmarks/lower_bound.py`. The CPU of an idle loop with as many sleepers is subtracted. "
        "A *step* is what runs in the loop between two awaits, without the collecting of garbage, which goes through "
        "all that Airflow holds whoever starts it."
    )


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
    parser.add_argument("--full", action="store_true", help="10,000 jobs as well")
    parser.add_argument("--jobs", type=int, nargs="*", help="how many, instead")
    parser.add_argument("--ours", type=int, metavar="JOBS", help="only ours, as JSON")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times as fast (%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
