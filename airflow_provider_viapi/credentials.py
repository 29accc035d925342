"""Who is asking, and temporary keys that are renewed.

What signs knows only :class:`Credentials`. What calls asks a :class:`CredentialsSource` for them before each
request, so that a job may outlive the token that it was submitted with.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from airflow_provider_viapi.errors import (
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    ServiceError,
    TransientError,
)

logger = logging.getLogger(__name__)

RENEWED_BEFORE = 300.0
"""Seconds before its end at which a key is renewed; half of its life if that is less."""

TRIED_AGAIN_AFTER = 60.0
"""Seconds until a renewal that failed is tried again, as long as the key is still good."""


class CredentialsSource(Protocol):
    """Where the key of the moment is to be had."""

    def current(self, rejected: Credentials | None = None) -> Credentials:
        """The key to sign with; may block while it is fetched.

        :param rejected: a key that the service no longer accepts: another one if there is any, or else the same
        :raises ConfigurationError: there is none, and asking again would not help
        :raises TransientError: there is none now; asking again later may help
        """
        ...

    async def acurrent(self, rejected: Credentials | None = None) -> Credentials:
        """The same from an event loop, which goes on meanwhile."""
        ...


@dataclass(frozen=True)
class Credentials:
    """An access key; as a source, one that stays as it is.

    :param access_key_id: the public half of the key
    :param access_key_secret: the secret half; never shown, never sent
    :param security_token: goes with temporary (STS) keys; never shown
    :param expires: when the service will stop to accept it, in Unix time; never unless given
    :raises ConfigurationError: a part is empty, or holds what no key has
    """

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    expires: float = field(default=math.inf, compare=False)

    def __post_init__(self) -> None:
        parts = {"access key id": self.access_key_id, "access key secret": self.access_key_secret}
        if self.security_token is not None:
            parts["security token"] = self.security_token
        for name, value in parts.items():
            # A header, where id and token are sent, must not be broken into by them.
            if not re.fullmatch(r"[!-~]+", value):
                raise ConfigurationError(
                    f"the {name} is empty or holds a character that none has; a blank or a line break, say, "
                    "that was copied with it",
                    code="ConfigurationError",
                )

    def current(self, rejected: Credentials | None = None) -> Credentials:
        """Itself."""
        return self

    async def acurrent(self, rejected: Credentials | None = None) -> Credentials:
        """Itself."""
        return self


class Ending(Protocol):
    """What is good until a certain time."""

    @property
    def expires(self) -> float:
        """Unix time of its end."""
        ...


Held = TypeVar("Held", bound=Ending)


class Renewable(Generic[Held]):
    """A source that fetches a key when it is first asked, keeps it until shortly before its end, fetches anew.

    All that ask at the same time, threads or coroutines, are served by one fetch. Once a key was had, failing to
    get the next one counts as something that passes: jobs wait for it, and the key is used to its very end. Only
    when that is over and whoever gives keys refuses one, nobody waits any longer.

    :param fetch: gets a key; may block
    :param fetch_in_loop: gets one from an event loop; ``fetch`` in a thread unless given
    :param held: a key to begin with
    :param now: the clock, in Unix time
    """

    def __init__(
        self,
        fetch: Callable[[], Held],
        fetch_in_loop: Callable[[], Awaitable[Held]] | None = None,
        *,
        held: Held | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._fetch = fetch
        self._fetch_in_loop = fetch_in_loop
        self._now = now
        self._held: Held | None = None
        self._renew_at = math.inf
        self._lock = threading.Lock()
        self._under_way: asyncio.Task[Held] | None = None
        if held is not None:
            self._hold(held)

    def current(self, rejected: Held | None = None) -> Held:
        """The key to sign with; see :class:`CredentialsSource`."""
        good = self._good(rejected)
        if good is not None:
            return good
        with self._lock:
            # Another thread may have fetched one while this one waited.
            return self._good(rejected) or self._renew(rejected)

    async def acurrent(self, rejected: Held | None = None) -> Held:
        """The same from an event loop, which goes on meanwhile."""
        good = self._good(rejected)
        if good is not None:
            return good
        loop = asyncio.get_running_loop()
        under_way = self._under_way
        if under_way is None or under_way.done() or under_way.get_loop() is not loop:
            under_way = self._under_way = loop.create_task(self._renew_in_loop(rejected))
        # One that is cancelled while it waits must not take the fetch away from the others.
        return await asyncio.shield(under_way)

    def _good(self, rejected: Held | None) -> Held | None:
        held = self._held
        return None if held is None or held == rejected or self._now() >= self._renew_at else held

    def _renew(self, rejected: Held | None) -> Held:
        try:
            return self._hold(self._fetch())
        except ServiceError as failure:
            return self._go_on_after(failure, rejected)

    async def _renew_in_loop(self, rejected: Held | None) -> Held:
        if self._fetch_in_loop is None:
            return await asyncio.to_thread(self.current, rejected)
        try:
            return self._hold(await self._fetch_in_loop())
        except ServiceError as failure:
            return self._go_on_after(failure, rejected)

    def _hold(self, fetched: Held) -> Held:
        self._renew_at = fetched.expires - min(RENEWED_BEFORE, (fetched.expires - self._now()) / 2)
        self._held = fetched
        return fetched

    def _go_on_after(self, failure: ServiceError, rejected: Held | None) -> Held:
        held, now = self._held, self._now()
        if held is None:
            raise failure
        if held == rejected or now >= held.expires:
            if isinstance(failure, CredentialsRejected | PermissionDenied):
                raise failure
            raise TransientError(f"the key is no longer good and {failure.message}", code=failure.code)
        logger.warning("The key is good for %d more seconds, but %s", held.expires - now, failure.message)
        self._renew_at = min(now + TRIED_AGAIN_AFTER, held.expires)
        return held


class RenewableCredentials(Renewable[Credentials]):
    """A source of access keys that end."""
