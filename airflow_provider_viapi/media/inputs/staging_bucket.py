"""Copies in the team's bucket, with links that outlive the service's queue, and leases on copies that tasks share.

Beside each copy are empty objects: ``lease-<holder>`` of every user, ``closing-<holder>`` of everyone who is about to
remove it. Whoever acquires a copy writes a lease first and then looks for a closing; whoever removes it writes a
closing first and then looks for leases. Whatever the order, one of the two sees the other: object storage lists at
once what was written. A folder that is being closed is not used any more; the next user takes the next one (``…-2``).
A holder that is lost leaves its copy to the bucket's lifecycle rule.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from airflow_provider_viapi.alibaba.regions import DEFAULT_REGION
from airflow_provider_viapi.errors import ConfigurationError, ServiceError, TransientError
from airflow_provider_viapi.fs.oss_client import Oss, OssObject
from airflow_provider_viapi.media.inputs.request_media import StagingLocation

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media.inputs.source import Source


LINK_LIFETIME = timedelta(hours=36)
"""Validity of a link: the default ``job_timeout`` of 24 hours, and half of that again."""

PART_SIZE = 8 << 20
"""Bytes of a part of an upload; larger ones where there would be too many of them."""

MAX_PARTS = 9_000
"""A little less than the 10,000 that OSS takes."""

PARALLEL_PARTS = 3
"""Parts in flight at the same time; these and the one that is being read are held in memory."""

_PLAIN = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")


class TeamBucket:
    """Copies for the tasks of a DAG run, each source once.

    :param oss: with the right to put, get, list and delete objects below the prefix
    :param dag_run: the DAG run
    :param holder: the task instance; the same for all its attempts
    :param part_size: bytes of a part of an upload
    """

    def __init__(
        self,
        oss: Oss,
        location: StagingLocation,
        *,
        dag_run: str,
        holder: str,
        log: Log,
        part_size: int = PART_SIZE,
    ) -> None:
        self.location = location
        self._oss, self._log, self._part_size = oss, log, part_size
        self._base = "/".join(part for part in (location.prefix, _digest(dag_run)) if part)
        self._leases = Leases(Bucket(oss, location.bucket), _digest(f"{dag_run}\n{holder}"))

    @classmethod
    def open(
        cls, to: str, hook: ViapiHook, *, dag_run: str, holder: str, log: Log, part_size: int
    ) -> TeamBucket:
        """Open the bucket of an address.

        :raises ConfigurationError: the SDK is not installed, the connection cannot be used, or is for another region
        """
        location = StagingLocation.parse(to)
        oss = hook.oss(location.conn_id)
        is_far = not oss.place.region.startswith((DEFAULT_REGION, "accelerate"))
        if is_far and not oss.place.by_path:
            raise ConfigurationError(
                f"staging is {to}, but connection {location.conn_id or hook.viapi_conn_id!r} is for OSS in "
                f"{oss.place.region}; allowed: a bucket in {DEFAULT_REGION}, where the services read. Name a "
                f"connection for it, such as oss://conn_id@{location.bucket}/{location.prefix}",
            )
        return cls(oss, location, dag_run=dag_run, holder=holder, log=log, part_size=part_size)

    def stage(self, source: Source) -> str:
        """Return the key of a copy of a file: one of this DAG run, or a new one."""
        key, exists = self._leases.acquire(
            f"{self._prefix_of(source.address)}{source.fingerprint}", ascii_name(source.name), source.size
        )
        copy = f"oss://{self.location.bucket}/{key}"
        if exists:
            self._log.info("%s is staged already, as %s", source.display_url, copy)
            return key
        upload(self._oss, self.location.bucket, key, source, self._part_size)
        self._log.info("Staged %s (%s bytes) as %s", source.display_url, f"{source.size:,}", copy)
        return key

    def link(self, key: str) -> str:
        """Return a URL by which the service can read a copy."""
        return presigned_url(self._oss, self.location.bucket, key, self._log)

    def release(self, address: str) -> None:
        """Stop using the copies of what is at an address; the last user removes them."""
        self._leases.release(self._prefix_of(address))

    def _prefix_of(self, address: str) -> str:
        return f"{self._base}/{_digest(address)}/"


def upload(oss: Oss, bucket: str, key: str, source: Source, part_size: int = PART_SIZE) -> None:
    """Copy a file into a bucket: whole, or not at all.

    :raises TransientError: the connection broke, or the file changed meanwhile (code ``SourceChanged``)
    """
    size = max(part_size, -(-source.size // MAX_PARTS))
    with source.read(ahead=False) as reader:
        first = reader.read_whole(size)
        if len(first) == source.size:
            source.check_unchanged()
            oss.put(bucket, key, first)
        else:
            _upload_parts(oss, bucket, key, source, first, lambda: reader.read_whole(size))
    copied = oss.head(bucket, key)
    if copied is None or copied.size != source.size:
        oss.delete(bucket, key)
        raise TransientError(
            f"oss://{bucket}/{key}: size mismatch with {source.display_url}: expected {source.size:,} bytes, got "
            f"{'none' if copied is None else f'{copied.size:,}'}",
            code="CopyIncomplete",
        )


def _upload_parts(
    oss: Oss, bucket: str, key: str, source: Source, content: bytes, read: Callable[[], bytes]
) -> None:
    multipart = oss.begin(bucket, key)
    try:
        with ThreadPoolExecutor(PARALLEL_PARTS, thread_name_prefix="staging") as threads:
            in_flight: deque[Future[None]] = deque()
            number = 0
            while content:
                number += 1
                if len(in_flight) == PARALLEL_PARTS:
                    in_flight.popleft().result()
                in_flight.append(threads.submit(multipart.put_part, number, content))
                # No longer referenced here, so that it is freed as soon as it is sent.
                content = b""
                content = read()
            for each in in_flight:
                each.result()
        source.check_unchanged()
        multipart.complete()
    except BaseException:
        with suppress(ServiceError):
            multipart.abort()
        raise


def presigned_url(oss: Oss, bucket: str, key: str, log: Log) -> str:
    """Return a URL that is valid for :data:`LINK_LIFETIME`, or as long as a temporary key is."""
    credentials = oss.account.credentials.current()
    expires_at = datetime.now(timezone.utc) + LINK_LIFETIME
    if credentials.security_token is not None and credentials.expires < expires_at.timestamp():
        end = datetime.fromtimestamp(credentials.expires, timezone.utc).isoformat(timespec="seconds")
        log.warning("The link to oss://%s/%s expires with the temporary key, at %s", bucket, key, end)
    elif credentials.security_token is not None:
        log.warning("The link to oss://%s/%s expires with the temporary key", bucket, key)
    return oss.presign(bucket, key, LINK_LIFETIME)


def link_in_place(source: Source, log: Log) -> str | None:
    """Return a URL of the file itself if the service can read it: in a bucket in Shanghai, under a plain name."""
    if source.oss is None:
        return None
    oss, bucket, key = source.oss
    if oss.place.region != DEFAULT_REGION or not _PLAIN.fullmatch(key):
        return None
    return presigned_url(oss, bucket, key, log)


def ascii_name(name: str) -> str:
    """Return a name that any service can read: without spaces, Chinese and the like, with the same extension."""
    path = PurePosixPath(name)
    extension = path.suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", path.suffix) else ""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", path.stem if extension else name).strip("-")[:60]
    return f"{stem or 'media'}{extension}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:20]


class Bucket:
    """The operations of a bucket that leases need."""

    def __init__(self, oss: Oss, name: str) -> None:
        self._oss, self._name = oss, name

    def put(self, key: str) -> None:
        """Store an empty object."""
        self._oss.put(self._name, key)

    def delete(self, key: str) -> None:
        """Delete an object, if there is one."""
        self._oss.delete(self._name, key)

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Return the size of each object whose key begins with the prefix, by key."""
        found = self._oss.list_objects(self._name, prefix)
        return {each.key: each.size for each in found if isinstance(each, OssObject)}


class Leases:
    """The copies that one task uses.

    :param bucket: contains them
    :param holder: the task, in letters and digits; no other has the same
    """

    def __init__(self, bucket: Bucket, holder: str) -> None:
        self._bucket = bucket
        self._lease, self._closing = f"lease-{holder}", f"closing-{holder}"

    def acquire(self, base: str, name: str, size: int) -> tuple[str, bool]:
        """Return the key of a copy, and whether it exists in full; it stays until it is released.

        :param base: beginning of the keys of this copy and of no other
        :param name: last part of the copy's key
        :param size: bytes of a complete copy
        """
        for generation in count(1):
            folder = f"{base}-{generation}/"
            self._bucket.put(folder + self._lease)
            found = self._bucket.sizes(folder)
            if not _any(found, folder, "closing-"):
                return folder + name, found.get(folder + name) == size
            self._release(folder)
        raise AssertionError("unreachable")

    def release(self, base: str) -> None:
        """Stop using all copies whose keys begin like that, and remove those that nobody else uses."""
        for key in self._bucket.sizes(base):
            if key.endswith(f"/{self._lease}"):
                self._release(key.removesuffix(self._lease))

    def _release(self, folder: str) -> None:
        self._bucket.delete(folder + self._lease)
        if _any(self._bucket.sizes(folder), folder, "lease-"):
            return
        self._bucket.put(folder + self._closing)
        found = self._bucket.sizes(folder)
        if not _any(found, folder, "lease-"):
            for key in found:
                if not key.startswith(f"{folder}closing-"):
                    self._bucket.delete(key)
        self._bucket.delete(folder + self._closing)


def _any(keys: Mapping[str, int], folder: str, kind: str) -> bool:
    return any(key.startswith(folder + kind) for key in keys)
