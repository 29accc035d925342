"""Pictures are made small enough for image search, and no smaller."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.media.image_features import check_picture
from airflow_provider_viapi.errors import InvalidMedia
from airflow_provider_viapi.image_index.resize import fit

TWO_MEGABYTES = 2 << 20


def noise(path: Path, size: tuple[int, int], mode: str = "RGB") -> Path:
    channels = len(mode)
    shape = (size[1], size[0]) if channels == 1 else (size[1], size[0], channels)
    pixels = numpy.random.default_rng(0).integers(0, 256, shape, numpy.uint8)
    Image.fromarray(pixels, mode).save(path)
    return path


def test_a_picture_that_fits_is_left_alone() -> None:
    assert fit(media_samples.photographs()["chelsea"], "chelsea") is None


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("large.png", (2400, 1600)),
        ("large.jpg", (1025, 130)),
        ("heavy.png", (1000, 1000)),
        ("e.bmp", (200, 200)),
    ],
)
def test_a_picture_that_does_not_fit_is_taken_by_the_service_afterwards(
    tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    source = noise(tmp_path / name, size)

    fitted = fit(source, name)

    assert fitted is not None
    check_picture(fitted, TWO_MEGABYTES)
    with Image.open(fitted) as image:
        assert image.width / image.height == pytest.approx(size[0] / size[1], rel=0.02)


@settings(max_examples=25, deadline=None)
@given(width=st.integers(129, 3000), height=st.integers(129, 3000))
def test_what_comes_out_always_fits_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int
) -> None:
    source = tmp_path_factory.mktemp("fit") / "grey.jpg"
    Image.new("L", (width, height), 128).save(source)

    try:
        fitted = fit(source, "grey.jpg") or source
    except InvalidMedia as refused:
        assert refused.code == "InvalidImage.Resolution"
        assert max(width, height) / min(width, height) > 1023 / 129.5
    else:
        check_picture(fitted, TWO_MEGABYTES)


def test_a_picture_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    Image.new("RGB", (2000, 1000)).save(tmp_path / "turned.jpg", exif=exif)

    fitted = fit(tmp_path / "turned.jpg", "turned.jpg")

    assert fitted is not None
    with Image.open(fitted) as image:
        assert image.size == (512, 1023) or image.size == (511, 1023)
        assert 0x0112 not in image.getexif()


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    Image.new("RGBA", (1500, 1500), (0, 0, 0, 0)).save(tmp_path / "clear.png")

    fitted = fit(tmp_path / "clear.png", "clear.png")

    assert fitted is not None
    with Image.open(fitted) as image:
        assert image.getpixel((500, 500)) == (255, 255, 255)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear reader, this is no picture.")

    with pytest.raises(InvalidMedia, match=r"letter\.jpg cannot be read as a picture") as refused:
        fit(tmp_path / "letter.jpg", "letter.jpg")
    assert refused.value.code == "InvalidImage.Decode"
