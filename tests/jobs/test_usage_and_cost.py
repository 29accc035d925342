"""Usage of jobs, prices of the user's, and limits of a batch."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.jobs.batch.limits import CostLimits
from airflow_provider_viapi.jobs.usage_and_cost import Clip, Prices, Usage

HD = Clip(90.0, 1280, 720, 25.0)
PRICES = {
    "currency": "CNY",
    "actions": {
        "videoenhan.EraseVideoSubtitles": {"per_minute": 2},
        "videoenhan.EnhanceVideo": {
            "per_minute": {"720p": 4, "1440p": 8, "2160p": 24},
            "frame_rate_factors": {"30": 1, "60": 2, "120": 4},
        },
        "imgsearch.*": {"per_call": 0.01},
    },
}


def prices(document: Any = PRICES) -> Prices:
    return Prices.parse(json.dumps(document))


@pytest.mark.parametrize(
    ("action", "clip", "cost"),
    [
        ("videoenhan.EraseVideoSubtitles", HD, 3.0),
        ("videoenhan.EraseVideoSubtitles", None, None),
        ("videoenhan.EnhanceVideo", HD, 6.0),
        ("videoenhan.EnhanceVideo", Clip(60, 720, 1280, 30), 4.0),
        ("videoenhan.EnhanceVideo", Clip(60, 1920, 1080, 29.97), 8.0),
        ("videoenhan.EnhanceVideo", Clip(60, 3840, 2160, 59.94), 48.0),
        ("videoenhan.EnhanceVideo", Clip(60, 7680, 4320, 25), None),
        ("imgsearch.SearchImage", None, 0.01),
        ("videoenhan.ChangeVideoSize", HD, None),
    ],
)
def test_a_job_costs_what_the_configured_prices_say_or_is_not_estimated(
    action: str, clip: Clip | None, cost: float | None
) -> None:
    usage = Usage.of_job(action, clip, prices())

    assert usage.cost == cost
    assert usage.currency == (None if cost is None else "CNY")


def test_without_prices_there_is_a_length_and_a_class_and_no_cost() -> None:
    assert Usage.of_job("videoenhan.ChangeVideoSize", HD, Prices.parse("")).as_dict() == {
        "jobs": 1,
        "output_seconds": 90.0,
        "measured": 1,
        "resolution_class": "720p",
        "resolution": "1280x720",
        "frame_rate": 25.0,
        "cost": None,
        "currency": None,
    }


def test_a_sum_has_a_cost_only_if_every_job_has_one() -> None:
    known = Usage.of_job("videoenhan.EraseVideoSubtitles", HD, prices())
    unknown = Usage.of_job("videoenhan.EraseVideoSubtitles", None, prices())

    assert Usage.total([known, known]).cost == 6.0
    assert Usage.total([known, unknown]).cost is None
    assert Usage.total([known, unknown]).as_dict()["measured"] == 1
    assert Usage.total([]).as_dict()["output_seconds"] is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[]", "currency and actions"),
        ('{"currency": "yuan", "actions": {}}', "three capital letters"),
        ('{"currency": "CNY"}', "actions is missing"),
        ('{"currency": "CNY", "actions": {"a.B": 1}}', "per_call or per_minute"),
        ('{"currency": "CNY", "actions": {"a.B": {"per_minute": -1}}}', "a number from 0"),
        ('{"currency": "CNY", "actions": {"a.B": {"per_minute": NaN}}}', "a number from 0"),
        ('{"currency": "CNY", "actions": {"a.B": {"per_minute": {"HD": 1}}}}', "classes such as 720p"),
        ('{"currency": "CNY", "actions": {"a.B": {"per_call": 1, "extra": 1}}}', "extra"),
        ('{"currency": "CNY", "actions": {"a.B": {"per_call": true}}}', "a number from 0"),
    ],
)
def test_prices_that_cannot_be_read_are_an_error_that_names_the_setting(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as raised:
        Prices.parse(text)
    assert raised.value.message.startswith("[viapi] prices: ")


@given(
    lengths=st.lists(st.floats(1, 600), min_size=1, max_size=30),
    limit=st.floats(60, 3600),
    in_flight=st.integers(1, 5),
    are_known=st.booleans(),
)
def test_a_limit_is_never_exceeded_by_outputs_that_are_as_long_as_estimated(
    lengths: list[float], limit: float, in_flight: int, are_known: bool
) -> None:
    limits = CostLimits(max_seconds=limit)
    waiting, running, done = list(lengths), [], []
    if not are_known:
        # Nothing is known before the first has ended; later ones are no longer than it.
        waiting = sorted(lengths, reverse=True)
        waiting = [min(each, limit) for each in waiting]
    while waiting or running:
        estimate = Usage(1, waiting[0], 1) if are_known and waiting else None
        if waiting and len(running) < in_flight and limits.admits(estimate, len(running)):
            running.append(waiting.pop(0))
        elif running:
            done.append(running.pop(0))
            limits.add(Usage(1, done[-1], 1))
        else:
            assert "max_output_minutes" in limits.exhausted
            break

    assert sum(done) <= limit + 1e-6
    assert limits.exhausted or not waiting


def test_a_limit_that_cannot_be_kept_stops_the_batch() -> None:
    limits = CostLimits(max_seconds=600)
    assert limits.admits(None, 0)
    assert not limits.admits(None, 1)

    limits.add(None)

    assert not limits.admits(None, 0)
    assert "could not be measured" in limits.exhausted


def test_limits_are_continued_by_the_next_process() -> None:
    limits = CostLimits(max_cost=10)
    limits.add(Usage(1, 60, 1, cost=4.0, currency="CNY"))

    resumed = CostLimits.from_state(None, 10, json.loads(json.dumps(limits.state())))

    assert resumed.admits(None, 0)
    assert not resumed.admits(None, 1)
