"""The object storage of an emulator: what is in it, and who may do what with it."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from airflow_provider_viapi.emulator.access_keys import AccessKey, AccessKeys, check_token
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.storage.auth import StorageRequest
from airflow_provider_viapi.emulator.storage.multipart import MultipartUploads
from airflow_provider_viapi.emulator.storage.objects import RESULTS, UPLOADS, ObjectStore
from airflow_provider_viapi.emulator.storage.post_policy import check_policy
from airflow_provider_viapi.emulator.storage.signature_v1 import presign
from airflow_provider_viapi.emulator.storage.signatures import authenticate
from airflow_provider_viapi.emulator.storage.uploads import Uploads


class Storage:
    """Objects, and the checks of who may read and write them; used from one event loop.

    :param folder: where the objects lie; empty at first
    :param access_keys: the account's, all of which may do everything but write into the emulator's own buckets
    :param now: the clock, in Unix time
    """

    def __init__(self, folder: Path, access_keys: AccessKeys, now: Callable[[], float]) -> None:
        self.objects = ObjectStore(folder, now)
        self.multipart = MultipartUploads()
        self._access_keys = access_keys
        self._now = now
        self._links_key = AccessKey("viapi-emulator-results", secrets.token_urlsafe())
        self._uploads_key = AccessKey("viapi-emulator-uploads", secrets.token_urlsafe())
        self.uploads = Uploads(self._uploads_key, now)

    def check_access(self, request: StorageRequest) -> None:
        """Let a request pass whose sender may do what it asks for.

        :raises ApiError: the signature is wrong or missing, the key is not known, or it may not do that
        """
        reads = request.method in ("GET", "HEAD")
        if authenticate(request, self._key, self._now()) is None:
            if request.bucket == UPLOADS and request.key and reads:
                return
            raise ApiError("AccessDenied", "You have no right to access this without a signature.", 403)
        if request.bucket in (RESULTS, UPLOADS) and not reads:
            raise ApiError("AccessDenied", "This bucket is the emulator's own.", 403)

    def check_form(self, form: Mapping[str, str], size: int) -> None:
        """Let an upload by form pass that is signed and allowed.

        :param form: its fields
        :param size: bytes of the file
        :raises ApiError: it is not
        """
        key = self._key(form.get("OSSAccessKeyId", ""), form.get("x-oss-security-token"))
        check_policy(form, size, key, self._now())

    def put_results(self, job_id: str, folder: Path) -> None:
        """Let links lead to the files of a job.

        :param folder: where they lie, as long as they are not deleted
        """
        for path in folder.rglob("*"):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                self.objects.put(
                    RESULTS, f"{job_id}/{name}", path, etag=_etag(path), headers={"content-type": _kind(path)}
                )

    def link(self, base: str, key: str, expires: int) -> str:
        """The address of a job's file.

        :param base: the address of the emulator, without a slash at its end
        :param key: of the object in the bucket of results
        :param expires: when the address stops working, in Unix time
        """
        return presign(base, StorageRequest("GET", RESULTS, key, "", {}), self._links_key, expires)

    def clear(self) -> None:
        """Forget all objects and delete their files."""
        self.multipart.clear()
        self.objects.clear()

    def _key(self, access_key_id: str, token: str | None) -> AccessKey:
        for key in (self._links_key, self._uploads_key):
            if access_key_id == key.id:
                return key
        try:
            key = self._access_keys[access_key_id]
        except ApiError:
            raise ApiError(
                "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist.", 403
            ) from None
        try:
            check_token(key, token, self._now())
        except ApiError as error:
            raise ApiError("InvalidSecurityToken", error.message, 403) from None
        return key


def _etag(path: Path) -> str:
    told = path.stat()
    return f"{told.st_size:X}-{told.st_mtime_ns:X}"


def _kind(path: Path) -> str:
    guessed = mimetypes.guess_type(path.name)[0] or ""
    return guessed if guessed.partition("/")[0] in ("video", "audio", "image") else "application/octet-stream"
