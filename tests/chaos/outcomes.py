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

from tested_code import tested_code

HEAD = "| scenario | mode | store | runs | jobs accepted | passed | date | code |"

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

    def table(self) -> dict[tuple[str, str, str], str]:
        """Return the rows of the table in Markdown by scenario, mode and store."""
        rows = {}
        for key, runs in self.rows.items():
            jobs = ", ".join(sorted({str(run.jobs) for run in runs}))
            passed = sum(run.passed for run in runs)
            cells = (*key, str(len(runs)), jobs, f"{passed} of {len(runs)}", str(date.today()), tested_code())
            rows[key] = f"| {' | '.join(cells)} |"
        return rows

    def text(self, earlier: str = "") -> str:
        """Return the table with the versions.

        :param earlier: the table of an earlier run, whose other rows are kept
        """
        rows = {_key(line): line for line in earlier.splitlines() if line.startswith("| ")} | self.table()
        rows.pop(_key(HEAD), None)
        database = "PostgreSQL" if os.environ.get("VIAPI_TEST_POSTGRES") else "SQLite"
        made = f"Airflow {version('apache-airflow')} on {database}, Python {platform.python_version()}"
        return "\n".join([made, "", HEAD, "|---|---|---|---|---|---|---|---|", *sorted(rows.values())])

    def write(self, report: Path, *, keep: bool) -> None:
        """Replace the table of this Airflow version in a document, which is between two marks.

        :param keep: keep the rows of scenarios that were not run
        """
        name = f"Airflow {version('apache-airflow')}"
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        before, found, rest = report.read_text().partition(begin)
        if not found or end not in rest:
            raise ValueError(f"{report} has no place for the table: add the lines {begin} and {end}")
        earlier, _, after = rest.partition(end)
        report.write_text(f"{before}{begin}\n\n{self.text(earlier if keep else '')}\n\n{end}{after}")


def _key(row: str) -> tuple[str, str, str]:
    what, mode, store = (cell.strip() for cell in row.split("|")[1:4])
    return what, mode, store
