"""The emulator over HTTP; thin, so that whatever it does can be had without HTTP from the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from airflow_provider_viapi.emulator.admin_api import control_routes
from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.dashboard import HEADERS
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.huawei import routes as huawei
from airflow_provider_viapi.emulator.request import Request
from airflow_provider_viapi.emulator.storage.routes import StorageRoutes


def create_app(engine: Engine, certificate: Certificate) -> Starlette:
    """The ASGI application of an emulator; its lifespan is the engine's.

    * ``GET`` and ``POST /``: the services; a page for people where nothing is asked for
    * ``/v1/...``, ``/v2/...``, ``/v3/...``: Huawei Cloud's services (:mod:`airflow_provider_viapi.emulator.huawei`)
    * ``/_emulator/...``: looking inside and disturbing (:mod:`airflow_provider_viapi.emulator.admin_api`)
    * ``/bucket/key``: the object storage, where links in results lead too

    The server has to put a function into the state of the lifespan, ``drop_connection``, that closes the connection
    of a request at once.
    """
    storage = StorageRoutes(engine.storage)

    async def services(http: HttpRequest) -> Response:
        if http.headers.get("content-type", "").startswith("multipart/form-data"):
            return await storage.post_form(http)
        if http.method != "POST" and not http.scope["query_string"] and "authorization" not in http.headers:
            page = engine.page()
            return HTMLResponse(page.html(), headers={**HEADERS, "refresh": str(page.refresh)})
        answer = await engine.answer(await _request(http))
        if answer is None:
            http.state.drop_connection()
            return Response()
        return Response(answer.body, answer.status, answer.headers)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        engine.start()
        try:
            yield
        finally:
            await engine.stop()

    return Starlette(
        lifespan=lifespan,
        exception_handlers={ClientDisconnect: _nobody_listens},
        routes=[
            Route("/", services, methods=["GET", "POST"]),
            Mount(
                "/_emulator",
                routes=[*control_routes(engine, certificate), *huawei.control_routes(engine.huawei)],
            ),
            *huawei.service_routes(engine.huawei),
            *storage.routes(),
        ],
    )


async def _request(http: HttpRequest) -> Request:
    return Request(
        method=http.method,
        query=http.scope["query_string"].decode("ascii", "replace"),
        body=await http.body(),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in http.scope["headers"]},
        base=_base(http),
    )


def _base(http: HttpRequest) -> str:
    host = http.headers.get("host")
    if not host:
        address, port = http.scope["server"]
        host = f"{address}:{port}"
    return f"{http.scope['scheme']}://{host}"


def _nobody_listens(http: HttpRequest, error: Exception) -> Response:
    return Response()
