"""Batches: each item is paid for once, wherever a worker dies and whatever gets lost in transit."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from airflow_provider_viapi.alibaba.job_reports import LIST_TIME_ZONES
from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.errors import (
    ConnectionFailed,
    InvalidRequest,
    PermissionDenied,
    ResponseLost,
    ServiceError,
    Throttled,
)
from airflow_provider_viapi.jobs.attempt_context import (
    Attempt,
    AttemptContext,
    Intent,
    OtherTasks,
    Timing,
)
from airflow_provider_viapi.jobs.backend import Identity
from airflow_provider_viapi.jobs.batch.background_wait import BackgroundWait
from airflow_provider_viapi.jobs.batch.ledger import BatchLedger, Item
from airflow_provider_viapi.jobs.batch.limits import BatchConfig
from airflow_provider_viapi.jobs.batch.runner import BatchRunner
from airflow_provider_viapi.jobs.batch.running_jobs import CONCURRENT_DOWNLOADS, MAX_LOGGED_FAILURES
from airflow_provider_viapi.jobs.batch.wait import FinishedJobs
from airflow_provider_viapi.jobs.ledger import request_digest
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome, RequestNonce
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.jobs.reconciliation import JobList, ListedJob
from airflow_provider_viapi.jobs.submission import Submission, SubmitPolicy
from airflow_provider_viapi.jobs.usage_and_cost import Usage
from jobs.scripted_backend import ScriptedClaims
from operators.run_batch import Store, WorkerLost

ACTION = videoenhan.ERASE_VIDEO_SUBTITLES.full_name


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, message: str, /, *values: object) -> None:
        self.lines.append(message % values)

    warning = info


class Clock:
    """Virtual time: sleeping returns at once."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    @property
    def timing(self) -> Timing:
        return Timing(now=self.now, sleep=self.sleep)


class Service:
    """Submit backend that remembers nonces and jobs; each submission has the next one of ``fates``, then succeeds."""

    action_name = ACTION
    replayable_for = timedelta(minutes=15)
    has_list = True
    accepted_within = timedelta(seconds=60)

    def __init__(self, clock: Clock, fates: list[str], lists_refused: list[bool] | None = None) -> None:
        self.clock = clock
        self.fates = list(fates)
        self.lists_refused = list(lists_refused or ())
        self.jobs: dict[str, tuple[dict[str, Any], str]] = {}
        self.nonces: set[str] = set()
        self.keys = 1

    def identity(self) -> Identity:
        return Identity("account", "https://h", f"key-{self.keys}")

    def submit(self, request: Mapping[str, Any], nonce: RequestNonce) -> Job:
        self.clock.sleep(0.1)
        fate = self.fates.pop(0) if self.fates else "accepted"
        if fate == "request lost, key renewed":
            self.keys += 1
            raise ResponseLost("no response")
        if fate == "unreachable":
            raise ConnectionFailed("refused")
        if fate == "request lost":
            raise ResponseLost("no response")
        if nonce.nonce in self.nonces:
            raise ServiceError("seen", code="SignatureNonceUsed")
        if fate == "throttled":
            raise Throttled("too many", code="Throttling.User")
        self.nonces.add(nonce.nonce)
        job_id = f"J-{len(self.jobs)}"
        self.jobs[job_id] = dict(request), self.clock.now().strftime("%Y-%m-%d %H:%M:%S")
        if fate == "response lost":
            raise ResponseLost("no response")
        if fate == "worker lost":
            raise WorkerLost
        return self.job(job_id)

    def renewed_key(self, error: ServiceError) -> bool:
        return False

    def job(self, job_id: str) -> Job:
        return Job(job_id, ACTION)

    def list_recent(self, sent_at: datetime) -> JobList:
        if self.lists_refused and self.lists_refused.pop(0):
            raise PermissionDenied("no", code="Forbidden.NotAuthorized")
        listed = [ListedJob(job_id, created) for job_id, (_, created) in self.jobs.items()]
        return JobList(listed, time_zones=LIST_TIME_ZONES)

    def report(self, job: Job) -> JobReport:
        if job.id not in self.jobs:
            raise InvalidRequest("unknown", code="InvalidParameter")
        request, _ = self.jobs[job.id]
        return JobReport(job.id, "PROCESS_SUCCESS", Outcome.SUCCEEDED, {"VideoUrl": request["VideoUrl"]})

    async def cancel(self, job: Job, log: Any) -> bool:
        return False


class ItemClaims(ScriptedClaims):
    def __init__(self, ledger: BatchLedger, item: Item) -> None:
        super().__init__()
        self.ledger, self.item = ledger, item

    def claim_job(self, intent: Intent, job_id: str) -> bool:
        return not self.is_own(job_id)

    def is_own(self, job_id: str) -> bool:
        return self.ledger.has_job(job_id, besides=self.item)

    def others(self, intent: Intent, *, until: datetime | None = None) -> OtherTasks:
        unknown = ("another item",) if self.ledger.has_unknown(besides=self.item) else ()
        return OtherTasks(frozenset(self.ledger.job_ids(besides=self.item)), unknown)


class Backend:
    """Batch backend over the service."""

    deadline = datetime(2100, 1, 1, tzinfo=timezone.utc)

    def __init__(self, service: Service, ledger: BatchLedger, context: AttemptContext) -> None:
        self.service, self.ledger, self.context = service, ledger, context
        self.limiter = RateLimiter(1e6)

    def resume_or_submit(self, item: Item) -> tuple[Job, JobReport | None]:
        return self._submission(item).resume_or_submit()

    def resume(self, item: Item) -> tuple[Job, JobReport | None] | None:
        return self._submission(item).resume()

    def _submission(self, item: Item) -> Submission:
        return Submission(
            backend=self.service,
            hook=self.service,  # type: ignore[arg-type]
            ledger=self.ledger.open_ledger(item),
            digest=item.digest,
            prepare_request=lambda: item.request or {},
            policy=SubmitPolicy(deadline=self.deadline, once=True),
            context=replace(self.context, claims=ItemClaims(self.ledger, item), log=Log()),
        )

    def report(self, job: Job) -> JobReport:
        return self.service.report(job)

    def cancel(self, jobs: Collection[Job]) -> Collection[str]:
        return ()

    def collect(self, item: Item, report: JobReport) -> Mapping[str, Any]:
        return report.result or {}

    def usage(self, result: Mapping[str, Any]) -> Usage | None:
        return None

    def estimate(self, item: Item) -> Usage | None:
        return None

    def release_inputs(self, item: Item) -> None:
        pass

    def is_permanent(self, error: ServiceError) -> bool:
        return False

    def publish(self, jobs: Collection[Job]) -> None:
        pass


def items(names: list[str]) -> list[Item]:
    built: list[Item] = []
    for index, name in enumerate(names):
        request = {"VideoUrl": f"http://h/{name}.mp4"}
        digest = request_digest(ACTION, request)
        built.append(Item.of(index, request, digest, sum(item.digest == digest for item in built)))
    return built


def batch(
    service: Service, store: Store, wanted: list[Item], try_number: int, log: Log | None = None, **config: Any
) -> BatchRunner:
    attempt = Attempt(try_number, 100)
    ledger = BatchLedger(store, attempt)
    clock = service.clock
    context = AttemptContext(attempt, ItemClaims(ledger, wanted[0]), log or Log(), clock.timing)
    limits = BatchConfig(
        ACTION,
        **{
            "max_in_flight": 3,
            "max_failed": 100,
            "job_timeout": timedelta(days=1),
            "began": clock.now(),
            "deadline": clock.now() + timedelta(days=1),
            **config,
        },
    )
    if not ledger.is_same_as_begun(wanted):
        ledger.begin_attempt(wanted, clock.now())
    return BatchRunner(wanted, ledger, limits, Backend(service, ledger, context), context)


def play(service: Service, store: Store, wanted: list[Item], try_number: int) -> list[dict[str, Any]]:
    """Run one attempt, each part of it as another process, with jobs that end in any order in between."""
    running = batch(service, store, wanted, try_number)
    running.resume()
    for _ in range(100):
        running.submit(EndlessJobs())
        if running.is_finished:
            if len(running.ledger.rows(wanted)) == len(wanted):
                running.ledger.mark_delivered()
            return running.ledger.rows(wanted)
        some = running.jobs[: random.randint(1, 3)]
        running = batch(service, store, wanted, try_number)
        running.collect(FinishedJobs([service.report(job) for job in some]))
    raise AssertionError("the batch does not come to an end")


class EndlessJobs(BackgroundWait):
    """Sees no job end."""

    has_failures = False
    finished_count = 0

    def __init__(self) -> None:
        pass

    def add(self, job: Job) -> None:
        pass

    def drain(self) -> FinishedJobs:
        return FinishedJobs()

    def wait(self, seconds: float) -> None:
        pass


class SlowDownloads:
    """Downloads that go on until the test has ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, after: Callable[[], None]) -> None:
        self.begun: list[str] = []
        self.after, self.may_end = after, threading.Event()
        monkeypatch.setattr(Backend, "collect", self._collect)

    def _collect(self, item: Item, report: JobReport) -> Mapping[str, Any]:
        self.begun.append(item.name)
        self.after()
        self.may_end.wait(20)
        return {}


class TimedJobs(BackgroundWait):
    """Sees jobs end in virtual time: the n-th one so many seconds after it is added."""

    has_failures = False

    def __init__(self, service: Service, seconds: list[float]) -> None:
        self.service, self.seconds = service, list(seconds)
        self.ends: dict[Job, datetime] = {}
        self.drained: set[Job] = set()

    def add(self, job: Job) -> None:
        if job not in self.ends:
            self.ends[job] = self.service.clock.now() + timedelta(seconds=self.seconds[len(self.ends)])

    def _ended(self) -> set[Job]:
        return {job for job, end in self.ends.items() if end <= self.service.clock.now()} - self.drained

    @property
    def finished_count(self) -> int:
        return len(self._ended())

    def drain(self) -> FinishedJobs:
        ended = self._ended()
        self.drained |= ended
        return FinishedJobs(
            [
                replace(self.service.report(job), times={"noticed": self.ends[job].isoformat()})
                for job in ended
            ]
        )

    def wait(self, seconds: float) -> None:
        self.service.clock.sleep(seconds)


FATES = st.lists(
    st.sampled_from(["accepted", "accepted", "throttled", "response lost", "request lost", "worker lost"]),
    max_size=12,
)


@settings(max_examples=300)
@given(
    names=st.lists(st.sampled_from("abcde"), min_size=1, max_size=7),
    fates=FATES,
    lost_at_writes=st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=3),
    order=st.randoms(use_true_random=False),
)
def test_whatever_gets_lost_each_item_has_one_job_and_its_own_result(
    names: list[str], fates: list[str], lost_at_writes: list[tuple[int, bool]], order: random.Random
) -> None:
    service, store = Service(Clock(), fates), Store()
    wanted = items(names)
    rows: list[dict[str, Any]] = []
    for try_number in range(1, 40):
        # Jobs of the previous attempt are too old to be candidates of this one.
        service.clock.sleep(600)
        store.writes.clear()
        store.lost_at_write, store.lost_after = lost_at_writes.pop() if lost_at_writes else (None, False)
        order.shuffle(names)
        wanted = items(names)
        with suppress(WorkerLost):
            rows = play(service, store, wanted, try_number)
            if len(rows) == len(wanted) and all(row["error"] is None for row in rows):
                break

    assert sorted(request["VideoUrl"] for request, _ in service.jobs.values()) == sorted(
        (item.request or {})["VideoUrl"] for item in wanted
    )
    assert [row["result"]["VideoUrl"] for row in rows] == [
        (item.request or {})["VideoUrl"] for item in wanted
    ]
    assert len({row["job_id"] for row in rows}) == len(wanted)


@settings(max_examples=300)
@given(
    names=st.lists(st.sampled_from("abcde"), min_size=2, max_size=6, unique=True),
    fates=st.lists(
        st.sampled_from(["accepted", "response lost", "request lost", "request lost, key renewed"]),
        max_size=12,
    ),
    lists_refused=st.lists(st.booleans(), max_size=8),
)
def test_an_unknown_outcome_is_in_doubt_and_never_another_items_job(
    names: list[str], fates: list[str], lists_refused: list[bool]
) -> None:
    service, store, wanted = Service(Clock(), fates, lists_refused), Store(), items(names)
    for try_number in range(1, 8):
        rows = play(service, store, wanted, try_number)

    for row in rows:
        item = wanted[row["index"]]
        if row["error"] is None:
            assert row["result"]["VideoUrl"] == (item.request or {})["VideoUrl"]
        else:
            assert row["error"]["class"] == "SubmissionInDoubt"
    submitted = [request["VideoUrl"] for request, _ in service.jobs.values()]
    assert len(submitted) == len(set(submitted))


def test_the_log_names_at_most_a_hundred_failed_items() -> None:
    service, log = Service(Clock(), []), Log()
    running = batch(
        service,
        Store(),
        items([f"v{number}" for number in range(150)]),
        1,
        log,
        max_failed=150,
        max_in_flight=150,
    )
    running.submit(EndlessJobs())

    running.collect(
        FinishedJobs(
            errors={job.id: InvalidRequest("no such job", code="InvalidJob") for job in running.jobs}
        )
    )

    named = [line for line in log.lines if line.startswith("Failed: item ")]
    assert len(named) == MAX_LOGGED_FAILURES == running.logged_failures - 50
    assert named[0] == "Failed: item 0 (http://h/v0.mp4): InvalidJob: no such job"


def test_the_log_says_once_why_nothing_is_submitted_now() -> None:
    service, log = Service(Clock(), ["throttled"] * 100), Log()

    batch(service, Store(), items(["a", "b"]), 1, log).submit(EndlessJobs())

    assert [line for line in log.lines if line.startswith("Not submitted")] == [
        "Not submitted now, and retried later: item 0 (http://h/a.mp4): too many (code Throttling.User)"
    ]


@pytest.mark.parametrize(
    ("seconds", "left"),
    [
        pytest.param([1, 50, 40], 2, id="the first one took 1 s"),
        pytest.param([40, 50, 41], 0, id="as long as the first one, or shorter"),
        pytest.param([40, 300, 41], 1, id="one of the last takes much longer"),
        pytest.param([100, 200, 200], 2, id="the first one took 100 s"),
    ],
)
def test_the_last_jobs_are_waited_for_on_the_worker_if_they_will_end_within_a_minute(
    seconds: list[float], left: int
) -> None:
    service = Service(Clock(), [])
    running = batch(service, Store(), items(["a", "b", "c"]), 1, max_in_flight=1)
    waits = TimedJobs(service, seconds)
    running.submit(waits)  # the first one; the others have to wait for it
    service.clock.sleep(seconds[0])
    running.config = replace(running.config, max_in_flight=3)
    running.submit(waits)

    began = service.clock.now()
    if running.ends_soon:
        running.wait_for_last_jobs(waits)

    assert len(running.running) == left
    assert service.clock.now() - began <= timedelta(seconds=61)


def test_a_batch_waits_on_its_worker_for_a_minute_at_most_however_its_last_jobs_spread() -> None:
    service = Service(Clock(), [])
    running = batch(service, Store(), items([f"v{n}" for n in range(100)]), 1, max_in_flight=100)
    waits = TimedJobs(service, [1.0, *(2.0 * number for number in range(99))])
    running.submit(waits)

    began = service.clock.now()
    if running.ends_soon:
        running.wait_for_last_jobs(waits)

    assert service.clock.now() - began <= timedelta(seconds=61)
    assert running.running


@pytest.mark.parametrize("failed_submissions", [5, 6, 50])
def test_a_batch_whose_submissions_fail_continues_later(failed_submissions: int) -> None:
    service = Service(Clock(), [])
    waiting = batch(service, Store(), items(["a"]), 1)
    waiting.failed_submissions = failed_submissions

    continue_at = waiting.wait_policy(lands=False).continue_at

    assert timedelta(seconds=30) <= continue_at - service.clock.now() <= timedelta(seconds=300)


def test_a_batch_whose_service_is_unreachable_gives_up_after_submit_timeout() -> None:
    service, store = Service(Clock(), ["accepted", *["unreachable"] * 1000]), Store()
    running = batch(service, store, items(["a", "b"]), 1, submit_timeout=timedelta(minutes=20))
    began = service.clock.now()

    while not running.submits_nothing_more:
        running.submit(EndlessJobs())
        if not running.submits_nothing_more:
            service.clock.time = running.wait_policy(lands=False).continue_at

    assert isinstance(running.refusal, ConnectionFailed)
    assert timedelta(minutes=20) <= service.clock.now() - began < timedelta(minutes=30)
    # What was submitted is still waited for.
    assert not running.is_finished
    running.collect(FinishedJobs([service.report(job) for job in running.jobs]))
    assert running.is_finished


def test_a_retry_records_the_results_of_ended_jobs_together() -> None:
    service, store, names = Service(Clock(), []), Store(), [f"v{number}" for number in range(15)]
    batch(service, store, items(names), 1, max_in_flight=20).submit(EndlessJobs())
    running = batch(service, store, items(names), 2, max_in_flight=20)
    store.writes.clear()

    running.resume()

    assert running.progress.done == 15
    # The rows, and what refers to them.
    assert len(store.writes) == 2


def test_a_batch_with_more_jobs_than_it_may_have_now_waits_until_others_may_follow() -> None:
    service, store, names = Service(Clock(), []), Store(), [f"v{number}" for number in range(40)]
    batch(service, store, items(names), 1, max_in_flight=30).submit(EndlessJobs())

    policy = batch(service, store, items(names), 1, max_in_flight=5).wait_policy(lands=False)

    assert policy.min_finished == 25


def test_a_task_that_is_stopped_does_not_wait_for_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    service, stopped = Service(Clock(), []), threading.Event()
    running = batch(service, Store(), items([f"v{number}" for number in range(30)]), 1, max_in_flight=30)
    running.submit(EndlessJobs())
    running.context = replace(running.context, stop_requested=stopped.is_set)
    downloads = SlowDownloads(monkeypatch, after=stopped.set)
    ended = FinishedJobs([service.report(job) for job in running.jobs])

    began = time.monotonic()
    running.collect(ended)

    assert time.monotonic() - began < 10
    downloads.may_end.set()
    assert len(downloads.begun) <= CONCURRENT_DOWNLOADS
    # The next attempt resumes them.
    assert len(running.running) == 30


def test_at_the_execution_timeout_a_task_does_not_wait_for_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    class TimeIsOver(BaseException):
        pass

    def end(*_: object) -> None:
        raise TimeIsOver

    service = Service(Clock(), [])
    running = batch(service, Store(), items([f"v{number}" for number in range(30)]), 1, max_in_flight=30)
    running.submit(EndlessJobs())
    downloads = SlowDownloads(monkeypatch, after=lambda: None)
    main = threading.main_thread().ident or 0
    before = signal.signal(signal.SIGALRM, end)
    try:
        began = time.monotonic()
        threading.Timer(1.0, signal.pthread_kill, [main, signal.SIGALRM]).start()
        with pytest.raises(TimeIsOver):
            running.collect(FinishedJobs([service.report(job) for job in running.jobs]))
    finally:
        signal.signal(signal.SIGALRM, before)

    assert time.monotonic() - began < 10
    downloads.may_end.set()
    assert len(downloads.begun) <= CONCURRENT_DOWNLOADS
