"""Open submissions and accepted jobs of all tasks that share ``[viapi] state_path``, whatever their DAG runs.

Layout, version 1: objects below ``<state_path>/claims/<scope>/``. ``<scope>`` is a digest of the endpoint and the
action (and, for Huawei Cloud, of the project), ``<day>`` and ``<hour>`` are when the request was signed, such as
``2026-01-31`` and ``2026-01-31T09`` in UTC, ``<task>`` is a digest of the task instance.

* ``<hour>/intent-<task>-<nonce>.json``: a submission that is about to be sent
* ``<hour>/job-<task>-<nonce>-<job id>.json``: the job that it became, which closes the intent
* ``<day>/<4 digits>/<job>/<task>-<nonce>.json``: a claim on a job; ``<4 digits>/<job>`` is a digest of its id

All hours are listed only to find a lost job. Whoever knows the id of a job writes a claim, and then lists the claims
on that job alone, however many other jobs there are. Of two tasks that do so, at least one sees the other.
What decides is in the names. The contents are for troubleshooting only: ``version``, ``dag_id``, ``run_id``,
``task_id``, ``map_index``, ``action``, ``signed_at``.
Objects are deleted ``state_retention_days`` after their day.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import NamedTuple, TypeVar
from urllib.parse import quote, unquote

from airflow_provider_viapi.errors import StateError
from airflow_provider_viapi.jobs.attempt_context import Intent, OtherTasks, TaskKey
from airflow_provider_viapi.state.object_storage import PRUNE_PROBABILITY, call_storage, open_state_path
from airflow_provider_viapi.state.stores import StateConfig

logger = logging.getLogger(__name__)

LAYOUT_VERSION = 1

HOUR = "%Y-%m-%dT%H"
DAY = "%Y-%m-%d"

MARGIN = timedelta(hours=1)
"""Time from signing a request to its acceptance, which may follow 15 minutes of repetitions, and error of clocks."""

BEFORE_IN_A_LIST = timedelta(hours=8) + MARGIN
"""Longest time between the signatures of an earlier submission and of one whose job looks like its job: the times in
the job list have no zone. A later submission may have been signed at any time until the list is read."""

MAX_NAMED = 3
"""Open submissions of which a message names the tasks; each costs a read."""

T = TypeVar("T")


class _Claim(NamedTuple):
    kind: str
    task: str
    nonce: str
    job_id: str
    hour: str
    path: str


class SharedClaims:
    """Claims of one task instance, in object storage.

    :param config: of the section ``[viapi]``, with a path
    :param task: whose claims are written; those of all others are read
    """

    def __init__(self, config: StateConfig, task: TaskKey) -> None:
        self._retention_days = config.retention_days
        self._task = task
        self._name = _digest("\n".join(map(str, task)))[:20]
        self._fs, root = open_state_path(config.path or "")
        self._root = f"{root}/claims"
        # Claims that publish_job need not write again.
        self._claimed: set[str] = set()

    def open(self, intent: Intent) -> None:
        """Publish a submission that is about to be sent.

        :raises StateError: the storage cannot be written
        """
        self._write(self._path(intent), intent)

    def close(self, intent: Intent) -> None:
        """Withdraw a submission: nothing was accepted.

        :raises StateError: the storage cannot be written
        """
        self._remove(self._path(intent))

    def claim_job(self, intent: Intent, job_id: str) -> bool:
        """Claim a job; return false if another submission of about the same time has claimed it.

        :raises StateError: the storage cannot be written or read
        """
        claim = self._claim_path(intent, job_id)
        # Before the others are read: of two tasks that claim a job at the same moment, at least one sees the other.
        # It stays in any case, or one that claims after it could take its withdrawal for consent.
        self._write(claim, intent)
        self._claimed.add(claim)
        return not self._is_claimed_by_another(intent, job_id, MARGIN)

    def publish_job(self, intent: Intent, job_id: str) -> None:
        """Publish the job of a submission.

        :raises StateError: the storage cannot be written
        """
        claim = self._claim_path(intent, job_id)
        if claim not in self._claimed:
            self._write(claim, intent)
        self._claimed.discard(claim)
        # Last, because it closes the submission.
        self._write(self._path(intent, job_id), intent)
        # Not when a submission opens: deleting may take longer than a request may wait to be sent.
        if random.random() < PRUNE_PROBABILITY:  # noqa: S311
            self._prune_quietly(intent)

    def retract_job(self, intent: Intent, job_id: str) -> None:
        """Withdraw a job: the submission is open again.

        :raises StateError: the storage cannot be written
        """
        self._write(self._path(intent), intent)
        self._remove(self._path(intent, job_id))
        self._remove(self._claim_path(intent, job_id))

    def has_other_owner(self, intent: Intent, job_id: str) -> bool:
        """Return whether another submission claims a published job, also one that has found it in a job list.

        :raises StateError: the storage cannot be read
        """
        return self._is_claimed_by_another(intent, job_id, BEFORE_IN_A_LIST)

    def others(self, intent: Intent, until: datetime | None = None) -> OtherTasks:
        """Return all other submissions since the time of a submission, also others of the same task.

        :param until: see ``jobs.attempt_context.Claims``
        :raises StateError: the storage cannot be read
        """
        own = (self._name, _encode(intent.nonce))
        claims = [claim for claim in self._since(intent) if (claim.task, claim.nonce) != own]
        became_jobs = {(claim.task, claim.nonce) for claim in claims if claim.kind == "job"}
        intents = [claim for claim in claims if claim.kind == "intent"]
        if until is not None:
            intents = [claim for claim in intents if claim.hour <= _name(until, HOUR, MARGIN)]
        still_open = [claim for claim in intents if (claim.task, claim.nonce) not in became_jobs]
        named = {self._owner_of(claim.path) for claim in still_open[:MAX_NAMED]}
        if len(still_open) > MAX_NAMED:
            named.add(f"{len(still_open) - MAX_NAMED} more")
        return OtherTasks(
            frozenset(claim.job_id for claim in claims if claim.kind == "job"), tuple(sorted(named))
        )

    def prune(self, intent: Intent) -> int:
        """Delete the scope's claims that are older than ``state_retention_days``; return the number of folders."""
        if not self._retention_days:
            return 0
        oldest = _name(datetime.now(timezone.utc), DAY, -timedelta(days=self._retention_days))
        deleted = 0
        for folder in self._call("listed", lambda: self._list(self._scope(intent))):
            if folder.rstrip("/").rpartition("/")[2] < oldest:
                self._fs.rm(folder, recursive=True)
                deleted += 1
        return deleted

    def _since(self, intent: Intent) -> Iterator[_Claim]:
        """Read the claims of all submissions whose jobs may look like that of one."""
        first = _name(intent.signed_time, HOUR, -BEFORE_IN_A_LIST)
        for folder in self._call("listed", partial(self._list, self._scope(intent))):
            name = folder.rstrip("/").rpartition("/")[2]
            if len(name) == len(first) and name >= first:
                for path in self._call("listed", partial(self._list, folder)):
                    if claim := _parse(path):
                        yield claim

    def _is_claimed_by_another(self, intent: Intent, job_id: str, before: timedelta) -> bool:
        own = self._claim_path(intent, job_id).rpartition("/")[2]
        for day in {_name(intent.signed_time, DAY, -before), _name(intent.signed_time, DAY, MARGIN)}:
            folder = self._claims_folder(intent, day, job_id)
            names = [path.rpartition("/")[2] for path in self._call("listed", partial(self._list, folder))]
            if any(name.endswith(".json") and name != own for name in names):
                return True
        return False

    def _list(self, folder: str) -> list[str]:
        self._fs.invalidate_cache()
        try:
            return list(self._fs.ls(folder, detail=False))
        except FileNotFoundError:
            return []

    def _scope(self, intent: Intent) -> str:
        return f"{self._root}/{_digest(f'{intent.endpoint}|{intent.action}|{intent.project}')[:32]}"

    def _claims_folder(self, intent: Intent, day: str, job_id: str) -> str:
        job = _digest(job_id)[:32]
        # Few jobs share a parent, which some file systems list if they are asked for a folder that does not exist.
        return f"{self._scope(intent)}/{day}/{job[:4]}/{job[4:]}"

    def _claim_path(self, intent: Intent, job_id: str) -> str:
        folder = self._claims_folder(intent, _name(intent.signed_time, DAY), job_id)
        return f"{folder}/{self._name}-{_encode(intent.nonce)}.json"

    def _path(self, intent: Intent, job_id: str | None = None) -> str:
        name = f"{self._name}-{_encode(intent.nonce)}"
        name = f"intent-{name}" if job_id is None else f"job-{name}-{quote(job_id, safe='')}"
        return f"{self._scope(intent)}/{_name(intent.signed_time, HOUR)}/{name}.json"

    def _write(self, path: str, intent: Intent) -> None:
        document = {
            "version": LAYOUT_VERSION,
            **self._task._asdict(),
            "action": intent.action,
            "signed_at": intent.signed_at,
        }
        data = json.dumps(document).encode()

        def write() -> None:
            if not hasattr(self._fs, "call_s3"):
                # Object storage has no folders and may refuse to make one.
                with contextlib.suppress(OSError, NotImplementedError):
                    self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(path, data)

        self._call("written", write)

    def _remove(self, path: str) -> None:
        def remove() -> None:
            try:
                self._fs.rm_file(path)
            except FileNotFoundError:
                return

        self._call("written", remove)

    def _owner_of(self, path: str) -> str:
        try:
            owner = json.loads(self._call("read", lambda: self._fs.cat_file(path)))
            return (
                f"{owner['task_id']}/{owner['map_index']} of run {owner['run_id']} of DAG {owner['dag_id']}"
            )
        except (StateError, ValueError, KeyError, TypeError):
            return "a task"

    def _call(self, done: str, call: Callable[[], T]) -> T:
        return call_storage(call, f"the open submissions below state_path cannot be {done}")

    def _prune_quietly(self, intent: Intent) -> None:
        try:
            self.prune(intent)
        except Exception as error:
            logger.info("Old claims could not be deleted: %s", error)


def _parse(path: str) -> _Claim | None:
    kind, _, rest = path.rpartition("/")[2].removesuffix(".json").partition("-")
    task, _, rest = rest.partition("-")
    nonce, _, job_id = rest.partition("-")
    if kind not in ("intent", "job") or not nonce or (kind == "job") != bool(job_id):
        return None
    return _Claim(kind, task, nonce, unquote(job_id), path.split("/")[-2], path)


def _name(at: datetime, unit: str, after: timedelta = timedelta(0)) -> str:
    """Return the name of the hour or day that is so much after a time."""
    return (at + after).astimezone(timezone.utc).strftime(unit)


def _encode(nonce: str) -> str:
    return quote(nonce, safe="").replace("-", "%2D")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
