"""Landing: each file of a result is stored at its destination, whole or not at all."""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from airflow.providers.common.compat.sdk import ObjectStoragePath
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_viapi.alibaba.services import find, videoenhan
from airflow_provider_viapi.errors import (
    ConfigurationError,
    CredentialsRejected,
    InvalidRequest,
    PermissionDenied,
    ResultExpired,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.fs.oss_client import Upload
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.media.open_storage import open_path
from airflow_provider_viapi.media.outputs import atomic_file, landing, resumable_download
from airflow_provider_viapi.media.outputs.atomic_file import AtomicFile
from airflow_provider_viapi.media.outputs.http_download import download
from airflow_provider_viapi.media.outputs.resumable_download import DownloadSettings
from airflow_provider_viapi.media.ssrf_guard import public_session
from airflow_provider_viapi.result_fields import file_urls
from media.moto_s3 import Bucket, bucket, connection_json, moto_endpoint
from media.team_storage import BUCKET, TeamStorage, connect, storage_emulator, team
from scripted_server import FileResponse, FileServer, file_server

try:
    from airflow.sdk.io import attach
except ImportError:
    from airflow.io.store import attach

__all__ = ["bucket", "moto_endpoint", "storage_emulator", "team"]

FILM = os.urandom(3 << 20) + b"the end"
END = len(FILM) - 1
ACTION = videoenhan.ERASE_VIDEO_SUBTITLES
LOG = logging.getLogger("landing")
NAMES = {"task_id": "erase", "map_index": -1, "job_id": "JOB-1", "dag_id": "dag", "run_id": "run"}


@pytest.fixture(scope="module")
def running_server() -> Iterator[FileServer]:
    with file_server() as server:
        yield server


@pytest.fixture
def server(running_server: FileServer) -> FileServer:
    running_server.reset(FILM)
    return running_server


@pytest.fixture(params=["file", "s3", "oss"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "file":
        return OnDisk(tmp_path)
    if request.param == "s3":
        return InBucket(request.getfixturevalue("bucket"))
    return InTeamBucket(request.getfixturevalue("team"))


class Place:
    """A folder to land in, and what is in it."""

    url: str

    def files(self) -> dict[str, bytes]:
        raise NotImplementedError

    def left_over(self) -> list[str]:
        raise NotImplementedError

    def put(self, name: str, content: bytes) -> None:
        raise NotImplementedError


class OnDisk(Place):
    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = path.as_uri()

    def files(self) -> dict[str, bytes]:
        found = [path for path in self.path.rglob("*") if path.is_file()]
        return {
            str(path.relative_to(self.path)): path.read_bytes() for path in found if path.suffix != ".part"
        }

    def left_over(self) -> list[str]:
        return [path.name for path in self.path.rglob("*.part")]

    def put(self, name: str, content: bytes) -> None:
        (self.path / name).write_bytes(content)


class InBucket(Place):
    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.url = bucket.url

    def files(self) -> dict[str, bytes]:
        return {key: self.bucket.read(key) for key in self.bucket.list()}

    def left_over(self) -> list[str]:
        return self.bucket.unfinished()

    def put(self, name: str, content: bytes) -> None:
        self.bucket.client.put_object(Bucket=self.bucket.name, Key=name, Body=content)


class InTeamBucket(Place):
    def __init__(self, team: TeamStorage) -> None:
        self.team = team
        self.url = f"oss://{team.hook.viapi_conn_id}@{BUCKET}"

    def files(self) -> dict[str, bytes]:
        return {key: self.team.content(key) for key in self.team.keys("")}

    def left_over(self) -> list[str]:
        return ["parts"] * self.team.half_uploads()

    def put(self, name: str, content: bytes) -> None:
        self.team.put(name, content)


def land(server: FileServer, to: str, **more: Any) -> dict[str, str]:
    given: dict[str, Any] = {
        "result": {"VideoUrl": f"{server.url}/results/video.mp4?Expires=1&Signature=secret"},
        "to": to,
        "action": ACTION,
        "names": NAMES,
        "log": LOG,
        "http": HttpSettings(),
        "allowed_hosts": [server.host],
        "settings": DownloadSettings(initial_backoff=0.0, block_size=5 << 20),
    }
    given.update(more)
    result, refresh_links = given.pop("result"), given.pop("refresh_links", None)
    return landing.Landing(**given).land(result, refresh_links)


def test_a_file_lands_whole_under_the_name_it_was_given(server: FileServer, place: Place) -> None:
    landed = land(server, f"{place.url}/films/erased.mp4")

    assert landed == {"VideoUrl": f"{place.url}/films/erased.mp4"}
    assert place.files() == {"films/erased.mp4": FILM}
    assert place.left_over() == []


def test_in_a_folder_it_is_called_after_task_key_and_job(server: FileServer, place: Place) -> None:
    landed = land(server, f"{place.url}/films/")

    assert landed == {"VideoUrl": f"{place.url}/films/erase-VideoUrl-JOB-1.mp4"}
    assert place.files() == {"films/erase-VideoUrl-JOB-1.mp4": FILM}


def test_a_name_may_have_chinese_characters_spaces_and_percent_signs(
    server: FileServer, place: Place
) -> None:
    landed = land(server, f"{place.url}/中文 片/100% 擦除%20 [1].mp4")

    assert landed == {"VideoUrl": f"{place.url}/中文 片/100% 擦除%20 [1].mp4"}
    assert place.files() == {"中文 片/100% 擦除%20 [1].mp4": FILM}


def test_the_links_own_name_may_have_them_too(server: FileServer, place: Place) -> None:
    link = f"{server.url}/{quote('字幕 100% 1.mp4')}?Expires=1"

    land(server, f"{place.url}/{{name}}", result={"VideoUrl": link})

    assert place.files() == {"字幕 100% 1.mp4": FILM}


def test_files_inside_lists_land_each(server: FileServer, place: Place) -> None:
    result = {"Outputs": [{"ImageURL": f"{server.url}/{n}.png", "Confidence": 0.5} for n in (1, 2)]}

    landed = land(server, f"{place.url}/", result=result, action=find("videorecog.GenerateVideoCover"))

    assert landed == {
        "Outputs.0.ImageURL": f"{place.url}/erase-Outputs.0.ImageURL-JOB-1.png",
        "Outputs.1.ImageURL": f"{place.url}/erase-Outputs.1.ImageURL-JOB-1.png",
    }
    assert len(place.files()) == 2


def test_files_of_one_name_land_each(server: FileServer, place: Place) -> None:
    result = {"Outputs": [{"ImageURL": f"{server.url}/{n}/cover.png"} for n in (1, 2)]}

    land(server, f"{place.url}/{{name}}", result=result, action=find("videorecog.GenerateVideoCover"))

    assert set(place.files()) == {"Outputs.0.ImageURL-cover.png", "Outputs.1.ImageURL-cover.png"}


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_larger_than_a_part_of_an_upload_lands_whole(
    server: FileServer, place: Place, chunked: bool
) -> None:
    server.content = os.urandom(12 << 20)
    server.script = [FileResponse(chunked=chunked)]

    land(server, f"{place.url}/erased.mp4")

    assert place.files() == {"erased.mp4": server.content}


def test_many_land_at_the_same_time_each_whole(server: FileServer, place: Place) -> None:
    with ThreadPoolExecutor(8) as threads:
        landed = list(threads.map(lambda number: land(server, f"{place.url}/many/{number}.mp4"), range(16)))

    assert [each["VideoUrl"] for each in landed] == [f"{place.url}/many/{number}.mp4" for number in range(16)]
    assert place.files() == {f"many/{number}.mp4": FILM for number in range(16)}
    assert place.left_over() == []


def test_a_download_that_breaks_goes_on_where_it_was(server: FileServer, place: Place) -> None:
    server.script = [FileResponse(cut_after=1 << 20), FileResponse(cut_after=1 << 20)]

    land(server, f"{place.url}/erased.mp4")

    assert server.requested_ranges == [None, f"bytes={1 << 20}-", f"bytes={2 << 20}-"]
    assert place.files() == {"erased.mp4": FILM}
    assert place.left_over() == []


def test_it_begins_again_where_the_server_sends_no_parts(server: FileServer, place: Place) -> None:
    server.ranges = False
    server.script = [FileResponse(cut_after=1 << 20)]

    land(server, f"{place.url}/erased.mp4")

    assert place.files() == {"erased.mp4": FILM}
    assert place.left_over() == []


def test_a_download_that_breaks_after_each_piece_lands_nevertheless(server: FileServer, place: Place) -> None:
    server.script = [FileResponse(cut_after=300_000) for _ in range(9)]

    land(server, f"{place.url}/erased.mp4")

    assert place.files() == {"erased.mp4": FILM}


def test_one_that_begins_again_each_time_lands_as_long_as_it_comes_farther(
    server: FileServer, place: Place
) -> None:
    server.weak = True
    server.script = [FileResponse(cut_after=300_000 * farther) for farther in range(1, 10)]

    land(server, f"{place.url}/erased.mp4")

    assert server.requested_ranges == [None] * 10
    assert place.files() == {"erased.mp4": FILM}


def test_and_is_given_up_when_it_comes_no_farther(server: FileServer, place: Place) -> None:
    server.weak = True
    server.script = [FileResponse(cut_after=megabytes << 20) for megabytes in (2, 1, 2, 1, 2, 1, 2, 1, 2)]

    with pytest.raises(TransientError):
        land(server, f"{place.url}/erased.mp4")

    assert len(server.requests) == 1 + resumable_download.MAX_STALLED_ATTEMPTS
    assert place.files() == {}
    assert place.left_over() == []


@pytest.mark.parametrize("new", [FILM[: 1 << 20] + b"another", b"short", FILM + FILM])
def test_a_source_that_changes_meanwhile_is_downloaded_again(
    server: FileServer, place: Place, new: bytes
) -> None:
    server.script = [FileResponse(cut_after=2 << 20), FileResponse(content=new)]

    land(server, f"{place.url}/erased.mp4")

    assert place.files() == {"erased.mp4": new}
    assert place.left_over() == []


def test_a_download_that_brings_nothing_is_given_up(server: FileServer, place: Place) -> None:
    server.script = [FileResponse(cut_after=2 << 20), *[FileResponse(cut_after=0) for _ in range(9)]]

    with pytest.raises(
        TransientError, match=r"VideoUrl of job JOB-1: the .*; a retry of the task stores the same result"
    ):
        land(server, f"{place.url}/erased.mp4")

    assert place.files() == {}
    assert place.left_over() == []
    assert len(server.requests) == 1 + resumable_download.MAX_STALLED_ATTEMPTS


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_a_task_that_is_ended_in_the_middle_leaves_nothing_behind(
    server: FileServer, place: Place, end: type[BaseException]
) -> None:
    def ended(*_: Any) -> None:
        raise end

    def end_when_the_upload_has_begun() -> None:
        # A storage may begin one after its client was interrupted; only a lifecycle rule removes that.
        give_up = time.monotonic() + 10
        while not place.left_over() and time.monotonic() < give_up:
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGUSR1)
        is_over.wait(60)

    is_over = threading.Event()
    server.content = FILM * 4
    server.script = [FileResponse(cut_after=7 << 20, at_cut=end_when_the_upload_has_begun)]
    before = signal.signal(signal.SIGUSR1, ended)
    try:
        with pytest.raises(end):
            land(server, f"{place.url}/erased.mp4")
    finally:
        is_over.set()
        signal.signal(signal.SIGUSR1, before)
    gc.collect()

    assert place.files() == {}
    assert place.left_over() == []


def test_a_storage_that_stumbles_is_asked_again(server: FileServer, place: Place) -> None:
    server.script = [FileResponse(status=503), FileResponse(status=500)]

    land(server, f"{place.url}/erased.mp4")

    assert place.files() == {"erased.mp4": FILM}


@pytest.mark.parametrize("answer", [FileResponse(content=b""), FileResponse(content=b"", chunked=True)])
def test_a_file_of_0_bytes_is_no_result(server: FileServer, place: Place, answer: FileResponse) -> None:
    server.script = [answer]

    with pytest.raises(ServiceError, match="VideoUrl of job JOB-1: the file is empty"):
        land(server, f"{place.url}/erased.mp4")

    assert place.files() == {}
    assert place.left_over() == []


def test_a_file_of_unknown_length_is_refused(server: FileServer, place: Place) -> None:
    server.script = [FileResponse(length=None)]

    with pytest.raises(ServiceError, match="does not send the file's length"):
        land(server, f"{place.url}/erased.mp4")

    assert place.files() == {}


class TestFilesAreNeverJoined:
    @pytest.mark.parametrize("checks_if_range", [True, False])
    @pytest.mark.parametrize("tagged", [True, False])
    def test_a_file_that_is_replaced_by_one_of_the_same_length_is_downloaded_from_its_beginning(
        self, server: FileServer, place: Place, checks_if_range: bool, tagged: bool
    ) -> None:
        new = os.urandom(len(FILM))
        server.checks_if_range = checks_if_range
        server.script = [FileResponse(cut_after=2 << 20), FileResponse(content=new, untagged=not tagged)]

        land(server, f"{place.url}/erased.mp4")

        assert place.files() == {"erased.mp4": new}
        assert place.left_over() == []

    @pytest.mark.parametrize("tag", ['w/"1"', '""', '"null"', "none", "-"])
    def test_a_tag_that_identifies_nothing_joins_no_two_files(
        self, server: FileServer, place: Place, tag: str
    ) -> None:
        new = os.urandom(len(FILM))
        server.checks_if_range = False
        server.script = [FileResponse(cut_after=2 << 20, tag=tag), FileResponse(content=new, tag=tag)]

        land(server, f"{place.url}/erased.mp4")

        assert place.files() == {"erased.mp4": new}

    def test_a_file_of_the_same_tag_that_was_modified_is_downloaded_from_its_beginning(
        self, server: FileServer, place: Place
    ) -> None:
        new = os.urandom(len(FILM))
        server.checks_if_range = False
        server.modified = 1.7e9
        server.script = [
            FileResponse(cut_after=2 << 20, tag='"same"'),
            FileResponse(content=new, modified=1.7e9 + 60, tag='"same"'),
        ]

        land(server, f"{place.url}/erased.mp4")

        assert place.files() == {"erased.mp4": new}

    def test_a_file_that_is_replaced_again_and_again_does_not_land(
        self, server: FileServer, place: Place
    ) -> None:
        server.checks_if_range = False
        server.script = [FileResponse(cut_after=1 << 20, content=os.urandom(len(FILM))) for _ in range(20)]

        with pytest.raises(TransientError):
            land(server, f"{place.url}/erased.mp4")

        assert place.files() == {}
        assert place.left_over() == []

    def test_without_a_tag_no_part_is_requested(self, server: FileServer, place: Place) -> None:
        server.tagged = False
        server.script = [FileResponse(cut_after=1 << 20)]

        land(server, f"{place.url}/erased.mp4")

        assert server.requested_ranges == [None, None]
        assert place.files() == {"erased.mp4": FILM}

    @pytest.mark.parametrize(
        "rest",
        [
            pytest.param(FileResponse(tag='"another"'), id="another tag"),
            pytest.param(FileResponse(tag='W/"weak"'), id="weak tag"),
            pytest.param(FileResponse(tag=""), id="empty tag"),
            pytest.param(FileResponse(part="bytes 0-99/100"), id="another part"),
            pytest.param(FileResponse(part=f"bytes {1 << 19}-{END}/{END + 1}"), id="begins earlier"),
            pytest.param(FileResponse(part=f"bytes {1 << 20}-{END + 1}/{END + 2}"), id="longer file"),
            pytest.param(FileResponse(part=f"bytes {1 << 20}-{END}/*"), id="unknown length"),
            pytest.param(FileResponse(part="items 1-2/3"), id="another unit"),
            pytest.param(FileResponse(part=""), id="no part"),
            pytest.param(FileResponse(body=FILM), id="whole file"),
            pytest.param(FileResponse(body=FILM, chunked=True), id="whole file in chunks"),
            pytest.param(FileResponse(encoding="gzip"), id="compressed"),
            pytest.param(FileResponse(status=416), id="416"),
        ],
    )
    def test_a_rest_that_does_not_belong_to_the_beginning_is_not_appended(
        self, server: FileServer, place: Place, rest: FileResponse
    ) -> None:
        server.script = [FileResponse(cut_after=1 << 20), rest]

        land(server, f"{place.url}/erased.mp4")

        assert place.files() == {"erased.mp4": FILM}
        assert place.left_over() == []

    @pytest.mark.parametrize(
        "first",
        [
            pytest.param(FileResponse(chunked=True, cut_after=1 << 20), id="in a chunk"),
            pytest.param(FileResponse(chunked=True, cut_after=END + 9), id="before the last chunk"),
            pytest.param(FileResponse(length=END + 6, cut_after=END + 1), id="wrong length"),
            pytest.param(FileResponse(chunked=True, body=b""), id="rest without content"),
        ],
    )
    def test_a_file_that_ends_early_does_not_land(
        self, server: FileServer, place: Place, first: FileResponse
    ) -> None:
        server.script = [first] if first.body is None else [FileResponse(cut_after=1 << 20), first]

        land(server, f"{place.url}/erased.mp4")

        assert place.files() == {"erased.mp4": FILM}
        assert place.left_over() == []


PAGE = b"<html><body><h1>Blocked</h1>This address is not allowed by the policy of your company.</body></html>"


def test_a_page_in_place_of_the_film_does_not_land(server: FileServer, place: Place) -> None:
    film, server.content = server.content, PAGE
    with pytest.raises(TransientError, match=r"a text of 100 bytes instead of the file .*; a retry"):
        land(server, f"{place.url}/erased.mp4")

    assert place.files() == {}
    server.content = film
    land(server, f"{place.url}/erased.mp4")
    assert place.files() == {"erased.mp4": film}


class TestCompressedResponses:
    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_file_that_is_sent_compressed_lands_decompressed(
        self, server: FileServer, place: Place, chunked: bool
    ) -> None:
        server.content = b"\0the film" * 100_000
        server.script = [FileResponse(encoding="gzip", chunked=chunked)]

        land(server, f"{place.url}/erased.mp4")

        assert place.files() == {"erased.mp4": b"\0the film" * 100_000}

    def test_what_expands_a_thousand_times_is_decompressed_in_small_pieces(self, server: FileServer) -> None:
        server.content = bytes(50 << 20)
        server.script = [FileResponse(encoding="gzip")]

        with (
            public_session(HttpSettings(), [server.host]) as session,
            download(session, f"{server.url}/a.mp4") as response,
        ):
            sizes = [len(piece) for piece in response.chunks()]

        assert sum(sizes) == 50 << 20
        assert max(sizes) <= 1 << 20

    def test_a_cut_one_is_downloaded_from_its_beginning(self, server: FileServer, place: Place) -> None:
        server.script = [FileResponse(encoding="gzip", cut_after=1 << 20), FileResponse(encoding="gzip")]

        land(server, f"{place.url}/erased.mp4")

        assert server.requested_ranges == [None, None]
        assert place.files() == {"erased.mp4": FILM}

    @pytest.mark.parametrize(
        ("encoding", "why"),
        [("br", "compressed with 'br'"), ("deflate", "not compressed as its header says")],
    )
    def test_what_cannot_be_decompressed_does_not_land(
        self, server: FileServer, place: Place, encoding: str, why: str
    ) -> None:
        server.script = [FileResponse(encoding=encoding)] * 2

        with pytest.raises(ServiceError, match=why):
            land(server, f"{place.url}/erased.mp4")

        assert place.files() == {}
        assert place.left_over() == []


class TestSlowServers:
    def test_a_server_that_sends_byte_by_byte_holds_the_worker_no_longer_than_the_link_is_valid(
        self, server: FileServer, tmp_path: Path
    ) -> None:
        server.script = [FileResponse(seconds_per_byte=0.05)]
        url = f"{server.url}/a.mp4?Expires={int(time.time()) + 2}&Signature=secret"
        started = time.monotonic()

        with pytest.raises(
            TransientError,
            match=r"^EraseVideoSubtitles: VideoUrl of job JOB-1: the file did not arrive while .*: \d+ bytes of",
        ):
            land(
                server,
                f"{tmp_path.as_uri()}/a.mp4",
                result={"VideoUrl": url},
                settings=DownloadSettings(initial_backoff=0.0, min_seconds=0.5),
            )

        # The whole film would take days.
        assert time.monotonic() - started < 60
        assert list(tmp_path.iterdir()) == []

    def test_a_response_goes_on_after_its_link_has_expired(self, server: FileServer, place: Place) -> None:
        # As storages do it: the link is checked when a request arrives.
        server.content = b"the film"
        server.script = [FileResponse(seconds_per_byte=0.4), FileResponse(status=403, code="AccessDenied")]
        url = f"{server.url}/a.mp4?Expires={int(time.time()) + 2}&Signature=secret"

        land(
            server,
            f"{place.url}/erased.mp4",
            result={"VideoUrl": url},
            settings=DownloadSettings(initial_backoff=0.0, min_seconds=0.5),
        )

        assert len(server.requests) == 1
        assert place.files() == {"erased.mp4": b"the film"}

    def test_what_breaks_after_its_link_has_expired_continues_by_a_new_link(
        self, server: FileServer, place: Place
    ) -> None:
        expiry = int(time.time()) + 2
        server.script = [
            FileResponse(cut_after=1 << 20, at_cut=lambda: time.sleep(max(0.0, expiry + 1 - time.time())))
        ]

        land(
            server,
            f"{place.url}/erased.mp4",
            result={"VideoUrl": f"{server.url}/a.mp4?Expires={expiry}&Signature=secret"},
            refresh_links=lambda: {"VideoUrl": f"{server.url}/new.mp4"},
        )

        assert server.requests[1:] == [("/new.mp4", f"bytes={1 << 20}-")]
        assert place.files() == {"erased.mp4": FILM}

    def test_a_link_without_an_expiry_has_a_limit_as_well(self, server: FileServer, tmp_path: Path) -> None:
        server.script = [FileResponse(seconds_per_byte=0.05)]
        result = {"VideoUrl": f"{server.url}/a.mp4"}

        with pytest.raises(TransientError, match="did not arrive"):
            land(
                server,
                f"{tmp_path.as_uri()}/a.mp4",
                result=result,
                settings=DownloadSettings(initial_backoff=0.0, max_seconds=0.5, min_seconds=0.5),
            )

    def test_the_download_continues_by_a_renewed_link(self, server: FileServer, place: Place) -> None:
        server.script = [FileResponse(seconds_per_byte=0.01)]
        result = {"VideoUrl": f"{server.url}/new.mp4"}

        land(
            server,
            f"{place.url}/erased.mp4",
            refresh_links=lambda: result,
            result=result,
            settings=DownloadSettings(initial_backoff=0.0, max_seconds=4, min_seconds=4, block_size=5 << 20),
        )

        assert [requested is None for requested in server.requested_ranges] == [True, False]
        assert place.files() == {"erased.mp4": FILM}


def test_protocol_relative_addresses_are_read_as_https() -> None:
    result = {"VideoUrl": "//results.oss-cn-shanghai.aliyuncs.com/a.mp4?Expires=1"}

    assert file_urls(result, ACTION.result) == {
        "VideoUrl": "https://results.oss-cn-shanghai.aliyuncs.com/a.mp4?Expires=1"
    }


class TestDestinationsBeforeSubmission:
    def test_a_writable_place_passes_and_stays_as_it_was(self, place: Place) -> None:
        for to in (f"{place.url}/", f"{place.url}/new/folder/", f"{place.url}/new/{{job_id}}.mp4"):
            landing.check_writable(to, ACTION, names={"task_id": "erase"})

        assert place.files() == {}
        assert place.left_over() == []

    def test_an_existing_folder_needs_its_slash(self, place: Place) -> None:
        folder = f"{place.url}/results"
        if isinstance(place, OnDisk):
            (place.path / "results").mkdir()
        else:
            place.put("results/an-earlier.mp4", b"film")

        with pytest.raises(
            InvalidRequest, match=r"^land_to is '.*results', which is an existing folder; allowed"
        ):
            landing.check_writable(folder, ACTION)

    def test_an_existing_folder_under_a_name_with_placeholders(self, tmp_path: Path) -> None:
        (tmp_path / "erase").mkdir()

        with pytest.raises(InvalidRequest, match="which is an existing folder"):
            landing.check_writable(f"{tmp_path.as_uri()}/{{task_id}}", ACTION, names={"task_id": "erase"})

    def test_a_role_that_may_write_and_not_list(self, bucket: Bucket) -> None:
        bucket.client.put_bucket_policy(
            Bucket=bucket.name,
            Policy='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
            f'"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::{bucket.name}"}}]}}',
        )

        landing.check_writable(f"{bucket.url}/films/film.mp4", ACTION)

    def test_a_name_that_would_be_too_long_with_the_name_in_a_link_or_with_the_manifests(
        self, tmp_path: Path
    ) -> None:
        folder = tmp_path.as_uri()
        for to, arguments in (
            (f"{folder}/{'t' * 120}-{{name}}", {}),
            (f"{folder}/{'t' * 250}", {"has_manifest": True}),
        ):
            with pytest.raises(InvalidRequest, match=r"land_to is .* names of at most 255 bytes"):
                landing.check_writable(to, ACTION, **arguments)
        landing.check_writable(f"{folder}/{'t' * 240}", ACTION, has_manifest=True)

    def test_a_bucket_that_does_not_exist(self, bucket: Bucket) -> None:
        with pytest.raises(
            InvalidRequest, match=r"^land_to is 's3://.*-no-such/', where no file can be written"
        ):
            landing.check_writable(f"{bucket.url}-no-such/", ACTION)

    def test_a_bucket_that_the_key_may_not_write_to(
        self, team: TeamStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hook = connect(monkeypatch, team.emulator, team.emulator.url, password="guessed")

        with pytest.raises(CredentialsRejected, match=r"^land_to is 'oss://team/films/'") as raised:
            landing.check_writable(f"oss://{hook.viapi_conn_id}@{BUCKET}/films/", ACTION)
        assert "guessed" not in str(raised.value)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_without_permission(self, tmp_path: Path) -> None:
        tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)

        with pytest.raises(PermissionDenied, match="may not write"):
            landing.check_writable(f"{tmp_path.as_uri()}/new/", ACTION)

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
    def test_a_place_that_takes_no_files_whatever_its_permissions_say(self) -> None:
        with pytest.raises(PermissionDenied, match=r"may not write: nothing can be written to /proc"):
            landing.check_writable("file:///proc/new/", ACTION)

    def test_a_file_in_place_of_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "film.mp4").write_bytes(b"film")

        with pytest.raises(InvalidRequest, match="is not a folder"):
            landing.check_writable(f"{tmp_path.as_uri()}/film.mp4/", ACTION)

    @pytest.mark.parametrize(
        ("to", "package"), [("sftp://h/films/", "sftp"), ("nowhere://b/films/", "provider")]
    )
    def test_a_storage_that_is_not_installed_is_named_with_its_package(self, to: str, package: str) -> None:
        with pytest.raises(ServiceError, match=f"land_to is '{to}'.*{package}"):
            landing.check_writable(to, ACTION)

    def test_without_its_sdk_oss_is_named_with_its_package(
        self, team: TeamStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "alibabacloud_oss_v2", None)

        with pytest.raises(ConfigurationError, match=r"pip install 'airflow-provider-viapi\[oss\]'"):
            landing.check_writable(f"oss://{team.hook.viapi_conn_id}@{BUCKET}/", ACTION)

    def test_a_storage_that_cannot_be_reached(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_GONE", connection_json("http://127.0.0.1:9"))

        with pytest.raises(TransientError, match="could not be reached"):
            landing.check_writable("s3://aws_gone@media/films/", ACTION)

    def test_a_name_that_is_too_long_with_the_tasks_name_in_it(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequest, match="names of at most 255 bytes"):
            landing.check_writable(f"{tmp_path.as_uri()}/", ACTION, names={"task_id": "t" * 220})

    def test_path_objects_are_destinations(self, server: FileServer, tmp_path: Path) -> None:
        landing.check_writable(tmp_path / "a.mp4", ACTION)

        land(server, tmp_path / "a.mp4")  # type: ignore[arg-type]
        land(server, ObjectStoragePath(f"file://{tmp_path}/b.mp4"))  # type: ignore[arg-type]

        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


class TestLinksThatHaveEnded:
    def test_the_result_is_asked_for_again(self, server: FileServer, place: Place) -> None:
        server.script = [FileResponse(status=403, code="AccessDenied")]

        land(
            server,
            f"{place.url}/erased.mp4",
            refresh_links=lambda: {"VideoUrl": f"{server.url}/results/video.mp4?Expires=2"},
        )

        assert [path.partition("?")[2] for path, _ in server.requests] == [
            "Expires=1&Signature=secret",
            "Expires=2",
        ]
        assert place.files() == {"erased.mp4": FILM}

    def test_a_download_whose_link_expires_resumes_from_the_new_link(
        self, server: FileServer, place: Place
    ) -> None:
        server.script = [FileResponse(cut_after=1 << 20), FileResponse(status=403, code="AccessDenied")]

        land(server, f"{place.url}/erased.mp4", refresh_links=lambda: {"VideoUrl": f"{server.url}/new.mp4"})

        assert server.requests[-1] == ("/new.mp4", f"bytes={1 << 20}-")
        assert place.files() == {"erased.mp4": FILM}

    @pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchKey")])
    def test_only_once(self, server: FileServer, place: Place, status: int, code: str) -> None:
        server.script = [FileResponse(status=status, code=code)] * 3
        asked: list[int] = []
        ended = int(time.time()) - 720
        result = {"VideoUrl": f"{server.url}/results/video.mp4?Expires={ended}&Signature=secret"}

        def again() -> dict[str, str]:
            asked.append(1)
            return result

        with pytest.raises(
            ResultExpired, match=r"VideoUrl of job JOB-1: the link expired 12 minutes ago"
        ) as raised:
            land(server, f"{place.url}/erased.mp4", result=result, refresh_links=again)

        assert (len(asked), len(server.requests)) == (1, 2)
        assert 719 < (raised.value.age or 0) < 780
        assert (raised.value.code, raised.value.http_status, raised.value.action) == (
            code,
            status,
            ACTION.name,
        )
        assert "secret" not in str(raised.value)
        assert place.files() == {}
        assert place.left_over() == []

    def test_without_anybody_to_ask_it_is_over_at_once(self, server: FileServer, place: Place) -> None:
        server.script = [FileResponse(status=404)]

        with pytest.raises(ResultExpired):
            land(server, f"{place.url}/erased.mp4")

        assert len(server.requests) == 1

    def test_a_file_that_an_earlier_attempt_landed_is_kept(self, server: FileServer, place: Place) -> None:
        land(server, f"{place.url}/")
        server.script = [FileResponse(status=403, code="AccessDenied")]

        landed = land(server, f"{place.url}/")

        assert landed == {"VideoUrl": f"{place.url}/erase-VideoUrl-JOB-1.mp4"}

    def test_a_wrong_signature_is_not_taken_for_an_expired_one(
        self, server: FileServer, place: Place
    ) -> None:
        server.script = [FileResponse(status=403, code="SignatureDoesNotMatch")] * 2

        with pytest.raises(CredentialsRejected):
            land(server, f"{place.url}/a.mp4", refresh_links=lambda: {"VideoUrl": f"{server.url}/a.mp4"})


class TestWhatIsThereAlready:
    def test_a_retry_keeps_a_complete_file_of_the_same_job(self, server: FileServer, place: Place) -> None:
        land(server, f"{place.url}/")
        (name,) = place.files()
        place.put(name, FILM[::-1])

        land(server, f"{place.url}/")

        assert place.files() == {name: FILM[::-1]}

    def test_one_of_another_length_is_replaced(self, server: FileServer, place: Place) -> None:
        place.put("erase-VideoUrl-JOB-1.mp4", FILM[:-1])

        land(server, f"{place.url}/")

        assert place.files() == {"erase-VideoUrl-JOB-1.mp4": FILM}

    @pytest.mark.parametrize("made", [-60.0, 60.0, None])
    def test_under_a_name_without_the_job_it_is_replaced(
        self, server: FileServer, place: Place, made: float | None
    ) -> None:
        place.put("erased.mp4", FILM[::-1])
        server.modified = made and time.time() + made

        land(server, f"{place.url}/erased.mp4")

        assert place.files() == {"erased.mp4": FILM}

    def test_a_download_that_fails_leaves_the_earlier_file_alone(
        self, server: FileServer, place: Place
    ) -> None:
        place.put("erased.mp4", b"an earlier run's")
        server.script = [FileResponse(cut_after=1 << 20), *[FileResponse(cut_after=0) for _ in range(9)]]

        with pytest.raises(TransientError):
            land(server, f"{place.url}/erased.mp4")

        assert place.files() == {"erased.mp4": b"an earlier run's"}


class TestStorageThatCannotTakeIt:
    @pytest.mark.parametrize("limit", [1 << 20, len(FILM) - 1])
    def test_a_full_disk_leaves_nothing_behind(self, server: FileServer, tmp_path: Path, limit: int) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(ServiceError, match="File too large"):
                land(server, f"{tmp_path.as_uri()}/erased.mp4")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_without_permission(self, server: FileServer, tmp_path: Path) -> None:
        tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)

        with pytest.raises(ServiceError, match="Permission denied"):
            land(server, f"{tmp_path.as_uri()}/erased.mp4")

    def test_a_folder_under_the_name_of_the_file(self, server: FileServer, tmp_path: Path) -> None:
        (tmp_path / "erased.mp4").mkdir()

        with pytest.raises(ServiceError, match="Is a directory"):
            land(server, f"{tmp_path.as_uri()}/erased.mp4")

        assert [path.name for path in tmp_path.rglob("*")] == ["erased.mp4"]

    @pytest.mark.parametrize("size", [1000, len(FILM)])
    def test_a_bucket_without_permission(self, server: FileServer, bucket: Bucket, size: int) -> None:
        server.content = (FILM * 4)[:size]
        bucket.client.put_bucket_policy(
            Bucket=bucket.name,
            Policy='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
            f'"Action": "s3:PutObject", "Resource": "arn:aws:s3:::{bucket.name}/*"}}]}}',
        )

        with pytest.raises(ServiceError, match="PermissionError"):
            land(server, f"{bucket.url}/erased.mp4")

        assert bucket.list() == []
        assert bucket.unfinished() == []

    def test_a_bucket_that_is_not_there(self, server: FileServer, bucket: Bucket) -> None:
        with pytest.raises(ServiceError, match="bucket does not exist"):
            land(server, f"{bucket.url}-no-such/erased.mp4")

    def test_a_storage_that_no_provider_opens(self, server: FileServer) -> None:
        with pytest.raises(InvalidRequest, match="nowhere://"):
            land(server, "nowhere://bucket/erased.mp4")

    def test_a_part_that_oss_refuses_once_is_sent_again(
        self, server: FileServer, team: TeamStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.content = os.urandom(12 << 20)
        put_part, numbers = Upload.put_part, []

        def refuse_the_second(upload: Upload, number: int, content: bytes) -> None:
            numbers.append(number)
            if len(numbers) == 2:
                raise TransientError("OSS is busy", code="ServiceUnavailable", http_status=503)
            put_part(upload, number, content)

        monkeypatch.setattr(Upload, "put_part", refuse_the_second)
        place = InTeamBucket(team)

        land(server, f"{place.url}/erased.mp4")

        assert place.files() == {"erased.mp4": server.content}
        assert server.requested_ranges == [None, None]
        assert place.left_over() == []

    def test_a_storage_that_is_gone_is_named_with_the_job_and_what_a_retry_does(
        self, server: FileServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_GONE", connection_json("http://127.0.0.1:9"))

        with pytest.raises(
            ServiceError,
            match=r"VideoUrl of job JOB-1 cannot be written to 's3://media/.*': EndpointConnectionError.*retry",
        ) as raised:
            land(server, "s3://aws_gone@media/erased.mp4")

        assert (raised.value.code, raised.value.action) == ("ResultNotStored", ACTION.name)

    def test_what_a_worker_that_died_has_left_is_removed_by_a_later_one(
        self, server: FileServer, tmp_path: Path
    ) -> None:
        forgotten, alive = tmp_path / ".viapi-0000.part", tmp_path / ".viapi-1111.part"
        for path in (forgotten, alive):
            path.write_bytes(b"half a film")
        long_ago = time.time() - atomic_file.MAX_IDLE_SECONDS - 1
        os.utime(forgotten, (long_ago, long_ago))

        land(server, f"{tmp_path.as_uri()}/erased.mp4")

        assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, "erased.mp4"]


class TestHostsInside:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
    def test_a_link_that_leads_inside_is_refused(self, server: FileServer, tmp_path: Path, host: str) -> None:
        port = server.url.rpartition(":")[2]

        with pytest.raises(PermissionDenied, match="private address"):
            land(
                server,
                f"{tmp_path.as_uri()}/a.mp4",
                result={"VideoUrl": f"http://{host}:{port}/a.mp4"},
                allowed_hosts=[],
            )

        assert server.requests == []
        assert list(tmp_path.iterdir()) == []

    def test_another_port_of_an_allowed_host_is_not_allowed(self, server: FileServer, tmp_path: Path) -> None:
        with pytest.raises(PermissionDenied, match="private address"):
            land(server, f"{tmp_path.as_uri()}/a.mp4", allowed_hosts=["127.0.0.1:1"])

        land(server, f"{tmp_path.as_uri()}/a.mp4", allowed_hosts=["127.0.0.1"])

    def test_the_default_port_of_an_allowed_host_need_not_be_in_the_address(self) -> None:
        with public_session(HttpSettings(), ["127.0.0.1:80"]) as session:
            for url in ("http://127.0.0.1/x", "http://127.0.0.1:80/x"):
                # Nothing listens there, or something does: it is asked.
                with suppress(requests.ConnectionError):
                    session.get(url, timeout=2)
            with pytest.raises(PermissionDenied):
                session.get("https://127.0.0.1/x", timeout=2)

    def test_a_redirect_is_followed(self, server: FileServer, place: Place) -> None:
        server.script = [FileResponse(location="/moved.mp4")]

        land(server, f"{place.url}/erased.mp4")

        assert server.requests[-1][0] == "/moved.mp4"
        assert place.files() == {"erased.mp4": FILM}

    def test_but_not_inside(self, server: FileServer, tmp_path: Path) -> None:
        with file_server() as inside:
            server.script = [FileResponse(location=f"{inside.url}/secrets")]

            with pytest.raises(PermissionDenied, match="private address"):
                land(server, f"{tmp_path.as_uri()}/a.mp4")

            assert inside.requests == []

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://files.test/x"])
    def test_nor_to_anything_but_http(self, server: FileServer, tmp_path: Path, location: str) -> None:
        server.script = [FileResponse(location=location)]

        with pytest.raises(InvalidRequest, match="allowed: http"):
            land(server, f"{tmp_path.as_uri()}/a.mp4")

    def test_nor_for_ever(self, server: FileServer, tmp_path: Path) -> None:
        server.script = [FileResponse(location="/again")] * 20

        with pytest.raises(ServiceError, match="redirects"):
            land(server, f"{tmp_path.as_uri()}/a.mp4")

    @pytest.mark.parametrize(
        ("address", "outside"),
        [
            ("8.8.8.8", True),
            ("2400:3200::1", True),
            ("10.0.0.1", False),
            ("172.16.0.1", False),
            ("192.168.1.1", False),
            ("169.254.169.254", False),
            ("100.100.100.200", False),
            ("0.0.0.0", False),
            ("224.0.0.1", False),
            ("::1", False),
            ("fe80::1%eth0", False),
            ("fd00::1", False),
            ("::ffff:10.0.0.1", False),
            ("2002:7f00:1::", False),
            ("198.18.0.1", False),
            ("198.19.255.254", False),
            ("64:ff9b::10.0.0.1", False),
            ("64:ff9b::8.8.8.8", True),
            ("64:ff9b:1::10.0.0.1", False),
            ("::ffff:198.18.0.1", False),
            ("::ffff:8.8.8.8", True),
            ("2002:0a00:0001::1", False),
            ("2001:0:41:0:0:0:f5ff:fffe", False),
            ("2001:0:0808:0808:0:0:f7f7:f7f7", True),
            ("::10.0.0.1", False),
            ("fec0::1", False),
        ],
    )
    def test_what_is_inside(self, address: str, outside: bool) -> None:
        from airflow_provider_viapi.media.ssrf_guard import is_public_address

        assert is_public_address(address) is outside


def test_neither_log_nor_error_holds_the_signature(
    server: FileServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script = [FileResponse(cut_after=1 << 20), FileResponse(status=403, code="AccessDenied")]

    with pytest.raises(ResultExpired) as raised:
        land(server, f"{tmp_path.as_uri()}/a.mp4")

    assert "secret" not in caplog.text + repr(raised.value) + str(raised.value.as_dict())


@pytest.mark.parametrize("name", ["videoURL", "VideoCoverUrl"])
def test_a_result_without_its_file_is_not_passed_over(server: FileServer, tmp_path: Path, name: str) -> None:
    with pytest.raises(ServiceError, match="lacks the file to store"):
        land(server, f"{tmp_path.as_uri()}/", result={name: f"{server.url}/cover.jpg"})


@pytest.mark.parametrize(
    "address",
    [
        *(
            "http://[::1/film.mp4",
            "http://[bad]/film.mp4",
            "http://a\u2100b/film.mp4",
            "http://host:99999/film.mp4",
        ),
        *("http://host:port/film.mp4", "http:///film.mp4", "http://", "ftp://host/film.mp4", "/film.mp4"),
    ],
)
def test_a_link_that_cannot_be_requested_is_refused_at_once(
    server: FileServer, tmp_path: Path, address: str
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        land(server, f"file://{tmp_path}/", result={"VideoUrl": f"{address}?Signature=secret"})

    assert raised.value.code == "InvalidResultAddress"
    assert "secret" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_a_redirect_to_an_address_that_cannot_be_requested_is_refused(
    server: FileServer, tmp_path: Path
) -> None:
    server.script = [FileResponse(location="http://[bad]/film.mp4")]

    with pytest.raises(InvalidRequest, match="bad"):
        land(server, f"file://{tmp_path}/")


def test_why_a_file_could_not_be_renamed_is_raised_although_it_cannot_be_removed_either() -> None:
    class Refusing(MemoryFileSystem):
        cachable = False
        is_refusing = True

        def cp_file(self, *_: Any, **__: Any) -> None:
            raise PermissionError("may not be renamed")

        def rm_file(self, path: str) -> None:
            if self.is_refusing:
                raise PermissionError("may not be removed")
            super().rm_file(path)

    storage = Refusing()
    attach("memory", "refusing", fs=storage)
    try:
        with (
            pytest.raises(PermissionError, match="may not be renamed"),
            AtomicFile(open_path("memory://refusing@/refused/x.mp4")) as file,
        ):
            file.write(b"film")
            file.commit()
    finally:
        storage.is_refusing = False
        storage.rm("/refused", recursive=True)


def test_a_name_with_the_marks_of_a_pattern_is_one_file_on_a_storage_that_copies_to_rename() -> None:
    storage = MemoryFileSystem()
    attach("memory", fs=storage)
    names = ["/out[1]/x.mp4", "/what?/x.mp4", "/a*b/x.mp4", "/plain/x[1]*?.mp4"]
    try:
        for name in names:
            with AtomicFile(open_path(f"memory://{name}")) as file:
                file.write(b"film")
                file.commit()

        assert {name: storage.cat_file(name) for name in names} == dict.fromkeys(names, b"film")
        assert len(storage.find("/")) == len(names)
    finally:
        for name in names:
            storage.rm_file(name)
