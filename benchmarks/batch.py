"""Many jobs in one task, against as many mapped tasks with a job each, under a real Airflow.

Reports wall time, rows written to Airflow's database, and CPU time of Airflow's processes. The emulator's jobs take
20 to 40 seconds without media work. Each of the two variants has an Airflow of its own.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from report import ROOT, Goal, report, table

sys.path.insert(0, str(ROOT / "scripts"))
sys.path.insert(0, str(ROOT / "tests"))

from airflow_provider_viapi.emulator.server import EmulatorServer
from local_airflow import AS_DEPLOYED, LocalAirflow
from mapped_jobs import ERASE, LONGEST, SHORTEST, copy, wall_time
from served_folder import serve

IDLE = 15.0
SHOWN_TABLES = 8
DAGS = {"batch": "one task", "jobs": "mapped tasks"}


@dataclass
class Measured:
    """Measurements of one variant.

    :param seconds: wall time of the run
    :param cpu: CPU seconds of all of Airflow's processes during the run
    :param idle: CPU seconds that Airflow would have used in that time without the run
    :param written: rows inserted, updated and deleted, by table
    :param submitted: number of jobs submitted, and of different videos that succeeded
    """

    seconds: float
    cpu: float
    idle: float
    written: dict[str, int] = field(default_factory=dict)
    submitted: tuple[int, int] = (0, 0)


def main() -> int:
    """Run both variants and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500, help="jobs of each variant (default: %(default)s)")
    count = parser.parse_args().jobs
    seconds = [SHORTEST + (LONGEST - SHORTEST) * number / max(1, count - 1) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        media = Path(folder) / "media"
        media.mkdir()
        (media / "clip.mp4").write_bytes(b"no video; not read")
        with serve(media) as served, EmulatorServer(transforms={ERASE: copy}) as emulator:
            found = {}
            for dag_id in DAGS:
                emulator.reset()
                for each in seconds:
                    emulator.fault(action=ERASE, job={"processing": each})
                home = Path(folder) / dag_id
                home.mkdir()
                found[dag_id] = run_variant(dag_id, emulator, served.address("clip.mp4"), seconds, home)
                print(f"{DAGS[dag_id]}: {found[dag_id].seconds:.1f} s", file=sys.stderr, flush=True)
    return write_report(count, found)


def run_variant(
    dag_id: str, emulator: EmulatorServer, video: str, seconds: list[float], home: Path
) -> Measured:
    """Run a DAG in an Airflow of its own."""
    connection = json.loads(emulator.connection_json())
    # The emulator has no quota here: the comparison is of Airflow's work, not of the account's rate limit.
    connection["extra"] |= {"submit_qps": 50}
    environment = {
        **AS_DEPLOYED,
        "AIRFLOW_CONN_VIAPI_DEFAULT": json.dumps(connection),
        "PYTHONPATH": str(ROOT / "benchmarks"),
        "VIAPI_BENCH_SECONDS": json.dumps(seconds),
        "VIAPI_BENCH_VIDEO": video,
    }
    with LocalAirflow(
        dags_folder=ROOT / "benchmarks" / "dags", home=home, environment=environment
    ) as airflow:
        while airflow.rest.get(f"/dags/{dag_id}").is_error:
            time.sleep(1)
        began, before = time.monotonic(), cpu_seconds(airflow)
        time.sleep(IDLE)
        idle = (cpu_seconds(airflow) - before) / (time.monotonic() - began)
        count_writes(home / "airflow.db")
        began, before = time.monotonic(), cpu_seconds(airflow)
        took = wall_time(airflow, dag_id)
        used = cpu_seconds(airflow) - before
        waited = time.monotonic() - began
        written = writes(home / "airflow.db")
    jobs = emulator.jobs()
    succeeded = {job["request"]["VideoUrl"] for job in jobs if job["status"] == "PROCESS_SUCCESS"}
    return Measured(took, used, idle * waited, written, (len(jobs), len(succeeded)))


def cpu_seconds(airflow: LocalAirflow) -> float:
    """Return the CPU seconds of Airflow's processes and their ended children so far."""
    total = 0.0
    for session in (session for group in airflow.sessions.values() for session in group):
        leader = psutil.Process(session.leader.pid)
        for process in (leader, *leader.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total


def count_writes(database: Path) -> None:
    """Make SQLite count every written row from now on."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.execute("CREATE TABLE bench_written (name TEXT PRIMARY KEY, rows INTEGER NOT NULL)")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in tables:
            if name.startswith(("sqlite_", "bench_")):
                continue
            connection.execute("INSERT INTO bench_written VALUES (?, 0)", (name,))
            for event in ("INSERT", "UPDATE", "DELETE"):
                connection.execute(
                    f'CREATE TRIGGER "bench_{name}_{event}" AFTER {event} ON "{name}" BEGIN '
                    f"UPDATE bench_written SET rows = rows + 1 WHERE name = '{name}'; END"
                )


def writes(database: Path) -> dict[str, int]:
    """Return the number of rows written, by table."""
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        return dict(connection.execute("SELECT name, rows FROM bench_written WHERE rows > 0"))


def write_report(count: int, found: dict[str, Measured]) -> int:
    """Write the report and return the exit status."""
    both = list(found.values())

    def row(what: str, figures: list[str]) -> tuple[str, ...]:
        return (what, *figures)

    names = sorted(
        {name for each in both for name in each.written},
        key=lambda name: -max(each.written.get(name, 0) for each in both),
    )
    body = table(
        (f"{count} jobs", *DAGS.values()),
        [
            row("wall time, s", [f"{each.seconds:.0f}" for each in both]),
            row("CPU time of Airflow, s", [f"{each.cpu:.0f}" for each in both]),
            row("minus its idle use, s", [f"{each.cpu - each.idle:.0f}" for each in both]),
            row("rows written", [f"{sum(each.written.values()):,}" for each in both]),
            *(
                row(f"of which in {name}", [f"{each.written.get(name, 0):,}" for each in both])
                for name in names[:SHOWN_TABLES]
            ),
        ],
    )
    goals: list[Goal] = []
    for dag_id, each in found.items():
        jobs, succeeded = each.submitted
        goals.append(
            Goal(
                f"{DAGS[dag_id]}: all {count} done, each submitted once",
                f"{succeeded} done, {jobs} submitted",
                jobs == succeeded == count,
            )
        )
    return report("batch", body, goals, ["apache-airflow"])


if __name__ == "__main__":
    sys.exit(main())
