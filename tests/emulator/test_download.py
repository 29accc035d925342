"""Fetching the files that a call names."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from airflow_provider_viapi.alibaba.parameters import Integer, ListOf, String, Url
from airflow_provider_viapi.emulator.download import fetch, localized, suffix
from airflow_provider_viapi.emulator.media.errors import MediaError


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", "2000" if self.path.startswith("/half") else "1000")
        self.end_headers()
        self.wfile.write(b"x" * 1000)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def fetched(url: str, folder: Path, limit: int = 1000) -> bytes:
    fetch(url, folder / "file", name="VideoUrl", code="InvalidFile.Download", limit=limit)
    return (folder / "file").read_bytes()


@pytest.mark.parametrize("path", ["/whole", "/moved"])
def test_a_file_is_downloaded_unchanged_also_after_a_redirect(web: str, tmp_path: Path, path: str) -> None:
    assert fetched(web + path, tmp_path) == b"x" * 1000


@pytest.mark.parametrize(
    ("address", "limit", "words"),
    [
        ("{web}/half?Signature=private", 5000, "cannot be downloaded"),
        ("{web}/whole", 999, "larger than 999 bytes"),
        ("http://nowhere.invalid/a.mp4?Signature=private", 5000, "cannot be downloaded"),
    ],
)
def test_an_incomplete_download_is_an_error(
    web: str, tmp_path: Path, address: str, limit: int, words: str
) -> None:
    with pytest.raises(MediaError, match=words) as caught:
        fetched(address.format(web=web), tmp_path, limit)

    assert caught.value.code == "InvalidFile.Download"
    assert caught.value.message.startswith("VideoUrl")
    assert "private" not in caught.value.message


def test_every_address_is_replaced_by_a_file_also_in_lists() -> None:
    parameters = (
        Url(name="Cover"),
        Integer(name="Width", minimum=1, maximum=9),
        ListOf(name="FileList", fields=(String(name="FileName"), Url(name="FileUrl"))),
    )
    request = {
        "Width": 2,
        "FileList": [{"FileName": "a", "FileUrl": "http://h/a"}, {"FileUrl": "http://h/b"}],
    }

    local = localized(request, parameters, lambda name, url, limit: Path(name) / url[-1])

    assert local == {
        "Width": 2,
        "FileList": [
            {"FileName": "a", "FileUrl": Path("FileList.1.FileUrl/a")},
            {"FileUrl": Path("FileList.2.FileUrl/b")},
        ],
    }


@pytest.mark.parametrize(
    ("url", "ending"),
    [
        ("http://h/a.mp4?x=.mov", ".mp4"),
        ("http://h/a", ""),
        ("http://h/a.%2e%2f", ""),
        ("http://h/a.b/c", ""),
    ],
)
def test_a_file_keeps_its_suffix_if_it_is_alphanumeric(url: str, ending: str) -> None:
    assert suffix(url) == ending
