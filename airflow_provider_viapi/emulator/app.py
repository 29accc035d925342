"""The emulator over HTTP; thin, so that whatever it does can be had without HTTP from the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from airflow_provider_viapi.emulator.answers import xml
from airflow_provider_viapi.emulator.call import Request, new_request_id
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.refusal import Refusal


def create_app(engine: Engine) -> Starlette:
    """The ASGI application of an emulator; its lifespan is the engine's.

    * ``GET`` and ``POST /``: the services
    * ``GET /files/...``: what links in results lead to
    * ``GET /_emulator/jobs``: every job, the oldest first
    * ``GET /_emulator/calls``: how many calls of each action were accepted and rejected
    * ``POST /_emulator/reset``: forget everything
    """

    async def services(http: HttpRequest) -> Response:
        request = Request(
            method=http.method,
            query=http.scope["query_string"].decode("ascii", "replace"),
            body=await http.body(),
            headers=http.headers,
            base=_base(http),
        )
        answer = await engine.answer(request)
        return Response(answer.body, answer.status, answer.headers)

    async def files(http: HttpRequest) -> Response:
        try:
            path = engine.file(http.path_params["job_id"], http.path_params["name"], http.query_params)
            return FileResponse(path, stat_result=await asyncio.to_thread(path.stat))
        except Refusal as refusal:
            return _storage_error(http, refusal)
        except FileNotFoundError:
            return _storage_error(http, Refusal("NoSuchKey", "This file was deleted.", 404))

    async def jobs(http: HttpRequest) -> Response:
        return JSONResponse(engine.jobs())

    async def calls(http: HttpRequest) -> Response:
        return JSONResponse(engine.calls())

    async def reset(http: HttpRequest) -> Response:
        await engine.reset()
        return Response(status_code=204)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        engine.start()
        try:
            yield
        finally:
            await engine.stop()

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", services, methods=["GET", "POST"]),
            Route("/files/{job_id}/{name}", files),
            Route("/_emulator/jobs", jobs),
            Route("/_emulator/calls", calls),
            Route("/_emulator/reset", reset, methods=["POST"]),
        ],
    )


def _base(http: HttpRequest) -> str:
    host = http.headers.get("host")
    if not host:
        address, port = http.scope["server"]
        host = f"{address}:{port}"
    return f"{http.scope['scheme']}://{host}"


def _storage_error(http: HttpRequest, refusal: Refusal) -> Response:
    content = {
        "Code": refusal.code,
        "Message": refusal.message,
        "RequestId": new_request_id(),
        "HostId": http.headers.get("host", ""),
    }
    return Response(xml("Error", content), refusal.status, media_type="application/xml")
