"""The triggers for new files and for files with alarms of VIAS: each file once."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import fsspec
import pytest
from airflow import __version__

from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest
from airflow_provider_viapi.fs import oss
from airflow_provider_viapi.triggers.new_files import NewFilesTrigger
from airflow_provider_viapi.triggers.vias_alarms import ViasAlarmTrigger
from airflow_provider_viapi.watch.shared_pages import can_confirm
from huawei.test_alarm_messages import MESSAGE
from media.team_storage import TeamStorage, storage_emulator, team
from triggers.watching import AssetStates, Triggerer, until

__all__ = ["storage_emulator", "team"]

fsspec.register_implementation("oss", f"{oss.__name__}.OssFileSystem", clobber=True)

AIRFLOW = tuple(int(part) for part in __version__.split(".")[:2])
with_watchers = pytest.mark.skipif(AIRFLOW < (3, 0), reason="assets have watchers since Airflow 3.0")
with_streams = pytest.mark.skipif(not can_confirm(), reason="Airflow confirms events since 3.3.2")


def watch(states: AssetStates, made: type[NewFilesTrigger] = NewFilesTrigger, **arguments: Any) -> Any:
    trigger = made(**{"poll_interval": 1, "settle": 0, **arguments})
    trigger.asset_state_store = states
    return trigger


def names(events: list[Any]) -> list[str]:
    return [event["name"] for event in events]


def delivered(trigger: Any, arrive: Callable[[], Any], count: int) -> list[Any]:
    """Run a trigger; what ``arrive`` writes comes after its first listing. Return its first events."""

    async def scenario() -> list[Any]:
        async with Triggerer().running(trigger) as (events,):
            await until(lambda: trigger.asset_state_store.values)
            arrive()
            await until(lambda: len(events) >= count)
            await until(lambda: not trigger.asset_state_store.only["unconfirmed"])
            return events

    return asyncio.run(scenario())


@with_watchers
@pytest.mark.parametrize("made", [NewFilesTrigger, ViasAlarmTrigger])
def test_what_is_stored_makes_the_trigger_again(made: type[NewFilesTrigger]) -> None:
    path, arguments = made(folder="s3://conn@bucket/in/").serialize()

    again = resolve_name(path)(**json.loads(json.dumps(arguments)))

    assert again.serialize() == (path, arguments)
    assert (arguments["folder"], arguments["settle"]) == ("s3://conn@bucket/in", 0)
    assert made(folder="file:///in").settle == 10
    for folder in ("sftp://conn@/in", "hdfs:///in"):
        assert made(folder=folder).folder == folder, "the host is in the connection"


@with_watchers
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folder": "/in"}, "folder is '/in'; allowed: an address such as s3://bucket/incoming/"),
        ({"folder": "https://host/in"}, "allowed: an address such as"),
        (
            {"folder": "s3://key:secret@bucket/in"},
            "folder is 's3://bucket/in'; allowed: before the @ only the id of an Airflow connection",
        ),
        ({"folder": "/in?password=hunter2-secret"}, r"folder is '/in\?password=\*\*\*'; allowed"),
        ({"folder": "https://me:s3cr3t-pass@nas/in"}, "folder is 'https://nas/in'; allowed"),
        ({"folder": "s3://[bucket/in"}, r"folder is 's3://\[bucket/in'; allowed: a bucket or a host"),
        ({"folder": {"at": "s3://k:top-secret@b"}}, r"folder is \{'at': 's3://\*\*\*@b'\}; allowed"),
        ({"pattern": ["*.mp4"] * 100_000}, r"pattern is .{,80}; allowed"),
        ({"pattern": ""}, "pattern is ''; allowed: a pattern such as"),
        ({"poll_interval": 0}, "poll_interval is 0; allowed: seconds from 1 to 86400"),
        ({"settle": "soon"}, "settle is 'soon'; allowed: seconds from 0 to 86400"),
        ({"kinds": "fire"}, "kinds is 'fire'; allowed: .*smoke_and_fire"),
        ({"kinds": []}, r"kinds is \[\]; allowed: a name or a list of names that is not empty"),
    ],
)
def test_arguments_that_cannot_work_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        ViasAlarmTrigger(**{"folder": "s3://bucket/in", **arguments})


@pytest.mark.skipif(AIRFLOW >= (3, 0), reason="assets have watchers since Airflow 3.0")
def test_on_airflow_2_the_error_names_what_to_use_instead() -> None:
    with pytest.raises(ConfigurationError, match="Use ViasAlarmSensor"):
        ViasAlarmTrigger(folder="s3://bucket/in")


@with_streams
def test_each_new_object_of_a_bucket_is_delivered_once_over_restarts(team: TeamStorage) -> None:
    folder = f"oss://{team.hook.viapi_conn_id}@team/in/"
    team.put("in/old.mp4", b"old")
    states = AssetStates()

    def arrive() -> None:
        for name in ("in/a.mp4", "in/2026/b.mp4", "in/notes.txt", "in/.hidden/c.mp4"):
            team.put(name, b"new")

    first = delivered(watch(states, folder=folder, pattern="*.mp4"), arrive, 2)
    second = delivered(
        watch(states, folder=folder, pattern="*.mp4"), lambda: team.put("in/old.mp4", b"again"), 1
    )

    assert sorted(names(first)) == ["2026/b.mp4", "a.mp4"]
    assert names(second) == ["old.mp4"]
    event = next(each for each in first if each["name"] == "a.mp4")
    assert event["file"] == f"{folder}a.mp4"
    assert event["size"] == 3
    assert event["modified_at"]
    assert event["redelivered"] is False


@with_streams
def test_a_file_that_is_being_written_is_delivered_when_it_is_complete(tmp_path: Path) -> None:
    # A writer whose last write was a while ago, and one that writes now.
    states = AssetStates()

    def arrive() -> None:
        (tmp_path / "growing.mp4").write_bytes(b"half")
        (tmp_path / "complete.mp4").write_bytes(b"whole")
        long_ago = time.time() - 3600
        os.utime(tmp_path / "complete.mp4", (long_ago, long_ago))

    events = delivered(watch(states, folder=f"file://{tmp_path}", settle=600), arrive, 1)

    assert names(events) == ["complete.mp4"]


@with_streams
def test_a_folder_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    def arrive() -> None:
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "a").write_bytes(b"a")

    assert names(delivered(watch(AssetStates(), folder=f"file://{tmp_path}/later"), arrive, 1)) == ["a"]


@with_streams
def test_a_storage_that_cannot_be_opened_is_reported_in_the_assets_state() -> None:
    states = AssetStates()

    async def scenario() -> Any:
        async with Triggerer().running(watch(states, folder="nowhere://bucket/in")):
            await until(lambda: states.values)
        return states.only["problem"]

    assert "nowhere://bucket/in cannot be listed" in asyncio.run(scenario())


@with_streams
def test_two_folders_of_one_asset_are_followed_apart_over_restarts(tmp_path: Path) -> None:
    states = AssetStates()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.mp4").write_bytes(b"same")

    async def run(new: str) -> list[list[str]]:
        triggers = [watch(states, folder=f"file://{tmp_path}/{name}") for name in ("one", "two")]
        async with Triggerer().running(*triggers) as received:
            await until(lambda: len(states.values) == 2)
            for name in ("one", "two"):
                (tmp_path / name / f"{new}-{name}").write_bytes(b"new")
            await until(lambda: all(received))
            await until(lambda: not any(each["unconfirmed"] for each in states.values.values()))
            return [names(events) for events in received]

    assert asyncio.run(run("first")) == [["first-one"], ["first-two"]]
    assert asyncio.run(run("second")) == [["second-one"], ["second-two"]]


@with_streams
def test_a_name_that_airflow_cannot_store_is_reported_and_the_other_files_are_delivered(
    tmp_path: Path,
) -> None:
    states = AssetStates()

    def arrive() -> None:
        (tmp_path / os.fsdecode(b"M\xfcller.mp4")).write_bytes(b"a")
        (tmp_path / "ok.mp4").write_bytes(b"b")

    assert names(delivered(watch(states, folder=f"file://{tmp_path}"), arrive, 1)) == ["ok.mp4"]
    assert "M\\udcfcller.mp4" in states.only["problem"]
    json.dumps(states.only, ensure_ascii=False).encode()


@with_streams
def test_an_alarm_with_what_airflow_cannot_store_is_delivered_without_it(tmp_path: Path) -> None:
    def arrive() -> None:
        (tmp_path / "a.json").write_text(json.dumps({**MESSAGE, "task_id": "cam \ud83d \0"}))
        (tmp_path / "b.json").write_text(json.dumps({**MESSAGE, "event_type": -(2**63) - 1}))
        (tmp_path / "c.json").write_text(json.dumps({**MESSAGE, "task_id": "x" * 1_000_000}))

    trigger = watch(AssetStates(), ViasAlarmTrigger, folder=f"file://{tmp_path}")
    one, two, three = sorted(delivered(trigger, arrive, 3), key=lambda event: str(event["name"]))

    assert one["alarms"][0]["task_id"] == "cam \ufffd \ufffd"
    assert two["alarms"][0]["event_type"] is None
    assert len(json.dumps(three)) < 10_000


@with_streams
def test_a_file_with_alarms_is_delivered_with_their_summaries(tmp_path: Path) -> None:
    def arrive() -> None:
        (tmp_path / "a.json").write_text(json.dumps(MESSAGE))
        (tmp_path / "many.json").write_text(json.dumps([MESSAGE] * 30))

    events = delivered(watch(AssetStates(), ViasAlarmTrigger, folder=f"file://{tmp_path}"), arrive, 2)

    one, many = sorted(events, key=lambda event: str(event["name"]))
    (alarm,) = one["alarms"]
    assert (alarm["kind"], alarm["task_id"], alarm["problems"]) == ("smoke_and_fire", "t1", [])
    assert "image" not in json.dumps(one)
    assert (len(many["alarms"]), many["count"]) == (20, 30)


@with_streams
def test_only_alarms_of_the_wanted_kinds_fire(tmp_path: Path) -> None:
    def arrive() -> None:
        (tmp_path / "a.json").write_text(json.dumps({**MESSAGE, "event_type": 196609}))
        (tmp_path / "b.json").write_text(json.dumps([MESSAGE, {**MESSAGE, "event_type": 196609}]))

    events = delivered(
        watch(AssetStates(), ViasAlarmTrigger, folder=f"file://{tmp_path}", kinds="smoke_and_fire"), arrive, 1
    )

    assert [(each["name"], each["count"]) for each in events] == [("b.json", 1)]


@with_streams
def test_an_alarm_that_cannot_be_read_is_reported_as_unknown(tmp_path: Path) -> None:
    trigger = watch(AssetStates(), ViasAlarmTrigger, folder=f"file://{tmp_path}", kinds="intrusion")

    def arrive() -> None:
        with (tmp_path / "huge.json").open("wb") as huge:
            huge.truncate((64 << 20) + 1)

    (event,) = delivered(trigger, arrive, 1)

    assert event["alarms"][0]["kind"] == "unknown"
    assert "at most" in event["alarms"][0]["problems"][0]
