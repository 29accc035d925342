"""The emulator without HTTP: a request in, an answer out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from airflow_provider_viapi.alibaba.services import actions
from airflow_provider_viapi.alibaba.services.openplatform import AUTHORIZE_FILE_UPLOAD
from airflow_provider_viapi.emulator import face_templates
from airflow_provider_viapi.emulator.access_keys import AccessKey, AccessKeys
from airflow_provider_viapi.emulator.dashboard import Page
from airflow_provider_viapi.emulator.data_folder import DataFolder
from airflow_provider_viapi.emulator.errors import ApiError, not_emulated, status_of
from airflow_provider_viapi.emulator.fault_schema import read_fault
from airflow_provider_viapi.emulator.faults import CallFault, FaultList, JobFaults
from airflow_provider_viapi.emulator.gateway import Gateway
from airflow_provider_viapi.emulator.huawei.cloud import NAMES as HUAWEI_NAMES
from airflow_provider_viapi.emulator.huawei.cloud import HuaweiCloud
from airflow_provider_viapi.emulator.huawei.identity import Tenant
from airflow_provider_viapi.emulator.image_database import ImageDatabases
from airflow_provider_viapi.emulator.image_search import ImageSearch
from airflow_provider_viapi.emulator.job_actions import JobActions
from airflow_provider_viapi.emulator.job_queue import JobQueue
from airflow_provider_viapi.emulator.quota import CallsPerSecond, Quota
from airflow_provider_viapi.emulator.request import Call, Request
from airflow_provider_viapi.emulator.responses import Answer, error_answer, result_answer
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.worker import Transform

log = logging.getLogger(__name__)


class Engine:
    """An emulator; used from one event loop.

    :param folder: where it keeps its things
    :param keys: the access keys that may call
    :param transforms: the media work by the name of the action; what is missing here is refused
    :param calls_per_second: the quota, of each action or by the action's name; none if ``None``
    :param tenant: the account in Huawei's cloud
    :param now: the clock, in Unix time
    """

    def __init__(
        self,
        folder: DataFolder,
        *,
        keys: Iterable[AccessKey],
        transforms: Mapping[str, Transform],
        calls_per_second: CallsPerSecond = None,
        tenant: Tenant | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        self._access_keys = AccessKeys(keys, now)
        self._quota = Quota(calls_per_second, now)
        known = [*actions().values(), AUTHORIZE_FILE_UPLOAD]
        self._gateway = Gateway(known, self._access_keys, self._quota)
        self._faults = FaultList()
        self._databases = ImageDatabases(folder.image_databases)
        self.storage = Storage(folder.objects, self._access_keys, now)
        self._queue = JobQueue(
            folder.files, self.storage, transforms, now, self._faults.hold, keeping=[face_templates.ADD]
        )
        self._jobs = JobActions(self._queue, self.storage, now)
        self.huawei = HuaweiCloud(
            folder.files,
            self.storage,
            tenant=tenant or Tenant(),
            access_keys=self._access_keys,
            quota=self._quota,
            faults=self._faults,
            now=now,
        )
        self._templates = face_templates.FaceTemplates(self._queue, self.storage, now)
        self._search = ImageSearch(self._databases, folder.pictures, now)
        self._handlers: dict[str, Callable[[Call], Awaitable[Mapping[str, Any]]]] = {
            "GetAsyncJobResult": self._jobs.get_async_job_result,
            "QueryAsyncJobList": self._jobs.query_async_job_list,
            "CancelWaitingAsyncJob": self._jobs.cancel_waiting_async_job,
            "QueryFaceVideoTemplate": self._templates.query_face_video_template,
            "DeleteFaceVideoTemplate": self._templates.delete_face_video_template,
            "CreateImageDb": self._search.create_image_db,
            "DeleteImageDb": self._search.delete_image_db,
            "ListImageDbs": self._search.list_image_dbs,
            "AddImage": self._search.add_image,
            "ListImages": self._search.list_images,
            "DeleteImage": self._search.delete_image,
            "SearchImage": self._search.search_image,
            "AuthorizeFileUpload": self.storage.uploads.authorize_file_upload,
        }
        self._accepted: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._stopping = False

    def start(self) -> None:
        """Begin to work on jobs."""
        self._queue.start()
        self.huawei.start()

    async def stop(self) -> None:
        """End all work, and let what waits for it be answered; calls are refused from now on."""
        self._stopping = True
        self._faults.clear()
        await asyncio.gather(self._queue.stop(), self.huawei.stop())
        await self._search.stop()
        self._databases.close()

    async def answer(self, request: Request) -> Answer | None:
        """The answer to a request, whatever it is; ``None`` if the connection is to be closed without one."""
        return await self._faults.answer(
            request.action,
            lambda job_faults: self._answer(request, job_faults),
            lambda code, fault: self._refuse(request, code, fault),
            lambda: self._rejected.update([self._counted(request)]),
        )

    def jobs(self) -> list[dict[str, Any]]:
        """Every job as plain values, the oldest first of each cloud."""
        return self._jobs.describe() + self.huawei.jobs()

    def page(self) -> Page:
        """What people are shown."""
        jobs = sorted([*self._queue, *self.huawei.media_jobs()], key=lambda job: job.created_at)
        return Page(jobs[::-1], self._jobs.page_link, self.calls(), len(self.faults()), self._now())

    def calls(self) -> dict[str, dict[str, int]]:
        """How many calls of each action were accepted and rejected; those of no known action are ``unknown``."""
        accepted, rejected = self._accepted + self.huawei.accepted, self._rejected + self.huawei.rejected
        return {
            name: {"accepted": accepted[name], "rejected": rejected[name]}
            for name in sorted(accepted.keys() | rejected.keys())
        }

    def faults(self) -> list[dict[str, Any]]:
        """The faults to come as they were described, with ``times`` as many as are left."""
        return self._faults.describe()

    def add_fault(self, described: object) -> None:
        """Let something go wrong.

        :raises BadFault: the description makes no sense
        """
        self._faults.add(read_fault(described, self._gateway.actions, HUAWEI_NAMES))

    def clear_faults(self) -> None:
        """Let nothing go wrong any more, and let go what is held."""
        self._faults.clear()

    def issue_key(self, seconds: float) -> AccessKey:
        """A temporary key of the account, as STS gives one.

        :param seconds: how long it may call
        """
        return self._access_keys.issue(seconds)

    async def reset(self) -> None:
        """Forget everything: jobs, calls, nonces, temporary keys, objects, image databases and
        faults; end running work.
        """
        self._faults.clear()
        self._access_keys.reset()
        self._quota.reset()
        self._jobs.reset()
        self._templates.reset()
        self.storage.clear()
        self._accepted.clear()
        self._rejected.clear()
        await asyncio.gather(self._queue.reset(), self._search.reset(), self.huawei.reset())

    async def _answer(self, request: Request, job_faults: JobFaults) -> Answer:
        counted = self._counted(request)
        try:
            content = await self._perform(request, job_faults)
        except ApiError as error:
            self._rejected[counted] += 1
            return error_answer(request, error)
        self._accepted[counted] += 1
        return result_answer(request, content)

    async def _perform(self, request: Request, job_faults: JobFaults) -> Mapping[str, Any]:
        if self._stopping:
            raise ApiError("ServiceUnavailable", "The emulator is stopping.")
        try:
            call = self._gateway.admit(request)
            if call.action.is_job:
                return self._jobs.submit(call, job_faults)
            handler = self._handlers.get(call.action.name)
            if handler is None:
                raise not_emulated(call.action.name)
            return await handler(call)
        except ApiError:
            raise
        except Exception:
            if not self._stopping:
                log.exception("A call failed")
            raise ApiError("InternalError", "The emulator failed; its log says why.") from None

    def _refuse(self, request: Request, code: str, fault: CallFault) -> Answer:
        status = fault.status or status_of(code, self._gateway.service_of(request.action))
        return error_answer(request, ApiError(code, fault.message, status))

    def _counted(self, request: Request) -> str:
        return request.action if request.action in self._gateway.actions else "unknown"
