"""The emulator in the process of a program: its beginning, its end, and what is left of it."""

from __future__ import annotations

import json
import multiprocessing
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.data_folder import DataFolderError
from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator import fake_media
from emulator.signing_caller import Caller


def test_no_process_or_thread_remains_after_it_stops_during_work(
    source: Callable[[str], str], tmp_path: Path
) -> None:
    threads, children = set(threading.enumerate()), set(multiprocessing.active_children())
    with EmulatorServer(transforms=fake_media.TRANSFORMS, data_dir=tmp_path / "data") as server:
        caller = Caller(server.url)
        job_id = caller.call("EraseVideoSubtitles", VideoUrl=source(f"wait-for {tmp_path}/never"))[
            "RequestId"
        ]
        caller.result(job_id, until=("PROCESSING",))

    assert set(multiprocessing.active_children()) == children
    assert set(threading.enumerate()) == threads
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_image_databases_outlive_it_in_a_folder_of_the_users(tmp_path: Path) -> None:
    with EmulatorServer(data_dir=tmp_path) as server:
        Caller(server.url).call("CreateImageDb", Name="photos")
    with EmulatorServer(data_dir=tmp_path) as server:
        kept = Caller(server.url).call("ListImageDbs")["Data"]

    assert kept == {"DbList": [{"Name": "photos"}]}


def test_two_do_not_share_a_folder(tmp_path: Path) -> None:
    with EmulatorServer(data_dir=tmp_path), pytest.raises(DataFolderError, match="in use"):
        EmulatorServer(data_dir=tmp_path).start()


def test_a_folder_with_another_database_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "viapi-emulator.lock").touch()
    (tmp_path / "images.sqlite").write_text("not a database, but a letter of some length " * 100)

    with pytest.raises(DataFolderError, match="not a database"):
        EmulatorServer(data_dir=tmp_path).start()


def test_a_folder_of_other_things_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "diary").write_text("Dear diary")

    with pytest.raises(DataFolderError, match="not empty"):
        EmulatorServer(data_dir=tmp_path).start()

    assert (tmp_path / "files" / "diary").read_text() == "Dear diary"


def test_a_port_that_is_in_use_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        EmulatorServer(port=other.getsockname()[1]).start()


def test_its_connection_is_one_that_airflow_reads() -> None:
    with EmulatorServer(AccessKey("an-id", "a-secret")) as server:
        connection = json.loads(server.connection_json())

    assert connection == {
        "conn_type": "viapi",
        "login": "an-id",
        "password": "a-secret",
        "extra": {"endpoint": server.url},
    }
    assert "a-secret" not in repr(server)


def test_what_needs_it_running_says_so_and_it_starts_once() -> None:
    server = EmulatorServer()
    with pytest.raises(RuntimeError, match="is not started"):
        server.jobs()

    with server, pytest.raises(RuntimeError, match="is started already"):
        server.start()


def test_results_are_set_for_actions_only() -> None:
    with (
        EmulatorServer() as server,
        pytest.raises(ValueError, match="ocr/X is not the full name of an action"),
    ):
        server.set_result("ocr/X", {})
