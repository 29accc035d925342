"""The example DAGs that read and write object storage, under a real Airflow, with S3 on moto's server."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
import pytest
from redis import Redis

import media_samples
from airflow_provider_viapi.emulator.server import EmulatorServer
from local_airflow import LocalAirflow
from media.moto_s3 import Bucket, connection_json, make_bucket, moto_server
from quota.test_counters import redis_server
from served_folder import ServedFolder

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(420)]
Found = TypeVar("Found")
EXAMPLES = Path(__file__).parents[2] / "dags_examples"


@dataclass(frozen=True)
class Deployment:
    """Airflow with a bucket on S3."""

    airflow: LocalAirflow
    bucket: Bucket
    emulator: EmulatorServer
    redis: Redis

    def run(self, dag_id: str, **conf: Any) -> str:
        run_id = self.airflow.trigger(dag_id, conf)
        assert self.airflow.wait(dag_id, run_id) == "success", self.logs(dag_id, run_id)
        return run_id

    def logs(self, dag_id: str, run_id: str) -> str:
        return "\n".join(
            self.airflow.task_log(dag_id, run_id, each.task_id, map_index=each.map_index)
            for each in self.airflow.task_instances(dag_id, run_id)
            if each.state == "failed"
        )

    def put(self, key: str, path: Path) -> str:
        self.bucket.client.upload_file(str(path), self.bucket.name, key)
        return f"{self.bucket.url}/{key}"

    def asset_events(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        sender = {"source_dag_id": dag_id, "source_run_id": run_id}
        events = self.airflow.rest.get("/assets/events", params=sender).raise_for_status().json()
        return list(events["asset_events"])

    def is_mp4(self, address: str) -> bool:
        return self.bucket.read(_key(address, self))[4:8] == b"ftyp"


@contextmanager
def _sending_emulator(port: int) -> Iterator[tuple[EmulatorServer, str]]:
    url = f"redis://127.0.0.1:{port}/0?channel=finished"
    with EmulatorServer(job_messages_url=url) as emulator:
        yield emulator, url


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with moto_server() as s3, redis_server() as port, _sending_emulator(port) as (emulator, messages_url):
        connection = json.loads(emulator.connection_json())
        connection["extra"] = {**connection["extra"], "submit_qps": 50}
        environment = {
            "AIRFLOW_CONN_VIAPI_DEFAULT": json.dumps(connection),
            "AIRFLOW_CONN_MOTO": connection_json(s3),
            "AIRFLOW__VIAPI__JOB_MESSAGES_URL": messages_url,
        }
        bucket = make_bucket(s3, "moto")
        with LocalAirflow(
            dags_folder=shutil.copytree(EXAMPLES, tmp_path_factory.mktemp("examples"), dirs_exist_ok=True),
            home=tmp_path_factory.mktemp("airflow"),
            environment=environment,
        ) as airflow:
            yield Deployment(airflow, bucket, emulator, Redis(port=port))


@pytest.fixture(scope="module")
def video(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> str:
    clip = tmp_path_factory.mktemp("clips") / "clip.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), clip, seconds=1, size=(320, 180))
    return deployment.put("in/早上 100%.mp4", clip)


def test_a_video_on_s3_returns_to_s3_and_emits_an_asset_event(deployment: Deployment, video: str) -> None:
    run_id = deployment.run("s3_in_and_out", source=video, target=f"{deployment.bucket.url}/erased/")

    landed = deployment.airflow.xcom("s3_in_and_out", run_id, "erase")["landed"]["VideoUrl"]
    assert landed.startswith(f"{deployment.bucket.url}/erased/erase-")
    assert deployment.is_mp4(landed)
    (event,) = deployment.asset_events("s3_in_and_out", run_id)
    assert event["extra"]["address"] == landed


def test_the_triggerer_receives_messages_about_finished_jobs(deployment: Deployment, video: str) -> None:
    deployment.emulator.fault(action="EraseVideoSubtitles", job={"processing": 3600})
    conf = {"source": video, "target": f"{deployment.bucket.url}/pushed/"}
    run_id = deployment.airflow.trigger("s3_in_and_out", conf)

    _until(lambda: deployment.redis.pubsub_channels("finished"), "the triggerer subscribes")
    deployment.emulator.clear_faults()

    assert deployment.airflow.wait("s3_in_and_out", run_id) == "success"


def test_a_stored_film_starts_the_dag_that_is_scheduled_on_it(deployment: Deployment, video: str) -> None:
    airflow = deployment.airflow
    airflow.rest.patch("/dags/reframe_films", json={"is_paused": False}).raise_for_status()

    run_id = deployment.run("erase_films", source=video, target=f"{deployment.bucket.url}/films/")

    (event,) = deployment.asset_events("erase_films", run_id)
    extra = event["extra"]
    assert extra["job_id"] == airflow.xcom("erase_films", run_id, "erase", "job_id")
    assert (extra["type"], extra["action"]) == ("video/mp4", "videoenhan.EraseVideoSubtitles")
    assert extra["sources"] == [video.replace("moto@", "")]
    assert extra["duration"] == pytest.approx(1, abs=0.2)
    assert extra["size"] == len(deployment.bucket.read(_key(extra["address"], deployment)))
    (reframe,) = _runs(airflow, "reframe_films")
    assert airflow.wait("reframe_films", reframe) == "success", deployment.logs("reframe_films", reframe)
    (made,) = [
        airflow.xcom("reframe_films", reframe, each.task_id, map_index=each.map_index)
        for each in airflow.task_instances("reframe_films", reframe)
        if each.task_id == "reframe"
    ]
    assert made["landed"]["VideoUrl"].startswith(f"{deployment.bucket.url}/films/square/")
    assert deployment.is_mp4(made["landed"]["VideoUrl"])


def _key(address: str, deployment: Deployment) -> str:
    return address.removeprefix(f"{deployment.bucket.url}/")


def _runs(airflow: LocalAirflow, dag_id: str) -> list[str]:
    """Return the runs of a DAG, as soon as there is one."""

    def runs() -> list[str]:
        found = airflow.rest.get(f"/dags/{dag_id}/dagRuns").raise_for_status().json()["dag_runs"]
        return [run["dag_run_id"] for run in found]

    return _until(runs, f"an event starts {dag_id}")


def _until(condition: Callable[[], Found], what: str) -> Found:
    """Return what a condition finds, as soon as it finds something."""
    for _ in range(240):
        if found := condition():
            return found
        time.sleep(0.5)
    raise AssertionError(f"it has not happened that {what}")


def test_each_step_of_a_chain_reads_the_stored_result_of_the_last(deployment: Deployment, video: str) -> None:
    run_id = deployment.run("s3_chain", source=video, target=f"{deployment.bucket.url}/out/")

    reframed = deployment.airflow.xcom("s3_chain", run_id, "reframe")["landed"]
    assert deployment.is_mp4(reframed["VideoUrl"])
    found = deployment.airflow.xcom("s3_chain", run_id, "search")["MatchList"]
    assert found[0]["ExtraData"] == video
    assert found[0]["Score"] > 9


def _write_black(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(25):
            frame = av.VideoFrame.from_ndarray(np.zeros((180, 320, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_a_good_video_is_published_and_any_other_when_an_editor_approves(
    deployment: Deployment, video: str, tmp_path: Path
) -> None:
    airflow, folder = deployment.airflow, f"{deployment.bucket.url}/checked"
    conf = {"review": f"{folder}/review/", "published": f"{folder}/published/"}
    run_id = deployment.run("erase_check_publish", video_url=video, **conf)

    assert deployment.is_mp4(airflow.xcom("erase_check_publish", run_id, "publish"))
    states = {each.task_id: each.state for each in airflow.task_instances("erase_check_publish", run_id)}
    assert states["ask_editor"] == "skipped"

    black = deployment.put("in/black.mp4", _write_black(tmp_path / "black.mp4"))
    run_id = airflow.trigger("erase_check_publish", {"video_url": black, **conf})
    question = f"/dags/erase_check_publish/dagRuns/{run_id}/taskInstances/ask_editor/-1/hitlDetails"
    asked = _until(lambda: _if_found(airflow, question), "the editor is asked")
    assert "black" in asked["body"]
    # An editor takes longer than that. Airflow fails a task whose answer comes before the end of its first process.
    time.sleep(10)
    answer = {"chosen_options": ["Approve"], "params_input": {}}
    airflow.rest.patch(question, json=answer).raise_for_status()

    assert airflow.wait("erase_check_publish", run_id) == "success", deployment.logs(
        "erase_check_publish", run_id
    )
    assert deployment.is_mp4(airflow.xcom("erase_check_publish", run_id, "publish"))


def _if_found(airflow: LocalAirflow, path: str) -> Any:
    response = airflow.rest.get(path)
    return None if response.status_code == 404 else response.raise_for_status().json()


def test_a_nightly_run_maps_a_task_to_each_video_and_stores_all_results(
    deployment: Deployment, video: str
) -> None:
    run_id = deployment.run(
        "nightly_mapped", videos=[video] * 3, target=f"{deployment.bucket.url}/mapped/{{{{ ds }}}}/"
    )

    assert deployment.airflow.xcom("nightly_mapped", run_id, "count") == 3


def test_a_nightly_batch_does_the_same_in_one_task(deployment: Deployment, video: str) -> None:
    run_id = deployment.run(
        "nightly_batch", video_urls=[video] * 3, land_to=f"{deployment.bucket.url}/batch/"
    )

    assert deployment.airflow.xcom("nightly_batch", run_id, "count") == {"done": 3, "failed": 0}
    landed = [key for key in deployment.bucket.list() if key.startswith("batch/") and key.endswith(".mp4")]
    assert len(landed) == 3


def test_a_folder_of_500_photographs_is_indexed_and_one_of_them_found(
    deployment: Deployment, served: ServedFolder, tmp_path: Path
) -> None:
    for photograph in media_samples.write_photographs(tmp_path / "photographs", 500):
        deployment.put(f"photographs/{photograph.name}", photograph)
    shutil.copy(tmp_path / "photographs" / "coffee_002.jpg", served.path / "coffee.jpg")

    run_id = deployment.run(
        "index_images",
        db_name="photographs",
        folder=f"{deployment.bucket.url}/photographs/",
        query=served.address("coffee.jpg"),
    )

    assert deployment.airflow.xcom("index_images", run_id, "index")["added"] == 500
    found = deployment.airflow.xcom("index_images", run_id, "search")["MatchList"]
    assert found[0]["EntityId"].startswith("coffee_002")
