"""The table of the outcomes of each scenario."""

from __future__ import annotations

import os
import platform
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

PROPERTY = "chaos"
"""Name under which an outcome is attached to pytest's report."""


@dataclass(frozen=True)
class ScenarioRun:
    """One run of a scenario: how many jobs the emulator accepted, and whether it passed."""

    what: str
    mode: str
    store: str
    jobs: int
    passed: bool

    @classmethod
    def of(cls, item: Any, *, jobs: int, passed: bool) -> ScenarioRun:
        """Return the run of a pytest item."""
        what = (item.function.__doc__ or item.originalname).strip().rstrip(".")
        parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
        mode = parameters.pop("mode", "")
        store = parameters.pop("shared_deployment", "")
        parameters.pop("repetition", None)
        details = ", ".join(str(value) for value in parameters.values())
        return cls(f"{what}: {details}" if details else what, mode, store, jobs, passed)


@dataclass
class Outcomes:
    """Runs by scenario."""

    rows: dict[tuple[str, str, str], list[ScenarioRun]] = field(default_factory=lambda: defaultdict(list))

    def add(self, run: ScenarioRun) -> None:
        """Add one run of a scenario."""
        self.rows[run.what, run.mode, run.store].append(run)

    def table(self) -> list[str]:
        """Return the table in Markdown."""
        lines = ["| scenario | mode | store | runs | jobs accepted | passed |", "|---|---|---|---|---|---|"]
        for (what, mode, store), runs in sorted(self.rows.items()):
            jobs = ", ".join(sorted({str(run.jobs) for run in runs}))
            passed = sum(run.passed for run in runs)
            lines.append(f"| {what} | {mode} | {store} | {len(runs)} | {jobs} | {passed} of {len(runs)} |")
        return lines

    def text(self) -> str:
        """Return the table with date and versions."""
        database = "PostgreSQL" if os.environ.get("VIAPI_TEST_POSTGRES") else "SQLite"
        airflow = f"Airflow {version('apache-airflow')} on {database}"
        made = f"{date.today()}, {airflow}, Python {platform.python_version()}"
        return "\n".join([made, "", *self.table()])

    def write(self, report: Path) -> None:
        """Replace the text between the marks of this Airflow version in a document."""
        name = f"Airflow {version('apache-airflow')}"
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        before, found, rest = report.read_text().partition(begin)
        if not found or end not in rest:
            raise ValueError(f"{report} has no place for the table: add the lines {begin} and {end}")
        report.write_text(f"{before}{begin}\n\n{self.text()}\n\n{end}{rest.partition(end)[2]}")
