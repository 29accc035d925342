"""In which order, and how late, results are fetched while more jobs have ended than the quota allows to poll."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_viapi.errors import ConnectionFailed
from airflow_provider_viapi.jobs.backend import Ending, SharedList
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.polling.poll_queue import now
from airflow_provider_viapi.jobs.polling.poller import Poller
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from jobs import virtual_time
from jobs.fake_account import FakeAccount, FakeBackend
from jobs.test_rate_sharing import SharedSlots, many

FAR = datetime.now(timezone.utc) + timedelta(days=300)
LINK_LIFETIME = 1800
Fails = Callable[[str, float, int], bool]


class FailingBackend(FakeBackend):
    """Backend some of whose polls fail.

    :param fails: by job id, time, and number of the job's poll
    """

    def __init__(self, account: FakeAccount, fails: Fails) -> None:
        super().__init__(account)
        self._fails = fails
        self._polls: dict[str, int] = {}

    async def report(self, job: Job) -> JobReport:
        self._polls[job.id] = self._polls.get(job.id, 0) + 1
        if self._fails(job.id, now(), self._polls[job.id]):
            raise ConnectionFailed("connection reset")
        return await super().report(job)


def noticed(
    account: FakeAccount,
    qps: float,
    *,
    fails: Fails = lambda job_id, at, poll: False,
    deadline: Callable[[str], datetime] = lambda job_id: FAR,
    shared_list: SharedList | None = None,
) -> dict[str, float]:
    """Wait for all jobs of an account with one poller, and return when each was noticed."""
    found: dict[str, float] = {}

    async def one(poller: Poller, job_id: str) -> None:
        await poller.wait(Job(job_id, "videoenhan.EraseVideoSubtitles"), deadline=deadline(job_id))
        found[job_id] = now()

    async def everything() -> None:
        limiter = RateLimiter(qps, account.now)
        poller = Poller(FailingBackend(account, fails), limiter=limiter, shared_list=shared_list)
        try:
            await asyncio.gather(*(one(poller, job_id) for job_id in account.ends))
        finally:
            await poller.close()

    random.seed(5)
    virtual_time.run(everything())
    return found


class OtherReader(SharedSlots):
    """Another process always reads the job list, once in 5 s, and reports in any order what it sees."""

    def __init__(self, account: FakeAccount) -> None:
        super().__init__()
        self._account = account
        self._reported: set[str] = set()

    async def wait_for_slot(self) -> float:
        await asyncio.sleep(1e9)
        return 0.0

    async def finished(self, job_ids: Collection[str]) -> Mapping[str, Ending | None]:
        read_at = now() // 5 * 5
        ended = {job_id: end for job_id, end in self._account.ends.items() if end <= read_at}
        new = sorted(ended.keys() - self._reported)
        self._reported.update(new)
        return {job_id: Ending(now() - ended[job_id], took=None) for job_id in new}


def test_jobs_that_another_process_has_seen_ended_are_fetched_in_the_order_of_their_ends() -> None:
    # While results of one read of the list wait, the next read shows more.
    account = FakeAccount(many(60, first=30, last=50), results_per_second=1)

    found = noticed(account, 1, shared_list=OtherReader(account))

    by_end = sorted(account.ends, key=lambda job_id: account.ends[job_id])
    assert sorted(found, key=lambda job_id: found[job_id]) == by_end


@pytest.mark.parametrize(("qps", "failing", "gap"), [(1, 6, 12), (10, 51, 3)])
def test_jobs_whose_result_cannot_be_fetched_delay_no_other_job(qps: int, failing: int, gap: float) -> None:
    ends = {f"F-{n}": 20.0 for n in range(failing)} | {f"J-{n}": 60.0 + n * gap for n in range(60)}
    account = FakeAccount(ends, results_per_second=qps)

    found = noticed(account, qps, fails=lambda job_id, at, poll: job_id[0] == "F" and at < 60 + 60 * gap)

    assert max(found[job_id] - end for job_id, end in ends.items() if job_id[0] == "J") < 15


def test_a_list_of_several_pages_is_read_to_its_end_while_results_wait() -> None:
    # 9.2 jobs end in a second, and 10 results may be fetched; 1,650 jobs are on 4 pages.
    ends = {f"J-{wave}-{n}": 30 + 6 * wave + n * 1e-3 for wave in range(30) for n in range(55)}

    found = noticed(FakeAccount(ends), 10)

    assert max(found[job_id] - end for job_id, end in ends.items()) < 30


def test_jobs_whose_polls_are_throttled_keep_their_place() -> None:
    account = FakeAccount(many(2600, first=30, last=1330), results_per_second=1)

    found = noticed(account, 10)

    assert max(found[job_id] - end for job_id, end in account.ends.items()) < LINK_LIFETIME


def test_a_job_whose_poll_fails_once_keeps_its_place() -> None:
    account = FakeAccount({f"J-{n}": 10 + n * 5 / 1900 for n in range(1900)}, results_per_second=1)

    found = noticed(account, 1, fails=lambda job_id, at, poll: job_id == "J-50" and poll == 1)

    assert found["J-50"] < found["J-100"]


def test_the_deadline_does_not_put_a_job_that_has_ended_behind_later_ones() -> None:
    ends = {f"J-{n}": 30 + n / 5 for n in range(300)}
    soon = datetime.now(timezone.utc) + timedelta(seconds=48)

    found = noticed(
        FakeAccount(ends, results_per_second=1),
        1,
        deadline=lambda job_id: soon if job_id == "J-25" else FAR,
    )

    assert found["J-24"] < found["J-25"] < found["J-26"]


def test_results_of_jobs_that_have_ended_in_time_are_fetched_after_the_deadline_too() -> None:
    account = FakeAccount({f"J-{n}": 20 + n / 100 for n in range(1000)}, results_per_second=10)
    deadline = datetime.now(timezone.utc) + timedelta(seconds=60)

    found = noticed(account, 10, deadline=lambda job_id: deadline)

    assert len(found) == 1000


def test_a_last_poll_that_fails_is_repeated_for_a_job_that_has_ended() -> None:
    ends = {f"J-{n}": 30.0 for n in range(20)}
    deadline = datetime.now(timezone.utc) + timedelta(seconds=45)

    found = noticed(
        FakeAccount(ends), 10, fails=lambda job_id, at, poll: at < 60, deadline=lambda job_id: deadline
    )

    assert len(found) == 20
