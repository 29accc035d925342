"""Every store behaves as a dictionary does; which one a task gets; and the warning where none lasts."""

from __future__ import annotations

import logging
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from airflow_provider_viapi.state.object_storage import ObjectStorageStore
from airflow_provider_viapi.state.stores import AirflowStore, MemoryStore, open_store
from state.conftest import context

KEYS = st.sampled_from(["viapi_job", "viapi_batch.0", "a/b", "ü"])
VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


class DictOfAirflow:
    """Replacement for Airflow's accessor; the real one is used in ``tests/real_airflow``."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def set(self, key: str, value: Any) -> None:
        self.values[key] = value

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


class BehavesAsDict(RuleBasedStateMachine):
    """Compares a store with a dictionary; an attempt ends now and then."""

    make_context: Callable[[], Any]

    @initialize()
    def begin(self) -> None:
        self.context = type(self).make_context()
        self.store = open_store(self.context)
        self.model: dict[str, Any] = {}

    @rule(key=KEYS, value=VALUES)
    def set(self, key: str, value: Any) -> None:
        self.store.set(key, value)
        self.model[key] = value

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.store.delete(key)
        self.model.pop(key, None)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        assert self.store.get(key) == self.model.get(key)

    @precondition(lambda self: self.store.is_persistent)
    @rule()
    def next_attempt(self) -> None:
        self.store = open_store(self.context)


@pytest.fixture(params=["file", "s3", "memory", "airflow", "none"])
def make_context(request: pytest.FixtureRequest, use_state_path: Callable[[str], str], tmp_path: Path) -> Any:
    """Return what makes the context of a task instance that nothing is known of yet."""
    if request.param == "s3":
        use_state_path(f"{request.getfixturevalue('bucket').url}/state")
    elif request.param == "memory":
        use_state_path(f"memory://state-{uuid.uuid4().hex}")
    elif request.param == "file":
        use_state_path(f"file://{tmp_path}")

    def make() -> Any:
        more = {"task_state_store": DictOfAirflow()} if request.param == "airflow" else {}
        return context(dag_id=uuid.uuid4().hex, **more)

    return make


def test_every_store_behaves_as_a_dictionary(make_context: Callable[[], Any]) -> None:
    machine = type("Machine", (BehavesAsDict,), {"make_context": staticmethod(make_context)})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_airflows_store_is_used_where_there_is_one() -> None:
    accessor = DictOfAirflow()
    store = open_store(context(task_state_store=accessor))

    store.set("viapi_job", 1)

    assert isinstance(store, AirflowStore)
    assert store.is_persistent
    assert accessor.values == {"viapi_job": 1}
    with pytest.raises(ValueError, match="None"):
        store.set("viapi_job", None)


def test_state_path_replaces_airflows_store(tmp_path: Path, use_state_path: Callable[[str], str]) -> None:
    use_state_path(f"file://{tmp_path}")

    assert isinstance(open_store(context(task_state_store=DictOfAirflow())), ObjectStorageStore)


def test_a_value_that_changes_after_it_was_stored_is_stored_as_it_was() -> None:
    store, value = MemoryStore(), {"items": [1]}
    store.set("key", value)
    value["items"].append(2)

    assert store.get("key") == {"items": [1]}


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.message for each in caplog.records if each.levelno == logging.WARNING]


def test_without_a_store_the_consequence_and_the_option_are_named_once_in_a_dag_run(
    temporary_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for task in range(3):
        for attempt in (1, 2):
            assert not open_store(context(f"task_{task}", try_number=attempt)).is_persistent

    (warning,) = warnings(caplog)
    assert "submits and pays for its job again" in warning
    assert "[viapi] state_path" in warning

    open_store(context(run_id="the next run"))
    assert len(warnings(caplog)) == 2


def test_a_host_whose_temporary_folder_cannot_be_written_warns_nevertheless(
    temporary_folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary_folder / "missing"))

    open_store(context())

    assert len(warnings(caplog)) == 1


def test_a_context_without_map_index_is_that_of_an_unmapped_task(
    tmp_path: Path, use_state_path: Callable[[str], str]
) -> None:
    use_state_path(f"file://{tmp_path}")
    instance = SimpleNamespace(dag_id="d", run_id="r", task_id="t")

    open_store({"ti": instance}).set("viapi_job", 1)  # type: ignore[typeddict-item]

    assert (tmp_path / "d" / "r" / "t" / "-1" / "viapi_job.json").exists()
