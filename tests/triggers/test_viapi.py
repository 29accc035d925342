"""The trigger: what it stores, what it reports, and that many of them share one poller."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta, timezone
from pkgutil import resolve_name
from typing import Any

import pytest

from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.task_instance import cancel_decision
from airflow_provider_viapi.triggers.job import ViapiJobTrigger
from scripted_server import Answer, scripted_server
from timing import poll_quickly

DONE = Answer(
    body=json.dumps(
        {
            "RequestId": "R",
            # Of any job: it names none.
            "Data": {"Status": "PROCESS_SUCCESS", "Result": '{"VideoUrl": "http://h/out.mp4"}'},
        }
    )
)
FORBIDDEN = Answer(403, '{"RequestId": "R", "Code": "Forbidden.RAM", "Message": "not yours"}')
PAGE = Answer(502, "<html>Bad Gateway</html>")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    poll_quickly(monkeypatch)


def trigger(job_id: str = "J", seconds: float = 30) -> ViapiJobTrigger:
    deadline = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return ViapiJobTrigger(
        job_id=job_id, action="videoenhan.EraseVideoSubtitles", deadline=deadline.isoformat()
    )


async def events(of: ViapiJobTrigger) -> list[Any]:
    return [event.payload async for event in of.run()]


def connect(monkeypatch: pytest.MonkeyPatch, url: str, **extra: Any) -> None:
    fields = {
        "conn_type": "viapi",
        "login": "id",
        "password": "the-secret",
        "extra": {"endpoint": url, **extra},
    }
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))


def test_what_is_stored_makes_the_trigger_again_and_holds_no_secret() -> None:
    path, arguments = trigger().serialize()

    again = resolve_name(path)(**json.loads(json.dumps(arguments)))

    assert again.serialize() == (path, arguments)
    assert set(arguments) == {
        "job_id",
        "action",
        "deadline",
        "viapi_conn_id",
        "cancel_on_kill",
        "survives_clear",
    }


def test_it_fires_once_with_the_jobs_report(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(PAGE, DONE) as server:
        connect(monkeypatch, server.url)

        (event,) = asyncio.run(events(trigger()))

    assert event["report"]["outcome"] == "succeeded"
    assert event["report"]["result"] == {"VideoUrl": "http://h/out.mp4"}


def test_a_permanent_error_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(FORBIDDEN) as server:
        connect(monkeypatch, server.url)

        (event,) = asyncio.run(events(trigger()))

    assert (event["error"]["class"], event["error"]["code"]) == ("PermissionDenied", "Forbidden.RAM")
    assert len(server.requests) == 1
    assert "the-secret" not in json.dumps(event)


def test_a_passed_deadline_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(PAGE) as server:
        connect(monkeypatch, server.url)

        (event,) = asyncio.run(events(trigger(seconds=0.1)))

    assert (event["error"]["class"], event["error"]["job_id"]) == ("JobTimedOut", "J")


def test_a_missing_connection_is_reported() -> None:
    (event,) = asyncio.run(events(trigger(seconds=1)))

    assert event["error"]["class"] == "ConfigurationError"


def test_many_triggers_share_one_poller(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    open_poller = ViapiHook.open_poller

    def counted(self: ViapiHook) -> Any:
        opened.append(self.viapi_conn_id)
        return open_poller(self)

    monkeypatch.setattr(ViapiHook, "open_poller", counted)

    async def crowd() -> list[Any]:
        return await asyncio.gather(*(events(trigger(f"J{i}")) for i in range(20)))

    with scripted_server(DONE) as server:
        connect(monkeypatch, server.url, list_jobs="never")
        fired = asyncio.run(crowd())

    assert opened == ["viapi_default"]
    assert all(event["report"]["outcome"] == "succeeded" for (event,) in fired)


@pytest.mark.parametrize("over", [True, False])
def test_a_trigger_that_is_stopped_twice_still_cancels_the_job_of_an_ended_task(
    monkeypatch: pytest.MonkeyPatch, over: bool
) -> None:
    monkeypatch.setattr(cancel_decision, "current_state", lambda _: "failed" if over else "deferred")

    async def stopped_twice() -> None:
        killed = asyncio.ensure_future(trigger().on_kill())
        for _ in range(2):
            await asyncio.sleep(0.001)
            killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)

    with scripted_server(Answer(body='{"RequestId": "R", "Success": true}')) as server:
        connect(monkeypatch, server.url)
        asyncio.run(stopped_twice())

    assert server.count("CancelWaitingAsyncJob") == (1 if over else 0)


def test_two_connections_with_the_same_key_both_come_to_their_results_though_the_account_is_throttled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def named(job_id: str, connection: str) -> ViapiJobTrigger:
        each = trigger(job_id)
        each.viapi_conn_id = connection
        return each

    async def both() -> list[Any]:
        of_a = [events(named(f"A{i}", "viapi_a")) for i in range(10)]
        of_b = [events(named(f"B{i}", "viapi_b")) for i in range(10)]
        return await asyncio.gather(*of_a, *of_b)

    throttled = Answer(400, '{"RequestId": "R", "Code": "Throttling.User", "Message": "too fast"}')
    with scripted_server(*[throttled] * 8, DONE) as server:
        fields = {"conn_type": "viapi", "login": "id", "password": "s"}
        extra = {"endpoint": server.url, "list_jobs": "never", "poll_qps": 100}
        for name in ("VIAPI_A", "VIAPI_B"):
            monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(fields | {"extra": extra}))
        fired = asyncio.run(both())

    assert [event["report"]["outcome"] for (event,) in fired] == ["succeeded"] * 20
    assert server.count("GetAsyncJobResult") == 20 + 8
