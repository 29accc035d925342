"""Who sees what: links to landed files, viewers, nobody, and values that are no markup."""

from __future__ import annotations

import re

import httpx
import pytest

from ui.conftest import OSS, Deployment
from ui.window import TIMES, Open, plays

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("storage", ["s3", "oss"])
def test_a_landed_film_is_shown_through_a_presigned_link(
    window: Open, landed: str, landed_on_oss: str, deployment: Deployment, storage: str
) -> None:
    run_id, folder = (landed, deployment.bucket.url) if storage == "s3" else (landed_on_oss, OSS)
    shown = window()
    frame = shown.open("landed_film", run_id, "erase")

    plays(frame, "After")
    source = str(frame.get_by_label("After", exact=True).get_attribute("src"))
    assert "Signature=" in source or "-signature=" in source
    assert source.startswith(deployment.s3 if storage == "s3" else deployment.emulator.url)
    frame.locator(f"code[title^='{folder}/films/']").wait_for()
    # The service's own link works for half an hour.
    frame.get_by_text(re.compile(r"link works for \d min")).wait_for()
    frame.get_by_label("Position").fill("1.4")
    assert shown.frame().evaluate(TIMES) == pytest.approx([1.4, 1.4], abs=0.05)
    shown.screenshot(f"landed-{storage}")

    # The source of the next step is in the same storage.
    frame = shown.open("landed_film", run_id, "reframe")
    plays(frame, "Before")
    plays(frame, "After")


@pytest.mark.parametrize("storage", ["s3", "oss"])
def test_result_of_a_task_opens_the_landed_film(
    window: Open, landed: str, landed_on_oss: str, deployment: Deployment, storage: str
) -> None:
    run_id, server = (landed, deployment.s3) if storage == "s3" else (landed_on_oss, deployment.emulator.url)
    shown = window()
    shown.page.goto(f"{deployment.airflow.url}/dags/landed_film/runs/{run_id}/tasks/erase/details")

    result = shown.page.get_by_role("link", name="Result")
    # Airflow 3.1 and 3.2 open it in a new window.
    with shown.context.expect_event("request", lambda request: request.url.startswith(server)) as opened:
        result.click()
    assert httpx.get(opened.value.url, trust_env=False).content[4:8] == b"ftyp"


@pytest.mark.parametrize("task_id", ["hostile", "malformed"])
def test_hostile_values_stay_text(window: Open, fake_views: str, task_id: str) -> None:
    shown = window()
    frame = shown.open("fake_views", fake_views, task_id)

    frame.locator("h1").wait_for()
    shown.page.wait_for_timeout(800)
    assert shown.page.evaluate("() => window.stolen") is None
    assert shown.frame().evaluate("() => document.querySelectorAll('[onerror], #root script').length") == 0
    schemes = shown.frame().evaluate(
        "() => [...document.querySelectorAll('[src], [href]')].map(each => (each.src || each.href).split(':')[0])"
    )
    assert set(schemes) <= {"http", "https"}


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

    for route in ("files", "open"):
        assert httpx.get(f"{base}/{route}/landed_film", params=query, trust_env=False).status_code == 401
    page = httpx.get(f"{base}/index.html", trust_env=False)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert httpx.get(f"{base}/openapi.json", trust_env=False).status_code == 404
    shown = window(None)
    shown.open_alone("landed_film", landed, "erase")
    shown.page.get_by_text("You are not logged in").wait_for()


@pytest.mark.parametrize("storage", ["s3", "oss"])
def test_only_files_that_the_task_names_are_linked(
    landed: str, landed_on_oss: str, deployment: Deployment, storage: str
) -> None:
    run_id, folder = (landed, deployment.bucket.url) if storage == "s3" else (landed_on_oss, OSS)
    address = deployment.airflow.xcom("landed_film", run_id, "erase", key="landed.VideoUrl")
    deployment.bucket.client.put_object(
        Bucket=deployment.bucket.name, Key="films/deeper/secret.mp4", Body=b"s"
    )
    rest, base = deployment.airflow.rest, f"{deployment.airflow.url}/viapi/files/landed_film"
    query = {"run_id": run_id, "task_id": "erase"}

    link = rest.get(base, params={**query, "address": address}).raise_for_status().json()
    assert httpx.get(link["url"], trust_env=False).content[4:8] == b"ftyp"
    for other in (f"{folder}/films/deeper/secret.mp4", f"{folder}/secret.mp4"):
        assert rest.get(base, params={**query, "address": other}).status_code == 404
