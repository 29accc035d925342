"""The HTTP server: uvicorn in a thread, with TLS on the same port, able to drop connections."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Collection
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from airflow_provider_viapi.emulator.app import create_app
from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.tls_mux import Listener

SHUTDOWN_TIMEOUT = 1.0
"""Seconds that responses may take to be sent while the server shuts down."""


class HttpServer:
    """A server of an emulator; a context manager, ready inside.

    :param engine: the emulator
    :param listening: a listening socket
    :param certificate: for connections with TLS
    :param hosts: host names and addresses under which clients may reach the server, besides loopback
    """

    def __init__(
        self, engine: Engine, listening: socket.socket, certificate: Certificate, hosts: Collection[str]
    ) -> None:
        self._server = _Server(engine, listening, certificate, hosts)
        self._thread = threading.Thread(target=self._server.serve_in_thread, name="viapi-emulator")

    def __enter__(self) -> HttpServer:
        self._thread.start()
        self._server.settled.wait()
        if not self._server.started:
            self._thread.join()
            raise RuntimeError("the emulator did not start; see its log")
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
    def __init__(
        self, engine: Engine, listening: socket.socket, certificate: Certificate, hosts: Collection[str]
    ) -> None:
        self.settled = threading.Event()
        self._engine = engine
        self._listener = Listener(listening, self._protocol, certificate.server_context)
        super().__init__(
            uvicorn.Config(
                create_app(engine, certificate, hosts),
                # With older versions of uvicorn, uvloop would become the event loop policy of the whole program.
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
        # Stop the engine first, so that uvicorn finds no task to cancel, which it would log as an error.
        self._listener.close()
        await self._engine.stop()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=SHUTDOWN_TIMEOUT)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return _Protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
