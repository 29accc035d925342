"""A TCP proxy that fails as a network does: taken down and up, or broken while something is sent."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit


class TcpProxy:
    """Forwards connections to a server; while it is down, connections are refused.

    :param url: of the server
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (str(parts.hostname), int(parts.port or 80))
        self._listener: socket.socket | None = None
        self._port = 0
        self._open: set[socket.socket] = set()
        self.breaks = 0
        """Number of further connections that are cut once they have sent ``after`` bytes."""
        self.after = 100_000
        self.then: Callable[[], object] | None = None
        """Called once, when a connection has sent ``after`` bytes."""
        self.up()

    @property
    def url(self) -> str:
        """Address at which it listens when it is up."""
        return f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        """Listen, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=64)
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self) -> None:
        """Stop listening, and close all connections."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            # Closing alone does not wake the thread that accepts.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in list(self._open):
            _cut(connection)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(self._server) as server:
            self._open |= {client, server}
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            try:
                self._send(client, server)
                back.join()
            finally:
                # Closing alone does nothing while the other thread reads.
                _cut(server)
                _cut(client)
                self._open -= {client, server}

    def _send(self, client: socket.socket, server: socket.socket) -> None:
        sent = 0
        while piece := client.recv(1 << 16):
            server.sendall(piece)
            sent += len(piece)
            if sent >= self.after and not self._go_on():
                raise ConnectionResetError
        server.shutdown(socket.SHUT_WR)

    def _go_on(self) -> bool:
        if self.then is not None:
            then, self.then = self.then, None
            then()
        if self.breaks:
            self.breaks -= 1
            return False
        return True


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
