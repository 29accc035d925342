"""The trigger for finished jobs: each job once, whoever submitted it, with one reading of the list for all."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from functools import partial
from pkgutil import resolve_name
from typing import Any

import pytest
from airflow import __version__

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.triggers.finished_jobs import ViapiFinishedJobsTrigger
from airflow_provider_viapi.watch.cursor import Page
from airflow_provider_viapi.watch.finished_jobs import finished_job_pages
from airflow_provider_viapi.watch.shared_pages import Pages, can_confirm
from scripted_server import Answer, scripted_server
from triggers.watching import AssetStates, Triggerer, until

AIRFLOW = tuple(int(part) for part in __version__.split(".")[:2])
SPEED = 20
ACTIONS = ("videoenhan.EraseVideoSubtitles", "videorecog.DetectVideoShot")

with_watchers = pytest.mark.skipif(AIRFLOW < (3, 0), reason="assets have watchers since Airflow 3.0")
with_streams = pytest.mark.skipif(not can_confirm(), reason="Airflow confirms events since 3.3.2")


async def hasten(seconds: float) -> None:
    await asyncio.sleep(seconds / SPEED)


class Quick(ViapiFinishedJobsTrigger):
    """Waits less, as the emulator's clock is faster."""

    @classmethod
    def open_pages(cls, arguments: Any) -> Pages:
        return finished_job_pages(partial(ViapiHook, arguments["viapi_conn_id"]), hasten)


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatorServer]:
    began = time.time()
    # Signatures are valid as long as the clocks differ by less than 15 minutes: for 45 seconds.
    with EmulatorServer(now=lambda: began + SPEED * (time.time() - began)) as running:
        for action in ACTIONS:
            running.set_result(action, {"VideoUrl": "http://h/v.mp4"})
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", running.connection_json())
        yield running


def submit(hook: ViapiHook, action: str = ACTIONS[0]) -> str:
    """Submit a job as anybody with the account's key would."""
    return str(hook.call(action, {"VideoUrl": "http://h/source.mp4"})["RequestId"])


def watcher(states: AssetStates | None = None, **arguments: Any) -> Quick:
    trigger = Quick(**arguments)
    trigger.asset_state_store = states or AssetStates()
    return trigger


def ids(events: list[Any]) -> list[str]:
    return [event["job_id"] for event in events]


@with_watchers
def test_what_is_stored_makes_the_trigger_again_and_holds_no_secret() -> None:
    trigger = ViapiFinishedJobsTrigger(actions=ACTIONS, outcomes="failed", start_from="listed")
    path, arguments = trigger.serialize()

    again = resolve_name(path)(**json.loads(json.dumps(arguments)))

    assert again.serialize() == (path, arguments)
    assert arguments == {
        "start_from": "listed",
        "actions": sorted(ACTIONS),
        "outcomes": ["failed"],
        "viapi_conn_id": "viapi_default",
    }


@with_watchers
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"actions": "EraseVideoLogo"}, "actions is 'EraseVideoLogo'; allowed: names such as"),
        ({"actions": []}, r"actions is \[\]; allowed: a name or a list of names that is not empty"),
        ({"outcomes": ["done"]}, "outcomes is 'done'; allowed: succeeded, failed, cancelled"),
        ({"actions": "videoenhan.EraseVideoSubtitle"}, "similar: videoenhan.EraseVideoSubtitles"),
        ({"viapi_conn_id": ""}, "viapi_conn_id is ''; allowed: id of an Airflow connection"),
        ({"viapi_conn_id": None}, "viapi_conn_id is None; allowed: id of an Airflow connection"),
        ({"start_from": "1990"}, "start_from is '1990'; allowed: now or listed"),
    ],
)
def test_arguments_that_cannot_work_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        ViapiFinishedJobsTrigger(**arguments)


@pytest.mark.skipif(AIRFLOW >= (3, 0), reason="assets have watchers since Airflow 3.0")
def test_on_airflow_2_the_error_names_what_to_use_instead() -> None:
    with pytest.raises(ConfigurationError, match=r"needs Airflow 3.0 or later.*Use ViapiJobSensor"):
        ViapiFinishedJobsTrigger()


@with_streams
def test_jobs_that_finish_are_delivered_to_each_watcher_that_wants_them(emulator: EmulatorServer) -> None:
    emulator.fault(action="DetectVideoShot", job={"state": "PROCESS_FAILED", "code": "InvalidFile"})
    hook = ViapiHook()
    before = submit(hook)
    everything, erased = AssetStates(), AssetStates()

    async def scenario() -> tuple[list[Any], list[Any]]:
        triggers = watcher(everything), watcher(erased, actions=ACTIONS[0], outcomes=["succeeded"])
        async with Triggerer().running(*triggers) as (all_events, some_events):
            await until(lambda: everything.values and erased.values)
            submitted = [await asyncio.to_thread(submit, hook, action) for action in ACTIONS]
            await until(lambda: len(all_events) == 2 and some_events)
            assert set(ids(all_events)) == set(submitted)
            assert ids(some_events) == submitted[:1]
            return all_events, some_events

    all_events, (event,) = asyncio.run(scenario())

    assert before not in ids(all_events)
    assert {each["outcome"] for each in all_events} == {"succeeded", "failed"}
    assert event["action"] == ACTIONS[0]
    assert event["state"] == "PROCESS_SUCCESS"
    assert event["redelivered"] is False
    assert all(event[name] for name in ("created_at", "started_at", "ended_at"))


@with_streams
def test_watchers_share_one_reading_of_the_list(emulator: EmulatorServer) -> None:
    async def scenario() -> None:
        states = [AssetStates() for _ in range(20)]
        triggers = [watcher(each, actions=f"elsewhere.Action{number}") for number, each in enumerate(states)]
        async with Triggerer().running(*triggers):
            await until(lambda: all(each.values for each in states))

    asyncio.run(scenario())

    assert sum(emulator.calls()["QueryAsyncJobList"].values()) < 5


@with_streams
@pytest.mark.timeout(120)
def test_a_thousand_finished_jobs_are_delivered_once_each_over_restarts(emulator: EmulatorServer) -> None:
    states, events, confirmed = AssetStates(), [], []

    async def scenario() -> None:
        async with Triggerer().running(watcher(states)):
            await until(lambda: states.values)
        hook = ViapiHook()
        jobs = [await asyncio.to_thread(submit, hook) for _ in range(1000)]
        while len(confirmed) < len(jobs):
            # A new triggerer, as after a restart, which ends after some events.
            async with Triggerer().running(watcher(states)) as (received,):
                await until(lambda: len(received) >= min(350, len(jobs) - len(confirmed)))
                await until(lambda: not states.only["unconfirmed"])
            confirmed.extend(received)
        assert sorted(ids(confirmed)) == sorted(jobs)
        events.extend(confirmed)

    asyncio.run(scenario())

    assert not any(event["redelivered"] for event in events)


@with_streams
def test_an_event_whose_storage_was_not_confirmed_is_repeated_and_says_so(emulator: EmulatorServer) -> None:
    states = AssetStates()

    async def scenario() -> tuple[list[Any], list[Any]]:
        killed = Triggerer(confirms=False)
        async with killed.running(watcher(states)) as (first,):
            await until(lambda: states.values)
            await asyncio.to_thread(submit, ViapiHook())
            await until(lambda: first)
        async with Triggerer().running(watcher(states)) as (second,):
            await until(lambda: second)
        return first, second

    (first,), (second,) = asyncio.run(scenario())

    assert first["job_id"] == second["job_id"]
    assert (first["redelivered"], second["redelivered"]) == (False, True)


@with_watchers
def test_without_shared_streams_watchers_share_a_reading_of_their_own(emulator: EmulatorServer) -> None:
    hook = ViapiHook()
    job = submit(hook)

    async def first(trigger: Quick) -> Any:
        async for event in trigger.run():
            return event.payload
        raise AssertionError("it ended")

    async def scenario() -> list[Any]:
        triggers = [Quick(start_from="listed", outcomes="succeeded"), Quick(start_from="listed")]
        return await asyncio.gather(*map(first, triggers))

    assert [event["job_id"] for event in asyncio.run(scenario())] == [job, job]
    assert sum(emulator.calls()["QueryAsyncJobList"].values()) < 5


LIST = Answer(
    body=json.dumps(
        {
            "RequestId": "R",
            "Data": {
                "TotalPage": 1,
                "Result": [
                    {
                        "JobId": "J",
                        "PopProduct": "videoenhan",
                        "PopApiName": "EraseVideoLogo",
                        "Status": "PROCESS_SUCCESS",
                    },
                    {"JobId": "W", "Status": "PROCESSING"},
                    {"Status": "PROCESS_FAILED"},
                ],
            },
        }
    )
)
FORBIDDEN = Answer(403, '{"RequestId": "R", "Code": "Forbidden.RAM", "Message": "not yours"}')
THROTTLED = Answer(400, '{"RequestId": "R", "Code": "Throttling.User", "Message": "too fast"}')
BAD_GATEWAY = Answer(502, "<html>Bad Gateway</html>")


async def no_wait(_: float) -> None:
    await asyncio.sleep(0)


def pages_from(url: str, monkeypatch: pytest.MonkeyPatch, count: int) -> list[Page]:
    fields = {"conn_type": "viapi", "login": "id", "password": "the-secret", "extra": {"endpoint": url}}
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))

    async def read() -> list[Page]:
        read = []
        async for page in finished_job_pages(ViapiHook, no_wait):
            read.append(page)
            if len(read) == count:
                break
        return read

    return asyncio.run(read())


def test_errors_that_pass_are_retried_and_a_page_shows_ended_jobs_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted_server(THROTTLED, BAD_GATEWAY, THROTTLED, LIST) as server:
        (page,) = pages_from(server.url, monkeypatch, 1)

    assert [entry.key for entry in page.entries] == ["J"]
    assert page.entries[0].moment is None
    assert page.is_first
    assert page.is_last


def test_a_missing_permission_is_reported_until_it_is_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(FORBIDDEN, FORBIDDEN, LIST) as server:
        *problems, page = pages_from(server.url, monkeypatch, 3)

    assert all("Forbidden.RAM" in (each.problem or "") for each in problems)
    assert page.problem is None
    assert "the-secret" not in repr(problems)


def test_errors_that_should_pass_and_do_not_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(BAD_GATEWAY) as server:
        (page,) = pages_from(server.url, monkeypatch, 1)

    assert "could not be read in 6 attempts or more" in (page.problem or "")


@with_streams
def test_what_prevents_delivery_is_in_the_assets_state_until_it_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", '{"conn_type": "viapi"}')
    states = AssetStates()

    async def scenario() -> Any:
        async with Triggerer().running(watcher(states)):
            await until(lambda: states.values)
        return states.only

    assert "has no login" in asyncio.run(scenario())["problem"]
