"""Download of one file over HTTP, from its beginning or from where a connection was lost.

Imported only where a file is downloaded.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import parse_url

from airflow_provider_viapi.errors import (
    ConfigurationError,
    InvalidMedia,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.http_errors import certificate_error, origin_of
from airflow_provider_viapi.redaction import redact_text

CHUNK = 1 << 17
"""Bytes that are read at once. Above 128 KB glibc maps memory for each piece and gives it back: with 256 KB a file
landed at a third of the speed."""

MAX_DECOMPRESSED = 1 << 20
"""Bytes of one decompressed piece."""

_TIMEOUTS = (10.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes."""

_SECONDS_FOR_ERRORS = 10.0
"""Time for the body of an error response, which may name the storage's code."""

_MAX_REDIRECTS = 5
_STRONG_ETAG = re.compile(r'(?i)"(?!(?:null|none|undefined|-|0)?")[^"]+"')
"""Some servers send a text that identifies nothing."""

_VERSION_HEADERS = (
    "Last-Modified",
    "Content-MD5",
    "x-amz-version-id",
    "x-oss-hash-crc64ecma",
    "x-cos-hash-crc64ecma",
)
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,64})</Code>")


class LinkExpired(Exception):
    """The link does not lead to the file (any more): 403, 404 or 410.

    :param code: the storage's error code, such as ``AccessDenied`` or ``NoSuchKey``, if it names one
    """

    def __init__(self, status: int, code: str | None) -> None:
        super().__init__(f"HTTP {status}, {code}")
        self.status = status
        self.code = code


class SourceModified(TransientError):
    """The file is no longer the one whose beginning was downloaded."""


@dataclass(frozen=True)
class Version:
    """Identity of the content of a file.

    :param etag: a strong ETag
    :param marks: values of other headers that differ between versions, by name
    """

    etag: str
    marks: Mapping[str, str]

    def is_same(self, other: Version) -> bool:
        """Return whether another response is about the same content; a header that one lacks is no difference."""
        same = (self.marks[name] == value for name, value in other.marks.items() if name in self.marks)
        return self.etag == other.etag and all(same)


@dataclass(frozen=True)
class Download:
    """A response that carries a file, or the rest of one.

    :param offset: position in the file of the first byte of the response
    :param length: bytes of the whole file; ``None`` if it is sent in chunks or compressed
    :param version: by which the rest of the same file can be requested; ``None`` without a strong ETag
    """

    offset: int
    length: int | None
    version: Version | None
    is_compressed: bool
    _response: requests.Response

    @property
    def content_type(self) -> str:
        """Return what the server says that it sends; empty if it says nothing."""
        return redact_text(self._response.headers.get("Content-Type", ""))[:100]

    def chunks(self, max_seconds: float | None = None) -> Iterator[bytes]:
        """Yield the bytes as they arrive, decompressed; a piece may be empty.

        :param max_seconds: longest time for all of them: a server may send them one by one
        :raises TransientError: the connection broke, or they arrive too slowly
        :raises ServiceError: the body is not compressed as its header says
        """
        give_up = None if max_seconds is None else time.monotonic() + max_seconds
        received = self._received(give_up)
        yield from _decompressed(received) if self.is_compressed else received

    def _received(self, give_up: float | None) -> Iterator[bytes]:
        raw = self._response.raw
        while True:
            try:
                # Unlike read, it returns what has arrived, so that the time can be watched.
                chunk = raw.read1(CHUNK, decode_content=False)
            except (requests.RequestException, HTTPError, OSError) as error:
                raise _connection_broke(error) from None
            if not chunk:
                return
            if give_up is not None and time.monotonic() > give_up:
                raise TransientError("the file arrives too slowly")
            yield chunk


@contextmanager
def download(
    session: requests.Session, url: str, *, offset: int = 0, version: Version | None = None
) -> Iterator[Download]:
    """Request a file.

    :param offset: first byte to request; the response begins at 0 if the server sends no parts or the file changed
    :param version: of the file whose beginning was downloaded before
    :raises LinkExpired: there is no such file, or the link gives no access to it
    :raises SourceModified: the server sends a part of another file, or the file has become shorter
    :raises ConfigurationError: the certificate of the host is not trusted
    :raises TransientError: a retry may help
    :raises ServiceError: a retry does not help
    """
    headers = {"Accept-Encoding": "identity"}
    if offset and version:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version.etag}
    with _get(session, url, headers) as response:
        if response.status_code == 416:
            raise SourceModified("the file has become shorter during the download", http_status=416)
        _check_status(response)
        opened = _parse_response(response)
        # Some servers honour Range and ignore If-Range: two files must never be joined.
        is_same = version is not None and opened.version is not None and opened.version.is_same(version)
        if response.status_code == 206 and not is_same:
            raise SourceModified("the file was replaced during the download", http_status=206)
        yield opened


@contextmanager
def source_errors(shown: str, code: str) -> Iterator[None]:
    """Name the address in errors of a download of a source, and the file's defects as those of the request.

    :param shown: the address as messages may show it
    :param code: of the error about a file that cannot be downloaded
    :raises InvalidMedia: there is no such file, or the server does not send it so that it can be read
    :raises TransientError: it cannot be read now, with the code ``SourceUnreadable``
    """
    try:
        yield
    except LinkExpired as expired:
        problem = f"HTTP status {expired.status}. If it is a link of a result, it may have expired"
        raise InvalidMedia(f"{shown} cannot be downloaded: {problem}", code=code) from None
    except (InvalidMedia, PermissionDenied, ConfigurationError):
        raise
    except TransientError as error:
        error.message = f"{shown} cannot be downloaded now: {error.message}"
        error.code = "SourceUnreadable"
        raise
    except ServiceError as error:
        status = f" (HTTP status {error.http_status})" if error.http_status else ""
        raise InvalidMedia(f"{shown} cannot be downloaded: {error.message}{status}", code=code) from None


def check_link(url: str) -> None:
    """Refuse an address of a file that no HTTP client can request.

    :raises InvalidRequest: another scheme than http and https, a malformed host or port
    """
    try:
        parsed = parse_url(url)
        is_usable = parsed.scheme in ("http", "https") and bool(parsed.host) and bool(urlsplit(url).hostname)
    except (LocationParseError, ValueError):
        is_usable = False
    if not is_usable:
        # Its query may hold a signature.
        raise InvalidRequest(
            f"the address of the file is {redact_text(url.partition('?')[0])!r}; allowed: http:// and https:// "
            "with a valid host and port",
            code="InvalidResultAddress",
        )


@contextmanager
def _get(session: requests.Session, url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    for _ in range(_MAX_REDIRECTS + 1):
        check_link(url)
        try:
            response = session.get(
                url, headers=headers, stream=True, timeout=_TIMEOUTS, allow_redirects=False
            )
        except LocationParseError as error:
            raise _connection_broke(error) from None
        except requests.RequestException as error:
            untrusted = certificate_error(error, origin_of(url), getattr(session, "settings", None))
            # Its own text holds the URL with the signature.
            raise untrusted or _connection_broke(error) from None
        with response:
            target = session.get_redirect_target(response)
            if target is None:
                yield response
                return
        try:
            url = urljoin(url, target)
        except ValueError:
            # The check refuses it.
            url = target
    raise ServiceError(f"the file was not found within {_MAX_REDIRECTS} redirects", code="TooManyRedirects")


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    named = _CODE.search(_beginning_of(response))
    code = named[1].decode() if named else None
    if status in (403, 404, 410):
        raise LinkExpired(status, code)
    kind = TransientError if status >= 500 or status in (408, 425, 429) else ServiceError
    raise kind("the storage refused to send the file", code=code, http_status=status)


def _beginning_of(response: requests.Response) -> bytes:
    """Return the beginning of an error's body, as far as it arrives soon."""
    give_up = time.monotonic() + _SECONDS_FOR_ERRORS
    body = b""
    try:
        while len(body) < 1 << 16 and time.monotonic() < give_up:
            if not (piece := response.raw.read1(1 << 16, decode_content=False)):
                break
            body += piece
    except (requests.RequestException, HTTPError, OSError):
        pass
    return body


def _parse_response(response: requests.Response) -> Download:
    headers = response.headers
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise ServiceError(
            f"the server sends the file compressed with {encoding[:20]!r}, although an uncompressed one was "
            "requested; allowed: gzip, deflate",
            code="UnsupportedContentEncoding",
        )
    is_compressed = encoding not in ("", "identity")
    transfer = headers.get("Transfer-Encoding", "").strip().lower()
    if transfer not in ("", "identity", "chunked"):
        # Its body would be stored with the compression or the frames of the chunks.
        raise ServiceError(
            f"the server sends the file with Transfer-Encoding {transfer[:40]!r}; allowed: chunked",
            code="UnsupportedContentEncoding",
        )
    is_chunked = transfer == "chunked"
    # Beside chunks, a length does not count [RFC 9112, 6.3].
    offset, length = 0, None if is_chunked else _parse_number(headers.get("Content-Length"))
    if response.status_code == 206:
        part = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", headers.get("Content-Range", ""))
        if part is None or is_compressed:
            raise SourceModified("the server sent an unknown part of the file", http_status=206)
        offset, length = int(part[1]), int(part[2])
    elif length is None and not is_chunked:
        raise ServiceError(
            "the server does not send the file's length, so a truncated file could not be distinguished from a "
            "complete one",
            code="MissingContentLength",
        )
    etag = headers.get("ETag", "").strip()
    version = None
    # A weak one only says that two files mean the same; the bytes of a compressed body are not those of the file.
    if _STRONG_ETAG.fullmatch(etag) and not is_compressed:
        version = Version(etag, {name: headers[name] for name in _VERSION_HEADERS if name in headers})
    return Download(offset, None if is_compressed else length, version, is_compressed, response)


def _decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    # 47: gzip or zlib, whichever the header of the data says.
    decoder = zlib.decompressobj(wbits=47)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if decoder.eof:
                    decoder = zlib.decompressobj(wbits=47)
                # Of 128 KB it could make 128 MB at once.
                yield decoder.decompress(rest, MAX_DECOMPRESSED)
                rest = decoder.unconsumed_tail or decoder.unused_data
    except zlib.error as error:
        raise ServiceError(
            f"the file is not compressed as its header says ({error})", code="InvalidContentEncoding"
        ) from None
    # The end of the data holds its checksum and its length.
    if not decoder.eof:
        raise TransientError("the compressed file ended early")


def _parse_number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _connection_broke(error: Exception) -> TransientError:
    return TransientError(f"the connection to the file broke ({type(error).__name__})")
