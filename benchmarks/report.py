"""The report of a benchmark: a table, its goals, date, machine and versions."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True)
class Goal:
    """A goal and its measurement.

    :param what: the goal in words, with the required figure
    :param figure: the measurement, with its unit
    :param reached: whether the measurement meets the goal
    """

    what: str
    figure: str
    reached: bool

    def __str__(self) -> str:
        return f"* {'reached' if self.reached else 'missed'}: {self.what}: {self.figure}"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first hold figures and are right-aligned."""
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heading, rule, *rows])


def report(name: str, body: str, goals: Sequence[Goal], packages: Iterable[str] = ()) -> int:
    """Print the report, write it to ``results/<name>.md``, and return the exit status: 0 if all goals are reached.

    :param body: Markdown: tables, and the explanation needed to read them
    :param packages: distributions whose versions are reported
    """
    text = "\n".join([body.strip(), "", *map(str, goals), "", f"*{measured_on(packages)}*", ""])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text)
    print(text)
    return 0 if all(goal.reached for goal in goals) else 1


def measured_on(packages: Iterable[str] = ()) -> str:
    """Return date, machine, its load, and versions, in a line."""
    found = {name: _version(name) for name in packages}
    versions = ", ".join(f"{name} {found[name]}" for name in found if found[name])
    busy = os.getloadavg()[0]
    parts = (
        f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        machine(),
        f"load {busy:.1f} at the end",
        f"Python {platform.python_version()}",
        versions,
    )
    return ", ".join(part for part in parts if part)


def machine() -> str:
    """Return the number and model of the cores."""
    return f"{len(os.sched_getaffinity(0))} cores of {_cpu_model()}"


def _cpu_model() -> str:
    fields: Mapping[str, str] = dict(
        (part.strip() for part in line.split(":", 1))  # type: ignore[misc]
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if ":" in line
    )
    return fields.get("model name") or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
