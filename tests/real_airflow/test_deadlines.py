"""The example DAG with a deadline under a real Airflow: a run that takes too long is reported by mail."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import media_samples
from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.emulator.server import EmulatorServer
from local_airflow import LocalAirflow
from served_folder import ServedFolder
from smtp_server import SENDER, SmtpServer, smtp_server

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(AIRFLOW_VERSION < (3, 2), reason="Airflow has DeadlineAlert since 3.2"),
]
EXAMPLE = Path(__file__).parents[2] / "dags_examples" / "films_by_assets.py"
DEADLINE = "interval=timedelta(minutes=30)"


class Deployment(NamedTuple):
    airflow: LocalAirflow
    emulator: EmulatorServer
    mail_server: SmtpServer


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    dags = tmp_path_factory.mktemp("dags")
    example = EXAMPLE.read_text()
    assert DEADLINE in example
    (dags / EXAMPLE.name).write_text(example.replace(DEADLINE, "interval=timedelta(seconds=2)"))
    with smtp_server() as mail_server, EmulatorServer() as emulator:
        environment = {
            "AIRFLOW_CONN_VIAPI_DEFAULT": emulator.connection_json(),
            "AIRFLOW_CONN_SMTP_DEFAULT": mail_server.connection_json,
        }
        with LocalAirflow(
            dags_folder=dags, home=tmp_path_factory.mktemp("airflow"), environment=environment
        ) as airflow:
            yield Deployment(airflow, emulator, mail_server)


def test_a_run_that_passes_its_deadline_is_reported_by_mail_and_still_succeeds(
    deployment: Deployment, served: ServedFolder, tmp_path: Path
) -> None:
    airflow, emulator, mail_server = deployment
    clip = served.path / "late.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), clip, seconds=1, size=(320, 180))
    emulator.fault(action="ChangeVideoSize", job={"processing": 3600})
    conf = {"source": served.address(clip.name), "target": f"file://{tmp_path}/films/"}
    erase = airflow.trigger("erase_films", conf)
    airflow.rest.patch("/dags/reframe_films", json={"is_paused": False}).raise_for_status()
    assert airflow.wait("erase_films", erase) == "success"

    mail = mail_server.mails.get(timeout=120)
    run_id = run_of(airflow, "reframe_films")
    while not any(job["action"] == "ChangeVideoSize" for job in emulator.jobs()):
        time.sleep(0.3)
    emulator.clear_faults()

    assert (mail["from"], mail["to"], mail["subject"]) == (
        SENDER,
        "media-team@example.com",
        "Films are late",
    )
    body = mail.get_body(("html",))
    assert body is not None
    assert f"The run {run_id} of reframe_films takes too long." in body.get_content()
    assert airflow.wait("reframe_films", run_id) == "success"
    with pytest.raises(queue.Empty):
        mail_server.mails.get_nowait()


def run_of(airflow: LocalAirflow, dag_id: str) -> str:
    """Return the only run of a DAG."""
    (run,) = airflow.rest.get(f"/dags/{dag_id}/dagRuns").raise_for_status().json()["dag_runs"]
    return str(run["dag_run_id"])
