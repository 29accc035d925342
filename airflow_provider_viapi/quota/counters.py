"""Counters of processes: a storage that all of them reach, or a file that those of one machine share."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.jobs.metrics import QUOTA_UNAVAILABLE, Stats
from airflow_provider_viapi.quota.slots import Counters

logger = logging.getLogger(__name__)

CLIENTS = {"redis": "redis", "rediss": "redis", "valkey": "valkey", "valkeys": "valkey"}
"""Package that talks to a storage, by the first word of the URL's scheme."""

SCHEMES = (
    *("redis", "rediss", "redis+unix", "redis+sentinel", "redis+cluster"),
    *("valkey", "valkeys", "valkey+unix", "valkey+sentinel", "valkey+cluster"),
    *("memcached", "memory"),
)
"""Storages of the library ``limits`` that count for several processes, and ``memory``, which counts for one."""

ALLOWED = "redis://[user:password@]host:port/db, or another URL of the library limits: " + ", ".join(SCHEMES)

TIMEOUT = 2.0
"""Seconds to wait for the storage."""

RETRY_AFTER = 15.0
"""Seconds until a storage that failed is used again."""


class CountersUnavailable(Exception):
    """The counters cannot be used now."""


def check_url(where: str, url: str) -> str:
    """Return the URL of a shared storage.

    :param where: names the setting; the URL itself may hold a password and is never shown
    :raises ConfigurationError: it is not the URL of a storage that can be used
    """
    try:
        parts = urlsplit(url)
        has_place = parts.scheme == "memory" or parts.netloc or ("+unix" in parts.scheme and parts.path)
        # Several hosts, of a cluster for example, are separated by commas and have no single port.
        is_usable = parts.scheme in SCHEMES and has_place and ("," in parts.netloc or parts.port != 0)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigurationError(f"{where} is not the URL of a storage; allowed: {ALLOWED}")
    return url


def missing_package(url: str) -> str | None:
    """Return the command that installs what the storage needs, if something is missing here."""
    scheme = urlsplit(url).scheme.partition("+")[0]
    client = {**CLIENTS, "memcached": "pymemcache"}.get(scheme)
    if find_spec("limits") is None or (client is not None and find_spec(client) is None):
        extra = {"redis": "quota", "valkey": "limits[valkey]", "pymemcache": "limits[memcached]"}
        needed = extra.get(client or "", "limits")
        return f"pip install '{'airflow-provider-viapi[quota]' if needed == 'quota' else needed}'"
    return None


class SharedCounters:
    """Counters in a shared storage; while it cannot be reached it is left alone and tried again now and then.

    :param counters: a storage of ``limits``
    :param clock: monotonic time in seconds
    :param stats: receives the number of failures
    """

    def __init__(
        self, counters: Counters, clock: Callable[[], float] = time.monotonic, stats: Stats | None = None
    ) -> None:
        self._counters = counters
        self._stats = stats or Stats()
        self._clock = clock
        self._lock = threading.Lock()
        self._failed_at: float | None = None

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter and return its new value.

        :raises CountersUnavailable: the storage cannot be reached now
        """
        had_failed = self._failed_at is not None
        value = self._call(lambda: self._counters.incr(key, expiry, amount))
        # Not after a read: a storage that is full, or a replica, can be read and not written.
        if had_failed:
            with self._lock:
                is_back, self._failed_at = self._failed_at is not None, None
            if is_back:
                logger.info("The storage of quota_url can be used again")
        return value

    def get(self, key: str) -> int:
        """Return the value of a counter; see :meth:`incr`."""
        return self._call(lambda: self._counters.get(key))

    def _call(self, function: Callable[[], int]) -> int:
        failed_at = self._failed_at
        if failed_at is not None and self._clock() - failed_at < RETRY_AFTER:
            raise CountersUnavailable
        try:
            return int(function())
        # Whatever a storage's client raises: a quota must not fail a task.
        except Exception as error:
            with self._lock:
                is_first, self._failed_at = self._failed_at is None, self._clock()
            self._stats.count(QUOTA_UNAVAILABLE, None)
            if is_first:
                # Its text may quote the URL.
                logger.warning(
                    "The storage of quota_url cannot be used (%s). Until it can, submissions are limited per machine,"
                    " and this process limits its own polls",
                    type(error).__name__,
                )
            raise CountersUnavailable from None


_opened: dict[str, SharedCounters] = {}


def open_counters(url: str, stats: Stats | None = None) -> SharedCounters:
    """Return the counters of a shared storage, the same for the whole process; connects when they are used.

    The first call imports the client of the storage, which takes a tenth of a second.

    :param url: checked with :func:`check_url`
    :param stats: receives the number of failures
    :raises ConfigurationError: a package is missing, or the URL cannot be used; it is not shown
    """
    if url not in _opened:
        check_url("quota_url in the section [viapi]", url)
        if command := missing_package(url):
            raise ConfigurationError(f"quota_url needs a package that is missing here: {command}")
        try:
            from limits.storage import storage_from_string

            def connect() -> Any:
                return storage_from_string(url, **_options(url))

            # A cluster is asked for its nodes at once, the others only when they are used.
            storage = _ConnectedWhenUsed(connect) if "+cluster:" in url else connect()
        except ImportError as error:
            raise ConfigurationError(f"a package that quota_url needs cannot be imported: {error}") from error
        except Exception as error:
            # Its text may quote the URL.
            raise ConfigurationError(
                f"the storage of quota_url cannot be opened ({type(error).__name__}); allowed: {ALLOWED}"
            ) from None
        # Threads may open it at the same time, and must share one.
        _opened.setdefault(url, SharedCounters(storage, stats=stats))
    return _opened[url]


class _ConnectedWhenUsed:
    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect

    @cached_property
    def _storage(self) -> Any:
        return self._connect()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return int(self._storage.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        return int(self._storage.get(key))


def _options(url: str) -> dict[str, Any]:
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return {}
    if scheme == "memcached":
        return {"timeout": TIMEOUT, "connect_timeout": TIMEOUT}
    options: dict[str, Any] = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    if scheme in ("redis", "rediss", "redis+unix", "redis+sentinel"):
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # Later versions of the client retry for many seconds by default.
        options["retry"] = Retry(NoBackoff(), 0)
    if scheme.endswith("+sentinel"):
        # The library passes none of its options to the sentinels.
        options["sentinel_kwargs"] = dict(options)
    return {**options, "key_prefix": "viapi-quota"}


class HostCounters:
    """Counters in a file, for the processes of one user on one machine.

    :param path: the file; default: in a folder of the user's below the folder for temporary files
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter and return its new value.

        :raises CountersUnavailable: the file cannot be used
        """
        now = time.time()
        # Without RETURNING, which SQLite has from 3.35 on.
        insert = "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT (key)"
        return self._execute(
            ("DELETE FROM counters WHERE expires < ?", (now,)),
            (f"{insert} DO UPDATE SET value = value + excluded.value", (key, amount, now + expiry)),
            ("SELECT value FROM counters WHERE key = ?", (key,)),
        )

    def get(self, key: str) -> int:
        """Return the value of a counter; see :meth:`incr`."""
        return self._execute(
            ("SELECT value FROM counters WHERE key = ? AND expires >= ?", (key, time.time()))
        )

    def _execute(self, *statements: tuple[str, tuple[object, ...]]) -> int:
        # Only here: a deployment with a shared storage does not need it, and each task is a process.
        import sqlite3

        try:
            path = self._path or _own_folder() / "quota.sqlite"
            with closing(sqlite3.connect(path, timeout=TIMEOUT, isolation_level=None)) as database:
                database.execute("BEGIN IMMEDIATE")
                database.execute(
                    "CREATE TABLE IF NOT EXISTS counters (key TEXT PRIMARY KEY, value INTEGER, expires REAL)"
                )
                rows = [database.execute(*statement).fetchone() for statement in statements]
                database.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            _log_once(self._path, f"{type(error).__name__}: {error}")
            raise CountersUnavailable from error
        return int(rows[-1][0]) if rows[-1] else 0


@cache
def _log_once(path: Path | None, reason: str) -> None:
    logger.warning(
        "The file %s cannot be used (%s): without it, each process of this machine limits only its own submissions",
        path or "quota.sqlite in the folder for temporary files",
        reason,
    )


def _own_folder() -> Path:
    """Return a folder that nobody else can write to.

    :raises OSError: there is none
    """
    folder = Path(tempfile.gettempdir()) / f"airflow-provider-viapi-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} belongs to another user")
    return folder
