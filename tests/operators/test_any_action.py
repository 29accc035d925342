"""Actions without an operator of their own, and actions of users' models: the same path as typed ones."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image

import media_samples
from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.imageenhan import AssessSharpnessOperator, RemoveImageSubtitlesOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator
from airflow_provider_viapi.sensors.viapi import ViapiJobSensor
from operators.run_batch import Store, run_batch
from run_task import run_task
from served_folder import ServedFolder

SECRET = "https://media.example/cover.png?OSSAccessKeyId=key&Expires=9&Signature=c2VjcmV0"


@pytest.fixture(autouse=True)
def emulator(monkeypatch: pytest.MonkeyPatch, viapi_emulator: EmulatorServer) -> EmulatorServer:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    return viapi_emulator


@pytest.fixture(scope="module")
def files(served: ServedFolder) -> ServedFolder:
    clip = media_samples.big_buck_bunny()
    media_samples.burn_subtitles(clip, served.path / "short.mp4", seconds=1, size=(368, 368))
    with Image.open(media_samples.photographs()["coffee"]) as picture:
        picture.convert("RGB").save(served.path / "cover.png")
    return served


@pytest.mark.parametrize("typed", [False, True])
def test_a_picture_is_staged_processed_at_once_and_landed(
    typed: bool, files: ServedFolder, tmp_path: Path
) -> None:
    source, target = f"file://{files.path}/cover.png", f"file://{tmp_path}/clean/"
    operator: ViapiOperator = (
        RemoveImageSubtitlesOperator(task_id="clean", image_url=source, bh=0.3, land_to=target)
        if typed
        else ViapiOperator(
            task_id="clean",
            action="imageenhan.RemoveImageSubtitles",
            request={"ImageURL": source, "BH": 0.3},
            land_to=target,
        )
    )

    outcome = run_task(operator)

    landed = outcome.result["landed"]["ImageURL"]
    assert landed.startswith(f"file://{tmp_path}/clean/task-ImageURL-")
    assert outcome.pushed["landed.ImageURL"] == landed
    assert outcome.pushed["result_link"] == landed
    assert "viapi_view" not in outcome.pushed
    with Image.open(landed.removeprefix("file://")) as made, Image.open(files.path / "cover.png") as given:
        assert made.size == given.size


def test_a_destination_that_cannot_take_the_file_is_refused_before_the_call(
    files: ServedFolder, emulator: EmulatorServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    operator = RemoveImageSubtitlesOperator(
        task_id="clean", image_url=files.address("cover.png"), land_to=f"file://{tmp_path}/file/"
    )

    with pytest.raises((AirflowFailException, ServiceError), match="land_to"):
        run_task(operator)

    assert "RemoveImageSubtitles" not in emulator.calls()


def test_land_to_of_an_action_without_files_is_refused_when_the_dag_is_parsed() -> None:
    with pytest.raises(InvalidRequest, match="land_to"):
        AssessSharpnessOperator(task_id="score", image_url="https://h/a.png", land_to="s3://media/")


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_job_by_name_is_submitted_waited_for_and_landed(
    deferrable: bool, files: ServedFolder, tmp_path: Path
) -> None:
    operator = ViapiJobOperator(
        task_id="quality",
        action="videorecog.EvaluateVideoQuality",
        request={"VideoUrl": f"file://{files.path}/short.mp4"},
        land_to=f"file://{tmp_path}/",
        deferrable=deferrable,
    )

    outcome = run_task(operator)

    assert 1 <= outcome.result["VideoQualityInfo"]["MosScore"] <= 5
    report = json.loads(Path(outcome.result["landed"]["JsonUrl"].removeprefix("file://")).read_text())
    assert report["VideoQualityInfo"] == outcome.result["VideoQualityInfo"]
    assert Path(outcome.result["landed"]["PdfUrl"].removeprefix("file://")).read_bytes()[:4] == b"%PDF"


def test_a_batch_runs_an_action_by_its_name(files: ServedFolder) -> None:
    def batch() -> ViapiBatchOperator:
        return ViapiBatchOperator(
            task_id="parts",
            operator="videorecog.SplitVideoParts",
            items=[{"request": {"VideoUrl": files.address("short.mp4"), "MaxTime": most}} for most in (1, 5)],
        )

    run = run_batch(batch, Store())

    assert [row["state"] for row in run.rows] == ["PROCESS_SUCCESS"] * 2
    assert all(row["result"]["Elements"] for row in run.rows)


def test_a_batch_of_an_action_that_is_no_job_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="responds at once; a batch runs jobs"):
        ViapiBatchOperator(task_id="tags", operator="imagerecog.TaggingImage", items=[{"request": {}}])


def test_a_sensor_waits_for_a_job_of_any_service(files: ServedFolder) -> None:
    submitted = ViapiJobOperator(
        task_id="parts",
        action="videorecog.SplitVideoParts",
        request={"VideoUrl": files.address("short.mp4")},
        wait_for_completion=False,
    )
    job_id = run_task(submitted).result

    result = run_task(ViapiJobSensor(task_id="wait", job_id=job_id, deferrable=True)).result

    assert result["Elements"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"ImageUrl": "https://h/a.png"}, "did you mean ImageURL?"),
        ({"ImageURL": SECRET + " "}, "ImageURL is 'https://media.example/cover.png'"),
        ({"ImageURL": "https://h/a.png", "BX": 1.5}, "BX is 1.5; allowed: a number from 0 to 1"),
        ({}, "ImageURL is missing"),
    ],
)
def test_a_request_is_checked_when_the_dag_is_parsed(request_: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        ViapiOperator(task_id="clean", action="imageenhan.RemoveImageSubtitles", request=request_)

    assert said in str(refusal.value)
    assert "c2VjcmV0" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("imageenhan.RemoveImageSubtitle", "imageenhan.RemoveImageSubtitles"),
        ("EvaluateVideoQualty", "videorecog.EvaluateVideoQuality"),
        ("imageseg.RemoveImageWatermark", "imageenhan.RemoveImageWatermark"),
    ],
)
def test_an_unknown_action_suggests_the_nearest(name: str, similar: str) -> None:
    with pytest.raises(InvalidRequest, match=f"similar: .*{similar}"):
        ViapiOperator(task_id="task", action=name, request={})


def test_work_that_only_the_service_can_do_fails_without_retry_and_says_so(files: ServedFolder) -> None:
    operator = ViapiOperator(
        task_id="scene", action="imagerecog.RecognizeScene", request={"ImageURL": files.address("cover.png")}
    )

    with pytest.raises(AirflowFailException, match="emulator does not implement"):
        run_task(operator)


def test_links_without_a_scheme_reach_the_next_task_with_one(
    emulator: EmulatorServer, files: ServedFolder
) -> None:
    storage = "//results.oss-cn-shanghai.aliyuncs.com/1.jpg?Expires=1"
    covers = {"Outputs": [{"ImageURL": "//media.example/1.jpg", "Confidence": 1}], "Note": "// no link"}
    emulator.set_result("videorecog.GenerateVideoCover", covers)
    emulator.set_result("imageenhan.RecolorImage", {"ImageList": [storage]})
    emulator.set_result("imageenhan.RecolorHDImage", {"ImageList": [storage]})
    video, picture = files.address("short.mp4"), files.address("cover.png")

    def result(operator: ViapiOperator) -> Any:
        return run_task(operator).result

    cover = ViapiJobOperator(
        task_id="cover", action="videorecog.GenerateVideoCover", request={"VideoUrl": video, "IsGif": False}
    )
    at_once = ViapiOperator(task_id="recolor", action="imageenhan.RecolorImage", request={"Url": picture})
    job = ViapiJobOperator(
        task_id="recolor", action="imageenhan.RecolorHDImage", request={"Url": picture, "Degree": "1"}
    )

    covered = result(cover)
    assert covered["Outputs"][0]["ImageURL"] == "https://media.example/1.jpg"
    assert covered["Note"] == "// no link"
    assert result(at_once)["ImageList"] == result(job)["ImageList"] == [f"https:{storage}"]


STABILIZE = Action(
    service=Service("videoplus", "2026-01-01"),
    name="StabilizeVideo",
    summary="Remove the shaking of a video.",
    parameters=(Media(name="VideoUrl", required=True),),
    result=(ResultField("VideoUrl", "file"),),
    is_job=True,
)

MODEL = {
    "service": "videoplus",
    "version": "2026-01-01",
    "actions": {
        "StabilizeVideo": {
            "job": True,
            "parameters": {"VideoUrl": "file!", "Strength": {"type": "integer", "minimum": 1, "maximum": 5}},
            "result": {"VideoUrl": "file"},
        },
        "MeasureShaking": {"parameters": {"VideoUrl": "file!"}, "result": {"Shaking": "number"}},
    },
}


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatorServer]:
    """An emulator that knows the actions of a user's file, as the operators do."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "videoplus.json").write_text(json.dumps(MODEL))
    monkeypatch.setenv("AIRFLOW__VIAPI__MODELS_PATH", f"{tmp_path}/models")
    # Tests without Airflow read models from other places in this process.
    services.read_user_models_from(lambda: os.environ.get("AIRFLOW__VIAPI__MODELS_PATH"))
    with EmulatorServer() as server:
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", server.connection_json())
        yield server


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize("action", ["videoplus.StabilizeVideo", "StabilizeVideo", STABILIZE])
def test_a_job_of_a_users_own_model_works_from_end_to_end(
    action: Any, deferrable: bool, own_models: EmulatorServer, files: ServedFolder, tmp_path: Path
) -> None:
    own_models.set_result("videoplus.StabilizeVideo", {"VideoUrl": files.address("short.mp4")})
    operator = ViapiJobOperator(
        task_id="stabilize",
        action=action,
        request={"VideoUrl": f"file://{files.path}/short.mp4"},
        land_to=f"file://{tmp_path}/",
        allowed_hosts=[files.address("").split("/")[2]],
        deferrable=deferrable,
    )

    result = run_task(operator).result

    landed = Path(result["landed"]["VideoUrl"].removeprefix("file://"))
    assert landed.read_bytes() == (files.path / "short.mp4").read_bytes()


def test_the_hook_calls_an_action_of_a_users_own_model(own_models: EmulatorServer) -> None:
    own_models.set_result("videoplus.MeasureShaking", {"Shaking": "0.25"})

    answer = ViapiHook().call("videoplus.MeasureShaking", {"VideoUrl": "https://h/a.mp4"})

    assert answer["Data"] == {"Shaking": 0.25}


def test_a_job_of_an_unknown_service_is_polled_at_the_service_of_all_jobs(
    own_models: EmulatorServer, files: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The triggerer may lack the models that the worker has.
    own_models.set_result("videoplus.StabilizeVideo", {"VideoUrl": files.address("short.mp4")})
    operator = ViapiJobOperator(
        task_id="stabilize",
        action=STABILIZE,
        request={"VideoUrl": files.address("short.mp4")},
        deferrable=True,
    )
    monkeypatch.delenv("AIRFLOW__VIAPI__MODELS_PATH")

    with pytest.raises(InvalidRequest):
        services.find("videoplus.StabilizeVideo")
    assert run_task(operator).result["VideoUrl"]


def test_only_tasks_whose_results_can_hold_files_have_a_link_to_one() -> None:
    assert [link.name for link in RemoveImageSubtitlesOperator.operator_extra_links] == ["Result"]
    assert [link.name for link in ViapiOperator.operator_extra_links] == ["Result"]
    assert not AssessSharpnessOperator.operator_extra_links


def test_a_call_that_the_service_reports_as_failed_fails_its_task(
    emulator: EmulatorServer, files: ServedFolder
) -> None:
    emulator.fault(action="EraseVideoSubtitles", job={"processing": 0.0})
    erase = ViapiJobOperator(
        task_id="erase",
        action="videoenhan.EraseVideoSubtitles",
        request={"VideoUrl": files.address("short.mp4")},
        deferrable=False,
    )
    run_task(erase, Store())
    (job,) = emulator.jobs()
    cancel = ViapiOperator(
        task_id="cancel", action="viapi.CancelWaitingAsyncJob", request={"JobId": job["job_id"]}
    )

    with pytest.raises(ServiceError, match="reports no success") as raised:
        run_task(cancel)
    assert raised.value.code == "NoSuccess"
