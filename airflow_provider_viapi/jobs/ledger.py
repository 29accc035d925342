"""Durable record of a task's submission, so that its job is paid for once.

An entry is written before a request is sent (the *intent*) and completed with the job's id afterwards. Whatever
happens in between, the next attempt knows that a job may exist, and with which nonce, time, account and endpoint it
was requested.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Protocol

from airflow_provider_viapi.jobs.attempt_context import Attempt, Intent
from airflow_provider_viapi.jobs.backend import Identity
from airflow_provider_viapi.jobs.model import RequestNonce

LEDGER_KEY = "viapi_job"
"""Key of the entry in the store. Deployed tasks find their jobs by it, so it never changes."""


_SIGNABLE = re.compile(r"(?i)\s*(?:https?|rtmps?|rtmpt|rtsps?|srt|webrtc|artc|wss?|ftps?)://")
"""Addresses that may be signed; streams are as well."""

MAX_PAST = 20
"""Earlier jobs of the task whose ids are kept; the job list shows those of the last 24 hours."""


class Store(Protocol):
    """JSON values of one task instance, kept over its attempts; see ``state.stores``."""

    @property
    def is_persistent(self) -> bool:
        """True if the next attempt finds the values; false if they are forgotten with the process."""
        ...

    @property
    def survives_clear(self) -> bool:
        """True if also the next attempt of a task that a user has cleared finds them."""
        ...

    def get(self, key: str) -> Any:
        """Return the value, or ``None``."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Store a JSON value."""
        ...

    def delete(self, key: str) -> None:
        """Remove the value, if there is one."""
        ...


@dataclass(frozen=True)
class Delivery:
    """The attempt in which a result was returned.

    :param number: number of that attempt
    :param max_tries: the task's ``max_tries`` in it
    :param clear_number: the DAG run's ``clear_number`` in it
    """

    number: int
    max_tries: int
    clear_number: int = 0

    @classmethod
    def of(cls, attempt: Attempt) -> Delivery:
        """Return a delivery in an attempt."""
        return cls(attempt.number, attempt.max_tries, attempt.clear_number)

    def was_cleared_before(self, attempt: Attempt) -> bool:
        """Return whether a user cleared the task, or created its DAG run again, after this delivery.

        ``max_tries`` differs after a clear, unless ``retries`` was lowered in between. Then the DAG run was cleared
        and ``max_tries`` has just the value that clearing sets.
        """
        if attempt.max_tries != self.max_tries or attempt.number <= self.number:
            # Not a later attempt: a DAG run that was deleted and created again under the same id.
            return True
        set_by_clear = attempt.max_tries == self.number + attempt.retries
        return set_by_clear and attempt.clear_number != self.clear_number


@dataclass(frozen=True)
class Entry:
    """A submission.

    :param digest: fingerprint of the request, see :func:`request_digest`
    :param nonce: of the signed request
    :param signed_at: when it was signed, ISO 8601
    :param account, endpoint, key_id: who submitted, and where; see ``jobs.backend.Identity``
    :param try_number: the attempt that submitted
    :param job_id: the accepted job; ``None`` while the outcome is unknown
    :param scope: see ``jobs.model.Job``
    :param adopted: another task may own the job: it was found in a list, or a late response named it
    :param delivery: attempt that returned the result; ``None``: none has
    :param sources: versions of the request's sources by position, taken before it was sent; ``None`` if not needed
    :param request_id: see ``jobs.model.Job``
    :param past: earlier jobs of this task: they belong to no other submission
    """

    digest: str
    nonce: str
    signed_at: str
    account: str
    endpoint: str
    key_id: str
    try_number: int
    job_id: str | None = None
    scope: str | None = None
    adopted: bool = False
    delivery: Delivery | None = None
    sources: Mapping[str, Mapping[str, str]] | None = None
    request_id: str | None = None
    past: tuple[str, ...] = ()

    @property
    def request_nonce(self) -> RequestNonce:
        """Nonce and time of the request, to send the same one again."""
        return RequestNonce(self.nonce, self.signed_time)

    @property
    def signed_time(self) -> datetime:
        """When the request was signed, an aware time."""
        return datetime.fromisoformat(self.signed_at)

    def was_delivered_and_cleared(self, attempt: Attempt) -> bool:
        """Return whether the result was returned, and a user cleared the task afterwards or created its run again."""
        return self.delivery is not None and self.delivery.was_cleared_before(attempt)

    @property
    def identity(self) -> Identity:
        """Who submitted, and where."""
        return Identity(self.account, self.endpoint, self.key_id)

    def intent(self, action: str) -> Intent:
        """Return the submission as it is published to other tasks.

        :param action: as ``service.Action``
        """
        return Intent(action, self.account, self.endpoint, self.nonce, self.signed_at)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Entry:
        """Build an entry from its stored form; fields of a later version are ignored."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        if values.get("delivery"):
            values["delivery"] = Delivery(**values["delivery"])
        values["past"] = tuple(values.get("past", ()))
        return cls(**values)


class KeptInStore:
    """Base of ledgers, which last as long as their store.

    :param store: keeps what is recorded
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def is_persistent(self) -> bool:
        """True if the next attempt finds what is recorded now."""
        return self._store.is_persistent

    @property
    def survives_clear(self) -> bool:
        """True if also the next attempt of a cleared task finds what is recorded now."""
        return self._store.survives_clear


class Ledger(KeptInStore):
    """The current submission of a task instance.

    The entry is read once, since each read may be a call of Airflow's API. A write of another attempt is detected
    when this one writes.

    :param store: where the entry is kept
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._entry: Entry | None = None
        self._past: tuple[str, ...] = ()
        self._is_read = False

    def read(self) -> Entry | None:
        """Return the entry, if there is one."""
        if not self._is_read:
            stored = self._store.get(LEDGER_KEY) or {}
            self._past = tuple(stored.get("past", ()))
            # Without an entry only the ids of earlier jobs are stored.
            self._entry = Entry.from_dict(stored) if "digest" in stored else None
            self._is_read = True
        return self._entry

    def record_intent(
        self,
        digest: str,
        nonce: RequestNonce,
        identity: Identity,
        try_number: int,
        sources: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Entry:
        """Record what is about to be sent; nothing may be sent unless this returns."""
        entry = Entry(
            digest,
            nonce.nonce,
            nonce.at.isoformat(),
            **asdict(identity),
            try_number=try_number,
            sources=sources,
            past=self._all_jobs(),
        )
        return self._write(entry)

    def record_job(
        self,
        entry: Entry,
        job_id: str,
        scope: str | None = None,
        *,
        adopted: bool = False,
        request_id: str | None = None,
    ) -> Entry:
        """Record the accepted job."""
        accepted = replace(entry, job_id=job_id, scope=scope, adopted=adopted, request_id=request_id)
        return self._write(accepted)

    def renew(self) -> None:
        """Write the entry again, so that it does not become too old while it is used."""
        if (entry := self.read()) is not None:
            self._write(entry)

    def mark_delivered(self, attempt: Attempt) -> None:
        """Record that the result was returned; the entry stays for a worker that is lost before Airflow knows."""
        entry = self.read()
        if entry is not None:
            self._write(replace(entry, delivery=Delivery.of(attempt)))

    def clear(self) -> None:
        """Forget the submission; keep the ids of earlier jobs."""
        past = self._all_jobs()
        if past:
            self._store.set(LEDGER_KEY, {"past": [*past]})
        else:
            self._store.delete(LEDGER_KEY)
        self._entry, self._past, self._is_read = None, past, True

    def _all_jobs(self) -> tuple[str, ...]:
        """Return the last jobs of the task, up to that of the entry."""
        entry = self.read()
        recorded = () if entry is None or entry.job_id is None else (entry.job_id,)
        return (*self._past, *recorded)[-MAX_PAST:]

    def _write(self, entry: Entry) -> Entry:
        # If the store fails, what it holds is unknown.
        self._is_read = False
        self._store.set(LEDGER_KEY, {**asdict(entry), "past": [*entry.past]})
        self._entry, self._past, self._is_read = entry, entry.past, True
        return entry


def request_digest(action: str, request: Mapping[str, Any]) -> str:
    """Return a fingerprint of a request: equal for equal requests, whatever their links are signed with.

    It begins with the version of the rules, since digests of different versions cannot be compared.

    :param action: as ``service.Action``
    :param request: the checked request, before its media are staged
    """
    from airflow_provider_viapi.presigned_urls import DIGEST_VERSION

    canonical = json.dumps([action, _stable(request)], sort_keys=True, ensure_ascii=False)
    return f"{DIGEST_VERSION}:{hashlib.sha256(canonical.encode(errors='surrogateescape')).hexdigest()}"


def same_request(one: str, other: str) -> bool:
    """Return whether two digests may be of the same request: those of different versions cannot be compared."""
    return one == other or one.partition(":")[0] != other.partition(":")[0]


def _stable(value: Any) -> Any:
    from airflow_provider_viapi.presigned_urls import stable_url

    if isinstance(value, Mapping):
        return {name: _stable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_stable(item) for item in value]
    if isinstance(value, str) and _SIGNABLE.match(value):
        return stable_url(value.strip())
    return value
