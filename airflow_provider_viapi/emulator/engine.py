"""The emulator without HTTP: takes a request, returns a response."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from airflow_provider_viapi.alibaba.services import actions
from airflow_provider_viapi.alibaba.services.imagesearch import INCREASE_INSTANCE
from airflow_provider_viapi.emulator import face_templates
from airflow_provider_viapi.emulator.access_keys import AccessKey, AccessKeys
from airflow_provider_viapi.emulator.dashboard import Page
from airflow_provider_viapi.emulator.data_folder import DataFolder
from airflow_provider_viapi.emulator.errors import ApiError, status_of
from airflow_provider_viapi.emulator.fault_schema import parse_fault
from airflow_provider_viapi.emulator.faults import CallAbandoned, CallFaults, FaultList, JobFault
from airflow_provider_viapi.emulator.gateway import Gateway
from airflow_provider_viapi.emulator.huawei.cloud import NAMES as HUAWEI_NAMES, HuaweiCloud
from airflow_provider_viapi.emulator.huawei.identity import Tenant
from airflow_provider_viapi.emulator.imagesearch_actions import InstanceSearch
from airflow_provider_viapi.emulator.imagesearch_storage import ImageInstances
from airflow_provider_viapi.emulator.imagesearch_tasks import InstanceTasks
from airflow_provider_viapi.emulator.imgsearch_actions import ImageSearch
from airflow_provider_viapi.emulator.imgsearch_storage import ImageDatabases
from airflow_provider_viapi.emulator.job_actions import JobActions
from airflow_provider_viapi.emulator.job_messages import JobMessageSender
from airflow_provider_viapi.emulator.job_queue import JobQueue
from airflow_provider_viapi.emulator.jobs import Job
from airflow_provider_viapi.emulator.media import TRANSFORMS
from airflow_provider_viapi.emulator.quota import CallsPerSecond, Quota
from airflow_provider_viapi.emulator.request import Call, Request
from airflow_provider_viapi.emulator.response_format import ServiceResponse, error_response, result_response
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.worker import Transform

Handler = Callable[[Call], Awaitable[Mapping[str, Any]]]

_HANDLERS = {
    "GetAsyncJobResult": "_jobs.get_async_job_result",
    "QueryAsyncJobList": "_jobs.query_async_job_list",
    "CancelWaitingAsyncJob": "_jobs.cancel_waiting_async_job",
    "QueryFaceVideoTemplate": "_templates.query_face_video_template",
    "DeleteFaceVideoTemplate": "_templates.delete_face_video_template",
    "imagesearch.AddImage": "_instances.add_image",
    "imagesearch.UpdateImage": "_instances.update_image",
    "imagesearch.DeleteImage": "_instances.delete_image",
    "imagesearch.CheckImageExists": "_instances.check_image_exists",
    "imagesearch.CompareSimilarByImage": "_instances.compare_similar_by_image",
    "imagesearch.Detail": "_instances.detail",
    "imagesearch.SearchImageByPic": "_instances.search_image_by_pic",
    "imagesearch.SearchImageByName": "_instances.search_image_by_name",
    "imagesearch.SearchImageByFilter": "_instances.search_image_by_filter",
    "imagesearch.IncreaseInstance": "_tasks.increase_instance",
    "imagesearch.IncreaseList": "_tasks.increase_list",
    "imagesearch.DumpMeta": "_tasks.dump_meta",
    "imagesearch.DumpMetaList": "_tasks.dump_meta_list",
    "CreateImageDb": "_search.create_image_db",
    "DeleteImageDb": "_search.delete_image_db",
    "ListImageDbs": "_search.list_image_dbs",
    "imgsearch.AddImage": "_search.add_image",
    "ListImages": "_search.list_images",
    "imgsearch.DeleteImage": "_search.delete_image",
    "SearchImage": "_search.search_image",
    "AuthorizeFileUpload": "storage.uploads.authorize_file_upload",
}
"""Actions that are answered without media work, and the methods of an engine that answer them.

By their names, or by their full names where several services have an action of that name.
"""

IMAGE_INSTANCES = ("demo",)
"""Instances of ImageSearch that there are unless others are named."""

log = logging.getLogger(__name__)


def emulated_actions() -> set[str]:
    """Return the full names of the actions that are answered with real data or media."""
    names = {*_HANDLERS, *TRANSFORMS, face_templates.ADD}
    return {full_name for full_name, action in actions().items() if names & {full_name, action.name}}


class Engine:
    """An emulator; used from one event loop.

    :param folder: where its files are stored
    :param keys: the access keys to accept
    :param transforms: media work by action name; other work is refused
    :param calls_per_second: limit for each action, or by action name; default: no limit
    :param tenant: the account in Huawei Cloud
    :param image_instances: names of the instances of ImageSearch, which no call can make
    :param job_messages: receives the jobs of VIAPI, to send a message when each ends; default: no messages
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
        image_instances: Iterable[str] = IMAGE_INSTANCES,
        job_messages: JobMessageSender | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        self._access_keys = AccessKeys(keys, now)
        self._quota = Quota(calls_per_second, now)
        self._gateway = Gateway(actions().values(), self._access_keys, self._quota)
        self._faults = FaultList()
        self.job_messages = job_messages or JobMessageSender(None)
        self._databases = ImageDatabases(folder.image_databases)
        self.storage = Storage(folder.objects, self._access_keys, now)
        self._results: dict[str, Any] = {}
        self._queue = JobQueue(
            folder.files,
            self.storage,
            transforms,
            now,
            self._faults.hold,
            keep_files_of=[face_templates.ADD],
            results=self._results,
        )
        # What is answered at once does not wait behind jobs.
        self._at_once = JobQueue(
            folder.files, self.storage, transforms, now, self._faults.hold, results=self._results, workers=1
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
        self._search = ImageSearch(self._databases, folder.images, now)
        self._images = ImageInstances(folder.image_instances, image_instances)
        self._instances = InstanceSearch(self._images, self.storage, folder.images, now)
        self._tasks = InstanceTasks(self._images, self._instances, self.storage, now, self._faults.hold)
        self._handlers: dict[str, Handler] = {
            name: attrgetter(path)(self) for name, path in _HANDLERS.items()
        }
        self._accepted: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._stopping = False

    def start(self) -> None:
        """Start to process jobs."""
        self._queue.start()
        self._at_once.start()
        self.huawei.start()
        self.job_messages.start()

    async def stop(self) -> None:
        """Stop all work and reject further calls; calls in progress get their responses."""
        self._stopping = True
        self._faults.clear()
        await asyncio.gather(
            self._queue.stop(), self._at_once.stop(), self.huawei.stop(), self.job_messages.stop()
        )
        await self._tasks.stop()
        await asyncio.gather(self._search.stop(), self._instances.stop())
        self._databases.close()
        self._images.close()

    async def respond(self, request: Request) -> ServiceResponse | None:
        """Return the response to any request; ``None`` means to close the connection without a response."""
        return await self._faults.respond(
            request.action,
            lambda faults: self._handle(request, faults),
            lambda code, message, status: self._fault_response(request, code, message, status),
            lambda: self._rejected.update([self._counted_as(request)]),
        )

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job as plain values, VIAPI's jobs first, each oldest first."""
        return self._jobs.describe() + self.huawei.jobs()

    def page(self) -> Page:
        """Return the data of the dashboard."""
        jobs = sorted([*self._queue, *self.huawei.media_jobs()], key=lambda job: job.created_at)
        return Page(jobs[::-1], self._jobs.dashboard_link, self.calls(), len(self.faults()), self._now())

    def calls(self) -> dict[str, dict[str, int]]:
        """Return the number of accepted and rejected calls of each action; unknown actions count as ``unknown``."""
        accepted, rejected = self._accepted + self.huawei.accepted, self._rejected + self.huawei.rejected
        return {
            name: {"accepted": accepted[name], "rejected": rejected[name]}
            for name in sorted(accepted.keys() | rejected.keys())
        }

    def faults(self) -> list[dict[str, Any]]:
        """Return the waiting faults as they were described, with the remaining ``times``."""
        return self._faults.describe()

    def add_fault(self, description: object) -> None:
        """Add a fault.

        :raises InvalidFault: the description is not valid
        """
        self._faults.add(
            parse_fault(
                description,
                self._gateway.actions,
                HUAWEI_NAMES,
                job_actions={*self._gateway.job_actions, INCREASE_INSTANCE.name},
            )
        )

    def clear_faults(self) -> None:
        """Delete all faults, and release the calls and jobs that they hold."""
        self._faults.clear()

    def set_result(self, action: str, result: Mapping[str, Any] | None) -> None:
        """Set what calls and jobs of an action return in place of the emulator's own work.

        :param action: its full name
        :param result: ``None``: the emulator's own work again
        :raises KeyError: there is no such action
        """
        if action not in self._gateway.full_names:
            raise KeyError(action)
        self._results.pop(action, None)
        if result is not None:
            self._results[action] = dict(result)

    def issue_key(self, seconds: float) -> AccessKey:
        """Issue a temporary key of the account, as STS does.

        :param seconds: its validity
        """
        return self._access_keys.issue(seconds)

    async def reset(self) -> None:
        """Delete jobs, calls, nonces, keys, objects, image databases, faults and set results; stop running work."""
        self._faults.reset()
        self._results.clear()
        self._access_keys.reset()
        self._quota.reset()
        self._jobs.reset()
        self._templates.reset()
        self.storage.clear()
        self._accepted.clear()
        self._rejected.clear()
        await asyncio.gather(
            self._queue.reset(), self._at_once.reset(), self._search.reset(), self.huawei.reset()
        )
        await self._tasks.reset()
        await self._instances.reset()

    async def _handle(self, request: Request, faults: CallFaults) -> ServiceResponse:
        counted_as = self._counted_as(request)
        try:
            content = await self._perform(request, faults)
        except ApiError as error:
            self._rejected[counted_as] += 1
            return error_response(request, error)
        self._accepted[counted_as] += 1
        return result_response(request, content)

    async def _perform(self, request: Request, faults: CallFaults) -> Mapping[str, Any]:
        self._check_running()
        try:
            call = self._gateway.admit(request)
            await faults.wait_until_accepted()
            self._check_running()
            if call.action.is_job:
                accepted = self._jobs.submit(call, faults.take_job_fault)
                self.job_messages.follow(self._queue.get(call.id))
                return accepted
            if call.action.full_name == INCREASE_INSTANCE.full_name:
                return await self._tasks.increase_instance(call, faults.take_job_fault)
            handler = self._handlers.get(call.action.full_name) or self._handlers.get(call.action.name)
            return await (self._answer(call, faults) if handler is None else handler(call))
        except (ApiError, CallAbandoned):
            raise
        except Exception:
            if not self._stopping:
                log.exception("A call failed")
            raise ApiError("InternalError", "The emulator failed; its log has the reason.") from None

    async def _answer(self, call: Call, faults: CallFaults) -> Mapping[str, Any]:
        """Do the work of an action that is answered at once."""
        lifetime = faults.take_result_fault().result_expires
        fault = JobFault(result_expires=lifetime)
        job = Job(call.id, call.action, call.parameters, call.wire, self._now(), fault)
        self._at_once.put(job)
        try:
            await job.ended.wait()
        finally:
            self._at_once.forget(job)
        if job.error_code is not None:
            raise ApiError(job.error_code, job.error_message or "")
        if job.result is None:
            raise ApiError("ServiceUnavailable", "The emulator was reset.")
        result = self._at_once.with_links(job, job.result, call.base)
        return result if call.action.result_in_body else {"Data": result}

    def _check_running(self) -> None:
        if self._stopping:
            raise ApiError("ServiceUnavailable", "The emulator is stopping.")

    def _fault_response(
        self, request: Request, code: str, message: str, status: int | None
    ) -> ServiceResponse:
        status = status or status_of(code, self._gateway.service_of(request))
        return error_response(request, ApiError(code, message, status))

    def _counted_as(self, request: Request) -> str:
        return request.action if request.action in self._gateway.actions else "unknown"
