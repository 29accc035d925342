"""The deployment for the production tests, and their table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from production.celery_airflow import CeleryAirflow
    from production.measure import Row, WaitingRow
    from production.recording_emulator import RecordingEmulator
    from served_folder import ServedFolder

POSTGRES = os.environ.get("VIAPI_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/postgres")
BROKER = os.environ.get("VIAPI_TEST_REDIS", "redis://127.0.0.1:6379/13")
QUOTA = os.environ.get("VIAPI_TEST_QUOTA_REDIS", "redis://127.0.0.1:6379/14")
SCALE = float(os.environ.get("VIAPI_PRODUCTION_SCALE", "1"))
"""Share of the jobs of each scene: 0.1 for a short form."""
CALLS_PER_SECOND = 2
JOB_SECONDS = 30.0

collect_ignore = [] if find_spec("celery") else ["test_production.py"]


@dataclass
class Production:
    """A deployment with its servers."""

    airflow: CeleryAirflow
    emulator: RecordingEmulator
    broker: str = BROKER
    quota: str = QUOTA
    rows: list[Row | WaitingRow] = field(default_factory=list)


ROWS: list[Row | WaitingRow] = []


def missing_server() -> str | None:
    """Return why the scenes cannot run here."""
    import psycopg2
    import redis

    try:
        psycopg2.connect(POSTGRES, connect_timeout=3).close()
    except psycopg2.Error as error:
        return f"no PostgreSQL at VIAPI_TEST_POSTGRES: {str(error).splitlines()[0]}"
    for url in (BROKER, QUOTA):
        try:
            redis.Redis.from_url(url, socket_connect_timeout=3).ping()
        except redis.RedisError as error:
            return f"no Redis at VIAPI_TEST_REDIS or VIAPI_TEST_QUOTA_REDIS: {type(error).__name__}"
    return None


def connection(emulator: RecordingEmulator, **extra: Any) -> str:
    """Return an Airflow connection to the emulator."""
    return json.dumps(
        {
            "conn_type": "viapi",
            "login": emulator.key.id,
            "password": emulator.key.secret,
            "extra": {"endpoint": emulator.url, "timeout": 15, **extra},
        }
    )


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, served: ServedFolder) -> Iterator[Production]:
    """Yield the deployment."""
    if reason := missing_server():
        pytest.skip(reason)
    import redis

    from airflow_database import create_database
    from chaos.conftest import SHORT_TIMEOUTS
    from production.celery_airflow import CeleryAirflow, dags_folder
    from production.recording_emulator import recording_emulator

    (served.path / "clip.mp4").write_bytes(b"no video; not read")
    for url in (BROKER, QUOTA):
        redis.Redis.from_url(url).flushdb()
    home = tmp_path_factory.mktemp("airflow")
    # As docs/operate.md advises: the processes that start tasks have imported what tasks need.
    (home / "config").mkdir()
    (home / "config" / "airflow_local_settings.py").write_text("import airflow_provider_viapi.preload\n")
    with recording_emulator(CALLS_PER_SECOND) as emulator, create_database(POSTGRES) as database:
        rates = {"poll_qps": CALLS_PER_SECOND, "submit_qps": CALLS_PER_SECOND}
        environment = SHORT_TIMEOUTS | {
            "AIRFLOW_CONN_VIAPI_DEFAULT": connection(emulator, quota_url=QUOTA, **rates),
            "AIRFLOW_CONN_VIAPI_SLOW": connection(emulator, quota_url=QUOTA, **rates | {"poll_qps": 1}),
            "AIRFLOW_CONN_VIAPI_ALONE": connection(emulator, **rates),
            "VIAPI_PRODUCTION_VIDEO": served.address("clip.mp4"),
            "VIAPI_PRODUCTION_JOB_SECONDS": str(JOB_SECONDS),
        }
        with CeleryAirflow(
            dags_folder=dags_folder(),
            home=home,
            environment=environment,
            database=database,
            broker=BROKER,
            start_timeout=300,
        ) as airflow:
            yield Production(airflow, emulator)
    for url in (BROKER, QUOTA):
        redis.Redis.from_url(url).flushdb()


@pytest.fixture
def production(shared: Production) -> Iterator[Production]:
    """Yield the deployment with an account that has no jobs and no recorded calls."""
    import httpx

    httpx.post(f"{shared.emulator.url}/_emulator/reset", trust_env=False).raise_for_status()
    shared.emulator.recorded.clear()
    fault = {"action": "EraseVideoSubtitles", "job": {"processing": JOB_SECONDS}, "times": 10_000}
    httpx.post(f"{shared.emulator.url}/_emulator/faults", json=fault, trust_env=False).raise_for_status()
    yield shared
    ROWS.extend(shared.rows)
    shared.rows.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and write it to the page in ``VIAPI_PRODUCTION_REPORT`` if set."""
    if not ROWS:
        return
    from production.measure import table, write_table

    terminalreporter.write_line("\n" + table(ROWS))
    if page := os.environ.get("VIAPI_PRODUCTION_REPORT"):
        conditions = (
            f"{CALLS_PER_SECOND} calls per second of each action, jobs of {JOB_SECONDS:.0f} s, {os.cpu_count()} "
            f"cores, Python {platform.python_version()}."
        )
        write_table(Path(page), ROWS, conditions)
