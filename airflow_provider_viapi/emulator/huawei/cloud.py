"""Huawei Cloud without HTTP: takes a request, returns a response."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.access_keys import AccessKeys
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.faults import CallFaults, FaultList, TakeJobFault
from airflow_provider_viapi.emulator.huawei.alarms import Alarms
from airflow_provider_viapi.emulator.huawei.assets import Assets
from airflow_provider_viapi.emulator.huawei.crud import Records
from airflow_provider_viapi.emulator.huawei.errors import internal, not_emulated, status_of
from airflow_provider_viapi.emulator.huawei.files import FileActions, UploadedFiles
from airflow_provider_viapi.emulator.huawei.gateway import Gateway, Paths
from airflow_provider_viapi.emulator.huawei.identity import IamActions, Identity, Tenant
from airflow_provider_viapi.emulator.huawei.live_actions import LiveActions
from airflow_provider_viapi.emulator.huawei.media_jobs import WORK, MediaJob, MediaJobs
from airflow_provider_viapi.emulator.huawei.picture_actions import PictureActions
from airflow_provider_viapi.emulator.huawei.rest import (
    Reply,
    RestCall,
    RestRequest,
    error_response,
    iam_error_response,
    result_response,
    rfc3339,
)
from airflow_provider_viapi.emulator.huawei.speech_actions import SpeechActions
from airflow_provider_viapi.emulator.huawei.state_machines import StateJob, StateJobs
from airflow_provider_viapi.emulator.huawei.training_actions import TrainingActions
from airflow_provider_viapi.emulator.huawei.transfer_actions import TransferActions
from airflow_provider_viapi.emulator.huawei.usage_actions import UsageActions
from airflow_provider_viapi.emulator.huawei.vias_actions import ViasActions
from airflow_provider_viapi.emulator.huawei.vias_algorithm_actions import AlgorithmActions
from airflow_provider_viapi.emulator.huawei.vias_batch_actions import BatchTaskActions
from airflow_provider_viapi.emulator.huawei.video_actions import VideoActions
from airflow_provider_viapi.emulator.huawei.voice_recording_actions import VoiceRecordingActions
from airflow_provider_viapi.emulator.job_queue import JobQueue
from airflow_provider_viapi.emulator.jobs import Job
from airflow_provider_viapi.emulator.quota import Quota
from airflow_provider_viapi.emulator.response_format import ServiceResponse
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.huawei.rest import MAX_SIGNED_BODY
from airflow_provider_viapi.huawei.services import actions, iam

log = logging.getLogger(__name__)

ACTIONS = (*actions().values(), iam.CREATE_TOKEN, iam.LIST_PROJECTS)
"""The actions that can be called."""

NAMES: Collection[str] = frozenset(action.name for action in ACTIONS)
"""Action names, as faults, quotas and counts use them."""

MAX_TOKEN_BODY_BYTES = 64 << 20
"""Size of the largest body of a call that carries a valid token; it can hold several images in Base64."""


class HuaweiCloud:
    """MetaStudio, VIAS and IAM of one account; used from one event loop.

    ``accepted`` and ``rejected`` count the calls of each action; unknown actions count as ``unknown``.

    :param folder: folder for the files of jobs
    :param storage: serves the links to those files
    :param tenant: the account
    :param access_keys: accepted access keys
    :param quota: limits calls
    :param faults: faults on demand
    :param now: the clock, in Unix time
    """

    def __init__(
        self,
        folder: Path,
        storage: Storage,
        *,
        tenant: Tenant,
        access_keys: AccessKeys,
        quota: Quota,
        faults: FaultList,
        now: Callable[[], float],
    ) -> None:
        self._now = now
        self._faults = faults
        self._paths = Paths(ACTIONS)
        self._identity = Identity(tenant, access_keys, now)
        self._quota = quota
        self._gateway = Gateway(self._paths, tenant, self._identity, quota)
        self._queue = JobQueue(folder, storage, WORK, now, faults.hold)
        self._media = MediaJobs(self._queue, storage, now)
        self._alarms = Alarms(storage, now)
        self._states = StateJobs(now, faults.hold, self._alarms.task_changed)
        self._records = Records(now)
        self.uploads = UploadedFiles(storage, now)
        self._assets = Assets(self.uploads, self._media, now)
        self.accepted: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self._stopping = False
        videos = VideoActions(self._media, self._records, self._assets)
        speech = SpeechActions(self._media)
        live = LiveActions(self._states, self._records, now)
        avatars = PictureActions(self._media)
        transfers = TransferActions(self._states, self._assets, tenant, now)
        training = TrainingActions(self._states, self.uploads, self._assets, now)
        vias = ViasActions(self._states, self._records, now)
        self._batches = BatchTaskActions(self._states, self._records, now)
        self._algorithms = AlgorithmActions(self._records)
        self._recordings = VoiceRecordingActions(self._states)
        self._usage = UsageActions(self._media, self._states, now)
        self._submissions: dict[str, Callable[[RestCall, TakeJobFault], Any]] = {}
        self._handlers: dict[str, Callable[[RestCall], Any]] = {
            **self._records.handlers(),
            **self._assets.handlers(),
            **FileActions(self._assets, self.uploads).handlers(),
            **IamActions(tenant, self._identity, now).handlers(),
            **self._algorithms.handlers(),
            **self._recordings.handlers(),
            **self._usage.handlers(),
        }
        for group in (videos, speech, live, training, avatars, transfers, vias, self._batches):
            self._submissions |= group.submissions()
            self._handlers |= group.handlers()

    def start(self) -> None:
        """Start to process jobs."""
        self._queue.start()

    async def stop(self) -> None:
        """Stop all work and reject further calls."""
        self._stopping = True
        await self._states.stop()
        await self._alarms.stop()
        await self._queue.stop()

    async def reset(self) -> None:
        """Delete everything, and stop running work."""
        self._identity.reset()
        self._records.reset()
        self._batches.reset()
        self._algorithms.reset()
        self._recordings.reset()
        self._usage.reset()
        self._assets.reset()
        self.uploads.reset()
        self._media.clear()
        self.accepted.clear()
        self.rejected.clear()
        await self._states.reset()
        await self._alarms.stop()
        await self._queue.reset()

    async def respond(self, request: RestRequest) -> ServiceResponse | None:
        """Return the response to any request; ``None`` means to close the connection without a response."""
        name = self._paths.name_of(request.method, request.path)
        return await self._faults.respond(
            name,
            lambda faults: self._handle(request, name, faults),
            lambda code, message, status: self._with_rate_limit(
                name, _error_response(request, name, ApiError(code, message, status or status_of(code)))
            ),
            lambda: self.rejected.update([name or "unknown"]),
        )

    def max_body_bytes(self, token: str | None) -> int:
        """Return the size of the largest body that is read from a client.

        :param token: the IAM token that the client sends, if any
        """
        has_valid_token = token is not None and self._identity.is_valid_token(token)
        return MAX_TOKEN_BODY_BYTES if has_valid_token else MAX_SIGNED_BODY

    def expire_tokens(self) -> None:
        """Expire every token that was issued."""
        self._identity.expire_tokens()

    def move(self, job_id: str, state: str, code: str | None = None, message: str | None = None) -> bool:
        """Set the state of a VIAS task, a live task or a model; it continues from there.

        :param code: error code of an error state
        :return: false if there is no such job
        """
        job = self._states.get(job_id)
        if job is None:
            return False
        self._states.move(job, state, code, message)
        return True

    def review(self, job_id: str, *, accept: bool) -> bool:
        """Accept or reject the files of a model, as a reviewer does; return false if there is nothing to review."""
        job = self._states.get(job_id)
        return job is not None and self._states.send(job, "accept" if accept else "reject")

    def media_jobs(self) -> list[Job]:
        """Return the jobs that produce files, oldest first."""
        return list(self._queue)

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job as plain values, oldest first."""
        jobs: list[MediaJob | StateJob] = sorted(
            [*self._media, *self._states],
            key=lambda each: each.job.created_at if isinstance(each, MediaJob) else each.created_at,
        )
        return [_describe(each) for each in jobs]

    async def _handle(self, request: RestRequest, name: str, faults: CallFaults) -> ServiceResponse:
        try:
            action, reply = await self._perform(request, faults)
        except ApiError as error:
            self.rejected[name or "unknown"] += 1
            return self._with_rate_limit(name, _error_response(request, name, error))
        self.accepted[name] += 1
        return self._with_rate_limit(name, result_response(request, action, reply))

    def _with_rate_limit(self, name: str, response: ServiceResponse) -> ServiceResponse:
        if not name:
            return response
        total, remaining = self._quota.usage(name)
        # The documents describe the value of X-ratelimit-used as the number of remaining requests.
        headers = {
            "x-ratelimit": str(total), "x-ratelimit-used": str(remaining), "x-ratelimit-window": "minute"
        }  # fmt: skip
        return replace(response, headers={**response.headers, **headers})

    async def _perform(self, request: RestRequest, faults: CallFaults) -> tuple[Any, Reply]:
        self._check_running()
        call = self._gateway.admit(request)
        await faults.wait_until_accepted()
        self._check_running()
        name = call.action.name
        try:
            if name in self._submissions:
                reply = self._submissions[name](call, faults.take_job_fault)
            elif name in self._handlers:
                reply = self._handlers[name](call)
            else:
                raise not_emulated(name)
        except ApiError:
            raise
        except Exception:
            log.exception("A call failed")
            raise internal(call.action.service.name) from None
        return call.action, reply if isinstance(reply, Reply) else Reply(reply)

    def _check_running(self) -> None:
        if self._stopping:
            raise ApiError("APIGW.0202", "Backend unavailable: the emulator is stopping.", 502)


_IAM = {iam.CREATE_TOKEN.name, iam.LIST_PROJECTS.name}


def _error_response(request: RestRequest, name: str, error: ApiError) -> ServiceResponse:
    # The gateway precedes IAM too; its codes start with APIG, and IAM's own errors have no code.
    if name in _IAM and not error.code.startswith("APIG"):
        return iam_error_response(request, error)
    return error_response(request, error)


def _describe(each: MediaJob | StateJob) -> dict[str, Any]:
    inner = each.job if isinstance(each, MediaJob) else each
    finished = each.job.finished_at if isinstance(each, MediaJob) else None
    request: Mapping[str, Any] = each.request
    return {
        "job_id": each.id,
        "service": inner.action.service.name,
        "action": inner.action.name,
        "status": each.state,
        "created_at": rfc3339(inner.created_at),
        "started_at": rfc3339(inner.started_at),
        "finished_at": rfc3339(finished),
        "request": dict(request),
        "error_code": inner.error_code,
        "error_message": inner.error_message,
    }
