"""Events start DAGs on a real Airflow: exactly once, also when the triggerer is killed in between."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

import media_samples
from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.fs.oss_client import Oss, OssObject, open_oss
from airflow_provider_viapi.hooks.viapi import ViapiHook
from huawei.test_alarm_messages import MESSAGE
from local_airflow import NO_PROXY_FOR_LOOPBACK, LocalAirflow
from media.moto_s3 import Bucket, connection_json, make_bucket, moto_server
from served_folder import ServedFolder

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(AIRFLOW_VERSION < (3, 3), reason="Airflow stores the state of watchers since 3.3"),
]
EXAMPLES = Path(__file__).parents[2] / "dags_examples"

SDK = Path(__file__).parents[2] / ".venv-clients-today" / "bin" / "python"
"""Has Alibaba's SDK and nothing of this provider."""

SUBMIT = """
import os, sys
from alibabacloud_tea_openapi.models import Config
from alibabacloud_videoenhan20200320 import models
from alibabacloud_videoenhan20200320.client import Client

config = Config(
    access_key_id=os.environ["KEY_ID"],
    access_key_secret=os.environ["KEY_SECRET"],
    endpoint=os.environ["ENDPOINT"],
    protocol="http",
)
request = models.EraseVideoSubtitlesRequest(video_url=sys.argv[1], bx=0.0, by=0.7, bw=1.0, bh=0.3)
print(Client(config).erase_video_subtitles(request).body.request_id)
"""


def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds; pytest's timeout ends it otherwise."""
    while not condition():
        time.sleep(0.3)


class Topic(NamedTuple):
    """A topic of SNS; the emulator sends the ends of jobs to it.

    :param sns: looks into it without Airflow
    """

    arn: str
    sns: Any

    def subscriptions(self) -> list[Any]:
        return list(self.sns.list_subscriptions_by_topic(TopicArn=self.arn)["Subscriptions"])


def make_topic(endpoint: str) -> Topic:
    sns = boto3.client(
        "sns",
        endpoint_url=endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    return Topic(sns.create_topic(Name="finished")["TopicArn"], sns)


class Deployment(NamedTuple):
    airflow: LocalAirflow
    emulator: EmulatorServer
    oss: Oss
    s3: Bucket
    clip: Path
    address: str
    topic: Topic

    def watch(self, dag_id: str, asset: str) -> None:
        """Enable a DAG, and wait until its watcher has read what is there already."""
        self.enable(dag_id)
        until(lambda: self.watcher_states(asset))

    def enable(self, dag_id: str) -> None:
        rest = self.airflow.rest
        until(lambda: rest.get(f"/dags/{dag_id}").is_success)
        rest.patch(f"/dags/{dag_id}", json={"is_paused": False}).raise_for_status()

    def watcher_states(self, asset: str) -> list[dict[str, Any]]:
        (found,) = self.get("/assets", name_pattern=asset)["assets"]
        stored = self.get(f"/assets/{found['id']}/state-store")["asset_state_store"]
        return [each["value"] for each in stored if each["key"].startswith("watcher:")]

    def is_settled(self, asset: str) -> bool:
        """Return whether the watcher knows that all its events were stored."""
        return not any(each.get("unconfirmed") for each in self.watcher_states(asset))

    def events(self, asset: str) -> list[dict[str, Any]]:
        listed = self.get("/assets/events", name_pattern=asset)["asset_events"]
        return [event["extra"]["payload"] for event in listed]

    def runs(self, dag_id: str) -> list[str]:
        """Return the ids of the runs of a DAG that have succeeded; fail if one has not."""
        runs = self.get(f"/dags/{dag_id}/dagRuns", order_by="run_after")["dag_runs"]
        assert not any(run["state"] == "failed" for run in runs)
        return [run["dag_run_id"] for run in runs if run["state"] == "success"]

    def get(self, path: str, **parameters: Any) -> Any:
        return self.airflow.rest.get(path, params=parameters).raise_for_status().json()

    def repeat(self, payload: dict[str, Any], asset: str) -> None:
        """Report an event again, as a watcher does that was killed before Airflow had confirmed it."""
        (found,) = self.get("/assets", name_pattern=asset)["assets"]
        body = {"asset_id": found["id"], "extra": {"payload": {**payload, "redelivered": True}}}
        self.airflow.rest.post("/assets/events", json=body).raise_for_status()

    def put(self, storage: str, key: str, content: bytes) -> None:
        if storage == "oss":
            self.oss.put("team", key, content)
        else:
            self.s3.client.put_object(Bucket=self.s3.name, Key=key, Body=content)

    def stored(self, storage: str, folder: str) -> list[str]:
        if storage == "oss":
            return self.keys(folder)
        return [key for key in self.s3.list() if key.startswith(folder)]

    def keys(self, folder: str) -> list[str]:
        found = self.oss.list_objects("team", folder)
        return sorted(each.key.removeprefix(folder) for each in found if isinstance(each, OssObject))

    def submit_with_the_sdk(self) -> str:
        """Submit a job with Alibaba's SDK, in a process that knows nothing of this Airflow but has the key."""
        environment = {
            **os.environ,
            **NO_PROXY_FOR_LOOPBACK,
            "KEY_ID": self.emulator.access_key_id,
            "KEY_SECRET": self.emulator.access_key_secret,
            "ENDPOINT": self.emulator.url.removeprefix("http://"),
        }
        command = [str(SDK), "-I", "-c", SUBMIT, self.address]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.split()[-1]

    def reads_of_the_list(self) -> int:
        return self.emulator.calls().get("QueryAsyncJobList", {}).get("accepted", 0)

    def restart_triggerer(self, meanwhile: Callable[[], Any]) -> Any:
        """Kill the triggerer, do something, and start another one."""
        self.airflow.kill("triggerer")
        result = meanwhile()
        self.airflow.start("triggerer")
        return result


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, served: ServedFolder) -> Iterator[Deployment]:
    dags = tmp_path_factory.mktemp("dags")
    for example in ("land_finished_jobs.py", "vias_alarm_events.py"):
        text = (EXAMPLES / example).read_text()
        (dags / example).write_text(text.replace("s3://media", "oss://viapi_default@team"))
    clip = served.path / "events.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), clip, seconds=1, size=(320, 180))
    with ExitStack() as running:
        s3 = running.enter_context(moto_server())
        topic = make_topic(s3)
        patched = running.enter_context(pytest.MonkeyPatch.context())
        # For the emulator; Airflow uses the connection.
        for name, value in (("ENDPOINT_URL_SNS", s3), ("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "s")):
            patched.setenv(f"AWS_{name}", value)
        emulator = running.enter_context(EmulatorServer(job_messages_url=f"sns:///?topic={topic.arn}"))
        patched.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", emulator.connection_json())
        bucket = make_bucket(s3, "moto")
        for storage, folder in (("oss", "oss://viapi_default@team"), ("s3", bucket.url)):
            text = (EXAMPLES / "new_sources.py").read_text()
            for old, new in (
                ("s3://media", folder),
                ('pattern="*.mp4"', 'pattern="*.mp4", poll_interval=2'),
                ('"incoming_films"', f'"incoming_films_{storage}"'),
                ('"new_sources"', f'"new_sources_{storage}"'),
            ):
                text = text.replace(old, new)
            (dags / f"new_sources_{storage}.py").write_text(text)
        environment = {
            "AIRFLOW_CONN_VIAPI_DEFAULT": emulator.connection_json(),
            "AIRFLOW_CONN_MOTO": connection_json(s3),
            "AIRFLOW__VIAPI__JOB_MESSAGES_URL": f"sns://moto@/?topic={topic.arn}",
            "AIRFLOW__VIAPI__STATE_PATH": f"file://{tmp_path_factory.mktemp('state')}",
            # With the defaults it takes half a minute until triggers of a lost triggerer are taken over.
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
        }
        with LocalAirflow(
            dags_folder=dags, home=tmp_path_factory.mktemp("airflow"), environment=environment
        ) as airflow:
            yield Deployment(
                airflow, emulator, open_oss(ViapiHook()), bucket, clip, served.address(clip.name), topic
            )


@pytest.mark.skipif(not SDK.exists(), reason="needs Alibaba's SDK: make .venv-clients-today/ready")
def test_a_job_that_alibabas_sdk_submits_starts_the_dag_once_also_over_a_killed_triggerer(
    deployment: Deployment,
) -> None:
    dag, asset = "land_finished_jobs", "viapi_finished_jobs"
    deployment.watch(dag, asset)

    first = deployment.submit_with_the_sdk()
    until(lambda: len(deployment.runs(dag)) == 1)
    until(lambda: deployment.is_settled(asset))
    # The second job finishes while no triggerer runs; the list still shows the first.
    second = deployment.restart_triggerer(lambda: finish_another_job(deployment))
    until(lambda: len(deployment.runs(dag)) == 2)
    reads = deployment.reads_of_the_list()
    until(lambda: deployment.reads_of_the_list() >= reads + 2)

    assert sorted(event["job_id"] for event in deployment.events(asset)) == sorted([first, second])
    assert not any(event["redelivered"] for event in deployment.events(asset))
    assert len(deployment.runs(dag)) == 2
    assert deployment.keys("finished/") == sorted(f"{job}-VideoUrl.mp4" for job in (first, second))


@pytest.mark.parametrize("storage", ["oss", "s3"])
def test_each_film_that_arrives_in_a_bucket_is_erased_once_also_if_its_event_is_repeated(
    deployment: Deployment, storage: str
) -> None:
    dag, asset = f"new_sources_{storage}", f"incoming_films_{storage}"
    deployment.put(storage, "incoming/old.mp4", b"was here before")
    deployment.watch(dag, asset)
    jobs = len(deployment.emulator.jobs())

    deployment.put(storage, "incoming/new.mp4", deployment.clip.read_bytes())
    until(lambda: len(deployment.runs(dag)) == 1)
    (event,) = deployment.events(asset)
    deployment.repeat(event, asset)
    until(lambda: len(deployment.runs(dag)) == 2)

    assert event["name"] == "new.mp4"
    assert len(deployment.emulator.jobs()) == jobs + 1
    first, second = (
        deployment.airflow.xcom(dag, run, "erase", map_index=0)["landed"] for run in deployment.runs(dag)
    )
    assert first == second
    assert len(deployment.stored(storage, "erased/")) == 1


def test_the_triggerer_receives_messages_of_a_topic_and_unsubscribes_when_no_task_waits(
    deployment: Deployment,
) -> None:
    dag = "new_sources_s3"
    deployment.watch(dag, "incoming_films_s3")
    runs = len(deployment.runs(dag))
    deployment.emulator.fault(action="EraseVideoSubtitles", job={"processing": 3600})

    deployment.put("s3", "incoming/pushed.mp4", deployment.clip.read_bytes())
    until(deployment.topic.subscriptions)
    deployment.emulator.clear_faults()

    until(lambda: len(deployment.runs(dag)) == runs + 1)
    until(lambda: not deployment.topic.subscriptions())


def test_an_alarm_that_is_stored_starts_the_dag_once(deployment: Deployment) -> None:
    dag, asset = "vias_alarm_events", "vias_alarms"
    deployment.watch(dag, asset)

    deployment.oss.put("team", "alarms/2026/a.json", json.dumps(MESSAGE).encode())
    until(lambda: len(deployment.runs(dag)) == 1)

    (run,) = deployment.runs(dag)
    summary = deployment.airflow.xcom(dag, run, "report", map_index=0)
    assert len(deployment.events(asset)) == 1
    assert summary.startswith("smoke_and_fire at ")
    assert summary.endswith("oss://viapi_default@team/alarms/2026/a.json")


def finish_another_job(deployment: Deployment) -> str:
    job = deployment.submit_with_the_sdk()
    until(lambda: deployment.emulator.jobs()[-1]["status"] == "PROCESS_SUCCESS")
    return job
