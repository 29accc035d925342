"""Image search over HTTP, with real photographs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import numpy
import pytest
from PIL import Image

import media_samples
from conftest import ServedFolder
from emulator.signing_caller import Caller

BAD_REQUEST = (400, "InvalidParameter.BadRequest")


@pytest.fixture
def caller(viapi_emulator: Any) -> Iterator[Caller]:
    caller = Caller(viapi_emulator.url)
    yield caller
    caller.http.close()


@pytest.fixture
def photos(caller: Caller) -> Caller:
    caller.call("CreateImageDb", Name="photos")
    return caller


@pytest.fixture(scope="module")
def photographs(served: ServedFolder) -> dict[str, str]:
    """Addresses of photographs by the names of what they show."""
    chosen = {
        name: path
        for name, path in media_samples.photographs().items()
        if name in ("coffee", "rocket", "chelsea")
    }
    for path in chosen.values():
        shutil.copy(path, served.path)
    return {name: served.address(path.name) for name, path in chosen.items()}


def picture(served: ServedFolder, name: str, width: int, height: int, noisy: bool = False) -> str:
    pixels = numpy.zeros((height, width, 3), numpy.uint8)
    if noisy:
        pixels = numpy.random.default_rng(0).integers(0, 256, pixels.shape, numpy.uint8)
    Image.fromarray(pixels).save(served.path / name)
    return served.address(name)


def test_databases_are_made_once_and_listed_by_name(caller: Caller) -> None:
    for name in ("photos", "films"):
        assert caller.call("CreateImageDb", Name=name).keys() == {"RequestId"}

    assert caller.call("ListImageDbs")["Data"] == {"DbList": [{"Name": "films"}, {"Name": "photos"}]}
    assert caller.refused("CreateImageDb", Name="photos") == BAD_REQUEST


def test_the_picture_itself_comes_first_with_what_was_added_to_it(
    photos: Caller, photographs: dict[str, str]
) -> None:
    ids = {
        name: photos.call(
            "AddImage", DbName="photos", EntityId=name, ImageUrl=address, ExtraData=f"照片 {name}"
        )["Data"]["DataId"]
        for name, address in photographs.items()
    }

    found = photos.call("SearchImage", DbName="photos", ImageUrl=photographs["rocket"], Limit=10)

    best, *others = found["Data"]["MatchList"]
    assert len(set(ids.values())) == 3
    assert all(data_id.isdigit() for data_id in ids.values())
    assert best.pop("Score") > 9.9
    assert best == {
        "DataId": ids["rocket"],
        "EntityId": "rocket",
        "ExtraData": "照片 rocket",
        "ImageUrl": photographs["rocket"],
    }
    assert [match["Score"] for match in others] == sorted((m["Score"] for m in others), reverse=True)
    assert all(0 <= match["Score"] < 9 for match in others)


def test_no_more_matches_than_asked_for_and_none_of_another_database(
    photos: Caller, photographs: dict[str, str]
) -> None:
    photos.call("CreateImageDb", Name="others")
    for name, address in photographs.items():
        photos.call("AddImage", DbName="photos", EntityId=name, ImageUrl=address)
    search = {"ImageUrl": photographs["coffee"], "Limit": 2}

    matches = photos.call("SearchImage", DbName="photos", **search)["Data"]["MatchList"]

    assert [match["EntityId"] for match in matches][:1] == ["coffee"]
    assert len(matches) == 2
    assert matches[0]["ExtraData"] == ""
    assert photos.call("SearchImage", DbName="others", **search)["Data"] == {"MatchList": []}


def test_a_database_that_is_not_there_is_refused(caller: Caller, photographs: dict[str, str]) -> None:
    given = {"DbName": "nothing", "ImageUrl": photographs["coffee"]}

    assert caller.refused("AddImage", EntityId="a", **given) == BAD_REQUEST
    assert caller.refused("SearchImage", Limit=1, **given) == BAD_REQUEST


@pytest.mark.parametrize(("size", "resolution"), [((127, 200), 400), ((200, 1025), 400), ((128, 1024), 200)])
def test_a_side_has_128_to_1024_pixels(
    photos: Caller, served: ServedFolder, size: tuple[int, int], resolution: int
) -> None:
    address = picture(served, "sized.png", *size)

    answer = photos.send("AddImage", DbName="photos", EntityId="a", ImageUrl=address)

    assert answer.status_code == resolution
    assert answer.json().get("Code") in (None, "InvalidImage.Resolution")


def test_a_picture_of_more_than_2_mb_can_be_looked_for_but_not_added(
    photos: Caller, served: ServedFolder
) -> None:
    given = {"DbName": "photos", "ImageUrl": picture(served, "heavy.png", 900, 900, noisy=True)}

    assert photos.refused("AddImage", EntityId="a", **given) == (400, "InvalidImage.Size")
    assert photos.call("SearchImage", Limit=1, **given)["Data"] == {"MatchList": []}


def test_what_is_not_a_picture_is_refused(photos: Caller, served: ServedFolder) -> None:
    (served.path / "letter.jpg").write_text("Dear reader, this is no picture.")

    refused = photos.refused("AddImage", DbName="photos", EntityId="a", ImageUrl=served.address("letter.jpg"))

    assert refused == (400, "InvalidImage.Decode")


def test_a_picture_that_cannot_be_downloaded_is_refused(photos: Caller, served: ServedFolder) -> None:
    given = {"DbName": "photos", "ImageUrl": served.address("nothing.jpg")}

    assert photos.refused("SearchImage", Limit=1, **given) == (400, "InvalidImage.Download")
