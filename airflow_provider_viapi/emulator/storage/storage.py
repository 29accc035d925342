"""The object storage of an emulator: its content, authentication and access rights."""

from __future__ import annotations

import hmac
import mimetypes
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.access_keys import AccessKey, AccessKeys, check_token
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.storage import signature_v1, signature_v4
from airflow_provider_viapi.emulator.storage.auth import Signature, StorageRequest
from airflow_provider_viapi.emulator.storage.multipart import MultipartUploads
from airflow_provider_viapi.emulator.storage.objects import RESULTS, UPLOADS, ObjectStore
from airflow_provider_viapi.emulator.storage.post_policy import check_conditions, read_policy
from airflow_provider_viapi.emulator.storage.uploads import Uploads


class Storage:
    """Objects and access rights; used from one event loop.

    :param folder: folder for the objects; empty at first
    :param access_keys: the account's keys; they may do everything except write into the emulator's own buckets
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
        """Check that the sender of a request may do what it requests.

        :raises ApiError: the signature is wrong or missing, the key is unknown, or it has no permission
        """
        reads = request.method in ("GET", "HEAD")
        if authenticate(request, self._key, self._now()) is None:
            if request.bucket == UPLOADS and request.key and reads:
                return
            raise ApiError("AccessDenied", "You cannot access this without a signature.", 403)
        if request.bucket in (RESULTS, UPLOADS) and not reads:
            raise ApiError("AccessDenied", "This bucket is read-only.", 403)

    def check_policy(self, form: Mapping[str, str]) -> list[Any]:
        """Check the policy of an upload by form, and return its conditions.

        :param form: fields of the form
        :raises ApiError: the key is unknown, or the policy is not valid
        """
        key = self._key(form.get("OSSAccessKeyId", ""), form.get("x-oss-security-token"))
        return read_policy(form, key, self._now())

    def check_form(self, form: Mapping[str, str], size: int) -> None:
        """Check that an upload by form is authorized.

        :param form: fields of the form
        :param size: size of the file in bytes
        :raises ApiError: it is not
        """
        check_conditions(self.check_policy(form), form, size)

    def put_results(self, job_id: str, folder: Path) -> None:
        """Publish the files of a job.

        :param folder: folder with the files; they must exist until they are deleted from the storage
        """
        for path in folder.rglob("*"):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                self.objects.put(
                    RESULTS, f"{job_id}/{name}", path, etag=_etag(path), headers={"content-type": _kind(path)}
                )

    def link(self, base: str, key: str, expires: int) -> str:
        """Return a link to a job's file.

        :param base: address of the emulator, without a trailing slash
        :param key: key of the object in the bucket of results
        :param expires: end of its validity, in Unix time
        """
        request = StorageRequest("GET", RESULTS, key, "", {})
        return signature_v1.presign(base, request, self._links_key, expires)

    def clear(self) -> None:
        """Delete all objects and their files."""
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


def authenticate(
    request: StorageRequest, find_key: Callable[[str, str | None], AccessKey], now: float
) -> AccessKey | None:
    """Return the key that signed a request, or ``None`` if the request is not signed.

    :param find_key: return the key with an id and a token, or raise :class:`ApiError`
    :param now: in Unix time
    :raises ApiError: the signature is wrong or not valid at this time
    """
    signature = _signature(request)
    if signature is None:
        return None
    key = find_key(signature.access_key_id, signature.token)
    if not hmac.compare_digest(signature.sign(key.secret).encode(), signature.value.encode()):
        raise ApiError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key "
            "and signing method.",
            403,
        )
    signature.check_time(now)
    return key


def _signature(request: StorageRequest) -> Signature | None:
    header = request.headers.get("authorization", "")
    if header.startswith("OSS "):
        return signature_v1.read_header(request)
    if header.startswith("OSS4-HMAC-SHA256"):
        return signature_v4.read_header(request)
    if "x-oss-signature" in request.parameters:
        return signature_v4.read_query(request)
    if "Signature" in request.parameters:
        return signature_v1.read_query(request)
    return None


def _etag(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_size:X}-{stat.st_mtime_ns:X}"


def _kind(path: Path) -> str:
    guessed = mimetypes.guess_type(path.name)[0] or ""
    return guessed if guessed.partition("/")[0] in ("video", "audio", "image") else "application/octet-stream"
