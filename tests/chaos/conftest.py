"""The stage for the chaos tests, and the table of what came of them.

With ``-n 3`` pytest-xdist plays on three stages at once, each with an Airflow and an emulator of its own; the
outcomes travel with pytest's reports to the process that started the others, which makes the table.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

import media_samples
from airflow_provider_viapi.emulator.server import EmulatorServer
from harness import Stage
from local_airflow import LocalAirflow
from outcomes import PROPERTY, Outcomes, Playing
from proxy import Proxy
from served_folder import ServedFolder

QUICK_TO_NOTICE = {
    # With the defaults it takes minutes until a lost worker or triggerer is missed.
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    # Several stages share the machine, and most of the time each only waits.
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
}


@contextmanager
def database() -> Iterator[str | None]:
    """A database of its own on the PostgreSQL server at ``VIAPI_TEST_POSTGRES``; SQLite (``None``) without."""
    server = os.environ.get("VIAPI_TEST_POSTGRES")
    if not server:
        yield None
        return
    import psycopg2

    name = f"viapi_chaos_{secrets.token_hex(4)}"
    admin = psycopg2.connect(server)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield server.replace("postgresql://", "postgresql+psycopg2://").rpartition("/")[0] + f"/{name}"
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.close()


@pytest.fixture(scope="session")
def airflow_stage(tmp_path_factory: pytest.TempPathFactory, served: ServedFolder) -> Iterator[Stage]:
    clip = served.path / "chaos.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), clip, seconds=1, size=(320, 180))
    home, places = tmp_path_factory.mktemp("airflow"), tmp_path_factory.mktemp("places")
    with EmulatorServer() as emulator, database() as address:
        proxy = Proxy(emulator.url)
        environment = QUICK_TO_NOTICE | {
            "AIRFLOW_CONN_VIAPI_DEFAULT": emulator.connection_json().replace(emulator.url, proxy.url),
            "VIAPI_CHAOS_PLACES": str(places),
        }
        with LocalAirflow(
            dags_folder=Path(__file__).parent / "dags",
            home=home,
            environment=environment,
            database=address,
        ) as airflow:
            stage = Stage(airflow, emulator, proxy, places, served.address("chaos.mp4"))
            stage.add_triggerer()
            yield stage
        proxy.down()


@pytest.fixture
def stage(airflow_stage: Stage) -> Iterator[Stage]:
    """The stage, swept before each scene."""
    airflow_stage.emulator.reset()
    yield airflow_stage
    airflow_stage.sweep()


@pytest.fixture(autouse=True)
def row(request: pytest.FixtureRequest, stage: Stage) -> Iterator[None]:
    """Notes what came of a scene, however it ends."""
    yield
    report = getattr(request.node, "report_of_call", None)
    playing = Playing.of(request.node, jobs=len(stage.jobs()), passed=bool(report and report.passed))
    request.node.user_properties.append((PROPERTY, asdict(playing)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep how the scene itself went for the table."""
    outcome = yield
    if call.when == "call":
        item.report_of_call = outcome.get_result()  # type: ignore[attr-defined, union-attr]


OUTCOMES = Outcomes()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take in what came of a scene, from this process or another."""
    if report.when == "teardown":
        for name, value in report.user_properties:
            if name == PROPERTY:
                OUTCOMES.note(Playing(**value))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the table, and write it to the file that ``VIAPI_CHAOS_REPORT`` names, if it does."""
    if not OUTCOMES.rows:
        return
    terminalreporter.write_line("\n" + OUTCOMES.text())
    if report := os.environ.get("VIAPI_CHAOS_REPORT"):
        OUTCOMES.write(Path(report))
