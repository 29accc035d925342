from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image, ImageEnhance

import media_samples
from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.alibaba.services import imgsearch
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.image_features import check_limits, fingerprint, score
from airflow_provider_viapi.media_limits import MediaLimits

PHOTOGRAPHS = media_samples.photographs()
(LIMITS,) = (each.limits[0] for each in imgsearch.ADD_IMAGE.parameters if isinstance(each, Media))
RIGHT_HAND_ROTATED = 6
ORIENTATION = 0x0112


def cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 40, height // 40, width - width // 40, height - height // 40))


def recompressed(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=30)
    return Image.open(buffer)


VERSIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "smaller": lambda image: image.resize((image.width // 2, image.height // 2)),
    "recompressed": recompressed,
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
    "cropped": cropped,
}


@cache
def described(path: Path) -> np.ndarray:
    return fingerprint(path)


def alike(one: Path, other: Path) -> float:
    return score(float(described(one) @ described(other)))


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


def rejection(path: Path, limits: MediaLimits = LIMITS) -> str:
    with pytest.raises(MediaError) as caught:
        check_limits(path, limits)
    return caught.value.code


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_fingerprint_has_length_one(name: str) -> None:
    numbers = fingerprint(PHOTOGRAPHS[name])

    assert numbers.dtype == np.float32
    assert numbers.shape == (960,)
    assert np.linalg.norm(numbers) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_an_image_is_found_again_in_another_version(name: str, version: str, tmp_path: Path) -> None:
    original = PHOTOGRAPHS[name]
    changed = saved(VERSIONS[version](Image.open(original)), tmp_path / "a.png")

    scores = {other: alike(changed, path) for other, path in PHOTOGRAPHS.items()}

    assert max(scores, key=lambda other: scores[other]) == name
    assert scores[name] > 8.5


def test_different_photographs_are_not_alike() -> None:
    pairs = [
        (one, other) for one, other in combinations(PHOTOGRAPHS, 2) if not one[:5] == other[:5] == "motor"
    ]

    scores = {pair: alike(PHOTOGRAPHS[pair[0]], PHOTOGRAPHS[pair[1]]) for pair in pairs}

    assert len(pairs) == 27
    assert max(scores.values()) < 2


def test_the_same_scene_from_another_viewpoint_scores_between() -> None:
    assert 5 < alike(PHOTOGRAPHS["motorcycle_left"], PHOTOGRAPHS["motorcycle_right"]) < 9.5


def test_exif_orientation_is_respected(tmp_path: Path) -> None:
    original = Image.open(PHOTOGRAPHS["coffee"])
    exif = Image.Exif()
    exif[ORIENTATION] = RIGHT_HAND_ROTATED
    lying = saved(original.rotate(90, expand=True), tmp_path / "a.jpg", exif=exif, quality=95)

    assert alike(lying, PHOTOGRAPHS["coffee"]) > 9.5


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1", "I;16"])
def test_images_of_every_kind_have_fingerprints(mode: str, tmp_path: Path) -> None:
    original = Image.open(PHOTOGRAPHS["chelsea"])
    if mode == "I;16":
        converted = Image.fromarray(np.asarray(original.convert("L"), np.uint16) * 257)
    else:
        converted = original.convert(mode)
    changed = saved(converted, tmp_path / ("a.jpg" if mode == "CMYK" else "a.png"))

    check_limits(changed, LIMITS)
    scores = {name: alike(changed, path) for name, path in PHOTOGRAPHS.items()}

    assert max(scores, key=lambda name: scores[name]) == "chelsea"


def test_grey_of_sixteen_bits_matches_grey_of_eight(tmp_path: Path) -> None:
    grey = Image.open(PHOTOGRAPHS["chelsea"]).convert("L")
    deep = Image.fromarray(np.asarray(grey, np.uint16) * 257)

    assert alike(saved(grey, tmp_path / "a.png"), saved(deep, tmp_path / "b.png")) > 9.9


def test_what_is_transparent_counts_as_white(tmp_path: Path) -> None:
    image = Image.open(PHOTOGRAPHS["coffee"]).convert("RGBA")
    hole = (100, 100, 300, 300)
    transparent, white = image.copy(), image.copy()
    transparent.paste((255, 0, 0, 0), hole)
    white.paste((255, 255, 255, 255), hole)

    assert alike(saved(transparent, tmp_path / "a.png"), saved(white, tmp_path / "b.png")) > 9.99


def test_a_blank_image_has_a_fingerprint(tmp_path: Path) -> None:
    blank = saved(Image.new("RGB", (128, 128), "white"), tmp_path / "a.png")

    assert np.linalg.norm(fingerprint(blank)) == pytest.approx(1, abs=1e-5)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_higher_cosine_never_scores_less(one: float, other: float) -> None:
    nearer, farther = max(one, other), min(one, other)

    assert 0 <= score(farther) <= score(nearer) <= 10


def test_scores_distinguish_the_same_image_from_another() -> None:
    assert score(1.0) == 10
    assert score(0.95) >= 9
    assert score(0.70) <= 2


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_are_accepted(name: str) -> None:
    check_limits(PHOTOGRAPHS[name], LIMITS)


@pytest.mark.parametrize("size", [(129, 129), (1023, 129), (1023, 1023)])
def test_the_smallest_and_the_largest_size_are_accepted(size: tuple[int, int], tmp_path: Path) -> None:
    check_limits(saved(Image.new("RGB", size), tmp_path / "a.png"), LIMITS)


@pytest.mark.parametrize("size", [(128, 500), (500, 128), (1024, 500), (500, 1024)])
def test_a_side_that_is_too_short_or_too_long_is_refused(size: tuple[int, int], tmp_path: Path) -> None:
    assert rejection(saved(Image.new("RGB", size), tmp_path / "a.png")) == "InvalidImage.Resolution"


def test_a_file_that_is_too_large_is_refused() -> None:
    path = PHOTOGRAPHS["coffee"]
    length = path.stat().st_size

    check_limits(path, LIMITS.replace(max_bytes=length))
    assert rejection(path, LIMITS.replace(max_bytes=length - 1)) == "InvalidImage.Size"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF"])
def test_other_kinds_of_images_are_refused_whatever_their_name(kind: str, tmp_path: Path) -> None:
    path = saved(Image.open(PHOTOGRAPHS["coffee"]), tmp_path / "a.png", format=kind)

    assert rejection(path) == "InvalidImage.Type"


@pytest.mark.parametrize("content", [b"", b"no image at all", bytes(1000)])
def test_what_is_no_image_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)

    assert rejection(path) == "InvalidImage.Decode"


@pytest.mark.parametrize("name", ["coffee", "rocket"])
def test_a_truncated_image_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(PHOTOGRAPHS[name].read_bytes()[:20_000])

    assert rejection(path) == "InvalidImage.Decode"


@pytest.mark.parametrize("side", [1025, 40_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_before_decoding(side: int, tmp_path: Path) -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + name + content + checksum

    header = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    path = tmp_path / "a.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10**6)))
    )

    assert rejection(path) == "InvalidImage.Resolution"
