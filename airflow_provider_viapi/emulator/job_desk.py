"""Jobs: taking them in, having them done, and telling how they are."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.bench import Bench, WorkerDied
from airflow_provider_viapi.emulator.call import Call
from airflow_provider_viapi.emulator.jobs import Job
from airflow_provider_viapi.emulator.links import LIFETIME, Links
from airflow_provider_viapi.emulator.refusal import Refusal, not_emulated
from airflow_provider_viapi.emulator.worker import Fault, Transform, make_media

WORKERS = 2
"""Jobs that are worked on at the same time."""

log = logging.getLogger(__name__)


class JobDesk:
    """Takes jobs in, has them done in their order, and keeps what came of them.

    :param folder: where their files lie until the links to them expire
    :param transforms: the media work by the name of the action
    :param now: the clock, in Unix time
    """

    def __init__(self, folder: Path, transforms: Mapping[str, Transform], now: Callable[[], float]) -> None:
        self._folder = folder
        self._transforms = transforms
        self._now = now
        self._links = Links(now)
        self._jobs: dict[str, Job] = {}
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._done: deque[Job] = deque()
        self._benches = [Bench() for _ in range(WORKERS)]
        self._attendants: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work on what is submitted."""
        self._attendants = [asyncio.ensure_future(self._attend(bench)) for bench in self._benches]

    async def stop(self) -> None:
        """End all work, whatever state it is in."""
        for attendant in self._attendants:
            attendant.cancel()
        for bench in self._benches:
            await bench.close()

    async def reset(self) -> None:
        """Forget all jobs, end their work and delete their files."""
        jobs, self._jobs = self._jobs, {}
        self._done.clear()
        while not self._queue.empty():
            self._queue.get_nowait()
        for bench in self._benches:
            bench.interrupt()
        for bench in self._benches:
            await bench.settle()
        await asyncio.to_thread(self._delete_files, jobs.values())

    async def submit(self, call: Call) -> dict[str, Any]:
        """Take a job in.

        :raises Refusal: the emulator cannot do such jobs
        """
        if call.action.name not in self._transforms:
            raise not_emulated(call.action.name)
        self._jobs[call.id] = job = Job(call.id, call.action, call.parameters, call.wire, self._now())
        self._queue.put_nowait(job)
        return {
            "Message": "The emulator works on this job now; GetAsyncJobResult, with this RequestId as the "
            "JobId, tells when its result is there."
        }

    async def look(self, call: Call) -> dict[str, Any]:
        """Tell the state of a job and, when it is done, its result.

        :raises Refusal: there is no such job
        """
        job = self._jobs.get(call.parameters["JobId"])
        if job is None:
            raise Refusal("InvalidParameter.BadRequest", "The emulator has no job with this JobId.")
        data = {"JobId": job.id, "Status": job.state}
        if job.files:
            data["Result"] = json.dumps(self._result(job, call.base))
        if job.error_code is not None:
            data |= {"ErrorCode": job.error_code, "ErrorMessage": job.error_message or ""}
        return {"Data": data}

    def file(self, job_id: str, name: str, query: Mapping[str, str]) -> Path:
        """The file that a link leads to.

        :param query: what the link carries besides
        :raises Refusal: the link is not one of the emulator's, has expired, or its file was deleted
        """
        self._links.check(job_id, name, query)
        job = self._jobs.get(job_id)
        if job is None:
            raise Refusal("NoSuchKey", "The emulator was reset; this file is gone.", 404)
        return next(path for path in job.files.values() if path.name == name)

    def describe(self) -> list[dict[str, Any]]:
        """Every job as plain values, the oldest first."""
        return [
            {
                "job_id": job.id,
                "action": job.action.name,
                "status": job.state,
                "created_at": datetime.fromtimestamp(job.created_at, timezone.utc).isoformat(),
                "request": dict(job.wire),
                "error_code": job.error_code,
                "error_message": job.error_message,
            }
            for job in self._jobs.values()
        ]

    def _result(self, job: Job, base: str) -> dict[str, str]:
        expires = _expiry(job)
        return {
            field: self._links.sign(base, job.id, path.name, expires) for field, path in job.files.items()
        }

    async def _attend(self, bench: Bench) -> None:
        while True:
            job = await self._queue.get()
            job.start()
            made = await self._make(job, bench)
            if isinstance(made, Fault):
                job.fail(made.code, made.message, self._now())
                await asyncio.to_thread(self._delete_files, [job])
            else:
                job.succeed(made, self._now())
                self._done.append(job)
            await asyncio.to_thread(self._delete_files, self._expired())

    async def _make(self, job: Job, bench: Bench) -> dict[str, Path] | Fault:
        transform, parameters = self._transforms[job.action.name], job.action.parameters
        try:
            return await bench.run(
                make_media, transform, parameters, dict(job.parameters), self._folder / job.id
            )
        except WorkerDied:
            return Fault("InternalError.Algo", "The emulator's worker process died during the work.")
        except Exception:
            log.exception("A job could not be handed to a worker process")
            return Fault("InternalError.Algo", "The emulator could not hand the job to a worker process.")

    def _expired(self) -> list[Job]:
        expired = []
        while self._done and _expiry(self._done[0]) < self._now():
            expired.append(self._done.popleft())
        return expired

    def _delete_files(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            shutil.rmtree(self._folder / job.id, ignore_errors=True)


def _expiry(job: Job) -> int:
    return int((job.finished_at or 0.0) + LIFETIME)
