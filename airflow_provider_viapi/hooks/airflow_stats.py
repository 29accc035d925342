"""Send metrics to Airflow's own stats; their names and meaning are in ``jobs.metrics``."""

from __future__ import annotations

import logging
import socket
import sys
from datetime import timedelta
from functools import cached_property
from typing import Any

from airflow_provider_viapi.jobs.metrics import Stats

logger = logging.getLogger(__name__)


class AirflowStats(Stats):
    """Sends metrics to Airflow's own stats; see ``jobs.metrics`` for the names.

    As Airflow does with its own, each value is sent twice: under the plain name with tags, and, for plain StatsD,
    which drops tags, with service and action in the name. A failure is logged once and never disturbs a wait.
    """

    _has_failed = False

    def count(self, name: str, action: str | None, by: int = 1) -> None:
        """Increment a counter."""
        self._send("incr", name, action, by)

    def gauge(self, name: str, action: str, value: int) -> None:
        """Set a gauge, in a triggerer only.

        A task that waits on its worker is a process of its own, and many of them would overwrite each other.
        """
        if "airflow.jobs.triggerer_job_runner" in sys.modules:
            self._send("gauge", name, action, value, hostname=socket.gethostname().replace(".", "_"))

    def duration(self, name: str, action: str, seconds: float) -> None:
        """Record a timer."""
        self._send("timing", name, action, timedelta(seconds=seconds))

    def _send(self, kind: str, name: str, action: str | None, *value: Any, **more_tags: str) -> None:
        try:
            send = getattr(self.receiver, kind)
            if action is None:
                send(name, *value)
                return
            service, _, short_name = action.partition(".")
            tags = {**more_tags, "service": service, "action": short_name}
            send(name, *value, tags=tags)
            send(".".join((name, *tags.values())), *value)
        except Exception as error:
            if not self._has_failed:
                self._has_failed = True
                logger.warning(
                    "Metrics cannot be sent to Airflow's stats (%s: %s)", type(error).__name__, error
                )

    @cached_property
    def receiver(self) -> Any:
        """Airflow's stats."""
        from airflow.providers.common.compat.sdk import Stats

        return Stats
