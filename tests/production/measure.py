"""Cost of one run: a row of the table in docs/quota.md."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from production.recording_emulator import ERASE, LIST, RESULT, RecordingEmulator
from tested_code import tested_code

LIST_INTERVAL = 5.0
BEGIN, END = "<!-- make test-production: begin -->", "<!-- make test-production: end -->"
HEADER = (
    *("scenario", "jobs", "submissions throttled", "polls throttled", "polls and list reads per job"),
    *("result fetched after (95 %)", "shortest possible", "duration", "shortest possible duration"),
    *("load", "code"),
)


@dataclass(frozen=True)
class Row:
    """The numbers of one scene.

    :param jobs: jobs that were accepted
    :param tasks: tasks or items, each of which should have one
    :param submissions: accepted and throttled calls that submit
    :param polls: accepted and throttled calls for results
    :param lists: accepted and throttled reads of the job list
    :param delay: 95th percentile of seconds from the end of a job until its result was fetched
    :param least_delay: the same if one program fetched them at the quota and read the list every 5 s
    :param duration: seconds from the first submission to the last result
    :param least_duration: lower bound of that, by quota and length of the jobs
    :param load: mean number of processes that wanted to run, in the last five minutes
    """

    scene: str
    jobs: int
    tasks: int
    submissions: tuple[int, int]
    polls: tuple[int, int]
    lists: tuple[int, int]
    delay: float
    least_delay: float
    duration: float
    least_duration: float
    load: float

    @property
    def calls_per_job(self) -> float:
        """Polls and reads of the list, accepted or not, per job."""
        return (sum(self.polls) + sum(self.lists)) / max(1, self.jobs)

    def cells(self) -> list[str]:
        """Return the row's texts."""
        return [
            self.scene,
            f"{self.jobs} of {self.tasks}",
            f"{self.submissions[1]} of {sum(self.submissions)}",
            f"{self.polls[1]} of {sum(self.polls)}",
            f"{self.calls_per_job:.2f}",
            f"{self.delay:.1f} s",
            f"{self.least_delay:.1f} s",
            f"{self.duration:.0f} s",
            f"{self.least_duration:.0f} s",
            f"{self.load:.1f}",
            tested_code(),
        ]


@dataclass(frozen=True)
class WaitingRow:
    """An equal number of mapped tasks without jobs, which only wait: what Airflow alone takes on this machine.

    :param duration: seconds from the start of the first task to the end of the last one
    :param least_duration: how long each of them waits
    :param load: see :class:`Row`
    """

    scene: str
    duration: float
    least_duration: float
    load: float

    def cells(self) -> list[str]:
        """Return the row's texts."""
        times = [f"{self.duration:.0f} s", f"{self.least_duration:.0f} s", f"{self.load:.1f}"]
        return [self.scene, *["–"] * (len(HEADER) - len(times) - 2), *times, tested_code()]


def measure(scene: str, emulator: RecordingEmulator, *, tasks: int, rate: float, seconds: float) -> Row:
    """Return the row of a scene.

    :param rate: calls per second of each action
    :param seconds: how long a job takes
    """

    def calls(action: str) -> tuple[int, int]:
        return emulator.count(action, accepted=True), emulator.count(action, accepted=False)

    ended, noticed = emulator.ended(), emulator.noticed()
    delays = [noticed[job_id] - ended[job_id] for job_id in noticed]
    first = min(call.at for call in emulator.recorded if call.action == ERASE)
    last = max(noticed.values(), default=first)
    return Row(
        scene,
        len(emulator.jobs()),
        tasks,
        calls(ERASE),
        calls(RESULT),
        calls(LIST),
        percentile(delays),
        percentile(least_delays(sorted(ended.values()), rate)),
        last - first,
        tasks / rate + seconds + LIST_INTERVAL,
        os.getloadavg()[1],
    )


def least_delays(ended: list[float], rate: float) -> list[float]:
    """Return the delays of one program that reads the list every 5 s and fetches at the quota, oldest first."""
    delays, free_at = [], 0.0
    began = ended[0] if ended else 0.0
    for each in ended:
        listed = began + math.ceil((each - began) / LIST_INTERVAL) * LIST_INTERVAL
        free_at = max(listed, free_at) + 1 / rate
        delays.append(free_at - each)
    return delays


def percentile(values: list[float], share: float = 0.95) -> float:
    """Return a percentile; NaN of no values."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else math.nan


def table(rows: Sequence[Row | WaitingRow], earlier: str = "") -> str:
    """Return the rows as a table in Markdown.

    :param earlier: a table whose rows of other scenes are kept
    """
    lines = {line.split("|")[1].strip(): line for line in earlier.splitlines() if line.startswith("| ")}
    lines.pop(HEADER[0], None)
    lines |= {row.scene: f"| {' | '.join(row.cells())} |" for row in rows}
    head = [f"| {' | '.join(HEADER)} |", "|---" * len(HEADER) + "|"]
    return "\n".join([*head, *lines.values()])


def write_table(page: Path, rows: Sequence[Row | WaitingRow], conditions: str) -> None:
    """Write rows into the table of a page; those of other scenes are kept."""
    before, earlier, after = re.split(
        f"{re.escape(BEGIN)}(.*?){re.escape(END)}", page.read_text(), flags=re.DOTALL
    )
    page.write_text(f"{before}{BEGIN}\n{table(rows, earlier)}\n\n{conditions}\n{END}{after}")
