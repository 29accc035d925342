"""The HTTP interface of the emulator: routes to the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from airflow_provider_viapi.emulator.admin_api import admin_routes
from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.dashboard import HEADERS
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.http_guard import (
    ADMIN_PATH,
    MAX_CALL_BYTES,
    BodyTooLarge,
    HttpGuard,
    base_address,
    read_body,
)
from airflow_provider_viapi.emulator.huawei import routes as huawei
from airflow_provider_viapi.emulator.request import Request
from airflow_provider_viapi.emulator.response_format import ServiceResponse, error_response
from airflow_provider_viapi.emulator.storage.routes import StorageRoutes


def create_app(engine: Engine, certificate: Certificate, hosts: Collection[str]) -> Starlette:
    """Return the ASGI application of an emulator; its lifespan starts and stops the engine.

    * ``GET`` and ``POST /``: VIAPI's services; the dashboard if the request is no call
    * ``/v1/...``, ``/v2/...``, ``/v3/...``: Huawei Cloud's services (:mod:`airflow_provider_viapi.emulator.huawei`)
    * ``/_emulator/...``: inspection and faults (:mod:`airflow_provider_viapi.emulator.admin_api`)
    * ``/bucket/key``: the object storage, which also serves the links in results

    The server must put a function ``drop_connection`` into the state of the lifespan that closes the connection of a
    request immediately.

    :param hosts: host names and addresses under which clients may reach the emulator, besides loopback
    """
    storage = StorageRoutes(engine.storage)

    async def services(http: HttpRequest) -> Response:
        if http.headers.get("content-type", "").startswith("multipart/form-data"):
            return await storage.post_form(http)
        if http.method != "POST" and not http.scope["query_string"] and "authorization" not in http.headers:
            page = engine.page()
            return HTMLResponse(page.html(), headers={**HEADERS, "refresh": str(page.refresh)})
        response = await _call(engine, http)
        if response is None:
            http.state.drop_connection()
            return Response()
        return Response(response.body, response.status, response.headers)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        engine.start()
        try:
            yield
        finally:
            await engine.stop()

    return Starlette(
        lifespan=lifespan,
        middleware=[Middleware(HttpGuard, hosts=hosts)],
        exception_handlers={ClientDisconnect: _ignore_disconnect},
        routes=[
            Route("/", services, methods=["GET", "POST"]),
            Mount(
                ADMIN_PATH,
                routes=[*admin_routes(engine, certificate), *huawei.admin_routes(engine.huawei)],
            ),
            *huawei.service_routes(engine.huawei),
            *storage.routes(),
        ],
    )


async def _call(engine: Engine, http: HttpRequest) -> ServiceResponse | None:
    try:
        body = await read_body(http, MAX_CALL_BYTES)
    except BodyTooLarge:
        message = f"The body of a call has at most {MAX_CALL_BYTES} bytes."
        return error_response(_request(http, b""), ApiError("RequestEntityTooLarge", message, 413))
    return await engine.respond(_request(http, body))


def _request(http: HttpRequest, body: bytes) -> Request:
    return Request(
        method=http.method,
        query=http.scope["query_string"].decode("ascii", "replace"),
        body=body,
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in http.scope["headers"]},
        base=base_address(http),
    )


def _ignore_disconnect(http: HttpRequest, error: Exception) -> Response:
    return Response()
