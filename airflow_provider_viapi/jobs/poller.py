"""The waiting: many jobs, few calls.

A few jobs are asked after one by one, at growing, jittered intervals. Many are looked for in the account's list, a
page of hundreds per call, and only those that it shows as ended are asked for their result; a job that the list does
not show (too old, or the list stumbles) is asked after by itself all the same.

A call that is throttled, dropped or garbled never ends the waiting; only a final state, an error that cannot pass or
the deadline does. All calls for results go through one quota, those for jobs that have ended before the others.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from airflow_provider_viapi.errors import JobTimedOut, Throttled, TransientError
from airflow_provider_viapi.jobs.backend import JobBackend, ListSnapshot
from airflow_provider_viapi.jobs.backoff import AdaptiveInterval, Backoff
from airflow_provider_viapi.jobs.delay_queue import DelayQueue, Log, PendingJob
from airflow_provider_viapi.jobs.metrics import NoStats, Stats, WaitingLevel, tell_ended
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.rate_limiter import Permit, RateLimiter

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.config import ListJobs

logger = logging.getLogger(__name__)

LIST_THRESHOLD = 3
"""Up to so many jobs are asked after one by one: the list would cost as many calls and is the account's only one."""

SWEEPS_BEFORE_ASKING = 2
"""A job that so many sweeps of the whole list have not shown is asked after by itself."""

LOOKS_BEFORE_ASKING = 6
"""When no look has succeeded in the time of so many, jobs are asked after by themselves until one does."""

LONGEST_SILENCE = 120.0
"""Seconds, or three sweeps if they take longer, after which a job is asked after though the list should tell."""

FINISHED_PRIORITY = 300.0
"""Seconds by which a job that is known to have ended goes before those that are only due, so that both come up."""

CALLS_AT_ONCE = 16
"""Results that are asked for at the same time at most."""

GRACE = 30.0
"""Seconds after a deadline in which a job may still be found to have ended; many may share a deadline."""

SECONDS_BETWEEN_LEVELS = 10.0
"""How often the stats are told how many jobs wait."""


class Poller:
    """Waits for the jobs of one connection in one event loop.

    :param jobs: whom to ask
    :param pace: how often a single job is asked after
    :param quota: calls per second for results; 10 unless given
    :param list_jobs: ``auto`` looks into the list when more than a few jobs wait, ``always`` for any, ``never``
    :param stats: told how many jobs wait and how long they take
    """

    def __init__(
        self,
        jobs: JobBackend,
        pace: Backoff | None = None,
        quota: RateLimiter | None = None,
        list_jobs: ListJobs = "auto",
        stats: Stats | None = None,
    ) -> None:
        self._jobs = jobs
        self._pace = pace or Backoff()
        self._quota = quota or RateLimiter(10)
        self._list_from = {"auto": LIST_THRESHOLD + 1, "always": 1, "never": None}[list_jobs]
        self._stats = stats or NoStats()
        self._level = WaitingLevel(self._stats)
        self._has_many = False
        self._watches: dict[str, list[PendingJob]] = {}
        self._due = DelayQueue()
        self._sweeps = 0
        self._silence = LONGEST_SILENCE
        self._at_work: list[asyncio.Task[None]] = []
        self._asking: set[asyncio.Task[None]] = set()

    async def wait(self, job: Job, *, until: datetime, log: Log = logger) -> JobReport:
        """Wait until the job has ended and return how.

        :param until: an aware time at which to give up, after one last look
        :param log: told when the job's state changes and when asking fails
        :raises JobTimedOut: the job had not ended by then
        :raises ServiceError: an error that asking again cannot mend, such as a key without permission
        """
        watch = PendingJob(job, log, until, asyncio.get_running_loop().create_future(), sweep=self._sweeps)
        self._watches.setdefault(job.id, []).append(watch)
        self._due.plan(watch, self._silence if self._uses_list else self._pace.interval(0))
        self._begin()
        try:
            await asyncio.wait({watch.ended}, timeout=max(0.0, _seconds_until(until)))
            if not watch.ended.done():
                watch.is_late = True
                self._due.plan(watch, -FINISHED_PRIORITY)
                await asyncio.wait({watch.ended}, timeout=GRACE)
            watch.end(_too_late(watch))
            return watch.ended.result()
        finally:
            watch.forget()
            self._watches[job.id].remove(watch)
            if not self._watches[job.id]:
                del self._watches[job.id]

    def _begin(self) -> None:
        if not self._at_work:
            at_work = (self._keep_asking(), self._keep_looking(), self._keep_telling())
            self._at_work = [asyncio.ensure_future(work) for work in at_work]

    async def close(self) -> None:
        """Stop asking."""
        tasks = [*self._at_work, *self._asking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._level.tell(())

    async def _keep_asking(self) -> None:
        while True:
            await self._due.any_due()
            while len(self._asking) >= CALLS_AT_ONCE:
                await asyncio.wait(self._asking, return_when=asyncio.FIRST_COMPLETED)
            turn = await self._quota.begin()
            watch = self._due.pop()
            if watch is None:
                self._quota.answered(turn)
                continue
            asking = asyncio.ensure_future(self._ask(watch, turn))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)

    async def _ask(self, watch: PendingJob, turn: Permit) -> None:
        watch.asked += 1
        seconds = self._pace.interval(watch.asked)
        try:
            report = await self._jobs.report(watch.job)
        except Exception as error:
            if not _passes(error):
                self._end(watch.job.id, error)
                return
            if isinstance(error, Throttled):
                self._quota.refused()
                if watch.is_known_to_have_ended:
                    seconds = -FINISHED_PRIORITY
            watch.tell(f"could not be asked after: {error}", warning=True)
        else:
            self._quota.granted()
            if report.is_final:
                self._end(watch.job.id, report)
                return
            watch.tell(f"is {report.state}")
            watch.seen_waiting()
        finally:
            self._quota.answered(turn)
        if watch.is_late:
            watch.end(_too_late(watch))
        else:
            self._due.plan(watch, seconds)

    def _end(self, job_id: str, how: JobReport | Exception) -> None:
        watches = self._watches.get(job_id, ())
        if watches and isinstance(how, JobReport):
            tell_ended(self._stats, watches[0], _now())
        for watch in watches:
            watch.end(how)

    @property
    def _uses_list(self) -> bool:
        if self._list_from is None or self._jobs.list_interval is None:
            return False
        # Once it is looked into for many, the last few are found in it with fewer calls than by asking.
        self._has_many = len(self._watches) >= (1 if self._has_many else self._list_from)
        return self._has_many

    async def _keep_looking(self) -> None:
        if self._jobs.list_interval is None:
            return
        pace = AdaptiveInterval(self._jobs.list_interval)
        seconds = pace.interval()
        looked_at, sweep_began = _now(), None
        while self._list_from is not None:
            await asyncio.sleep(seconds)
            seconds = pace.interval()
            wanted = self._unsettled()
            if not self._uses_list:
                self._ask_each_by_itself()
            if not self._uses_list or not wanted:
                looked_at, sweep_began = _now(), None
                continue
            sweep_began = sweep_began or _now()
            try:
                sighting = await self._jobs.list_states(wanted)
            except Exception as error:
                seconds = self._stumbled(error, pace)
                if _now() - looked_at > LOOKS_BEFORE_ASKING * pace.interval() or self._list_from is None:
                    self._ask_each_by_itself()
            else:
                seconds, looked_at = pace.granted(), _now()
                self._take_in(sighting)
                if sighting.scan_complete:
                    self._silence = max(LONGEST_SILENCE, 3 * (_now() - sweep_began))
                    sweep_began = None
                    self._sweeps += 1
                    self._ask_after_the_unseen()

    def _stumbled(self, error: Exception, pace: AdaptiveInterval) -> float:
        """Seconds until the list is looked into again, if ever."""
        if not _passes(error):
            logger.warning("The job list is not to be had; each job is asked after by itself: %s", error)
            self._list_from = None
            return 0.0
        if isinstance(error, Throttled):
            return pace.refused()
        logger.info("The job list could not be looked into: %s", error)
        return pace.interval() * random.uniform(1, 2)  # noqa: S311

    def _unsettled(self) -> set[str]:
        """The jobs of which it is not known that they have ended."""
        return {job_id for job_id, watches in self._watches.items() if not watches[0].is_known_to_have_ended}

    def _take_in(self, sighting: ListSnapshot) -> None:
        for job_id, outcome in sighting.outcomes.items():
            for watch in self._watches.get(job_id, ()):
                watch.sweep = self._sweeps
                if outcome is Outcome.WAITING:
                    self._due.plan(watch, self._silence)
                elif not watch.is_known_to_have_ended:
                    watch.seen_ended(sighting.endings.get(job_id))
                    ago = watch.ending.ago if watch.ending else 0.0
                    # Those that have ended first come first, on whichever page of the list they were.
                    self._due.plan(watch, -FINISHED_PRIORITY - ago)

    def _ask_after_the_unseen(self) -> None:
        for watch in self._all():
            if self._sweeps - watch.sweep > SWEEPS_BEFORE_ASKING:
                self._bring_forward(watch)

    def _ask_each_by_itself(self) -> None:
        for watch in self._all():
            self._bring_forward(watch)

    def _bring_forward(self, watch: PendingJob) -> None:
        seconds = self._pace.interval(watch.asked)
        if watch.due > _now() + seconds:
            self._due.plan(watch, seconds)

    async def _keep_telling(self) -> None:
        while True:
            self._level.tell(watch.job.action for watch in self._all())
            await asyncio.sleep(SECONDS_BETWEEN_LEVELS)

    def _all(self) -> Iterator[PendingJob]:
        return (watch for watches in self._watches.values() for watch in watches)


def _passes(error: Exception) -> bool:
    # A question that a proxy has sent twice is refused, but not the next one.
    return isinstance(error, TransientError) or getattr(error, "code", None) == "SignatureNonceUsed"


def _too_late(watch: PendingJob) -> JobTimedOut:
    return JobTimedOut(
        f"job {watch.job.id} had not ended at the deadline {watch.until.isoformat(timespec='seconds')}",
        job_id=watch.job.id,
        action=watch.job.action.rpartition(".")[2],
    )


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(timezone.utc)).total_seconds()


def _now() -> float:
    return asyncio.get_running_loop().time()
