"""The object storage over HTTP, as much of OSS as clients need to put, get, list and delete objects."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from urllib.parse import quote, unquote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.request import new_request_id
from airflow_provider_viapi.emulator.responses import xml
from airflow_provider_viapi.emulator.storage.auth import StorageRequest, whole_number
from airflow_provider_viapi.emulator.storage.multipart import join
from airflow_provider_viapi.emulator.storage.objects import StoredObject
from airflow_provider_viapi.emulator.storage.request_body import receive, receive_file
from airflow_provider_viapi.emulator.storage.signature_v1 import SUBRESOURCES
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.storage.xml import copied, listing, parts_of, start_of

MOST_KEYS = 1000
"""Keys on a page of a listing at most."""

PAGE_SIZE = 100
"""Keys on a page unless the caller says how many."""

_ANYTHING = "application/octet-stream"
_DONE_HERE = {"uploads", "uploadId", "partNumber", "security-token", "continuation-token"}
# What was uploaded is shown by browsers at the emulator's own address: it must not act there.
_HARMLESS = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}

Handler = Callable[[Request, StorageRequest], Awaitable[Response]]


class StorageRoutes:
    """Answers requests for buckets and objects, and uploads by form."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._objects = storage.objects
        self._of_objects: Mapping[str, Handler] = {
            "PUT": self._put,
            "POST": self._post,
            "GET": self._get,
            "HEAD": self._get,
            "DELETE": self._delete,
        }
        self._of_buckets: Mapping[str, Handler] = {
            "GET": self._list,
            "PUT": self._exists,
            "HEAD": self._exists,
        }

    def routes(self) -> list[Route]:
        """Routes that take every path with a bucket in it; they have to stand behind all others."""
        methods = list(self._of_objects)
        return [
            Route("/{bucket}", self._answer, methods=methods),
            Route("/{bucket}/{key:path}", self._answer, methods=methods),
        ]

    async def post_form(self, http: Request) -> Response:
        """An upload by form; the bucket is that of the path or, where it has none, the key's first part."""
        try:
            return await self._post_form(http)
        except ApiError as error:
            return _error(http, error)

    async def _answer(self, http: Request) -> Response:
        if http.method == "POST" and _is_form(http):
            return await self.post_form(http)
        request = _read(http)
        try:
            self._storage.check_access(request)
            _check_done_here(http)
            handlers = self._of_objects if request.key else self._of_buckets
            if http.method not in handlers:
                raise ApiError("NotImplemented", "The emulator's storage does not do this.", 501)
            return await handlers[http.method](http, request)
        except ApiError as error:
            return _error(http, error)
        except FileNotFoundError:
            return _error(http, ApiError("NoSuchKey", "The file of this object was deleted.", 404))

    async def _put(self, http: Request, request: StorageRequest) -> Response:
        if "x-oss-copy-source" in http.headers:
            return await self._copy(http, request)
        asked = http.query_params
        if "uploadId" in asked:
            self._storage.multipart.check(asked["uploadId"], request.bucket, request.key)
        path = self._objects.new_file()
        etag = await receive(http, path)
        if "uploadId" in asked:
            number = whole_number(asked.get("partNumber", ""))
            self._storage.multipart.put_part(
                asked["uploadId"], request.bucket, request.key, number, path, etag
            )
        else:
            self._objects.put(request.bucket, request.key, path, etag=etag, headers=_told_along(http))
        return _answer(200, {"etag": f'"{etag}"'})

    async def _copy(self, http: Request, request: StorageRequest) -> Response:
        bucket, _, key = unquote(http.headers["x-oss-copy-source"]).removeprefix("/").partition("/")
        source = self._objects.get(bucket, key)
        path = self._objects.new_file()
        await asyncio.to_thread(shutil.copyfile, source.path, path)
        copy = self._objects.put(request.bucket, request.key, path, etag=source.etag, headers=source.headers)
        return _answer(200, body=copied(copy))

    async def _post(self, http: Request, request: StorageRequest) -> Response:
        bucket, key, multipart = request.bucket, request.key, self._storage.multipart
        if "uploads" in http.query_params:
            upload_id = multipart.begin(bucket, key, _told_along(http))
            content = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
            return _answer(200, body=xml("InitiateMultipartUploadResult", content))
        if "uploadId" not in http.query_params:
            raise ApiError("NotImplemented", "The emulator's storage does not do this.", 501)
        wanted = parts_of(await http.body())
        parts, etag, headers = multipart.take(http.query_params["uploadId"], bucket, key, wanted)
        path = self._objects.new_file()
        await asyncio.to_thread(join, parts, path)
        self._objects.put(bucket, key, path, etag=etag, headers=headers)
        content = {"Location": f"/{bucket}/{quote(key)}", "Bucket": bucket, "Key": key, "ETag": f'"{etag}"'}
        return _answer(200, body=xml("CompleteMultipartUploadResult", content))

    async def _get(self, http: Request, request: StorageRequest) -> Response:
        stored = self._objects.get(request.bucket, request.key)
        if http.headers.get("if-match", stored.etag).strip('"') != stored.etag:
            raise ApiError("PreconditionFailed", "The object has another ETag.", 412)
        told = await asyncio.to_thread(stored.path.stat)
        return FileResponse(stored.path, headers=_headers(stored), stat_result=told)

    async def _delete(self, http: Request, request: StorageRequest) -> Response:
        if "uploadId" in http.query_params:
            self._storage.multipart.abort(http.query_params["uploadId"], request.bucket, request.key)
        else:
            self._objects.delete(request.bucket, request.key)
        return _answer(204)

    async def _list(self, http: Request, request: StorageRequest) -> Response:
        asked = http.query_params
        if asked.get("list-type") != "2":
            raise ApiError(
                "NotImplemented", "The emulator's storage lists objects with list-type=2 only.", 501
            )
        limit = min(whole_number(asked.get("max-keys", "")) or PAGE_SIZE, MOST_KEYS)
        page = self._objects.page(
            request.bucket,
            asked.get("prefix", ""),
            asked.get("delimiter", ""),
            start_of(asked),
            limit,
        )
        return _answer(200, body=listing(request.bucket, asked, page, limit))

    async def _exists(self, http: Request, request: StorageRequest) -> Response:
        return _answer(200)

    async def _post_form(self, http: Request) -> Response:
        async with http.form() as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            upload = form.get("file")
            if not isinstance(upload, UploadFile) or not fields.get("key"):
                raise ApiError("InvalidArgument", "An upload by form needs the fields key and, last, file.")
            self._storage.check_form(fields, upload.size or 0)
            whole = f"{http.path_params['bucket']}/{fields['key']}" if http.path_params else fields["key"]
            bucket, _, key = whole.partition("/")
            if not key:
                raise ApiError("InvalidBucketName", "Neither the path nor the key names a bucket.")
            path = self._objects.new_file()
            etag = await receive_file(upload, path)
            kind = upload.content_type or ""
            headers = {"content-type": kind if kind.isprintable() and kind.isascii() and kind else _ANYTHING}
        self._objects.put(bucket, key, path, etag=etag, headers=headers)
        location = f"{http.url.scheme}://{http.url.netloc}/{bucket}/{quote(key)}"
        content = {"Bucket": bucket, "Location": location, "Key": fields["key"], "ETag": f'"{etag}"'}
        status = fields.get("success_action_status")
        if status == "201":
            return _answer(201, {"etag": f'"{etag}"'}, xml("PostResponse", content))
        return _answer(200 if status == "200" else 204, {"etag": f'"{etag}"'})


def _read(http: Request) -> StorageRequest:
    bucket, _, key = http.scope["path"].removeprefix("/").partition("/")
    query = http.scope["query_string"].decode("ascii", "replace")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in http.scope["headers"]}
    return StorageRequest(http.method, bucket, key, query, headers)


def _check_done_here(http: Request) -> None:
    asked = {name for name in http.query_params if name in SUBRESOURCES}
    if not asked <= _DONE_HERE or ("uploadId" in asked and "x-oss-copy-source" in http.headers):
        raise ApiError("NotImplemented", "The emulator's storage does not do this.", 501)


def _is_form(http: Request) -> bool:
    return http.headers.get("content-type", "").startswith("multipart/form-data")


def _told_along(http: Request) -> dict[str, str]:
    kind = http.headers.get("content-type") or _ANYTHING
    own = {name: value for name, value in http.headers.items() if name.startswith("x-oss-meta-")}
    return {"content-type": kind, **own}


def _headers(stored: StoredObject) -> dict[str, str]:
    return {
        **stored.headers,
        **_HARMLESS,
        "etag": f'"{stored.etag}"',
        "last-modified": formatdate(stored.modified, usegmt=True),
        "x-oss-object-type": "Normal",
        "x-oss-request-id": new_request_id(),
    }


def _answer(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Response:
    own = {"x-oss-request-id": new_request_id(), **(headers or {})}
    return Response(body, status, own, media_type="application/xml" if body else None)


def _error(http: Request, error: ApiError) -> Response:
    content = {
        "Code": error.code,
        "Message": error.message,
        "RequestId": new_request_id(),
        "HostId": http.headers.get("host", ""),
    }
    return _answer(error.status, {"x-oss-request-id": content["RequestId"]}, xml("Error", content))
