"""Pictures for ImageSearch, which reads only uploads: from any storage, brought within its limits, then uploaded."""

from __future__ import annotations

import tempfile
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import TransientError
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.media.addresses import display_url
from airflow_provider_viapi.media.inputs import still_images
from airflow_provider_viapi.operators.imagesearch import AddImageOperator, SearchImageByPicOperator
from run_task import run_task
from scripted_server import serving
from served_folder import ServedFolder


@pytest.fixture(autouse=True)
def emulator(monkeypatch: pytest.MonkeyPatch, viapi_emulator: EmulatorServer) -> EmulatorServer:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    return viapi_emulator


@pytest.fixture
def add(tmp_path: Path) -> Callable[..., Any]:
    """Adds a picture, and returns what the emulator says of it."""

    def add(address: str, **arguments: Any) -> Any:
        task = AddImageOperator(
            task_id="add",
            instance_name="demo",
            product_id="coffee",
            pic_name="coffee.jpg",
            pic_content=address,
            **arguments,
        )
        return run_task(task).result["PicInfo"]

    return add


def photograph(path: Path, size: tuple[int, int] = (600, 400), **options: Any) -> Path:
    with Image.open(media_samples.photographs()["coffee"]) as image:
        image.convert("RGB").resize(size).save(path, **options)
    return path


def best_match(address: str) -> dict[str, Any]:
    task = SearchImageByPicOperator(task_id="search", instance_name="demo", pic_content=address)
    match: dict[str, Any] = run_task(task).result["Auctions"][0]
    return match


def test_a_file_is_uploaded_and_found_by_another_size_of_it(
    add: Callable[..., Any], tmp_path: Path, emulator: EmulatorServer
) -> None:
    info = add(photograph(tmp_path / "coffee.jpg").as_uri())
    smaller = photograph(tmp_path / "small.png", (240, 160))

    match = best_match(smaller.as_uri())

    assert info["Region"] == "0,600,0,400"
    assert (match["ProductId"], match["PicName"]) == ("coffee", "coffee.jpg")
    assert match["Score"] > 0.9
    assert emulator.calls()["AuthorizeFileUpload"]["accepted"] == 2


def test_what_is_on_the_web_is_uploaded_as_well(add: Callable[..., Any], served: ServedFolder) -> None:
    photograph(served.path / "web coffee.jpg")

    assert add(served.address("web%20coffee.jpg"))["Region"] == "0,600,0,400"


def test_a_picture_that_arrives_byte_by_byte_is_given_up(tmp_path: Path) -> None:
    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            with suppress(OSError):
                for _ in range(100):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.1)

        def log_message(self, *_: object) -> None:
            pass

    with (
        serving(Dripping) as url,
        pytest.raises(TransientError, match=r"a\.jpg cannot be downloaded now: the file arrives too slowly"),
        still_images.downloaded(f"{url}/a.jpg", "a.jpg", HttpSettings(), max_seconds=0.5) as chunks,
    ):
        still_images.write(chunks, tmp_path / "a.jpg", "a.jpg")


def test_a_picture_on_the_web_that_is_too_large_is_resized_too(
    add: Callable[..., Any], served: ServedFolder
) -> None:
    photograph(served.path / "large.jpg", (5000, 2500))

    assert add(served.address("large.jpg"))["Region"] == "0,4096,0,2048"


@pytest.mark.parametrize("name", ["with space", "ü", "a#b", "a%41b"])
def test_the_temporary_folder_may_have_any_name(
    name: str,
    add: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    served: ServedFolder,
) -> None:
    (tmp_path / name).mkdir()
    large = photograph(tmp_path / "large.jpg", (5000, 2500))
    photograph(served.path / "any.jpg")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))

    assert add(large.as_uri())["Region"] == "0,4096,0,2048"
    assert add(served.address("any.jpg"))["Region"] == "0,600,0,400"


@pytest.mark.parametrize(
    ("name", "size", "options", "region"),
    [
        ("large.jpg", (5000, 2500), {}, "0,4096,0,2048"),
        ("heavy.bmp", (1300, 1200), {}, "0,1300,0,1200"),
        ("turned.jpg", (600, 400), {"exif": True}, "0,400,0,600"),
    ],
)
def test_a_picture_beyond_the_limits_is_brought_within_them(
    name: str,
    size: tuple[int, int],
    options: dict[str, Any],
    region: str,
    add: Callable[..., Any],
    tmp_path: Path,
) -> None:
    if options:
        exif = Image.Exif()
        exif[0x0112] = 6
        options = {"exif": exif}

    assert add(photograph(tmp_path / name, size, **options).as_uri())["Region"] == region


def test_a_picture_that_cannot_be_brought_within_the_limits_is_refused_before_anything_is_uploaded(
    add: Callable[..., Any], tmp_path: Path, emulator: EmulatorServer
) -> None:
    tiny = photograph(tmp_path / "tiny.jpg", (90, 300))

    with pytest.raises(Exception, match=r"PicContent: .*tiny\.jpg.*90×300 pixels.*at least 100×100"):
        add(tiny.as_uri())
    assert "AuthorizeFileUpload" not in emulator.calls()


def test_a_picture_that_does_not_exist_is_refused_with_its_parameter(
    add: Callable[..., Any], served: ServedFolder
) -> None:
    with pytest.raises(Exception, match=r"PicContent: .*nowhere\.jpg does not exist"):
        add("file:///nowhere.jpg")
    with pytest.raises(
        Exception,
        match=r"PicContent: .*none\.jpg cannot be downloaded: HTTP status 404",
    ) as refusal:
        add(f"{served.address('none.jpg')}?signature=private")
    assert "private" not in str(refusal.value)


def test_the_hook_takes_the_content_of_a_picture(tmp_path: Path) -> None:
    content = b64encode(photograph(tmp_path / "a.png", (120, 120)).read_bytes()).decode()
    request = {"InstanceName": "demo", "ProductId": "1", "PicName": "a.png", "PicContent": content}

    assert ViapiHook().call("imagesearch.AddImage", request)["Data"]["PicInfo"]["Region"] == "0,120,0,120"


def test_the_service_fetches_no_address_but_that_of_an_upload(served: ServedFolder) -> None:
    photograph(served.path / "a.jpg")
    request = {
        "InstanceName": "demo",
        "ProductId": "1",
        "PicName": "a.jpg",
        "PicContent": served.address("a.jpg"),
    }

    with pytest.raises(Exception, match="neither Base64 nor the address of an upload"):
        ViapiHook().call("imagesearch.AddImage", request)


def test_an_address_is_shown_without_password_and_signature() -> None:
    assert display_url("https://user:pw@h/a.jpg?sig=1") == "https://h/a.jpg"
