"""Keys: what they show, when they are renewed, by how many fetches, and what a failure does to those who wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_viapi.errors import (
    ConfigurationError,
    ConnectionFailed,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.renewable_credentials import Credentials, RenewableCredentials


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


class Mint:
    """Makes ``key-1``, ``key-2`` and so on, each good for an hour by the clock."""

    def __init__(self, clock: Callable[[], float] = Clock(), lifetime: float = 3600) -> None:
        self.clock = clock
        self.lifetime = lifetime
        self.made = 0
        self.asked = 0
        self.failure: ServiceError | None = None
        self.open = threading.Event()
        self.open.set()

    def __call__(self) -> Credentials:
        self.asked += 1
        self.open.wait(10)
        if self.failure is not None:
            raise self.failure
        self.made += 1
        n = self.made
        return Credentials(f"key-{n}", f"secret-{n}", f"token-{n}", expires=self.clock() + self.lifetime)


def renewed_with(fetch: Mint, clock: Clock) -> RenewableCredentials:
    return RenewableCredentials(fetch, now=clock)


def in_worker(source: RenewableCredentials, rejected: Credentials | None = None) -> Credentials:
    return source.current(rejected)


def in_loop(source: RenewableCredentials, rejected: Credentials | None = None) -> Credentials:
    return asyncio.run(source.acurrent(rejected))


BOTH = pytest.mark.parametrize("current", [in_worker, in_loop])
Current = Callable[..., Credentials]


def test_credentials_show_neither_secret_nor_token() -> None:
    shown = repr(Credentials("the-key-id", "the-secret", "the-token"))

    assert "the-key-id" in shown
    assert "the-secret" not in shown
    assert "the-token" not in shown


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        (("the-id ", "the-secret", None), "access key id"),
        (("", "the-secret", None), "access key id"),
        (("the-id", "the-secret\n", None), "access key secret"),
        (("the-id", "the-secret", "the-token\r\nx-acs-action: DeleteImageDb"), "security token"),
        (("the-id", "the-secret", "钥匙"), "security token"),
    ],
)
def test_what_no_key_holds_is_refused_and_not_shown(parts: tuple[str, str, str | None], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        Credentials(*parts)

    assert not any(part and part.strip() in str(caught.value) for part in parts)


@BOTH
def test_a_key_that_stays_is_its_own_source(current: Current) -> None:
    key = Credentials("id", "secret")

    assert current(key) is key
    assert current(key, key) is key


@BOTH
def test_a_key_is_fetched_once_and_again_shortly_before_its_end(current: Current) -> None:
    clock = Clock()
    mint = Mint(clock)
    source = renewed_with(mint, clock)

    assert [current(source).access_key_id for _ in range(3)] == ["key-1"] * 3
    clock.time += 3600 - 301
    assert current(source).access_key_id == "key-1"
    clock.time += 2
    assert current(source).access_key_id == "key-2"
    assert mint.asked == 2


@BOTH
def test_a_key_of_a_short_life_is_kept_for_half_of_it(current: Current) -> None:
    clock = Clock()
    mint = Mint(clock, lifetime=60)
    source = renewed_with(mint, clock)

    current(source)
    clock.time += 29
    assert current(source).access_key_id == "key-1"
    clock.time += 2
    assert current(source).access_key_id == "key-2"


@BOTH
def test_a_rejected_key_is_renewed_and_only_once(current: Current) -> None:
    clock = Clock()
    mint = Mint(clock)
    source = renewed_with(mint, clock)
    rejected = current(source)

    assert current(source, rejected).access_key_id == "key-2"
    assert current(source, rejected).access_key_id == "key-2"
    assert mint.asked == 2


def crowd(
    source: RenewableCredentials, count: int = 100, rejected: Credentials | None = None
) -> list[Credentials]:
    async def gather() -> list[Credentials]:
        return await asyncio.gather(*(source.acurrent(rejected) for _ in range(count)))

    return asyncio.run(gather())


def test_a_hundred_coroutines_are_served_by_one_fetch() -> None:
    clock = Clock()
    mint = Mint(clock)
    source = renewed_with(mint, clock)

    keys = crowd(source)

    assert {key.access_key_id for key in keys} == {"key-1"}
    assert mint.asked == 1


def test_a_hundred_rejections_of_a_key_lead_to_one_fetch() -> None:
    clock = Clock()
    mint = Mint(clock)
    source = renewed_with(mint, clock)

    keys = crowd(source, rejected=source.current())

    assert {key.access_key_id for key in keys} == {"key-2"}
    assert mint.asked == 2


def test_twenty_threads_are_served_by_one_fetch() -> None:
    clock = Clock()
    mint = Mint(clock)
    mint.open.clear()
    source = renewed_with(mint, clock)

    with ThreadPoolExecutor(20) as threads:
        waiting = [threads.submit(source.current) for _ in range(20)]
        mint.open.set()
        keys = {each.result(10).access_key_id for each in waiting}

    assert keys == {"key-1"}
    assert mint.asked == 1


def test_the_loop_goes_on_while_a_key_is_fetched() -> None:
    clock = Clock()
    mint = Mint(clock)
    mint.open.clear()
    source = renewed_with(mint, clock)
    happened = []

    async def ask() -> None:
        happened.append((await source.acurrent()).access_key_id)

    async def others() -> None:
        while not mint.asked:
            await asyncio.sleep(0)
        for _ in range(1000):
            await asyncio.sleep(0)
        happened.append("a thousand turns")
        mint.open.set()

    async def together() -> None:
        await asyncio.gather(ask(), others())

    asyncio.run(together())

    assert happened == ["a thousand turns", "key-1"]


def test_one_who_is_cancelled_does_not_take_the_fetch_away_from_the_others() -> None:
    clock = Clock()
    mint = Mint(clock)
    mint.open.clear()
    source = renewed_with(mint, clock)

    async def one_goes() -> Credentials:
        going = asyncio.create_task(source.acurrent())
        staying = asyncio.create_task(source.acurrent())
        while not mint.asked:
            await asyncio.sleep(0)
        going.cancel()
        await asyncio.wait([going])
        mint.open.set()
        return await staying

    assert asyncio.run(one_goes()).access_key_id == "key-1"
    assert mint.asked == 1


def test_a_source_outlives_the_loop_that_it_was_first_asked_in() -> None:
    clock = Clock()
    source = renewed_with(Mint(clock), clock)
    first = in_loop(source)

    assert in_loop(source, first).access_key_id == "key-2"


@BOTH
def test_a_first_failure_is_raised_unchanged(current: Current) -> None:
    mint = Mint()
    mint.failure = ConfigurationError("there is no such role", code="EntityNotExist.Role")

    with pytest.raises(ConfigurationError, match="no such role"):
        current(RenewableCredentials(mint))


@BOTH
def test_a_key_is_used_until_it_expires_while_no_new_one_is_available(
    current: Current, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    mint = Mint(clock)
    source = renewed_with(mint, clock)
    current(source)
    mint.failure = ConfigurationError("STS stumbles")

    clock.time += 3600 - 200
    assert [current(source).access_key_id for _ in range(5)] == ["key-1"] * 5
    assert mint.asked == 2
    assert "valid for 200 more seconds: STS stumbles" in caplog.text

    clock.time += 61
    current(source)
    assert mint.asked == 3


@BOTH
def test_past_the_end_of_a_key_a_failure_counts_as_one_that_passes(current: Current) -> None:
    clock = Clock()
    mint = Mint(clock)
    source = renewed_with(mint, clock)
    current(source)
    mint.failure = ConfigurationError("STS stumbles")
    clock.time += 3601

    with pytest.raises(TransientError, match="STS stumbles"):
        current(source)

    mint.failure = None
    assert current(source).access_key_id == "key-2"


@BOTH
def test_so_does_a_failure_to_replace_a_key_that_was_rejected(current: Current) -> None:
    clock = Clock()
    mint = Mint(clock)
    source = renewed_with(mint, clock)
    rejected = current(source)
    mint.failure = ConnectionFailed("nobody there")

    with pytest.raises(TransientError, match="nobody there"):
        current(source, rejected)


def test_a_key_can_be_fetched_from_the_loop_itself() -> None:
    async def fetch() -> Credentials:
        await asyncio.sleep(0)
        return Credentials("from-the-loop", "secret")

    def blocking() -> Credentials:
        raise AssertionError("fetched in a thread")

    held = Credentials("held", "secret")
    asked: Callable[[], Awaitable[Credentials]] = fetch
    source = RenewableCredentials(blocking, asked, initial=held)

    assert in_loop(source) is held
    assert in_loop(source, held).access_key_id == "from-the-loop"


def test_a_source_shows_nothing_of_its_key() -> None:
    source = RenewableCredentials(Mint(), initial=Credentials("the-key-id", "the-secret", "the-token"))

    assert "the-" not in repr(source)
