"""Alibaba's client of today for the jobs of all services: the list of them, their results, and cancelling."""

from __future__ import annotations

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_viapi20230117 import models
from alibabacloud_viapi20230117.client import Client
from alibabacloud_videoenhan20200320 import models as videoenhan
from alibabacloud_videoenhan20200320.client import Client as VideoClient

from clients.results import download, is_mp4, job_end, job_result
from clients.running_emulator import RunningEmulator
from clients.tea_clients import config


@pytest.fixture
def client(emulator: RunningEmulator, signature: str) -> Client:
    return Client(config(emulator, signature))


@pytest.fixture
def finished(emulator: RunningEmulator, client: Client, clip: str) -> str:
    """The id of a job that is done."""
    request = videoenhan.EraseVideoSubtitlesRequest(video_url=clip)
    job_id = VideoClient(config(emulator)).erase_video_subtitles(request).body.request_id
    job_end(lambda: client.get_async_job_result(asking_for(job_id)).body.data.to_map())
    return str(job_id)


@pytest.fixture
def waiting(emulator: RunningEmulator, clip: str) -> str:
    """The id of a job that waits for its turn."""
    emulator.fault(action="ChangeVideoSize", job={"queued": 300})
    request = videoenhan.ChangeVideoSizeRequest(video_url=clip, width=90, height=160)
    return str(VideoClient(config(emulator)).change_video_size(request).body.request_id)


def asking_for(job_id: str) -> models.GetAsyncJobResultRequest:
    return models.GetAsyncJobResultRequest(job_id=job_id)


def test_a_job_of_another_service_is_found_with_its_result(client: Client, finished: str) -> None:
    result = job_result(lambda: client.get_async_job_result(asking_for(finished)).body.data.to_map())

    assert is_mp4(download(result["VideoUrl"]))


def test_the_list_has_the_state_of_every_job(client: Client, finished: str, waiting: str) -> None:
    body = client.query_async_job_list(models.QueryAsyncJobListRequest(page_num=1, page_size=500)).body

    assert (body.success, body.data.total_record, body.data.current_page) == (True, 2, 1)
    assert [(job.job_id, job.pop_product, job.pop_api_name, job.status) for job in body.data.result] == [
        (waiting, "videoenhan", "ChangeVideoSize", "QUEUING"),
        (finished, "videoenhan", "EraseVideoSubtitles", "PROCESS_SUCCESS"),
    ]
    assert body.data.result[1].gmt_create <= body.data.result[1].start_time <= body.data.result[1].end_time


def test_the_list_can_be_asked_for_some_jobs_only(client: Client, finished: str, waiting: str) -> None:
    request = models.QueryAsyncJobListRequest(pop_api_name="ChangeVideoSize", status="QUEUING")
    jobs = client.query_async_job_list(request).body.data.result

    assert [job.job_id for job in jobs] == [waiting]


def test_the_list_is_throttled_when_it_is_asked_for_again_at_once(client: Client) -> None:
    client.query_async_job_list(models.QueryAsyncJobListRequest())
    with pytest.raises(ClientException) as raised:
        client.query_async_job_list(models.QueryAsyncJobListRequest())

    assert (raised.value.code, raised.value.status_code) == ("Throttling.User", 429)


def test_a_job_that_waits_is_cancelled(client: Client, waiting: str) -> None:
    answer = client.cancel_waiting_async_job(models.CancelWaitingAsyncJobRequest(job_id=waiting))

    assert answer.body.success
    assert client.get_async_job_result(asking_for(waiting)).body.data.status == "JOB_CANCELED"


def test_a_job_that_is_done_stays_done_when_it_is_cancelled(client: Client, finished: str) -> None:
    answer = client.cancel_waiting_async_job(models.CancelWaitingAsyncJobRequest(job_id=finished))

    assert answer.body.success is False
    assert client.get_async_job_result(asking_for(finished)).body.data.status == "PROCESS_SUCCESS"
