"""The transforms of single images, on photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import media_samples
from airflow_provider_viapi.emulator.media import transform
from airflow_provider_viapi.emulator.media.errors import MediaError


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    with Image.open(media_samples.photographs()["coffee"]) as image:
        image.convert("RGB").save(tmp_path / "coffee.png")
    return tmp_path / "coffee.png"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


def pixels(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.int16)


def brightness(image: Any) -> float:
    return float((image @ (0.299, 0.587, 0.114)).mean())


def test_subtitles_are_erased_and_nothing_outside_of_the_band_changes(photograph: Path, folder: Path) -> None:
    clean = pixels(photograph)
    height = clean.shape[0]
    with Image.open(photograph) as image:
        draw = ImageDraw.Draw(image)
        font = ImageFont.load_default(36)
        draw.text(
            (60, height - 70), "Good morning, everyone", "white", font, stroke_width=3, stroke_fill="black"
        )
        image.save(photograph)
    burnt = pixels(photograph)

    made = pixels(transform("RemoveImageSubtitles", {"ImageURL": photograph}, folder)["ImageURL"])

    band = slice(round(0.75 * height), height)
    before = np.abs(burnt[band] - clean[band]).mean()
    assert np.abs(made[band] - clean[band]).mean() < 0.35 * before
    assert (made[: band.start] == burnt[: band.start]).all()


def test_what_a_mask_marks_is_filled_and_the_rest_stays(
    photograph: Path, folder: Path, tmp_path: Path
) -> None:
    given = pixels(photograph)
    mask = Image.new("L", given.shape[1::-1])
    mask.paste(255, (100, 100, 160, 160))
    mask.save(tmp_path / "mask.png")

    request = {"ImageURL": photograph, "UserMask": tmp_path / "mask.png"}
    made = pixels(transform("ErasePerson", request, folder)["ImageUrl"])

    hole = np.asarray(mask) > 127
    assert (made[~hole] == given[~hole]).all()
    assert (made[hole] != given[hole]).any()


def test_a_mask_of_another_size_is_refused(photograph: Path, folder: Path, tmp_path: Path) -> None:
    Image.new("L", (10, 10)).save(tmp_path / "mask.png")

    with pytest.raises(MediaError, match="UserMask is 10x10"):
        transform("ErasePerson", {"ImageURL": photograph, "UserMask": tmp_path / "mask.png"}, folder)


@pytest.mark.parametrize(
    ("action", "key", "request_", "kind"),
    [
        ("MakeSuperResolutionImage", "Url", {"UpscaleFactor": 3, "OutputFormat": "jpg"}, "JPEG"),
        ("MakeSuperResolutionImage", "Url", {"UpscaleFactor": 3, "Mode": "enhancement"}, "PNG"),
        ("GenerateSuperResolutionImage", "ImageUrl", {"Scale": 3, "OutputFormat": "bmp"}, "BMP"),
    ],
)
def test_an_image_is_enlarged_to_the_format_that_is_asked_for(
    action: str, key: str, request_: dict[str, Any], kind: str, photograph: Path, folder: Path
) -> None:
    (made,) = transform(action, {key: photograph, **request_}, folder).values()

    with Image.open(photograph) as given, Image.open(made) as image:
        assert image.size == (3 * given.width, 3 * given.height)
        assert image.format == kind


@pytest.mark.parametrize("size", [(200, 200), (600, 100), (90, 300)])
def test_a_reframed_image_has_the_size_and_shows_the_part_that_is_named(
    size: tuple[int, int], photograph: Path, folder: Path
) -> None:
    result = transform("ChangeImageSize", {"Url": photograph, "Width": size[0], "Height": size[1]}, folder)

    kept = result["RetainLocation"]
    with Image.open(photograph) as given, Image.open(result["Url"]) as image:
        assert image.size == size
        assert kept["X"] + kept["Width"] <= given.width
        assert kept["Y"] + kept["Height"] <= given.height
        assert kept["Width"] / kept["Height"] == pytest.approx(size[0] / size[1], rel=0.05)


def test_an_image_of_one_pixel_is_reframed(folder: Path, tmp_path: Path) -> None:
    with Image.new("RGB", (1, 1), "red") as image:
        image.save(tmp_path / "dot.png")

    result = transform("ChangeImageSize", {"Url": tmp_path / "dot.png", "Width": 40, "Height": 20}, folder)

    with Image.open(result["Url"]) as image:
        assert image.size == (40, 20)


def test_a_blurred_image_is_less_sharp_and_a_dark_one_less_exposed(photograph: Path, folder: Path) -> None:
    def score(action: str, field: str) -> float:
        return float(transform(action, {"ImageURL": photograph}, folder)[field])

    sharp, bright = score("AssessSharpness", "Sharpness"), score("AssessExposure", "Exposure")
    with Image.open(photograph) as image:
        image.filter(ImageFilter.GaussianBlur(4)).point(lambda level: level // 3).save(photograph)

    assert 0 <= score("AssessSharpness", "Sharpness") < 0.5 * sharp <= 0.5
    assert 0 < score("AssessExposure", "Exposure") < 0.5 * bright < 0.5


@pytest.mark.parametrize(
    ("request_", "count"),
    [
        ({"Mode": "AUTO", "ColorCount": 3}, 3),
        ({"Mode": "TEMPLATE", "ColorTemplate": [{"Color": "0000FF"}, {"Color": "00FFFF"}]}, 1),
        ({}, 1),
    ],
)
@pytest.mark.parametrize("action", ["RecolorImage", "RecolorHDImage"])
def test_an_image_gets_other_colors_and_keeps_its_brightness(
    action: str, request_: dict[str, Any], count: int, photograph: Path, folder: Path
) -> None:
    given = pixels(photograph)

    made = transform(action, {"Url": photograph, **request_}, folder)["ImageList"]

    assert len(made) == count
    for path in made:
        assert np.abs(pixels(path) - given).mean() > 5
        assert brightness(pixels(path)) == pytest.approx(brightness(given), rel=0.3)


def test_a_style_brings_its_mean_color(photograph: Path, folder: Path, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (40, 60, 200)).save(tmp_path / "style.png")

    request = {"ImageURL": photograph, "StyleUrl": tmp_path / "style.png"}
    made = pixels(transform("ImitatePhotoStyle", request, folder)["ImageURL"])

    assert made.mean(axis=(0, 1)).argmax() == 2


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"Mode": "REF_PIC"}, "RefUrl is missing"),
        ({"Mode": "TEMPLATE"}, "ColorTemplate is missing"),
        ({"Mode": "TEMPLATE", "ColorTemplate": [{"Color": "blue"}]}, "hexadecimal"),
    ],
)
def test_a_mode_without_its_colors_is_refused(
    request_: dict[str, Any], said: str, photograph: Path, folder: Path
) -> None:
    with pytest.raises(MediaError, match=said):
        transform("RecolorImage", {"Url": photograph, **request_}, folder)


def test_the_main_colors_of_an_image_are_found_with_their_shares(folder: Path, tmp_path: Path) -> None:
    image = Image.new("RGB", (100, 100), (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 100, 25))
    image.save(tmp_path / "flag.png")

    colors = transform("RecognizeImageColor", {"Url": tmp_path / "flag.png", "ColorCount": 2}, folder)

    first, second = colors["ColorTemplateList"]
    assert (first["Color"], first["Label"], first["Percentage"]) == ("FF0000", "red", 0.75)
    assert (second["Color"], second["Label"], second["Percentage"]) == ("0000FF", "blue", 0.25)


def test_colors_are_strengthened_in_the_format_that_is_asked_for(photograph: Path, folder: Path) -> None:
    request = {"ImageURL": photograph, "Mode": "LogC", "OutputFormat": "png"}

    made = pixels(transform("EnhanceImageColor", request, folder)["ImageURL"])

    given = pixels(photograph)
    assert np.ptp(made, axis=2).mean() > np.ptp(given, axis=2).mean()


@pytest.mark.parametrize("action", ["RemoveImageSubtitles", "AssessSharpness", "AssessExposure"])
def test_a_file_that_is_no_image_is_refused(action: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no image")

    with pytest.raises(MediaError, match="cannot be read as an image"):
        transform(action, {"ImageURL": tmp_path / "text.png"}, folder)
