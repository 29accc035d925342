"""Huawei Cloud without HTTP: a request in, an answer out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.access_keys import AccessKeys
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.faults import FaultList, JobFaults
from airflow_provider_viapi.emulator.huawei.assets import Assets
from airflow_provider_viapi.emulator.huawei.crud import Records
from airflow_provider_viapi.emulator.huawei.errors import internal, not_emulated, status_of
from airflow_provider_viapi.emulator.huawei.file_actions import FileActions
from airflow_provider_viapi.emulator.huawei.files import UploadedFiles
from airflow_provider_viapi.emulator.huawei.gateway import Gateway
from airflow_provider_viapi.emulator.huawei.iam_actions import IamActions
from airflow_provider_viapi.emulator.huawei.identity import Identity, Tenant
from airflow_provider_viapi.emulator.huawei.live_actions import LiveActions
from airflow_provider_viapi.emulator.huawei.media_jobs import WORK, MediaJob, MediaJobs
from airflow_provider_viapi.emulator.huawei.model_actions import ModelActions
from airflow_provider_viapi.emulator.huawei.rest import (
    RestCall,
    RestRequest,
    Told,
    error_answer,
    iam_error_answer,
    result_answer,
    rfc3339,
)
from airflow_provider_viapi.emulator.huawei.routing import Paths
from airflow_provider_viapi.emulator.huawei.speech_actions import SpeechActions
from airflow_provider_viapi.emulator.huawei.state_machines import FlowJob, FlowJobs
from airflow_provider_viapi.emulator.huawei.vias_actions import ViasActions
from airflow_provider_viapi.emulator.huawei.video_actions import Asked, VideoActions
from airflow_provider_viapi.emulator.job_queue import JobQueue
from airflow_provider_viapi.emulator.jobs import Job
from airflow_provider_viapi.emulator.quota import Quota
from airflow_provider_viapi.emulator.responses import Answer
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.huawei.services import actions, iam

log = logging.getLogger(__name__)

ACTIONS = (*actions().values(), iam.CREATE_TOKEN, iam.LIST_PROJECTS)
"""What can be called."""

NAMES: Collection[str] = frozenset(action.name for action in ACTIONS)
"""The names that faults, quotas and counts go by."""


class HuaweiCloud:
    """MetaStudio, VIAS and IAM of one account; used from one event loop.

    :param folder: where jobs keep their files
    :param storage: where they can be fetched
    :param tenant: the account
    :param access_keys: those that may sign
    :param quota: how often each action may be called
    :param faults: what is to go wrong
    :param now: the clock, in Unix time

    ``accepted`` and ``rejected`` count the calls of each action; those of no known action are ``unknown``.
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
        self._gateway = Gateway(self._paths, tenant, self._identity, quota)
        self._queue = JobQueue(folder, storage, WORK, now, faults.hold)
        self._media = MediaJobs(self._queue, storage, now)
        self._flows = FlowJobs(now, faults.hold)
        self._records = Records(now)
        self.uploads = UploadedFiles(storage, now)
        self._assets = Assets(self.uploads, self._media, now)
        self.accepted: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self._stopping = False
        videos = VideoActions(self._media, self._records, self._assets)
        speech = SpeechActions(self._media)
        live = LiveActions(self._flows, self._records, now)
        models = ModelActions(self._flows, self.uploads, now)
        vias = ViasActions(self._flows, self._records, now)
        self._submissions: dict[str, Callable[[RestCall, Asked], Any]] = {}
        self._handlers: dict[str, Callable[[RestCall], Any]] = {
            **self._records.handlers(),
            **self._assets.handlers(),
            **FileActions(self._assets, self.uploads).handlers(),
            **IamActions(tenant, self._identity, now).handlers(),
        }
        for chapter in (videos, speech, live, models, vias):
            self._submissions |= chapter.submissions()
            self._handlers |= chapter.handlers()

    def start(self) -> None:
        """Begin to work on jobs."""
        self._queue.start()

    async def stop(self) -> None:
        """End all work; calls are refused from now on."""
        self._stopping = True
        await self._flows.stop()
        await self._queue.stop()

    async def reset(self) -> None:
        """Forget everything, and end running work."""
        self._identity.reset()
        self._records.reset()
        self._assets.reset()
        self.uploads.reset()
        self._media.forget()
        self.accepted.clear()
        self.rejected.clear()
        await self._flows.reset()
        await self._queue.reset()

    async def answer(self, request: RestRequest) -> Answer | None:
        """The answer to a request, whatever it is; ``None`` if the connection is to be closed without one."""
        name = self._paths.name_of(request.method, request.path)
        return await self._faults.answer(
            name,
            lambda job_faults: self._answer(request, name, job_faults),
            lambda code, fault: _refused(
                request, name, ApiError(code, fault.message, fault.status or status_of(code))
            ),
            lambda: self.rejected.update([name or "unknown"]),
        )

    def expire_tokens(self) -> None:
        """Let every token that was given be one that has expired."""
        self._identity.expire_tokens()

    def move(self, job_id: str, state: str, code: str | None = None, message: str | None = None) -> bool:
        """Let a task, a live task or a model be in a state, as if its service or a person had put it there.

        It goes on from there by itself, if anything follows.

        :param code: the reason, of a state that tells of something wrong
        :return: whether there is such a job
        """
        job = self._flows.get(job_id)
        if job is None:
            return False
        self._flows.move(job, state, code, message)
        return True

    def review(self, job_id: str, *, accept: bool) -> bool:
        """Do what the person does who reviews the files of a model; whether there was anything to review."""
        job = self._flows.get(job_id)
        return job is not None and self._flows.tell(job, "accept" if accept else "reject")

    def media_jobs(self) -> list[Job]:
        """The jobs that make files, the oldest first."""
        return list(self._queue)

    def jobs(self) -> list[dict[str, Any]]:
        """Every job as plain values, by the time at which it was made."""
        made: list[MediaJob | FlowJob] = sorted(
            [*self._media, *self._flows],
            key=lambda each: each.job.created_at if isinstance(each, MediaJob) else each.created_at,
        )
        return [_described(each) for each in made]

    async def _answer(self, request: RestRequest, name: str, job_faults: JobFaults) -> Answer:
        try:
            action, told = self._perform(request, job_faults)
        except ApiError as error:
            self.rejected[name or "unknown"] += 1
            return _refused(request, name, error)
        self.accepted[name] += 1
        return result_answer(request, action, told)

    def _perform(self, request: RestRequest, job_faults: JobFaults) -> tuple[Any, Told]:
        if self._stopping:
            raise ApiError("APIGW.0202", "Backend unavailable: the emulator is stopping.", 502)
        call = self._gateway.admit(request)
        name = call.action.name
        try:
            if name in self._submissions:
                told = self._submissions[name](call, job_faults)
            elif name in self._handlers:
                told = self._handlers[name](call)
            else:
                raise not_emulated(name)
        except ApiError:
            raise
        except Exception:
            log.exception("A call failed")
            raise internal(call.action.service.name) from None
        return call.action, told if isinstance(told, Told) else Told(told)


_IAM = {iam.CREATE_TOKEN.name, iam.LIST_PROJECTS.name}


def _refused(request: RestRequest, name: str, error: ApiError) -> Answer:
    # The gateway stands before IAM too; an error without a code is IAM's own.
    if name in _IAM and not error.code.startswith("APIG"):
        return iam_error_answer(request, error)
    return error_answer(request, error)


def _described(each: MediaJob | FlowJob) -> dict[str, Any]:
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
