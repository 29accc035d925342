"""Faults on the way to the service: no job is paid for it, and no half or forgotten copy is left."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.errors import (
    ConfigurationError,
    CredentialsRejected,
    InvalidMedia,
    PermissionDenied,
    ResponseLost,
    TransientError,
)
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.media.inputs.source import stat
from airflow_provider_viapi.media.inputs.staging import Staging
from airflow_provider_viapi.media.inputs.temporary_upload import upload_for
from media.moto_s3 import Bucket, bucket, connection_json, make_bucket, moto_endpoint, moto_server
from media.team_storage import TeamStorage, connect, storage_emulator, team
from media.test_staging import ERASE, FILM, TO, stage, staging_of
from tcp_proxy import TcpProxy

__all__ = ["bucket", "moto_endpoint", "storage_emulator", "team"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(FILM)
    return path


@pytest.fixture
def line(team: TeamStorage) -> Iterator[TcpProxy]:
    line = TcpProxy(team.emulator.url)
    yield line
    line.down()


@pytest.fixture
def far(team: TeamStorage, line: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> TeamStorage:
    """The team's storage behind a line that may break."""
    monkeypatch.setattr("alibabacloud_oss_v2.retry.retryer_impl.StandardRetryer.retry_delay", lambda *_: 0.0)
    hook = connect(monkeypatch, team.emulator, line.url)
    return TeamStorage(team.emulator, hook, team.oss, team.folder)


@pytest.mark.parametrize("to", [TO, None])
def test_a_source_that_is_not_there_is_named(team: TeamStorage, tmp_path: Path, to: str | None) -> None:
    with pytest.raises(InvalidMedia, match=r"none\.mp4 does not exist"):
        stage(team, (tmp_path / "none.mp4").as_uri(), to=to)
    assert team.keys() == []


def test_a_folder_is_no_source(team: TeamStorage, tmp_path: Path) -> None:
    with pytest.raises(InvalidMedia, match="is not a file"):
        stage(team, tmp_path.as_uri())


@pytest.mark.parametrize("to", [TO, None])
def test_an_empty_file_is_refused(team: TeamStorage, source: Path, to: str | None) -> None:
    source.write_bytes(b"")

    with pytest.raises(InvalidMedia, match=r"VideoUrl: .*film\.mp4 is empty"):
        stage(team, source.as_uri(), to=to)
    assert team.keys() == []


@pytest.mark.parametrize("to", [TO, None])
@pytest.mark.parametrize("breaks", [1, 2])
def test_a_connection_that_breaks_is_made_again(
    far: TeamStorage, line: TcpProxy, source: Path, to: str | None, breaks: int
) -> None:
    line.breaks = breaks

    address = stage(far, source.as_uri(), to=to)

    assert line.breaks == 0
    assert httpx.get(address).content == FILM
    assert to is None or far.half_uploads() == 0


@pytest.mark.parametrize("to", [TO, None])
def test_a_connection_that_keeps_breaking_leaves_nothing(
    far: TeamStorage, line: TcpProxy, source: Path, to: str | None
) -> None:
    line.breaks = 1000

    with pytest.raises(TransientError) as raised:
        stage(far, source.as_uri(), to=to)

    assert line.breaks < 1000
    assert "Signature" not in str(raised.value)
    line.breaks = 0
    assert far.keys() == []
    assert far.half_uploads() == 0


@pytest.mark.parametrize("to", [TO, None])
def test_a_source_that_grows_while_it_is_read_is_no_copy(
    far: TeamStorage, line: TcpProxy, source: Path, to: str | None
) -> None:
    def grow() -> None:
        with source.open("ab") as file:
            file.write(b"more")

    line.then = grow

    with pytest.raises(TransientError, match="was changed while it was read") as raised:
        stage(far, source.as_uri(), to=to)

    assert raised.value.code == "SourceChanged"
    assert far.keys() == []
    assert far.half_uploads() == 0 or to is None


@pytest.mark.parametrize("to", [TO, None])
def test_a_source_that_is_cut_while_it_is_read_is_no_copy(
    far: TeamStorage, line: TcpProxy, source: Path, to: str | None
) -> None:
    large = FILM * 20
    source.write_bytes(large)
    line.then = lambda: source.write_bytes(large[:1000])

    with pytest.raises(TransientError, match="was changed while it was read"):
        stage(far, source.as_uri(), to=to)

    assert far.keys() == []


def test_a_source_that_vanishes_while_it_is_read_is_no_copy(
    far: TeamStorage, line: TcpProxy, source: Path
) -> None:
    line.then = source.unlink

    with pytest.raises(InvalidMedia, match="does not exist"):
        stage(far, source.as_uri())

    assert far.keys() == []
    assert far.half_uploads() == 0


def test_an_object_that_is_replaced_while_it_is_read_is_no_copy(
    far: TeamStorage, line: TcpProxy, bucket: Bucket
) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="a.mp4", Body=FILM)
    line.then = lambda: bucket.client.put_object(Bucket=bucket.name, Key="a.mp4", Body=FILM[::-1])

    with pytest.raises(TransientError):
        stage(far, f"{bucket.url}/a.mp4")

    assert far.keys() == []


def test_a_bucket_that_the_key_may_not_write_to_is_named(team: TeamStorage, source: Path) -> None:
    with pytest.raises(PermissionDenied, match="oss://viapi-uploads/"):
        stage(team, source.as_uri(), to="oss://viapi-uploads/staged")


def test_a_source_that_may_not_be_read_is_named(team: TeamStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    with moto_server() as endpoint:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_LOCKED", connection_json(endpoint))
        locked = make_bucket(endpoint, "aws_locked")
        locked.client.put_object(Bucket=locked.name, Key="a.mp4", Body=FILM)
        httpx.post(f"{endpoint}/moto-api/reset-auth", content=b"0")

        with pytest.raises(PermissionDenied, match=rf"s3://{locked.name}/a.mp4 may not be read"):
            stage(team, f"{locked.url}/a.mp4")
        httpx.post(f"{endpoint}/moto-api/reset-auth", content=b"inf")

    assert team.keys() == []


@pytest.mark.parametrize(
    ("failure", "expected", "message"),
    [
        (PermissionError("storage class"), PermissionDenied, r"VideoUrl: s3://\S+/a\.mp4 may not be read"),
        (
            EndpointConnectionError(endpoint_url="https://b.test/a.mp4?X-Amz-Signature=quoted"),
            TransientError,
            r"VideoUrl: s3://\S+/a\.mp4 could not be read",
        ),
    ],
)
def test_a_source_that_can_be_opened_but_not_read_is_named_and_no_signature_shown(
    team: TeamStorage,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    expected: type[Exception],
    message: str,
) -> None:
    def refuse(*_: Any) -> bytes:
        raise failure

    bucket.client.put_object(Bucket=bucket.name, Key="a.mp4", Body=FILM)
    monkeypatch.setattr("s3fs.core.S3File._fetch_range", refuse)

    with pytest.raises(expected, match=message) as raised:
        stage(team, f"{bucket.url}/a.mp4")

    assert "quoted" not in str(raised.value)
    assert team.keys() == []


def test_a_connection_for_another_region_is_refused_before_anything_is_copied(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"access_key_id": "LTAI", "access_key_secret": "s", "region": "cn-hangzhou"}
    monkeypatch.setenv("AIRFLOW_CONN_FAR", json.dumps({"conn_type": "alibaba_cloud", "extra": extra}))
    staging = Staging(ViapiHook("far"), to="oss://media/x", dag_run="r", holder="h", log=logging.getLogger())

    with pytest.raises(
        ConfigurationError, match="'far' is for OSS in cn-hangzhou; allowed: a bucket in cn-shanghai"
    ):
        staging.stage(ERASE, {"VideoUrl": source.as_uri()})


def test_a_wrong_secret_is_reported_as_one(
    team: TeamStorage, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = connect(monkeypatch, team.emulator, team.emulator.url, password="guessed")

    with pytest.raises(CredentialsRejected) as raised:
        stage(TeamStorage(team.emulator, hook, team.oss, team.folder), source.as_uri())
    assert "guessed" not in str(raised.value)


def test_a_provider_that_is_not_installed_is_named(team: TeamStorage) -> None:
    with pytest.raises(ConfigurationError, match="gs://"):
        stage(team, "gs://bucket/a.mp4")


def test_what_was_staged_before_something_else_failed_is_removed(team: TeamStorage, source: Path) -> None:
    second = source.with_name("second.mp4")
    second.write_bytes(FILM)
    request = {
        "FileList": [
            {"FileName": "1.mp4", "FileUrl": source.as_uri(), "Type": "video"},
            {"FileName": "2.mp4", "FileUrl": second.as_uri(), "Type": "video"},
        ]
    }

    class Deleting(logging.Filter):
        """The second file is deleted when the first one is staged."""

        def filter(self, record: logging.LogRecord) -> bool:
            if record.getMessage().startswith("Staged"):
                second.unlink()
            return True

    log = logging.Logger("staging")
    log.addFilter(Deleting())
    with pytest.raises(InvalidMedia, match="second"):
        staging_of(team, holder="generate", log=log).stage(videoenhan.GENERATE_VIDEO, request)
    assert team.keys() == []


def test_with_a_temporary_key_the_expiry_of_the_link_is_logged(
    team: TeamStorage, source: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = team.emulator.sts(3600)
    extra = '{"endpoint": "%s", "security_token": "%s"}'
    extra = {"endpoint": team.emulator.url, "security_token": key["security_token"]}
    connection = {
        "conn_type": "viapi",
        "login": key["access_key_id"],
        "password": key["access_key_secret"],
        "extra": extra,
    }
    monkeypatch.setenv("AIRFLOW_CONN_TEMPORARY", json.dumps(connection))
    hook = ViapiHook("temporary")
    caplog.set_level(logging.INFO)

    address = stage(TeamStorage(team.emulator, hook, team.oss, team.folder), source.as_uri())

    assert "expires with the temporary key" in caplog.text
    assert key["security_token"] not in caplog.text
    assert httpx.get(address).content == FILM
    assert ERASE.check({"VideoUrl": address})


@pytest.mark.parametrize("wrong", [{"Endpoint": None}, {"Bucket": ""}, {"ObjectKey": 7}])
def test_an_incomplete_permission_to_upload_is_reported_as_a_response_that_cannot_be_read(
    team: TeamStorage, source: Path, wrong: dict[str, Any]
) -> None:
    names = ("Bucket", "Endpoint", "ObjectKey", "AccessKeyId", "EncodedPolicy", "Signature")
    grant = dict.fromkeys(names, "x") | wrong

    with pytest.raises(ResponseLost, match="does not have all of Bucket, Endpoint"):
        upload_for("videoenhan", stat(f"file://{source}", team.hook), team.hook, lambda request: grant)
