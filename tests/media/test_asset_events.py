"""Landed files as asset events, reported to Airflow's own accessors."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Asset, AssetAlias

import media_samples
from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.media.asset_uris import asset_uri
from airflow_provider_viapi.media.outputs.lineage import (
    MAX_SOURCES,
    Origin,
    describe_files,
    report_assets,
)

try:
    from airflow.sdk.execution_time.context import OutletEventAccessors
except ImportError:
    from airflow.utils.context import OutletEventAccessors

LANDED = {
    "VideoUrl": "s3://aws_team@media/2026-11-20/erased.mp4",
    "VideoCoverUrl": "s3://aws_team@media/2026-11-20/封面 1.png",
}


@pytest.fixture
def context() -> Any:
    return {"outlet_events": OutletEventAccessors()}


def alias_events(accessor: Any) -> list[tuple[str, dict[str, Any]]]:
    if hasattr(accessor, "asset_alias_events"):
        return [(event.dest_asset_key.uri, event.extra) for event in accessor.asset_alias_events]
    return [(event["dest_dataset_uri"], event["extra"]) for event in accessor.dataset_alias_events]


def test_an_alias_gets_an_event_for_each_file(context: Any) -> None:
    films = AssetAlias("films")

    report_assets(context, [films], LANDED, Origin("JOB-1"))

    assert alias_events(context["outlet_events"][films]) == [
        (
            "s3://media/2026-11-20/erased.mp4",
            {"job_id": "JOB-1", "key": "VideoUrl", "address": LANDED["VideoUrl"]},
        ),
        (
            "s3://media/2026-11-20/%E5%B0%81%E9%9D%A2%201.png",
            {"job_id": "JOB-1", "key": "VideoCoverUrl", "address": LANDED["VideoCoverUrl"]},
        ),
    ]


@pytest.mark.skipif(AIRFLOW_VERSION < (3, 0), reason="Airflow 2 takes addresses of any length")
def test_an_address_that_airflow_does_not_take_as_an_asset_is_logged(
    context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    films = AssetAlias("films")
    # Each of its characters has nine in a URI.
    long = f"s3://media/{'/'.join(['电影文件夹' * 6] * 6)}/film.mp4"

    report_assets(context, [films], {"VideoUrl": long, "VideoCoverUrl": LANDED["VideoCoverUrl"]})

    assert [extra["key"] for _, extra in alias_events(context["outlet_events"][films])] == ["VideoCoverUrl"]
    assert "There is no asset event for VideoUrl" in caplog.text


@pytest.mark.parametrize("uri", ["s3://media", "s3://media/2026-11-20", "s3://media/2026-11-20/"])
def test_an_asset_above_what_has_landed_gets_the_addresses(context: Any, uri: str) -> None:
    folder = Asset(uri=uri)

    report_assets(context, [folder], LANDED, Origin("JOB-1"))

    assert context["outlet_events"][folder].extra == {"job_id": "JOB-1", "landed": LANDED}


def test_an_asset_that_is_one_of_the_files_gets_that_one(context: Any) -> None:
    film = Asset(uri="s3://media/2026-11-20/erased.mp4")

    report_assets(context, [film], LANDED)

    assert context["outlet_events"][film].extra == {"landed": {"VideoUrl": LANDED["VideoUrl"]}}


def test_the_event_of_ten_thousand_files_names_a_thousand_and_says_how_many_there_are(context: Any) -> None:
    folder = Asset(uri="s3://media")
    landed = {f"{number}.VideoUrl": f"s3://media/{number}.mp4" for number in range(10_000)}

    report_assets(context, [folder], landed)

    extra = context["outlet_events"][folder].extra
    assert extra["files"] == 10_000
    assert list(extra["landed"].items()) == list(landed.items())[:1000]


@pytest.mark.parametrize("uri", ["s3://media/2026-11-2", "s3://other/2026-11-20", "gs://media/2026-11-20"])
def test_other_assets_are_left_alone(context: Any, uri: str) -> None:
    other = Asset(uri=uri)

    report_assets(context, [other], LANDED, Origin("JOB-1"))

    assert context["outlet_events"][other].extra == {}


def test_a_task_without_outlets_asks_for_nothing() -> None:
    report_assets({}, [], LANDED)


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("file:///media/a.mp4", "file:///media/a.mp4"),
        ("s3://conn@b/a%20b.mp4", "s3://b/a%20b.mp4"),
        ("s3://b/#1 or ?.mp4", "s3://b/%231%20or%20%3F.mp4"),
        ("s3://b/films@home/中.mp4", "s3://b/films@home/%E4%B8%AD.mp4"),
    ],
)
def test_the_uri_is_one_that_airflow_keeps_as_it_is(address: str, uri: str) -> None:
    assert asset_uri(address) == uri
    assert Asset(uri=uri).uri == uri


def test_events_say_which_job_of_which_sources_made_the_file(context: Any) -> None:
    films = AssetAlias("films")
    origin = Origin(
        "JOB-1",
        "videoenhan.EraseVideoSubtitles",
        ["https://user:word@h.test/a.mp4?Signature=hidden", "s3://aws@raw/b.mp4", "file:///in/c.mp4"],
    )

    report_assets(context, [films], {"VideoUrl": "oss://media/a.mp4"}, origin, {"VideoUrl": {"size": 5}})

    ((_, extra),) = alias_events(context["outlet_events"][films])
    assert extra == {
        "job_id": "JOB-1",
        "action": "videoenhan.EraseVideoSubtitles",
        "sources": ["https://h.test/a.mp4", "s3://raw/b.mp4", "file:///in/c.mp4"],
        "size": 5,
        "key": "VideoUrl",
        "address": "oss://media/a.mp4",
    }


def test_the_event_of_a_folder_describes_its_files_by_key(context: Any) -> None:
    folder = Asset(uri="s3://media")
    files = {"VideoUrl": {"type": "video/mp4", "size": 5, "duration": 1.5}, "VideoCoverUrl": {}}

    report_assets(context, [folder], LANDED, Origin("JOB-1"), files)

    assert context["outlet_events"][folder].extra == {
        "job_id": "JOB-1",
        "landed": LANDED,
        "details": {"VideoUrl": {"type": "video/mp4", "size": 5, "duration": 1.5}},
    }


def test_an_event_names_a_limited_number_of_sources() -> None:
    sources = [f"s3://raw/{number}.mp4" for number in range(500)]

    assert Origin(sources=sources).as_extra() == {"sources": sources[:MAX_SOURCES]}


def test_type_size_and_length_of_landed_files_are_read(tmp_path: Path) -> None:
    clip, cover, other = tmp_path / "a b.mp4", tmp_path / "cover.png", tmp_path / "unknown"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), clip, seconds=2, size=(320, 180))
    cover.write_bytes(b"not read")
    other.write_bytes(b"123")
    landed = {path.name: f"file://{path}" for path in (clip, cover, other)}

    files = describe_files([AssetAlias("films")], landed, logging.getLogger(), HttpSettings())

    assert files["a b.mp4"]["type"] == "video/mp4"
    assert files["a b.mp4"]["size"] == clip.stat().st_size
    assert files["a b.mp4"]["duration"] == pytest.approx(2, abs=0.1)
    assert files["cover.png"] == {"type": "image/png", "size": 8}
    assert files["unknown"] == {"size": 3}


def test_a_file_that_cannot_be_read_has_a_type_only(tmp_path: Path) -> None:
    landed = {"VideoUrl": f"file://{tmp_path}/gone.mp4", "Other": "nowhere://x/a.png"}

    assert describe_files([AssetAlias("films")], landed, logging.getLogger(), HttpSettings()) == {
        "VideoUrl": {"type": "video/mp4"},
        "Other": {"type": "image/png"},
    }


def test_files_of_a_task_without_outlets_are_not_read() -> None:
    assert describe_files([], {"VideoUrl": "nowhere://x"}, logging.getLogger(), HttpSettings()) == {}
