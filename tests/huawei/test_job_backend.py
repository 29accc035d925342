"""Huawei Cloud's jobs through the seam: what is asked, in which list, and what the poller makes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_viapi.errors import PermissionDenied, ResponseLost, Throttled
from airflow_provider_viapi.huawei.account import Account
from airflow_provider_viapi.huawei.job_backend import (
    HuaweiJobBackend,
    ViasTasks,
    VideoJobs,
    backoff_of,
    family_of,
    open_huawei_jobs,
)
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.polling.intervals import Backoff
from airflow_provider_viapi.jobs.polling.poller import Poller
from airflow_provider_viapi.jobs.polling.rate_limiter import Permit, RateLimiter
from airflow_provider_viapi.renewable_credentials import Credentials
from scripted_server import Answer, ScriptedServer, scripted_server

VIDEO = Job("j1", "metastudio.Create2DDigitalHumanVideo")
LIVE = Job("j1", "metastudio.StartSmartLive", scope="room-1")
TASK = Job("t1", "vias.CreateTask")
VIDEO_AT, VIDEOS_AT = "GET /v1/p1/2d-digital-human-videos/j1", "GET /v1/p1/digital-human-videos"
TASK_AT, TASKS_AT = "GET /v2/p1/tasks/t1", "GET /v2/p1/tasks"
ASSET_AT = "GET /v1/p1/digital-assets/a1"
LIVE_AT = "GET /v1/p1/smart-live-rooms/room-1/smart-live-jobs/j1"
Result = TypeVar("Result")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as served:
        yield served


def with_jobs(
    server: ScriptedServer,
    job: Job,
    use: Callable[[Any], Awaitable[Result]],
    target_state: str | None = None,
    **changes: Any,
) -> Result:
    account = Account(Credentials("ak", "sk"), project_id="p1", endpoint=server.url, **changes)

    async def run() -> Result:
        async with open_huawei_jobs(account, family_of(job.action), target_state) as jobs:
            return await use(jobs)

    return asyncio.run(run())


def test_a_job_is_polled_by_the_action_that_shows_it(server: ScriptedServer) -> None:
    server.on(LIVE_AT, Answer(200, {"job_id": "j1", "state": "PROCESSING"}))

    report = with_jobs(server, LIVE, lambda jobs: jobs.report(LIVE))

    assert (report.state, report.outcome) == ("PROCESSING", Outcome.WAITING)


def test_a_goal_ends_the_waiting(server: ScriptedServer) -> None:
    server.on(LIVE_AT, Answer(200, {"job_id": "j1", "state": "PROCESSING", "rtc_room_info": {}}))

    report = with_jobs(server, LIVE, lambda jobs: jobs.report(LIVE), target_state="PROCESSING")

    assert report.outcome is Outcome.SUCCEEDED
    assert report.result == {"job_id": "j1", "state": "PROCESSING"}  # what the room's key is stays out


def test_an_unknown_state_is_logged_once_and_polling_continues(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.on(
        TASK_AT,
        *[Answer(200, {"id": "t1", "state": state}) for state in ("POLISHING", "POLISHING", "RUNNING")],
    )

    async def ask(jobs: HuaweiJobBackend) -> list[bool]:
        return [(await jobs.report(TASK)).is_final for _ in range(3)]

    assert with_jobs(server, TASK, ask, target_state="RUNNING") == [False, False, True]
    assert caplog.text.count("'POLISHING'") == 1


def test_the_poller_waits_for_a_video_to_its_end(server: ScriptedServer) -> None:
    made = {"state": "SUCCEED", "output_asset_config": {"asset_id": "a1"}}
    throttled = Answer(429, {"error_code": "APIGW.0308", "error_msg": "Too fast."})
    pages = [Answer(status, "<html>") for status in (200, 403, 404, 407)]
    states = [Answer(200, {"state": "WAITING"}), throttled, *pages, Answer(200, made)]
    server.on(VIDEO_AT, *states)

    async def wait(jobs: HuaweiJobBackend) -> JobReport:
        poller = Poller(jobs, Backoff(first=0.05, longest=0.1))
        try:
            return await poller.wait(VIDEO, deadline=datetime.now(timezone.utc) + timedelta(seconds=30))
        finally:
            await poller.close()

    report = with_jobs(server, VIDEO, wait)

    assert report.result == made
    assert len(server.sent(VIDEO_AT)) == len(states)


@pytest.mark.parametrize(
    ("answer", "reads"),
    [
        (Answer(500, {"error_code": "MSS.00000001", "error_msg": "Internal error."}), 5),
        (Answer(407, "<html>"), 1),
    ],
    ids=["service fails", "gateway refuses"],
)
def test_a_finished_video_whose_asset_stays_unreadable_has_no_link(
    server: ScriptedServer, answer: Answer, reads: int
) -> None:
    made = {"state": "SUCCEED", "output_asset_config": {"asset_id": "a1"}}
    server.on(VIDEO_AT, Answer(200, made))
    server.on(ASSET_AT, answer)

    async def wait(jobs: HuaweiJobBackend) -> JobReport:
        poller = Poller(jobs, Backoff(first=0.05, longest=0.1))
        try:
            return await poller.wait(VIDEO, deadline=datetime.now(timezone.utc) + timedelta(seconds=10))
        finally:
            await poller.close()

    report = with_jobs(server, VIDEO, wait)

    assert (report.result, server.count(ASSET_AT)) == (made, reads)


def test_a_throttled_read_of_an_asset_never_costs_the_link(server: ScriptedServer) -> None:
    server.on(VIDEO_AT, Answer(200, {"state": "SUCCEED", "output_asset_config": {"asset_id": "a1"}}))
    server.on(ASSET_AT, Answer(429, {"error_code": "APIGW.0308", "error_msg": "Too fast."}))

    async def ask(jobs: HuaweiJobBackend) -> None:
        assert (await jobs.report(VIDEO)).is_partial
        for _ in range(20):
            with pytest.raises(Throttled):
                await jobs.report(VIDEO)

    with_jobs(server, VIDEO, ask)


class CountingLimiter(RateLimiter):
    """Limiter that counts its permits, and the most that are held at the same time."""

    permits = held = most = 0

    async def acquire(self) -> Permit:
        permit = await super().acquire()
        self.permits, self.held = self.permits + 1, self.held + 1
        self.most = max(self.most, self.held)
        return permit

    def release(self, permit: Permit) -> None:
        self.held -= 1
        super().release(permit)


def test_each_call_for_a_video_and_its_link_counts_in_the_rate_limit(server: ScriptedServer) -> None:
    made = {"state": "SUCCEED", "output_asset_config": {"asset_id": "a1"}}
    asset = {"files": [{"asset_file_category": "MAIN", "download_url": "http://h/a.mp4"}]}
    throttled = Answer(429, {"error_code": "APIGW.0308", "error_msg": "Too fast."})
    server.on(VIDEO_AT, Answer(200, {"state": "WAITING"}), Answer(200, made))
    server.on(ASSET_AT, throttled, Answer(200, asset))
    limiter = CountingLimiter(100)

    async def wait(jobs: HuaweiJobBackend) -> JobReport:
        poller = Poller(jobs, Backoff(first=0.05, longest=0.1), limiter)
        try:
            return await poller.wait(VIDEO, deadline=datetime.now(timezone.utc) + timedelta(seconds=30))
        finally:
            await poller.close()

    report = with_jobs(server, VIDEO, wait)

    assert (report.result or {})["output_asset_config"]["preview_video_url"] == "http://h/a.mp4"
    assert report.is_final
    assert (server.count(VIDEO_AT), server.count(ASSET_AT), limiter.permits) == (2, 2, 4)
    assert (limiter.most, limiter.held) == (1, 0)


def test_an_error_that_cannot_pass_ends_the_waiting(server: ScriptedServer) -> None:
    server.on(TASK_AT, Answer(403, {"error_code": "APIGW.0302", "error_msg": "Not authorised."}))

    with pytest.raises(PermissionDenied):
        with_jobs(server, TASK, lambda jobs: jobs.report(TASK))


@pytest.mark.parametrize(
    ("job", "at", "body"),
    [
        (VIDEO, "POST /v1/p1/2d-digital-human-videos/j1/cancel", b""),
        (LIVE, "POST /v1/p1/smart-live-rooms/room-1/smart-live-jobs/j1/stop", b""),
        (TASK, "PUT /v2/p1/tasks/t1/action/stop", b""),
    ],
)
def test_a_job_is_cancelled_where_its_service_can(
    server: ScriptedServer, job: Job, at: str, body: bytes
) -> None:
    server.on(at, Answer(200, {}))

    assert with_jobs(server, job, lambda jobs: jobs.cancel(job)) is True
    assert server.sent(at)[0].body == body


def test_a_job_that_can_no_longer_be_cancelled_goes_on(server: ScriptedServer) -> None:
    refused = Answer(400, {"error_code": "MSS.10000001", "error_msg": "The job is being processed."})
    server.on("POST /v1/p1/2d-digital-human-videos/j1/cancel", refused)

    assert with_jobs(server, VIDEO, lambda jobs: jobs.cancel(VIDEO)) is False


def test_a_proxys_page_does_not_say_that_a_job_goes_on(server: ScriptedServer) -> None:
    server.on("POST /v1/p1/2d-digital-human-videos/j1/cancel", Answer(404, "<html>"))

    with pytest.raises(ResponseLost):
        with_jobs(server, VIDEO, lambda jobs: jobs.cancel(VIDEO))


def test_what_cannot_be_cancelled_is_not_tried(server: ScriptedServer) -> None:
    speech = Job("j1", "metastudio.CreateAsyncTtsJob")

    assert with_jobs(server, speech, lambda jobs: jobs.cancel(speech)) is False
    assert server.requests == []


def test_videos_are_looked_for_by_their_ids_a_hundred_at_a_time(server: ScriptedServer) -> None:
    ids = {f"j{number:03}" for number in range(250)}
    listed = [
        {"job_id": "j003", "state": "SUCCEED"},
        {"job_id": "j004", "state": "WAITING"},
        {"job_id": "other"},
    ]
    server.on(VIDEOS_AT, Answer(200, {"count": 3, "jobs": listed}))

    async def look(jobs: VideoJobs) -> list[Any]:
        return [await jobs.list_states(ids) for _ in range(4)]

    sightings = with_jobs(server, VIDEO, look)

    assert sightings[0].outcomes == {"j003": Outcome.SUCCEEDED, "j004": Outcome.WAITING}
    assert [each.scan_complete for each in sightings] == [False, False, True, False]
    asked = [parse_qs(urlsplit(each.target).query)["job_ids"] for each in server.requests]
    assert [len(each) for each in asked] == [100, 100, 50, 100]
    assert set().union(*asked[:3]) == ids


def test_ids_that_come_and_go_between_looks_are_no_trouble(server: ScriptedServer) -> None:
    server.on(VIDEOS_AT, Answer(200, {"jobs": []}))

    async def look(jobs: VideoJobs) -> list[bool]:
        return [(await jobs.list_states(ids)).scan_complete for ids in ({"b"}, set(), {"a"}, {"a", "c"})]

    assert with_jobs(server, VIDEO, look) == [True, True, True, True]


@pytest.mark.parametrize(
    ("paths", "size", "at"), [("v2", 1000, TASKS_AT), ("v1", 50, "GET /v1/p1/infer/tasks")]
)
def test_tasks_are_looked_for_page_by_page(server: ScriptedServer, paths: Any, size: int, at: str) -> None:
    others = [{"id": f"x{number}", "state": "RUNNING"} for number in range(size)]
    ours = {"id": "t1", "state": "RUNNING"}
    server.on(at, Answer(200, {"tasks": others}), Answer(200, {"tasks": [ours]}), Answer(200, {"tasks": []}))

    async def look(jobs: ViasTasks) -> list[Any]:
        return [await jobs.list_states({"t1"}) for _ in range(3)]

    sightings = with_jobs(server, TASK, look, target_state="RUNNING", vias_paths=paths)

    assert [each.outcomes for each in sightings] == [{}, {"t1": Outcome.SUCCEEDED}, {}]
    assert [each.scan_complete for each in sightings] == [False, True, True]
    pages = [parse_qs(urlsplit(each.target).query) for each in server.requests]
    assert [each["page"] for each in pages] == [["1"], ["2"], ["1"]]
    assert {each["page_size"][0] for each in pages} == {str(size)}


def test_only_tasks_that_were_seen_running_are_news_to_others_when_they_have_ended(
    server: ScriptedServer,
) -> None:
    old, ours = {"id": "old", "state": "SUCCEEDED"}, {"id": "t1", "state": "RUNNING"}
    ended = [old, {"id": "t1", "state": "SUCCEEDED"}]
    server.on(TASKS_AT, Answer(200, {"tasks": [old, ours]}), *[Answer(200, {"tasks": ended})] * 2)

    async def look(jobs: ViasTasks) -> list[Any]:
        return [await jobs.list_states({"t1"}) for _ in range(3)]

    sightings = with_jobs(server, TASK, look)

    assert [set(each.finished) for each in sightings] == [set(), {"t1"}, set()]


@pytest.mark.parametrize(("job", "at"), [(VIDEO, VIDEOS_AT), (TASK, TASKS_AT)])
def test_a_list_that_is_none_is_not_taken_for_an_empty_one(server: ScriptedServer, job: Job, at: str) -> None:
    server.on(at, Answer(200, {"count": 0}))

    with pytest.raises(ResponseLost):
        with_jobs(server, job, lambda jobs: jobs.list_states({job.id}))


def test_models_that_are_reviewed_are_polled_rarely() -> None:
    assert family_of("metastudio.CreateTrainingAdvanceJob") == "models"
    assert backoff_of("models").longest > 10 * backoff_of("others").longest - 1
    assert family_of("metastudio.CreateSubtitleFile") == "others"


def test_jobs_without_a_list_are_polled_individually(server: ScriptedServer) -> None:
    speech = Job("j1", "metastudio.CreateAsyncTtsJob")

    sighting = with_jobs(server, speech, lambda jobs: jobs.list_states({"j1"}))

    assert with_jobs(server, speech, lambda jobs: asyncio.sleep(0, jobs.list_interval)) is None
    assert (sighting.outcomes, server.requests) == ({}, [])


def test_nothing_of_the_key_is_logged(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.on(TASK_AT, Answer(200, {"id": "t1", "state": "RUNNING"}))

    with_jobs(server, TASK, lambda jobs: jobs.report(TASK))

    assert "Signature=" not in caplog.text


def test_a_report_about_another_job_is_not_taken_for_this_one(server: ScriptedServer) -> None:
    server.on(LIVE_AT, Answer(200, {"job_id": "j2", "state": "FINISHED"}))

    with pytest.raises(ResponseLost, match="another job"):
        with_jobs(server, LIVE, lambda jobs: jobs.report(LIVE))
