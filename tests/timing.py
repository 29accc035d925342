"""Shorter waits of operators and hooks, set in one place for all of them."""

from __future__ import annotations

import math

import pytest

from airflow_provider_viapi.hooks.waiting import WaitingHook
from airflow_provider_viapi.image_index.indexer import IndexingTiming
from airflow_provider_viapi.jobs.attempt_context import Timing
from airflow_provider_viapi.jobs.polling.intervals import Backoff
from airflow_provider_viapi.operators.batch.batch_arguments import BaseBatchOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.job_arguments import BaseJobOperator
from skipping_clock import SkippingClock


def poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all hooks poll a job every 20 ms."""
    monkeypatch.setattr(WaitingHook, "poll_backoff", Backoff(first=0.02, longest=0.02))


def set_timing(monkeypatch: pytest.MonkeyPatch, timing: Timing | IndexingTiming) -> None:
    """Have all operators use this clock and these waits."""
    is_index = isinstance(timing, IndexingTiming)
    for operator in [IndexImagesOperator] if is_index else [BaseJobOperator, BaseBatchOperator]:
        monkeypatch.setattr(operator, "timing", timing)


def skip_waits(monkeypatch: pytest.MonkeyPatch, speed: float = math.inf) -> SkippingClock:
    """Have all operators submit with a skipping clock."""
    clock = SkippingClock(speed)
    set_timing(monkeypatch, clock.timing)
    return clock
