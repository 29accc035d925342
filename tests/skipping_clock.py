"""A clock for submissions that skips what is slept, so that tests of long waits are fast."""

from __future__ import annotations

import math
import time
from datetime import datetime, timedelta, timezone

from airflow_provider_viapi.jobs.attempt_context import Timing


class SkippingClock:
    """The time of this machine, ahead by all that was slept.

    :param speed: a second lasts that much shorter; default: all sleeping is skipped
    """

    def __init__(self, speed: float = math.inf) -> None:
        self.skipped = timedelta(0)
        self.slept = 0.0
        self.speed = speed

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.skipped

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)
        self.slept += seconds
        self.skipped += timedelta(seconds=seconds * (1 - 1 / self.speed))

    @property
    def timing(self) -> Timing:
        return Timing(now=self.now, sleep=self.sleep)
