"""The page on the media actions: each has its section and its picture, and the owners of the pictures are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from airflow_provider_viapi.emulator.media import TRANSFORMS
from contact_sheets import PICTURES, SHEETS
from sheets.page import Page, Shown

DOCS = Path(__file__).resolve().parents[2] / "docs"
FIRST = ["Formats"]
LAST = "Sources of the images"
ON_IMAGES = {name for name, place in TRANSFORMS.items() if place.startswith("images.")}
SCORES = {"EvaluateVideoQuality", "SplitVideoParts"}
"""Actions on videos that return values and no file; they share the section of the actions on images."""
WITH_SHEET = sorted(set(TRANSFORMS) - ON_IMAGES - SCORES)


def sections() -> dict[str, str]:
    """The text below each heading of the page."""
    _, *parts = re.split(r"^## (.+)$", (DOCS / "media.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_action_has_a_section_and_there_is_no_other() -> None:
    assert [*sections()] == [*FIRST, *sorted([*WITH_SHEET, "Images"]), LAST]


def test_every_action_has_a_sheet_that_can_be_regenerated() -> None:
    assert set(SHEETS) == {*WITH_SHEET, "Images"}


@pytest.mark.parametrize("action", [*WITH_SHEET, "Images"])
def test_a_section_shows_its_picture(action: str) -> None:
    (link,) = re.findall(r"!\[(\w+)\]\((.+?)\)", sections()[action])

    picture = DOCS / link[1]
    assert link == (action, f"pictures/{action}.jpg")
    assert 20_000 < picture.stat().st_size < 200_000
    with Image.open(picture) as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width == 1200
        assert 300 <= sheet.height <= 1600


@pytest.mark.parametrize("action", WITH_SHEET)
def test_a_section_reports_its_measurements(action: str) -> None:
    assert re.search(r"^Measured\b", sections()[action], flags=re.MULTILINE)


@pytest.mark.parametrize("action", sorted(ON_IMAGES | SCORES))
def test_every_other_action_is_named_with_its_method(action: str) -> None:
    assert action in sections()["Images"]


def test_no_picture_is_unused() -> None:
    pages = "".join(page.read_text() for page in DOCS.rglob("*.md"))

    assert [path.name for path in PICTURES.iterdir() if f"pictures/{path.name}" not in pages] == []


@pytest.mark.parametrize("owner", ["Blender Foundation", "CC BY 3.0", "NASA", "Rachel Michetti", "SpaceX"])
def test_the_page_names_the_owners_of_its_pictures(owner: str) -> None:
    assert owner in sections()[LAST]


def test_a_page_contains_its_pictures_unchanged(tmp_path: Path) -> None:
    red = Image.new("RGB", (300, 200), (255, 0, 0))
    page = Page("ChangeVideoSize", {"Width": 300}, "It is red.", "Nobody's.")
    page.row([Shown("given", red), Shown("made", red)], "one moment")

    page.save(tmp_path / "sheet.jpg")

    with Image.open(tmp_path / "sheet.jpg") as sheet:
        counts = sheet.convert("RGB").getcolors(sheet.width * sheet.height) or []
    reds = sum(count for count, (red, green, blue) in counts if red > 240 and green < 20 and blue < 20)
    assert reds == pytest.approx(2 * 300 * 200, rel=0.02)
