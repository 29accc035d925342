"""Fetching one file over HTTP, from its beginning or from where a connection was lost.

Imported only where a file is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from airflow_provider_viapi.errors import InvalidRequest, ServiceError, TransientError

CHUNK = 1 << 17
"""Bytes that are read at once. Above 128 KB glibc maps memory for each piece and gives it back: with 256 KB a file
landed at a third of the speed."""

_SILENCE = (10.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes."""

_MOST_REDIRECTS = 5
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,64})</Code>")


class LinkExpired(Exception):
    """The link does not lead to the file (any more): 403, 404 or 410.

    :param code: the storage's word for it, such as ``AccessDenied`` or ``NoSuchKey``, if it says one
    """

    def __init__(self, status: int, code: str | None) -> None:
        super().__init__(f"HTTP {status}, {code}")
        self.status = status
        self.code = code


class Changed(TransientError):
    """The file is not the one any more whose beginning was fetched."""


@dataclass(frozen=True)
class Download:
    """A file that is being sent.

    :param offset: where in the file what is sent begins
    :param length: bytes of the whole file; ``None`` when it comes in chunks that tell of their end themselves
    :param version: what tells this file from a changed one, if the server says so
    :param modified: when the file was made, if the server says so
    """

    offset: int
    length: int | None
    version: str | None
    modified: datetime | None
    _answer: requests.Response

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come.

        :raises TransientError: the connection broke
        """
        while True:
            try:
                chunk = self._answer.raw.read(CHUNK)
            except (requests.RequestException, HTTPError) as error:
                raise _broken(error) from None
            if not chunk:
                return
            yield chunk


@contextmanager
def download(
    session: requests.Session, address: str, *, offset: int = 0, version: str | None = None
) -> Iterator[Download]:
    """Ask for a file.

    :param offset: where to begin; the answer begins at 0 if the server cannot do that or the file has changed
    :param version: of the file whose beginning is there already
    :raises LinkExpired: there is no such file, or not for us
    :raises Changed: it has become shorter than its beginning was
    :raises TransientError: asking again may help
    :raises ServiceError: it does not help
    """
    headers = {"Accept-Encoding": "identity"}
    if offset and version:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version}
    with _get(session, address, headers) as answer:
        if answer.status_code == 416:
            raise Changed("the file has become shorter while it was fetched", http_status=416)
        _check_status(answer)
        yield _read(answer)


def link_ended_at(address: str) -> datetime | None:
    """When a signed link to OSS ends or has ended, by what stands in it; ``None`` for any other address."""
    asked = {name.lower(): values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    try:
        if "expires" in asked:
            return datetime.fromtimestamp(int(asked["expires"]), timezone.utc)
        begun = datetime.strptime(asked["x-oss-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        return datetime.fromtimestamp(begun.timestamp() + int(asked["x-oss-expires"]), timezone.utc)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def without_signature(address: str) -> str:
    """The address without its query, which may hold a signature, to be shown."""
    return address.partition("?")[0]


@contextmanager
def _get(session: requests.Session, address: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    for _ in range(_MOST_REDIRECTS + 1):
        if not address.lower().startswith(("http://", "https://")):
            raise InvalidRequest(
                f"the address of the file is {without_signature(address)!r}; allowed: http:// and https://",
                code="InvalidResultAddress",
            )
        try:
            answer = session.get(
                address, headers=headers, stream=True, timeout=_SILENCE, allow_redirects=False
            )
        except requests.RequestException as error:
            # Its own text holds the address with the signature.
            raise _broken(error) from None
        with answer:
            target = session.get_redirect_target(answer)
            if target is None:
                yield answer
                return
        address = urljoin(address, target)
    raise ServiceError(f"the file was not found within {_MOST_REDIRECTS} redirects", code="TooManyRedirects")


def _check_status(answer: requests.Response) -> None:
    status = answer.status_code
    if status in (200, 206):
        return
    said = _CODE.search(answer.raw.read(1 << 16) or b"")
    code = said[1].decode() if said else None
    if status in (403, 404, 410):
        raise LinkExpired(status, code)
    kind = TransientError if status >= 500 or status in (408, 425, 429) else ServiceError
    raise kind("the file was refused", code=code, http_status=status)


def _read(answer: requests.Response) -> Download:
    headers = answer.headers
    offset, length = 0, _number(headers.get("Content-Length"))
    if answer.status_code == 206:
        told = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", headers.get("Content-Range", ""))
        if told is None:
            raise TransientError("the server sent a part of the file without saying which", http_status=206)
        offset, length = int(told[1]), int(told[2])
    elif length is None and headers.get("Transfer-Encoding", "").lower() != "chunked":
        raise ServiceError(
            "the server does not tell the file's length, so that a cut-off file could not be told from a whole one",
            code="MissingContentLength",
        )
    tag, modified = headers.get("ETag"), headers.get("Last-Modified")
    # A weak tag stands for files that only mean the same.
    version = None if tag is None or tag.startswith("W/") else tag
    return Download(offset, length, version, _time(modified), answer)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _time(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text or "")
    except ValueError:
        return None


def _broken(error: Exception) -> TransientError:
    return TransientError(f"the connection to the file broke ({type(error).__name__})")
