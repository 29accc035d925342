"""An account with many jobs, a paged job list and quotas, shared by several clients, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Collection, Mapping

from airflow_provider_viapi.errors import Throttled
from airflow_provider_viapi.jobs.backend import Ending, ListSnapshot
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome

PAGE = 500


class FakeAccount:
    """State that all clients share.

    :param ends: job id to the second at which it ends
    :param results_per_second: more calls than that in any second are throttled
    :param latency: longest time in seconds that a request, and a response, is in transit
    :param unlisted: jobs that the list does not show
    """

    def __init__(
        self,
        ends: Mapping[str, float],
        *,
        results_per_second: int = 10,
        latency: float = 0.05,
        unlisted: Collection[str] = (),
    ) -> None:
        self.ends = ends
        self.unlisted = unlisted
        self.latency = latency
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self.list_reads: Counter[str] = Counter()
        self.throttled_list_reads: Counter[str] = Counter()
        self.results_per_second = results_per_second
        self._allowed: deque[float] = deque(maxlen=max(1, results_per_second))
        self._listed_at = -5.0
        self._chance = random.Random(1)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def transit(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.005, self.latency))

    def outcome(self, job_id: str) -> Outcome:
        return Outcome.SUCCEEDED if self.now() >= self.ends[job_id] else Outcome.WAITING

    def allow_poll(self) -> bool:
        if len(self._allowed) == self._allowed.maxlen and self.now() - self._allowed[0] < 1.0:
            return False
        self._allowed.append(self.now())
        return True

    def allow_list_read(self) -> bool:
        if self.now() - self._listed_at < 5.0:
            return False
        self._listed_at = self.now()
        return True


class FakeBackend:
    """Backend of one client of the account."""

    list_interval: float | None = 5.0

    def __init__(self, account: FakeAccount, client: str = "only") -> None:
        self._account, self._client = account, client
        self._page = 0
        self._seen: set[str] = set()

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        account = self._account
        await account.transit()
        account.list_reads[self._client] += 1
        if not account.allow_list_read():
            account.throttled_list_reads[self._client] += 1
            await account.transit()
            raise Throttled("one read in 5 s")
        listed = [job_id for job_id in account.ends if job_id not in account.unlisted]
        shown = listed[self._page * PAGE : (self._page + 1) * PAGE]
        outcomes = {job_id: account.outcome(job_id) for job_id in shown if job_id in job_ids}
        endings = {
            job_id: Ending(account.now() - account.ends[job_id], account.ends[job_id])
            for job_id, outcome in outcomes.items()
            if outcome is not Outcome.WAITING
        }
        self._seen |= outcomes.keys()
        self._page += 1
        is_last = self._page * PAGE >= len(listed) or self._seen.issuperset(job_ids)
        if is_last:
            self._page = 0
            self._seen.clear()
        await account.transit()
        return ListSnapshot(outcomes, is_last, endings)

    async def report(self, job: Job) -> JobReport:
        account = self._account
        await account.transit()
        account.calls[self._client] += 1
        passes = account.allow_poll()
        outcome = account.outcome(job.id)
        await account.transit()
        if not passes:
            account.throttled[self._client] += 1
            raise Throttled("too fast", code="Throttling.User")
        state = "PROCESS_SUCCESS" if outcome is Outcome.SUCCEEDED else "PROCESSING"
        return JobReport(job.id, state, outcome)

    async def cancel(self, job: Job) -> bool:
        return False
