"""Upload of files to presigned URLs, as OBS provides them, and the actions of the files of assets."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.huawei.errors import api_error, invalid
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id
from airflow_provider_viapi.emulator.storage.objects import RESULTS
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.huawei.services.metastudio import files

if TYPE_CHECKING:
    from airflow_provider_viapi.emulator.huawei.assets import Assets
UPLOADS_PATH = "metastudio-uploads"
"""First part of the path of upload URLs."""

LIFETIME = 24 * 60 * 60
"""Validity in seconds of upload and download URLs."""


@dataclass
class UploadSlot:
    """A file that may be uploaded.

    :param id: its id
    :param name: name of the file
    :param size: expected size in bytes, if known
    :param md5: expected MD5 in Base64, if known
    """

    id: str
    name: str
    size: int | None = None
    md5: str | None = None
    received: int | None = None

    @property
    def key(self) -> str:
        """Key of the object in the storage."""
        return f"uploaded/{self.id}/file{Path(self.name).suffix}"


@dataclass
class AssetFile:
    """A file of an asset.

    :param slot: the uploaded file
    :param category: its role in the asset: MAIN, COVER …
    :param kind: type of the file, such as ``mp4``
    :param state: state of the upload
    """

    slot: UploadSlot
    category: str
    kind: str
    state: str = "CREATING"


class UploadedFiles:
    """Upload slots and uploaded files; used from one event loop.

    :param storage: stores the files
    :param now: the clock, in Unix time
    """

    def __init__(self, storage: Storage, now: Callable[[], float]) -> None:
        self._storage = storage
        self._now = now
        self._secret = secrets.token_bytes(32)
        self._slots: dict[str, UploadSlot] = {}

    def open(self, slot: UploadSlot, base: str) -> str:
        """Return a URL for the upload of a file by PUT.

        :param base: address of the emulator, without a trailing slash
        """
        self._slots[slot.id] = slot
        expires = int(self._now()) + LIFETIME
        return f"{base}/{UPLOADS_PATH}/{slot.id}?Expires={expires}&Signature={self._sign(slot.id, expires)}"

    def check(self, slot_id: str, expires: str, signature: str) -> UploadSlot:
        """Return the slot of an upload URL.

        :raises ApiError: the URL was not issued by the emulator, or has expired
        """
        slot = self._slots.get(slot_id)
        is_signed = (
            len(expires) < 12
            and expires.isascii()
            and expires.isdigit()
            and hmac.compare_digest(self._sign(slot_id, int(expires)).encode(), signature.encode())
        )
        if slot is None or not is_signed:
            raise ApiError("SignatureDoesNotMatch", "This upload URL was not issued by the emulator.", 403)
        if int(expires) < self._now():
            raise ApiError("AccessDenied", "Request has expired", 403)
        return slot

    def is_received(self, slot_id: str) -> bool:
        """Return true if the file of a slot was uploaded."""
        slot = self._slots.get(slot_id)
        return slot is not None and slot.received is not None

    def new_file(self) -> Path:
        """Return a path for the content of a file that is being uploaded."""
        return self._storage.objects.new_file()

    def store(self, slot: UploadSlot, path: Path, etag: str, kind: str) -> None:
        """Store an uploaded file.

        :param etag: its MD5 in hexadecimal digits
        :param kind: its content type
        :raises ApiError: it is not the expected file; it is deleted
        """
        size = path.stat().st_size
        digest = base64.b64encode(bytes.fromhex(etag)).decode()
        if slot.size not in (None, size) or slot.md5 not in (None, digest):
            path.unlink()
            raise ApiError("BadDigest", "Size or MD5 differ from those in the call of CreateFile.", 400)
        self._storage.objects.put(RESULTS, slot.key, path, etag=etag, headers={"content-type": kind})
        slot.received = size

    def link(self, slot: UploadSlot, base: str) -> str:
        """Return a download URL for an uploaded file."""
        return self._storage.link(base, slot.key, int(self._now()) + LIFETIME)

    def remove(self, slot: UploadSlot) -> None:
        """Delete a slot and its file."""
        self._slots.pop(slot.id, None)
        self._storage.objects.delete(RESULTS, slot.key)

    def reset(self) -> None:
        """Forget all slots."""
        self._slots.clear()

    def _sign(self, slot_id: str, expires: int) -> str:
        return hmac.digest(self._secret, f"{slot_id}\n{expires}".encode(), "sha256").hex()


class FileActions:
    """The actions of the files of assets.

    :param assets: the assets
    :param uploads: stores the files
    """

    def __init__(self, assets: Assets, uploads: UploadedFiles) -> None:
        self._assets = assets
        self._uploads = uploads

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each action by its name."""
        return {
            files.CREATE_FILE.name: self._create,
            files.CONFIRM_FILE_UPLOAD.name: self._confirm,
            files.DELETE_FILE.name: self._delete,
        }

    def _create(self, call: RestCall) -> dict[str, Any]:
        given = call.parameters
        asset = self._assets.find(given["asset_id"])
        category = given["asset_file_category"]
        if category == "MAIN" and any(
            each.category == "MAIN" and each.state == "CREATED" for each in asset.files.values()
        ):
            raise api_error("MSS.10001008", "Asset main file already exists")
        slot = UploadSlot(new_id(), given["file_name"], given["file_size"], given["file_md5"])
        asset.files[slot.id] = AssetFile(slot, category, given["file_type"])
        return {"file_id": slot.id, "upload_url": self._uploads.open(slot, call.base)}

    def _confirm(self, call: RestCall) -> dict[str, Any]:
        asset, file = self._assets.find_file(call.parameters["file_id"])
        state = call.parameters["state"]
        if state == "CREATED" and file.slot.received is None:
            raise invalid("metastudio", "The file has not been uploaded yet.")
        file.state = state
        if file.category == "MAIN" and asset.state == "CREATING":
            asset.state = {"CREATED": "ACTIVED", "FAILED": "FAILED"}.get(state, "CREATING")
        return {}

    def _delete(self, call: RestCall) -> dict[str, Any]:
        asset, file = self._assets.find_file(call.parameters["file_id"])
        self._uploads.remove(file.slot)
        del asset.files[file.slot.id]
        return {}
