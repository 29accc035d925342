"""The quota of each action."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator.clock import Clock
from emulator.signing_caller import Caller


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caller(clock: Clock) -> Iterator[Caller]:
    with EmulatorServer(transforms={}, calls_per_second=2, now=clock) as emulator:
        caller = Caller(emulator.url, now=clock)
        yield caller
        caller.http.close()


def test_calls_over_the_quota_fail_at_once_and_those_of_other_actions_do_not(caller: Caller) -> None:
    statuses = [caller.send("ListImageDbs").status_code for _ in range(4)]

    assert statuses == [200, 200, 429, 429]
    assert caller.refused("ListImageDbs") == (429, "Throttling.User")
    assert caller.send("QueryAsyncJobList").status_code == 200


def test_no_second_has_more_calls_than_the_quota(caller: Caller, clock: Clock) -> None:
    result = []
    for seconds in (0.0, 0.5, 0.25, 0.25, 0.25, 0.25):
        clock.time += seconds
        result.append(caller.send("ListImageDbs").status_code)

    assert result == [200, 200, 429, 200, 429, 200]


def test_unauthenticated_calls_do_not_count_towards_the_quota(caller: Caller) -> None:
    for _ in range(5):
        caller.send("ListImageDbs", system={"AccessKeyId": "nobody"})

    assert caller.send("ListImageDbs").status_code == 200


def test_an_action_may_have_a_quota_of_its_own(clock: Clock) -> None:
    with EmulatorServer(transforms={}, calls_per_second={"ListImageDbs": 1}, now=clock) as emulator:
        caller = Caller(emulator.url, now=clock)
        statuses = [caller.send("ListImageDbs").status_code for _ in range(2)]
        others = [caller.send("GetAsyncJobResult").status_code for _ in range(5)]
        caller.http.close()

    assert statuses == [200, 429]
    # JobId is missing, which is an error, but not one of the quota.
    assert set(others) == {400}
