"""Compare a DAG of mapped jobs on a real Airflow with the same DAG whose tasks sleep for as long.

Scheduler, triggerer, DAG processor and API server are those of ``scripts/local_airflow.py``. The emulator's jobs take
20 to 40 seconds without media work: it copies a few bytes. So the comparison is of Airflow with its own waiting and
Airflow with this provider's. A second Airflow preloads the provider's modules, as docs/operate.md advises.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from report import ROOT, Goal, report, table

sys.path.insert(0, str(ROOT / "scripts"))
sys.path.insert(0, str(ROOT / "tests"))

from airflow_provider_viapi.emulator.server import EmulatorServer
from local_airflow import AS_DEPLOYED, LocalAirflow
from served_folder import serve

MOST = 1.15
SHORTEST, LONGEST = 20.0, 40.0
# Forwards and backwards, so that neither variant is always the first.
TURNS = ("nothing", "jobs", "jobs", "nothing")
TIMEOUT = 1800.0
ERASE = "EraseVideoSubtitles"


def copy(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Do media work that costs nothing; the emulator's worker processes import it from here."""
    video = folder / "video.mp4"
    video.write_bytes(request["VideoUrl"].read_bytes())
    return {"VideoUrl": video}


def main() -> int:
    """Run both DAGs alternately and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--jobs", type=int, default=100, help="mapped tasks of each DAG (default: %(default)s)"
    )
    parser.add_argument(
        "--heartbeat",
        type=int,
        default=1,
        help="[workers] min_heartbeat_interval in seconds (default: %(default)s, as docs/operate.md advises)",
    )
    arguments = parser.parse_args()
    count = arguments.jobs
    seconds = [SHORTEST + (LONGEST - SHORTEST) * number / max(1, count - 1) for number in range(count)]
    took: dict[bool, dict[str, list[float]]] = {each: {"nothing": [], "jobs": []} for each in (False, True)}
    with tempfile.TemporaryDirectory() as folder:
        media = Path(folder) / "media"
        media.mkdir()
        (media / "clip.mp4").write_bytes(b"no video; not read")
        with serve(media) as served, EmulatorServer(transforms={ERASE: copy}) as emulator:
            connection = json.loads(emulator.connection_json())
            # The emulator has no quota here, and at the default of 2/s submitting alone would take 50 s.
            connection["extra"]["submit_qps"] = 100
            environment = {
                **AS_DEPLOYED,
                "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": str(arguments.heartbeat),
                "AIRFLOW_CONN_VIAPI_DEFAULT": json.dumps(connection),
                "PYTHONPATH": str(ROOT / "benchmarks"),
                "VIAPI_BENCH_SECONDS": json.dumps(seconds),
                "VIAPI_BENCH_VIDEO": served.address("clip.mp4"),
            }
            dags = ROOT / "benchmarks" / "dags"
            for preloads, found in took.items():
                home = Path(folder) / f"airflow-{preloads}"
                (home / "config").mkdir(parents=True)
                if preloads:
                    (home / "config" / "airflow_local_settings.py").write_text(
                        "import airflow_provider_viapi.preload\n"
                    )
                with LocalAirflow(dags_folder=dags, home=home, environment=environment) as airflow:
                    for dag_id in TURNS:
                        if dag_id == "jobs":
                            for each in seconds:
                                emulator.fault(action=ERASE, job={"processing": each})
                        found[dag_id].append(wall_time(airflow, dag_id))
                        print(f"{dag_id}: {found[dag_id][-1]:.1f} s", file=sys.stderr, flush=True)
            calls, jobs = emulator.calls(), emulator.jobs()
    return write_report(count, took, calls, jobs)


def wall_time(airflow: LocalAirflow, dag_id: str) -> float:
    """Return the seconds from a run's start to its end, as Airflow records them."""
    run_id = airflow.trigger(dag_id, parse_timeout=120)
    state = airflow.wait(dag_id, run_id, timeout=TIMEOUT)
    if state != "success":
        raise RuntimeError(f"the run of {dag_id} ended as {state}")
    run = airflow.rest.get(f"/dags/{dag_id}/dagRuns/{run_id}").raise_for_status().json()
    began, ended = (datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    return (ended - began).total_seconds()


def write_report(
    count: int,
    took: dict[bool, dict[str, list[float]]],
    calls: dict[str, dict[str, int]],
    jobs: list[dict[str, Any]],
) -> int:
    """Write the report and return the exit status."""
    rows, ratios = [], []
    for preloads, found in took.items():
        means = {dag_id: statistics.fmean(times) for dag_id, times in found.items()}
        ratios.append(means["jobs"] / means["nothing"])
        where = "; modules preloaded" if preloads else ""
        rows += [
            (f"{what}{where}", ", ".join(f"{each:.0f}" for each in found[dag_id]), f"{means[dag_id]:.0f}")
            for dag_id, what in (("nothing", "sleeping tasks, deferrable"), ("jobs", "jobs of the emulator"))
        ]
    runs = table((f"{count} mapped tasks", "wall time of each run, s", "mean, s"), rows)
    expected = count * sum(len(found["jobs"]) for found in took.values())
    called = table(
        ("calls of the runs with jobs", "accepted", "refused", "per job"),
        [
            (name, str(found["accepted"]), str(found["rejected"]), f"{sum(found.values()) / expected:.2f}")
            for name, found in calls.items()
        ],
    )
    succeeded = sum(job["status"] == "PROCESS_SUCCESS" for job in jobs)
    goals = [
        *(
            Goal(f"wall time at most {MOST} × that of sleeping tasks{where}", f"{ratio:.2f} ×", ratio <= MOST)
            for ratio, where in zip(ratios, ("", ", with modules preloaded"), strict=True)
        ),
        Goal(
            "each task submitted one job, and each succeeded",
            f"{succeeded} of {len(jobs)} for {expected} tasks",
            succeeded == len(jobs) == expected,
        ),
    ]
    return report("mapped_jobs", f"{runs}\n\n{called}", goals, ["apache-airflow"])


if __name__ == "__main__":
    sys.exit(main())
