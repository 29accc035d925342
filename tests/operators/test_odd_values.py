"""Any value at all as an argument is either taken or an InvalidRequest, whatever the operator."""

from __future__ import annotations

import json
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from airflow import __version__
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest
from airflow_provider_viapi.huawei import services as huawei_services
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imagesearch import DeleteImageOperator
from airflow_provider_viapi.operators.imgsearch import (
    AddImageOperator,
    CreateImageDbOperator,
    DeleteImageDbOperator,
    ListImagesOperator,
)
from airflow_provider_viapi.operators.metastudio import (
    CreateAvatarVideoOperator,
    CreateSpeechOperator,
    CreateVoiceModelOperator,
    StartLiveOperator,
    TransferAssetOperator,
)
from airflow_provider_viapi.operators.provider_task import label_of
from airflow_provider_viapi.operators.quality import MediaQualityCheckOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.operators.vias import CreateViasTaskOperator, CreateVideoGroupOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoLogoOperator, EraseVideoSubtitlesOperator
from airflow_provider_viapi.redaction import find_secrets
from airflow_provider_viapi.sensors.viapi import ViapiJobSensor
from airflow_provider_viapi.sensors.vias_alarms import ViasAlarmSensor
from airflow_provider_viapi.transfers.object_storage_to_viapi import ObjectStorageToViapiOperator
from airflow_provider_viapi.transfers.viapi_to_object_storage import ViapiResultToObjectStorageOperator
from airflow_provider_viapi.triggers.new_files import NewFilesTrigger
from operators.huawei_tasks import FILM, WATCH
from run_task import TaskInstance

VIDEO = "http://h/a.mp4"


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no text")

    __str__ = __repr__


def circular() -> list[Any]:
    inside: list[Any] = []
    inside += [inside, inside]
    return inside


def deep() -> Any:
    value: Any = {}
    for _ in range(5000):
        value = {"a": [value]}
    return value


ODD = {
    "circular": circular(),
    "deep": deep(),
    "nan": float("nan"),
    "infinity": float("inf"),
    "surrogate": "a\ud800",
    "array": np.array([1, 2]),
    "array of none": np.array([None, {}], dtype=object),
    "array without dimensions": np.array({}, dtype=object),
    "bytes": b"abc",
    "set": {1, 2},
    "complex": 1j,
    "signaling": Decimal("sNaN"),
    "huge decimal": Decimal("1e999999"),
    "huge integer": 10**5000,
    "no text": Unprintable(),
    "names that are no text": {Unprintable(): 1},
    "function": print,
}

TAKERS = {
    "number": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, by=v),
    "address": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=v),
    "list": lambda v: EraseVideoLogoOperator(task_id="t", video_url=VIDEO, boxes=v),
    "field of an item": lambda v: EraseVideoLogoOperator(task_id="t", video_url=VIDEO, boxes=[{"X": v}]),
    "request": lambda v: ViapiJobOperator(task_id="t", action="videoenhan.EraseVideoSubtitles", request=v),
    "text": lambda v: AddImageOperator(task_id="t", db_name="d1", entity_id=v, image_url=VIDEO),
    "Huawei's text": lambda v: CreateSpeechOperator(task_id="t", text=v, voice_asset_id="v"),
    "Huawei's object": lambda v: CreateViasTaskOperator(
        task_id="t",
        service_name="s",
        name="n",
        service_version="1.0",
        input=v,
        output={"webhook": {"url": v}},
    ),
    "items": lambda v: ViapiBatchOperator(task_id="t", operator=EraseVideoSubtitlesOperator, items=v),
    "item": lambda v: ViapiBatchOperator(
        task_id="t", operator=EraseVideoSubtitlesOperator, items=[{"video_url": VIDEO, "by": v}]
    ),
    "shared": lambda v: ViapiBatchOperator(
        task_id="t", operator=EraseVideoSubtitlesOperator, items=[{"video_url": VIDEO}], shared=v
    ),
    "images": lambda v: IndexImagesOperator(task_id="t", db_name="d1", images=v),
    "image": lambda v: IndexImagesOperator(task_id="t", db_name=v, images=[{"image_url": v, "entity_id": v}]),
    "land_to": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, land_to=v),
    "staging": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, staging=v),
    "job_timeout": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, job_timeout=v),
    "allowed_hosts": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, allowed_hosts=[v]),
    "target_state": lambda v: CreateAvatarVideoOperator(task_id="t", **FILM, target_state=v),
    "edition": lambda v: CreateVoiceModelOperator(
        task_id="t", voice_name="n", recordings="s3://b/a.zip", authorization_letter="s3://b/a.pdf", edition=v
    ),
    "if_exists": lambda v: CreateImageDbOperator(task_id="t", name="d1", if_exists=v),
    "if_missing": lambda v: DeleteImageDbOperator(task_id="t", name="d1", if_missing=v),
    "VIAS's if_exists": lambda v: CreateVideoGroupOperator(
        task_id="t", video_group_name="g", access_type="cloud", if_exists=v
    ),
    "page_size": lambda v: ListImagesOperator(task_id="t", db_name="d1", page_size=v),
    "on_doubt": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, on_doubt=v),
    "fit": lambda v: IndexImagesOperator(task_id="t", db_name="d1", images=[VIDEO], fit=v),
    "index's skip_existing": lambda v: IndexImagesOperator(
        task_id="t", db_name="d1", images=[VIDEO], skip_existing=v
    ),
    "index's max_failed": lambda v: IndexImagesOperator(
        task_id="t", db_name="d1", images=[VIDEO], max_failed=v
    ),
    "max_files": lambda v: ViasAlarmSensor(task_id="t", folder="s3://b/a/", max_files=v),
    "threshold": lambda v: MediaQualityCheckOperator(task_id="t", source=VIDEO, min_duration=v),
    "tolerance": lambda v: MediaQualityCheckOperator(task_id="t", source=VIDEO, duration_tolerance=v),
    "band": lambda v: MediaQualityCheckOperator(task_id="t", source=VIDEO, before=VIDEO, band=v),
    "scores": lambda v: MediaQualityCheckOperator(task_id="t", source=VIDEO, scores={}, min_scores=[v]),
    "score": lambda v: MediaQualityCheckOperator(task_id="t", source=VIDEO, scores={}, max_scores={"a": v}),
    "require_audio": lambda v: MediaQualityCheckOperator(task_id="t", source=VIDEO, require_audio=v),
    "video_codecs": lambda v: MediaQualityCheckOperator(task_id="t", source=VIDEO, video_codecs=[v]),
    "fail_task_ids": lambda v: MediaQualityCheckOperator(task_id="t", source=VIDEO, fail_task_ids=[v]),
    "quality's allowed_hosts": lambda v: MediaQualityCheckOperator(
        task_id="t", source=VIDEO, allowed_hosts=[v]
    ),
    "transfer's action": lambda v: ViapiResultToObjectStorageOperator(
        task_id="t", land_to="s3://b/a/", job_id="j", action=v
    ),
    "call": lambda v: services.find("imgsearch.ListImages").check({"DbName": v}),
    "Huawei's call": lambda v: huawei_services.find("vias.CreateTask").check({"name": v, "input": v}),
    "action": services.find,
    "Huawei's action": huawei_services.find,
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
@pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)
def test_an_odd_value_is_an_invalid_request_with_a_short_message(take: Any, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        take(value)

    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_secrets_and_labels_of_odd_rendered_values_are_found_before_they_are_refused(value: Any) -> None:
    address = "https://h/a.mp4?token=t0ken-of-ours"

    assert "t0ken-of-ours" in list(find_secrets({"a": [value, address]}))
    assert label_of([value, address]) == "a.mp4"


BLANK = " \n "
TEXTS: dict[str, Any] = {
    "required": lambda v: CreateSpeechOperator(task_id="t", text=v, voice_asset_id="v"),
    "required id": lambda v: CreateSpeechOperator(task_id="t", text="Hello", voice_asset_id=v),
    "with a length": lambda v: AddImageOperator(task_id="t", db_name="d1", entity_id=v, image_url=VIDEO),
    "optional with a length": lambda v: DeleteImageOperator(
        task_id="t", instance_name="shop", product_id="p", pic_name=v
    ),
    "list": lambda v: TransferAssetOperator(task_id="t", asset_ids=["a", v], dest_project_id="p"),
    "destination": lambda v: CreateViasTaskOperator(
        task_id="t", **{**WATCH, "output": {"dis": {"stream_name": v}}}
    ),
}


@pytest.mark.parametrize("value", [BLANK, "a\0b"], ids=["blank", "NUL"])
@pytest.mark.parametrize("make", TEXTS.values(), ids=TEXTS)
def test_a_blank_text_is_none_and_no_text_has_a_nul(make: Any, value: str) -> None:
    with pytest.raises(InvalidRequest):
        make(value)


@pytest.mark.parametrize("inside", [{"text": "a\0b"}, {"a\0b": 1}])
def test_there_is_no_nul_inside_an_object(inside: Any) -> None:
    with pytest.raises(InvalidRequest, match="shoot_scripts"):
        CreateAvatarVideoOperator(task_id="t", **{**FILM, "shoot_scripts": [inside]})


def test_spaces_and_line_ends_in_a_text_stay() -> None:
    task = CreateSpeechOperator(task_id="t", text=" Hello.\n\nA lamp.\n", voice_asset_id="v")

    assert task.validated_request()["text"] == " Hello.\n\nA lamp.\n"


def test_odd_names_in_a_structure_are_an_invalid_request() -> None:
    with pytest.raises(InvalidRequest, match="FileList"):
        services.find("videoenhan.GenerateVideo").check({"FileList": [{Unprintable(): 1}]})


@pytest.mark.parametrize("argument", ["video_codecs", "fail_task_ids", "allowed_hosts", "min_scores"])
@pytest.mark.parametrize("value", [5, True, 1.5, print, Unprintable()], ids=type)
def test_one_thing_in_place_of_several_is_an_invalid_request(argument: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=argument):
        MediaQualityCheckOperator(task_id="t", source=VIDEO, scores={}, **{argument: value})


RENDERED = {
    "address": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=v),
    "number": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, by=v),
    "connection": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, viapi_conn_id=v),
    "shared": lambda v: ViapiBatchOperator(
        task_id="t", operator=EraseVideoSubtitlesOperator, items=[{"video_url": VIDEO}], shared=v
    ),
    "Huawei's text": lambda v: CreateSpeechOperator(task_id="t", text=v, voice_asset_id="v"),
    "Huawei's connection": lambda v: CreateSpeechOperator(
        task_id="t", text="Hello", voice_asset_id="v", huaweicloud_conn_id=v
    ),
    "transfer's job": lambda v: ViapiResultToObjectStorageOperator(
        task_id="t", land_to="s3://b/a/", job_id=v
    ),
    "sensor's job": lambda v: ViapiJobSensor(task_id="t", job_id=v),
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
@pytest.mark.parametrize("take", RENDERED.values(), ids=RENDERED)
def test_an_odd_rendered_value_fails_without_retry_and_with_a_short_message(take: Any, value: Any) -> None:
    """Native rendering passes on whatever a macro returns."""
    with DAG("dag", schedule=None, render_template_as_native_obj=True) as dag:
        task = take("{{ odd }}")
    context: Any = {"ti": TaskInstance(), "dag": dag, "odd": value}

    with pytest.raises((AirflowFailException, ConfigurationError)) as caught:
        task.render_template_fields(context, jinja_env=dag.get_template_env())
        task.execute(context)

    assert len(str(caught.value)) < 1500


class Word(str, Enum):
    ADDRESS = VIDEO
    CHOICE = "LANDSCAPE"
    FOLDER = "s3://b/a"
    ID = "voice-1"
    TYPE = "url"


class Whole(IntEnum):
    WIDTH = 320


MEMBERS: dict[str, tuple[Any, Any]] = {
    "address": (lambda: EraseVideoSubtitlesOperator(task_id="t", video_url=Word.ADDRESS), VIDEO),
    "text": (lambda: CreateSpeechOperator(task_id="t", text=Word.ID, voice_asset_id="v"), "voice-1"),
    "text of digits": (
        lambda: CreateSpeechOperator(task_id="t", text=Whole.WIDTH, voice_asset_id="v"),
        "320",
    ),
    "choice": (lambda: StartLiveOperator(task_id="t", room_id="r", view_mode=Word.CHOICE), "LANDSCAPE"),
    "list": (
        lambda: TransferAssetOperator(task_id="t", asset_ids=[Word.ID], dest_project_id="p"),
        ["voice-1"],
    ),
    "field": (
        lambda: CreateViasTaskOperator(
            task_id="t", **{**WATCH, "input": {"type": Word.TYPE, "data": [{"url": "rtsp://h/1"}]}}
        ),
        {"type": "url", "data": [{"url": "rtsp://h/1"}]},
    ),
    "number of a field": (
        lambda: CreateAvatarVideoOperator(
            task_id="t", **{**FILM, "video_config": {"width": Whole.WIDTH, "height": 180, "bitrate": 500}}
        ),
        {"width": 320, "height": 180, "bitrate": 500},
    ),
}


@pytest.mark.parametrize(("make", "value"), MEMBERS.values(), ids=MEMBERS)
def test_of_a_member_of_an_enumeration_the_value_is_sent(make: Any, value: Any) -> None:
    with DAG("dag", schedule=None) as dag:
        task = make()
    task.render_template_fields({"ti": TaskInstance(), "dag": dag}, jinja_env=dag.get_template_env())

    sent = json.dumps(task.validated_request(), default=str)

    assert json.dumps(value) in sent
    # In a query or a form it is the text that counts.
    assert "Word." not in f"{task.validated_request()}" and "Whole." not in f"{task.validated_request()}"


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("land_to", lambda: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, land_to=Word.FOLDER)),
        ("viapi_conn_id", lambda: ViapiJobSensor(task_id="t", job_id="1", viapi_conn_id=Word.ID)),
        ("job_id", lambda: ViapiJobSensor(task_id="t", job_id=Word.ID)),
        ("folder", lambda: ViasAlarmSensor(task_id="t", folder=Word.FOLDER)),
    ],
)
def test_so_it_is_in_other_arguments(field: str, make: Any) -> None:
    with DAG("dag", schedule=None) as dag:
        task = make()
    task.render_template_fields({"ti": TaskInstance(), "dag": dag}, jinja_env=dag.get_template_env())

    assert type(getattr(task, field)) is str
    assert getattr(task, field) in list(Word)


def test_a_call_of_the_hook_sends_the_value_of_a_member() -> None:
    checked = huawei_services.find("metastudio.ListAssets").check({"name": Word.ID, "asset_id": [Word.ID]})

    assert type(checked["name"]) is type(checked["asset_id"][0]) is str


PLACES: dict[str, Any] = {
    "video_url": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=f"{v}a.mp4"),
    "source": lambda v: ObjectStorageToViapiOperator(task_id="t", source=f"{v}a.mp4"),
    "land_to": lambda v: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, land_to=v),
    "images": lambda v: IndexImagesOperator(task_id="t", db_name="d1", images=v),
    "folder": lambda v: ViasAlarmSensor(task_id="t", folder=v),
    "images_to": lambda v: ViasAlarmSensor(task_id="t", folder="s3://b/alarms/", images_to=v),
}
if not __version__.startswith("2."):
    # Airflow 2 has no assets with watchers.
    PLACES["new files"] = lambda v: NewFilesTrigger(folder=v)


@pytest.mark.parametrize(
    "address",
    [
        *("file://tmp/x/", "file://localhost/tmp/x/", "s3:///x/", "s3://conn@/x/", "s3://c@d@b/x/"),
        *("s3://b/x\n/", "s3://b/../x/", "s3://key:secret@b/x/"),
    ],
)
@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES)
def test_an_address_in_storage_names_a_place(make: Any, address: str) -> None:
    with pytest.raises((InvalidRequest, ValueError), match="allowed: ") as caught:
        make(address)

    assert ":secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("folder", "images_to"),
    [
        ("file:///x/al/", "file:////x/al/pics/"),
        ("file:///x/al/", "local:///x/./al"),
        ("s3://conn@b/al/", "s3://b/al/pics/"),
        ("s3://b/al", "s3://other@b/al//pics"),
    ],
)
def test_pictures_are_not_stored_among_alarms_whatever_the_spelling(folder: str, images_to: str) -> None:
    with pytest.raises(InvalidRequest, match=r"images_to is .* in the folder of the alarms"):
        ViasAlarmSensor(task_id="t", folder=folder, images_to=images_to)
    assert ViasAlarmSensor(task_id="t", folder=folder, images_to=f"{folder.rstrip('/')}-pics/")


@pytest.mark.parametrize("name", ["folder", "images_to"])
def test_the_wrong_folder_of_alarms_or_pictures_is_named(name: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{name} is 'nowhere'; allowed: an address such as"):
        ViasAlarmSensor(task_id="t", **{"folder": "s3://b/alarms/", name: "nowhere"})


BEYOND_FLOATS = 2**53 + 1


@pytest.mark.parametrize("kind", [int, str, np.int64, np.uint64, Decimal], ids=lambda kind: kind.__name__)
def test_a_whole_number_stays_exact_whatever_its_type(kind: Any) -> None:
    image = {"InstanceName": "shop", "ProductId": "p", "PicName": "a", "PicContent": VIDEO}
    sent = services.find("imagesearch.AddImage").check({**image, "IntAttr": kind(BEYOND_FLOATS)})
    # In a mapping that is passed on as it is, a text stays a text.
    number = Decimal(BEYOND_FLOATS) if kind is str else kind(BEYOND_FLOATS)
    film = CreateAvatarVideoOperator(task_id="t", **{**FILM, "review_config": {"number": number}})

    assert (sent["IntAttr"], type(sent["IntAttr"])) == (BEYOND_FLOATS, int)
    assert film.request["review_config"] == {"number": BEYOND_FLOATS}


@pytest.mark.parametrize(
    "value",
    [Decimal("100.0000000000000000001"), Decimal("sNaN"), True, np.float64("inf"), Fraction(1, 3)],
    ids=str,
)
def test_what_is_no_whole_number_is_refused_and_not_rounded(value: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"Width is .*; allowed: a whole number"):
        services.find("videoenhan.ChangeVideoSize").check({"VideoUrl": VIDEO, "Width": value, "Height": 100})
