"""Links from a task instance to its job at Huawei Cloud and its result."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_viapi.links import huaweicloud
from airflow_provider_viapi.links.huaweicloud import HuaweiCloudJobLink, HuaweiCloudResultLink, job_address


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    values: dict[str, Any] = {}
    monkeypatch.setattr(huaweicloud, "_pushed", lambda ti_key, key: values.get(key))
    return values


def link(kind: Any) -> str:
    return str(kind.get_link(None, ti_key=None))


def test_the_page_of_the_question_after_the_job_is_linked_once_there_is_one(pushed: dict[str, Any]) -> None:
    assert link(HuaweiCloudJobLink()) == ""

    pushed["job_link"] = job_address("vias", "ShowTaskInfo", "cn-north-4")

    assert link(HuaweiCloudJobLink()) == (
        "https://apiexplorer.developer.huaweicloud.com/apiexplorer/doc"
        "?product=VIAS&api=ShowTaskInfo&region=cn-north-4"
    )


@pytest.mark.parametrize(
    ("result", "address"),
    [
        ({"state": "SUCCEED", "audio_file_url": "https://h/a.wav"}, "https://h/a.wav"),
        ({"output_asset_config": {"preview_video_url": "https://h/v.mp4"}}, "https://h/v.mp4"),
        (
            {"subtitle_file_info": [{"sequence_no": 1}, {"subtitle_file_download_url": "https://h/a.srt"}]},
            "https://h/a.srt",
        ),
        ({"state": "javascript:alert(1)"}, ""),
        ("t-1", ""),
        (None, ""),
    ],
)
def test_the_first_file_of_the_result_is_linked(pushed: dict[str, Any], result: Any, address: str) -> None:
    pushed["return_value"] = result

    assert link(HuaweiCloudResultLink()) == address
