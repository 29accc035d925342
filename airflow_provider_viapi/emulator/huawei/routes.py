"""The HTTP interface of Huawei Cloud: the services, the uploads, and the administration."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_viapi.emulator.admin_api import bad_request, read_json
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.http_guard import BodyTooLarge, base_address, read_body
from airflow_provider_viapi.emulator.huawei.cloud import HuaweiCloud
from airflow_provider_viapi.emulator.huawei.errors import api_error
from airflow_provider_viapi.emulator.huawei.files import UPLOADS_PATH
from airflow_provider_viapi.emulator.huawei.rest import RestRequest, error_response
from airflow_provider_viapi.emulator.response_format import ServiceResponse, xml
from airflow_provider_viapi.emulator.storage.request_body import receive

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]


def service_routes(cloud: HuaweiCloud) -> list[Route]:
    """Return the routes of the services; they must precede those of the object storage."""

    async def service(http: Request) -> Response:
        response = await _call(cloud, http)
        if response is None:
            http.state.drop_connection()
            return Response()
        return Response(response.body, response.status, dict(response.headers))

    async def upload(http: Request) -> Response:
        query = http.query_params
        try:
            slot = cloud.uploads.check(
                http.path_params["slot"], query.get("Expires", ""), query.get("Signature", "")
            )
            path = cloud.uploads.new_file()
            etag = await receive(http, path)
            kind = http.headers.get("content-type", "application/octet-stream")
            cloud.uploads.store(slot, path, etag, kind)
        except ApiError as error:
            body = xml("Error", {"Code": error.code, "Message": error.message})
            return Response(body, error.status, media_type="application/xml")
        return Response(headers={"etag": f'"{etag.lower()}"'})

    versions = [Route(f"/{each}/{{rest:path}}", service, methods=_METHODS) for each in ("v1", "v2", "v3")]
    return [*versions, Route(f"/{UPLOADS_PATH}/{{slot}}", upload, methods=["PUT"])]


def admin_routes(cloud: HuaweiCloud) -> list[Route]:
    """Return the routes below ``/_emulator/huawei``; requests are JSON.

    * ``POST /expire-tokens``: expire every token that was issued
    * ``POST /move``: set a job's state: ``job_id``, ``state``, and optionally ``code`` and ``message``
    * ``POST /review``: accept or reject the files of a model: ``job_id`` and ``accept``
    """

    async def expire_tokens(http: Request) -> Response:
        cloud.expire_tokens()
        return Response(status_code=204)

    async def move(http: Request) -> Response:
        fields = await _fields(http)
        known = {"job_id", "state", "code", "message"}
        are_strings = all(isinstance(value, str) for value in fields.values())
        if not are_strings or not {"job_id", "state"} <= fields.keys() <= known:
            return bad_request(
                'give a job and its new state: {"job_id": "…", "state": "ABNORMAL", "message": "…"}'
            )
        if not cloud.move(**fields):
            return bad_request("there is no task, live task or model with this job_id")
        return Response(status_code=204)

    async def review(http: Request) -> Response:
        fields = await _fields(http)
        if fields.keys() != {"job_id", "accept"} or not isinstance(fields["accept"], bool):
            return bad_request('give the result of the review: {"job_id": "…", "accept": true}')
        if not cloud.review(str(fields["job_id"]), accept=fields["accept"]):
            return bad_request("there is nothing to review: the job does not exist or is in another state")
        return Response(status_code=204)

    return [
        Route("/huawei/expire-tokens", expire_tokens, methods=["POST"]),
        Route("/huawei/move", move, methods=["POST"]),
        Route("/huawei/review", review, methods=["POST"]),
    ]


async def _fields(http: Request) -> dict[str, Any]:
    document = await read_json(http)
    return document if isinstance(document, dict) else {}


async def _call(cloud: HuaweiCloud, http: Request) -> ServiceResponse | None:
    try:
        body = await read_body(http, cloud.max_body_bytes(http.headers.get("x-auth-token")))
    except BodyTooLarge:
        return error_response(_request(http, b""), api_error("APIGW.0201", "Request entity too large"))
    return await cloud.respond(_request(http, body))


def _request(http: Request, body: bytes) -> RestRequest:
    raw = http.scope.get("raw_path") or http.scope["path"].encode()
    return RestRequest(
        method=http.method,
        path=raw.partition(b"?")[0].decode("ascii", "replace"),
        query=http.scope["query_string"].decode("ascii", "replace"),
        body=body,
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in http.scope["headers"]},
        base=base_address(http),
    )
