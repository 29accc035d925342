"""The HTTP interface of the object storage: the part of OSS that is needed to put, get, list and delete objects."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from email.utils import formatdate
from urllib.parse import quote, unquote

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.request import new_request_id
from airflow_provider_viapi.emulator.response_format import xml
from airflow_provider_viapi.emulator.storage.auth import StorageRequest, whole_number
from airflow_provider_viapi.emulator.storage.multipart import join
from airflow_provider_viapi.emulator.storage.objects import StoredObject
from airflow_provider_viapi.emulator.storage.post_policy import MAX_BYTES
from airflow_provider_viapi.emulator.storage.request_body import receive, receive_file
from airflow_provider_viapi.emulator.storage.signature_v1 import SUBRESOURCES
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.storage.xml import copy_result, list_result, parse_parts, start_after

MAX_KEYS = 1000
"""Largest number of keys on a page of a list."""

PAGE_SIZE = 100
"""Default number of keys on a page."""

MAX_KEY_BYTES = 1023

MAX_UNSIGNED_BYTES = 1 << 20
"""Bytes of an upload by form that are read before its policy is checked; the fields must precede the file."""

_BINARY = "application/octet-stream"
_SUPPORTED = {"uploads", "uploadId", "partNumber", "security-token", "continuation-token"}
# Uploaded files are served from the emulator's own origin and must not run scripts there. Chromium plays no
# video in a sandbox, so images, sound and videos get a policy that allows only themselves. SVG is excluded because
# it can contain scripts, and so are header values with several types, of which a browser may use the last.
_PASSIVE = re.compile(r"(?:video|audio|image)/(?!svg)[a-z0-9.+-]+")
_PASSIVE_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"

Handler = Callable[[Request, StorageRequest], Awaitable[Response]]


class StorageRoutes:
    """Handles requests for buckets and objects, and uploads by form."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._objects = storage.objects
        self._object_handlers: Mapping[str, Handler] = {
            "PUT": self._put,
            "POST": self._post,
            "GET": self._get,
            "HEAD": self._get,
            "DELETE": self._delete,
        }
        self._bucket_handlers: Mapping[str, Handler] = {
            "GET": self._list,
            "PUT": self._exists,
            "HEAD": self._exists,
        }

    def routes(self) -> list[Route]:
        """Return routes that match every path with a bucket; they must follow all other routes."""
        methods = list(self._object_handlers)
        return [
            Route("/{bucket}", self._respond, methods=methods),
            Route("/{bucket}/{key:path}", self._respond, methods=methods),
        ]

    async def post_form(self, http: Request) -> Response:
        """Handle an upload by form; the bucket is that of the path or, without a path, the first part of the key."""
        try:
            return await self._post_form(http)
        except ApiError as error:
            return _error(http, error)

    async def _respond(self, http: Request) -> Response:
        if http.method == "POST" and _is_form(http):
            return await self.post_form(http)
        request = _read(http)
        try:
            self._storage.check_access(request)
            _check_supported(http)
            _check_key(request.key)
            handlers = self._object_handlers if request.key else self._bucket_handlers
            if http.method not in handlers:
                raise ApiError("NotImplemented", "The emulator's storage does not implement this.", 501)
            return await handlers[http.method](http, request)
        except ApiError as error:
            return _error(http, error)
        except FileNotFoundError:
            return _error(http, ApiError("NoSuchKey", "The file of this object was deleted.", 404))

    async def _put(self, http: Request, request: StorageRequest) -> Response:
        if "x-oss-copy-source" in http.headers:
            return await self._copy(http, request)
        query = http.query_params
        number = whole_number(query.get("partNumber", ""))
        if "uploadId" in query:
            self._storage.multipart.check(query["uploadId"], request.bucket, request.key, number)
        path = self._objects.new_file()
        etag = await receive(http, path)
        if "uploadId" in query:
            self._storage.multipart.put_part(
                query["uploadId"], request.bucket, request.key, number, path, etag
            )
        else:
            self._objects.put(request.bucket, request.key, path, etag=etag, headers=_object_headers(http))
        return _response(200, {"etag": f'"{etag}"'})

    async def _copy(self, http: Request, request: StorageRequest) -> Response:
        bucket, _, key = unquote(http.headers["x-oss-copy-source"]).removeprefix("/").partition("/")
        source = self._objects.get(bucket, key)
        path = self._objects.new_file()
        await asyncio.to_thread(shutil.copyfile, source.path, path)
        copy = self._objects.put(request.bucket, request.key, path, etag=source.etag, headers=source.headers)
        return _response(200, body=copy_result(copy))

    async def _post(self, http: Request, request: StorageRequest) -> Response:
        bucket, key, multipart = request.bucket, request.key, self._storage.multipart
        if "uploads" in http.query_params:
            upload_id = multipart.begin(bucket, key, _object_headers(http))
            content = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
            return _response(200, body=xml("InitiateMultipartUploadResult", content))
        if "uploadId" not in http.query_params:
            raise ApiError("NotImplemented", "The emulator's storage does not implement this.", 501)
        wanted = parse_parts(await http.body())
        parts, etag, headers = multipart.complete(http.query_params["uploadId"], bucket, key, wanted)
        path = self._objects.new_file()
        await asyncio.to_thread(join, parts, path)
        self._objects.put(bucket, key, path, etag=etag, headers=headers)
        content = {"Location": f"/{bucket}/{quote(key)}", "Bucket": bucket, "Key": key, "ETag": f'"{etag}"'}
        return _response(200, body=xml("CompleteMultipartUploadResult", content))

    async def _get(self, http: Request, request: StorageRequest) -> Response:
        stored = self._objects.get(request.bucket, request.key)
        if http.headers.get("if-match", stored.etag).strip('"') != stored.etag:
            raise ApiError("PreconditionFailed", "The object has another ETag.", 412)
        stat = await asyncio.to_thread(stored.path.stat)
        return _ObjectResponse(stored.path, headers=_response_headers(stored), stat_result=stat)

    async def _delete(self, http: Request, request: StorageRequest) -> Response:
        if "uploadId" in http.query_params:
            self._storage.multipart.abort(http.query_params["uploadId"], request.bucket, request.key)
        else:
            self._objects.delete(request.bucket, request.key)
        return _response(204)

    async def _list(self, http: Request, request: StorageRequest) -> Response:
        query = http.query_params
        if query.get("list-type") != "2":
            raise ApiError(
                "NotImplemented", "The emulator's storage lists objects with list-type=2 only.", 501
            )
        limit = min(whole_number(query.get("max-keys", "")) or PAGE_SIZE, MAX_KEYS)
        page = self._objects.page(
            request.bucket,
            query.get("prefix", ""),
            query.get("delimiter", ""),
            start_after(query),
            limit,
        )
        return _response(200, body=list_result(request.bucket, query, page, limit))

    async def _exists(self, http: Request, request: StorageRequest) -> Response:
        return _response(200)

    async def _post_form(self, http: Request) -> Response:
        parser = MultiPartParser(http.headers, self._authorized(http, lambda: parser.items))
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise ApiError("MalformedPOSTRequest", f"The form is malformed: {error.message}") from None
        try:
            return await self._store_form(http, form)
        finally:
            await form.close()

    async def _store_form(self, http: Request, form: FormData) -> Response:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        upload = form.get("file")
        if not isinstance(upload, UploadFile) or not fields.get("key"):
            raise ApiError("InvalidArgument", "An upload by form needs the fields key and, last, file.")
        self._storage.check_form(fields, upload.size or 0)
        whole = f"{http.path_params['bucket']}/{fields['key']}" if http.path_params else fields["key"]
        bucket, _, key = whole.partition("/")
        if not key:
            raise ApiError("InvalidBucketName", "Neither the path nor the key has a bucket.")
        _check_key(key)
        path = self._objects.new_file()
        etag = await receive_file(upload, path)
        kind = upload.content_type or ""
        headers = {"content-type": kind if kind.isprintable() and kind.isascii() and kind else _BINARY}
        self._objects.put(bucket, key, path, etag=etag, headers=headers)
        location = f"{http.url.scheme}://{http.url.netloc}/{bucket}/{quote(key)}"
        content = {"Bucket": bucket, "Location": location, "Key": fields["key"], "ETag": f'"{etag}"'}
        status = fields.get("success_action_status")
        if status == "201":
            return _response(201, {"etag": f'"{etag}"'}, xml("PostResponse", content))
        return _response(200 if status == "200" else 204, {"etag": f'"{etag}"'})

    async def _authorized(
        self, http: Request, items: Callable[[], list[tuple[str, str | UploadFile]]]
    ) -> AsyncGenerator[bytes, None]:
        received, is_authorized = 0, False
        async for chunk in http.stream():
            received += len(chunk)
            if received > MAX_UNSIGNED_BYTES and not is_authorized:
                self._storage.check_policy({name: value for name, value in items() if isinstance(value, str)})
                is_authorized = True
            if received > MAX_BYTES + MAX_UNSIGNED_BYTES:
                raise ApiError(
                    "EntityTooLarge", f"A file that is uploaded by form has at most {MAX_BYTES} bytes."
                )
            yield chunk


class _ObjectResponse(FileResponse):
    """An object, or the range of it that was requested, as OSS sends them.

    Of several ranges only the first counts. If its first or last byte is not in the object, OSS sends the whole
    object with status 200, unless the request has ``x-oss-range-behavior: standard``.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        size = self.stat_result.st_size if self.stat_result else 0
        is_standard = Headers(scope=scope).get("x-oss-range-behavior", "").lower() == "standard"
        headers = []
        for name, value in scope["headers"]:
            wanted = value.partition(b",")[0] if name == b"range" else value
            if name != b"range" or is_standard or _is_in_object(wanted, size):
                headers.append((name, wanted))
        await super().__call__({**scope, "headers": headers}, receive, send)


def _is_in_object(wanted: bytes, size: int) -> bool:
    given = re.fullmatch(rb"bytes=(?:(\d+)-(\d*)|-(\d+))", wanted)
    if given is None:
        return False
    if given[3]:
        return 0 < int(given[3]) <= size
    return int(given[1]) <= int(given[2] or size - 1) < size


def _read(http: Request) -> StorageRequest:
    bucket, _, key = http.scope["path"].removeprefix("/").partition("/")
    query = http.scope["query_string"].decode("ascii", "replace")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in http.scope["headers"]}
    return StorageRequest(http.method, bucket, key, query, headers)


def _check_supported(http: Request) -> None:
    asked = {name for name in http.query_params if name in SUBRESOURCES}
    if not asked <= _SUPPORTED or ("uploadId" in asked and "x-oss-copy-source" in http.headers):
        raise ApiError("NotImplemented", "The emulator's storage does not implement this.", 501)


def _check_key(key: str) -> None:
    if key.startswith(("/", "\\")) or len(key.encode()) > MAX_KEY_BYTES:
        raise ApiError("InvalidObjectName", "The specified object is not valid.")


def _is_form(http: Request) -> bool:
    return http.headers.get("content-type", "").startswith("multipart/form-data")


def _object_headers(http: Request) -> dict[str, str]:
    kind = http.headers.get("content-type") or _BINARY
    user = {name: value for name, value in http.headers.items() if name.startswith("x-oss-meta-")}
    return {"content-type": kind, **user}


def _response_headers(stored: StoredObject) -> dict[str, str]:
    is_passive = _PASSIVE.fullmatch(stored.headers.get("content-type", "").lower()) is not None
    return {
        **stored.headers,
        "content-security-policy": _PASSIVE_POLICY if is_passive else "sandbox",
        "x-content-type-options": "nosniff",
        "etag": f'"{stored.etag}"',
        "last-modified": formatdate(stored.modified, usegmt=True),
        "x-oss-object-type": "Normal",
        "x-oss-request-id": new_request_id(),
    }


def _response(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Response:
    own = {"x-oss-request-id": new_request_id(), **(headers or {})}
    return Response(body, status, own, media_type="application/xml" if body else None)


def _error(http: Request, error: ApiError) -> Response:
    content = {
        "Code": error.code,
        "Message": error.message,
        "RequestId": new_request_id(),
        "HostId": http.headers.get("host", ""),
    }
    return _response(error.status, {"x-oss-request-id": content["RequestId"]}, xml("Error", content))
