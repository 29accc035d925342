"""Indexing in bulk into an instance of ImageSearch: each image once, from any storage, and what fails is reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.image_index import indexer
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from run_task import run_task
from scripted_server import FileResponse, file_server
from served_folder import ServedFolder
from timing import set_timing

NAMES = ("chelsea", "coffee", "rocket")


@pytest.fixture(autouse=True)
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    timing = indexer.IndexingTiming(retry_seconds=3.0, settle_seconds=0.3)
    set_timing(monkeypatch, timing)
    connection = json.loads(viapi_emulator.connection_json())
    connection["extra"]["submit_qps"] = 200
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(connection))
    return viapi_emulator


@pytest.fixture
def images(tmp_path: Path) -> list[dict[str, Any]]:
    """Three photographs on the disk."""
    for name in NAMES:
        with Image.open(media_samples.photographs()[name]) as image:
            image.convert("RGB").resize((200, 160)).save(tmp_path / f"{name}.jpg")
    return [
        {
            "image_url": (tmp_path / f"{name}.jpg").as_uri(),
            "entity_id": name,
            "extra_data": f"about {name}",
            "int_attr": number,
        }
        for number, name in enumerate(NAMES)
    ]


def index(images: Any, **arguments: Any) -> Any:
    return run_task(
        IndexImagesOperator(
            **{
                "task_id": "index",
                "backend": "imagesearch",
                "instance_name": "demo",
                "images": images,
                **arguments,
            }
        )
    ).result


def found(**request: Any) -> list[dict[str, Any]]:
    request = {"InstanceName": "demo", **request}
    matches: list[dict[str, Any]] = ViapiHook().call("imagesearch.SearchImageByFilter", request)["Data"][
        "Auctions"
    ]
    return matches


def test_images_are_added_with_their_attributes_and_found_by_another_run(
    images: list[dict[str, Any]], emulator: EmulatorServer
) -> None:
    first, second = index(images), index(images)

    assert {key: first[key] for key in ("instance_name", "images", "added", "found", "failed")} == {
        "instance_name": "demo",
        "images": 3,
        "added": 3,
        "found": 0,
        "failed": 0,
    }
    assert (second["added"], second["found"]) == (0, 3)
    assert emulator.calls()["AddImage"]["accepted"] == 3
    (coffee,) = found(Filter="int_attr = 1")
    assert (coffee["ProductId"], coffee["PicName"]) == ("coffee", "coffee.jpg")
    assert coffee["CustomContent"] == "about coffee"


def test_only_what_is_missing_is_added_and_all_is_without_skip_existing(
    images: list[dict[str, Any]], emulator: EmulatorServer
) -> None:
    index(images[:2])

    assert index(images)["added"] == 1
    assert index(images, skip_existing=False)["added"] == 3
    assert (
        ViapiHook().call("imagesearch.Detail", {"InstanceName": "demo"})["Data"]["Instance"]["TotalCount"]
        == 3
    )


def test_the_log_shows_progress_while_the_instance_is_asked_what_it_has(
    images: list[dict[str, Any]],
    emulator: EmulatorServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    index(images[:1])
    set_timing(monkeypatch, indexer.IndexingTiming(progress_interval=0.02))
    emulator.fault(action="CheckImageExists", delay=0.3)

    index(images)

    assert "Checking which of 3 images are in demo already" in capsys.readouterr().out


def test_a_file_whose_name_has_a_line_break_does_not_stop_its_folder(
    images: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "two\nlines.jpg").write_bytes((tmp_path / "coffee.jpg").read_bytes())

    assert index(tmp_path.as_uri())["added"] == 3


def test_a_folder_is_indexed(images: list[dict[str, Any]], tmp_path: Path) -> None:
    assert index(tmp_path.as_uri())["added"] == 3
    assert index(tmp_path.as_uri())["found"] == 3


def test_a_lost_response_adds_no_second_image(images: list[dict[str, Any]], emulator: EmulatorServer) -> None:
    emulator.fault(action="AddImage", drop="after")

    assert index(images)["added"] == 3
    assert len(found(Filter="int_attr >= 0")) == 3


def test_images_that_cannot_be_added_are_reported(
    images: list[dict[str, Any]], tmp_path: Path, served: ServedFolder
) -> None:
    with Image.new("RGB", (50, 50)) as tiny:
        tiny.save(tmp_path / "tiny.jpg")
    bad = [
        {"image_url": (tmp_path / "tiny.jpg").as_uri(), "entity_id": "tiny"},
        {"image_url": served.address("nowhere.jpg"), "entity_id": "nowhere"},
    ]

    summary = index([*images, *bad], max_failed=2)

    assert (summary["added"], summary["failed"]) == (3, 2)
    assert {each["entity_id"]: each["code"] for each in summary["failures"]} == {
        "tiny": "InvalidImage.Resolution",
        "nowhere": "InvalidImage.Download",
    }


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (FileResponse(status=400), "HTTP status 400"),
        (FileResponse(status=401), "HTTP status 401"),
        (FileResponse(length=None), "does not send the file's length"),
        (FileResponse(location="/again.jpg"), "redirects"),
        (FileResponse(status=500), "a.jpg cannot be downloaded now: the storage refused"),
    ],
    ids=["400", "401", "no length", "redirects", "500"],
)
def test_an_image_whose_server_does_not_send_it_is_one_that_failed(
    images: list[dict[str, Any]], response: FileResponse, said: str
) -> None:
    with file_server() as server:
        server.script = [response] * 20
        link = {"image_url": f"{server.url}/a.jpg?Signature=s3cr3t", "entity_id": "link"}
        summary = index([link, *images], max_failed=1)

    assert (summary["added"], summary["failed"]) == (3, 1)
    (failure,) = summary["failures"]
    assert f"{server.url}/a.jpg" in failure["message"]
    assert said in failure["message"]
    assert "s3cr3t" not in failure["message"]


def test_an_instance_that_does_not_exist_fails_without_retry(images: list[dict[str, Any]]) -> None:
    with pytest.raises(AirflowFailException, match="InvalidInstance"):
        index(images, instance_name="shop")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"instance_name": None}, "instance_name is None"),
        ({"instance_name": None, "backend": None}, "set db_name .* or instance_name"),
        ({"instance_name": "a" * 21}, "instance_name is .*1 to 20 characters"),
        ({"db_name": "covers"}, "db_name cannot be set with backend='imagesearch'; set instance_name"),
        ({"backend": "imgsearch"}, "instance_name cannot be set with backend='imgsearch'; set db_name"),
        ({"backend": "google"}, "backend is 'google'; allowed: imgsearch, imagesearch"),
        ({"staging": "oss://bucket/a"}, "staging cannot be set"),
        (
            {"images": [{"image_url": "http://h/a.jpg", "entity_id": "a", "color": 1}]},
            r"images\[0\] has color",
        ),
        (
            {"images": [{"image_url": "http://h/a.jpg", "entity_id": "a"}] * 2},
            "both have entity_id 'a' and pic_name 'a.jpg'",
        ),
        (
            {"images": [{"image_url": "http://h/a.jpg", "entity_id": "a", "str_attr": "50%"}]},
            r"images\[0\]: StrAttr is '50%'",
        ),
    ],
)
def test_arguments_that_are_not_allowed_are_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        IndexImagesOperator(
            **{
                "task_id": "index",
                "backend": "imagesearch",
                "instance_name": "demo",
                "images": [{"image_url": "http://h/a.jpg", "entity_id": "a"}],
                **arguments,
            }
        )


def test_the_backend_is_that_of_the_name_that_is_given() -> None:
    images = [{"image_url": "http://h/a.jpg", "entity_id": "a"}]

    assert IndexImagesOperator(task_id="a", db_name="covers", images=images).backend == "imgsearch"
    assert IndexImagesOperator(task_id="b", instance_name="demo", images=images).backend == "imagesearch"
