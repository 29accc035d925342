"""Files and pictures that MetaStudio's operators take: checked before anything is created, or paid for."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, ObjectStoragePath
from PIL import Image

from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_CARD
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.job_reports import read_report
from airflow_provider_viapi.jobs.model import Job
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.metastudio import (
    AssessVoiceOperator,
    CreateAvatarModelOperator,
    CreateAvatarVideoOperator,
    CreateBusinessCardOperator,
    CreatePhotoVideoOperator,
    CreatePictureModelOperator,
    CreateVoiceModelOperator,
    UploadAssetOperator,
)
from operators.huawei_tasks import Store, connect, in_haste
from run_task import run_task

UPLOADING: list[tuple[Any, str, Mapping[str, Any]]] = [
    (UploadAssetOperator, "source", {"asset_name": "lamp", "asset_type": "VIDEO"}),
    (CreateVoiceModelOperator, "recordings", {"voice_name": "Mei"}),
    (CreateVoiceModelOperator, "authorization_letter", {"voice_name": "Mei", "recordings": "s3://m/a.zip"}),
    (AssessVoiceOperator, "recordings", {}),
    (CreateAvatarModelOperator, "training_video", {"name": "Mei"}),
    (CreateAvatarModelOperator, "id_card_image1", {"name": "Mei", "training_video": "s3://m/a.mp4"}),
]
EACH_UPLOAD = pytest.mark.parametrize(("operator", "argument", "others"), UPLOADING)
REQUIRED = [each for each in UPLOADING if each[1] not in ("authorization_letter", "id_card_image1")]

SAID = {
    "shoot_scripts": [{"shoot_script": {"text_config": {"text": "Hello."}}}],
    "output_asset_config": {"asset_name": "hello"},
}
CARD = {"card_templet_asset_id": SYSTEM_CARD, "card_text_config": {"name": "Anna"}}
MEI = {"style_id": "system_female_001", "name": "Mei"}


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 40, 30)).save(file, "PNG")
    return file.getvalue()


def greet(human_image: Any, **arguments: Any) -> CreatePhotoVideoOperator:
    return CreatePhotoVideoOperator(task_id="greet", human_image=human_image, **SAID, **arguments)  # type: ignore[arg-type]


def card(human_image: Any, **images: Any) -> CreateBusinessCardOperator:
    images = {"human_image": human_image, **images}
    return CreateBusinessCardOperator(task_id="card", card_image_config=images, **CARD)  # type: ignore[arg-type]


def model(file: Any) -> CreatePictureModelOperator:
    return CreatePictureModelOperator(task_id="model", file=file, **MEI)


def check_photo(human_image: Any) -> HuaweiCloudJobOperator:
    action = "metastudio.CreatePhotoDetection"
    return HuaweiCloudJobOperator(task_id="check", action=action, request={"human_image": human_image})


EACH_PICTURE = pytest.mark.parametrize("make", [greet, card, model, check_photo])


@EACH_UPLOAD
@pytest.mark.parametrize(
    "value",
    [5, b"x", ["a"], "film.mp4", "/data/film.mp4", "nonsense://m/a", "https://m/a.zip", "s3://", "s3://m/"],
)
def test_a_literal_that_is_no_file_in_storage_is_refused_when_the_dag_is_parsed(
    operator: Any, argument: str, others: Mapping[str, Any], value: Any
) -> None:
    with pytest.raises(
        InvalidRequest, match=rf"{argument} is .*; allowed: an address in storage, such as s3"
    ):
        operator(task_id="task", **{argument: value}, **others)


@pytest.mark.parametrize(("operator", "argument", "others"), REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_file_that_is_missing_is_named_when_the_dag_is_parsed(
    operator: Any, argument: str, others: Mapping[str, Any], value: Any
) -> None:
    with pytest.raises(InvalidRequest, match=f"{argument} is missing"):
        operator(task_id="task", **{argument: value}, **others)


@pytest.mark.parametrize(("operator", "argument", "others"), REQUIRED)
@pytest.mark.parametrize("value", [None, "", 5, "https://m/a.zip", "None"])
def test_a_template_that_renders_to_no_file_creates_nothing(
    emulator: EmulatorServer, operator: Any, argument: str, others: Mapping[str, Any], value: Any
) -> None:
    with DAG("dag", schedule=None, render_template_as_native_obj=True):
        task = operator(task_id="task", **{argument: "{{ file }}"}, **others)
    task.render_template_fields({"file": value}, jinja_env=task.dag.get_template_env())

    with pytest.raises(AirflowFailException, match=f"{argument} is "):
        run_task(task, Store())
    assert emulator.calls() == {}


def test_a_template_may_render_to_a_path(emulator: EmulatorServer, tmp_path: Path) -> None:
    (tmp_path / "lamp.wav").write_bytes(b"RIFF")
    with DAG("dag", schedule=None, render_template_as_native_obj=True) as dag:
        task = UploadAssetOperator(task_id="task", source="{{ file }}", asset_name="a", asset_type="AUDIO")
    path = ObjectStoragePath(f"file://{tmp_path}/lamp.wav")
    task.render_template_fields({"file": path}, jinja_env=dag.get_template_env())  # type: ignore[arg-type]

    assert run_task(task, Store()).result["files"][0]["file_name"] == "lamp.wav"


def test_a_name_that_the_service_does_not_take_is_found_before_the_asset_is_created(
    emulator: EmulatorServer, tmp_path: Path
) -> None:
    path = tmp_path / f"lamp.{'x' * 65}"
    path.write_bytes(b"RIFF")
    task = UploadAssetOperator(task_id="task", source=f"file://{path}", asset_name="lamp", asset_type="AUDIO")

    with pytest.raises(AirflowFailException, match=r"file_type is .*; allowed: 1 to 64 characters"):
        run_task(task, Store())
    assert emulator.calls() == {}


@EACH_PICTURE
@pytest.mark.parametrize(
    "value",
    [
        "anna.jpg",
        "/data/anna.jpg",
        " ",
        "no Base64",
        "aGVsbG8=",
        "nonsense://m/a.jpg",
        "https://m/a.jpg",
        5,
        b"x",
    ],
)
def test_a_literal_that_is_no_picture_is_refused_when_the_dag_is_parsed(make: Any, value: Any) -> None:
    with pytest.raises(
        InvalidRequest, match="a JPEG or PNG picture, as bytes or in Base64; or an address in"
    ):
        make(value)


def test_every_picture_of_a_request_is_checked() -> None:
    good = picture()
    for name in ("id_card_image1", "id_card_image2"):
        with pytest.raises(InvalidRequest, match=f"{name} is str of 7 characters"):
            greet(good, **{name: "me.jpeg"})
    for name in ("logo_image", "id_card_image1", "id_card_image2"):
        with pytest.raises(InvalidRequest, match=f"card_image_config is .*{name} is str of 7 characters"):
            card(good, **{name: "me.jpeg"})


@EACH_PICTURE
def test_a_picture_may_be_a_path_an_address_bytes_or_base64(
    emulator: EmulatorServer, tmp_path: Path, make: Any
) -> None:
    path = tmp_path / "anna.png"
    path.write_bytes(picture())
    ways = (path, ObjectStoragePath(f"file://{path}"), f"file://{path}", picture())

    for given in (*ways, base64.b64encode(picture()).decode()):
        result = run_task(make(given), Store()).result
        assert result.get("job_info", result)["state"] == "SUCCEED"


def test_an_asset_that_no_job_can_use_yet_is_returned_with_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    task = UploadAssetOperator(task_id="task", source="s3://m/a.wav", asset_name="a", asset_type="AUDIO")
    asset = {"asset_id": "a-1", "asset_state": "UNACTIVED"}
    report = read_report(Job("a-1", "metastudio.CreateDigitalAsset"), asset)

    assert task.final_report(report).result_or_raise() == asset
    assert "Asset a-1 is UNACTIVED: other jobs cannot use it until" in capsys.readouterr().out


@EACH_PICTURE
@pytest.mark.parametrize("content", [b"", b"Not found", b"GIF89a" + bytes(40), b"An error page, say. " * 20])
def test_a_file_that_is_no_picture_is_refused_before_it_is_sent(
    emulator: EmulatorServer, tmp_path: Path, make: Any, content: bytes
) -> None:
    (tmp_path / "anna.jpg").write_bytes(content)

    with pytest.raises(AirflowFailException, match=r"anna\.jpg is (empty|of type|not a picture)"):
        run_task(make(f"file://{tmp_path}/anna.jpg"), Store())
    assert emulator.calls() == {}


@pytest.mark.parametrize("given", [{}, {"shoot_scripts": [{}]}, {"model_asset_id": "m", "shoot_scripts": []}])
def test_an_avatar_video_needs_a_script_or_an_avatar_with_scenes(given: Any) -> None:
    with pytest.raises(InvalidRequest, match="script_id is missing; without a script, model_asset_id"):
        CreateAvatarVideoOperator(task_id="film", **given)

    assert CreateAvatarVideoOperator(task_id="film", script_id="{{ script }}").request
