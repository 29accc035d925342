"""Multipart uploads."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from typing import BinaryIO

from airflow_provider_viapi.emulator.errors import ApiError

MIN_PART_BYTES = 100 << 10
"""Size of the smallest part, unless it is the last."""

MAX_PARTS = 10_000


@dataclass
class _Upload:
    bucket: str
    key: str
    headers: Mapping[str, str]
    parts: dict[int, tuple[Path, str]] = field(default_factory=dict)


class MultipartUploads:
    """The multipart uploads in progress; used from one event loop."""

    def __init__(self) -> None:
        self._uploads: dict[str, _Upload] = {}

    def begin(self, bucket: str, key: str, headers: Mapping[str, str]) -> str:
        """Start an upload and return its id.

        :param headers: headers that are stored with the object
        """
        upload_id = uuid.uuid4().hex.upper()
        self._uploads[upload_id] = _Upload(bucket, key, headers)
        return upload_id

    def check(self, upload_id: str, bucket: str, key: str, number: int) -> None:
        """Check that there is such an upload of that object, which may have a part with that number.

        :raises ApiError: there is no such upload, or the number is not allowed
        """
        self._get(upload_id, bucket, key)
        if not 1 <= number <= MAX_PARTS:
            raise ApiError("InvalidArgument", f"Part number must be an integer between 1 and {MAX_PARTS}.")

    def put_part(self, upload_id: str, bucket: str, key: str, number: int, path: Path, etag: str) -> None:
        """Add a part, or replace the part with that number.

        :param path: file with the content of the part; it becomes property of the upload
        :raises ApiError: there is no such upload
        """
        try:
            parts = self._get(upload_id, bucket, key).parts
        except ApiError:
            # The upload was aborted while the part was in transit.
            path.unlink(missing_ok=True)
            raise
        if number in parts:
            parts[number][0].unlink(missing_ok=True)
        parts[number] = (path, etag)

    def complete(
        self, upload_id: str, bucket: str, key: str, wanted: Sequence[tuple[int, str]]
    ) -> tuple[list[Path], str, Mapping[str, str]]:
        """Complete an upload, and return the files of its parts in order, the ETag of the whole, and its headers.

        :param wanted: number and ETag of each part, in order
        :raises ApiError: there is no such upload, or a part is missing or too small
        """
        upload = self._get(upload_id, bucket, key)
        if not wanted or any(upload.parts.get(number, (None, None))[1] != etag for number, etag in wanted):
            raise ApiError("InvalidPart", "A part was not uploaded or has another ETag.")
        if [number for number, _ in wanted] != sorted({number for number, _ in wanted}):
            raise ApiError("InvalidPartOrder", "The parts are not in ascending order.")
        files = [upload.parts[number][0] for number, _ in wanted]
        if any(file.stat().st_size < MIN_PART_BYTES for file in files[:-1]):
            raise ApiError(
                "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size."
            )
        del self._uploads[upload_id]
        for path, _ in upload.parts.values():
            if path not in files:
                path.unlink(missing_ok=True)
        digests = b"".join(bytes.fromhex(etag) for _, etag in wanted)
        whole = f"{md5(digests).hexdigest().upper()}-{len(wanted)}"
        return files, whole, upload.headers

    def abort(self, upload_id: str, bucket: str, key: str) -> None:
        """Abort an upload and delete its parts.

        :raises ApiError: there is no such upload
        """
        for path, _ in self._get(upload_id, bucket, key).parts.values():
            path.unlink(missing_ok=True)
        del self._uploads[upload_id]

    def clear(self) -> None:
        """Forget all uploads; their files are not deleted."""
        self._uploads.clear()

    def _get(self, upload_id: str, bucket: str, key: str) -> _Upload:
        upload = self._uploads.get(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise ApiError("NoSuchUpload", "The object has no upload with this id.", 404)
        return upload


def join(parts: Sequence[Path], target: Path) -> None:
    """Concatenate files, and delete them."""
    parts[0].replace(target)
    with target.open("r+b") as whole:
        for path in parts[1:]:
            with path.open("rb") as part:
                _append(part, whole)
            path.unlink()


def _append(part: BinaryIO, whole: BinaryIO) -> None:
    if not hasattr(os, "sendfile") or sys.platform != "linux":
        shutil.copyfileobj(part, whole, 1 << 20)
        return
    # Copied within the kernel: copying dominates the time of joining a large object.
    whole.seek(0, os.SEEK_END)
    while os.sendfile(whole.fileno(), part.fileno(), None, 1 << 30):
        pass
