"""The table of what came of each scene."""

from __future__ import annotations

import os
import platform
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

MARK = "<!-- the table below is written by make test-chaos -->"


PROPERTY = "chaos"
"""Under which name a playing travels with pytest's report of it."""


@dataclass(frozen=True)
class Playing:
    """One playing of a scene: how many jobs the emulator accepted, and whether all went as it should."""

    what: str
    mode: str
    jobs: int
    passed: bool

    @classmethod
    def of(cls, scene: Any, *, jobs: int, passed: bool) -> Playing:
        """A playing of the scene that pytest calls an item."""
        what = (scene.function.__doc__ or scene.originalname).strip().rstrip(".")
        parameters = dict(scene.callspec.params) if hasattr(scene, "callspec") else {}
        mode = parameters.pop("mode", "")
        parameters.pop("playing", None)
        details = ", ".join(str(value) for value in parameters.values())
        return cls(f"{what}: {details}" if details else what, mode, jobs, passed)


@dataclass
class Outcomes:
    """Scene by scene, what came of its playings."""

    rows: dict[tuple[str, str], list[Playing]] = field(default_factory=lambda: defaultdict(list))

    def note(self, playing: Playing) -> None:
        """Add one playing of a scene."""
        self.rows[playing.what, playing.mode].append(playing)

    def table(self) -> list[str]:
        """The table in Markdown."""
        lines = ["| what happens | mode | played | jobs accepted | as it should |", "|---|---|---|---|---|"]
        for (what, mode), playings in sorted(self.rows.items()):
            jobs = ", ".join(sorted({str(playing.jobs) for playing in playings}))
            passed = sum(playing.passed for playing in playings)
            lines.append(f"| {what} | {mode} | {len(playings)} | {jobs} | {passed} of {len(playings)} |")
        return lines

    def text(self) -> str:
        """The table with what it was made with."""
        database = "PostgreSQL" if os.environ.get("VIAPI_TEST_POSTGRES") else "SQLite"
        airflow = f"Airflow {version('apache-airflow')} on {database}"
        made = f"{date.today()}, {airflow}, Python {platform.python_version()}"
        return "\n".join([made, "", *self.table()])

    def write(self, report: Path) -> None:
        """Put the table below its mark in a document."""
        before = report.read_text().partition(MARK)[0]
        report.write_text(f"{before}{MARK}\n\n{self.text()}\n")
