"""Image search over HTTP, with real photographs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import Any

import numpy
import pytest
from PIL import Image

import media_samples
from emulator.signing_caller import Caller
from served_folder import ServedFolder

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


def image(served: ServedFolder, name: str, width: int, height: int, noisy: bool = False) -> str:
    pixels = numpy.zeros((height, width, 3), numpy.uint8)
    if noisy:
        pixels = numpy.random.default_rng(0).integers(0, 256, pixels.shape, numpy.uint8)
    Image.fromarray(pixels).save(served.path / name)
    return served.address(name)


def test_databases_are_created_once_and_listed_by_name(caller: Caller) -> None:
    for name in ("photos", "films"):
        assert caller.call("CreateImageDb", Name=name).keys() == {"RequestId"}

    assert caller.call("ListImageDbs")["Data"] == {"DbList": [{"Name": "films"}, {"Name": "photos"}]}
    assert caller.refused("CreateImageDb", Name="photos") == BAD_REQUEST


def test_the_same_image_is_the_first_match_with_its_data(photos: Caller, photographs: dict[str, str]) -> None:
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


def test_a_missing_database_is_refused(caller: Caller, photographs: dict[str, str]) -> None:
    given = {"DbName": "nothing", "ImageUrl": photographs["coffee"]}

    assert caller.refused("AddImage", EntityId="a", **given) == BAD_REQUEST
    assert caller.refused("SearchImage", Limit=1, **given) == BAD_REQUEST


@pytest.mark.parametrize(("size", "resolution"), [((128, 200), 400), ((200, 1024), 400), ((129, 1023), 200)])
def test_a_side_has_more_than_128_and_less_than_1024_pixels(
    photos: Caller, served: ServedFolder, size: tuple[int, int], resolution: int
) -> None:
    address = image(served, "sized.png", *size)

    answer = photos.send("AddImage", DbName="photos", EntityId="a", ImageUrl=address)

    assert answer.status_code == resolution
    assert answer.json().get("Code") in (None, "InvalidImage.Resolution")


def test_an_image_of_more_than_2_mb_can_be_searched_but_not_added(
    photos: Caller, served: ServedFolder
) -> None:
    given = {"DbName": "photos", "ImageUrl": image(served, "heavy.png", 900, 900, noisy=True)}

    assert photos.refused("AddImage", EntityId="a", **given) == (400, "InvalidImage.Size")
    assert photos.call("SearchImage", Limit=1, **given)["Data"] == {"MatchList": []}


def test_a_file_that_is_no_image_is_refused(photos: Caller, served: ServedFolder) -> None:
    (served.path / "letter.jpg").write_text("Dear reader, this is no image.")

    refused = photos.refused("AddImage", DbName="photos", EntityId="a", ImageUrl=served.address("letter.jpg"))

    assert refused == (400, "InvalidImage.Decode")


def test_an_image_that_cannot_be_downloaded_is_refused(photos: Caller, served: ServedFolder) -> None:
    given = {"DbName": "photos", "ImageUrl": served.address("nothing.jpg")}

    assert photos.refused("SearchImage", Limit=1, **given) == (400, "InvalidImage.Download")


@pytest.fixture
def entries(photos: Caller, photographs: dict[str, str]) -> Caller:
    """Five images a1, b1, a2, b2, a3 in the database."""
    for name in ("a1", "b1", "a2", "b2", "a3"):
        photos.call(
            "AddImage", DbName="photos", EntityId=name, ImageUrl=photographs["coffee"], ExtraData=f"x{name}"
        )
    return photos


def listed(caller: Caller, **asked: Any) -> list[str]:
    return [
        image["EntityId"]
        for image in caller.call("ListImages", DbName="photos", **asked)["Data"]["ImageList"]
    ]


def test_images_are_listed_in_the_order_they_were_added(entries: Caller) -> None:
    data = entries.call("ListImages", DbName="photos")["Data"]

    assert [image["EntityId"] for image in data["ImageList"]] == ["a1", "b1", "a2", "b2", "a3"]
    assert (data["TotalCount"], "Token" in data) == (5, False)
    first = data["ImageList"][0]
    assert first.keys() == {"DataId", "EntityId", "ExtraData", "CreatedAt", "UpdatedAt"}
    assert (first["ExtraData"], first["CreatedAt"] / 1000) == ("xa1", pytest.approx(time.time(), abs=60))


def test_images_are_listed_from_the_latest_from_an_offset_and_by_their_prefix(entries: Caller) -> None:
    assert listed(entries, Order="desc") == ["a3", "b2", "a2", "b1", "a1"]
    assert listed(entries, Offset=1, Limit=2) == ["b1", "a2"]
    assert listed(entries, EntityIdPrefix="a", Order="desc", Offset=1) == ["a2", "a1"]
    assert listed(entries, EntityIdPrefix="%") == []
    assert entries.call("ListImages", DbName="photos", EntityIdPrefix="b")["Data"]["TotalCount"] == 2


@pytest.mark.parametrize(("order", "expected"), [("asc", ["a1", "a2", "a3"]), ("desc", ["a3", "a2", "a1"])])
def test_a_token_continues_after_the_previous_page(entries: Caller, order: str, expected: list[str]) -> None:
    asked = {"DbName": "photos", "EntityIdPrefix": "a", "Order": order, "Limit": 1}
    page = entries.call("ListImages", **asked)["Data"]
    found = [page["ImageList"][0]["EntityId"]]
    while token := page.get("Token"):
        page = entries.call("ListImages", Token=token, **asked)["Data"]
        found.append(page["ImageList"][0]["EntityId"])

    assert found == expected


@pytest.mark.parametrize(
    ("offset", "limit", "status"), [(0, 2000, 200), (1999, 1, 200), (1999, 2, 400), (0, 2001, 400)]
)
def test_offset_and_limit_reach_the_first_2000_records(
    photos: Caller, offset: int, limit: int, status: int
) -> None:
    assert photos.send("ListImages", DbName="photos", Offset=offset, Limit=limit).status_code == status


def test_a_token_that_was_not_issued_is_refused(photos: Caller) -> None:
    assert photos.refused("ListImages", DbName="photos", Token="2") == (400, "InvalidParameter")


def test_all_images_of_an_entity_are_deleted_together(entries: Caller, photographs: dict[str, str]) -> None:
    entries.call("AddImage", DbName="photos", EntityId="a1", ImageUrl=photographs["rocket"])

    entries.call("DeleteImage", DbName="photos", EntityId="a1")

    assert listed(entries) == ["b1", "a2", "b2", "a3"]
    assert entries.refused("DeleteImage", DbName="photos", EntityId="a1") == BAD_REQUEST
    assert entries.call("SearchImage", DbName="photos", ImageUrl=photographs["rocket"], Limit=1)["Data"][
        "MatchList"
    ][0]["EntityId"] != "a1"  # fmt: skip


def test_a_database_is_deleted_with_all_that_is_in_it(entries: Caller) -> None:
    assert entries.call("DeleteImageDb", Name="photos").keys() == {"RequestId"}

    assert entries.call("ListImageDbs")["Data"] == {"DbList": []}
    assert entries.refused("DeleteImageDb", Name="photos") == BAD_REQUEST
    assert entries.refused("ListImages", DbName="photos") == BAD_REQUEST
    assert entries.refused("DeleteImage", DbName="photos", EntityId="a2") == BAD_REQUEST
    entries.call("CreateImageDb", Name="photos")
    assert listed(entries) == []
