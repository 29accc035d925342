"""The tab of MetaStudio's and VIAS' tasks."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

import media_samples
from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_AVATAR, SYSTEM_VOICE
from ui.conftest import Deployment
from ui.window import CONTRAST, PHONE, Open, plays

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

REQUEST_ID = r"[0-9a-f]{32}-[0-9]{13}-.+"


def request_id(frame: Any) -> str:
    """Return the id of the request that created a job, beside the job's own."""
    return str(frame.locator("p.facts code").filter(has_text=re.compile(REQUEST_ID)).inner_text())


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
    assert re.fullmatch(REQUEST_ID, request_id(frame))
    shown.screenshot("avatar")

    frame = shown.open("product_to_avatar_video", run_id)
    frame.get_by_text("3 media steps").wait_for()
    first = frame.locator(".card").filter(has_text="speak")
    first.locator(".words").wait_for()
    first.locator("audio").wait_for()
    shown.screenshot("avatar-run")
    phone = window(dark=True, size=PHONE)
    for task_id in ("speak", "film", None):
        phone.check_on_a_phone("product_to_avatar_video", run_id, task_id)


def test_usage_queries_show_totals(window: Open, deployment: Deployment) -> None:
    run_id = deployment.run("account_usage")
    shown = window()

    frame = shown.open("account_usage", run_id, "resources")
    row = frame.get_by_role("row").filter(has_text="VIDEO_2D · video_time_2d_model")
    assert re.fullmatch(r"[\d.]+ of 600 min", row.get_by_role("cell").nth(1).inner_text())
    shown.screenshot("usage")
    frame = shown.open("account_usage", run_id, "over_time")
    frame.get_by_role("heading", name="Usage of the account").wait_for()
    frame = shown.open("account_usage", run_id)
    frame.get_by_text("3 media steps").wait_for()
    frame.get_by_text("of 600 min").wait_for()
    window(dark=True, size=PHONE).check_on_a_phone("account_usage", run_id)
    shown.screenshot("usage-run")


def test_a_vias_task_shows_its_state(window: Open, deployment: Deployment) -> None:
    run_id = deployment.run("vias_smoke_and_fire", hours=3 / 3600)
    shown = window()

    frame = shown.open("vias_smoke_and_fire", run_id, "watch")
    frame.locator("dd", has_text="RUNNING").wait_for()
    assert re.fullmatch(REQUEST_ID, request_id(frame))
    frame = shown.open("vias_smoke_and_fire", run_id, "query")
    frame.locator("dd", has_text="STOPPED").wait_for()


def test_alarms_are_a_table_with_their_pictures(window: Open, deployment: Deployment) -> None:
    photo = base64.b64encode(media_samples.photographs()["coffee"].read_bytes()).decode()
    for n, event_type in enumerate((393216, 458752)):
        alarm = {
            "event_type": event_type,
            "stream_id": f"roof-{n}",
            "task_id": "task-1",
            "timestamp": 1767225600 + n,
            "data": {"event_set": [{"detection_id": 7, "category": "fire", "polygon_name": "roof"}]},
            "image_base64": photo,
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
    shown.screenshot("alarms")

    frame = shown.open("alarms", run_id)
    frame.locator("img[alt='Alarm 2: smoke and fire']").wait_for()
    shown.screenshot("alarms-run")
    window(dark=True, size=PHONE).check_on_a_phone("alarms", run_id, "wait")


def test_other_media_have_players(window: Open, fake_views: str) -> None:
    shown = window()
    frame = shown.open("fake_views", fake_views, "avatar")

    frame.locator("audio").wait_for()
    frame.locator("video").wait_for()
    assert frame.get_by_text("SUCCEED").count() == 1


def test_a_refused_job_has_the_id_of_its_request(window: Open, deployment: Deployment) -> None:
    refusal = {"status": 400, "code": "MSS.10000003", "message": "Parameter validation abnormal: text"}
    deployment.emulator.fault(action="CreateAsyncTtsJob", **refusal)
    run_id = deployment.run("refused_speech")
    shown = window()
    frame = shown.open("refused_speech", run_id, "speak")

    error = frame.get_by_role("alert")
    error.get_by_text("Parameter validation abnormal: text").wait_for()
    assert error.get_by_role("heading").inner_text().split() == ["InvalidRequest", "MSS.10000003"]
    assert re.fullmatch("[0-9a-f]{32}", error.locator("p code").inner_text())
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("refused")
