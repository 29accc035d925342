"""What a task has submitted, written down where its next try finds it, so that a job is paid for once.

An entry is written before a submission is sent (the *intent*) and completed with the job's id after it. Whatever
happens in between, the next try knows that something may be out there, and with which nonce and time it was sent.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from airflow_provider_viapi.alibaba.nonce import RequestNonce

KEY = "viapi_job"
"""Under which the entry is stored; a deployed task finds its job by it, so it never changes."""


class Store(Protocol):
    """Keeps values for one task instance over its tries; Airflow's task state store is one."""

    def get(self, key: str) -> Any:
        """The value, or ``None``."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Keep a value of JSON's types."""
        ...

    def delete(self, key: str) -> None:
        """Forget the value, if there is one."""
        ...


class InMemoryStore:
    """Stands in where nothing survives a try: keeps an entry only as long as the process lives."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        """The value, or ``None``."""
        return self._values.get(key)

    def set(self, key: str, value: Any) -> None:
        """Keep it for this try."""
        self._values[key] = value

    def delete(self, key: str) -> None:
        """Forget it."""
        self._values.pop(key, None)


@dataclass(frozen=True)
class Entry:
    """A submission.

    :param digest: of what was asked for, see :func:`request_digest`
    :param nonce: of the request that was signed
    :param signed_at: its time, in ISO 8601
    :param access_key_id: the key that signed it; nonces are known to be remembered only per key
    :param try_number: the try of the task that made it
    :param job_id: the accepted job; ``None`` as long as no answer came
    :param scope: where that job is, if its service finds it only there
    :param delivered_at_max_tries: once its result was returned, how many tries the task then had in all: a person who
        clears the task grants it more, a worker that dies before Airflow knows of the result does not
    """

    digest: str
    nonce: str
    signed_at: str
    access_key_id: str
    try_number: int
    job_id: str | None = None
    delivered_at_max_tries: int | None = None
    scope: str | None = None

    @property
    def stamp(self) -> RequestNonce:
        """What makes the very same request again."""
        return RequestNonce(self.nonce, datetime.fromisoformat(self.signed_at))


class Ledger:
    """The one submission that a task instance has out at a time.

    :param store: where the entry lies
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def lasts(self) -> bool:
        """Whether what is written now will be there for the next try."""
        return not isinstance(self._store, InMemoryStore)

    def read(self) -> Entry | None:
        """The entry, if one is open."""
        stored = self._store.get(KEY)
        return Entry(**stored) if stored else None

    def intend(self, digest: str, stamp: RequestNonce, access_key_id: str, try_number: int) -> Entry:
        """Write down what is about to be sent; nothing may be sent unless this returns."""
        entry = Entry(digest, stamp.nonce, stamp.at.isoformat(), access_key_id, try_number)
        self._store.set(KEY, asdict(entry))
        return entry

    def accepted(self, entry: Entry, job_id: str, scope: str | None = None) -> Entry:
        """Write down the job that came of it."""
        complete = replace(entry, job_id=job_id, scope=scope)
        self._store.set(KEY, asdict(complete))
        return complete

    def delivered(self, max_tries: int) -> None:
        """Note that the result was returned; see :class:`Entry` for why the entry stays."""
        entry = self.read()
        if entry is not None:
            self._store.set(KEY, asdict(replace(entry, delivered_at_max_tries=max_tries)))

    def clear(self) -> None:
        """Close the entry: the job came to nothing, or nothing was accepted."""
        self._store.delete(KEY)


# What signed addresses of OSS, S3, GCS, CDNs and Tencent's COS add to the object's own; new with every signing. The
# processing that OSS is asked for (x-oss-process) is part of what the address means.
_SIGNED_PART = re.compile(
    r"(?i)expires|signature|ossaccesskeyid|security-token|x-(oss-(?!process)|amz-|goog-).*|googleaccessid"
    r"|awsaccesskeyid|auth_key|policy|key-pair-id|q-.*"
)
# Azure's names are short and ordinary, so they count as signing only beside its signature.
_SIGNED_BY_AZURE = re.compile(r"(?i)s[vretpi]|sig|skoid|sktid|skt|ske|sks|skv|spr")


def request_digest(action: str, request: Mapping[str, Any]) -> str:
    """A fingerprint of what was asked for: the same for the same request, whatever its links are signed with.

    :param action: as ``service.Action``
    :param request: the checked request, before its media were staged
    """
    canonical = json.dumps([action, _without_signatures(request)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_signatures(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_signatures(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_signatures(item) for item in value]
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        parts = urlsplit(value)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        by_azure = any(name.lower() == "sig" for name, _ in pairs)
        lasting = [
            pair
            for pair in pairs
            if not _SIGNED_PART.fullmatch(pair[0]) and not (by_azure and _SIGNED_BY_AZURE.fullmatch(pair[0]))
        ]
        return [parts._replace(query="").geturl(), lasting]
    return value
