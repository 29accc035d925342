"""The job queue: jobs wait for a worker, are processed, and keep their files until their links expire."""

from __future__ import annotations

import asyncio
import heapq
import logging
import shutil
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from airflow_provider_viapi.emulator.errors import not_emulated
from airflow_provider_viapi.emulator.jobs import QUEUING, RESULT_LIFETIME, Job
from airflow_provider_viapi.emulator.storage.objects import RESULTS
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.worker import Transform, WorkFailure, WorkResult, run_transform
from airflow_provider_viapi.emulator.worker_process import WorkerDied, WorkerProcess

WORKERS = 2
"""Number of jobs that are processed at the same time."""

log = logging.getLogger(__name__)


class JobQueue:
    """Jobs, processed in the order of their submission.

    :param folder: where their files are stored until the links expire, a folder for each job
    :param storage: serves the links to those files
    :param transforms: media work by action name
    :param now: the clock, in Unix time
    :param hold: wait some seconds, or until the faults are cleared
    :param keep_files_of: actions whose jobs keep their files after the links have expired
    :param results: results that a user has set, by the full name of the action
    :param workers: number of jobs that are processed at the same time
    """

    def __init__(
        self,
        folder: Path,
        storage: Storage,
        transforms: Mapping[str, Transform],
        now: Callable[[], float],
        hold: Callable[[float], Coroutine[Any, Any, None]],
        keep_files_of: Collection[str] = (),
        results: Mapping[str, Any] = MappingProxyType({}),
        workers: int = WORKERS,
    ) -> None:
        self._folder = folder
        self._storage = storage
        self._transforms = transforms
        self._now = now
        self._hold = hold
        self._keep_files_of = keep_files_of
        self._results = results
        self._jobs: dict[str, Job] = {}
        self._waiting: asyncio.Queue[Job] = asyncio.Queue()
        self._expiring: list[tuple[float, str]] = []
        self._processes = [WorkerProcess() for _ in range(workers)]
        self._workers: list[asyncio.Task[None]] = []
        self._held: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Job]:
        """Iterate over all jobs, oldest first."""
        return iter(self._jobs.values())

    def __reversed__(self) -> Iterator[Job]:
        """Iterate over all jobs, newest first."""
        return reversed(self._jobs.values())

    def get(self, job_id: str) -> Job | None:
        """Return the job with that id, or ``None``."""
        return self._jobs.get(job_id)

    def start(self) -> None:
        """Start to process jobs."""
        self._workers = [asyncio.ensure_future(self._work(process)) for process in self._processes]

    async def stop(self) -> None:
        """Stop all work."""
        for task in (*self._workers, *self._held):
            task.cancel()
        for process in self._processes:
            await process.close()

    async def reset(self) -> None:
        """Delete all jobs and their files, and stop their work."""
        jobs, self._jobs = self._jobs, {}
        for job in jobs.values():
            job.ended.set()
        with_files = [*jobs, *(job_id for _, job_id in self._expiring)]
        self._expiring.clear()
        while not self._waiting.empty():
            self._waiting.get_nowait()
        for task in self._held:
            task.cancel()
        for process in self._processes:
            process.interrupt()
        for process in self._processes:
            await process.wait_closed()
        await self.delete_files(with_files)

    def put(self, job: Job) -> None:
        """Add a job."""
        self._jobs[job.id] = job
        if job.fault.queued:
            self._spawn(self._put_later(job))
        else:
            self._waiting.put_nowait(job)

    def forget(self, job: Job) -> None:
        """Forget a job that nobody asks about any more; its files are kept until their links expire."""
        self._jobs.pop(job.id, None)

    def with_links(self, job: Job, value: Any, base: str) -> Any:
        """Return a result with links in place of its files.

        :param base: the address under which the client reached the emulator
        """
        if isinstance(value, Path):
            return self._storage.link(base, self.storage_key(value), int(job.links_expire))
        if isinstance(value, Mapping):
            return {name: self.with_links(job, item, base) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.with_links(job, item, base) for item in value]
        return value

    def storage_key(self, path: Path) -> str:
        """Return the key of a job's file in the bucket of results."""
        return path.relative_to(self._folder).as_posix()

    async def delete_files(self, job_ids: Iterable[str]) -> None:
        """Delete the files of jobs, sources and results."""
        for job_id in job_ids:
            self._storage.objects.delete_all(RESULTS, f"{job_id}/")
            await asyncio.to_thread(shutil.rmtree, self._folder / job_id, ignore_errors=True)

    async def _put_later(self, job: Job) -> None:
        await self._hold(job.fault.queued)
        self._waiting.put_nowait(job)

    async def _work(self, process: WorkerProcess) -> None:
        while True:
            job = await self._waiting.get()
            if job.state != QUEUING or self._was_reset(job):
                continue
            job.start(self._now())
            held = self._spawn(self._hold(job.fault.processing)) if job.fault.processing else None
            outcome = await self._outcome(job, process)
            if held is None:
                await self._end(job, outcome)
            else:
                self._spawn(self._end_after(held, job, outcome))

    async def _outcome(self, job: Job, process: WorkerProcess) -> WorkResult | WorkFailure:
        if job.fault.state is not None:
            return WorkFailure(job.fault.code, job.fault.message)
        name = f"{job.action.service.name}.{job.action.name}"
        if name in self._results:
            return WorkResult(self._results[name], {})
        transform, parameters = self._transforms.get(job.action.name), job.action.parameters
        if transform is None:
            refusal = not_emulated(name)
            return WorkFailure(refusal.code, refusal.message)
        try:
            return await process.run(
                run_transform, transform, parameters, dict(job.parameters), self._folder / job.id
            )
        except WorkerDied:
            return WorkFailure("InternalError.Algo", "The emulator's worker process died during the work.")
        except Exception:
            log.exception("Cannot pass job %s to a worker process", job.id)
            return WorkFailure(
                "InternalError.Algo", "The emulator could not pass the job to a worker process."
            )

    async def _end_after(self, held: Awaitable[None], job: Job, outcome: WorkResult | WorkFailure) -> None:
        await held
        await self._end(job, outcome)

    async def _end(self, job: Job, outcome: WorkResult | WorkFailure) -> None:
        if self._was_reset(job):
            await self.delete_files([job.id])
        elif isinstance(outcome, WorkResult):
            self._storage.put_results(job.id, self._folder / job.id)
            job.succeed(outcome.result, outcome.sources, self._now())
            if job.action.name not in self._keep_files_of:
                expire = max(job.links_expire, self._now() + RESULT_LIFETIME)
                heapq.heappush(self._expiring, (expire, job.id))
        elif job.fault.state is not None:
            job.fail(outcome.code, outcome.message, self._now(), job.fault.state)
        else:
            job.fail(outcome.code, outcome.message, self._now())
            await self.delete_files([job.id])
        await self.delete_files(self._expired())

    def _was_reset(self, job: Job) -> bool:
        # A reset may happen between any two steps.
        return job.id not in self._jobs

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._held.add(task)
        task.add_done_callback(self._held.discard)
        return task

    def _expired(self) -> list[str]:
        expired = []
        while self._expiring and self._expiring[0][0] < self._now():
            expired.append(heapq.heappop(self._expiring)[1])
        return expired
