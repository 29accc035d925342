"""A file of the team's becomes the main file of an asset of MetaStudio's: announced, streamed, confirmed."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import InvalidMedia, ServiceError, TransientError

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media.source import CountedReader, Source

LARGEST = 5 * 2**30
"""Bytes that a file may have which is sent in one piece [SDK]."""

_MAIN = "MAIN"


def stat(address: str) -> Source:
    """Find the file; nothing of its content is read.

    :raises InvalidMedia: it is not there, empty, or too large
    :raises ServiceError: it may not be read, or nothing that is installed opens such addresses
    """
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.media import source

    # oss:// is opened with that hook's connection unless the address names another.
    found = source.stat(address, ViapiHook())
    if not 0 < found.size <= LARGEST:
        raise InvalidMedia(
            f"{found.shown} has {found.size} bytes; allowed: 1 to {LARGEST}", code="InvalidFile.Size"
        )
    return found


def upload(address: str, *, asset_id: str, hook: HuaweiCloudHook, log: Log) -> None:
    """Bring the file to the asset, unless that has its main file already.

    :param hook: whose account the asset is of
    :param log: told what is sent
    :raises TransientError: it did not arrive; trying again may help
    :raises ServiceError: it is refused
    """
    announced = hook.call("metastudio.ShowAsset", {"asset_id": asset_id}).get("files") or []
    of_before = [each for each in announced if each.get("asset_file_category") == _MAIN]
    if any(each.get("state") == "CREATED" for each in of_before):
        log.info("Asset %s has its file already", asset_id)
        return
    for each in of_before:
        hook.call("metastudio.DeleteFile", {"file_id": each["file_id"]})
    source = stat(address)
    place = hook.call(
        "metastudio.CreateFile",
        {
            "file_name": source.name,
            "file_md5": _md5(source),
            "file_size": source.size,
            "file_type": PurePosixPath(source.name).suffix.removeprefix(".").lower() or "bin",
            "asset_id": asset_id,
            "asset_file_category": _MAIN,
        },
    )
    _send(source, place, hook)
    hook.call("metastudio.ConfirmFileUpload", {"file_id": place["file_id"], "state": "CREATED"})
    log.info("Uploaded %s (%d bytes) to asset %s", source.shown, source.size, asset_id)


def _md5(source: Source) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with source.read() as file:
        while piece := file.read():
            digest.update(piece)
    return b64encode(digest.digest()).decode()


def _send(source: Source, place: Mapping[str, Any], hook: HuaweiCloudHook) -> None:
    import requests

    from airflow_provider_viapi.media.ssrf_guard import public_session

    account = hook.account
    own = (account.endpoint, *account.endpoints.values())
    allowed = [urlsplit(each).netloc for each in own if each]
    try:
        with public_session(allowed, account.http.verify) as session, source.read(ahead=False) as file:
            answer = session.put(
                place["upload_url"],
                data=_Body(file, source.size),
                timeout=(account.http.timeout, 300),
                allow_redirects=False,
            )
    except requests.RequestException as failure:
        # Its words are left out: they quote a signed address.
        raise TransientError(
            f"{source.shown} did not arrive ({type(failure).__name__})", code="UploadBroken"
        ) from None
    if answer.status_code >= 500:
        raise TransientError(
            f"{source.shown} did not arrive: the storage answered {answer.status_code}", code="UploadBroken"
        )
    if not answer.ok or answer.is_redirect:
        raise ServiceError(
            f"the storage refused {source.shown} with {answer.status_code}", code="UploadRefused"
        )


class _Body:
    """A file that is sent with its length told before, as signed addresses want it."""

    def __init__(self, file: CountedReader, size: int) -> None:
        self._file, self._size = file, size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read():
            yield piece

    def read(self, size: int = 1 << 20) -> bytes:
        return self._file.read(size if size > 0 else 1 << 20)
