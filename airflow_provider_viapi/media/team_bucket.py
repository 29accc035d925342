"""Copies in a bucket of the team's, with links that outlive the service's queue."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.config import DEFAULT_REGION
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, TransientError
from airflow_provider_viapi.fs.oss_client import Oss, OssObject, open_oss
from airflow_provider_viapi.media.leases import Leases

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media.source import Source

LINK_LIFETIME = timedelta(hours=36)
"""How long a link is good: the 24 hours after which a job is given up unless the author says otherwise, and half
of that again."""

PART = 8 << 20
"""Bytes of a part of an upload; larger ones where there would be too many of them."""

MOST_PARTS = 9_000
"""A little less than the 10,000 that OSS takes."""

AT_ONCE = 3
"""Parts on their way at the same time; these and the one that is being read are what is held in memory."""

_PLACE = re.compile(
    r"oss://(?:(?P<conn>[\w.-]+)@)?(?P<bucket>[a-z0-9][a-z0-9-]{1,61}[a-z0-9])(?:/(?P<prefix>[A-Za-z0-9._/-]*))?"
)
_PLAIN = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")


@dataclass(frozen=True)
class StagingPlace:
    """Where copies go, ``oss://bucket/prefix`` or ``oss://conn@bucket/prefix``.

    :param conn_id: the connection whose key is used, if not the task's own
    :param bucket: in Shanghai, where the service reads
    :param prefix: beginning of all keys, without slashes around it
    """

    conn_id: str | None
    bucket: str
    prefix: str

    @classmethod
    def read(cls, address: str) -> StagingPlace:
        """The place that an address names.

        :raises InvalidRequest: it has another form
        """
        # A template that renders to what it names may give anything.
        parts = _PLACE.fullmatch(address) if isinstance(address, str) else None
        prefix = (parts["prefix"] or "").strip("/") if parts else ""
        if parts is None or ".." in prefix.split("/") or "//" in prefix:
            raise InvalidRequest(
                f"staging is {address!r}; allowed: oss://bucket/prefix, of letters, digits and ._-/",
                code="InvalidParameter",
            )
        return cls(parts["conn"], parts["bucket"], prefix)

    def address_of(self, key: str) -> str:
        """The address of an object in the bucket, for whoever may use the connection."""
        return f"oss://{f'{self.conn_id}@' if self.conn_id else ''}{self.bucket}/{key}"


def open_bucket(place: StagingPlace, hook: ViapiHook, *, run: str, holder: str, log: Log) -> TeamBucket:
    """The team's bucket, as one task uses it.

    :raises ConfigurationError: the SDK is not installed, or the connection cannot be used
    """
    from airflow_provider_viapi.hooks.viapi import ViapiHook

    oss = open_oss(hook if place.conn_id is None else ViapiHook(place.conn_id))
    return TeamBucket(oss, place, run=run, holder=holder, log=log)


class TeamBucket:
    """Copies for the tasks of a DAG run, each source once.

    :param oss: with the right to put, get, list and delete objects below the prefix
    :param run: which DAG run
    :param holder: which task instance; the same for all its tries
    """

    def __init__(self, oss: Oss, place: StagingPlace, *, run: str, holder: str, log: Log) -> None:
        self._oss, self._place, self._log = oss, place, log
        self._base = "/".join(part for part in (place.prefix, _digest(run)) if part)
        self._leases = Leases(_Keys(oss, place.bucket), _digest(f"{run}\n{holder}"))

    def stage(self, source: Source) -> str:
        """Have a copy of a file in the bucket, a new one or one of this run, and return its key."""
        key, there = self._leases.take(
            f"{self._of(source.address)}{source.fingerprint}", plain_name(source.name), source.size
        )
        copy = f"oss://{self._place.bucket}/{key}"
        if there:
            self._log.info("%s is staged already, as %s", source.shown, copy)
            return key
        upload(self._oss, self._place.bucket, key, source)
        self._log.info("Staged %s (%s bytes) as %s", source.shown, f"{source.size:,}", copy)
        return key

    def link(self, key: str) -> str:
        """An address by which the service can read a copy."""
        return signed_link(self._oss, self._place.bucket, key, self._log)

    def release(self, address: str) -> None:
        """Stop using the copies of what is at an address; who is the last to use one removes it."""
        self._leases.give_back(self._of(address))

    def _of(self, address: str) -> str:
        return f"{self._base}/{_digest(address)}/"


def upload(oss: Oss, bucket: str, key: str, source: Source) -> None:
    """Copy a file into a bucket: whole, or not at all.

    :raises TransientError: the way was lost, or the file changed meanwhile (code ``SourceChanged``)
    """
    size = max(PART, -(-source.size // MOST_PARTS))
    with source.read(ahead=False) as reader:
        first = reader.read_whole(size)
        if len(first) == source.size:
            source.check_unchanged()
            oss.put(bucket, key, first)
        else:
            _upload_parts(oss, bucket, key, source, first, reader.read_whole, size)
    copied = oss.head(bucket, key)
    if copied is None or copied.size != source.size:
        oss.delete(bucket, key)
        raise TransientError(
            f"oss://{bucket}/{key} has not the length of {source.shown}", code="CopyIncomplete"
        )


def _upload_parts(
    oss: Oss, bucket: str, key: str, source: Source, content: bytes, read: Any, size: int
) -> None:
    coming = oss.begin(bucket, key)
    try:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="staging") as senders:
            sending: deque[Future[None]] = deque()
            number = 0
            while content:
                number += 1
                if len(sending) == AT_ONCE:
                    sending.popleft().result()
                sending.append(senders.submit(coming.put_part, number, content))
                # Named no more, so that it goes as soon as it is sent.
                content = b""
                content = read(size)
            for each in sending:
                each.result()
        source.check_unchanged()
        coming.complete()
    except BaseException:
        with suppress(ServiceError):
            coming.abort()
        raise


def signed_link(oss: Oss, bucket: str, key: str, log: Log) -> str:
    """A link that is good for :data:`LINK_LIFETIME`, or as long as a temporary key is."""
    credentials = oss.account.credentials.current()
    until = datetime.now(timezone.utc) + LINK_LIFETIME
    if credentials.security_token is not None and credentials.expires < until.timestamp():
        end = datetime.fromtimestamp(credentials.expires, timezone.utc).isoformat(timespec="seconds")
        log.warning("The link to oss://%s/%s ends with the temporary key, at %s", bucket, key, end)
    elif credentials.security_token is not None:
        log.warning("The link to oss://%s/%s ends with the temporary key", bucket, key)
    return oss.link(bucket, key, LINK_LIFETIME)


def link_in_place(source: Source, log: Log) -> str | None:
    """A link to where a file lies, if the service can read it there: in a bucket in Shanghai, under a plain name."""
    if source.oss is None:
        return None
    oss, bucket, key = source.oss
    if oss.place.region != DEFAULT_REGION or not _PLAIN.fullmatch(key):
        return None
    return signed_link(oss, bucket, key, log)


def plain_name(name: str) -> str:
    """A name for a copy that any service can read: without spaces, Chinese and the like, with the same ending."""
    path = PurePosixPath(name)
    ending = path.suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", path.suffix) else ""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", path.stem if ending else name).strip("-")[:60]
    return f"{stem or 'media'}{ending}"


class _Keys:
    def __init__(self, oss: Oss, bucket: str) -> None:
        self._oss, self._bucket = oss, bucket

    def put(self, key: str) -> None:
        self._oss.put(self._bucket, key)

    def delete(self, key: str) -> None:
        self._oss.delete(self._bucket, key)

    def sizes(self, prefix: str) -> Mapping[str, int]:
        found = self._oss.listing(self._bucket, prefix)
        return {each.key: each.size for each in found if isinstance(each, OssObject)}


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:20]
