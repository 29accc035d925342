"""Connections at one port, with and without TLS: each is taken for what it begins as.

Alibaba's clients upload by HTTPS to the very host and port whose ``http://`` address they then give to a job.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

_TLS_HANDSHAKE = b"\x16"
_SILENCE = 75.0
_PAUSE = 0.1


class Listener:
    """Accepts the connections that come to a socket, until :meth:`close`.

    :param listening: the socket
    :param protocol: makes what serves a connection
    :param tls: makes what a connection with TLS needs; asked when the first one comes
    """

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        tls: Callable[[], ssl.SSLContext],
    ) -> None:
        self._listening = listening
        self._protocol = protocol
        self._tls = tls
        self._tls_context: ssl.SSLContext | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._beginning: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to accept."""
        self._listening.setblocking(False)
        self._accepting = asyncio.ensure_future(self._accept())

    def close(self) -> None:
        """Accept no more connections, and drop those that have not begun to talk."""
        for task in (self._accepting, *self._beginning):
            if task is not None:
                task.cancel()
        self._listening.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listening)
            except OSError:
                # Too many open files, or a caller that went away at once.
                await asyncio.sleep(_PAUSE)
                continue
            task = asyncio.ensure_future(self._begin(connection))
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)

    async def _begin(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            first = await asyncio.wait_for(_first_byte(connection), _SILENCE)
            if first:
                tls = await self._context() if first == _TLS_HANDSHAKE else None
                # From here on the transport closes the socket, also when the handshake fails.
                await loop.connect_accepted_socket(self._protocol, connection, ssl=tls)
                return
        except (OSError, asyncio.TimeoutError):
            pass
        except BaseException:
            connection.close()
            raise
        connection.close()

    async def _context(self) -> ssl.SSLContext:
        if self._tls_context is None:
            self._tls_context = await asyncio.to_thread(self._tls)
        return self._tls_context


async def _first_byte(connection: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    with contextlib.suppress(BlockingIOError):
        return connection.recv(1, socket.MSG_PEEK)
    return b""
