"""oss:// in Airflow's ObjectStoragePath."""

from __future__ import annotations

import json
import os
from pathlib import Path

import fsspec
import httpx
import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.fs import oss
from airflow_provider_viapi.fs.oss_client import Place, open_oss, place_of
from airflow_provider_viapi.get_provider_info import get_provider_info
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.renewable_credentials import Credentials
from media.team_storage import TeamStorage, storage_emulator, team

__all__ = ["storage_emulator", "team"]

# As the distribution's entry point does.
fsspec.register_implementation("oss", f"{oss.__name__}.OssFileSystem", clobber=True)

BLOCK = 1 << 20
LARGE = os.urandom(3 * BLOCK + 17)


@pytest.fixture
def folder(team: TeamStorage) -> ObjectStoragePath:
    return ObjectStoragePath(f"oss://{team.hook.viapi_conn_id}@team/films")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "conn_id is missing"),
        ({"key": "LTAI1", "secret": "s3cret"}, "key, secret cannot be used"),
        ({"conn_id": "viapi_default", "endpoint": "http://oss"}, "endpoint cannot be used"),
    ],
)
def test_what_is_meant_for_ossfs_is_refused_instead_of_opened_with_another_identity(
    options: dict[str, str], why: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{why}.*ossfs.OSSFileSystem") as raised:
        fsspec.filesystem("oss", **options)
    assert "s3cret" not in str(raised.value)


def test_the_region_of_buckets_is_taken_without_blanks_and_is_part_of_a_host_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def place(region: object) -> Place:
        fields = {"conn_type": "viapi", "login": "i", "password": "s", "extra": {"region": region}}
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
        return open_oss(ViapiHook()).place

    assert place("cn-hangzhou ").endpoint == "https://oss-cn-hangzhou.aliyuncs.com"
    assert place("").region == "cn-shanghai"
    for region in (5, ["x"], True, "cn hangzhou", "evil.example/x"):
        with pytest.raises(ConfigurationError, match=r"'viapi_default' has .* as region in its extra"):
            place(region)


def test_airflow_finds_it() -> None:
    assert oss.__name__ in get_provider_info()["filesystems"]
    assert oss.schemes == ["oss"]
    assert isinstance(oss.get_fs("viapi_default", {}), oss.OssFileSystem)


@pytest.mark.parametrize("content", [b"", b"small", LARGE, LARGE[: 2 * BLOCK]])
def test_what_was_written_is_read(team: TeamStorage, folder: ObjectStoragePath, content: bytes) -> None:
    path = folder / "影 片 %.mp4"
    with path.open("wb", block_size=BLOCK) as file:
        for start in range(0, len(content), 300_000):
            file.write(content[start : start + 300_000])

    with path.open("rb", block_size=BLOCK) as file:
        assert file.read(1000) + file.read() == content
    assert path.stat().st_size == len(content)
    assert team.content("films/影 片 %.mp4") == content if content else True


def test_a_file_is_there_only_when_it_is_whole(team: TeamStorage, folder: ObjectStoragePath) -> None:
    with (folder / "a").open("wb", block_size=BLOCK) as file:
        file.write(LARGE)
        assert team.keys() == []

    assert team.keys() == ["films/a"]


def test_half_a_file_is_thrown_away(team: TeamStorage, folder: ObjectStoragePath) -> None:
    with pytest.raises(ValueError, match="lost"), (folder / "a").open("wb", block_size=BLOCK) as file:
        file.write(LARGE)
        raise ValueError("lost")

    assert team.keys() == []
    assert team.half_uploads() == 0


@pytest.mark.parametrize("content", [b"", b"small", LARGE])
def test_a_file_can_be_committed_later_or_not_at_all(
    team: TeamStorage, folder: ObjectStoragePath, content: bytes
) -> None:
    file = folder.fs.open("team/films/a", "wb", block_size=BLOCK, autocommit=False)
    file.write(content)
    file.close()
    assert team.keys() == []

    file.commit()
    assert team.content("films/a") == content if content else team.keys() == ["films/a"]

    file = folder.fs.open("team/films/b", "wb", block_size=BLOCK, autocommit=False)
    file.write(content)
    file.discard()
    assert team.keys() == ["films/a"]
    assert team.half_uploads() == 0


def test_folders_are_what_lies_in_them(team: TeamStorage, folder: ObjectStoragePath) -> None:
    for key in ("films/a.mp4", "films/2026/b.mp4", "other/c.mp4"):
        team.put(key, b"x")

    assert sorted(path.name for path in folder.iterdir()) == ["2026", "a.mp4"]
    assert [path.name for path in folder.glob("**/*.mp4")] == ["b.mp4", "a.mp4"]
    assert folder.is_dir()
    assert (folder / "a.mp4").is_file()
    assert not (folder / "a").exists()
    assert not ObjectStoragePath(f"oss://{team.hook.viapi_conn_id}@team/none").exists()


def test_a_file_is_moved_copied_and_removed(
    team: TeamStorage, folder: ObjectStoragePath, tmp_path: Path
) -> None:
    team.put("films/a.mp4", LARGE)

    (folder / "a.mp4").rename(folder / "b.mp4")
    (folder / "b.mp4").copy(ObjectStoragePath((tmp_path / "c.mp4").as_uri()))
    assert team.keys() == ["films/b.mp4"]
    assert (tmp_path / "c.mp4").read_bytes() == LARGE

    (folder / "b.mp4").unlink()
    assert team.keys() == []


def test_a_file_that_is_replaced_while_it_is_read_is_not_mixed(
    team: TeamStorage, folder: ObjectStoragePath
) -> None:
    team.put("films/a.mp4", LARGE)

    with (folder / "a.mp4").open("rb", block_size=1000, cache_type="none") as file:
        file.read(1000)
        team.put("films/a.mp4", LARGE[::-1])
        with pytest.raises(Exception, match="was changed"):
            file.read(1000)


def test_a_link_can_be_had(team: TeamStorage, folder: ObjectStoragePath) -> None:
    team.put("films/a.mp4", b"film")

    assert httpx.get((folder / "a.mp4").sign(60)).content == b"film"


def test_missing_and_forbidden_objects_raise_the_errors_of_files(
    team: TeamStorage, folder: ObjectStoragePath
) -> None:
    with pytest.raises(FileNotFoundError):
        (folder / "none").open("rb")
    with (
        pytest.raises(PermissionError),
        ObjectStoragePath(f"oss://{team.hook.viapi_conn_id}@viapi-uploads/a").open("wb") as file,
    ):
        file.write(LARGE * 3)


KEY = Credentials("id", "secret")


@pytest.mark.parametrize(
    ("endpoint", "region", "place"),
    [
        (None, None, Place("cn-shanghai", "https://oss-cn-shanghai.aliyuncs.com", False)),
        (None, "cn-beijing", Place("cn-beijing", "https://oss-cn-beijing.aliyuncs.com", False)),
        (
            "https://oss-cn-hangzhou-internal.aliyuncs.com",
            None,
            Place("cn-hangzhou", "https://oss-cn-hangzhou-internal.aliyuncs.com", False),
        ),
        (
            "https://videoenhan-vpc.cn-shanghai.aliyuncs.com",
            None,
            Place("cn-shanghai", "https://oss-cn-shanghai.aliyuncs.com", False),
        ),
        ("http://127.0.0.1:8765", None, Place("cn-shanghai", "http://127.0.0.1:8765", True)),
    ],
)
def test_where_the_buckets_are(endpoint: str | None, region: str | None, place: Place) -> None:
    assert place_of(Account(KEY, endpoint=endpoint), region) == place


def test_all_files_below_a_folder_are_found_whatever_their_keys(team: TeamStorage) -> None:
    keys = ["in/a.jpg", "in//b.jpg", "in/sub//c.jpg", "in/sub/d e#f?g%41+ü.jpg"]
    for key in [*keys, "in/sub/", "other/x.jpg"]:
        team.put(key, b"x")
    fs = oss.get_fs(team.hook.viapi_conn_id)

    found = fs.find("team/in", detail=True)

    assert list(found) == sorted(f"team/{key}" for key in keys)
    assert {fs.cat_file(name) for name in found} == {b"x"}
    assert {each["type"] for each in found.values()} == {"file"}
    assert fs.find("team/in/a.jpg") == ["team/in/a.jpg"]
    assert fs.find("team/nothing") == []
