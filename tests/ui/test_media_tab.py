"""The tabs of the plugin, looked at in headless Chromium on a real Airflow."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ui.conftest import Deployment
from ui.window import CONTRAST, PHONE, TALL, TIMES, WIDE, Open, plays

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def test_a_storyboard_shows_what_each_step_did(window: Open, story: str) -> None:
    shown = window(size={"width": 1440, "height": 900})
    frame = shown.open("erase_resize_index", story)

    frame.get_by_text("4 media steps").wait_for()
    titles = [card.inner_text() for card in frame.locator(".card .names strong").all()]
    assert titles == ["Erase video subtitles", "Change video size", "Add image", "Search image by pic"]
    frame.locator(".card").nth(3).locator("meter").first.wait_for()
    frame.locator(".card").nth(2).locator("img").first.wait_for()
    # Both films of the first two steps, and the one that was found.
    shown.frame().wait_for_function(
        "() => [...document.querySelectorAll('.thumb video')].filter(each => each.readyState >= 2).length === 5"
    )
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("storyboard")


def test_a_task_shows_before_and_after_in_step(window: Open, story: str, deployment: Deployment) -> None:
    shown = window()
    frame = shown.open("erase_resize_index", story, "erase")

    plays(frame, "Before")
    plays(frame, "After")
    frame.get_by_role("button", name="Play both").click()
    shown.page.wait_for_timeout(1500)
    times = shown.frame().evaluate(TIMES)
    assert min(times) > 0.5
    assert abs(times[0] - times[1]) < 0.35
    frame.get_by_text("link works for").first.wait_for()
    assert frame.get_by_text("Submitted", exact=True).count() == 1
    assert frame.get_by_text("720p").count() == 1
    assert frame.get_by_text("CNY").count() == 1
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("task")
    shown.screenshot("timeline", frame.get_by_role("region", name="Timeline"))

    own = {deployment.airflow.url, deployment.emulator.url, deployment.base}
    strangers = [url for url in shown.requested if not url.startswith((*own, "blob:", "data:"))]
    assert strangers == []


def test_the_wipe_is_moved_with_the_keyboard(window: Open, story: str) -> None:
    shown = window(size=TALL)
    frame = shown.open("erase_resize_index", story, "erase")

    plays(frame, "After")
    frame.get_by_role("button", name="Wipe").click()
    wiper = frame.get_by_role("slider", name="Wipe between before and after")
    wiper.focus()
    for _ in range(20):
        shown.page.keyboard.press("ArrowLeft")
    assert wiper.input_value() == "40"
    assert "40%" in frame.locator("figure").nth(1).get_attribute("style")
    frame.get_by_label("Position").fill("1.4")
    assert shown.frame().evaluate(TIMES) == pytest.approx([1.4, 1.4], abs=0.05)
    shown.screenshot("wipe", frame.get_by_role("region", name="Before and after"))


def test_films_of_which_one_cannot_seek_stay_in_step(window: Open, fake_views: str) -> None:
    shown = window()
    frame = shown.open("fake_views", fake_views, "unseekable")

    plays(frame, "Before")
    plays(frame, "After")
    frame.get_by_text("does not support seeking").wait_for()
    assert frame.get_by_label("Position").is_disabled()
    frame.get_by_role("button", name="Play both").click()
    shown.page.wait_for_timeout(1500)
    times = shown.frame().evaluate(TIMES)
    assert min(times) > 0.5
    assert abs(times[0] - times[1]) < 0.35


@pytest.mark.parametrize("dag_id", ["one_film", "one_film_on_a_worker"])
def test_a_task_that_waits_is_live(window: Open, deployment: Deployment, film: str, dag_id: str) -> None:
    deployment.emulator.fault(action="ChangeVideoSize", times=1, job={"queued": 12, "processing": 40})
    run_id = deployment.run(dag_id, wait=False, video_url=film)
    shown = window()
    frame = shown.open(dag_id, run_id, "reframe")

    frame.get_by_text("Waiting for the job").wait_for(timeout=60_000)
    plays(frame, "Before")
    steps = frame.get_by_role("region", name="Timeline").get_by_role("listitem").locator("strong")
    steps.get_by_text("Processing", exact=True).wait_for(timeout=30_000)
    assert steps.all_inner_texts() == [
        "Rendered",
        "Sources staged",
        "Submitted",
        "Queuing",
        "Processing",
        "Waiting for the job",
    ]
    shown.screenshot("waiting")
    plays_later = frame.get_by_label("After", exact=True)
    plays_later.wait_for(timeout=90_000)
    frame.get_by_text("Noticed", exact=True).wait_for()


def test_images_are_compared_with_zoom(window: Open, fake_views: str) -> None:
    shown = window()
    frame = shown.open("fake_views", fake_views, "pictures")

    frame.get_by_role("slider", name="Zoom").fill("3")
    assert "scale(3)" in frame.locator(".inner").first.get_attribute("style")
    frame.get_by_role("group", name=re.compile("Pictures")).focus()
    shown.page.keyboard.press("ArrowRight")
    assert "58%" in frame.locator(".inner").first.get_attribute("style")
    shown.screenshot("pictures")


def test_a_mapped_task_shows_its_own_film(window: Open, deployment: Deployment, film: str) -> None:
    run_id = deployment.run("mapped_films", video_url=film)
    shown = window()
    for map_index, width in enumerate((320, 480)):
        frame = shown.open("mapped_films", run_id, "reframe", map_index)
        frame.get_by_text(re.compile(rf"{width}×\d+")).wait_for()


def test_expired_links_and_unplayable_files_say_so(window: Open, fake_views: str) -> None:
    shown = window()
    frame = shown.open("fake_views", fake_views, "expired")
    frame.get_by_text("The link has expired").wait_for()
    frame.get_by_text("link expired", exact=True).wait_for()

    frame = shown.open("fake_views", fake_views, "unplayable")
    frame.get_by_text("The file cannot be loaded, or this browser cannot show it").wait_for()
    with shown.context.expect_page() as download:
        frame.get_by_role("button", name="Download letter.mp4").click()
    download.value.close()

    # A browser plays the sound of a video whose codec it does not have, and reports no error.
    frame = shown.open("fake_views", fake_views, "unknown_codec")
    frame.get_by_role("button", name="Download old.mp4").wait_for()


def test_tasks_of_others_have_an_empty_tab(window: Open, fake_views: str) -> None:
    shown = window()
    frame = shown.open("fake_views", fake_views, "other")

    frame.get_by_text("No media here").wait_for()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_it_looks_like_airflow_in_light_and_dark_on_any_screen(
    window: Open, story: str, dark: bool, size: Any
) -> None:
    shown = window(dark=dark, size=size)
    name = f"{'phone' if size is PHONE else 'wide'}-{'dark' if dark else 'light'}"
    for task_id in (None, "erase"):
        # At the width of a phone Airflow shows either its grid or the tab.
        open_page = shown.open_alone if size is PHONE else shown.open
        frame = open_page("erase_resize_index", story, task_id)
        frame.locator("h1").wait_for()
        if task_id:
            plays(frame, "After")
        inside = shown.frame()
        assert inside.evaluate("() => document.documentElement.dataset.theme") == (
            "dark" if dark else "light"
        )
        assert inside.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        assert inside.evaluate(CONTRAST) == []
        shown.screenshot(f"{name}-{'task' if task_id else 'run'}")
