"""Media from where the team keeps them to where the service can read them."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_viapi.alibaba.services import imgsearch, videoenhan
from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.model import Job
from airflow_provider_viapi.media.inputs import staging_bucket
from airflow_provider_viapi.media.inputs.request_media import check_request_media, check_staging_location
from airflow_provider_viapi.media.inputs.staging import Staging, StagingSettings
from media.moto_s3 import Bucket, bucket, moto_endpoint
from media.team_storage import TeamStorage, storage_emulator, team

__all__ = ["bucket", "moto_endpoint", "storage_emulator", "team"]

ERASE = videoenhan.ERASE_VIDEO_SUBTITLES
FILM = bytes(range(256)) * 1000
LOG = logging.getLogger("staging")
TO = "oss://team/staged"


def stage(team: TeamStorage, address: Any, *, to: str | None = TO, holder: str = "erase") -> str:
    """Return the address that the service gets for a video."""
    request = check_request_media(ERASE, {"VideoUrl": address})
    staged = staging_of(team, to=to, holder=holder).stage(ERASE, request)
    assert ERASE.check(staged) == staged
    return str(staged["VideoUrl"])


def release(team: TeamStorage, address: str, *, holder: str = "erase") -> None:
    staging_of(team, holder=holder).release(ERASE, {"VideoUrl": address})


def staging_of(team: TeamStorage, **others: Any) -> Staging:
    settings = StagingSettings(initial_backoff=0.0, part_size=100 << 10)
    return Staging(
        team.hook,
        **{"to": TO, "dag_run": "run-1", "holder": "erase", "log": LOG, "settings": settings, **others},
    )


@pytest.fixture
def film(tmp_path: Path) -> str:
    (tmp_path / "film.mp4").write_bytes(FILM)
    return (tmp_path / "film.mp4").as_uri()


@pytest.mark.parametrize("to", [TO, None])
@pytest.mark.parametrize("address", ["http://h/a.mp4", "https://h/a.mp4?Signature=x", "HTTP://h/a.mp4"])
def test_a_web_address_passes_as_it_is(team: TeamStorage, address: str, to: str | None) -> None:
    assert stage(team, address, to=to) == address
    assert team.keys() == []


@pytest.mark.parametrize("to", [TO, None])
@pytest.mark.parametrize("name", ["film.mp4", "影 片 50%.mp4", "100%25.mp4", "a?b#c.mp4", "a+b&c=d.mp4"])
def test_a_film_on_s3_can_be_read_by_the_service(
    team: TeamStorage, bucket: Bucket, name: str, to: str | None
) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key=f"in/{name}", Body=FILM)

    address = stage(team, f"{bucket.url}/in/{name}", to=to)

    assert httpx.get(address).content == FILM
    assert quote(address, safe=":/?&=%-._~") == address


@pytest.mark.parametrize("to", [TO, None])
def test_a_file_on_the_worker_can_be_read_by_the_service(
    team: TeamStorage, film: str, to: str | None
) -> None:
    assert httpx.get(stage(team, film, to=to)).content == FILM


@pytest.mark.parametrize("to", [TO, None])
def test_a_job_reads_the_staged_copy(team: TeamStorage, film: str, to: str | None) -> None:
    staged = staging_of(team, to=to).stage(ERASE, {"VideoUrl": film, "BX": 0.1})
    job = Job(team.hook.call(ERASE, staged)["RequestId"], ERASE.full_name)
    deadline = datetime.now(timezone.utc) + timedelta(minutes=2)
    result = asyncio.run(team.hook.wait_for(job, deadline=deadline, log=LOG)).result_or_raise()

    assert staged["BX"] == 0.1
    assert httpx.get(result["VideoUrl"]).content == FILM


def test_path_objects_are_addresses(team: TeamStorage, film: str) -> None:
    path = Path(film.removeprefix("file://"))

    for source in (path, ObjectStoragePath(f"file://{path}")):
        assert httpx.get(stage(team, source)).content == FILM


def test_an_object_in_shanghai_only_gets_a_link(team: TeamStorage) -> None:
    address = team.put("films/a.mp4", FILM)

    link = stage(team, address)

    assert team.keys() == ["films/a.mp4"]
    assert link.startswith(f"{team.emulator.url}/team/films/a.mp4?")
    assert httpx.get(link).content == FILM


def test_an_object_with_a_name_that_the_service_stumbles_over_is_copied(team: TeamStorage) -> None:
    link = stage(team, team.put("films/影片 1.mp4", FILM))

    assert httpx.get(link).content == FILM
    assert "/staged/" in link


def test_a_link_is_good_for_longer_than_the_queue(team: TeamStorage, film: str) -> None:
    seconds = int(httpx.URL(stage(team, film)).params["x-oss-expires"])

    assert 24 * 3600 < seconds <= staging_bucket.LINK_LIFETIME.total_seconds()


def test_a_large_film_goes_up_in_parts(team: TeamStorage, film: str) -> None:
    address = stage(team, film)

    (copy,) = team.copies()
    found = team.oss.head("team", copy)
    assert found is not None
    assert found.etag.endswith("-3")
    assert httpx.get(address).content == FILM
    assert team.half_uploads() == 0


def test_a_source_is_copied_once_in_a_dag_run(team: TeamStorage, film: str) -> None:
    first = stage(team, film, holder="erase")
    (copy,) = team.copies()
    before = team.oss.head("team", copy)
    second = stage(team, film, holder="reframe")

    assert team.copies() == [copy]
    assert team.oss.head("team", copy) == before
    assert httpx.URL(first).path == httpx.URL(second).path


def test_another_dag_run_has_a_copy_of_its_own(team: TeamStorage, film: str) -> None:
    stage(team, film)
    staging_of(team, dag_run="run-2").stage(ERASE, {"VideoUrl": film})

    assert len(team.copies()) == 2


def test_a_source_that_has_changed_is_copied_again(team: TeamStorage, film: str, tmp_path: Path) -> None:
    stage(team, film)
    (tmp_path / "film.mp4").write_bytes(FILM[::-1])

    assert httpx.get(stage(team, film)).content == FILM[::-1]


def test_a_copy_is_removed_when_the_job_is_over(team: TeamStorage, film: str) -> None:
    stage(team, film)

    release(team, film)

    assert team.keys() == []


def test_a_copy_stays_for_the_other_task_that_uses_it(team: TeamStorage, film: str) -> None:
    stage(team, film, holder="erase")
    link = stage(team, film, holder="reframe")

    release(team, film, holder="erase")

    assert httpx.get(link).content == FILM
    release(team, film, holder="reframe")
    assert team.keys() == []


def test_a_copy_is_removed_though_its_source_is_gone(team: TeamStorage, film: str, tmp_path: Path) -> None:
    stage(team, film)
    (tmp_path / "film.mp4").unlink()

    release(team, film)

    assert team.keys() == []


def test_releasing_what_was_never_staged_is_no_error(team: TeamStorage, film: str) -> None:
    release(team, film)
    release(team, "http://h/a.mp4")
    staging_of(team, to=None).release(ERASE, {"VideoUrl": film})


def test_copies_that_cannot_be_removed_are_named_and_raise_nothing(
    team: TeamStorage, film: str, caplog: pytest.LogCaptureFixture
) -> None:
    staging_of(team, to="oss://nobody@team/staged").release(ERASE, {"VideoUrl": film})

    assert "Staged copies below oss://nobody@team/staged could not be deleted" in caplog.text


def test_the_items_of_a_list_are_staged_each(team: TeamStorage, bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40_000))
    bucket.client.put_object(Bucket=bucket.name, Key="a.mp4", Body=FILM)
    files = [
        {"FileName": "a.mp4", "FileUrl": f"{bucket.url}/a.mp4", "Type": "video"},
        {"FileName": "b.png", "FileUrl": (tmp_path / "b.png").as_uri(), "Type": "image"},
        {"FileName": "c.mp3", "FileUrl": "http://h/c.mp3", "Type": "audio"},
        {"FileName": "a2.mp4", "FileUrl": f"{bucket.url}/a.mp4", "Type": "video"},
    ]
    action = videoenhan.GENERATE_VIDEO
    request = check_request_media(action, {"FileList": files, "Mute": True})

    staged = staging_of(team).stage(action, request)

    addresses = [item["FileUrl"] for item in staged["FileList"]]
    assert [item["FileName"] for item in staged["FileList"]] == ["a.mp4", "b.png", "c.mp3", "a2.mp4"]
    assert httpx.get(addresses[0]).content == FILM
    assert addresses[1].partition("?")[0].endswith("b.png")
    assert addresses[2] == "http://h/c.mp3"
    assert addresses[3] == addresses[0]
    assert request["FileList"][0]["FileUrl"] == files[0]["FileUrl"]
    staging_of(team).release(action, request)
    assert team.keys() == []


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/a.mp4",
        "s3://conn@bucket/影 片.mp4",
        "gs://bucket/a.mp4",
        "abfs://container/a.mp4",
        "oss://bucket/a.mp4",
        "file:///data/a.mp4",
    ],
)
def test_an_address_in_object_storage_is_accepted_when_a_dag_is_parsed(address: str) -> None:
    assert check_request_media(ERASE, {"VideoUrl": address}) == {"VideoUrl": address}
    assert check_request_media(imgsearch.ADD_IMAGE, {"DbName": "db", "EntityId": "a", "ImageUrl": address})


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("nonsense://bucket/a.mp4", "no installed package supports nonsense://"),
        ("/data/a.mp4", "http://"),
        ("s3:/bucket/a.mp4", "http://"),
        ("S3://bucket/a.mp4", "http://"),
        ("s3://", "with a bucket or a path"),
        ("s3://bucket/films/", "names a file"),
        ("s3://bucket/../a.mp4", r"without \.\."),
        ("file:///data/../etc/a.mp4", r"without \.\."),
        ("s3://bucket/a\n.mp4", "http://"),
        (7, "http://"),
    ],
)
def test_an_address_that_nothing_opens_is_refused_when_a_dag_is_parsed(address: Any, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        check_request_media(ERASE, {"VideoUrl": address})


def test_the_service_is_sent_web_addresses_only() -> None:
    with pytest.raises(InvalidRequest, match="VideoUrl"):
        ERASE.check({"VideoUrl": "s3://bucket/a.mp4"})


@pytest.mark.parametrize(
    "to", ["oss://team", "oss://team/", "oss://team/a/b-c_d.e", "oss://conn@team/a", None]
)
def test_a_bucket_of_the_teams_is_named_by_its_address(to: str | None) -> None:
    check_staging_location(to)


@pytest.mark.parametrize(
    "to",
    [
        "s3://team/a",
        "team/a",
        "oss://",
        "oss://Team/a",
        "oss://team/影",
        "oss://team/a/../b",
        "oss://team/a//b",
        f"oss://team/{'a' * 513}",
    ],
)
def test_another_place_is_refused(to: str) -> None:
    with pytest.raises(InvalidRequest, match="oss://bucket/prefix"):
        check_staging_location(to)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a.mp4", "a.mp4"),
        ("My Film (1).MP4", "My-Film-1.MP4"),
        ("影片.mp4", "media.mp4"),
        ("影片.影", "media"),
        ("..", "media"),
        ("a.tar.gz", "a-tar.gz"),
        ("x" * 300 + ".mov", "x" * 60 + ".mov"),
    ],
)
def test_a_copy_has_a_plain_name_with_the_same_ending(name: str, plain: str) -> None:
    assert staging_bucket.ascii_name(name) == plain


@pytest.mark.parametrize("address", ["file:///data/a.mp4", "oss://team/a.mp4"])
def test_what_is_missing_to_use_oss_is_named(
    team: TeamStorage, film: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "alibabacloud_oss_v2", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'airflow-provider-viapi\[oss\]'"):
        stage(team, film if address.startswith("file") else address)


def test_no_signature_is_logged(team: TeamStorage, film: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    signature = httpx.URL(stage(team, film)).params["x-oss-signature"]
    stage(team, film, to=None)

    assert "film.mp4" in caplog.text
    assert signature not in caplog.text
    assert team.emulator.access_key_secret not in caplog.text


def test_the_connection_is_read_once_for_many_copies(
    team: TeamStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    get_connection = ViapiHook.get_connection

    def count(conn_id: str) -> Any:
        read.append(conn_id)
        return get_connection(conn_id)

    to = team.put("in/b.jpg", b"another")
    addresses = [f"file://{tmp_path}/a.jpg", to]
    (tmp_path / "a.jpg").write_bytes(b"a picture")
    monkeypatch.setattr(ViapiHook, "get_connection", staticmethod(count))

    for number in range(5):
        staging = Staging(
            team.hook, to="oss://team/p", dag_run="r", holder=str(number), log=logging.getLogger("x")
        )
        for address in addresses:
            staging.stage_file(address, "imgsearch")

    assert len(read) <= 2
