"""The HTTP server of an emulator: uvicorn in a thread, which can drop connections, speak TLS, and ends quietly."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from airflow_provider_viapi.emulator.app import create_app
from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.tls_mux import Listener

LAST_ANSWERS = 1.0
"""Seconds that answers may take to be sent once the server is to end."""


class HttpServer:
    """A server with an emulator; a context manager, ready inside.

    :param engine: the emulator
    :param listening: a socket that listens
    :param certificate: for connections with TLS
    """

    def __init__(self, engine: Engine, listening: socket.socket, certificate: Certificate) -> None:
        self._server = _Server(engine, listening, certificate)
        self._thread = threading.Thread(target=self._server.serve_in_thread, name="viapi-emulator")

    def __enter__(self) -> HttpServer:
        self._thread.start()
        self._server.settled.wait()
        if not self._server.started:
            self._thread.join()
            raise RuntimeError("the emulator did not start; its log says why")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    app_state: dict[str, Any]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "drop_connection": transport.abort}


class _Server(uvicorn.Server):
    def __init__(self, engine: Engine, listening: socket.socket, certificate: Certificate) -> None:
        self.settled = threading.Event()
        self._engine = engine
        self._listener = Listener(listening, self._protocol, certificate.server_context)
        super().__init__(
            uvicorn.Config(
                create_app(engine, certificate),
                # uvloop would become the policy of the whole program with older versions of uvicorn.
                loop="asyncio",
                http=_Protocol,
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=5,
            )
        )

    def serve_in_thread(self) -> None:
        try:
            self.run(sockets=[])
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listener.start()
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # What calls wait for is ended first, so that uvicorn finds none to cancel, which it would tell loudly.
        self._listener.close()
        await self._engine.stop()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=LAST_ANSWERS)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return _Protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
