"""Versions of sources: what identifies the content of a file that a request names."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.media.addresses import find_sources
from airflow_provider_viapi.media.inputs.source_versions import is_versioned, source_versions
from media.moto_s3 import Bucket, bucket, moto_endpoint
from media.team_storage import TeamStorage, storage_emulator, team
from scripted_server import FileResponse, FileServer, file_server

__all__ = ["bucket", "moto_endpoint", "storage_emulator", "team"]

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def running() -> Iterator[FileServer]:
    with file_server() as server:
        yield server


@pytest.fixture
def server(running: FileServer) -> FileServer:
    running.reset(b"content")
    return running


def version(address: str, hook: Any = None, **options: Any) -> Any:
    given = {"allowed_hosts": ["127.0.0.1"], "settings": HttpSettings(), **options}
    return source_versions({"VideoUrl": address}, hook or ViapiHook(), log, **given)["VideoUrl"]


def test_a_web_server_that_refuses_head_is_requested_one_byte(server: FileServer) -> None:
    # As storage does for a link that was presigned for GET.
    found = version(f"{server.url}/film.mp4")

    assert found["size"] == "7"
    assert found["ETag"].startswith('"')
    assert is_versioned(found)
    assert server.requested_ranges == ["bytes=0-0"]


def test_a_weak_tag_identifies_no_content_and_the_modification_time_does(server: FileServer) -> None:
    server.weak = True
    assert not is_versioned(version(f"{server.url}/film.mp4"))

    server.modified = 1_700_000_000
    assert version(f"{server.url}/film.mp4") == {
        "size": "7",
        "Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT",
    }


@pytest.mark.parametrize("response", [FileResponse(status=404), FileResponse(length=None)])
def test_a_web_file_without_a_size_has_no_version(server: FileServer, response: FileResponse) -> None:
    server.script = [response]

    assert version(f"{server.url}/film.mp4") == {}


@pytest.mark.parametrize("tag", ['"null"', "null", '""', "-"])
def test_a_tag_that_identifies_nothing_is_no_version(server: FileServer, tag: str) -> None:
    server.script = [FileResponse(tag=tag)] * 2

    assert not is_versioned(version(f"{server.url}/film.mp4"))


def test_no_private_host_is_requested_that_is_not_allowed(
    server: FileServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    assert version(f"{server.url}/film.mp4?Signature=secret", allowed_hosts=[]) == {}
    assert server.requests == []
    assert "allowed_hosts" in caplog.text
    assert "secret" not in caplog.text


def test_files_in_storage_have_versions(team: TeamStorage, bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    bucket.client.put_object(Bucket=bucket.name, Key="film.mp4", Body=b"film")
    addresses = (
        f"file://{tmp_path}/film.mp4",
        f"{bucket.url}/film.mp4",
        team.put("film.mp4", b"film"),
    )

    for address in addresses:
        found = version(address, team.hook)
        assert found["size"] == "4"
        assert is_versioned(found)


def test_a_file_that_does_not_exist_has_no_version(tmp_path: Path) -> None:
    assert version(f"file://{tmp_path}/missing.mp4") == {}


def test_everything_outside_a_request_that_its_result_depends_on_is_a_source() -> None:
    request = {
        "Clips": [{"Url": "s3://b/1.mp4"}, {"Url": "https://h/2.mp4"}],
        "script_id": "s1",
        "TemplateId": 3,
        "TemplateFaceID": "f",
        "GRID": "3x3",
        "voice_config": {"voice_asset_id": "v", "speed": 100},
        "callback_config": {"callback_url": "https://h/call"},
        "text": "A lamp: valid for 3 nights",
        "grid": "3x3",
    }

    assert dict(find_sources(request)) == {
        "Clips.0.Url": "s3://b/1.mp4",
        "Clips.1.Url": "https://h/2.mp4",
        "script_id": None,
        "TemplateId": None,
        "TemplateFaceID": None,
        "voice_config.voice_asset_id": None,
        "callback_config.callback_url": None,
    }
