"""State in object storage outlives an attempt, is never overwritten blindly, and never grows without end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.errors import ConfigurationError, ServiceError, StateConflict, StateError
from airflow_provider_viapi.state.object_storage import (
    ObjectStorageStore,
    delete_older_than,
    open_state_path,
)
from airflow_provider_viapi.state.stores import open_store
from media.moto_s3 import Bucket
from state.conftest import context

ENTRY = {"nonce": "n-1", "job_id": None, "times": [1, 2.5, True]}


def test_a_retry_finds_what_the_attempt_before_stored(state_path: str) -> None:
    open_store(context(try_number=1)).set("viapi_job", ENTRY)

    store = open_store(context(try_number=2))

    assert store.is_persistent
    assert store.get("viapi_job") == ENTRY
    store.delete("viapi_job")
    assert open_store(context(try_number=3)).get("viapi_job") is None


def test_a_read_returns_what_was_just_written_whoever_wrote_it(state_path: str) -> None:
    reader, writer = open_store(context()), open_store(context())
    assert reader.get("viapi_job") is None

    for number in range(5):
        writer.set("viapi_job", number)
        assert reader.get("viapi_job") == number


@pytest.mark.parametrize(
    "other",
    [
        context("other"),
        context(map_index=0),
        context(run_id="scheduled__2026-01-02T00:00:00+00:00"),
        context(dag_id="other"),
    ],
)
def test_each_task_instance_has_its_own_state(state_path: str, other: Any) -> None:
    open_store(context()).set("viapi_job", ENTRY)

    assert open_store(other).get("viapi_job") is None


def test_an_attempt_that_was_replaced_cannot_overwrite_its_retrys_entry(state_path: str) -> None:
    zombie, retry = open_store(context()), open_store(context(try_number=2))
    assert zombie.get("viapi_job") is retry.get("viapi_job") is None
    retry.set("viapi_job", "the retry's")

    with pytest.raises(StateConflict, match="another attempt of this task"):
        zombie.set("viapi_job", "the zombie's")
    zombie.delete("viapi_job")

    assert open_store(context()).get("viapi_job") == "the retry's"


def test_an_entry_that_was_replaced_cannot_be_deleted_or_completed_by_who_wrote_it_first(
    state_path: str,
) -> None:
    zombie, retry = open_store(context()), open_store(context(try_number=2))
    zombie.set("viapi_job", "intent")
    retry.get("viapi_job")
    retry.delete("viapi_job")
    retry.set("viapi_job", "next intent")

    for write in (lambda: zombie.set("viapi_job", "job"), lambda: zombie.delete("viapi_job")):
        with pytest.raises(StateConflict):
            write()

    assert retry.get("viapi_job") == "next intent"


@pytest.mark.parametrize("state_path", ["file", "s3"], indirect=True)
def test_of_many_who_write_at_once_exactly_one_succeeds(state_path: str) -> None:
    for expected in (None, "first"):
        stores = [open_store(context(try_number=number)) for number in range(8)]
        assert {store.get("viapi_job") for store in stores} == {expected}

        def write(number: int, stores: list[Any] = stores) -> bool:
            try:
                stores[number].set("viapi_job", "first" if expected is None else number)  # noqa: B023
            except StateConflict:
                return False
            return True

        # moto checks and writes in two steps, so its writers take turns; all have read before the first write.
        with ThreadPoolExecutor(8 if state_path.startswith("file") else 1) as pool:
            written = list(pool.map(write, range(8)))

        assert written.count(True) == 1
    assert open_store(context()).get("viapi_job") == written.index(True)


def test_the_layout_is_the_documented_one(bucket: Bucket, use_state_path: Callable[[str], str]) -> None:
    use_state_path(f"{bucket.url}/team/state/")

    open_store(context("erase", map_index=3, try_number=2)).set("viapi_job", ENTRY)

    (key,) = bucket.list()
    assert key == "team/state/films/manual__2026-01-01T00%3A00%3A00%2B00%3A00/erase/3/viapi_job.json"
    document = json.loads(bucket.read(key))
    assert document["version"] == 1
    assert document["value"] == ENTRY
    assert (document["dag_id"], document["task_id"], document["map_index"]) == ("films", "erase", 3)
    assert (document["key"], document["attempt"]) == ("viapi_job", 2)


@pytest.mark.parametrize("name", ["..", ".", "a/../b", "ä" * 250, "%2E%2E", "x" * 250, "a b\nc"])
def test_any_name_stays_in_its_folder(
    tmp_path: Path, use_state_path: Callable[[str], str], name: str
) -> None:
    use_state_path(f"file://{tmp_path}/state")

    open_store(context(name, dag_id=name, run_id=name)).set(name, 1)

    assert open_store(context(name, dag_id=name, run_id=name)).get(name) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["state"]
    (path,) = tmp_path.rglob("*.json")
    assert len(path.relative_to(tmp_path / "state").parts) == 5


def test_a_file_is_never_seen_half_written(tmp_path: Path, use_state_path: Callable[[str], str]) -> None:
    use_state_path(f"file://{tmp_path}")
    writer, reader = open_store(context()), open_store(context())
    writer.set("viapi_job", "0" * 100_000)

    def write() -> None:
        for number in range(50):
            writer.set("viapi_job", str(number % 10) * 100_000)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            assert len(set(reader.get("viapi_job"))) == 1
        writing.result()

    assert [path.name for path in tmp_path.rglob("*.tmp")] == []


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), {1, 2}, object()])
def test_what_json_cannot_hold_is_refused(state_path: str, value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        open_store(context()).set("viapi_job", value)

    assert open_store(context()).get("viapi_job") is None


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("s3-bucket/prefix", "allowed: the address of a folder"),
        ("file://mnt/state", "allowed: file:/// with three slashes"),
        ("s3://[bucket/prefix", "allowed: a bucket or a host that an address can have"),
        ("nosuch://bucket/prefix", "cannot be opened"),
        ("s3://no_such_connection@bucket/prefix?x=1", "allowed: the address of a folder"),
    ],
)
def test_a_path_that_cannot_be_opened_is_named(
    use_state_path: Callable[[str], str], path: str, named: str
) -> None:
    use_state_path(path)

    with pytest.raises(ConfigurationError, match=named) as caught:
        open_store(context())

    assert "[viapi] state_path" in str(caught.value)
    assert path in str(caught.value)


def test_a_password_in_the_path_is_refused_and_not_shown(use_state_path: Callable[[str], str]) -> None:
    use_state_path("s3://key:secret@bucket/prefix")

    with pytest.raises(ConfigurationError, match="allowed: before the @ only the id of") as caught:
        open_store(context())

    assert "secret" not in str(caught.value)


def test_a_missing_bucket_fails_before_anything_is_submitted(
    bucket: Bucket, use_state_path: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_state_path(f"{bucket.url}-missing/state")

    with pytest.raises(StateError, match=r"cannot be written .*\[viapi\] state_path") as caught:
        open_store(context()).set("viapi_job", ENTRY)

    assert isinstance(caught.value, ServiceError)


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, use_state_path: Callable[[str], str]
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    use_state_path(f"file://{tmp_path}/state")

    with pytest.raises(StateError, match=r"\[viapi\] state_path"):
        open_store(context()).set("viapi_job", ENTRY)


def test_no_secret_of_a_state_path_shows(use_state_path: Callable[[str], str]) -> None:
    use_state_path("nosuch://key:s3cr3t-value@bucket/prefix")

    with pytest.raises(ConfigurationError) as caught:
        open_store(context())

    assert "s3cr3t-value" not in str(caught.value)


def test_storage_that_fails_for_a_moment_is_retried(
    bucket: Bucket, use_state_path: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_state_path(f"{bucket.url}/state")
    store = open_store(context())
    objects = store.objects  # type: ignore[union-attr]
    failures = [OSError("broken pipe"), TimeoutError("slow")]
    write = objects.write

    def fail_after_writing(*arguments: Any) -> Any:
        version = write(*arguments)
        if failures:
            raise failures.pop()
        return version

    # A response that is lost on its way cannot be had from moto.
    monkeypatch.setattr(objects, "write", fail_after_writing)
    store.set("viapi_job", "first")
    store.set("viapi_job", "second")

    assert open_store(context()).get("viapi_job") == "second"


@pytest.mark.parametrize("content", [b"", b"not json", b'{"version": 2, "value": 1}', b"[]"])
def test_an_object_that_cannot_be_understood_stops_the_task(
    tmp_path: Path, use_state_path: Callable[[str], str], content: bytes
) -> None:
    use_state_path(f"file://{tmp_path}")
    open_store(context()).set("viapi_job", ENTRY)
    (path,) = tmp_path.rglob("*.json")
    path.write_bytes(content)

    with pytest.raises(StateError, match=f"{path.name}.* delete the file to submit again"):
        open_store(context()).get("viapi_job")


def test_state_older_than_the_retention_is_deleted(
    tmp_path: Path, use_state_path: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_state_path(f"file://{tmp_path}/state")
    for run in ("old", "new"):
        open_store(context(run_id=run)).set("viapi_job", run)
    (old,) = (tmp_path / "state" / "films" / "old").rglob("*.json")
    age = time.time() - 31 * 86_400
    os.utime(old, (age, age))
    store = open_store(context(run_id="next"))
    assert isinstance(store, ObjectStorageStore)

    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_RETENTION_DAYS", "0")
    keeping = open_store(context(run_id="next"))
    assert isinstance(keeping, ObjectStorageStore)
    assert keeping.prune() == 0
    assert store.prune() == 1

    assert open_store(context(run_id="old")).get("viapi_job") is None
    assert open_store(context(run_id="new")).get("viapi_job") == "new"
    assert not (tmp_path / "state" / "films" / "old").exists()


def age(path: Path, days: float) -> None:
    at = time.time() - days * 86_400
    os.utime(path, (at, at))


def test_state_that_is_still_used_is_kept_as_a_whole(
    tmp_path: Path, use_state_path: Callable[[str], str]
) -> None:
    use_state_path(f"file://{tmp_path}")
    store = open_store(context())
    assert isinstance(store, ObjectStorageStore)
    for key in ("viapi_batch", "viapi_batch_0_jobs_0"):
        store.set(key, ENTRY)
    (oldest,) = tmp_path.rglob("viapi_batch_0_jobs_0.json")
    age(oldest, days=400)

    assert store.prune() == 0

    assert open_store(context()).get("viapi_batch_0_jobs_0") == ENTRY


@pytest.mark.parametrize("dag_id", ["results", "claims"])
def test_what_others_store_below_the_same_name_as_a_dag_is_kept(
    tmp_path: Path, use_state_path: Callable[[str], str], dag_id: str
) -> None:
    use_state_path(f"file://{tmp_path}")
    store = open_store(context(dag_id=dag_id))
    assert isinstance(store, ObjectStorageStore)
    for other in (f"{dag_id}/ab/abcd.json", f"{dag_id}/scope/2026-01-01T00/intent-a-b.json"):
        path = tmp_path / other
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
        age(path, days=40)

    assert store.prune() == 0


def test_a_write_whose_response_was_lost_does_not_stop_the_next_one(state_path: str) -> None:
    store = open_store(context())
    assert isinstance(store, ObjectStorageStore)
    store.get("viapi_job")
    objects = store.objects

    class Failing:
        def read(self, path: str) -> Any:
            raise ServiceError("unreachable")

        def write(self, path: str, data: bytes, expected: Any) -> Any:
            objects.write(path, data, expected)
            raise ServiceError("no response")

        remove = objects.remove

    store.objects = Failing()
    with pytest.raises(ServiceError):
        store.set("viapi_job", "first")
    store.objects = objects
    store.set("viapi_job", "second")

    assert open_store(context()).get("viapi_job") == "second"


def test_retention_works_on_every_storage(state_path: str) -> None:
    store = open_store(context())
    store.set("viapi_job", ENTRY)
    assert isinstance(store, ObjectStorageStore)

    assert store.prune() == 0

    assert open_store(context()).get("viapi_job") == ENTRY
    # As if all of it were old; fsspec's memory does not say when an object was written.
    deleted = delete_older_than(-1, *open_state_path(state_path), depth=5, together=True)
    assert deleted == (0 if state_path.startswith("memory") else 1)


@pytest.mark.parametrize("days", ["-1", "soon", "1.5", "99999999"])
def test_a_retention_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, days: str) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_RETENTION_DAYS", days)

    with pytest.raises(ConfigurationError, match=r"state_retention_days is .*allowed: a whole number"):
        open_store(context())
