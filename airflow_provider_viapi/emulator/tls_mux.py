"""One port for connections with and without TLS, distinguished by their first byte.

Alibaba's clients upload by HTTPS to the host and port whose ``http://`` address they then pass to a job.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

_TLS_HANDSHAKE = b"\x16"
_FIRST_BYTE_TIMEOUT = 75.0
_RETRY_DELAY = 0.1


class Listener:
    """Accept the connections of a socket until :meth:`close`.

    :param listening: the socket
    :param protocol: create the protocol of a connection
    :param tls: create the TLS context; called for the first connection with TLS
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
        self._starting: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start to accept connections."""
        self._listening.setblocking(False)
        self._accepting = asyncio.ensure_future(self._accept())

    def close(self) -> None:
        """Stop to accept connections, and drop those that have sent nothing yet."""
        for task in (self._accepting, *self._starting):
            if task is not None:
                task.cancel()
        self._listening.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listening)
            except OSError:
                # Too many open files, or the client has disconnected.
                await asyncio.sleep(_RETRY_DELAY)
                continue
            task = asyncio.ensure_future(self._serve(connection))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def _serve(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            first = await asyncio.wait_for(_first_byte(connection), _FIRST_BYTE_TIMEOUT)
            if first:
                tls = await self._context() if first == _TLS_HANDSHAKE else None
                # From here on the transport closes the socket, even if the handshake fails.
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
