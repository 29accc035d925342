"""A TCP proxy in front of the emulator that can be taken down and up, as a network fails."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from urllib.parse import urlsplit


class Proxy:
    """Forward connections to a server; while it is down, connections are refused.

    :param url: of the server
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (str(parts.hostname), int(parts.port or 80))
        self._listener: socket.socket | None = None
        self._port = 0
        self._open: set[socket.socket] = set()
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
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

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
            try:
                self._copy_both_ways(client, server)
            finally:
                self._open -= {client, server}

    @staticmethod
    def _copy_both_ways(client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        while True:
            readable, _, _ = select.select(list(other), [], [])
            for end in readable:
                data = end.recv(65536)
                if not data:
                    return
                other[end].sendall(data)
