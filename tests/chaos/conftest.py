"""The deployment for the chaos tests, and the table of their outcomes.

With ``-n 3`` pytest-xdist uses three deployments in parallel, each with an Airflow and an emulator of its own.
Outcomes are attached to pytest's reports; the main process collects them and writes the table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

import media_samples
from airflow_database import AIRFLOW_VERSION, database
from airflow_provider_viapi.emulator.server import EmulatorServer
from harness import Deployment
from local_airflow import local_airflow
from outcomes import PROPERTY, Outcomes, ScenarioRun
from served_folder import ServedFolder
from tcp_proxy import TcpProxy

SHORT_TIMEOUTS = {
    # With the defaults it takes minutes until Airflow notices a lost worker or triggerer.
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    # Several deployments share the machine, and most of the time each only waits.
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
    # Names of Airflow 2.
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "1",
}
STORES = os.environ.get("VIAPI_CHAOS_STORES", "task_state_store").split()
CLIENT_TIMEOUT = 8
"""Timeout of the connection in seconds: shorter than the time for which the faults hold a request."""


def connection_json(emulator: EmulatorServer, url: str) -> str:
    """Return the connection to the emulator behind a proxy."""
    connection = json.loads(emulator.connection_json())
    return json.dumps({**connection, "extra": {"endpoint": url, "timeout": CLIENT_TIMEOUT}})


@pytest.fixture(scope="session", params=STORES)
def shared_deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, served: ServedFolder
) -> Iterator[Deployment]:
    """Yield a deployment whose tasks keep their state in ``task_state_store`` or below ``state_path``."""
    clip = served.path / "chaos.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), clip, seconds=1, size=(320, 180))
    home, breakpoints, state = map(tmp_path_factory.mktemp, ("airflow", "breakpoints", "state"))
    with EmulatorServer() as emulator, database() as address:
        proxy = TcpProxy(emulator.url)
        environment = SHORT_TIMEOUTS | {
            "AIRFLOW_CONN_VIAPI_DEFAULT": connection_json(emulator, proxy.url),
            "VIAPI_CHAOS_BREAKPOINTS": str(breakpoints),
        }
        if request.param == "state_path":
            environment["AIRFLOW__VIAPI__STATE_PATH"] = f"file://{state}"
        with local_airflow(
            dags_folder=Path(__file__).parent / "dags",
            home=home,
            environment=environment,
            database=address,
        ) as airflow:
            deployment = Deployment(
                airflow,
                emulator,
                proxy,
                breakpoints,
                state,
                served.address("chaos.mp4"),
                survives_clear=request.param == "state_path" or AIRFLOW_VERSION < (3, 4),
            )
            deployment.add_triggerer()
            yield deployment
        proxy.down()


@pytest.fixture
def deployment(shared_deployment: Deployment) -> Iterator[Deployment]:
    """Reset the emulator and the state before each scenario and end its runs afterwards."""
    shared_deployment.emulator.reset()
    shared_deployment.forget_submissions()
    yield shared_deployment
    shared_deployment.end_runs()


@pytest.fixture(autouse=True)
def outcome(request: pytest.FixtureRequest, deployment: Deployment) -> Iterator[None]:
    """Record the outcome of a scenario, however it ends; one that does not apply to this Airflow has none."""
    yield
    report = getattr(request.node, "report_of_call", None)
    if report is not None and report.skipped:
        return
    run = ScenarioRun.of(request.node, jobs=len(deployment.jobs()), passed=bool(report and report.passed))
    request.node.user_properties.append((PROPERTY, asdict(run)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep the report of the scenario itself for the table."""
    outcome = yield
    if call.when == "call":
        item.report_of_call = outcome.get_result()  # type: ignore[attr-defined, union-attr]


OUTCOMES = Outcomes()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect the outcome of a scenario, from this process or another."""
    if report.when == "teardown":
        for name, value in report.user_properties:
            if name == PROPERTY:
                OUTCOMES.add(ScenarioRun(**value))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and write it to the file in ``VIAPI_CHAOS_REPORT`` if set."""
    if not OUTCOMES.rows:
        return
    terminalreporter.write_line("\n" + OUTCOMES.text())
    if report := os.environ.get("VIAPI_CHAOS_REPORT"):
        # Only a run of all scenarios replaces the whole table.
        option = terminalreporter.config.option
        OUTCOMES.write(Path(report), keep=bool(option.keyword) or option.markexpr != "chaos")
