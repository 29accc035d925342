"""Requests that tests submit to a scripted service, and their submission with a clock that skips waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.huawei.account import Account
from airflow_provider_viapi.huawei.client import Client
from airflow_provider_viapi.huawei.job_backend import HuaweiSubmitBackend, open_huawei_jobs
from airflow_provider_viapi.huawei.job_reports import kind_of, read_report, request_about
from airflow_provider_viapi.huawei.services import find
from airflow_provider_viapi.jobs.attempt_context import Attempt, AttemptContext
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.recovery import OnDoubt
from airflow_provider_viapi.jobs.submission import Submission, SubmitPolicy
from airflow_provider_viapi.renewable_credentials import Credentials
from airflow_provider_viapi.state.stores import MemoryStore
from jobs.scripted_backend import ScriptedClaims
from scripted_server import Answer, ScriptedServer
from skipping_clock import SkippingClock

SPEECH = ("metastudio.CreateAsyncTtsJob", {"text": "Hi", "voice_asset_id": "v1"})
VIDEO = (
    "metastudio.Create2DDigitalHumanVideo",
    {"script_id": "s1", "output_asset_config": {"asset_name": "Spring"}},
)
LIVE = ("metastudio.StartSmartLive", {"room_id": "room-1"})
SUBTITLES = ("metastudio.CreateSubtitleFile", {"script_id": "s1"})
TASK = (
    "vias.CreateTask",
    {
        "service_name": "c-flowcount-cloud",
        "name": "gate",
        "input": {"type": "video_source", "data": [{"video_source_id": "v1"}]},
        "output": {"event_center": True},
        "service_version": "1.2",
    },
)
SPEECH_AT, SPEECHES_AT = "POST /v1/p1/ttsc/async-jobs", "GET /v1/p1/ttsc/tts-jobs"
VIDEO_AT, VIDEOS_AT = "POST /v1/p1/2d-digital-human-videos", "GET /v1/p1/digital-human-videos"
LIVE_AT = "POST /v1/p1/smart-live-rooms/room-1/smart-live-jobs"
LIVES_AT = "GET /v1/p1/smart-live-rooms/room-1/smart-live-jobs"
TASK_AT, TASKS_AT = "POST /v2/p1/services/c-flowcount-cloud/tasks", "GET /v2/p1/tasks"
STUMBLED = Answer(500, {"error_code": "MSS.1", "error_msg": "Internal error."})
GATEWAY = Answer(504, {"error_code": "APIGW.0203", "error_msg": "Backend timeout."})
log = logging.getLogger(__name__)


class AccountHook:
    """The part of a hook that a submission uses, of an account without a connection."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def report(self, job: Job) -> JobReport:
        return read_report(job, self._client.call(kind_of(job.action).status_action, request_about(job)))

    async def cancel(self, job: Job, log: Any) -> bool:
        async with open_huawei_jobs(self._client.account) as jobs:
            return await jobs.cancel(job)


def submission(
    server: ScriptedServer,
    what: tuple[str, dict[str, Any]] = SPEECH,
    *,
    ledger: Ledger | None = None,
    claimed: Collection[str] = (),
    config: Account | None = None,
    prepare: Callable[[], dict[str, Any]] | None = None,
    digest: str = "1:d",
    on_doubt: OnDoubt = "fail",
    patience: timedelta = timedelta(minutes=10),
) -> Submission:
    account = config or Account(
        Credentials("ak", "sk"), project_id="p1", endpoint=server.url, http=HttpSettings(timeout=2)
    )
    action = find(what[0])
    checked, clock, client = action.check(what[1]), SkippingClock(), Client(account)
    return Submission(
        backend=HuaweiSubmitBackend(client, action, checked),
        hook=AccountHook(client),  # type: ignore[arg-type]
        ledger=ledger or Ledger(MemoryStore()),
        digest=digest,
        prepare_request=prepare or (lambda: checked),
        policy=SubmitPolicy(on_doubt=on_doubt, deadline=clock.now() + timedelta(hours=1), timeout=patience),
        context=AttemptContext(Attempt(1, 3), ScriptedClaims(set(claimed)), log, clock.timing),
    )


def submit(server: ScriptedServer, *arguments: Any, **settings: Any) -> Job:
    """Submit, and return the job."""
    return submission(server, *arguments, **settings).resume_or_submit()[0]


def now(ago: timedelta = timedelta(0)) -> str:
    return (datetime.now(timezone.utc) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
