"""Links from a task instance to its job at Huawei Cloud and its result."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import XCom

from airflow_provider_viapi.huawei.services import actions
from airflow_provider_viapi.links.job import (
    HuaweiCloudJobLink,
    ResultLink,
    huaweicloud_job_address,
    result_address,
)
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.metastudio import (
    CreateAvatarVideoOperator,
    CreateSpeechOperator,
    CreateSubtitlesOperator,
    StartLiveOperator,
)
from airflow_provider_viapi.sensors.huaweicloud import HuaweiCloudJobSensor, ImageModelSensor
from operators.huawei_tasks import FILM, SPEAK

SPEECH = CreateSpeechOperator(task_id="speak", **SPEAK)
VIDEO = CreateAvatarVideoOperator(task_id="film", **FILM)
SUBTITLES = CreateSubtitlesOperator(task_id="subtitles", script_id="s")
LIVE = StartLiveOperator(task_id="live", room_id="r")
CHECK = HuaweiCloudJobOperator(
    task_id="check", action="metastudio.CreatePhotoDetection", request={"human_image": "/9j/"}
)
WAIT = HuaweiCloudJobSensor(task_id="wait", action="metastudio.CreateAsyncTtsJob", job_id="j")
MODEL = ImageModelSensor(task_id="model", job_id="j")


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    values: dict[str, Any] = {}
    monkeypatch.setattr(XCom, "get_value", lambda *, ti_key, key: values.get(key))
    return values


def link(kind: Any) -> str:
    return str(kind.get_link(None, ti_key=None))


def address_of(operator: Any, result: Any, landed: Any = None) -> str:
    if operator is None:
        known = actions().values()
    elif isinstance(operator, HuaweiCloudJobSensor):
        known = operator.result_actions()
    else:
        known = [operator.action]
    return result_address(result, known, landed)


def test_the_page_of_the_action_that_reports_the_job_is_linked_once_there_is_a_job(
    pushed: dict[str, Any],
) -> None:
    assert link(HuaweiCloudJobLink()) == ""

    pushed["job_link"] = huaweicloud_job_address("vias", "ShowTaskInfo", "cn-north-4")

    assert link(HuaweiCloudJobLink()) == (
        "https://apiexplorer.developer.huaweicloud.com/apiexplorer/doc"
        "?product=VIAS&api=ShowTaskInfo&region=cn-north-4"
    )


@pytest.mark.parametrize(
    ("operator", "result", "address"),
    [
        (SPEECH, {"state": "SUCCEED", "audio_file_url": "https://h/a.wav"}, "https://h/a.wav"),
        (WAIT, {"audio_srt_file_url": "https://h/a.srt"}, "https://h/a.srt"),
        (
            VIDEO,
            {"output_asset_config": {"cover_url": "https://h/c.png", "preview_video_url": "https://h/v.mp4"}},
            "https://h/v.mp4",
        ),
        (
            SUBTITLES,
            {"subtitle_file_info": [{"sequence_no": 1}, {"subtitle_file_download_url": "https://h/a.srt"}]},
            "https://h/a.srt",
        ),
        (None, {"job_info": {"output_asset_config": {"cover_url": "https://h/c.png"}}}, "https://h/c.png"),
    ],
)
def test_the_first_file_of_the_result_is_linked(operator: Any, result: Any, address: str) -> None:
    assert address_of(operator, result) == address


def test_the_result_is_linked_where_the_task_has_stored_it(pushed: dict[str, Any]) -> None:
    pushed["return_value"] = {"audio_file_url": "https://h/a.wav"}
    assert link(ResultLink()) == ""

    pushed["result_link"] = "https://h/a.wav"
    assert link(ResultLink()) == "https://h/a.wav"


def test_a_landed_file_is_linked_instead_of_the_one_whose_address_expires() -> None:
    result = {"audio_file_url": "https://h/a.wav", "audio_srt_file_url": "https://h/a.srt"}
    landed = {"audio_srt_file_url": "s3://aws@team/a.srt", "audio_file_url": "s3://aws@team/a.wav"}

    assert address_of(SPEECH, result, landed) == "s3://aws@team/a.wav"


@pytest.mark.parametrize(
    ("operator", "result"),
    [
        (SPEECH, {"error_info": {"help": "https://h/help"}, "audio_file_url": ""}),
        (SPEECH, {"audio_file_url": "javascript:alert(1)"}),
        (SPEECH, {"audio_file_url": None, "landed": {"audio_file_url": "https://h/a.wav"}}),
        (SPEECH, {"output_asset_config": {"preview_video_url": "https://h/v.mp4"}}),
        (SUBTITLES, {"subtitle_file_info": ["https://h/a.srt"]}),
        (LIVE, {"cover_url": "https://h/c.png", "live_job_log": ["https://h/log"]}),
        (CHECK, {"callback_config": {"callback_url": "https://h/?token=proof"}}),
        (MODEL, {"cover_download_url": "https://h/c.png", "grant_file_download_url": "https://h/g.pdf"}),
        (None, {"cover_url": "https://h/c.png", "callback_url": "https://h/hook"}),
        (SPEECH, "https://h/a.wav"),
        (SPEECH, None),
    ],
)
def test_what_is_no_file_of_the_result_is_never_linked(operator: Any, result: Any) -> None:
    assert address_of(operator, result) == ""


def test_no_field_of_an_answer_could_be_taken_for_a_file_of_another_actions() -> None:
    jobs = [(action, action.job) for action in actions().values() if action.job is not None]
    files = {field.name for action, _ in jobs for field in action.result}

    for action, kind in jobs:
        own = {field.name for field in action.result}
        assert files & set(kind.status_action.response_fields) <= own, action.full_name
