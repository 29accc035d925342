"""Storage of a watcher's state: with its asset, below state_path, or nowhere with a warning."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.errors import StateConflict
from airflow_provider_viapi.watch.cursor_store import CursorStore, open_cursor_store
from triggers.watching import AssetStates

STATE = {"version": 1, "delivered": ""}
CLASS = "airflow_provider_viapi.triggers.finished_jobs.ViapiFinishedJobsTrigger"
log = logging.getLogger(__name__)


def opened(
    accessor: Any = None, listed: str = "c", **arguments: Any
) -> tuple[CursorStore, Mapping[str, Any] | None]:
    return asyncio.run(open_cursor_store(accessor, CLASS, arguments, listed, log))


class OfSeveralAssets:
    """Airflow's accessor when several assets have the watcher."""

    async def aget(self, *_: Any) -> Any:
        raise ValueError("Task has 2 concrete inlets and outlets")


class Blocking:
    """Airflow's accessor before 3.3.2."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def set(self, key: str, value: Any) -> None:
        self.values[key] = value


@pytest.mark.parametrize("made", [AssetStates, Blocking])
def test_the_state_is_stored_with_the_asset(made: type[Any]) -> None:
    accessor = made()
    store, before = opened(accessor)
    asyncio.run(store.save(STATE))

    assert before is None
    assert opened(accessor)[1] == STATE
    (key,) = accessor.values
    assert key.startswith("watcher:ViapiFinishedJobsTrigger:")


def test_watchers_of_two_lists_on_one_asset_have_a_state_each() -> None:
    accessor = AssetStates()
    asyncio.run(opened(accessor, "s3://b/one", pattern="*")[0].save(STATE))

    assert opened(accessor, "s3://b/two", pattern="*")[1] is None
    assert opened(accessor, "s3://b/one", pattern="*.mp4")[1] == STATE


@pytest.mark.parametrize("accessor", [None, OfSeveralAssets()])
def test_otherwise_it_is_stored_below_state_path_by_the_watchers_arguments(
    accessor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}")
    store, before = opened(accessor, actions=["a.B"], viapi_conn_id="c")
    asyncio.run(store.save(STATE))

    assert before is None
    assert opened(accessor, viapi_conn_id="c", actions=["a.B"])[1] == STATE
    assert opened(accessor, viapi_conn_id="other", actions=["a.B"])[1] is None
    # Which asset has a watcher is not known here, so that another filter is another watcher.
    assert opened(accessor, viapi_conn_id="c", actions=["a.C"])[1] is None


def test_an_interval_can_be_changed_without_another_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}")
    asyncio.run(opened(folder="s3://b/in", poll_interval=30.0, settle=0.0)[0].save(STATE))

    assert opened(folder="s3://b/in", poll_interval=60.0, settle=10.0)[1] == STATE


def test_a_triggerer_that_lost_its_watcher_to_another_one_cannot_overwrite_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}")
    stalled, _ = opened()
    other, _ = opened()
    asyncio.run(other.save(STATE))

    with pytest.raises(StateConflict):
        asyncio.run(stalled.save({**STATE, "delivered": "x"}))
    assert opened()[1] == json.loads(json.dumps(STATE))


def test_without_either_a_warning_says_what_a_restart_means(caplog: pytest.LogCaptureFixture) -> None:
    store, before = opened()
    asyncio.run(store.save(STATE))

    assert before is None
    assert opened()[1] is None
    assert "is lost when the triggerer restarts" in caplog.text
