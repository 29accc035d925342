"""Media that the service would refuse are refused before they are copied, as far as the file shows."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from PIL import Image

import make_reference
from airflow_provider_viapi.alibaba.errors import InvalidMedia
from airflow_provider_viapi.alibaba.parameters import ListOf, Media, Parameter
from airflow_provider_viapi.alibaba.services import actions, imagesearch, imgsearch, videoenhan
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.media.inputs import source_validation
from airflow_provider_viapi.media.inputs.source import Source, stat
from airflow_provider_viapi.media_limits import GB, MediaLimits

MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(2000)
MOV = b"\x00\x00\x00\x14ftypqt  " + bytes(2000)
AVI = b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(2000)
ERASE = videoenhan.ERASE_VIDEO_SUBTITLES


class Sized(Source):
    """A file that says that it has another size."""

    @contextmanager
    def open(self, *, ahead: bool = True) -> Iterator[BinaryIO]:
        yield io.BytesIO(b"no known beginning")


def sized(size: int, name: str = "a.mp4") -> Source:
    return Sized(f"s3://b/{name}", size, "print", None, None, f"b/{name}")


def limits_of(action: Any, name: str) -> MediaLimits:
    parameter = next(each for each in action.parameters if each.name == name)
    return cast(Media, parameter).limits[0]


def check_file(source: Source, limits: MediaLimits | None = None) -> None:
    source_validation.check_source_file(
        source, limits or limits_of(ERASE, "VideoUrl"), parameter="VideoUrl", action="EraseVideoSubtitles"
    )


def on_disk(folder: Path, name: str, content: bytes) -> Source:
    (folder / name).write_bytes(content)
    return stat((folder / name).as_uri(), ViapiHook())


def picture(folder: Path, width: int, height: int, kind: str = "png") -> Source:
    Image.new("RGB", (width, height)).save(folder / f"a.{kind}")
    return stat((folder / f"a.{kind}").as_uri(), ViapiHook())


def test_a_file_of_the_largest_size_passes() -> None:
    check_file(sized(GB))


def test_a_larger_one_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(
        InvalidMedia, match=r"VideoUrl: s3://b/a\.mp4 has 1,073,741,825 bytes; allowed: 1 to"
    ) as raised:
        check_file(sized(GB + 1))
    assert (raised.value.code, raised.value.action) == ("InvalidFile.Size", "EraseVideoSubtitles")


def test_a_file_that_is_too_small_is_refused() -> None:
    (material,) = (each for each in videoenhan.GENERATE_VIDEO.parameters if isinstance(each, ListOf))
    (address,) = (each for each in material.fields if isinstance(each, Media))
    (image,) = (each for each in address.limits if each.applies_to({"Type": "image"}))

    with pytest.raises(InvalidMedia, match="has 29,999 bytes"):
        check_file(sized(29_999, "a.jpg"), image)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mp4", MP4),
        ("a.MP4", MP4),
        ("a", MP4),
        ("a.mp4", MOV),
        ("a.mp4", b"unknown"),
        ("a", b"unknown"),
        ("a.xyz", b"?"),
    ],
)
def test_a_video_or_an_unknown_format_passes(tmp_path: Path, name: str, content: bytes) -> None:
    check_file(on_disk(tmp_path, name, content))


@pytest.mark.parametrize(
    ("name", "content", "seen"),
    [
        ("a.avi", b"unknown", "avi"),
        ("a.mov", MOV, "mov"),
        ("a.mp4", AVI, "avi"),
        ("a.mp4", b"%PDF-1.7", "pdf"),
        ("a.mp4", b"\x89PNG\r\n\x1a\n", "png"),
        ("a.txt", b"hello", "txt"),
        ("a.mp4", b"<!DOCTYPE html>\n<title>403 Forbidden</title>", "text"),
        ("a.mp4", b"import sys\n\nprint(sys.argv[1:])\n# no film", "text"),
        ("a.mp4", "ein Text über Filme ".encode() * 40, "text"),
        ("a.mp4", ("x" + "ü " * 400).encode(), "text"),
        ("a.mp4", b'{"code":"AccessDenied","message":"denied","requestId":"0123456789"}', "text"),
        ("a.mp4", b"<html><title>403</title><body>AccessDenied</body></html>", "text"),
        ("a.mp4", b"Not found", "text"),
    ],
)
def test_another_type_is_refused_by_its_first_bytes_or_its_name(
    tmp_path: Path, name: str, content: bytes, seen: str
) -> None:
    with pytest.raises(InvalidMedia, match=rf"is of type {seen}; allowed: mp4"):
        check_file(on_disk(tmp_path, name, content))


@pytest.mark.parametrize(("size", "kind"), [((129, 1023), "png"), ((1023, 129), "jpg"), ((500, 500), "jpeg")])
def test_a_picture_within_the_limits_passes(tmp_path: Path, size: tuple[int, int], kind: str) -> None:
    check_file(picture(tmp_path, *size, kind), limits_of(imgsearch.ADD_IMAGE, "ImageUrl"))


@pytest.mark.parametrize("size", [(128, 500), (500, 1024)])
def test_a_picture_with_other_sides_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(
        InvalidMedia,
        match=rf"has {size[0]}×{size[1]} pixels; allowed: more than 128×128 and less than 1024×1024",
    ):
        check_file(picture(tmp_path, *size), limits_of(imgsearch.ADD_IMAGE, "ImageUrl"))


def test_a_picture_that_is_too_large_for_pillow_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = picture(tmp_path, 500, 500)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)

    with pytest.raises(InvalidMedia, match="has more than 200,000 pixels; allowed") as refused:
        check_file(huge, MediaLimits(max_pixels=(400, 400)))
    check_file(huge, MediaLimits(min_pixels=(1, 1)))

    assert refused.value.code == "InvalidFile.Resolution"


def test_sides_are_not_looked_at_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = picture(tmp_path, 10, 10)
    monkeypatch.setitem(sys.modules, "PIL", None)

    check_file(source, limits_of(imgsearch.ADD_IMAGE, "ImageUrl"))


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"msf1"])
def test_a_heic_picture_of_any_brand_is_one(tmp_path: Path, brand: bytes) -> None:
    content = b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00mif1heic" + bytes(2000)

    check_file(on_disk(tmp_path, "a.heic", content), MediaLimits(formats=("jpeg", "heic")))
    with pytest.raises(InvalidMedia, match="is of type heic"):
        check_file(on_disk(tmp_path, "a.heic", content), MediaLimits(formats=("jpeg", "png")))


def test_a_grey_picture_whose_bytes_are_letters_is_no_text(tmp_path: Path) -> None:
    Image.new("L", (200, 200), 100).save(tmp_path / "a.ppm")

    check_file(
        stat((tmp_path / "a.ppm").as_uri(), ViapiHook()), limits_of(imagesearch.ADD_IMAGE, "PicContent")
    )


def test_a_damaged_picture_of_a_rare_format_passes(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (64, 64)).save(content, "DDS")
    damaged = bytearray(content.getvalue())
    # A pixel format that Pillow does not read, which it reports by an error of its own.
    damaged[80:88] = (4).to_bytes(4, "little") + b"none"

    check_file(on_disk(tmp_path, "a", bytes(damaged)), MediaLimits(min_pixels=(1, 1)))


def test_a_truncated_image_passes(tmp_path: Path) -> None:
    check_file(
        on_disk(tmp_path, "a.png", b"\x89PNG\r\n\x1a\n half"), limits_of(imgsearch.ADD_IMAGE, "ImageUrl")
    )


def media_of(parameters: tuple[Parameter, ...]) -> Iterator[Media]:
    for each in parameters:
        if isinstance(each, ListOf):
            yield from media_of(each.fields)
        elif isinstance(each, Media):
            yield each


def reference_of(name: str) -> str:
    """Return the section of an action in the reference, in lower case."""
    service, _, action = name.partition(".")
    page = Path(make_reference.__file__).parents[1] / "docs" / "actions" / f"{service}.md"
    return page.read_text().partition(f"### {action}\n")[2].partition("\n### ")[0].lower()


@pytest.mark.parametrize("name", sorted(actions()))
def test_the_limits_are_those_of_the_reference(name: str) -> None:
    words = reference_of(name).replace("jpg", "jpeg")
    for address in media_of(actions()[name].parameters):
        for limits in address.limits:
            assert all(kind in words for kind in limits.formats)
            assert limits.description.lower() in words
