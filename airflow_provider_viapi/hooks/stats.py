"""Airflow's own stats, as the waiting tells them."""

from __future__ import annotations

import logging
import socket
import sys
from datetime import timedelta
from functools import cached_property
from typing import Any

logger = logging.getLogger(__name__)


class AirflowStats:
    """Tells Airflow's stats, whatever stands behind them; see ``jobs.metrics`` for the names.

    As Airflow does with its own, each number goes out twice: under the plain name with tags, for those that take
    tags, and with service and action in the name, for plain StatsD, which drops them. Stats that fail are told of
    once and never disturb the waiting.
    """

    def count(self, name: str, action: str) -> None:
        """Count it, under ``name`` and ``name.service.action``."""
        self._tell("incr", name, action)

    def gauge(self, name: str, action: str, value: int) -> None:
        """Set a gauge, ``name.host.service.action`` and one with tags; only a triggerer does.

        A task that waits on its worker is a process of its own, and many of them would overwrite each other.
        """
        if _is_triggerer():
            self._tell("gauge", name, action, value, hostname=_hostname())

    def duration(self, name: str, action: str, seconds: float) -> None:
        """Tell a timer."""
        self._tell("timing", name, action, timedelta(seconds=seconds))

    def _tell(self, kind: str, name: str, of: str, *value: Any, **more_tags: str) -> None:
        service, _, action = of.partition(".")
        tags = {**more_tags, "service": service, "action": action}
        try:
            tell = getattr(self._airflow, kind)
            tell(name, *value, tags=tags)
            tell(".".join((name, *tags.values())), *value)
        except Exception as error:
            if not self._has_failed:
                self._has_failed = True
                logger.warning("Airflow's stats cannot be told (%s: %s)", type(error).__name__, error)

    _has_failed = False

    @cached_property
    def _airflow(self) -> Any:
        try:
            from airflow.providers.common.compat.sdk import Stats
        except ImportError:
            # Not in common.compat's first versions.
            from airflow.stats import Stats
        return Stats


def _is_triggerer() -> bool:
    return "airflow.jobs.triggerer_job_runner" in sys.modules


def _hostname() -> str:
    return socket.gethostname().replace(".", "_")
