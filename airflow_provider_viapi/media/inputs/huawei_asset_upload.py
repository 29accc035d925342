"""Upload of files from the team's storage to MetaStudio: the main file of an asset, the files of models."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import InvalidMedia, ServiceError, TransientError
from airflow_provider_viapi.http_errors import certificate_error, origin_of
from airflow_provider_viapi.huawei.services.metastudio.files import CREATE_FILE

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media.inputs.source import CountingReader, Source

MAX_BYTES = 5 * 2**30
"""Size limit of a file that is sent in one piece [SDK]."""

_MAIN = "MAIN"


def stat(address: str) -> Source:
    """Find the file; nothing of its content is read.

    :raises InvalidMedia: it does not exist, is empty, or too large
    :raises ServiceError: it may not be read, or no installed package supports such addresses
    """
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.media.inputs import source

    # oss:// is opened with that hook's connection unless the address names another.
    found = source.stat(address, ViapiHook())
    if not 0 < found.size <= MAX_BYTES:
        raise InvalidMedia(
            f"{found.display_url} has {found.size} bytes; allowed: 1 to {MAX_BYTES}", code="InvalidFile.Size"
        )
    return found


def check_upload(address: str) -> None:
    """Refuse a file that cannot become the main file of an asset; nothing of its content is read.

    :raises InvalidMedia: see :func:`stat`
    :raises InvalidRequest: the service takes no file of such a name
    """
    CREATE_FILE.check(_announcement(stat(address), md5="unknown", asset_id="unknown"))


def upload(address: str, *, asset_id: str, hook: HuaweiCloudHook, log: Log) -> None:
    """Upload the file to the asset, unless it has its main file already.

    :param hook: the account of the asset
    :param log: logs what is sent
    :raises TransientError: the upload broke; a retry may help
    :raises ServiceError: it was refused
    """
    files = hook.call("metastudio.ShowAsset", {"asset_id": asset_id}).get("files") or []
    earlier = [each for each in files if each.get("asset_file_category") == _MAIN]
    if any(each.get("state") == "CREATED" for each in earlier):
        log.info("Asset %s has its file already", asset_id)
        return
    for each in earlier:
        hook.call("metastudio.DeleteFile", {"file_id": each["file_id"]})
    source = stat(address)
    upload_target = hook.call(CREATE_FILE, _announcement(source, md5=_md5(source), asset_id=asset_id))
    put(source, upload_target["upload_url"], hook)
    hook.call("metastudio.ConfirmFileUpload", {"file_id": upload_target["file_id"], "state": "CREATED"})
    log.info("Uploaded %s (%d bytes) to asset %s", source.display_url, source.size, asset_id)


def _announcement(source: Source, *, md5: str, asset_id: str) -> dict[str, Any]:
    return {
        "file_name": source.name,
        "file_md5": md5,
        "file_size": source.size,
        "file_type": PurePosixPath(source.name).suffix.removeprefix(".").lower() or "bin",
        "asset_id": asset_id,
        "asset_file_category": _MAIN,
    }


def _md5(source: Source) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with source.read() as file:
        while piece := file.read():
            digest.update(piece)
    return b64encode(digest.digest()).decode()


def put(source: Source, url: str, hook: HuaweiCloudHook, content_type: str | None = None) -> None:
    """Stream a file to a presigned URL.

    :param content_type: the type that the URL was signed with, if the documents name one
    :raises TransientError: the upload broke; a retry may help
    :raises ServiceError: it was refused
    """
    import requests

    from airflow_provider_viapi.media.ssrf_guard import public_session

    account = hook.account
    own = (account.endpoint, *account.endpoints.values())
    allowed = [urlsplit(each).netloc for each in own if each]
    try:
        with public_session(account.http, allowed) as session, source.read(ahead=False) as file:
            response = session.put(
                url,
                data=_Body(file, source.size),
                headers={"Content-Type": content_type} if content_type else None,
                timeout=(account.http.timeout, 300),
                allow_redirects=False,
            )
    except requests.RequestException as failure:
        untrusted = certificate_error(failure, origin_of(url), account.http)
        # Its text is left out: it quotes a presigned URL.
        raise untrusted or TransientError(
            f"{source.display_url} could not be uploaded ({type(failure).__name__})", code="UploadInterrupted"
        ) from None
    if response.status_code >= 500:
        raise TransientError(
            f"{source.display_url} could not be uploaded: the storage responded {response.status_code}",
            code="UploadInterrupted",
        )
    if not response.ok or response.is_redirect:
        raise ServiceError(
            f"the storage refused {source.display_url} with {response.status_code}", code="UploadRejected"
        )


class _Body:
    """A body with a length, as presigned URLs require."""

    def __init__(self, file: CountingReader, size: int) -> None:
        self._file, self._size = file, size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read():
            yield piece

    def read(self, size: int = 1 << 20) -> bytes:
        return self._file.read(size if size > 0 else 1 << 20)
