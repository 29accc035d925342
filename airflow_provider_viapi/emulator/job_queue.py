"""The queue of jobs: they wait for a worker, are worked on, and what they made is kept for a while."""

from __future__ import annotations

import asyncio
import heapq
import logging
import shutil
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.errors import not_emulated
from airflow_provider_viapi.emulator.jobs import QUEUING, RESULT_LIFETIME, Job
from airflow_provider_viapi.emulator.storage.objects import RESULTS
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.worker import Made, Transform, WorkFailure, make_media
from airflow_provider_viapi.emulator.worker_process import WorkerDied, WorkerProcess

WORKERS = 2
"""Jobs that are worked on at the same time."""

log = logging.getLogger(__name__)


class JobQueue:
    """Jobs, worked on in the order in which they were submitted.

    :param folder: where their files lie until the links to them expire, a folder for each job
    :param storage: where links to those files lead
    :param transforms: the media work by the name of the action
    :param now: the clock, in Unix time
    :param hold: waits so many seconds, unless what is held is set free before
    :param keeping: actions whose jobs keep their files when the links to them expire
    """

    def __init__(
        self,
        folder: Path,
        storage: Storage,
        transforms: Mapping[str, Transform],
        now: Callable[[], float],
        hold: Callable[[float], Coroutine[Any, Any, None]],
        keeping: Collection[str] = (),
    ) -> None:
        self._folder = folder
        self._storage = storage
        self._transforms = transforms
        self._now = now
        self._hold = hold
        self._keeping = keeping
        self._jobs: dict[str, Job] = {}
        self._waiting: asyncio.Queue[Job] = asyncio.Queue()
        self._expiring: list[tuple[float, str]] = []
        self._processes = [WorkerProcess() for _ in range(WORKERS)]
        self._workers: list[asyncio.Task[None]] = []
        self._held: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Job]:
        """Every job, the oldest first."""
        return iter(self._jobs.values())

    def __reversed__(self) -> Iterator[Job]:
        """Every job, the newest first."""
        return reversed(self._jobs.values())

    def get(self, job_id: str) -> Job | None:
        """The job of that id."""
        return self._jobs.get(job_id)

    def start(self) -> None:
        """Begin to work on what is submitted."""
        self._workers = [asyncio.ensure_future(self._work(process)) for process in self._processes]

    async def stop(self) -> None:
        """End all work, whatever state it is in."""
        for task in (*self._workers, *self._held):
            task.cancel()
        for process in self._processes:
            await process.close()

    async def reset(self) -> None:
        """Forget all jobs, end their work and delete their files."""
        jobs, self._jobs = self._jobs, {}
        self._expiring.clear()
        while not self._waiting.empty():
            self._waiting.get_nowait()
        for task in self._held:
            task.cancel()
        for process in self._processes:
            process.interrupt()
        for process in self._processes:
            await process.settle()
        await self.delete_files(jobs)

    def check_known(self, action: str) -> None:
        """Let pass if jobs of that action can be worked on.

        :raises ApiError: the emulator does not do such work
        """
        if action not in self._transforms:
            raise not_emulated(action)

    def put(self, job: Job) -> None:
        """Take a job in."""
        self._jobs[job.id] = job
        if job.fault.queued:
            self._aside(self._put_later(job))
        else:
            self._waiting.put_nowait(job)

    def key_of(self, path: Path) -> str:
        """The key, in the bucket of results, of a file that a job made or was given."""
        return path.relative_to(self._folder).as_posix()

    async def delete_files(self, job_ids: Iterable[str]) -> None:
        """Delete the files that jobs made or were given."""
        for job_id in job_ids:
            self._storage.objects.delete_all(RESULTS, f"{job_id}/")
            await asyncio.to_thread(shutil.rmtree, self._folder / job_id, ignore_errors=True)

    async def _put_later(self, job: Job) -> None:
        await self._hold(job.fault.queued)
        self._waiting.put_nowait(job)

    async def _work(self, process: WorkerProcess) -> None:
        while True:
            job = await self._waiting.get()
            if job.state != QUEUING or self._is_forgotten(job):
                continue
            job.start(self._now())
            held = self._aside(self._hold(job.fault.processing)) if job.fault.processing else None
            outcome = await self._outcome(job, process)
            if held is None:
                await self._end(job, outcome)
            else:
                self._aside(self._end_after(held, job, outcome))

    async def _outcome(self, job: Job, process: WorkerProcess) -> Made | WorkFailure:
        if job.fault.state is not None:
            return WorkFailure(job.fault.code, job.fault.message)
        transform, parameters = self._transforms[job.action.name], job.action.parameters
        try:
            return await process.run(
                make_media, transform, parameters, dict(job.parameters), self._folder / job.id
            )
        except WorkerDied:
            return WorkFailure("InternalError.Algo", "The emulator's worker process died during the work.")
        except Exception:
            log.exception("A job could not be handed to a worker process")
            return WorkFailure(
                "InternalError.Algo", "The emulator could not hand the job to a worker process."
            )

    async def _end_after(self, held: Awaitable[None], job: Job, outcome: Made | WorkFailure) -> None:
        await held
        await self._end(job, outcome)

    async def _end(self, job: Job, outcome: Made | WorkFailure) -> None:
        if self._is_forgotten(job):
            await self.delete_files([job.id])
        elif isinstance(outcome, Made):
            self._storage.put_results(job.id, self._folder / job.id)
            job.succeed(outcome.result, outcome.sources, self._now())
            if job.action.name not in self._keeping:
                expire = max(job.links_expire, self._now() + RESULT_LIFETIME)
                heapq.heappush(self._expiring, (expire, job.id))
        elif job.fault.state is not None:
            job.fail(outcome.code, outcome.message, self._now(), job.fault.state)
        else:
            job.fail(outcome.code, outcome.message, self._now())
            await self.delete_files([job.id])
        await self.delete_files(self._expired())

    def _is_forgotten(self, job: Job) -> bool:
        # A reset may come between any two steps of a job's life.
        return job.id not in self._jobs

    def _aside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._held.add(task)
        task.add_done_callback(self._held.discard)
        return task

    def _expired(self) -> list[str]:
        expired = []
        while self._expiring and self._expiring[0][0] < self._now():
            expired.append(heapq.heappop(self._expiring)[1])
        return expired
