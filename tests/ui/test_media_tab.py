"""The tabs of the plugin, looked at in headless Chromium on a real Airflow."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import media_samples
from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_AVATAR, SYSTEM_VOICE
from served_folder import ServedFolder
from ui.conftest import Deployment

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
CONTRAST = """() => {
    const parse = (text) => {
        const values = (text.match(/[0-9.]+/g) || []).map(Number);
        return text.startsWith("color(srgb") ? values.map((v, n) => n < 3 ? v * 255 : v) : values;
    };
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = (node) => {
        for (let each = node; each; each = each.parentElement) {
            const color = parse(getComputedStyle(each).backgroundColor);
            if (color.length === 3 || color[3] > 0.7) return color;
        }
        return [255, 255, 255];
    };
    const bad = [];
    for (const node of document.querySelectorAll("body *")) {
        const own = [...node.childNodes].filter((each) => each.nodeType === 3);
        const words = own.map((each) => each.data.trim()).join("");
        if (!words || !node.checkVisibility() || node.closest(":disabled")) continue;
        const [one, other] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < 4.5) bad.push([words.slice(0, 40), ratio.toFixed(2)]);
    }
    return bad;
}"""
"""Texts of the page whose contrast is below WCAG AA."""
TIMES = "() => [...document.querySelectorAll('video')].map(each => each.currentTime)"
"""Positions of the films."""


class Window:
    """A browser window of one user.

    :param user: ``None`` for nobody
    """

    def __init__(
        self, browser: Any, deployment: Deployment, user: str | None, *, dark: bool, size: Any
    ) -> None:
        self.deployment = deployment
        self.context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light")
        if user is not None:
            cookie = {
                "name": "_token",
                "value": deployment.airflow.token(user),
                "url": deployment.airflow.url,
            }
            self.context.add_cookies([cookie])
        theme = "dark" if dark else "light"
        self.context.add_init_script(f"try {{ localStorage.setItem('theme', '{theme}') }} catch {{}}")
        self.page = self.context.new_page()
        self.requested: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.on("console", lambda message: self._note(message))
        self.page.on("pageerror", lambda error: self._note_error(str(error)))

    def _note_error(self, message: str) -> None:
        # Leaving a page aborts what it is reading.
        if "was aborted" not in message:
            self.problems.append(message)

    def _note(self, message: Any) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.problems.append(message.text)

    def open_alone(self, dag_id: str, run_id: str, task_id: str | None = None) -> Any:
        """Open the page without Airflow's around it."""
        task = "" if task_id is None else f"&task_id={quote(task_id)}&map_index=-1"
        query = f"dag_id={quote(dag_id)}&run_id={quote(run_id, safe='')}{task}"
        self.page.goto(f"{self.deployment.airflow.url}/viapi/index.html?{query}")
        return self.page

    def open(self, dag_id: str, run_id: str, task_id: str | None = None, map_index: int | None = None) -> Any:
        """Open the tab of a task or of a run in Airflow's own page, and return its frame."""
        path = f"/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}"
        if task_id is not None:
            mapped = "" if map_index is None else f"/mapped/{map_index}"
            path += f"/tasks/{quote(task_id)}{mapped}/plugin/viapi_task_instance"
        else:
            path += "/plugin/viapi_dag_run"
        self.page.goto(self.deployment.airflow.url + path)
        return self.page.frame_locator("iframe")

    def frame(self) -> Any:
        """Return the frame itself, to run scripts in it."""
        return next(frame for frame in self.page.frames if "/viapi/" in frame.url)

    def picture(self, name: str, part: Any = None) -> None:
        """Take a picture of the window, or of a part of it, for the documentation."""
        folder = os.environ.get("VIAPI_UI_PICTURES")
        if folder:
            self.page.wait_for_timeout(700)
            (part or self.page).screenshot(path=str(Path(folder) / f"ui-{name}.jpg"), type="jpeg", quality=80)


Open = Callable[..., Window]


@pytest.fixture
def window(browser: Any, deployment: Deployment) -> Iterator[Open]:
    opened: list[Window] = []

    def make(user: str | None = "admin", *, dark: bool = False, size: Any = WIDE) -> Window:
        opened.append(Window(browser, deployment, user, dark=dark, size=size))
        return opened[-1]

    yield make
    for each in opened:
        each.context.close()
        assert each.problems == []


@pytest.fixture(scope="session")
def film(media: ServedFolder) -> str:
    return media.address("film.mp4")


@pytest.fixture(scope="session")
def story(deployment: Deployment, film: str) -> str:
    return deployment.run("erase_resize_index", video_url=film)


@pytest.fixture(scope="session")
def pretended(deployment: Deployment) -> str:
    return deployment.run("pretended", base=deployment.base, plain=deployment.plain)


@pytest.fixture(scope="session")
def landed(deployment: Deployment, film: str) -> str:
    return deployment.run("landed_film", video_url=film, folder=deployment.bucket.url)


def plays(frame: Any, label: str) -> None:
    """Wait until the video with a label has a picture."""
    video = frame.locator(f"video[aria-label='{label}']")
    video.wait_for()
    handle = video.element_handle()
    handle.evaluate(
        "video => new Promise((yes, no) => { const look = (n) => video.readyState >= 2 ? yes() : n > 200 ? "
        "no(new Error('no picture')) : setTimeout(() => look(n + 1), 50); look(0); })"
    )


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
    shown.picture("storyboard")


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
    shown.picture("task")
    shown.picture("timeline", frame.get_by_role("region", name="Timeline"))

    own = {deployment.airflow.url, deployment.emulator.url, deployment.base}
    strangers = [url for url in shown.requested if not url.startswith((*own, "blob:", "data:"))]
    assert strangers == []


def test_the_wipe_is_moved_with_the_keyboard(window: Open, story: str) -> None:
    shown = window()
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
    shown.picture("wipe", frame.get_by_role("region", name="Before and after"))


def test_films_of_which_one_cannot_seek_stay_in_step(window: Open, pretended: str) -> None:
    shown = window()
    frame = shown.open("pretended", pretended, "unseekable")

    plays(frame, "Before")
    plays(frame, "After")
    frame.get_by_text("does not support seeking").wait_for()
    assert frame.get_by_label("Position").is_disabled()
    frame.get_by_role("button", name="Play both").click()
    shown.page.wait_for_timeout(1500)
    times = shown.frame().evaluate(TIMES)
    assert min(times) > 0.5
    assert abs(times[0] - times[1]) < 0.35


def test_a_landed_film_is_shown_through_a_presigned_link(
    window: Open, landed: str, deployment: Deployment
) -> None:
    shown = window()
    frame = shown.open("landed_film", landed, "erase")

    plays(frame, "After")
    source = frame.get_by_label("After", exact=True).get_attribute("src")
    assert "X-Amz-Signature" in source or "Signature=" in source
    assert deployment.bucket.name in source
    assert frame.locator("[title^='s3://moto@']").count() >= 1

    # The source of the next step lies on S3, too.
    frame = shown.open("landed_film", landed, "reframe")
    plays(frame, "Before")
    plays(frame, "After")


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
    shown.picture("waiting")
    plays_later = frame.get_by_label("After", exact=True)
    plays_later.wait_for(timeout=90_000)
    frame.get_by_text("Noticed", exact=True).wait_for()


def test_a_batch_shows_its_progress_and_its_items(window: Open, deployment: Deployment, film: str) -> None:
    letter = film.replace("film.mp4", "letter.mp4")
    deployment.emulator.fault(action="EraseVideoSubtitles", times=5, job={"processing": 6})
    run_id = deployment.run("batch_of_films", wait=False, video_url=film, bad_url=letter)
    shown = window()
    frame = shown.open("batch_of_films", run_id, "erase_all")

    frame.get_by_role("progressbar").wait_for(timeout=60_000)
    frame.get_by_role("progressbar").and_(frame.locator("[aria-valuenow='100']")).wait_for(timeout=180_000)
    frame.get_by_role("button", name="failed", exact=True).click()
    assert frame.get_by_role("row").count() == 2
    frame.get_by_role("button", name="all", exact=True).click()
    frame.get_by_role("grid").focus()
    shown.page.keyboard.press("ArrowDown")
    plays(frame, "After")


def test_ten_thousand_items_are_a_table(window: Open, pretended: str) -> None:
    shown = window()
    frame = shown.open("pretended", pretended, "ten_thousand")

    frame.get_by_text("9,501").wait_for(timeout=30_000)
    assert frame.get_by_role("row").count() < 60
    frame.get_by_role("searchbox").fill("film-07777")
    frame.get_by_text("film-07777.mp4").first.wait_for()
    assert frame.get_by_role("row").count() == 1
    frame.get_by_role("searchbox").fill("")
    frame.get_by_role("button", name="failed", exact=True).click()
    frame.get_by_text("InvalidFile.Decode").first.wait_for()
    frame.get_by_role("row").nth(2).click()
    frame.get_by_text("The file cannot be decoded.").wait_for()
    assert shown.frame().evaluate(CONTRAST) == []
    shown.picture("batch")


def test_images_are_compared_with_zoom(window: Open, pretended: str) -> None:
    shown = window()
    frame = shown.open("pretended", pretended, "pictures")

    frame.get_by_role("slider", name="Zoom").fill("3")
    assert "scale(3)" in frame.locator(".inner").first.get_attribute("style")
    frame.get_by_role("group", name=re.compile("Pictures")).focus()
    shown.page.keyboard.press("ArrowRight")
    assert "58%" in frame.locator(".inner").first.get_attribute("style")
    shown.picture("pictures")


def test_a_search_is_a_gallery(window: Open, story: str) -> None:
    shown = window()
    frame = shown.open("erase_resize_index", story, "search")

    frame.get_by_text("1 hit").wait_for()
    shown.frame().wait_for_function(
        "() => [...document.images].length >= 1 && [...document.images].every(each => each.naturalWidth > 0)"
    )
    frame.get_by_text("of 1").first.wait_for()
    shown.picture("search")


def test_an_index_shows_its_counts_and_refused_pictures(
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
    shown.picture("index")


def test_speech_and_avatar_videos_have_players(window: Open, deployment: Deployment) -> None:
    run_id = deployment.run(
        "product_to_avatar_video",
        voice=SYSTEM_VOICE,
        avatar=SYSTEM_AVATAR,
        width=320,
        height=180,
        target=f"{deployment.bucket.url}/products/",
    )
    shown = window()

    frame = shown.open("product_to_avatar_video", run_id, "speak")
    frame.locator("audio").wait_for()
    assert "Signature=" in frame.locator("audio").get_attribute("src")
    frame = shown.open("product_to_avatar_video", run_id, "film")
    plays(frame, "Result")
    frame.get_by_text("Noticed", exact=True).wait_for()
    shown.picture("avatar")


def test_usage_queries_show_totals(window: Open, deployment: Deployment) -> None:
    run_id = deployment.run("account_usage")
    shown = window()

    frame = shown.open("account_usage", run_id, "resources")
    row = frame.get_by_role("row").filter(has_text="VIDEO_2D · video_time_2d_model")
    assert re.fullmatch(r"[\d.]+ of 600 min", row.get_by_role("cell").nth(1).inner_text())
    shown.picture("usage")
    frame = shown.open("account_usage", run_id, "over_time")
    frame.get_by_role("heading", name="Usage of the account").wait_for()
    frame = shown.open("account_usage", run_id)
    frame.get_by_text("3 media steps").wait_for()
    frame.get_by_text("of 600 min").wait_for()
    shown.picture("usage-run")


def test_a_vias_task_shows_its_state(window: Open, deployment: Deployment) -> None:
    run_id = deployment.run("vias_smoke_and_fire", hours=3 / 3600)
    shown = window()

    frame = shown.open("vias_smoke_and_fire", run_id, "watch")
    frame.locator("dd", has_text="RUNNING").wait_for()
    frame = shown.open("vias_smoke_and_fire", run_id, "query")
    frame.locator("dd", has_text="STOPPED").wait_for()


def test_alarms_are_a_table_with_their_pictures(window: Open, deployment: Deployment) -> None:
    picture = base64.b64encode(media_samples.photographs()["coffee"].read_bytes()).decode()
    for n, event_type in enumerate((393216, 458752)):
        alarm = {
            "event_type": event_type,
            "stream_id": f"roof-{n}",
            "task_id": "task-1",
            "timestamp": 1767225600 + n,
            "data": {"event_set": [{"detection_id": 7, "category": "fire", "polygon_name": "roof"}]},
            "image_base64": picture,
        }
        deployment.bucket.client.put_object(
            Bucket=deployment.bucket.name, Key=f"alarms/{n}.json", Body=json.dumps(alarm).encode()
        )
    run_id = deployment.run("alarms", folder=deployment.bucket.url)
    shown = window()

    frame = shown.open("alarms", run_id, "wait")
    frame.get_by_role("heading", name="Alarms 2").wait_for()
    assert frame.get_by_role("cell", name="fire, roof").count() == 2
    for n, kind in enumerate(("on duty", "smoke and fire"), start=1):
        image = frame.locator(f"img[alt='Alarm {n}: {kind}']")
        image.wait_for()
        assert "Signature=" in image.get_attribute("src")
    shown.picture("alarms")


def test_other_media_have_players(window: Open, pretended: str) -> None:
    shown = window()
    frame = shown.open("pretended", pretended, "avatar")

    frame.locator("audio").wait_for()
    frame.locator("video").wait_for()
    assert frame.get_by_text("SUCCEED").count() == 1


def test_a_mapped_task_shows_its_own_film(window: Open, deployment: Deployment, film: str) -> None:
    run_id = deployment.run("mapped_films", video_url=film)
    shown = window()
    for map_index, width in enumerate((320, 480)):
        frame = shown.open("mapped_films", run_id, "reframe", map_index)
        frame.get_by_text(re.compile(rf"{width}x\d+")).wait_for()


def test_expired_links_and_unplayable_files_say_so(window: Open, pretended: str) -> None:
    shown = window()
    frame = shown.open("pretended", pretended, "expired")
    frame.get_by_text("The link has expired").wait_for()
    frame.get_by_text("link expired", exact=True).wait_for()

    frame = shown.open("pretended", pretended, "unplayable")
    frame.get_by_text("This browser cannot show the file").wait_for()
    with shown.context.expect_page() as download:
        frame.get_by_role("button", name="Download letter.mp4").click()
    download.value.close()


@pytest.mark.parametrize("task_id", ["hostile", "malformed"])
def test_hostile_values_stay_text(window: Open, pretended: str, task_id: str) -> None:
    shown = window()
    frame = shown.open("pretended", pretended, task_id)

    frame.locator("h1").wait_for()
    shown.page.wait_for_timeout(800)
    assert shown.page.evaluate("() => window.stolen") is None
    assert shown.frame().evaluate("() => document.querySelectorAll('[onerror], #root script').length") == 0
    schemes = shown.frame().evaluate(
        "() => [...document.querySelectorAll('[src], [href]')].map(each => (each.src || each.href).split(':')[0])"
    )
    assert set(schemes) <= {"http", "https"}


def test_tasks_of_others_have_an_empty_tab(window: Open, pretended: str) -> None:
    shown = window()
    frame = shown.open("pretended", pretended, "other")

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
        shown.picture(f"{name}-{'task' if task_id else 'run'}")


def test_a_viewer_sees_what_it_may_see_and_nothing_else(
    window: Open, story: str, deployment: Deployment
) -> None:
    hidden = deployment.run("hidden_from_viewers")
    token = deployment.airflow.token("watcher")
    base = f"{deployment.airflow.url}/viapi"

    shown = window("watcher")
    plays(shown.open_alone("erase_resize_index", story, "erase"), "After")
    shown.open_alone("hidden_from_viewers", hidden, "secret")
    shown.page.get_by_text("You may not see this").wait_for()
    assert "hidden-job" not in shown.page.content()
    query = {"run_id": hidden, "task_id": "secret", "address": "s3://moto@bucket/key"}
    headers = {"Authorization": f"Bearer {token}"}
    response = httpx.get(f"{base}/files/hidden_from_viewers", params=query, headers=headers, trust_env=False)
    assert response.status_code == 403


def test_nobody_gets_anything_but_the_static_files(window: Open, landed: str, deployment: Deployment) -> None:
    base = f"{deployment.airflow.url}/viapi"
    address = deployment.airflow.xcom("landed_film", landed, "erase", key="landed.VideoUrl")
    query = {"run_id": landed, "task_id": "erase", "address": address}

    assert httpx.get(f"{base}/files/landed_film", params=query, trust_env=False).status_code == 401
    page = httpx.get(f"{base}/index.html", trust_env=False)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert httpx.get(f"{base}/openapi.json", trust_env=False).status_code == 404
    shown = window(None)
    shown.open_alone("landed_film", landed, "erase")
    shown.page.get_by_text("You are not logged in").wait_for()


def test_only_files_that_the_task_names_are_linked(landed: str, deployment: Deployment) -> None:
    address = deployment.airflow.xcom("landed_film", landed, "erase", key="landed.VideoUrl")
    deployment.bucket.client.put_object(Bucket=deployment.bucket.name, Key="films/deeper/secret", Body=b"s")
    rest, base = deployment.airflow.rest, f"{deployment.airflow.url}/viapi/files/landed_film"
    query = {"run_id": landed, "task_id": "erase"}

    link = rest.get(base, params={**query, "address": address}).raise_for_status().json()
    assert httpx.get(link["url"], trust_env=False).content[4:8] == b"ftyp"
    for other in (f"{deployment.bucket.url}/films/deeper/secret", f"{deployment.bucket.url}/secret"):
        assert rest.get(base, params={**query, "address": other}).status_code == 404
