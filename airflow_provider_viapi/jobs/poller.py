"""The waiting: many jobs, few calls.

A few jobs are asked after one by one, at growing, jittered intervals. Many are looked for in the account's list, a
page of hundreds per call, and only those that it shows as ended are asked for their result; a job that the list does
not show (too old, or the list stumbles) is asked after by itself all the same.

A call that is throttled, dropped or garbled never ends the waiting; only a final state, an error that cannot pass or
the deadline does. All calls for results go through one quota.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Literal

from airflow_provider_viapi.alibaba.errors import JobTimedOut, Throttled, TransientError, ViapiError
from airflow_provider_viapi.jobs.job import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.pace import Pace
from airflow_provider_viapi.jobs.quota import Quota
from airflow_provider_viapi.jobs.service import JobService
from airflow_provider_viapi.jobs.watch import DueQueue, Log, Watch

logger = logging.getLogger(__name__)

ListJobs = Literal["auto", "always", "never"]

FEW = 3
"""Up to so many jobs are asked after one by one: the list would cost as many calls."""

SWEEPS_BEFORE_ASKING = 2
"""A job that so many sweeps of the whole list have not shown is asked after by itself."""

STUMBLES_BEFORE_ASKING = 3
"""After so many looks in a row that failed, jobs are asked after by themselves until a look succeeds."""

LONGEST_SILENCE = 120.0
"""Seconds after which a job is asked after by itself even though the list should tell, in case it has stalled."""

CALLS_AT_ONCE = 16
"""Results that are asked for at the same time at most."""


class Poller:
    """Waits for the jobs of one connection in one event loop.

    :param jobs: whom to ask
    :param pace: how often a single job is asked after
    :param quota: calls per second for results; 10 unless given
    :param list_jobs: ``auto`` looks into the list when more than a few jobs wait, ``always`` for any, ``never``
    """

    def __init__(
        self,
        jobs: JobService,
        pace: Pace | None = None,
        quota: Quota | None = None,
        list_jobs: ListJobs = "auto",
    ) -> None:
        self._jobs = jobs
        self._pace = pace or Pace()
        self._quota = quota or Quota(10)
        self._list_from = {"auto": FEW + 1, "always": 1, "never": None}[list_jobs]
        self._watches: dict[str, list[Watch]] = {}
        self._due = DueQueue()
        self._sweeps = 0
        self._at_work: list[asyncio.Task[None]] = []
        self._asking: set[asyncio.Task[None]] = set()

    async def wait(self, job: Job, *, until: datetime, log: Log = logger) -> JobReport:
        """Wait until the job has ended and return how.

        :param until: an aware time at which to give up, after one last look
        :param log: told when the job's state changes and when asking fails
        :raises JobTimedOut: the job had not ended by then
        :raises ViapiError: an error that asking again cannot mend, such as a key without permission
        """
        watch = Watch(job, log, asyncio.get_running_loop().create_future(), sweep=self._sweeps)
        self._watches.setdefault(job.id, []).append(watch)
        self._due.plan(watch, LONGEST_SILENCE if self._uses_list else self._pace.interval(0))
        if not self._at_work:
            self._at_work = [
                asyncio.ensure_future(self._keep_asking()),
                asyncio.ensure_future(self._keep_looking()),
            ]
        try:
            return await asyncio.wait_for(watch.ended, max(0.0, _seconds_until(until)))
        except asyncio.TimeoutError:
            return await self._look_a_last_time(watch.job, until)
        finally:
            watch.ended.cancel()
            self._watches[job.id].remove(watch)
            if not self._watches[job.id]:
                del self._watches[job.id]

    async def close(self) -> None:
        """Stop asking."""
        tasks = [*self._at_work, *self._asking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_a_last_time(self, job: Job, until: datetime) -> JobReport:
        try:
            report = await self._jobs.report(job)
        except TransientError:
            report = None
        if report is not None and report.is_final:
            return report
        raise JobTimedOut(
            f"job {job.id} had not ended at the deadline {until.isoformat(timespec='seconds')}",
            job_id=job.id,
            action=job.action.rpartition(".")[2],
        )

    async def _keep_asking(self) -> None:
        while True:
            watch = await self._due.take()
            await self._quota.take()
            while len(self._asking) >= CALLS_AT_ONCE:
                await asyncio.wait(self._asking, return_when=asyncio.FIRST_COMPLETED)
            asking = asyncio.ensure_future(self._ask(watch))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)

    async def _ask(self, watch: Watch) -> None:
        watch.asked += 1
        try:
            report = await self._jobs.report(watch.job)
        except TransientError as error:
            if isinstance(error, Throttled):
                self._quota.refused()
            watch.tell(f"could not be asked after: {error}", warning=True)
        except Exception as error:
            self._end(watch.job.id, error)
            return
        else:
            self._quota.granted()
            if report.is_final:
                self._end(watch.job.id, report)
                return
            watch.tell(f"is {report.state}")
        self._due.plan(watch, self._pace.interval(watch.asked))

    def _end(self, job_id: str, how: JobReport | Exception) -> None:
        for watch in self._watches.get(job_id, ()):
            if watch.ended.done():
                continue
            if isinstance(how, Exception):
                watch.ended.set_exception(how)
            else:
                watch.ended.set_result(how)

    @property
    def _uses_list(self) -> bool:
        return self._list_from is not None and len(self._watches) >= self._list_from

    async def _keep_looking(self) -> None:
        seconds = self._jobs.seconds_between_looks
        stumbles = 0
        while seconds is not None and self._list_from is not None:
            await asyncio.sleep(random.uniform(seconds, seconds * 1.1))  # noqa: S311
            if not self._uses_list:
                self._ask_each_by_itself()
                continue
            try:
                sighting = await self._jobs.look(self._watches.keys())
            except TransientError as error:
                logger.info("The job list could not be looked into: %s", error)
                await asyncio.sleep(random.uniform(0, seconds))  # noqa: S311
                stumbles += 1
                if stumbles >= STUMBLES_BEFORE_ASKING:
                    self._ask_each_by_itself()
            except ViapiError as error:
                logger.warning("The job list is not to be had; each job is asked after by itself: %s", error)
                self._list_from = None
                self._ask_each_by_itself()
            else:
                stumbles = 0
                self._take_in(sighting.outcomes)
                if sighting.completes_sweep:
                    self._sweeps += 1
                    self._ask_after_the_unseen()

    def _take_in(self, outcomes: Mapping[str, Outcome]) -> None:
        for job_id, outcome in outcomes.items():
            for watch in self._watches.get(job_id, ()):
                watch.sweep = self._sweeps
                if outcome is Outcome.WAITING:
                    self._due.plan(watch, LONGEST_SILENCE)
                elif watch.due > time.monotonic():
                    self._due.plan(watch, 0)

    def _ask_after_the_unseen(self) -> None:
        for watch in self._all():
            if self._sweeps - watch.sweep > SWEEPS_BEFORE_ASKING:
                self._bring_forward(watch)

    def _ask_each_by_itself(self) -> None:
        for watch in self._all():
            self._bring_forward(watch)

    def _bring_forward(self, watch: Watch) -> None:
        seconds = self._pace.interval(watch.asked)
        if watch.due > time.monotonic() + seconds:
            self._due.plan(watch, seconds)

    def _all(self) -> Iterator[Watch]:
        return (watch for watches in self._watches.values() for watch in watches)


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(timezone.utc)).total_seconds()
