"""Which jobs of Huawei's lists may be those of a submission whose response was lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_viapi.errors import SubmissionInDoubt
from huawei.scripted_submission import (
    SPEECH_AT,
    SPEECHES_AT,
    TASK,
    TASK_AT,
    TASKS_AT,
    VIDEO,
    VIDEO_AT,
    VIDEOS_AT,
    now,
    submit,
)
from scripted_server import HANG_UP, Answer, ScriptedServer, scripted_server

CARD = (
    "metastudio.CreateDigitalHumanBusinessCard",
    {
        "business_card_type": "2D_DIGITAL_HUMAN_CARD",
        "card_templet_asset_id": "t1",
        "card_text_config": {"name": "Anna"},
        "card_image_config": {"human_image": "/9j/"},
        "video_asset_name": "anna",
    },
)
CARDS_PATH = "/v1/p1/digital-human-business-cards"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as served:
        served.on(SPEECH_AT, Answer(200, {"job_id": "j1"}))
        yield served


@pytest.mark.parametrize(
    "created",
    [
        *(None, "2026-11-20 10:00:00", "yesterday", True),
        *(1764500000, "1764500000", 10**18, "1970-01-01T00:00:00Z"),
    ],
)
def test_a_job_of_no_known_time_is_not_taken_for_ours(server: ScriptedServer, created: Any) -> None:
    server.on(TASK_AT, HANG_UP)
    server.on(TASKS_AT, Answer(200, {"tasks": [{"id": "t7", "name": "gate", "created_at": created}]}))

    with pytest.raises(SubmissionInDoubt, match="no readable creation time: t7"):
        submit(server, TASK)

    assert len(server.sent(TASK_AT)) == 1


def test_times_in_milliseconds_are_read_too(server: ScriptedServer) -> None:
    server.on("POST /v1/p1/voice-training-manage/user/basic-jobs", HANG_UP)
    made = int(datetime.now(timezone.utc).timestamp() * 1000)
    listed = [{"job_id": "j7", "voice_name": "Ann", "create_time": made}]
    server.on("GET /v1/p1/voice-training-manage/user/jobs", Answer(200, {"jobs": listed}))

    job = submit(server, ("metastudio.CreateTrainingBasicJob", {"voice_name": "Ann"}))

    assert job.id == "j7"


@pytest.mark.parametrize(
    "other",
    [
        {"output_asset_config": {"asset_name": "Autumn"}},
        {"job_type": "DIGITAL_HUMAN_PHOTO_VIDEO"},
        {"job_type": "PHOTO_DIGITAL_HUMAN_VIDEO"},
        {"script_id": "s2"},
    ],
)
def test_a_video_of_another_name_kind_or_script_is_not_ours(
    server: ScriptedServer, other: dict[str, Any]
) -> None:
    server.on(VIDEO_AT, HANG_UP, Answer(200, {"job_id": "j1"}))
    server.on(VIDEOS_AT, Answer(200, {"jobs": [{"job_id": "j8", "create_time": now(), **other}]}))

    assert submit(server, VIDEO).id == "j1"


@pytest.mark.parametrize("other", [{"audio_format": "MP3"}, {"gen_srt": True}, {"need_timestamp": True}])
def test_speech_in_another_form_is_not_ours(server: ScriptedServer, other: dict[str, Any]) -> None:
    server.on(SPEECH_AT, HANG_UP, Answer(200, {"job_id": "j1"}))
    listed = {"job_id": "j8", "asset_id": "v1", "create_time": now(), **other}
    server.on(SPEECHES_AT, Answer(200, {"data": [listed]}))

    assert submit(server).id == "j1"


def test_a_response_without_a_list_is_not_taken_for_an_empty_list(server: ScriptedServer) -> None:
    server.on(SPEECH_AT, HANG_UP)
    server.on(SPEECHES_AT, Answer(200, {"count": 0}))

    with pytest.raises(SubmissionInDoubt):
        submit(server)

    assert len(server.sent(SPEECH_AT)) == 1


def test_a_list_longer_than_one_page_proves_nothing(server: ScriptedServer) -> None:
    server.on(SPEECH_AT, HANG_UP)
    others = [{"job_id": f"j{number}", "asset_id": "v2"} for number in range(100)]
    server.on(SPEECHES_AT, Answer(200, {"data": others}))

    with pytest.raises(SubmissionInDoubt, match="longer than one call"):
        submit(server)


def test_a_list_that_counts_more_than_it_shows_settles_nothing(server: ScriptedServer) -> None:
    server.on(SPEECH_AT, HANG_UP)
    server.on(SPEECHES_AT, Answer(200, {"count": 51, "data": [{"job_id": "j8", "asset_id": "v2"}]}))

    with pytest.raises(SubmissionInDoubt, match="longer than one call"):
        submit(server)


@pytest.mark.parametrize("items", [["j7"], [None], [{"asset_id": "v1"}], [{"job_id": "", "asset_id": "v1"}]])
def test_a_listed_job_without_its_id_settles_nothing(server: ScriptedServer, items: list[Any]) -> None:
    server.on(SPEECH_AT, HANG_UP, Answer(200, {"job_id": "j9"}))
    server.on(SPEECHES_AT, Answer(200, {"data": items}))

    with pytest.raises(SubmissionInDoubt):
        submit(server)
    assert len(server.sent(SPEECH_AT)) == 1


def test_a_listed_video_in_an_odd_form_settles_nothing_or_is_ours(server: ScriptedServer) -> None:
    server.on(VIDEO_AT, HANG_UP)
    listed = {"job_id": "j7", "output_asset_config": "Spring", "create_time": now()}
    server.on(VIDEOS_AT, Answer(200, {"jobs": [listed]}))

    assert submit(server, VIDEO).id == "j7"


def test_a_business_card_of_another_name_is_not_ours(server: ScriptedServer) -> None:
    server.on(f"POST {CARDS_PATH}", HANG_UP, Answer(200, {"job_id": "j1"}))
    listed = {"job_id": "j8", "output_asset_config": {"asset_name": "bob"}, "create_time": now()}
    server.on(f"GET {CARDS_PATH}", Answer(200, {"jobs": [listed]}))

    assert submit(server, CARD).id == "j1"


def test_the_list_reaches_back_to_the_submission_by_the_services_clock(server: ScriptedServer) -> None:
    """With a password no signature shows that the local clock is an hour ahead."""
    at_service = datetime.now(timezone.utc) - timedelta(hours=1)
    date = {"Date": format_datetime(at_service, usegmt=True)}
    server.on(SPEECH_AT, HANG_UP)
    ours = {"job_id": "j7", "asset_id": "v1", "create_time": now(timedelta(hours=1))}
    server.on(SPEECHES_AT, Answer(200, {"data": [ours]}, date))

    assert submit(server).id == "j7"

    (_, *rest) = [
        parse_qs(urlsplit(each.target).query)["create_since"][0] for each in server.sent(SPEECHES_AT)
    ]
    assert rest
    assert all(since < now(timedelta(hours=1)) for since in rest)
