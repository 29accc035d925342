"""The bulk jobs of ImageSearch: additions and deletions that a file increment.meta lists, and exports of all images.

What the service's report of failed rows and its export look like is not documented. The emulator writes a JSON object
a line: of a failed row ``Line``, ``ProductId``, ``PicName``, ``Code`` and ``Msg``, of an image its identity, category
and attributes.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.services.imagesearch import ADD_IMAGE, META_FILE
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.faults import NO_JOB_FAULT, JobFault, TakeJobFault
from airflow_provider_viapi.emulator.imagesearch_actions import InstanceSearch, item_of
from airflow_provider_viapi.emulator.imagesearch_storage import ImageInstances
from airflow_provider_viapi.emulator.request import Call
from airflow_provider_viapi.emulator.storage.objects import RESULTS
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.errors import InvalidRequest

LINK_SECONDS = 2 * 60 * 60
"""Validity of the links to reports and exports."""

PROCESSING, SUCCESS, FAIL = "PROCESSING", "SUCCESS", "FAIL"

log = logging.getLogger(__name__)

_ROW = ADD_IMAGE.replace(
    parameters=tuple(
        each for each in ADD_IMAGE.parameters if each.name not in ("InstanceName", "PicContent", "Crop")
    )
)
_DELETED = _ROW.replace(
    parameters=tuple(
        each.replace(required=each.name == "ProductId", min_length=0)
        for each in _ROW.parameters
        if each.name in ("ProductId", "PicName")
    )
)


@dataclass
class Task:
    """A task of an instance.

    :param id: counted from 1
    :param instance: its instance
    :param given: parameters of the call that began it
    :param created: in Unix time
    :param report: key of the file with its failed rows, or of the export
    """

    id: int
    instance: str
    given: Mapping[str, Any]
    created: float
    modified: float
    status: str = PROCESSING
    code: str = "0"
    message: str = ""
    report: str | None = None

    def end(self, now: float, status: str, code: str = "0", message: str = "success") -> None:
        """Record how it ended."""
        self.modified, self.status, self.code, self.message = now, status, code, message

    def describe(self) -> dict[str, Any]:
        """Return what lists say of any task."""
        return {
            "Id": self.id,
            "Status": self.status,
            "Code": self.code,
            "Msg": self.message,
            "UtcCreate": str(int(self.created * 1000)),
            "UtcModified": int(self.modified * 1000),
        }


class InstanceTasks:
    """The actions on bulk jobs. An instance runs one bulk job at a time.

    :param instances: storage of the images
    :param search: reads images
    :param storage: has the files, and publishes reports
    :param now: the clock, in Unix time
    :param hold: waits some seconds, or until the faults are cleared
    """

    def __init__(
        self,
        instances: ImageInstances,
        search: InstanceSearch,
        storage: Storage,
        now: Callable[[], float],
        hold: Callable[[float], Awaitable[None]],
    ) -> None:
        self._hold = hold
        self._instances = instances
        self._search = search
        self._storage = storage
        self._now = now
        self._ids = itertools.count(1)
        self._increments: list[Task] = []
        self._dumps: list[Task] = []
        self._running: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Stop all work."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def reset(self) -> None:
        """Forget all tasks and stop running work."""
        await self.stop()
        self._increments.clear()
        self._dumps.clear()

    async def increase_instance(
        self, call: Call, take_job_fault: TakeJobFault = lambda: NO_JOB_FAULT
    ) -> dict[str, Any]:
        """Begin a bulk job.

        :param take_job_fault: returns the fault of the job
        :raises ApiError: there is no such instance, or it has a task that is not done
        """
        given = call.parameters
        self._instances.check_exists(given["InstanceName"])
        if any(
            task.instance == given["InstanceName"] and task.status == PROCESSING for task in self._increments
        ):
            raise ApiError(
                "InstanceStatusError", "The previous batch task of the instance is not finished.", 409
            )
        task = self._new(call, self._increments)
        self._spawn(self._increase(task, take_job_fault()))
        return {"Success": True, "Data": {"Id": str(task.id), "IncrementStatus": task.status}}

    async def increase_list(self, call: Call) -> dict[str, Any]:
        """List bulk jobs, newest first.

        :raises ApiError: there is no such instance
        """
        given = call.parameters
        found = [
            task
            for task in self._matching(self._increments, given)
            if all(given.get(name) in (None, task.given[name]) for name in ("BucketName", "Path"))
        ]
        described = [
            {
                **task.describe(),
                "BucketName": task.given["BucketName"],
                "Path": task.given["Path"],
                "CallbackAddress": task.given.get("CallbackAddress", ""),
                **self._link(call, "ErrorUrl", task),
            }
            for task in _page(found, given)
        ]
        return {"Data": {"Increments": {"Instance": described}, **_numbers(found, given)}}

    async def dump_meta(self, call: Call) -> dict[str, Any]:
        """Begin an export.

        :raises ApiError: there is no such instance
        """
        self._instances.check_exists(call.parameters["InstanceName"])
        task = self._new(call, self._dumps)
        self._spawn(self._dump(task))
        return {"Success": True, "Data": {"Id": str(task.id), "DumpMetaStatus": task.status}}

    async def dump_meta_list(self, call: Call) -> dict[str, Any]:
        """List exports, newest first.

        :raises ApiError: there is no such instance
        """
        given = call.parameters
        found = self._matching(self._dumps, given)
        described = [{**task.describe(), **self._link(call, "MetaUrl", task)} for task in _page(found, given)]
        return {"Data": {"DumpMetaList": described, **_numbers(found, given)}}

    def _new(self, call: Call, tasks: list[Task]) -> Task:
        now = self._now()
        task = Task(next(self._ids), call.parameters["InstanceName"], dict(call.parameters), now, now)
        tasks.append(task)
        return task

    def _matching(self, tasks: Iterable[Task], given: Mapping[str, Any]) -> list[Task]:
        name = given["InstanceName"]
        self._instances.check_exists(name)
        found = [task for task in tasks if task.instance == name and given.get("Id") in (None, task.id)]
        return sorted(found, key=lambda task: -task.id)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _increase(self, task: Task, fault: JobFault) -> None:
        if fault.queued or fault.processing:
            await self._hold(fault.queued + fault.processing)
        if fault.state is not None:
            task.end(self._now(), FAIL, fault.code, fault.message)
            return
        try:
            await self._read_meta(task)
        except Exception:
            log.exception("A bulk job failed")
            task.end(self._now(), FAIL, "InternalError", "The emulator failed; its log has the reason.")

    async def _read_meta(self, task: Task) -> None:
        folder = f"/{task.given['Path'].strip('/')}".removesuffix(f"/{META_FILE}").strip("/")
        try:
            path = self._storage.objects.get(task.given["BucketName"], _key(folder, META_FILE)).path
            lines = (await asyncio.to_thread(path.read_text, "utf-8")).split("\n")
        except (ApiError, UnicodeDecodeError):
            task.end(
                self._now(), FAIL, "NoSuchKey", f"{META_FILE} does not exist in {folder}, or is not UTF-8"
            )
            return
        failed, rows = [], 0
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            rows += 1
            try:
                await self._increase_by(task, folder, line)
            except ApiError as error:
                failed.append({"Line": number, **_identity(line), "Code": error.code, "Msg": error.message})
        task.report = self._publish(failed) if failed else None
        if failed and len(failed) == rows:
            task.end(self._now(), FAIL, failed[0]["Code"], "all rows failed")
        else:
            task.end(self._now(), SUCCESS)

    async def _increase_by(self, task: Task, folder: str, line: str) -> None:
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("no object")
            operation = row.pop("OperationType", None)
            given = (_DELETED if operation == "DELETE" else _ROW).check(row)
        except (ValueError, RecursionError):
            raise ApiError("InvalidMetaItem", "The line is not one JSON object.") from None
        except InvalidRequest as invalid:
            raise ApiError("InvalidMetaItem", f"{invalid.message}.") from None
        if operation == "DELETE":
            found = self._instances.of_product(
                task.instance, given["ProductId"], given.get("PicName") or None
            )
            self._instances.delete(list(found))
        elif operation == "ADD":
            image = self._storage.objects.get(task.given["BucketName"], _key(folder, given["PicName"])).path
            features = await self._search.describe(image, given.get("Region"))
            await asyncio.to_thread(self._instances.put, task.instance, item_of(given), features.vector)
        else:
            raise ApiError("InvalidMetaItem", "OperationType is neither ADD nor DELETE.")

    async def _dump(self, task: Task) -> None:
        items = await asyncio.to_thread(lambda: list(self._instances.all(task.instance)))
        task.report = self._publish([item.describe() for item in items])
        task.end(self._now(), SUCCESS)

    def _publish(self, rows: Iterable[Mapping[str, Any]]) -> str:
        path: Path = self._storage.objects.new_file()
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
        key = f"imagesearch/{secrets.token_hex(8)}.meta"
        self._storage.objects.put(RESULTS, key, path, etag=secrets.token_hex(16).upper())
        return key

    def _link(self, call: Call, name: str, task: Task) -> dict[str, str]:
        if task.report is None:
            return {}
        return {name: self._storage.link(call.base, task.report, int(self._now()) + LINK_SECONDS)}


def _key(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _identity(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return (
        {name: row[name] for name in ("ProductId", "PicName") if name in row} if isinstance(row, dict) else {}
    )


def _page(found: list[Task], given: Mapping[str, Any]) -> list[Task]:
    size = given.get("PageSize", 10)
    start = (given.get("PageNumber", 1) - 1) * size
    return found[start : start + size]


def _numbers(found: list[Task], given: Mapping[str, Any]) -> dict[str, int]:
    return {
        "PageNumber": given.get("PageNumber", 1),
        "PageSize": given.get("PageSize", 10),
        "TotalCount": len(found),
    }
