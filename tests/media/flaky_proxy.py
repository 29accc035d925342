"""A line to a server that breaks while something is sent, or lets a test do something then."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class FlakyProxy:
    """Passes connections on to a server.

    :param url: of the server
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (str(parts.hostname), int(parts.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.breaks = 0
        """Number of further connections that are cut once they have sent ``after`` bytes."""
        self.after = 100_000
        self.then: Callable[[], object] | None = None
        """Called once, when a connection has sent ``after`` bytes."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(self._server) as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            sent = 0
            while piece := client.recv(1 << 16):
                server.sendall(piece)
                sent += len(piece)
                if sent >= self.after and not self._go_on():
                    # Closing alone does nothing while the other thread reads.
                    server.shutdown(socket.SHUT_RDWR)
                    client.shutdown(socket.SHUT_RDWR)
                    return
            server.shutdown(socket.SHUT_WR)
            back.join()

    def _go_on(self) -> bool:
        if self.then is not None:
            then, self.then = self.then, None
            then()
        if self.breaks:
            self.breaks -= 1
            return False
        return True


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def flaky_proxy(url: str) -> Iterator[FlakyProxy]:
    line = FlakyProxy(url)
    try:
        yield line
    finally:
        line.close()
