"""Huawei Cloud over HTTP: the services' paths, the uploads, and what tests ask besides."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.huawei.cloud import HuaweiCloud
from airflow_provider_viapi.emulator.huawei.files import UPLOADS_PATH
from airflow_provider_viapi.emulator.huawei.rest import RestRequest
from airflow_provider_viapi.emulator.responses import xml
from airflow_provider_viapi.emulator.storage.request_body import receive

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]


def service_routes(cloud: HuaweiCloud) -> list[Route]:
    """The routes of the services; they have to stand before those of the object storage."""

    async def service(http: Request) -> Response:
        answer = await cloud.answer(await _request(http))
        if answer is None:
            http.state.drop_connection()
            return Response()
        return Response(answer.body, answer.status, dict(answer.headers))

    async def upload(http: Request) -> Response:
        asked = http.query_params
        try:
            place = cloud.uploads.check(
                http.path_params["place"], asked.get("Expires", ""), asked.get("Signature", "")
            )
            path = cloud.uploads.new_file()
            etag = await receive(http, path)
            kind = http.headers.get("content-type", "application/octet-stream")
            cloud.uploads.take(place, path, etag, kind)
        except ApiError as error:
            body = xml("Error", {"Code": error.code, "Message": error.message})
            return Response(body, error.status, media_type="application/xml")
        return Response(headers={"etag": f'"{etag.lower()}"'})

    versions = [Route(f"/{each}/{{rest:path}}", service, methods=_METHODS) for each in ("v1", "v2", "v3")]
    return [*versions, Route(f"/{UPLOADS_PATH}/{{place}}", upload, methods=["PUT"])]


def control_routes(cloud: HuaweiCloud) -> list[Route]:
    """The routes below ``/_emulator/huawei``; they take JSON.

    * ``POST /expire-tokens``: every token that was given has expired
    * ``POST /move``: ``job_id``, ``state`` and perhaps ``code`` and ``message``: a task or model is in that state
    * ``POST /review``: ``job_id`` and ``accept``: what the person says who reviews a model's files
    """

    async def expire_tokens(http: Request) -> Response:
        cloud.expire_tokens()
        return Response(status_code=204)

    async def move(http: Request) -> Response:
        asked = await _fields(http)
        known = {"job_id", "state", "code", "message"}
        words = all(isinstance(value, str) for value in asked.values())
        if not words or not {"job_id", "state"} <= asked.keys() <= known:
            return _bad('say which job is to be where: {"job_id": "…", "state": "ABNORMAL", "message": "…"}')
        if not cloud.move(**asked):
            return _bad("there is no task, live task or model with this job_id")
        return Response(status_code=204)

    async def review(http: Request) -> Response:
        asked = await _fields(http)
        if asked.keys() != {"job_id", "accept"} or not isinstance(asked["accept"], bool):
            return _bad('say what comes of the review: {"job_id": "…", "accept": true}')
        if not cloud.review(str(asked["job_id"]), accept=asked["accept"]):
            return _bad("there is nothing to review: no such job, or it waits for something else")
        return Response(status_code=204)

    return [
        Route("/huawei/expire-tokens", expire_tokens, methods=["POST"]),
        Route("/huawei/move", move, methods=["POST"]),
        Route("/huawei/review", review, methods=["POST"]),
    ]


async def _fields(http: Request) -> dict[str, Any]:
    try:
        document = json.loads(await http.body())
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _bad(message: str) -> Response:
    return JSONResponse({"message": message}, 400)


async def _request(http: Request) -> RestRequest:
    host = http.headers.get("host") or "{}:{}".format(*http.scope["server"])
    raw = http.scope.get("raw_path") or http.scope["path"].encode()
    return RestRequest(
        method=http.method,
        path=raw.partition(b"?")[0].decode("ascii", "replace"),
        query=http.scope["query_string"].decode("ascii", "replace"),
        body=await http.body(),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in http.scope["headers"]},
        base=f"{http.scope['scheme']}://{host}",
    )
