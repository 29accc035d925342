"""Picture modelling: by a file in a form and by an address, to a cover that can be downloaded."""

from __future__ import annotations

import io
import urllib.request
from typing import Any

import pytest
from PIL import Image

from airflow_provider_viapi.huawei.services.metastudio import pictures
from emulator.huawei.callers import Caller
from served_folder import ServedFolder

BY_FILE, BY_URL = pictures.CREATE_PICTURE_MODELING_JOB, pictures.CREATE_PICTURE_MODELING_BY_URL_JOB
STYLE = {"style_id": "system_female_001", "name": "Mei"}


def picture(kind: str, size: tuple[int, int] = (320, 200)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 40, 30)).save(file, kind)
    return file.getvalue()


def finished(caller: Caller, made: dict[str, Any]) -> dict[str, Any]:
    return caller.ended(pictures.SHOW_PICTURE_MODELING_JOB, job_id=made["job_id"])


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_file_in_a_form_becomes_the_cover(caller: Caller, kind: str) -> None:
    made = caller(BY_FILE, file=picture(kind), **STYLE)

    seen = finished(caller, made)

    assert (seen["state"], seen["name"], seen["model_asset_id"]) == ("SUCCEED", "Mei", made["model_asset_id"])
    with Image.open(io.BytesIO(urllib.request.urlopen(seen["model_cover_url"]).read())) as cover:
        red, green, _ = cover.convert("RGB").getpixel((256, 256))
    assert red > 150 > green


def test_the_picture_at_an_address_is_fetched(caller: Caller, served: ServedFolder) -> None:
    (served.path / "mei.png").write_bytes(picture("PNG"))

    seen = finished(caller, caller(BY_URL, picture_url=served.address("mei.png"), **STYLE))

    assert seen["state"] == "SUCCEED"
    assert urllib.request.urlopen(seen["model_cover_url"]).read()[:3] == b"\xff\xd8\xff"


def test_a_picture_that_does_not_exist_fails_the_job_with_its_reason(
    caller: Caller, served: ServedFolder
) -> None:
    seen = finished(caller, caller(BY_URL, picture_url=served.address("no.png"), **STYLE))

    assert (seen["state"], "model_cover_url" in seen) == ("FAILED", False)
    assert "404" in seen["error_info"]["error_msg"]


@pytest.mark.parametrize(
    "given",
    [
        {"file": b"\x89PNG\r\n\x1a\nbroken"},
        {"file": picture("PNG", (3841, 100))},
        {"file": picture("PNG", (2161, 2161))},
        {"style_id": "baroque"},
    ],
    ids=["broken", "wide", "large", "style"],
)
def test_what_the_service_refuses_is_refused(caller: Caller, given: dict[str, Any]) -> None:
    assert caller.refused(BY_FILE, **{"file": picture("PNG"), **STYLE, **given}) == (400, "MSS.00000003")


def test_jobs_and_styles_are_listed(caller: Caller) -> None:
    made = caller(BY_FILE, file=picture("PNG"), **STYLE)
    finished(caller, made)

    listed = caller(pictures.LIST_PICTURE_MODELING_JOBS, state="SUCCEED")
    styles = caller(pictures.LIST_STYLES, limit=1)

    assert [each["job_id"] for each in listed["picture_modeling_jobs"]] == [made["job_id"]]
    assert (styles["count"], len(styles["styles"])) == (4, 1)


def test_the_emulators_own_list_of_jobs_does_not_show_the_picture(caller: Caller, emulator: Any) -> None:
    caller(BY_FILE, file=picture("PNG"), **STYLE)

    (job,) = emulator.jobs()

    assert job["request"]["file"].endswith(" bytes")
