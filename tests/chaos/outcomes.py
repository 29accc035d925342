"""The table of what came of each scene."""

from __future__ import annotations

import platform
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

MARK = "<!-- the table below is written by make test-chaos -->"


@dataclass
class Outcomes:
    """Scene by scene: how often it was played, how many jobs were accepted, whether all went as it should."""

    rows: dict[tuple[str, str], list[tuple[int, bool, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def note(self, scene: Any, jobs: int, *, passed: bool, seconds: float) -> None:
        """Add one playing of a scene."""
        what = (scene.function.__doc__ or scene.originalname).strip().rstrip(".")
        arguments = (
            {name: value for name, value in scene.callspec.params.items() if name not in ("mode", "playing")}
            if hasattr(scene, "callspec")
            else {}
        )
        details = ", ".join(str(value) for value in arguments.values())
        mode = scene.callspec.params.get("mode", "") if hasattr(scene, "callspec") else ""
        self.rows[f"{what}: {details}" if details else what, mode].append((jobs, passed, seconds))

    def table(self) -> list[str]:
        """The table in Markdown."""
        lines = ["| what happens | mode | played | jobs accepted | as it should |", "|---|---|---|---|---|"]
        for (what, mode), playings in self.rows.items():
            jobs = ", ".join(sorted({str(count) for count, _, _ in playings}))
            passed = sum(1 for _, good, _ in playings if good)
            lines.append(f"| {what} | {mode} | {len(playings)} | {jobs} | {passed} of {len(playings)} |")
        return lines

    def text(self) -> str:
        """The table with what it was made with."""
        made = f"{date.today()}, Airflow {version('apache-airflow')}, Python {platform.python_version()}"
        return "\n".join([made, "", *self.table()])

    def write(self, report: Path) -> None:
        """Put the table below its mark in a document."""
        before = report.read_text().partition(MARK)[0]
        report.write_text(f"{before}{MARK}\n\n{self.text()}\n")
