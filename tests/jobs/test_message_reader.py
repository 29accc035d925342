"""Messages that name finished jobs, in virtual time: what they save, and what bad ones cannot do."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from airflow_provider_viapi.jobs.backend import ListSnapshot
from airflow_provider_viapi.jobs.model import Job, JobReport, ListJobs
from airflow_provider_viapi.jobs.polling.intervals import Backoff
from airflow_provider_viapi.jobs.polling.message_reader import MessageRecord
from airflow_provider_viapi.jobs.polling.poller import Poller
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from jobs import virtual_time
from jobs.fake_account import FakeAccount, FakeBackend

DEADLINE = datetime.now(timezone.utc) + timedelta(days=300)
ACTION = "videoenhan.EraseVideoSubtitles"
DELAY = 0.3
"""Seconds from the end of a job to its message."""


@dataclass
class Messages:
    """Messages at given times; a subscriber receives those that are sent while it is connected.

    :param messages: time and job id of each
    :param is_up: returns whether the queue can be used at a time; a connection breaks when it cannot
    """

    messages: list[tuple[float, str]]
    is_up: Callable[[float], bool] = lambda seconds: True
    record: MessageRecord = field(default_factory=MessageRecord)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Collection[str]]]:
        await self._check()
        yield self._read()

    async def _read(self) -> AsyncIterator[Collection[str]]:
        began = asyncio.get_running_loop().time()
        for at, job_id in sorted(self.messages):
            while at > asyncio.get_running_loop().time():
                await asyncio.sleep(min(1.0, at - asyncio.get_running_loop().time()))
                await self._check()
            if at >= began:
                yield [job_id]
        while True:
            await asyncio.sleep(1)
            await self._check()

    async def _check(self) -> None:
        if not self.is_up(asyncio.get_running_loop().time()):
            raise ConnectionError("no queue")


class CountingBackend(FakeBackend):
    """Backend that counts the polls of each job; without a list if ``list_interval`` is ``None``."""

    def __init__(self, account: FakeAccount) -> None:
        super().__init__(account)
        self.polls: dict[str, list[float]] = {}

    async def report(self, job: Job) -> JobReport:
        self.polls.setdefault(job.id, []).append(asyncio.get_running_loop().time())
        return await super().report(job)


@dataclass
class Result:
    account: FakeAccount
    backend: CountingBackend
    noticed: dict[str, float]

    def delays(self, job_ids: Collection[str] = ()) -> list[float]:
        return [self.noticed[each] - self.account.ends[each] for each in job_ids or self.account.ends]

    @property
    def calls(self) -> int:
        return self.account.calls["only"] + self.account.list_reads["only"]


def messages_of(ends: Mapping[str, float]) -> list[tuple[float, str]]:
    return [(end + DELAY, job_id) for job_id, end in ends.items()]


def wait_for(
    ends: Mapping[str, float],
    messages: Messages | None,
    *,
    starts: Mapping[str, float] | None = None,
    list_jobs: ListJobs = "auto",
) -> Result:
    """Wait for jobs that end at these times, each from its start."""
    # Intervals are random; the same ones in every run.
    random.seed(1)
    account = FakeAccount(ends, results_per_second=100)
    backend = CountingBackend(account)
    noticed: dict[str, float] = {}

    async def one(poller: Poller, job_id: str) -> None:
        await asyncio.sleep((starts or {}).get(job_id, 0.0))
        await poller.wait(Job(job_id, ACTION), deadline=DEADLINE)
        noticed[job_id] = account.now()

    async def main() -> None:
        poller = Poller(
            backend, limiter=RateLimiter(100, account.now), list_jobs=list_jobs, messages=messages
        )
        try:
            await asyncio.gather(*(one(poller, job_id) for job_id in ends))
        finally:
            await poller.close()

    virtual_time.run(main())
    return Result(account, backend, noticed)


def in_sequence(count: int, seconds: float) -> tuple[dict[str, float], dict[str, float]]:
    """Jobs of so many seconds, each of which starts a second after the one before has ended."""
    starts = {f"J-{number:03}": number * (seconds + 1) for number in range(count)}
    return {job_id: start + seconds for job_id, start in starts.items()}, starts


def test_a_message_ends_the_wait_at_once() -> None:
    ends = {"J-1": 300.0}

    result = wait_for(ends, Messages(messages_of(ends)))

    assert result.delays()[0] < DELAY + 0.5


def test_many_jobs_cost_one_call_each_and_are_noticed_at_once() -> None:
    ends = {f"J-{number}": 30 + number / 5 for number in range(1000)}

    result = wait_for(ends, Messages(messages_of(ends)))

    assert result.calls <= 1.02 * len(ends)
    assert max(result.delays()) < DELAY + 0.5


def test_a_job_after_the_other_is_polled_rarely_once_messages_have_proved_reliable() -> None:
    ends, starts = in_sequence(20, seconds=300)

    result = wait_for(ends, Messages(messages_of(ends)), starts=starts)

    polls = [len(result.backend.polls[job_id]) for job_id in sorted(ends)]
    # A poll may find an end before its message comes, so it may take more than three jobs.
    assert min(polls[:3]) > 5 * max(polls[8:])
    assert max(result.delays()) < DELAY + 0.5


def test_messages_that_name_no_job_change_nothing() -> None:
    ends, starts = in_sequence(8, seconds=100)
    messages = [(at, "another account's job") for at in range(10, 900, 10)]

    result = wait_for(ends, Messages([(float(at), job_id) for at, job_id in messages]), starts=starts)

    assert max(result.delays()) < 11
    assert result.calls == pytest.approx(wait_for(ends, None, starts=starts).calls, rel=0.25)


def test_messages_that_stop_delay_one_job_at_most_by_the_rare_interval() -> None:
    ends, starts = in_sequence(20, seconds=100)
    first = dict(sorted(ends.items())[:8])

    result = wait_for(ends, Messages(messages_of(first)), starts=starts)

    later = sorted(ends)[8:]
    assert max(result.delays(later)) < 101
    # A few ends that no message announced suffice to poll as without messages.
    assert sum(delay > 11 for delay in result.delays(later)) <= 3


@pytest.mark.parametrize("list_jobs", ["auto", "never"])
def test_a_lost_connection_is_as_if_there_were_no_messages(list_jobs: ListJobs) -> None:
    warm = {f"W-{number}": 20.0 + number for number in range(8)}
    ends = {**warm, **{f"J-{number}": 400.0 + 10 * number for number in range(8)}}

    messages = Messages(messages_of(ends), is_up=lambda seconds: seconds < 390)
    result = wait_for(ends, messages, list_jobs=list_jobs)

    assert max(result.delays(warm)) < 11
    assert max(result.delays([job_id for job_id in ends if job_id not in warm])) < 11


def test_jobs_that_end_during_a_short_interruption_are_found_by_the_list() -> None:
    warm = {f"W-{number}": 20.0 + number for number in range(8)}
    others = {f"J-{number}": 2000.0 + number for number in range(6)}
    gaps = [400.0 + 131 * number for number in range(8)]
    missed = {f"M-{number}": gap + 0.2 for number, gap in enumerate(gaps)}
    # Messages stay reliable.
    announced = {f"A-{gap}-{number}": gap + 70 + 10 * number for gap in gaps for number in range(4)}

    ends = {**warm, **others, **missed, **announced}
    is_up = lambda seconds: not any(gap <= seconds < gap + 1 for gap in gaps)  # noqa: E731
    result = wait_for(ends, Messages(messages_of(ends), is_up))

    assert max(result.delays(missed)) < 11


def test_a_connection_that_is_back_is_used_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ends = {f"J-{number:02}": 20.0 + 20 * number for number in range(40)}

    messages = Messages(messages_of(ends), is_up=lambda seconds: not 200 <= seconds < 400)
    result = wait_for(ends, messages)

    assert max(result.delays(sorted(ends)[25:])) < DELAY + 0.5
    lines = [record.getMessage() for record in caplog.records if "job_messages_url" in record.getMessage()]
    assert [line.split(",")[0] for line in lines] == [
        "Messages of job_messages_url do not arrive",
        "Messages of job_messages_url arrive again",
    ]


def test_a_job_that_ended_before_the_messages_arrive_is_found_by_polling() -> None:
    ends, starts = in_sequence(10, seconds=50)
    late = {"OLD-1": 1.0}

    messages = Messages(messages_of({**ends, **late}), is_up=lambda seconds: True)
    # Its message came long before anybody waited for it, as after a restart.
    result = wait_for({**ends, **late}, messages, starts={**starts, "OLD-1": 300.0})

    assert result.noticed["OLD-1"] < 311


def test_a_false_message_costs_one_poll_and_the_job_is_then_polled_as_without_messages() -> None:
    ends, starts = in_sequence(9, seconds=100)
    last = max(ends)
    announced = {job_id: end for job_id, end in ends.items() if job_id != last}
    false = (starts[last] + 40, last)

    result = wait_for(ends, Messages([*messages_of(announced), false]), starts=starts)

    because_of_it, soon_after = (
        [at for at in result.backend.polls[last] if low <= at - starts[last] < high]
        for low, high in ((39.9, 40.9), (40.9, 42.2))
    )
    assert len(because_of_it) == 1
    assert not soon_after
    # It may have been the only message about the job.
    later = [at for at in result.backend.polls[last] if at > starts[last] + 39]
    assert max(after - before for before, after in pairwise(later)) < 10.5


def test_a_flood_of_false_messages_about_one_job_delays_no_other_job() -> None:
    ends = {f"J-{number}": 100.0 + number for number in range(50)} | {"TARGET": 200.0}
    flood = [(10 + number / 100, "TARGET") for number in range(15_000)]

    result = wait_for(ends, Messages([*messages_of(ends), *flood]))

    assert max(result.delays([job_id for job_id in ends if job_id != "TARGET"])) < DELAY + 0.5
    assert len(result.backend.polls["TARGET"]) < 190 / 4


def test_a_message_that_arrives_during_a_poll_is_not_lost() -> None:
    """The poll's answer was determined before the job ended."""
    ends = {"J-1": 50.0}
    account = FakeAccount(ends)

    class SlowBackend(CountingBackend):
        list_interval = None

        async def report(self, job: Job) -> JobReport:
            report = await super().report(job)
            await asyncio.sleep(40)
            return report

    backend = SlowBackend(account)

    async def main() -> None:
        poller = Poller(
            backend, Backoff(first=40, growth=1, longest=40), messages=Messages(messages_of(ends))
        )
        try:
            await poller.wait(Job("J-1", ACTION), deadline=DEADLINE)
        finally:
            await poller.close()

    virtual_time.run(main())
    # The second one begins as soon as the first one, which began before the end, is answered.
    first, second = backend.polls["J-1"]
    assert first < 50 < second < first + 41


def test_a_message_is_newer_than_a_page_of_the_list_that_was_requested_before() -> None:
    # The third read of the list is under way then.
    ends = {f"J-{number}": 26.5 for number in range(20)}
    account = FakeAccount(ends)

    class SlowList(CountingBackend):
        async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
            snapshot = await super().list_states(job_ids)
            await asyncio.sleep(4.5)
            return snapshot

    backend = SlowList(account)

    async def main() -> float:
        poller = Poller(backend, limiter=RateLimiter(0.5, account.now), messages=Messages(messages_of(ends)))
        try:
            await asyncio.gather(*(poller.wait(Job(job_id, ACTION), deadline=DEADLINE) for job_id in ends))
            return account.now()
        finally:
            await poller.close()

    # Two seconds for each result, which is all that the limiter allows.
    assert virtual_time.run(main()) < 26.5 + DELAY + 2 * 20 + 5


def test_a_job_that_ended_long_ago_is_found_while_messages_announce_all_others() -> None:
    """As that of a task that was cleared: nobody waited for it when its message came."""
    warm = {f"W-{number}": 20.0 + number for number in range(8)}
    others = {f"J-{number}": 2000.0 + number for number in range(6)}
    old = {f"OLD-{number}": 1.0 for number in range(8)}
    starts = {job_id: 500.0 + 113 * number for number, job_id in enumerate(old)}

    result = wait_for({**warm, **others, **old}, Messages(messages_of({**warm, **others})), starts=starts)

    assert max(result.noticed[job_id] - starts[job_id] for job_id in old) < 11
