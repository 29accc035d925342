"""Images are made small enough for image search, and no smaller."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings, strategies as st
from PIL import EpsImagePlugin, Image, ImageCms

import media_samples
from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.alibaba.services import imagesearch, imgsearch
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.image_features import check_limits
from airflow_provider_viapi.emulator.media.still_images import open_image
from airflow_provider_viapi.errors import InvalidMedia
from airflow_provider_viapi.media.inputs import resize

(LIMITS,) = (each.limits[0] for each in imgsearch.ADD_IMAGE.parameters if isinstance(each, Media))


def resize_image(file: Path, display_url: str) -> Path | None:
    return resize.resize_image(file, display_url, LIMITS)


def noise(path: Path, size: tuple[int, int], mode: str = "RGB") -> Path:
    channels = len(mode)
    shape = (size[1], size[0]) if channels == 1 else (size[1], size[0], channels)
    pixels = numpy.random.default_rng(0).integers(0, 256, shape, numpy.uint8)
    Image.fromarray(pixels, mode).save(path)
    return path


def test_an_image_that_fits_is_left_alone() -> None:
    assert resize_image(media_samples.photographs()["chelsea"], "chelsea") is None


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("large.png", (2400, 1600)),
        ("large.jpg", (1025, 130)),
        ("heavy.png", (1000, 1000)),
        ("e.bmp", (200, 200)),
    ],
)
def test_an_image_that_does_not_fit_is_taken_by_the_service_afterwards(
    tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    source = noise(tmp_path / name, size)

    resized = resize_image(source, name)

    assert resized is not None
    check_limits(resized, LIMITS)
    with Image.open(resized) as image:
        assert image.width / image.height == pytest.approx(size[0] / size[1], rel=0.02)


@settings(max_examples=25)
@given(width=st.integers(129, 3000), height=st.integers(129, 3000))
def test_what_comes_out_always_fits_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int
) -> None:
    source = tmp_path_factory.mktemp("fit") / "grey.jpg"
    Image.new("L", (width, height), 128).save(source)

    try:
        resized = resize_image(source, "grey.jpg") or source
    except InvalidMedia as refused:
        assert refused.code == "InvalidImage.Resolution"
        assert max(width, height) / min(width, height) > 1023 / 129.5
    else:
        check_limits(resized, LIMITS)


def test_an_image_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    Image.new("RGB", (2000, 1000)).save(tmp_path / "turned.jpg", exif=exif)

    resized = resize_image(tmp_path / "turned.jpg", "turned.jpg")

    assert resized is not None
    with Image.open(resized) as image:
        assert image.size == (512, 1023) or image.size == (511, 1023)
        assert 0x0112 not in image.getexif()


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    Image.new("RGBA", (1500, 1500), (0, 0, 0, 0)).save(tmp_path / "clear.png")

    resized = resize_image(tmp_path / "clear.png", "clear.png")

    assert resized is not None
    with Image.open(resized) as image:
        assert image.getpixel((500, 500)) == (255, 255, 255)


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear reader, this is no image.")

    with pytest.raises(InvalidMedia, match=r"letter\.jpg cannot be read as an image") as refused:
        resize_image(tmp_path / "letter.jpg", "letter.jpg")
    assert refused.value.code == "InvalidImage.Decode"


def ramp(path: Path, dtype: type, full: float, side: int = 1200) -> Path:
    """Write a grey image that goes from black to white."""
    values = numpy.linspace(0, full, side).astype(dtype)
    Image.fromarray(numpy.tile(values, (side, 1))).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "dtype", "full"),
    [
        ("grey16.png", numpy.uint16, 65535),
        ("grey16.tiff", numpy.uint16, 65535),
        ("grey.tiff", numpy.float32, 1.0),
    ],
)
def test_grey_of_more_than_8_bits_is_scaled(tmp_path: Path, name: str, dtype: type, full: float) -> None:
    resized = resize_image(ramp(tmp_path / name, dtype, full), name)
    twin = resize_image(ramp(tmp_path / "grey8.png", numpy.uint8, 255), "grey8.png")

    assert resized is not None
    assert twin is not None
    with Image.open(resized) as image, Image.open(twin) as expected:
        difference = numpy.asarray(image, float) - numpy.asarray(expected, float)
    assert numpy.abs(difference).max() < 4


@pytest.mark.parametrize(
    ("mode", "kind"), [("P", "png"), ("P", "gif"), ("PA", "tiff"), ("LAB", "tiff"), ("1", "png")]
)
def test_the_colours_of_a_picture_are_kept_whatever_its_mode(tmp_path: Path, mode: str, kind: str) -> None:
    stripes = Image.new("RGB", (1600, 1200), "white")
    stripes.paste("black", (0, 0, 800, 1200))
    if mode == "LAB":
        stored = ImageCms.profileToProfile(
            stripes, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        assert stored is not None
    else:
        stored = stripes.convert(mode)
    stored.save(tmp_path / f"picture.{kind}")

    resized = resize_image(tmp_path / f"picture.{kind}", "picture")

    assert resized is not None
    with Image.open(resized) as image:
        left, right = (
            numpy.asarray(image.convert("L").crop(box)) for box in ((9, 9, 400, 700), (600, 9, 999, 700))
        )
    assert left.max() < 20
    assert right.min() > 235


def test_a_picture_with_too_many_pixels_is_named(tmp_path: Path) -> None:
    Image.new("L", (16400, 12300)).save(tmp_path / "phone.jpg", quality=10)

    with pytest.raises(InvalidMedia, match=r"phone.*has more than 178,956,970 pixels") as refused:
        resize_image(tmp_path / "phone.jpg", "phone.jpg")

    assert refused.value.code == "InvalidImage.Resolution"


def test_a_program_for_ghostscript_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise AssertionError("Ghostscript was run")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", run)
    page = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 300 300\n%%EndComments\n(evil) print\n%%EOF\n"
    (tmp_path / "photo.jpg").write_bytes(page)

    with pytest.raises(InvalidMedia, match="cannot be read as an image"):
        resize_image(tmp_path / "photo.jpg", "photo.jpg")
    with pytest.raises(MediaError, match="cannot be read as an image"):
        open_image(tmp_path / "photo.jpg")


def adobe_rgb_like() -> bytes:
    """Return a profile whose red is not that of sRGB, as a camera's would be."""
    from PIL import ImageCms

    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Exchange the tags of the red and the green primary.
    red, green = swapped.index(b"rXYZ"), swapped.index(b"gXYZ")
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(swapped)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_colour_profile_is_converted_to_srgb(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (1200, 1200), (200, 30, 30)).convert(mode)
    image.save(tmp_path / "profile.png", icc_profile=adobe_rgb_like())

    resized = resize_image(tmp_path / "profile.png", "profile.png")

    assert resized is not None
    with Image.open(resized) as converted:
        red, green, _ = converted.getpixel((600, 600))  # type: ignore[misc]
        assert "icc_profile" not in converted.info
    assert green > 150 > 60 > red


@pytest.mark.parametrize("profile", [b"no profile at all", b""])
def test_a_broken_colour_profile_is_ignored(tmp_path: Path, profile: bytes) -> None:
    Image.new("RGB", (1200, 1200), (200, 30, 30)).save(tmp_path / "a.png", icc_profile=profile)

    resized = resize_image(tmp_path / "a.png", "a.png")

    assert resized is not None
    with Image.open(resized) as image:
        assert image.getpixel((600, 600)) == pytest.approx((200, 30, 30), abs=4)


def test_a_picture_is_made_upright_for_a_service_that_refuses_turned_ones(tmp_path: Path) -> None:
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(media_samples.photographs()["coffee"]) as photograph:
        photograph.convert("RGB").save(turned, exif=exif)
        width, height = photograph.size

    with turned.open("rb") as file:
        assert not resize.is_within_limits(file, turned.stat().st_size, imagesearch.LIMITS)
    upright = resize.resize_image(turned, "turned.jpg", imagesearch.LIMITS)

    assert upright is not None
    with Image.open(upright) as image:
        assert image.size == (height, width)
        assert image.getexif().get(0x0112, 1) == 1


def test_an_odd_exif_tag_beside_the_orientation_does_not_matter(tmp_path: Path) -> None:
    turned, size = tmp_path / "turned.jpg", (120, 110)
    # The height as a fraction, which cannot be written again as what it has to be; then the orientation.
    height = struct.pack("<HHII", 0x0101, 5, 1, 38)
    orientation = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = struct.pack("<2sHIH", b"II", 42, 8, 2) + height + orientation + struct.pack("<III", 0, 110, 1)
    with Image.new("RGB", size, "red") as image:
        image.save(turned, exif=b"Exif\0\0" + exif)

    upright = resize.resize_image(turned, "turned.jpg", imagesearch.LIMITS)

    assert upright is not None
    with Image.open(upright) as image:
        assert image.size == size[::-1]
    assert open_image(turned).size == size[::-1]


def test_an_image_is_reduced_until_it_has_few_enough_bytes(tmp_path: Path) -> None:
    source = noise(tmp_path / "heavy.png", (3000, 3000))

    resized = resize.resize_image(source, "heavy.png", imagesearch.LIMITS)

    assert resized is not None
    assert resized.stat().st_size <= 4 << 20
