"""Fetching the files that a call names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_viapi.alibaba.parameters import Integer, ListOf, String, Url
from airflow_provider_viapi.emulator.download import fetch, localized, suffix
from airflow_provider_viapi.emulator.media.errors import MediaError
from scripted_server import Answer, Request, responding


def respond(request: Request) -> Answer:
    if request.path == "/moved":
        return Answer(302, headers={"Location": "/whole"})
    headers = {"Content-Length": "2000"} if request.path == "/half" else {}
    return Answer(body=b"x" * 1000, headers=headers)


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with responding(respond) as url:
        yield url


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
