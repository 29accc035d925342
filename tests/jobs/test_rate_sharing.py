"""Within quota: several processes on one account, or a lower quota than configured, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from airflow_provider_viapi.jobs.backend import Ending
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.polling.poller import Poller
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from jobs import virtual_time
from jobs.fake_account import FakeAccount, FakeBackend

DEADLINE = datetime.now(timezone.utc) + timedelta(days=300)


def many(count: int, first: float = 30, last: float = 120) -> dict[str, float]:
    """Jobs that end at even distances between two moments, in an order that is not that of their ids."""
    return {
        f"J-{number}": first + (last - first) * (number * 7919 % count) / count for number in range(count)
    }


class Seen:
    """When the end of each job was noticed, in seconds from the start."""

    def __init__(self, account: FakeAccount) -> None:
        self.account = account
        self.noticed: dict[str, float] = {}
        self.reports: dict[str, JobReport] = {}

    @property
    def all_succeeded(self) -> bool:
        outcomes = {report.outcome for report in self.reports.values()}
        return self.reports.keys() == self.account.ends.keys() and outcomes == {Outcome.SUCCEEDED}

    def delays(self) -> list[float]:
        return sorted(self.noticed[job_id] - ends for job_id, ends in self.account.ends.items())

    def last_of(self, job_ids: list[str]) -> float:
        return max(self.noticed[job_id] for job_id in job_ids)


class SharedSlots:
    """Slots to read the job list, which all pollers take from one place."""

    def __init__(self) -> None:
        self._next = 0.0

    async def wait_for_slot(self) -> float:
        now = asyncio.get_running_loop().time()
        at = max(now, self._next)
        self._next = at + 5.2
        await asyncio.sleep(at - now)
        return at

    async def release_slot(self, slot: float | None, *, throttled: bool) -> None:
        pass

    async def publish(self, finished: Mapping[str, Ending | None]) -> None:
        pass

    async def finished(self, job_ids: Collection[str]) -> Mapping[str, Ending | None]:
        return {}


def wait_for(
    account: FakeAccount,
    shares: dict[str, list[str]],
    qps: float = 10,
    seconds: float | None = None,
    slots: SharedSlots | None = None,
    seed: int = 5,
) -> Seen:
    """Let each of several pollers, as of several triggerers, wait for its share of the account's jobs.

    :param seconds: how long each job takes, which is submitted so long before its end; default: all are waited for
        from the beginning
    :param slots: that the pollers share; default: they do not know of each other
    :param seed: of the jitter of intervals and pauses
    """
    seen = Seen(account)

    async def one(poller: Poller, job_id: str) -> None:
        if seconds is not None:
            await asyncio.sleep(account.ends[job_id] - seconds)
        report = await poller.wait(Job(job_id, "videoenhan.EraseVideoSubtitles"), deadline=DEADLINE)
        seen.reports[job_id], seen.noticed[job_id] = report, account.now()

    async def share(who: str, job_ids: list[str]) -> None:
        limiter = RateLimiter(qps, account.now)
        poller = Poller(FakeBackend(account, who), limiter=limiter, shared_list=slots)
        try:
            await asyncio.gather(*(one(poller, job_id) for job_id in job_ids))
        finally:
            await poller.close()

    async def all_shares() -> None:
        await asyncio.gather(*(share(who, job_ids) for who, job_ids in shares.items()))

    random.seed(seed)
    virtual_time.run(all_shares())
    return seen


@pytest.mark.parametrize("slots", [None, SharedSlots()], ids=["alone", "slots"])
def test_the_list_is_read_rarely_while_results_wait_to_be_fetched(slots: SharedSlots | None) -> None:
    # Two jobs end in each second, and one result may be fetched: the last result is fetched after 230 s.
    account = FakeAccount(many(200, first=30, last=130), results_per_second=1)

    seen = wait_for(account, {"only": list(account.ends)}, qps=1, seconds=30, slots=slots)

    assert seen.all_succeeded
    # Without a read for a minute, jobs would be polled whose end the list has not shown.
    assert account.calls["only"] <= 1.02 * 200
    assert account.list_reads["only"] <= 0.08 * 200
    # None is fetched much later than those that ended before it, and nothing idles.
    assert seen.last_of(list(account.ends)) <= 30 + 200 + 15


def test_many_jobs_cost_one_call_each_and_none_is_throttled_despite_network_jitter() -> None:
    account = FakeAccount(many(1000), latency=0.1)

    seen = wait_for(account, {"a": list(account.ends)})

    assert seen.all_succeeded
    assert account.calls["a"] + account.list_reads["a"] <= 1.1 * 1000
    assert account.throttled["a"] + account.throttled_list_reads["a"] == 0


def test_jobs_that_are_submitted_one_after_the_other_cost_about_one_poll_each() -> None:
    account = FakeAccount({f"J-{number}": 30 + number / 2 for number in range(40)})

    seen = wait_for(account, {"a": list(account.ends)}, qps=2, seconds=30)

    assert seen.all_succeeded
    # The first ones are polled individually until there are enough for the list.
    assert account.calls["a"] <= 40 + 4


def test_results_are_fetched_while_finished_jobs_are_reported_to_others() -> None:
    class SlowSlots(SharedSlots):
        async def publish(self, finished: Mapping[str, Ending | None]) -> None:
            await asyncio.sleep(600)

    account = FakeAccount(many(20, first=0, last=0))

    seen = wait_for(account, {"only": list(account.ends)}, slots=SlowSlots())

    assert seen.all_succeeded
    assert seen.last_of(list(account.ends)) < 30


def test_pollers_that_share_slots_never_read_the_list_without_one() -> None:
    account = FakeAccount({f"J-{number}": 30 + number / 2 for number in range(40)})
    names = list(account.ends)

    seen = wait_for(account, {"a": names[::2], "b": names[1::2]}, seconds=30, slots=SharedSlots())

    assert seen.all_succeeded
    assert sum(account.list_reads.values()) > 5
    assert not account.throttled_list_reads


def test_the_rate_adapts_to_a_tenth_of_the_configured_quota_and_no_job_is_lost() -> None:
    account = FakeAccount(many(300), results_per_second=1)

    seen = wait_for(account, {"a": list(account.ends)})

    assert seen.all_succeeded
    assert account.throttled["a"] < 0.15 * account.calls["a"]


@pytest.mark.parametrize("triggerers", [2, 4])
def test_triggerers_that_share_an_account_get_similar_shares(triggerers: int) -> None:
    account = FakeAccount(many(800))
    names = list(account.ends)
    shares = {f"triggerer {number}": names[number::triggerers] for number in range(triggerers)}

    seen = wait_for(account, shares)

    assert seen.all_succeeded
    last = [seen.last_of(share) for share in shares.values()]
    assert max(last) < 2 * min(last)
    for who in shares:
        assert account.throttled[who] < 0.15 * account.calls[who]
        assert account.list_reads[who] - account.throttled_list_reads[who] > 3


@pytest.mark.parametrize("per_second", [1.4, 2.0])
def test_a_triggerer_whose_polls_are_throttled_catches_up_when_the_other_has_finished(
    per_second: float,
) -> None:
    last = 30 + 100 / per_second
    for seed in range(10):
        account = FakeAccount({f"J-{n}": 30 + n / per_second for n in range(100)}, results_per_second=2)
        names = list(account.ends)
        random.Random(seed).shuffle(names)

        seen = wait_for(account, {"a": names[::2], "b": names[1::2]}, qps=2, seconds=30, seed=seed)

        assert seen.all_succeeded
        assert seen.last_of(names) < last + 90


def test_many_triggerers_on_a_low_quota_are_throttled_in_less_than_half_of_their_calls() -> None:
    account = FakeAccount({f"J-{number}": 30 + number / 2 for number in range(200)}, results_per_second=2)
    names = list(account.ends)
    shares = {f"triggerer {number}": names[number::8] for number in range(8)}

    seen = wait_for(account, shares, qps=2, seconds=30)

    assert seen.all_succeeded
    assert sum(account.throttled.values()) < 0.5 * sum(account.calls.values())


def test_a_triggerer_that_is_refused_most_reads_leaves_the_list_to_the_others() -> None:
    account = FakeAccount(many(20, first=300, last=600))
    backend = FakeBackend(account, "few")

    async def other_processes_read() -> None:
        # Whoever reads the list the moment it may be read.
        while True:
            account.allow_list_read()
            await asyncio.sleep(0.1)

    async def main() -> None:
        reading = asyncio.ensure_future(other_processes_read())
        poller = Poller(backend, limiter=RateLimiter(10))
        await asyncio.gather(*(poller.wait(Job(name, "s.A"), deadline=DEADLINE) for name in account.ends))
        reading.cancel()
        await poller.close()

    virtual_time.run(main())

    assert account.list_reads["few"] <= 20


def test_two_triggerers_with_few_jobs_do_not_read_the_list() -> None:
    account = FakeAccount(many(6, first=60, last=600))
    names = list(account.ends)

    seen = wait_for(account, {"a": names[:3], "b": names[3:]})

    assert seen.all_succeeded
    assert not account.list_reads
    assert seen.delays()[-1] < 15


def test_a_job_that_the_list_does_not_show_is_polled_among_many_that_it_shows() -> None:
    ends = many(600)
    unlisted = list(ends)[::100]
    account = FakeAccount(ends, unlisted=unlisted)

    seen = wait_for(account, {"a": list(ends)})

    assert seen.all_succeeded
    assert max(seen.noticed[job_id] - ends[job_id] for job_id in unlisted) < 60


def test_a_stream_of_finished_jobs_does_not_starve_one_that_must_be_polled() -> None:
    ends = many(2500, first=10, last=1000) | {"old": 70.0}
    account = FakeAccount(ends, unlisted=["old"], results_per_second=2)

    seen = wait_for(account, {"a": list(ends)}, qps=2)

    assert seen.all_succeeded
    assert seen.noticed["old"] < 700 < 1250 < max(seen.noticed.values())


def test_the_jobs_that_finished_first_are_fetched_first_when_the_quota_delays_all() -> None:
    account = FakeAccount(many(2000, first=10, last=20))

    seen = wait_for(account, {"a": list(account.ends)})

    in_order = [account.ends[job_id] for job_id in sorted(seen.noticed, key=seen.noticed.__getitem__)]
    late = in_order[1000:]
    # Concurrent calls overtake each other by a few places.
    assert all(earlier < later + 0.1 for earlier, later in pairwise(late))


def test_a_deadline_shared_by_many_jobs_does_not_exceed_the_quota() -> None:
    account = FakeAccount({f"J-{number}": 1e9 for number in range(200)})
    deadline = datetime.now(timezone.utc) + timedelta(seconds=60)

    async def crowd() -> list[JobReport | BaseException]:
        poller = Poller(FakeBackend(account, "a"), limiter=RateLimiter(10, account.now))
        waiting = (poller.wait(Job(job_id, "videoenhan.X"), deadline=deadline) for job_id in account.ends)
        try:
            return await asyncio.gather(*waiting, return_exceptions=True)
        finally:
            await poller.close()

    ends = virtual_time.run(crowd())

    assert {type(end).__name__ for end in ends} == {"JobTimedOut"}
    assert account.throttled["a"] == 0
