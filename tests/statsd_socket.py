"""A socket that listens as a StatsD server does, and the settings that make Airflow send to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class StatsdSocket:
    """Keeps what it hears until the next :meth:`received`; Airflow sends the package's own metrics only."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.environment = {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(listening.getsockname()[1]),
            # Airflow's own metrics would fill the buffer of the socket.
            "AIRFLOW__METRICS__METRICS_ALLOW_LIST": "viapi",
        }

    def received(self) -> dict[str, list[str]]:
        """Return the values that have arrived since the last call, by name."""
        heard: dict[str, list[str]] = {}
        while True:
            try:
                name, _, value = self._listening.recv(65536).decode().partition(":")
            except BlockingIOError:
                return heard
            heard.setdefault(name, []).append(value)


@contextmanager
def statsd_socket() -> Iterator[StatsdSocket]:
    """Listen on a free port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        listening.setblocking(False)
        yield StatsdSocket(listening)
