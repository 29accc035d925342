"""Access keys, and sources of temporary keys that are renewed.

Code that signs knows only :class:`Credentials`. Code that calls asks a :class:`KeySource` for them before
each request, so that a job may outlive the token that it was submitted with.
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
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from airflow_provider_viapi.errors import (
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    ServiceError,
    TransientError,
)

logger = logging.getLogger(__name__)

RENEW_BEFORE = 300.0
"""Seconds before its expiry at which a key is renewed; half of its lifetime if that is less."""

RENEWAL_BACKOFF = 60.0
"""Seconds until a failed renewal is retried, as long as the key has not expired."""


Key_co = TypeVar("Key_co", covariant=True)


class KeySource(Protocol[Key_co]):
    """Provides the current key or token."""

    def current(self, rejected: Any = None) -> Key_co:
        """Return the key or token; may block while it is fetched.

        :param rejected: one that the service no longer accepts: another one is returned if there is any, otherwise
            the same
        :raises ConfigurationError: there is none, and a retry would not help
        :raises TransientError: there is none now; a retry may help
        """
        ...

    async def acurrent(self, rejected: Any = None) -> Key_co:
        """Return the key or token without blocking the event loop; see :meth:`current`."""
        ...


@dataclass(frozen=True)
class Credentials:
    """An access key; also a source that always returns it.

    :param access_key_id: the public half of the key
    :param access_key_secret: the secret half; never shown, never sent
    :param security_token: belongs to temporary (STS) keys; never shown
    :param expires: Unix time at which the service stops accepting it; default: never
    :raises ConfigurationError: a part is empty or holds characters that no key has
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
            # Id and token are sent in headers, which a line break would end.
            if not re.fullmatch(r"[!-~]+", value):
                raise ConfigurationError(
                    f"the {name} is empty or contains a character that is not valid in a key, such as a space or a "
                    "line break that was copied with it"
                )

    def current(self, rejected: Credentials | None = None) -> Credentials:
        """Return this key."""
        return self

    async def acurrent(self, rejected: Credentials | None = None) -> Credentials:
        """Return this key."""
        return self


CredentialsSource: TypeAlias = KeySource[Credentials]
"""Source of keys, not of tokens."""


class Expiring(Protocol):
    """A key or token that expires."""

    @property
    def expires(self) -> float:
        """Unix time of the expiry."""
        ...


Key = TypeVar("Key", bound=Expiring)


class Renewable(Generic[Key]):
    """A source that fetches a key when it is first asked, caches it until shortly before its expiry, and renews it.

    All that ask at the same time, threads or coroutines, are served by one fetch. Once there was a key, a failed
    renewal is transient: jobs wait for the next one, and the key is used until it expires. Only if it has expired and
    its issuer refuses another one, the error is permanent.

    :param fetch: fetches a key; may block
    :param afetch: fetches a key in an event loop; default: ``fetch`` in a thread
    :param initial: the first key; default: it is fetched
    :param identity: names what the keys belong to, such as a role, where their ids change
    :param fingerprint: differs for sources with other settings
    :param now: the clock, in Unix time
    """

    def __init__(
        self,
        fetch: Callable[[], Key],
        afetch: Callable[[], Awaitable[Key]] | None = None,
        *,
        initial: Key | None = None,
        identity: str | None = None,
        fingerprint: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.identity = identity
        self.fingerprint = fingerprint
        self._fetch = fetch
        self._afetch = afetch
        self._now = now
        self._key: Key | None = None
        self._renew_at = math.inf
        self._lock = threading.Lock()
        self._renewal: asyncio.Task[Key] | None = None
        if initial is not None:
            self._store(initial)

    def current(self, rejected: Key | None = None) -> Key:
        """Return the key to sign with; see :class:`KeySource`."""
        key = self._valid_key(rejected)
        if key is not None:
            return key
        with self._lock:
            # Another thread may have fetched one while this one waited.
            return self._valid_key(rejected) or self._renew(rejected)

    async def acurrent(self, rejected: Key | None = None) -> Key:
        """Return the key without blocking the event loop; see :class:`KeySource`."""
        key = self._valid_key(rejected)
        if key is not None:
            return key
        loop = asyncio.get_running_loop()
        renewal = self._renewal
        if renewal is None or renewal.done() or renewal.get_loop() is not loop:
            renewal = self._renewal = loop.create_task(self._arenew(rejected))
        # One that is cancelled while it waits must not cancel the fetch for the others.
        return await asyncio.shield(renewal)

    def _valid_key(self, rejected: Key | None) -> Key | None:
        key = self._key
        return None if key is None or key == rejected or self._now() >= self._renew_at else key

    def _renew(self, rejected: Key | None) -> Key:
        try:
            return self._store(self._fetch())
        except ServiceError as failure:
            return self._handle_failure(failure, rejected)

    async def _arenew(self, rejected: Key | None) -> Key:
        if self._afetch is None:
            return await asyncio.to_thread(self.current, rejected)
        try:
            return self._store(await self._afetch())
        except ServiceError as failure:
            return self._handle_failure(failure, rejected)

    def _store(self, key: Key) -> Key:
        self._renew_at = key.expires - min(RENEW_BEFORE, (key.expires - self._now()) / 2)
        self._key = key
        return key

    def _handle_failure(self, failure: ServiceError, rejected: Key | None) -> Key:
        key, now = self._key, self._now()
        if key is None:
            raise failure
        if key == rejected or now >= key.expires:
            if isinstance(failure, CredentialsRejected | PermissionDenied):
                raise failure
            raise TransientError(
                f"the key has expired and cannot be renewed: {failure.message}", code=failure.code
            )
        logger.warning(
            "The key cannot be renewed, it is valid for %d more seconds: %s",
            key.expires - now,
            failure.message,
        )
        self._renew_at = min(now + RENEWAL_BACKOFF, key.expires)
        return key


class RenewableCredentials(Renewable[Credentials]):
    """A source of access keys that expire."""
