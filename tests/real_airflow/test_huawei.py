"""The example DAGs of Huawei Cloud under a real Airflow, with S3 on moto's server."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import media_samples
from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_AVATAR, SYSTEM_CARD, SYSTEM_VOICE
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.operators.metastudio import CreateAvatarModelOperator, CreateVoiceModelOperator
from local_airflow import LocalAirflow
from media.moto_s3 import Bucket, connection_json, make_bucket, moto_server
from operators.run_batch import Store
from operators.test_metastudio_models import write_video
from run_task import run_task
from served_folder import ServedFolder

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(420)]
EXAMPLES = Path(__file__).parents[2] / "dags_examples"
HOW_TO = ("how_to_metastudio", "how_to_vias", "how_to_models", "how_to_jobs")
OTHER_PROJECT = "f" * 32
MODEL_INPUTS = ("video", "recordings", "consent", "model_job", "voice_job")
REVIEWED = {
    ("CreateTrainingMiddleJob", "AUDITING"),
    ("Create2dModelTrainingJob", "MANUAL_VERIFYING"),
    ("TransferAsset", "PROCESSING"),
}


@dataclass(frozen=True)
class Deployment:
    """Airflow with a bucket on S3 and an account at Huawei Cloud."""

    airflow: LocalAirflow
    bucket: Bucket
    emulator: EmulatorServer

    def assert_success(self, dag_id: str, run_id: str) -> None:
        assert self.airflow.wait(dag_id, run_id, timeout=300) == "success", self.logs(dag_id, run_id)

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
            "AIRFLOW_CONN_VIAPI_DEFAULT": emulator.connection_json(),
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
def existing(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Create at the service what the examples use and do not create; return the ids."""
    folder = tmp_path_factory.mktemp("training")
    write_video(folder / "mei.mp4", 1920, 1080)
    with ZipFile(folder / "recordings.zip", "w") as recordings:
        recordings.writestr("1.wav", b"RIFF")
    consent = f"file://{shutil.copy(media_samples.photographs()['astronaut'], folder / 'consent.png')}"
    model = CreateAvatarModelOperator(
        task_id="model",
        name="Kim",
        training_video=(video := f"file://{folder}/mei.mp4"),
        grant_file=consent,
        wait_for_completion=False,
    )
    voice = CreateVoiceModelOperator(
        task_id="voice",
        voice_name="Kim",
        recordings=(spoken := f"file://{folder}/recordings.zip"),
        authorization_letter=consent,
        edition="advanced",
        wait_for_completion=False,
    )
    scenes = [{"sequence_no": 1, "shoot_script": {"text_config": {"text": "A lamp."}}}]
    script = {"script_name": "lamp", "shoot_scripts": scenes}
    room = {"room_name": "shop", "scene_scripts": []}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", deployment.emulator.huawei_connection_json())
        call = HuaweiCloudHook().call
        yield {
            "script": call("metastudio.CreateVideoScripts", script)["script_id"],
            "room": call("metastudio.CreateSmartLiveRoom", room)["room_id"],
            "model_job": run_task(model, Store()).result,
            "voice_job": run_task(voice, Store()).result,
            "video": video,
            "recordings": spoken,
            "consent": consent,
        }


@pytest.fixture(scope="module")
def reviewers(deployment: Deployment, existing: dict[str, str]) -> Iterator[None]:
    """Review models, confirm avatars and accept transfers, as people do days later."""
    emulator, done = deployment.emulator, threading.Event()
    hook = HuaweiCloudHook()

    def decide() -> None:
        while not done.wait(0.2):
            for job in emulator.jobs():
                if job["status"] == "WAIT_USER_CONFIRM":
                    confirm = {"job_id": job["job_id"], "command": "CONFIRM_ACCEPT"}
                    hook.call("metastudio.Execute2dModelTrainingCommandByUser", confirm)
                elif (job["action"], job["status"]) in REVIEWED:
                    emulator.review_huawei_model(job["job_id"])

    thread = threading.Thread(target=decide)
    thread.start()
    yield
    done.set()
    thread.join()


@pytest.fixture(scope="module")
def runs(
    deployment: Deployment,
    existing: dict[str, str],
    reviewers: None,
    served: ServedFolder,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """Start a run of each example at the same time."""
    folder = tmp_path_factory.mktemp("files")
    shutil.copy(media_samples.photographs()["astronaut"], served.path / "mei.png")
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
        "how_to_models": {
            **target,
            "photo": f"file://{folder}/mei.png",
            "photo_url": served.address("mei.png"),
            "project": OTHER_PROJECT,
            **{name: existing[name] for name in MODEL_INPUTS},
        },
        "how_to_jobs": {
            **target,
            "video": existing["video"],
            "image": served.address("mei.png"),
            "voice": SYSTEM_VOICE,
        },
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


def test_models_are_trained_once_people_have_agreed_and_a_voice_is_transferred(
    deployment: Deployment, runs: dict[str, str]
) -> None:
    run_id = runs["how_to_models"]
    deployment.assert_success("how_to_models", run_id)

    def result(task_id: str) -> dict[str, Any]:
        return dict(deployment.airflow.xcom("how_to_models", run_id, task_id))

    assert result("picture_model")["landed"]
    assert result("create_avatar")["state"] == "JOB_SUCCESS"
    (transferred,) = result("transfer_asset")["transfer_assets"]
    assert transferred["asset_id"] == result("create_voice")["asset_id"]
    assert (transferred["asset_name"], transferred["asset_type"]) == ("Mei", "VOICE_MODEL")


def test_any_action_and_any_job_run_by_name_and_another_task_waits_for_the_job(
    deployment: Deployment, runs: dict[str, str]
) -> None:
    run_id = runs["how_to_jobs"]
    deployment.assert_success("how_to_jobs", run_id)

    airflow = deployment.airflow
    listed = airflow.xcom("how_to_jobs", run_id, "any_huawei_action")["assets"]
    assert SYSTEM_VOICE in [each["asset_id"] for each in listed]
    spoken = airflow.xcom("how_to_jobs", run_id, "wait_for_huawei_job")
    assert spoken["state"] == "SUCCEED"
    assert spoken["audio_file_url"]


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
