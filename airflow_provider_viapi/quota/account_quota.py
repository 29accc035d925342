"""The quota of one account, for the processes that call for it."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.quota.counters import HostCounters, SharedCounters, open_counters
from airflow_provider_viapi.quota.pacing import SharedRateLimiter, TurnPace
from airflow_provider_viapi.quota.shared_job_list import SharedJobList
from airflow_provider_viapi.quota.turns import Counters, Turns

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Quota:
    """The quota of one account.

    :param owner: identifies the account: its key's id or its role, and the endpoint; only a digest of it is stored
    :param url: of the storage that all processes share; ``None``: each limits its own calls
    """

    owner: str
    url: str | None = field(default=None, repr=False)

    def check(self) -> None:
        """Check that this process can use the shared storage, as far as that is known without connecting.

        :raises ConfigurationError: a package is missing, or the URL cannot be used
        """
        if self.url is not None:
            open_counters(self.url)

    def limiter(self, kind: str, rate: float) -> RateLimiter:
        """Return the rate limiter of a kind of call, for an event loop.

        :param kind: such as ``results`` or the name of an action
        """
        counters = self._shared()
        if counters is None:
            return RateLimiter(rate)
        return SharedRateLimiter(rate, Turns(counters, self._key(kind), rate))

    def submit_pace(
        self,
        action: str,
        rate: float,
        pause: Callable[[float], None],
        clock: Callable[[], float] = time.time,
    ) -> TurnPace:
        """Return the pace of an action's submissions, for a worker.

        :param action: as ``service.Action``
        :param pause: sleeps for seconds, or raises ``StopRequested``
        :param clock: Unix time
        """
        shared = self._shared()
        counters: list[Counters] = [HostCounters()] if shared is None else [shared, HostCounters()]
        return TurnPace([Turns(each, self._key(action), rate, clock) for each in counters], pause)

    def job_list(self, name: str, interval: float) -> SharedJobList | None:
        """Return what processes share about a job list; ``None`` without a shared storage.

        :param name: of the list
        :param interval: seconds between two reads that the service allows the account
        """
        counters = self._shared()
        return None if counters is None else SharedJobList(counters, self._key(name), interval)

    def _shared(self) -> SharedCounters | None:
        if self.url is None:
            return None
        try:
            return open_counters(self.url)
        except ConfigurationError as error:
            # Found before anything was submitted, on the worker. Here jobs are paid for, and are waited for.
            logger.warning("This process limits its own calls: %s", error)
            return None

    def _key(self, kind: str) -> str:
        return f"{hashlib.sha256(self.owner.encode()).hexdigest()[:20]}:{kind}"
