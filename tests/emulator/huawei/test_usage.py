"""Usage, resources and quotas, computed from the jobs that were done."""

from __future__ import annotations

import urllib.request
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.huawei.services.metastudio import usage, videos, voices
from emulator.huawei.callers import Caller
from operators.huawei_tasks import FILM


def film(caller: Caller) -> float:
    """Make a video and return its minutes."""
    made = caller(videos.CREATE_2D_DIGITAL_HUMAN_VIDEO, **FILM)
    return float(caller.ended(videos.SHOW_2D_DIGITAL_HUMAN_VIDEO, job_id=made["job_id"])["duration"]) / 60


def today(days: int = 0) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_videos_minutes_are_the_days_usage(caller: Caller) -> None:
    minutes = film(caller)

    seen = caller(usage.SHOW_USAGE_DATA, start_time=today(-1), end_time=today(1), business_type="VIDEO_2D")
    summary = caller(usage.SHOW_SUMMARY_USAGE_DATA, business_type="VIDEO_2D", unit="MIN")
    hours = caller(usage.SHOW_SUMMARY_USAGE_DATA, unit="HOUR")

    (day,) = seen["time_list"]
    (row,) = day["resources_usage"]
    assert (row["resource_type"], row["unit"]) == ("video_time_2d_model", "MIN")
    assert row["usage"] == pytest.approx(minutes, abs=1e-3)
    assert (summary["number"], summary["usage"]) == (1, pytest.approx(minutes, abs=1e-3))
    assert (hours["unit"], hours["usage"]) == ("HOUR", pytest.approx(minutes / 60, abs=1e-3))


def test_what_was_used_is_taken_from_the_resources(caller: Caller, emulator: EmulatorServer) -> None:
    minutes = film(caller)
    made = caller(voices.CREATE_TRAINING_BASIC_JOB, voice_name="Mei")
    emulator.move_huawei_job(made["job_id"], "SUCCEED")

    used = {
        each["resource_type"]: each
        for each in caller(usage.SHOW_RESOURCE_USAGE, business="VIDEO_2D,VOICE_CLONE")["resources"]
    }
    listed = caller(
        usage.LIST_TENANT_RESOURCES, resource_source="PURCHASED,ADMIN_ALLOCATED", resource="voice_clone_basic"
    )
    quotas = caller(usage.SHOW_VOICE_TRAINING_QUOTAS)

    assert used["video_time_2d_model"]["usage"] == pytest.approx(minutes, abs=1e-3)
    assert (listed["count"], listed["resources"][0]["usage"]) == (1, 1)
    assert quotas["resource_available_nums"]["basic"] == used["voice_clone_basic"]["amount"] - 1


def test_resources_are_counted_by_kind_and_none_expires(caller: Caller) -> None:
    counted = caller(usage.COUNT_TENANT_RESOURCES)["resources_count"]
    expiring = caller(usage.COUNT_TENANT_RESOURCES, resource_expire_start_time=today())

    assert {each["business_type"]: each["count"] for each in counted} == {"VIDEO_2D": 1, "VOICE_CLONE": 3}
    assert expiring == {"resources_count": []}


def test_nothing_of_another_source_is_listed(caller: Caller) -> None:
    assert caller(usage.LIST_TENANT_RESOURCES, resource_source="SP_ALLOCATED")["count"] == 0


@pytest.mark.parametrize("given", [{"end_time": today(-3)}, {"start_time": "yesterday"}, {"unit": "DAY"}])
def test_a_range_or_unit_that_does_not_exist_is_refused(caller: Caller, given: dict[str, Any]) -> None:
    film(caller)
    asked = {"start_time": today(-1), "end_time": today(1), **given}
    assert caller.refused(usage.SHOW_USAGE_DATA, **asked) == (400, "MSS.00000003")


def test_quotas_of_users_are_set_changed_listed_and_deleted(caller: Caller) -> None:
    caller(usage.CREATE_USER_QUOTAS, user_id="anna", quota={"video_time_2d_model": 10})
    assert caller.refused(usage.CREATE_USER_QUOTAS, user_id="anna", quota={})[0] == 400
    caller(usage.UPDATE_USER_QUOTAS, user_id="anna", quota={"voice_clone_basic": -1})

    listed = caller(usage.LIST_USER_QUOTAS, user_id="anna")
    caller(usage.DELETE_USER_QUOTAS, user_id="anna")

    assert listed["assets"] == [
        {"user_id": "anna", "quota": {"video_time_2d_model": 10, "voice_clone_basic": -1}}
    ]
    assert caller(usage.LIST_USER_QUOTAS)["count"] == 0
    assert caller.refused(usage.UPDATE_USER_QUOTAS, user_id="anna", quota={})[0] == 400


def test_recordings_are_assessed_once_they_are_uploaded(caller: Caller) -> None:
    made = caller(voices.CREATE_SHORT_JOB, job_type="VOICE_ASSESS", language="CN")
    assert caller.refused(voices.COMMIT_SHORT_JOB, job_id=made["job_id"])[0] == 400

    put = urllib.request.Request(made["data_uploading_url"], b"PK recordings", method="PUT")
    urllib.request.urlopen(put).close()
    caller(voices.COMMIT_SHORT_JOB, job_id=made["job_id"])
    seen = caller.in_state("SUCCEED", voices.SHOW_SHORT_JOB, job_id=made["job_id"])

    assert "emulator" in seen["assess_result"]["suggestion"]


def test_a_voice_of_another_vendor_is_trained_as_any_other(caller: Caller) -> None:
    made = caller(voices.CREATE_TRAINING_THIRD_PARTY_JOB, voice_name="Mei")

    seen = caller(voices.SHOW_VOICE_TRAINING_JOB, job_id=made["job_id"])

    assert (seen["job_type"], seen["state"]) == ("THIRD_PARTY", "CREATING")
    assert made["training_data_uploading_url"].startswith("http")
