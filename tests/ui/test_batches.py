"""The tab of batches, image indexes, searches and quality checks."""

from __future__ import annotations

import re
import shutil

import pytest

import media_samples
from served_folder import ServedFolder
from ui.conftest import Deployment
from ui.window import CONTRAST, PHONE, TALL, Open, plays

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def test_a_batch_shows_its_progress_and_its_items(window: Open, deployment: Deployment, film: str) -> None:
    letter = film.replace("film.mp4", "letter.mp4")
    deployment.emulator.fault(action="EraseVideoSubtitles", times=1, job={"processing": 75})
    run_id = deployment.run("batch_of_films", wait=False, video_url=film, bad_url=letter)
    shown = window()
    frame = shown.open("batch_of_films", run_id, "erase_all")

    frame.get_by_role("progressbar").wait_for(timeout=60_000)
    # Not before a minute: an estimate from the first seconds would be a guess.
    frame.get_by_text(re.compile(r"\d+ per (minute|hour), about .+ left")).wait_for(timeout=120_000)
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("batch-runs")
    frame.get_by_role("progressbar").and_(frame.locator("[aria-valuenow='100']")).wait_for(timeout=180_000)
    frame.get_by_role("button", name="failed", exact=True).click()
    assert frame.get_by_role("gridcell", name="failed", exact=True).count() == 2
    frame.get_by_role("button", name="all", exact=True).click()
    frame.get_by_role("grid").focus()
    shown.page.keyboard.press("ArrowDown")
    plays(frame, "After")


def test_ten_thousand_items_are_a_table(window: Open, fake_views: str) -> None:
    shown = window()
    frame = shown.open("fake_views", fake_views, "ten_thousand")

    frame.get_by_text("9,501").wait_for(timeout=30_000)
    heads = ["Item", "State", "Source", "Result or error", "Output"]
    assert frame.get_by_role("columnheader").all_inner_texts() == heads
    assert frame.get_by_role("row").count() < 60
    frame.get_by_role("searchbox").fill("film-07777")
    frame.get_by_text("film-07777.mp4").first.wait_for()
    assert frame.get_by_role("row").count() == 2
    frame.get_by_role("searchbox").fill("")
    frame.get_by_role("button", name="failed", exact=True).click()
    frame.get_by_text("InvalidFile.Decode").first.wait_for()
    frame.get_by_role("row").nth(3).click()
    frame.get_by_text("The file cannot be decoded.").wait_for()
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("batch")
    window(dark=True, size=PHONE).check_on_a_phone("fake_views", fake_views, "ten_thousand")


def test_a_search_is_a_gallery(window: Open, story: str) -> None:
    shown = window()
    frame = shown.open("erase_resize_index", story, "search")

    frame.get_by_text("1 hit").wait_for()
    shown.frame().wait_for_function(
        "() => [...document.images].length >= 1 && [...document.images].every(each => each.naturalWidth > 0)"
    )
    frame.get_by_text("of 1").first.wait_for()
    shown.screenshot("search")
    window(dark=True, size=PHONE).check_on_a_phone("erase_resize_index", story, "search")


def test_an_index_shows_its_counts_and_refused_images(
    window: Open, deployment: Deployment, media: ServedFolder
) -> None:
    images = []
    for number, path in enumerate(media_samples.photographs().values()):
        shutil.copy(path, media.path / path.name)
        images.append({"image_url": media.address(path.name), "entity_id": f"photo_{number}"})
    images.append({"image_url": media.address("letter.mp4"), "entity_id": "letter"})
    run_id = deployment.run("indexed_images", images=images)
    shown = window()
    frame = shown.open("indexed_images", run_id, "index")

    frame.get_by_role("cell", name="letter").wait_for()
    assert frame.locator(".count", has_text="added").inner_text().split() == ["8", "added"]
    shown.screenshot("index")
    window(dark=True, size=PHONE).check_on_a_phone("indexed_images", run_id, "index")


def test_a_quality_check_shows_what_it_compared_and_what_it_measured(
    window: Open, deployment: Deployment, film: str
) -> None:
    run_id = deployment.run("checked_film", video_url=film, folder=deployment.bucket.url)
    shown = window(size=TALL)

    frame = shown.open("checked_film", run_id, "check")
    frame.get_by_text("meets all thresholds").wait_for()
    plays(frame, "Before")
    plays(frame, "After")
    measured = frame.get_by_role("region", name="Measured")
    assert measured.get_by_text("3.008 s", exact=True).count() == 1
    assert measured.get_by_text("ssim", exact=True).count() == 1
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("quality")

    frame = shown.open("checked_film", run_id, "check_strictly")
    frame.get_by_text("does not meet all thresholds").wait_for()
    frame.get_by_text("width is 640 px; allowed: at least 4000 px (min_width)").wait_for()
    plays(frame, "Source")
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("quality-failed")

    frame = shown.open("checked_film", run_id)
    frame.get_by_text("3 media steps").wait_for()
    frame.get_by_text("meets all thresholds").wait_for()
    frame.get_by_text("duration is 3.008 s").wait_for()
    shown.screenshot("quality-run")

    phone = window(dark=True, size=PHONE)
    for task_id in ("check", "check_strictly", None):
        phone.check_on_a_phone("checked_film", run_id, task_id)


def test_a_bulk_task_shows_its_counts_and_what_was_rejected(
    window: Open, deployment: Deployment, media: ServedFolder
) -> None:
    photographs = media_samples.photographs()
    images = [
        {"image_url": photographs[name].as_uri(), "entity_id": name, "pic_name": f"{name}.jpg"}
        for name in ("chelsea", "coffee", "rocket")
    ]
    letter = (media.path / "letter.mp4").as_uri()
    images.append({"image_url": letter, "entity_id": "letter", "pic_name": "letter.jpg"})
    run_id = deployment.run("bulk_index", images=images)
    shown = window()
    frame = shown.open("bulk_index", run_id, "index")

    frame.get_by_role("cell", name="letter", exact=True).wait_for()
    assert frame.locator(".count", has_text="listed").inner_text().split() == ["4", "listed"]
    assert frame.locator(".count.bad", has_text="rejected").inner_text().split() == ["1", "rejected"]
    frame.get_by_text("Submitted", exact=True).wait_for()
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("bulk-index")

    frame = shown.open("bulk_index", run_id)
    frame.locator(".count.bad", has_text="rejected").wait_for()
    shown.screenshot("bulk-index-run")
    window(dark=True, size=PHONE).check_on_a_phone("bulk_index", run_id, "index")
