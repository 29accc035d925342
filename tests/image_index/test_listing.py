"""Names of files become entity ids: plain ones as they are, no two the same."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.image_index.folder_images import check_address, entity_id_of, list_images

LOG = logging.getLogger("folder")


@pytest.mark.parametrize(
    ("name", "entity_id"),
    [
        ("mug_1.jpg", "mug_1"),
        ("007.PNG", "007"),
        ("IMG 1.JPG", r"img_1_[0-9a-f]{8}"),
        ("mugs/blue.jpg", r"mugs_blue_[0-9a-f]{8}"),
        ("杯子.jpg", r"[0-9a-f]{8}"),
        ("v1.2.jpg", r"v1_2_[0-9a-f]{8}"),
        (f"{'x' * 64}.jpg", "x" * 64),
        (f"{'x' * 65}.jpg", rf"{'x' * 55}_[0-9a-f]{{8}}"),
    ],
)
def test_a_file_is_filed_under_its_name(name: str, entity_id: str) -> None:
    assert re.fullmatch(entity_id, entity_id_of(name))


_SEGMENT = st.text(min_size=1, max_size=80).filter(lambda text: "/" not in text and text.strip("."))


@given(st.lists(_SEGMENT, min_size=1, max_size=3), st.lists(_SEGMENT, min_size=1, max_size=3))
def test_every_name_gives_an_entity_id_of_its_own(first: list[str], second: list[str]) -> None:
    names = ["/".join(each) + ".jpg" for each in (first, second)]

    ids = [entity_id_of(name) for name in names]

    assert all(re.fullmatch("[a-z0-9_]{1,64}", each) for each in ids)
    assert (ids[0] == ids[1]) == (names[0] == names[1])


def test_a_folder_on_disk_is_read_with_those_below_it(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "more/c.JPEG", "readme.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"x")
    (tmp_path / "in-other").mkdir()
    (tmp_path / "in-other" / "d.jpg").write_bytes(b"x")

    images = list_images(f"file://{tmp_path}/in", ViapiHook(), LOG)

    assert [image["image_url"].removeprefix(f"file://{tmp_path}/") for image in images] == [
        "in/a.jpg",
        "in/b.png",
        "in/more/c.JPEG",
    ]


@pytest.mark.parametrize(
    "folder", ["images", "http://h/in/", "s3://", "s3:///", "s3://b/../c", "ftp2://b/in", "s3://[b/in/"]
)
def test_an_address_that_is_no_folder_is_refused(folder: str) -> None:
    with pytest.raises(InvalidRequest, match="images is "):
        check_address(folder)


def test_images_whose_names_no_address_can_have_are_left_out(tmp_path: Path) -> None:
    for name in (b"a.jpg", b"caf\xe9.jpg", b"line\n.jpg"):
        Path(tmp_path, os.fsdecode(name)).write_bytes(b"x")

    images = list_images(tmp_path.as_uri(), ViapiHook(), LOG)

    assert [image["entity_id"] for image in images] == ["a"]


def test_files_that_macos_adds_are_left_out(tmp_path: Path) -> None:
    for name in ("a.jpg", "._a.jpg", "__MACOSX/a.jpg", "__MACOSX/more/._a.jpg", ".DS_Store", "more/._b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    images = list_images(tmp_path.as_uri(), ViapiHook(), LOG)

    assert [image["entity_id"] for image in images] == ["a"]
