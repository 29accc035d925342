"""Claims of tasks on jobs, published so that no two tasks take the same job; see ``jobs.attempt_context.Claims``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.jobs.attempt_context import OtherTasks, TaskKey
from airflow_provider_viapi.task_instance.xcoms import (
    CLAIMED_KEY,
    INTENT_KEY,
    JOB_KEY,
    NO_JOB,
    RUNNING_KEY,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.attempt_context import Intent
    from airflow_provider_viapi.jobs.batch.ledger import BatchLedger, Item
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.state.shared_claims import SharedClaims

MAX_CLAIMED = 1000
"""Jobs of a batch in its XCom, of 40 bytes each; running ones first."""


class TaskClaims:
    """Claims of one task.

    With ``[viapi] state_path`` other tasks see them as objects, in all DAG runs (``state.shared_claims``). Without it
    they see the XComs, only in the same DAG run and until a retry of the task begins: Airflow's own task state store
    can be read by the task alone that wrote it.

    :param context: of the running task instance
    :param log: receives what cannot be published
    """

    def __init__(self, context: Context, log: Log) -> None:
        self._context = context
        self._log = log
        self._instance = context["ti"]
        self._key = TaskKey.of(self._instance)
        self._job_id: str | None = None
        self._is_announced = False
        self._has_abandoned = False
        # The intents that were seen last: a retry clears its XComs while its submission may still be open.
        self._seen: dict[tuple[str, int], Mapping[str, Any]] = {}
        # Nonces of submissions of other tasks that became jobs: each check costs a call of Airflow's API.
        self._became_jobs: set[str] = set()

    @cached_property
    def _shared(self) -> SharedClaims | None:
        from airflow_provider_viapi.state.stores import StateConfig

        config = StateConfig.read()
        if config.path is None:
            return None
        from airflow_provider_viapi.state.shared_claims import SharedClaims

        return SharedClaims(config, self._key)

    def open(self, intent: Intent) -> None:
        """Publish a submission whose outcome is not known yet; nothing may be sent unless this returns."""
        if self._shared is not None:
            self._shared.open(intent)
        self._announce(intent)

    def open_item(self, intent: Intent) -> None:
        """Publish one submission of a batch.

        The XCom only says that the batch has an open one: it is written once, until :meth:`publish_jobs` runs.
        """
        if self._shared is not None:
            self._shared.open(intent)
        if not self._is_announced:
            self._announce(intent)

    def close(self, intent: Intent) -> None:
        """Withdraw a submission: nothing was accepted."""
        # First what all tasks see, for as long as the retention: the XCom may fail, and lasts until a retry.
        self.close_item(intent)
        self._announce(intent if self._has_abandoned else None)

    def close_item(self, intent: Intent) -> None:
        """Withdraw a submission of a batch."""
        if self._shared is None:
            return
        try:
            self._shared.close(intent)
        except Exception as error:
            self._log.warning(
                "The submission of %s of %s was not accepted, but could not be withdrawn (%s): if another task loses "
                "the response to one of that time, its outcome may stay unknown (SubmissionInDoubt)",
                intent.action,
                intent.signed_at,
                error,
            )

    def abandon(self, intent: Intent) -> None:
        """Leave a submission open for ever: its outcome is unknown, and the task no longer tries to find it out."""
        self._has_abandoned = True
        self._announce(intent)

    def publish_job(self, intent: Intent, job_id: str) -> None:
        """Publish the task's job; its submission no longer counts as open, unless an earlier one was abandoned."""
        self._job_id = job_id
        # As in close.
        self.publish_item(intent, job_id)
        self._instance.xcom_push(key=JOB_KEY, value=job_id)

    def publish_item(self, intent: Intent, job_id: str) -> None:
        """Publish a job of a batch; as XComs, :meth:`publish_jobs` publishes all of them together."""
        if self._shared is None:
            return
        try:
            self._shared.publish_job(intent, job_id)
        except Exception as error:
            # Its submission stays open, which keeps others from adopting the job as well.
            self._log.warning("Job %s could not be published to other tasks: %s", job_id, error)

    def retract_job(self, intent: Intent, job_id: str) -> None:
        """Withdraw the task's job: the submission is open again."""
        self._job_id = None
        # As in close.
        self.retract_item(intent, job_id)
        self._instance.xcom_push(key=JOB_KEY, value=NO_JOB)
        # Other tasks that have seen the job do not look for it again.
        self.abandon(intent)

    def retract_item(self, intent: Intent, job_id: str) -> None:
        """Withdraw a job of a batch."""
        if self._shared is not None:
            self._shared.retract_job(intent, job_id)

    def withdraw_all(self, job_keys: Collection[str]) -> None:
        """Withdraw what an earlier attempt has published, where Airflow has not cleared its XComs.

        An old job would make a submission that is open again count as one that has become a job. Below
        ``state_path`` XComs are not read.

        :param job_keys: XComs of the task's jobs
        """
        if self._shared is not None:
            return
        self._announce(None)
        for key in job_keys:
            self._instance.xcom_push(key=key, value=NO_JOB)

    def publish_jobs(self, running: Sequence[str], claimed: Collection[str], *, is_open: bool) -> None:
        """Publish the jobs of a batch.

        :param running: those that it waits for
        :param claimed: all that it received
        :param is_open: the outcome of one of its submissions is unknown
        """
        self._instance.xcom_push(key=RUNNING_KEY, value=list(running))
        if self._shared is None:
            ended = set(claimed).difference(running)
            self._instance.xcom_push(key=CLAIMED_KEY, value=[*running, *ended][:MAX_CLAIMED])
        if self._is_announced and not is_open and not self._has_abandoned:
            self._announce(None)

    def claim_job(self, intent: Intent, job_id: str) -> bool:
        """Claim a job that a response has named; return false if another task has it."""
        if self._shared is not None:
            return self._shared.claim_job(intent, job_id)
        # Only the XComs that can exist: each costs two calls of Airflow's API. The task's own earlier job counts too:
        # a repeated response would name it again.
        tasks = self._context["dag"].tasks
        return job_id not in self._held(
            *([task.task_id for task in tasks if key in _job_keys(task)] for key in (JOB_KEY, CLAIMED_KEY))
        )

    def is_own(self, job_id: str) -> bool:
        """Return false: the ledger's entry has the earlier jobs of the task."""
        return False

    def claim_item(self, intent: Intent, job_id: str) -> bool:
        """Claim a job of a batch; return false if, below ``state_path``, another task has it. XComs are not read."""
        return self._shared is None or self._shared.claim_job(intent, job_id)

    def has_other_owner(self, intent: Intent, job_id: str) -> bool:
        """Return whether another task, too, has a job that this one has published."""
        if self._shared is not None:
            return self._shared.has_other_owner(intent, job_id)
        return job_id in self.others(intent).job_ids

    def others(self, intent: Intent, *, until: datetime | None = None) -> OtherTasks:
        """Return the jobs and open submissions of all other tasks that can be seen."""
        if self._shared is not None:
            return self._shared.others(intent, until)
        held = self._held(self._all_tasks(), self._all_tasks())
        # Its own are subtracted: another task may hold the same job, which the caller has to know.
        held.subtract(self._own_jobs())
        job_ids = frozenset(job_id for job_id, count in held.items() if count > 0)
        return OtherTasks(job_ids, tuple(sorted(self._open_tasks(intent))), is_complete=False)

    def _held(self, tasks: Sequence[str], batches: Sequence[str]) -> Counter[str]:
        """Return the jobs that tasks have published, each with one job or as a batch."""
        held = Counter(str(job_id) for job_id in self._pull(JOB_KEY, tasks) if job_id)
        held.update(str(job_id) for job_ids in self._pull(CLAIMED_KEY, batches) for job_id in job_ids or ())
        return held

    def _announce(self, intent: Intent | None) -> None:
        who = {"task": self._key.task_id, "map_index": self._key.map_index}
        # A marker, not None: a missing XCom may also mean that a retry has cleared that of an open submission.
        about = {"closed": True} if intent is None else {**asdict(intent), "abandoned": self._has_abandoned}
        self._instance.xcom_push(key=INTENT_KEY, value={**about, **who})
        self._is_announced = intent is not None

    def _own_jobs(self) -> Iterator[str]:
        task: dict[str, Any] = {"task_ids": self._key.task_id, "map_indexes": self._key.map_index}
        job_id = self._job_id or self._instance.xcom_pull(key=JOB_KEY, **task)
        if job_id:
            yield str(job_id)
        yield from map(str, self._instance.xcom_pull(key=CLAIMED_KEY, **task) or ())

    def _all_tasks(self) -> list[str]:
        return [task.task_id for task in self._context["dag"].tasks]

    def _pull(self, key: str, task_ids: Sequence[str]) -> list[Any]:
        found: Any = self._instance.xcom_pull(task_ids=task_ids, key=key) if task_ids else None
        return list(found or ())

    def _open_tasks(self, intent: Intent) -> set[str]:
        """Return the names of other tasks whose submission is open now, or was when they were last seen."""
        for found in self._pull(INTENT_KEY, self._all_tasks()):
            if isinstance(found, Mapping) and "task" in found:
                self._seen[found["task"], found.get("map_index", -1)] = found
        place = (intent.action, intent.endpoint)
        names = set()
        for (task_id, map_index), found in self._seen.items():
            name = f"{task_id}/{map_index}"
            if name == self._key.name or (found.get("action"), found.get("endpoint")) != place:
                continue
            if found.get("abandoned") or not self._became_job(found, task_id, map_index):
                names.add(name)
        return names

    def _became_job(self, found: Mapping[str, Any], task_id: str, map_index: int) -> bool:
        nonce = str(found.get("nonce"))
        if nonce in self._became_jobs:
            return True
        if not self._instance.xcom_pull(task_ids=task_id, key=JOB_KEY, map_indexes=map_index):
            return False
        self._became_jobs.add(nonce)
        return True


def _job_keys(task: Any) -> Sequence[str]:
    from airflow_provider_viapi.operators.provider_task import ProviderTask

    kind = getattr(task, "operator_class", None) or type(task)
    if not isinstance(kind, type):
        # A serialized task names its class.
        return JOB_KEY, CLAIMED_KEY
    return kind.job_keys if issubclass(kind, ProviderTask) else ()


class ItemClaims:
    """Claims of one item of a batch: other items of the batch may own a listed job, as other tasks may.

    :param item: the item
    :param ledger: of the batch
    :param task: the claims of the batch's task
    """

    def __init__(self, item: Item, ledger: BatchLedger, task: TaskClaims) -> None:
        self._item = item
        self._ledger = ledger
        self._task = task

    def open(self, intent: Intent) -> None:
        """Publish that the batch submits; the batch withdraws it when it has published its jobs."""
        self._task.open_item(intent)

    def close(self, intent: Intent) -> None:
        """Withdraw the item's submission: nothing was accepted."""
        self._task.close_item(intent)

    def abandon(self, intent: Intent) -> None:
        """Leave the item's submission open for ever."""
        self._task.abandon(intent)

    def publish_job(self, intent: Intent, job_id: str) -> None:
        """Publish the item's job; within the DAG run, the batch publishes all of its jobs together."""
        self._task.publish_item(intent, job_id)

    def retract_job(self, intent: Intent, job_id: str) -> None:
        """Withdraw the item's job: its submission is open again."""
        self._task.retract_item(intent, job_id)

    def claim_job(self, intent: Intent, job_id: str) -> bool:
        """Claim a job; return false if another item of the batch, or with ``state_path`` another task, has it.

        Without ``state_path`` other tasks are not asked for each item: each would cost two calls of Airflow's API.
        """
        return not self.is_own(job_id) and self._task.claim_item(intent, job_id)

    def is_own(self, job_id: str) -> bool:
        """Return whether another submission of the batch has become a job."""
        return self._ledger.has_job(job_id, besides=self._item)

    def has_other_owner(self, intent: Intent, job_id: str) -> bool:
        """Return whether another item of the batch or another task, too, has a published job."""
        return self.is_own(job_id) or self._task.has_other_owner(intent, job_id)

    def others(self, intent: Intent, *, until: datetime | None = None) -> OtherTasks:
        """Return the jobs and open submissions of other tasks and items."""
        others = self._task.others(intent, until=until)
        open_items = ("another item of this batch",) if self._ledger.has_unknown(besides=self._item) else ()
        return OtherTasks(
            others.job_ids | self._ledger.job_ids(besides=self._item),
            (*others.open_intents, *open_items),
            is_complete=others.is_complete,
        )
