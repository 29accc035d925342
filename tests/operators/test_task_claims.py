"""Claims of tasks on jobs: what tasks of one DAG run see of each other, and what all tasks see with a state path."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_viapi.jobs.attempt_context import Attempt, Claims, Intent
from airflow_provider_viapi.jobs.batch.ledger import BatchLedger, Item
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.task.claims import ItemClaims, TaskClaims
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.state.stores import MemoryStore
from jobs.scripted_backend import Log, ScriptedBackend, submission
from media.moto_s3 import bucket, moto_endpoint
from skipping_clock import SkippingClock

__all__ = ["bucket", "moto_endpoint"]

# Recent, or a task that opens a submission may delete it as older than the retention.
NOW = (datetime.now(timezone.utc) - timedelta(days=1)).replace(hour=9, minute=30, second=0, microsecond=0)


def intent(nonce: str = "n", *, at: datetime = NOW, **fields: str) -> Intent:
    known = {"action": "videoenhan.EraseVideoSubtitles", "account": "LTAI", "endpoint": "https://h"}
    return Intent(nonce=nonce, signed_at=at.isoformat(), **known | fields)  # type: ignore[arg-type]


class Airflow:
    """XComs of the tasks of a deployment; while it is down, none can be written."""

    def __init__(self, *task_ids: str) -> None:
        self.task_ids = task_ids
        self.xcoms: dict[tuple[str, str, int, str], Any] = {}
        self.pulled: list[str] = []
        self.is_down = False

    def claims(
        self, task_id: str, *, map_index: int = -1, run_id: str = "run", dag_id: str = "dag"
    ) -> TaskClaims:
        """Return the claims of a new attempt of a task, as a worker makes them."""

        def push(key: str, value: Any) -> None:
            if self.is_down:
                raise ConnectionError("the API server is not available")
            self.xcoms[run_id, task_id, map_index, key] = value

        def pull(*, task_ids: Any, key: str, map_indexes: Any = None) -> Any:
            self.pulled.append(key)
            wanted = [task_ids] if isinstance(task_ids, str) else task_ids
            found = [
                value
                for (run, task, index, name), value in self.xcoms.items()
                if (run, name) == (run_id, key) and task in wanted and map_indexes in (None, index)
            ]
            return (found or [None])[0] if isinstance(task_ids, str) else found

        instance = SimpleNamespace(
            dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index, xcom_push=push, xcom_pull=pull
        )
        dag = SimpleNamespace(
            tasks=[
                SimpleNamespace(
                    task_id=name,
                    operator_class=ViapiBatchOperator if name == "batch" else EraseVideoSubtitlesOperator,
                )
                for name in self.task_ids
            ]
        )
        context: Any = {"ti": instance, "dag": dag}
        return TaskClaims(context, Log())

    def clear(self, task_id: str) -> None:
        """Forget the XComs of a task, as Airflow does when its retry begins."""
        self.xcoms = {key: value for key, value in self.xcoms.items() if key[1] != task_id}


@pytest.fixture
def airflow() -> Airflow:
    return Airflow("a", "b", "c", "batch")


@pytest.fixture(params=["xcoms", "file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Publish by XComs alone, or below a state path."""
    if request.param != "xcoms":
        path = f"file://{tmp_path}/state"
        if request.param == "s3":
            path = f"{request.getfixturevalue('bucket').url}/state"
        monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", path)
    return str(request.param)


@pytest.fixture
def shared(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}/state")


def test_an_open_submission_is_seen_by_others_until_it_is_closed(airflow: Airflow, store: str) -> None:
    a, b = airflow.claims("a"), airflow.claims("b")

    a.open(intent("of a"))
    (open_task,) = b.others(intent("of b")).open_intents
    assert open_task.startswith("a/-1")
    assert a.others(intent("of a")).open_intents == ()

    a.close(intent("of a"))
    assert b.others(intent("of b")).open_intents == ()


def test_a_job_is_seen_by_others_and_closes_its_submission(airflow: Airflow, store: str) -> None:
    a, b = airflow.claims("a"), airflow.claims("b")

    a.open(intent("of a"))
    a.publish_job(intent("of a"), "J-A")

    others = b.others(intent("of b"))
    assert (others.job_ids, others.open_intents) == ({"J-A"}, ())
    assert a.others(intent("of a")).job_ids == frozenset()


def test_a_task_whose_dag_has_no_batch_does_not_read_the_jobs_of_batches() -> None:
    airflow = Airflow("a", "b")
    airflow.claims("a").publish_job(intent("of a"), "J-A")

    assert not airflow.claims("b").claim_job(intent("of b"), "J-A")
    assert airflow.pulled == ["job_id"]


def test_a_job_that_two_tasks_hold_is_seen_by_both(airflow: Airflow, store: str) -> None:
    a, b, c = airflow.claims("a"), airflow.claims("b"), airflow.claims("c")
    c.publish_job(intent("of c"), "J-C")
    for nonce, claims in (("of a", a), ("of b", b)):
        claims.open(intent(nonce))
        claims.publish_job(intent(nonce), "J-1")

    assert a.others(intent("of a")).job_ids == {"J-1", "J-C"}
    assert b.others(intent("of b")).job_ids == {"J-1", "J-C"}

    b.retract_job(intent("of b"), "J-1")
    assert a.others(intent("of a")).job_ids == {"J-C"}
    assert len(a.others(intent("of a")).open_intents) == 1


def test_a_job_is_taken_if_another_task_or_another_item_has_it(airflow: Airflow, store: str) -> None:
    airflow.claims("a").publish_job(intent("of a"), "J-A")
    ledger = BatchLedger(MemoryStore(), Attempt(1, 3))
    first, second = Item(0, "first", "1:first"), Item(1, "second", "1:second")
    ledger.begin_attempt([first, second], NOW)
    submitted(ledger, first, "J-1")
    item = batch_of(airflow, ledger, second, airflow.claims("batch"))

    assert not item.claim_job(intent("of second"), "J-1")
    assert item.claim_job(intent("of second"), "J-2")
    assert not airflow.claims("b").claim_job(intent("of b"), "J-A")
    assert airflow.claims("b").claim_job(intent("of b"), "J-B")


def test_whoever_has_a_job_finds_out_whether_another_task_has_it_too(airflow: Airflow, store: str) -> None:
    a, b = airflow.claims("a"), airflow.claims("b")
    a.publish_job(intent("of a"), "J-1")
    assert not a.has_other_owner(intent("of a"), "J-1")

    # In a list whose times have no zone, a task may take it for the job of eight hours earlier.
    earlier = intent("of b", at=NOW - timedelta(hours=8, minutes=10))
    b.open(earlier)
    b.publish_job(earlier, "J-1")
    assert a.has_other_owner(intent("of a"), "J-1")

    b.retract_job(earlier, "J-1")
    assert not a.has_other_owner(intent("of a"), "J-1")


@pytest.mark.parametrize("store", ["file", "s3"], indirect=True)
@pytest.mark.parametrize("job_id", ["..", "a/b", "a-b 1"])
def test_a_claim_is_seen_whatever_the_id_of_the_job_looks_like(
    airflow: Airflow, store: str, job_id: str
) -> None:
    assert airflow.claims("a").claim_job(intent("of a"), job_id)

    assert not airflow.claims("b").claim_job(intent("of b"), job_id)
    assert airflow.claims("c").claim_job(intent("of c"), f"{job_id}.")


def test_a_claim_is_seen_on_the_next_day_too(airflow: Airflow, shared: None) -> None:
    midnight = NOW.replace(hour=0, minute=0)
    assert airflow.claims("a").claim_job(intent("of a", at=midnight - timedelta(minutes=1)), "J-1")

    assert not airflow.claims("b").claim_job(intent("of b", at=midnight), "J-1")


def test_a_job_whose_publication_fails_halfway_is_left_to_no_other_task(
    airflow: Airflow, shared: None, tmp_path: Any
) -> None:
    a = airflow.claims("a")
    a.open(intent("of a"))
    (opened,) = (tmp_path / "state").rglob("intent-*.json")
    opened.with_name(f"{opened.stem.replace('intent-', 'job-')}-J-1.json").mkdir()

    a.publish_job(intent("of a"), "J-1")

    assert not airflow.claims("b").claim_job(intent("of b"), "J-1")
    opened.with_name(f"{opened.stem.replace('intent-', 'job-')}-J-1.json").rmdir()
    assert len(airflow.claims("b").others(intent("of b")).open_intents) == 1


def test_jobs_of_a_version_that_wrote_no_claims_are_seen_by_whoever_reads_a_job_list(
    airflow: Airflow, shared: None, tmp_path: Any
) -> None:
    airflow.claims("a").publish_job(intent("of a"), "J-1")
    (day,) = (path for path in (tmp_path / "state").glob("claims/*/*") if "T" not in path.name)
    shutil.rmtree(day)

    b = airflow.claims("b")

    assert b.others(intent("of b")).job_ids == {"J-1"}


def test_what_a_task_has_given_up_stays_open_whatever_it_does_next(airflow: Airflow, store: str) -> None:
    a, b = airflow.claims("a"), airflow.claims("b")
    a.open(intent("first"))
    a.abandon(intent("first"))
    a.open(intent("second"))
    a.publish_job(intent("second"), "J-2")

    assert len(b.others(intent("of b")).open_intents) == 1


def test_submissions_of_other_actions_and_endpoints_do_not_concern_a_task(
    airflow: Airflow, store: str
) -> None:
    airflow.claims("a").open(intent(action="videoenhan.ChangeVideoSize"))
    airflow.claims("b").open(intent(endpoint="https://elsewhere"))

    assert airflow.claims("c").others(intent("of c")).open_intents == ()


def test_three_tasks_with_open_submissions_see_the_two_others(airflow: Airflow, store: str) -> None:
    for name in ("a", "b", "c"):
        airflow.claims(name).open(intent(f"of {name}"))

    for name in ("a", "b", "c"):
        assert len(airflow.claims(name).others(intent(f"of {name}")).open_intents) == 2


def batch_of(airflow: Airflow, ledger: BatchLedger, item: Item, task: TaskClaims | None = None) -> Claims:
    return ItemClaims(item, ledger, task or airflow.claims("batch"))


def submitted(ledger: BatchLedger, item: Item, job_id: str | None) -> Intent:
    """Record a submission of an item, with its job if it has one."""
    from airflow_provider_viapi.jobs.backend import Identity
    from airflow_provider_viapi.jobs.model import RequestNonce

    items = ledger.open_ledger(item)
    who = Identity("LTAI", "https://h", "LTAI")
    entry = items.record_intent(item.digest, RequestNonce(f"of {item.name}", NOW), who, 1)
    if job_id is not None:
        items.record_job(entry, job_id)
    return entry.intent("videoenhan.EraseVideoSubtitles")


def test_a_task_and_a_batch_see_each_others_submissions_and_jobs(airflow: Airflow, store: str) -> None:
    task, batch = airflow.claims("a"), airflow.claims("batch")
    ledger = BatchLedger(MemoryStore(), Attempt(1, 3))
    first, second = Item(0, "first", "1:first"), Item(1, "second", "1:second")
    ledger.begin_attempt([first, second], NOW)

    # While the batch submits, and while the outcome of one of its items is unknown, its submissions are open.
    of_first = submitted(ledger, first, None)
    batch_of(airflow, ledger, first, batch).open(of_first)
    assert [name.split(" ")[0] for name in task.others(intent("of a")).open_intents] == ["batch/-1"]
    batch.publish_jobs([], ledger.job_ids(), is_open=ledger.has_unknown())
    assert len(task.others(intent("of a")).open_intents) == 1

    # Later its jobs are known, also those that have ended.
    submitted(ledger, first, "J-1")
    batch_of(airflow, ledger, first, batch).publish_job(of_first, "J-1")
    of_second = submitted(ledger, second, "J-2")
    batch_of(airflow, ledger, second, batch).publish_job(of_second, "J-2")
    batch.publish_jobs(["J-2"], ledger.job_ids(), is_open=ledger.has_unknown())
    others = task.others(intent("of a"))
    assert (others.job_ids, others.open_intents) == ({"J-1", "J-2"}, ())

    # An item sees the other items, the task, and not itself.
    task.open(intent("of a"))
    item = batch_of(airflow, ledger, second, batch)
    item.publish_job(of_second, "J-2")
    assert item.others(of_second).job_ids == {"J-1"}
    assert len(item.others(of_second).open_intents) == 1
    task.publish_job(intent("of a"), "J-2")
    assert "J-2" in item.others(of_second).job_ids


@pytest.mark.parametrize("seconds", [0, 60], ids=["at once", "late"])
def test_an_item_never_takes_the_job_of_another_item_that_a_gateway_names_again(
    airflow: Airflow, seconds: float
) -> None:
    clock, ledger = SkippingClock(), BatchLedger(MemoryStore(), Attempt(1, 3))
    first, second = Item(0, "first", "1:first"), Item(1, "second", "1:second")
    ledger.begin_attempt([first, second], NOW)
    task = airflow.claims("batch")

    def submit(item: Item, *responses: str | Callable[[], str]) -> str:
        of_item = submission(
            ScriptedBackend(clock, [*responses]), ledger=ledger.open_ledger(item), digest=item.digest
        )
        context = replace(of_item.context, claims=batch_of(airflow, ledger, item, task))
        return replace(of_item, context=context).resume_or_submit()[0].id

    def repeated() -> str:
        clock.sleep(seconds)
        return "J-1"

    assert submit(first, "J-1") == "J-1"
    assert submit(second, repeated, "J-2") == "J-2"


def test_with_a_state_path_tasks_of_other_dag_runs_and_dags_are_seen(airflow: Airflow, shared: None) -> None:
    airflow.claims("a", run_id="another run").open(intent("one"))
    airflow.claims("x", dag_id="another DAG").publish_job(intent("two"), "J-X")

    others = airflow.claims("a").others(intent("mine"))

    assert others.open_intents == ("a/-1 of run another run of DAG dag",)
    assert (others.job_ids, others.is_complete) == ({"J-X"}, True)


def test_with_a_state_path_jobs_of_eight_hours_earlier_are_seen(airflow: Airflow, shared: None) -> None:
    # The times in the job list have no zone, so these jobs may look like the one that is sought.
    earlier = intent("earlier", at=NOW - timedelta(hours=8, minutes=10))
    airflow.claims("a", run_id="another run").publish_job(earlier, "J-1")

    assert airflow.claims("a").others(intent("mine")).job_ids == {"J-1"}


def test_with_a_state_path_an_item_of_a_batch_does_not_take_the_job_of_another_task(
    airflow: Airflow, shared: None
) -> None:
    airflow.claims("a", dag_id="another DAG").publish_job(intent("of a"), "J-1")
    ledger = BatchLedger(MemoryStore(), Attempt(1, 3))
    item = Item(0, "first", "1:first")
    ledger.begin_attempt([item], NOW)

    claims = batch_of(airflow, ledger, item, airflow.claims("batch"))

    assert not claims.claim_job(intent("of the item"), "J-1")
    assert claims.claim_job(intent("of the item"), "J-2")


def test_without_a_state_path_the_sight_of_others_is_incomplete(airflow: Airflow) -> None:
    airflow.claims("a", run_id="another run").open(intent("one"))

    others = airflow.claims("a").others(intent("mine"))

    assert (others.open_intents, others.is_complete) == ((), False)


def test_a_submission_is_seen_although_the_xcoms_of_its_task_were_cleared(
    airflow: Airflow, shared: None
) -> None:
    airflow.claims("a").open(intent("of a"))
    airflow.clear("a")

    assert len(airflow.claims("b").others(intent("of b")).open_intents) == 1


def test_a_submission_that_was_seen_counts_until_its_task_publishes_the_outcome(airflow: Airflow) -> None:
    watcher, retried, refused, accepted = (airflow.claims(name) for name in ("a", "b", "c", "batch"))
    for claims, nonce in ((retried, "of b"), (refused, "of c"), (accepted, "of d")):
        claims.open(intent(nonce))
    assert len(watcher.others(intent("of a")).open_intents) == 3

    # A retry has begun and has not published its open submission again yet; the two others are settled.
    airflow.clear("b")
    refused.close(intent("of c"))
    accepted.publish_job(intent("of d"), "J-D")
    assert watcher.others(intent("of a")).open_intents == ("b/-1",)

    airflow.claims("b").publish_job(intent("of b"), "J-B")
    assert watcher.others(intent("of a")).open_intents == ()


def test_a_job_that_was_seen_is_not_read_again() -> None:
    airflow = Airflow("a", "b")
    for number in range(20):
        claims = airflow.claims("a", map_index=number)
        claims.open(intent(f"n-{number}"))
        claims.publish_job(intent(f"n-{number}"), f"J-{number}")
    mine = airflow.claims("b")
    mine.others(intent("mine"))
    airflow.pulled.clear()

    mine.others(intent("mine"))

    assert len(airflow.pulled) < 10


def test_a_submission_whose_job_was_withdrawn_is_open_again_for_those_who_had_seen_the_job() -> None:
    airflow = Airflow("a", "b")
    other, mine = airflow.claims("a"), airflow.claims("b")
    other.open(intent("theirs"))
    other.publish_job(intent("theirs"), "J")
    assert mine.others(intent("mine")).open_intents == ()

    other.retract_job(intent("theirs"), "J")

    assert mine.others(intent("mine")).open_intents == ("a/-1",)


def test_an_earlier_submission_of_the_same_task_is_not_its_present_one(
    airflow: Airflow, shared: None
) -> None:
    task = airflow.claims("a")
    task.publish_job(intent("first"), "J-1")
    task.open(intent("second"))
    task.abandon(intent("second"))

    others = airflow.claims("a").others(intent("third"))

    assert others.job_ids == {"J-1"}
    assert len(others.open_intents) == 1


def test_another_key_may_be_of_the_same_account_and_another_project_is_not(
    airflow: Airflow, shared: None
) -> None:
    airflow.claims("a").open(intent("of a", account="LTAI-rotated"))
    airflow.claims("b").open(intent("of b", account="project:1"))

    assert len(airflow.claims("c").others(intent("of c")).open_intents) == 1
    assert airflow.claims("c").others(intent("of c", account="project:2")).open_intents == ()
    assert len(airflow.claims("c").others(intent("of c", account="project:1")).open_intents) == 1


@pytest.mark.parametrize("hours", [-30, -10])
def test_what_was_signed_long_before_does_not_concern_a_submission(
    airflow: Airflow, shared: None, hours: int
) -> None:
    airflow.claims("a").open(intent("of a", at=NOW + timedelta(hours=hours)))
    elsewhere = (NOW - timedelta(minutes=10)).astimezone(timezone(timedelta(hours=8)))
    airflow.claims("c").open(intent("of c in Shanghai", at=elsewhere))

    (open_task,) = airflow.claims("b").others(intent("of b")).open_intents
    assert open_task.startswith("c/-1")


def test_what_was_signed_after_a_job_was_accepted_cannot_be_that_job(airflow: Airflow, shared: None) -> None:
    airflow.claims("a").open(intent("of a", at=NOW + timedelta(hours=4)))
    b = airflow.claims("b")

    assert b.others(intent("of b"), until=NOW).open_intents == ()
    assert len(b.others(intent("of b"), until=NOW + timedelta(hours=4)).open_intents) == 1
    # A job that was accepted at an unknown time may be its.
    assert len(b.others(intent("of b")).open_intents) == 1


def test_nothing_is_sent_if_a_submission_cannot_be_published(
    airflow: Airflow, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_viapi.errors import StateError
    from jobs.scripted_backend import ScriptedBackend, submission
    from skipping_clock import SkippingClock

    (tmp_path / "state").write_text("A file where a folder should be.")
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}/state")
    backend, ledger = ScriptedBackend(SkippingClock(), ["J-1"]), Ledger(MemoryStore())

    with pytest.raises(StateError, match=r"open submissions below .* cannot be written"):
        submission(backend, ledger=ledger, claims=airflow.claims("a")).resume_or_submit()  # type: ignore[arg-type]

    assert (backend.sent, ledger.read()) == ([], None)


def test_a_submission_that_is_published_in_part_is_withdrawn(airflow: Airflow, shared: None) -> None:
    backend = ScriptedBackend(SkippingClock(), ["J-1"])
    airflow.is_down = True

    with pytest.raises(ConnectionError):
        submission(backend, claims=airflow.claims("a")).resume_or_submit()  # type: ignore[arg-type]

    now = intent("of b", at=datetime.now(timezone.utc), endpoint=backend.who.endpoint)
    assert (backend.sent, airflow.claims("b").others(now).open_intents) == ([], ())


def test_what_all_tasks_see_does_not_depend_on_xcoms(airflow: Airflow, shared: None) -> None:
    refused, accepted, withdrawn = (airflow.claims(name) for name in ("a", "c", "batch"))
    for claims, nonce in ((refused, "refused"), (accepted, "accepted"), (withdrawn, "withdrawn")):
        claims.open(intent(nonce))
    withdrawn.publish_job(intent("withdrawn"), "J-2")
    airflow.is_down = True

    with pytest.raises(ConnectionError):
        refused.close(intent("refused"))
    with pytest.raises(ConnectionError):
        accepted.publish_job(intent("accepted"), "J-1")
    with pytest.raises(ConnectionError):
        withdrawn.retract_job(intent("withdrawn"), "J-2")

    seen = airflow.claims("b").others(intent("of b"))
    assert seen.job_ids == {"J-1"}
    (open_task,) = seen.open_intents
    assert open_task.startswith("batch/-1")


def test_old_claims_are_deleted(airflow: Airflow, tmp_path: Any, shared: None) -> None:
    from airflow_provider_viapi.jobs.attempt_context import TaskKey
    from airflow_provider_viapi.state.shared_claims import SharedClaims
    from airflow_provider_viapi.state.stores import StateConfig

    claims = SharedClaims(StateConfig(f"file://{tmp_path}/state", 30), TaskKey("dag", "run", "a"))
    today = intent("new", at=datetime.now(timezone.utc))
    old = intent("old", at=datetime.now(timezone.utc) - timedelta(days=32))
    for each in (today, old):
        claims.open(each)
        claims.publish_job(each, f"J-{each.nonce}")
    assert len(list((tmp_path / "state").rglob("*.json"))) == 6

    claims.prune(today)

    assert len(list((tmp_path / "state").rglob("*.json"))) == 3
    assert len(list((tmp_path / "state").glob("claims/*/*"))) == 2
    assert SharedClaims(StateConfig(f"file://{tmp_path}/state", 0), TaskKey("d", "r", "a")).prune(today) == 0
