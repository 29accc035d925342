"""The base of event triggers: what it does when events, states or lists fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from airflow import __version__

from airflow_provider_viapi.triggers.finished_jobs import ViapiFinishedJobsTrigger
from airflow_provider_viapi.watch.cursor import ListEntry, Page
from triggers.watching import AssetStates

pytestmark = pytest.mark.skipif(
    int(__version__.split(".")[0]) < 3, reason="assets have watchers since Airflow 3.0"
)
EMPTY = Page(source="account")


def page(*job_ids: str) -> Page:
    jobs = [
        ListEntry(job_id, 100, {"job_id": job_id, "action": "a.B", "outcome": "succeeded"})
        for job_id in job_ids
    ]
    return Page(jobs, source="account", confirms=True, when_stored=[])


def trigger(states: AssetStates) -> Any:
    made = ViapiFinishedJobsTrigger()
    made.asset_state_store = states  # type: ignore[attr-defined]
    return made


async def events_of(states: AssetStates, *pages: Page) -> list[tuple[str, bool]]:
    """Run a trigger over pages; return the job id of each event and whether it is a repetition."""

    async def stream() -> AsyncIterator[Page]:
        for each in pages:
            yield each

    fired = []
    async for event in trigger(states).filter_shared_stream(stream()):
        fired.append((event.payload["job_id"], event.payload["redelivered"]))
    return fired


async def stored(shown: Page, *, are_stored: bool = True) -> None:
    for call in shown.when_stored:
        await call(are_stored)


def test_events_that_airflow_has_stored_are_never_repeated() -> None:
    async def scenario() -> None:
        states, shown = AssetStates(), page("J")
        assert await events_of(states, EMPTY, shown) == [("J", False)]
        await stored(shown)
        assert await events_of(states, page("J")) == []

    asyncio.run(scenario())


def test_a_watcher_whose_events_may_be_lost_begins_again_from_its_stored_state() -> None:
    async def scenario() -> None:
        states = AssetStates()
        shown = page("J")
        made = trigger(states)
        again = replace(page("J"), when_stored=[])

        async def stream() -> AsyncIterator[Page]:
            yield EMPTY
            yield shown
            await stored(shown, are_stored=False)
            yield again

        with pytest.raises(RuntimeError, match="continues from its stored state"):
            async for _ in made.filter_shared_stream(stream()):
                pass
        assert await events_of(states, page("J", "K")) == [("J", True), ("K", False)]

    asyncio.run(scenario())


def test_a_problem_is_stored_with_the_asset_until_it_has_passed() -> None:
    async def scenario() -> None:
        states = AssetStates()
        await events_of(states, Page(problem="no permission"))
        assert states.only == {"problem": "no permission"}
        await events_of(states, EMPTY, Page(problem="no permission"))
        assert states.only["source"] == "account"
        assert states.only["problem"] == "no permission"
        assert await events_of(states, page("J")) == [("J", False)]
        assert "problem" not in states.only

    asyncio.run(scenario())


class Unavailable(AssetStates):
    """A store that fails at times, as Airflow's API may."""

    failures = 0

    async def aset(self, key: str, value: Any) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("try later")
        await super().aset(key, value)


def test_nothing_is_delivered_before_the_state_can_be_stored() -> None:
    async def scenario() -> None:
        states = Unavailable()
        await events_of(states, EMPTY)
        states.failures = 1
        assert await events_of(states, page("J")) == [("J", False)]
        assert states.failures == 0
        assert states.only["unconfirmed"]

    asyncio.run(scenario())


def test_a_state_that_could_not_be_stored_after_delivery_is_stored_with_the_next_page() -> None:
    async def scenario() -> None:
        states, shown = Unavailable(), page("J")

        async def stream() -> AsyncIterator[Page]:
            yield EMPTY
            yield shown
            states.failures = 1
            with pytest.raises(ConnectionError):
                await stored(shown)
            yield page("J")

        fired = [event async for event in trigger(states).filter_shared_stream(stream())]
        assert len(fired) == 1
        assert not states.only["unconfirmed"]

    asyncio.run(scenario())
