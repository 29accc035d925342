"""Places that files are uploaded to, as OBS gives them: an address that is good for a PUT, for a while."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.storage.objects import RESULTS
from airflow_provider_viapi.emulator.storage.storage import Storage

UPLOADS_PATH = "metastudio-uploads"
"""First part of the path of such addresses."""

LIFETIME = 24 * 60 * 60
"""Seconds for which an address is good, for uploads and for downloads."""


@dataclass
class Place:
    """A place for a file.

    :param id: its id
    :param name: of the file
    :param size: bytes that it has to have, if that is known
    :param md5: of the content in Base64, if that is known
    """

    id: str
    name: str
    size: int | None = None
    md5: str | None = None
    received: int | None = None

    @property
    def key(self) -> str:
        """The object's key in the storage."""
        return f"uploaded/{self.id}/file{Path(self.name).suffix}"


@dataclass
class AssetFile:
    """A file of an asset.

    :param place: where it was or is to be put
    :param category: what it is to the asset: MAIN, COVER …
    :param kind: of the file, such as ``mp4``
    :param state: how it stands
    """

    place: Place
    category: str
    kind: str
    state: str = "CREATING"


class UploadedFiles:
    """Places and what was put there; used from one event loop.

    :param storage: keeps the files
    :param now: the clock, in Unix time
    """

    def __init__(self, storage: Storage, now: Callable[[], float]) -> None:
        self._storage = storage
        self._now = now
        self._secret = secrets.token_bytes(32)
        self._places: dict[str, Place] = {}

    def open(self, place: Place, base: str) -> str:
        """The address at which a place's file is taken, by PUT.

        :param base: the address of the emulator, without a slash at its end
        """
        self._places[place.id] = place
        expires = int(self._now()) + LIFETIME
        return f"{base}/{UPLOADS_PATH}/{place.id}?Expires={expires}&Signature={self._sign(place.id, expires)}"

    def check(self, place_id: str, expires: str, signature: str) -> Place:
        """The place that an address leads to.

        :raises ApiError: it leads nowhere, or not any more
        """
        place = self._places.get(place_id)
        right = (
            len(expires) < 12
            and expires.isascii()
            and expires.isdigit()
            and hmac.compare_digest(self._sign(place_id, int(expires)).encode(), signature.encode())
        )
        if place is None or not right:
            raise ApiError("SignatureDoesNotMatch", "This address is not one that was given.", 403)
        if int(expires) < self._now():
            raise ApiError("AccessDenied", "Request has expired", 403)
        return place

    def new_file(self) -> Path:
        """Where to write what arrives."""
        return self._storage.objects.new_file()

    def take(self, place: Place, path: Path, etag: str, kind: str) -> None:
        """Put a file that has arrived in its place.

        :param etag: its MD5 in hexadecimal digits
        :param kind: its content type
        :raises ApiError: it is not the file that was announced; it is deleted then
        """
        size = path.stat().st_size
        digest = base64.b64encode(bytes.fromhex(etag)).decode()
        if place.size not in (None, size) or place.md5 not in (None, digest):
            path.unlink()
            raise ApiError("BadDigest", "This is not the file that was announced: size or MD5 differ.", 400)
        self._storage.objects.put(RESULTS, place.key, path, etag=etag, headers={"content-type": kind})
        place.received = size

    def link(self, place: Place, base: str) -> str:
        """Where a file is to be had that was uploaded."""
        return self._storage.link(base, place.key, int(self._now()) + LIFETIME)

    def remove(self, place: Place) -> None:
        """Forget a place and what was put there."""
        self._places.pop(place.id, None)
        self._storage.objects.delete(RESULTS, place.key)

    def reset(self) -> None:
        """Forget all places."""
        self._places.clear()

    def _sign(self, place_id: str, expires: int) -> str:
        return hmac.digest(self._secret, f"{place_id}\n{expires}".encode(), "sha256").hex()
