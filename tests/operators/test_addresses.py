"""Addresses of files as DAG authors write them: what can never be read is refused at once, and no secret is shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.media.open_storage import translate_errors
from airflow_provider_viapi.media.storages import STORAGES, storage_of
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.metastudio import CreateAvatarVideoOperator, CreateSpeechOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator, GenerateVideoOperator
from airflow_provider_viapi.schema import ValidationError
from airflow_provider_viapi.sensors.vias_alarms import ViasAlarmSensor
from airflow_provider_viapi.storage_addresses import stored_address

SECRET = "Sup3rS3cretV4lue"
VIDEO = "http://h/a.mp4"


def erase(**arguments: Any) -> EraseVideoSubtitlesOperator:
    return EraseVideoSubtitlesOperator(**{"task_id": "t", "video_url": VIDEO, **arguments})


def index(images: Any) -> IndexImagesOperator:
    return IndexImagesOperator(task_id="t", db_name="products", images=images)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("s3://bucket", "'bucket' is only a bucket"),
        ("oss://conn@bucket", "'bucket' is only a bucket"),
        ("s3://bucket/film.mp4?", r"film\.mp4\?'; .* does not end in \? or #"),
        ("s3://bucket/film.mp4#", r"does not end in \? or #"),
        ("s3://bucket/\ud800.mp4", "not encoded in UTF-8"),
        (Path(os.fsdecode(b"/films/caf\xe9.mp4")), "not encoded in UTF-8"),
        ("s3://a[b/film.mp4", "allowed"),
        ("https://host:99999/film.mp4", "allowed"),
        ("https://media..test/film.mp4", "a part of its host is empty"),
        ("https://.media.test/film.mp4", "a part of its host is empty"),
        ("https://media.test../film.mp4", "a part of its host is empty"),
        (f"https://{'a' * 64}.test/film.mp4", "a part of its host has 64 characters, and may have 63"),
        (f"https://{'a.' * 125}test/film.mp4", "its host has 254 characters, and may have 253"),
        ("https://host/film%zz.mp4", "each % in it precedes two hexadecimal digits"),
        ("https://host/film.mp4?rate=100%", "each % in it precedes two hexadecimal digits"),
        ("https://host/" + "a" * 5_000_000, "of at most 16,384 characters; it has 5,000,013"),
        ("s3://bucket/" + "a" * 5_000_000, "of at most 16,384 characters; it has 5,000,012"),
    ],
)
def test_an_address_that_can_never_be_read_is_refused_when_the_dag_is_parsed(address: Any, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as refusal:
        erase(video_url=address)

    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/folder/film.mp4",
        "s3://aws_media@bucket/film@2x.mp4",
        "s3://arn:aws:s3:eu-west-1:1234:accesspoint/films/film@2x.mp4",
        "abfs://films@account.dfs.core.windows.net/film.mp4",
        "gs://bucket/a?b#c.mp4",
        "https://host:8443/film@2x.mp4?token=abc",
        "https://[::1]:8443/film.mp4",
        "https://films_of.media.test.:65535/film.mp4",
        "https://xn--fiqs8s.test/film.mp4",
        f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}/film.mp4",
        f"https://{'%e4%b8%ad' * 10}.test/film.mp4",
        "https://host/a%20b.mp4?OSSAccessKeyId=k&Signature=x%2By%2f%3D",
        "s3://bucket/film%zz.mp4",
        "file:///film.mp4",
    ],
)
def test_others_are_taken_as_they_are(address: str) -> None:
    assert erase(video_url=address).request["VideoUrl"] == address


@pytest.mark.parametrize(
    "folder",
    ["sftp://conn@/in", "smb://conn@/in", "github://conn@/in"]
    + [f"{scheme}:///in" for scheme in ("ftp", "hdfs", "webhdfs", "dbfs")],
)
def test_the_host_of_a_storage_may_be_in_its_connection(folder: str) -> None:
    film = f"{folder}/film.mp4"

    assert stored_address(film, lambda scheme: True, "an address") == film
    assert ViasAlarmSensor(task_id="t", folder=folder).folder == folder
    assert erase(land_to=f"{folder}/").land_to == f"{folder}/"


@pytest.mark.parametrize("scheme", [scheme for scheme in STORAGES if storage_of(scheme).is_object_store])
@pytest.mark.parametrize("place", ["/film.mp4", "conn@/film.mp4"])
def test_an_object_store_has_a_bucket(scheme: str, place: str) -> None:
    with pytest.raises(ValidationError, match="a bucket"):
        stored_address(f"{scheme}://{place}", lambda scheme: True, "an address")


def test_a_path_object_is_taken_from_the_working_directory() -> None:
    films = Path.cwd().parent / "films"

    assert erase(video_url=Path("../films/a.mp4")).request["VideoUrl"] == f"file://{films}/a.mp4"
    assert erase(land_to=Path("../films/./out")).land_to == f"file://{films}/out/"


def test_an_entry_of_a_folder_is_taken_as_its_path(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").touch()
    (entry,) = os.scandir(tmp_path)

    assert erase(video_url=entry).request["VideoUrl"] == f"file://{tmp_path}/film.mp4"


@pytest.mark.parametrize("folder", ["https://host/films", "s3://bucket/films"])
def test_a_path_object_may_have_a_template_in_it(folder: str) -> None:
    path = ObjectStoragePath(folder) / "{{ ds }} ü.mp4"
    if not str(path).startswith(folder):
        pytest.skip("this Airflow's path objects repeat the scheme of https://")

    operator = erase(video_url=path)
    several = GenerateVideoOperator(
        task_id="t", file_list=[{"FileName": "a.mp4", "FileUrl": path, "Type": "video"}]
    )

    assert operator.request["VideoUrl"] == f"{folder}/{{{{ ds }}}} ü.mp4"
    assert several.request["FileList"][0]["FileUrl"] == f"{folder}/{{{{ ds }}}} ü.mp4"


def test_material_at_an_address_with_a_bracket_is_an_error_of_the_request() -> None:
    material = [{"FileName": "a.mp4", "FileUrl": "s3://a[b/c.mp4", "Type": "video"}]

    with pytest.raises(InvalidRequest, match="FileUrl"):
        GenerateVideoOperator(task_id="t", file_list=material)


@pytest.mark.parametrize(
    "make",
    [
        lambda: erase(video_url=f"s3://AKIA:{SECRET}@bucket/film.mp4"),
        lambda: erase(video_url=f"s3://AKIA:{SECRET}/{SECRET}@bucket/film.mp4"),
        lambda: erase(staging=f"s3://AKIA:{SECRET}@bucket/x"),
        lambda: erase(staging=f"oss://LTAI:{SECRET}@bucket/x"),
        lambda: erase(land_to=f"s3://AKIA:{SECRET}@bucket/x/"),
        lambda: index(f"s3://AKIA:{SECRET}@bucket/x/"),
    ],
)
def test_a_password_in_the_address_of_a_storage_is_refused_and_not_shown(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"staging is|the id of an Airflow connection") as refusal:
        make()

    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: erase(video_url=f"https://user:p@{SECRET}@host/ü.mp4"),
        lambda: erase(video_url=f"https://user:{SECRET}/{SECRET}@host/ü.mp4"),
        lambda: erase(staging=f"https://host/?token={SECRET}"),
        lambda: erase(by=f"https://user:{SECRET}@host/"),
        lambda: index(f"http://user:{SECRET}@h/folder/?token={SECRET}"),
        lambda: index(f"nonsense://AKIA:{SECRET}@b/folder/"),
        lambda: index(f"user:{SECRET}@bucket/folder/"),
        lambda: erase(land_to=f"s3:/user:{SECRET}@bucket/folder/"),
        lambda: erase(land_to=f"bucket/x?OSSAccessKeyId=LTAI1&Signature={SECRET}"),
    ],
)
def test_no_message_about_an_address_shows_a_secret(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        make()

    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("address", [f"s3://AKIA:{SECRET}@b/a.mp4", f"s3://AKIA:S/{SECRET}@b/a.mp4"])
def test_an_unreachable_storage_is_reported_without_the_password_of_its_address(address: str) -> None:
    with (
        pytest.raises(ServiceError, match=r"s3://b/a\.mp4 could not be read") as failure,
        translate_errors(address),
    ):
        raise ConnectionError

    assert SECRET not in str(failure.value)


@pytest.mark.parametrize("conn_id", ["team@prod", "a+b=c", "viapi prod", "团队", "a/b:c", "a" * 250])
def test_an_id_that_a_secrets_backend_may_have_is_one(conn_id: str) -> None:
    assert erase(viapi_conn_id=conn_id).viapi_conn_id == conn_id


@pytest.mark.parametrize(
    "conn_id", [None, "", " ", " a", "a ", "a\nb", "a\n", "a\0", "viapi://k:s@h", "\ud800", 5, "a" * 300]
)
def test_what_is_no_connection_id_is_refused_when_the_dag_is_parsed(conn_id: Any) -> None:
    with pytest.raises(
        InvalidRequest, match=r"viapi_conn_id is .*; allowed: the id of an Airflow connection"
    ):
        erase(viapi_conn_id=conn_id)
    with pytest.raises(
        InvalidRequest, match=r"huaweicloud_conn_id is .*; allowed: the id of an Airflow connection"
    ):
        CreateSpeechOperator(task_id="t", text="Hello", voice_asset_id="v", huaweicloud_conn_id=conn_id)


@pytest.mark.parametrize(
    "make",
    [
        lambda: index([{"x" * 1_000_000: 1}]),
        lambda: index("a" * 1_000_000),
        lambda: CreateAvatarVideoOperator(task_id="t", voice_config={"x" * 1_000_000: object()}),
        lambda: CreateAvatarVideoOperator(task_id="t", voice_config={10**5000: 1}),
    ],
)
def test_a_message_about_a_huge_value_or_name_is_short(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        make()

    assert len(str(refusal.value)) < 2000
