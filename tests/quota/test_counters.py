"""Counters: a shared storage, its failures, and the file of a machine."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakeredis import TcpFakeServer
from limits.storage import MemoryStorage

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.jobs.metrics import Stats
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.quota.account_quota import Quota
from airflow_provider_viapi.quota.counters import (
    RETRY_AFTER,
    TIMEOUT,
    CountersUnavailable,
    HostCounters,
    SharedCounters,
    check_url,
    missing_package,
    open_counters,
)
from airflow_provider_viapi.quota.slots import SlotReservations


class CountingStats(Stats):
    def __init__(self) -> None:
        self.counted: Counter[tuple[str, str | None]] = Counter()

    def count(self, name: str, action: str | None, by: int = 1) -> None:
        self.counted[name, action] += by


@contextmanager
def redis_server(port: int = 0) -> Iterator[int]:
    """Serve Redis's protocol from this process; yields the port."""
    TcpFakeServer.allow_reuse_address = True
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis")
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def take(path: Path, count: int, found: multiprocessing.Queue[int]) -> None:
    slots = SlotReservations(HostCounters(path), "a", 1000)
    for _ in range(count):
        found.put(slots.reserve().number)


def test_processes_of_one_machine_take_different_slots(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    found: multiprocessing.Queue[int] = context.Queue()
    processes = [context.Process(target=take, args=(tmp_path / "c", 20, found)) for _ in range(2)]
    for process in processes:
        process.start()
    slots = [found.get(timeout=60) for _ in range(40)]
    for process in processes:
        process.join()

    assert len(set(slots)) == 40


def test_the_counters_of_a_machine_are_forgotten_after_their_time(tmp_path: Path) -> None:
    counters = HostCounters(tmp_path / "c")

    assert counters.incr("long", 60, 5) == 5
    assert counters.incr("short", -1) == 1
    assert (counters.get("long"), counters.get("short"), counters.get("never")) == (5, 0, 0)
    assert counters.incr("long", 60) == 6


def test_a_file_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(CountersUnavailable):
        HostCounters(tmp_path / "missing" / "c").incr("key", 1)


def test_a_storage_of_the_library_counts() -> None:
    counters = SharedCounters(MemoryStorage())

    assert [counters.incr("key", 60), counters.incr("key", 60, 3), counters.get("key")] == [1, 4, 4]


def test_redis_counts_for_all_who_name_it() -> None:
    with redis_server() as port:
        counters = open_counters(f"redis://127.0.0.1:{port}/0")
        first, second = (SlotReservations(counters, "a", 1) for _ in range(2))

        assert first.reserve().number != second.reserve().number


def test_a_storage_that_fails_is_left_alone_for_a_while_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    now = 0.0
    with redis_server() as port:
        url = f"redis://:secret-word@127.0.0.1:{port}/0"
    from limits.storage import storage_from_string
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    storage = storage_from_string(url.replace(":secret-word@", ""), retry=Retry(NoBackoff(), 0))
    stats = CountingStats()
    counters = SharedCounters(storage, lambda: now, stats)  # type: ignore[arg-type]
    for _ in range(3):
        with pytest.raises(CountersUnavailable):
            counters.incr("key", 60)
        now += RETRY_AFTER
    with redis_server(port):
        assert counters.incr("key", 60) == 1
        assert counters.get("key") == 1

    messages = [record.getMessage() for record in caplog.records if "quota_url" in record.getMessage()]
    assert len(messages) == 2
    assert "cannot be used" in messages[0]
    assert "can be used again" in messages[1]
    assert stats.counted == {("viapi.quota_unavailable", None): 3}


def test_a_storage_that_can_be_read_and_not_written_is_unavailable_until_it_can_be_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    now = 0.0

    class Full(MemoryStorage):
        is_full = True

        def incr(self, *args: Any, **options: Any) -> int:
            if self.is_full:
                raise MemoryError("OOM command not allowed")
            return super().incr(*args, **options)

    storage = Full()
    counters = SharedCounters(storage, lambda: now)
    for _ in range(3):
        with pytest.raises(CountersUnavailable):
            counters.incr("key", 60)
        now += RETRY_AFTER
        assert counters.get("key") == 0
    assert caplog.text.count("quota_url") == caplog.text.count("cannot be used") == 1

    storage.is_full = False
    assert counters.incr("key", 60) == 1
    assert caplog.text.count("can be used again") == 1


def test_an_installation_that_cannot_be_imported_fails_tasks_and_ends_no_wait(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "limits.storage", None)
    stats = CountingStats()
    quota = Quota("owner", "redis://:secret-word@broken:6379/0", stats)

    with pytest.raises(ConfigurationError, match=r"cannot be imported: .*limits\.storage"):
        quota.check()
    asyncio.run(quota.open())

    assert type(quota.limiter("results", 5)) is RateLimiter
    assert quota.job_list("list", 5.0) is None
    assert stats.counted == {("viapi.quota_unavailable", None): 1}
    assert caplog.text.count("This process limits its own polls") == 1
    assert "secret-word" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "redis://h:6379/0",
        "rediss://user:pass@h:6380/1",
        "redis+unix:///run/redis.sock",
        "redis+sentinel://h:26379,h2:26379/name",
        "redis+cluster://h:7000,h2:7001",
        "valkey://h",
        "memcached://h:11211",
        "memory://",
    ],
)
def test_urls_of_storages_are_accepted(url: str) -> None:
    assert check_url("quota_url", url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h:6379",
        "redis://",
        "redis:///0",
        "http://h",
        "postgresql://u:secret-word@h/d",
        "redis://h:secret-word",
    ],
)
def test_other_urls_are_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"quota_url is not the URL .* redis://") as refused:
        check_url("quota_url", url)

    assert "secret-word" not in str(refused.value)


def test_a_missing_client_is_named_with_the_command_that_installs_it() -> None:
    assert missing_package("redis://h") is None
    assert missing_package("memcached://h") == "pip install 'limits[memcached]'"
    with pytest.raises(ConfigurationError, match="pip install"):
        Quota("owner", "valkey://h").check()


def test_where_a_package_is_missing_jobs_are_still_waited_for() -> None:
    limiter = Quota("owner", "valkey://h").limiter("results", 5)

    assert limiter.ceiling == 5


def test_a_cluster_that_is_down_fails_no_task(caplog: pytest.LogCaptureFixture) -> None:
    quota = Quota("owner", "redis+cluster://127.0.0.1:9")

    quota.check()
    for _ in range(2):
        assert quota.submit_limiter("videoenhan.EraseVideoSubtitles", 10, lambda seconds: None).reserve() >= 0

    assert caplog.text.count("cannot be used") == 1


def test_a_sentinel_that_does_not_answer_holds_up_no_task_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        counters = open_counters(f"redis+sentinel://127.0.0.1:{silent.getsockname()[1]}/primary")
        found: list[Exception] = []

        def count() -> None:
            try:
                counters.incr("key", 60)
            except CountersUnavailable as error:
                found.append(error)

        # Without a limit it would never end.
        counting = threading.Thread(target=count, daemon=True)
        counting.start()
        counting.join(TIMEOUT + 5)

    assert len(found) == 1


def test_a_machine_counts_with_sqlite_before_3_35(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    class Older(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if "RETURNING" in sql:
                raise sqlite3.OperationalError('near "RETURNING": syntax error')
            return super().execute(sql, *parameters)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Older, **options))
    counters = HostCounters(tmp_path / "c")

    assert [counters.incr("key", 60), counters.incr("key", 60, 3), counters.get("key")] == [1, 4, 4]


def test_a_file_that_cannot_be_used_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        with pytest.raises(CountersUnavailable):
            HostCounters(tmp_path / "missing" / "c").incr("key", 1)

    assert caplog.text.count(f"The file {tmp_path}/missing/c cannot be used") == 1


def test_what_is_stored_names_no_account() -> None:
    with redis_server() as port:
        quota = Quota("LTAI5secret https://h", f"redis://127.0.0.1:{port}/0")
        quota.submit_limiter("videoenhan.EraseVideoSubtitles", 10, lambda seconds: None).reserve()
        import redis

        keys = redis.Redis(port=port).keys()

    assert keys
    assert not any(b"LTAI" in key for key in keys)
    assert "redis://" not in repr(quota)
