"""The example DAGs of Huawei Cloud under a real Airflow, with S3 on moto's server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import media_samples
from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_AVATAR, SYSTEM_CARD, SYSTEM_VOICE
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from local_airflow import LocalAirflow
from media.moto_s3 import Bucket, connection_json, make_bucket, moto_server

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(420)]
EXAMPLES = Path(__file__).parents[2] / "dags_examples"
HOW_TO = ("how_to_metastudio", "how_to_vias")


@dataclass(frozen=True)
class Deployment:
    """Airflow with a bucket on S3 and an account at Huawei Cloud."""

    airflow: LocalAirflow
    bucket: Bucket
    emulator: EmulatorServer

    def assert_success(self, dag_id: str, run_id: str) -> None:
        assert self.airflow.wait(dag_id, run_id, timeout=180) == "success", self.logs(dag_id, run_id)

    def logs(self, dag_id: str, run_id: str) -> str:
        return "\n".join(
            self.airflow.task_log(dag_id, run_id, each.task_id)
            for each in self.airflow.task_instances(dag_id, run_id)
            if each.state == "failed"
        )


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with moto_server() as s3, EmulatorServer() as emulator:
        environment = {
            "AIRFLOW_CONN_HUAWEICLOUD_DEFAULT": emulator.huawei_connection_json(),
            "AIRFLOW_CONN_MOTO": connection_json(s3),
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        }
        folder = tmp_path_factory.mktemp("examples")
        for name in ("vias_smoke_and_fire", "product_to_avatar_video", *HOW_TO):
            shutil.copy(EXAMPLES / f"{name}.py", folder)
        with LocalAirflow(
            dags_folder=folder, home=tmp_path_factory.mktemp("airflow"), environment=environment
        ) as airflow:
            yield Deployment(airflow, make_bucket(s3, "moto"), emulator)


@pytest.fixture(scope="module")
def existing(deployment: Deployment) -> Iterator[dict[str, str]]:
    """Create at the service what the examples use and do not create; return the ids."""
    scenes = [{"sequence_no": 1, "shoot_script": {"text_config": {"text": "A lamp."}}}]
    script = {"script_name": "lamp", "shoot_scripts": scenes}
    room = {"room_name": "shop", "scene_scripts": []}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", deployment.emulator.huawei_connection_json())
        call = HuaweiCloudHook().call
        yield {
            "script": call("metastudio.CreateVideoScripts", script)["script_id"],
            "room": call("metastudio.CreateSmartLiveRoom", room)["room_id"],
        }


@pytest.fixture(scope="module")
def runs(
    deployment: Deployment,
    existing: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """Start a run of each example at the same time."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "music.wav").write_bytes(b"RIFF")
    shutil.copy(media_samples.photographs()["astronaut"], folder / "mei.png")
    target = {"target": f"{deployment.bucket.url}/how-to/"}
    product = {
        "voice": SYSTEM_VOICE,
        "avatar": SYSTEM_AVATAR,
        "width": 320,
        "height": 180,
        "target": f"{deployment.bucket.url}/products/",
    }
    confs: dict[str, dict[str, Any]] = {
        "vias_smoke_and_fire": {"hours": 3 / 3600},
        "product_to_avatar_video": product,
        "how_to_metastudio": {
            **target,
            "voice": SYSTEM_VOICE,
            "avatar": SYSTEM_AVATAR,
            "card": SYSTEM_CARD,
            "photo": f"file://{folder}/mei.png",
            "music": f"file://{folder}/music.wav",
            **{name: existing[name] for name in ("script", "room")},
        },
        "how_to_vias": {"webhook": "http://127.0.0.1:9"},
    }
    return {dag_id: deployment.airflow.trigger(dag_id, conf) for dag_id, conf in confs.items()}


def test_a_stream_is_analysed_for_a_night_and_then_stopped(
    deployment: Deployment, runs: dict[str, str]
) -> None:
    run_id = runs["vias_smoke_and_fire"]
    deployment.assert_success("vias_smoke_and_fire", run_id)

    airflow = deployment.airflow
    assert airflow.xcom("vias_smoke_and_fire", run_id, "watch")["state"] == "RUNNING"
    task = airflow.xcom("vias_smoke_and_fire", run_id, "query")
    assert task["state"] == "STOPPED"
    assert task["name"].startswith("roof-2")
    path = f"/dags/vias_smoke_and_fire/dagRuns/{run_id}/taskInstances/watch/links"
    links = airflow.rest.get(path).raise_for_status().json()["extra_links"]
    assert links["Job at Huawei Cloud"] == deployment.emulator.url


def test_a_text_becomes_speech_and_a_video_on_s3(deployment: Deployment, runs: dict[str, str]) -> None:
    run_id = runs["product_to_avatar_video"]
    deployment.assert_success("product_to_avatar_video", run_id)

    def result(task_id: str) -> dict[str, Any]:
        return dict(deployment.airflow.xcom("product_to_avatar_video", run_id, task_id))

    def content(address: str) -> bytes:
        return deployment.bucket.read(address.removeprefix(f"{deployment.bucket.url}/"))

    spoken, filmed, kept = result("speak")["landed"], result("film")["landed"], result("keep")
    assert content(spoken["audio_file_url"])[:4] == b"RIFF"
    assert b"pocket" in content(spoken["audio_srt_file_url"])
    assert content(filmed["output_asset_config.preview_video_url"])[4:8] == b"ftyp"
    assert kept["asset_state"] == "ACTIVED"
    assert kept["files"][0]["file_size"] == len(content(spoken["audio_file_url"]))


def test_every_operator_of_vias_works_on_what_the_others_created(
    deployment: Deployment, runs: dict[str, str]
) -> None:
    run_id = runs["how_to_vias"]
    deployment.assert_success("how_to_vias", run_id)

    airflow = deployment.airflow
    assert airflow.xcom("how_to_vias", run_id, "query_task")["input"]["type"] == "url"
    assert airflow.xcom("how_to_vias", run_id, "query_source")["video_source_name"] == "yard"
    assert airflow.xcom("how_to_vias", run_id, "task_state")["state"] == "RUNNING"


def test_videos_speech_cards_and_subtitles_land_and_a_live_stream_is_stopped(
    deployment: Deployment, runs: dict[str, str]
) -> None:
    run_id = runs["how_to_metastudio"]
    deployment.assert_success("how_to_metastudio", run_id)

    airflow, bucket = deployment.airflow, deployment.bucket
    for task_id in ("speech", "avatar_video", "photo_video", "subtitles", "business_card"):
        landed = airflow.xcom("how_to_metastudio", run_id, task_id)["landed"]
        assert landed
        assert all(bucket.read(each.removeprefix(f"{bucket.url}/")) for each in landed.values())
    assert airflow.xcom("how_to_metastudio", run_id, "stop_live")["state"] == "SUCCEED"


def test_a_connection_is_tested_from_the_form(deployment: Deployment) -> None:
    connection = json.loads(deployment.emulator.huawei_connection_json())
    body = {
        "connection_id": "tested",
        **{name: connection[name] for name in ("conn_type", "login")},
        "password": "not-the-secret",
        "extra": json.dumps(connection["extra"]),
    }

    response = deployment.airflow.rest.post("/connections/test", json=body).raise_for_status().json()

    assert response["status"] is False
    assert "not-the-secret" not in response["message"]
