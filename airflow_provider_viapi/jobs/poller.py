"""The waiting: asks after jobs until they end, at growing, jittered intervals.

A call that is throttled, dropped or garbled never ends the waiting; only a final state, an error that cannot pass
or the deadline does. One poller serves every job of a connection in an event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from airflow_provider_viapi.alibaba.errors import JobTimedOut, TransientError
from airflow_provider_viapi.jobs.job import Job, JobReport
from airflow_provider_viapi.jobs.service import JobService

if TYPE_CHECKING:
    from tenacity import RetryCallState

logger = logging.getLogger(__name__)


class Log(Protocol):
    """What the waiting is told to: a logger of the standard library's or of Airflow's making."""

    def info(self, message: str, /, *values: object) -> None:
        """Take note of it."""
        ...

    def warning(self, message: str, /, *values: object) -> None:
        """Take note of something that is not as it should be."""
        ...


@dataclass(frozen=True)
class Pace:
    """How often to ask, in seconds.

    :param first: longest wait before the first question; the actual one is drawn between half of it and all
    :param growth: each wait is that many times as long as the one before
    :param longest: no wait is longer
    """

    first: float = 2.0
    growth: float = 1.5
    longest: float = 30.0

    def interval(self, questions_asked: int) -> float:
        """Seconds to wait after so many questions, jittered so that jobs submitted together drift apart."""
        import random

        # The exponent is bounded so that a wait of days does not overflow a float.
        whole = min(self.longest, self.first * self.growth ** min(questions_asked, 64))
        return random.uniform(whole / 2, whole)  # noqa: S311


class Poller:
    """Waits for the jobs of one connection.

    :param jobs: whom to ask
    :param pace: how often
    """

    def __init__(self, jobs: JobService, pace: Pace | None = None) -> None:
        self._jobs = jobs
        self._pace = pace or Pace()

    async def wait(self, job: Job, *, until: datetime, log: Log = logger) -> JobReport:
        """Wait until the job has ended and return how.

        :param until: an aware time at which to give up
        :param log: told when the job's state changes and when asking fails
        :raises JobTimedOut: the job had not ended by then
        :raises ViapiError: an error that asking again cannot mend, such as a key without permission
        """
        from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, retry_if_result

        waiting = AsyncRetrying(
            retry=retry_if_result(lambda report: not report.is_final)
            | retry_if_exception_type(TransientError),
            wait=lambda state: min(self._pace.interval(state.attempt_number), _seconds_until(until)),
            stop=lambda state: _seconds_until(until) <= 0,
            after=_Narrator(job, log).tell,
        )
        await asyncio.sleep(min(self._pace.interval(0), _seconds_until(until)))
        try:
            return await waiting(self._jobs.report, job)
        except RetryError:
            pass
        raise JobTimedOut(
            f"job {job.id} had not ended at the deadline {until.isoformat(timespec='seconds')}",
            job_id=job.id,
            action=job.action.rpartition(".")[2],
        )


def _seconds_until(moment: datetime) -> float:
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


class _Narrator:
    """Logs what is new about a job, and nothing twice in a row."""

    def __init__(self, job: Job, log: Log) -> None:
        self._job = job
        self._log = log
        self._told: str | None = None

    def tell(self, attempt: RetryCallState) -> None:
        outcome = attempt.outcome
        if outcome is None:
            return
        error = outcome.exception()
        text = f"could not be asked after: {error}" if error else f"is {outcome.result().state}"
        if text != self._told:
            self._told = text
            (self._log.warning if error else self._log.info)("Job %s %s", self._job.id, text)


@dataclass
class _Shared:
    """A poller with the number of those that use it."""

    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    poller: Poller | None = None
    context: AbstractAsyncContextManager[JobService] | None = None


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _Shared]] = WeakKeyDictionary()


@asynccontextmanager
async def shared_poller(
    key: Hashable, open_jobs: Callable[[], AbstractAsyncContextManager[JobService]]
) -> AsyncIterator[Poller]:
    """The event loop's one poller for a connection; the last to leave closes it.

    :param key: which connection
    :param open_jobs: makes the way to its jobs when the first one comes
    """
    pollers = _shared.setdefault(asyncio.get_running_loop(), {})
    shared = pollers.setdefault(key, _Shared())
    shared.users += 1
    try:
        async with shared.opening:
            if shared.poller is None:
                context = open_jobs()
                shared.poller = Poller(await context.__aenter__())
                shared.context = context
        yield shared.poller
    finally:
        shared.users -= 1
        if shared.users == 0:
            pollers.pop(key, None)
            if shared.context is not None:
                await shared.context.__aexit__(None, None, None)
