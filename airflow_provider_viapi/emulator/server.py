"""An emulator in the process of a program: uvicorn in a thread."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from airflow_provider_viapi.emulator.access import AccessKey
from airflow_provider_viapi.emulator.app import create_app
from airflow_provider_viapi.emulator.data_folder import DataFolder
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.media import TRANSFORMS, transform
from airflow_provider_viapi.emulator.worker import Transform

_ANSWER_TIME = 60.0


class EmulatorServer:
    """An emulator at an address of its own, ``url``; a context manager.

    In a script, start it below ``if __name__ == "__main__":``, because its worker processes import the script.

    :param key: the access key that may call
    :param data_dir: where it keeps its things; a temporary folder, deleted at the end, unless given
    :param host: the address to listen at
    :param port: the port to listen at; 0 for any that is free
    :param transforms: the media work by the name of the action; all that the emulator has unless given
    :param now: the clock, in Unix time
    """

    def __init__(
        self,
        key: AccessKey | None = None,
        *,
        data_dir: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        transforms: Mapping[str, Transform] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._key = key or AccessKey()
        self._data_dir = data_dir
        self._host, self._port = host, port
        self._transforms = transforms
        self._now = now
        self._running = ExitStack()

    def __enter__(self) -> EmulatorServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it is, such as ``http://127.0.0.1:8765``."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    @property
    def access_key_id(self) -> str:
        """The public half of the key that may call."""
        return self._key.id

    @property
    def access_key_secret(self) -> str:
        """The secret half of the key that may call."""
        return self._key.secret

    def connection_json(self) -> str:
        """An Airflow connection to it, as it goes into a variable ``AIRFLOW_CONN_...``."""
        return json.dumps(
            {
                "conn_type": "viapi",
                "login": self.access_key_id,
                "password": self.access_key_secret,
                "extra": {"endpoint": self.url},
            }
        )

    def start(self) -> None:
        """Start it, and return when it answers.

        :raises OSError: it cannot listen there
        :raises FolderUnusable: it cannot keep its things there
        """
        transforms = _all_transforms() if self._transforms is None else self._transforms
        with ExitStack() as running:
            listener = running.enter_context(_listener(self._host, self._port))
            folder = running.enter_context(closing(DataFolder(self._data_dir)))
            engine = Engine(folder, keys=[self._key], transforms=transforms, now=self._now)
            server = _Server(engine)
            thread = threading.Thread(target=server.serve_at, args=(listener,), name="viapi-emulator")
            thread.start()
            running.callback(server.end, thread)
            server.wait_until_ready()
            self._port = listener.getsockname()[1]
            self._running = running.pop_all()

    def stop(self) -> None:
        """End it and whatever it does, and return when nothing is left of it."""
        self._running.close()

    def jobs(self) -> list[dict[str, Any]]:
        """Every job as plain values, the oldest first."""
        return list(json.loads(self._ask("GET", "/_emulator/jobs")))

    def calls(self) -> dict[str, dict[str, int]]:
        """How many calls of each action were accepted and rejected."""
        return dict(json.loads(self._ask("GET", "/_emulator/calls")))

    def reset(self) -> None:
        """Forget jobs, calls, nonces and image databases, end running work and delete files."""
        self._ask("POST", "/_emulator/reset")

    def _ask(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_ANSWER_TIME)
        with closing(connection):
            connection.request(method, path)
            answer = connection.getresponse()
            if answer.status >= 300:
                raise RuntimeError(f"the emulator answered {path} with HTTP {answer.status}")
            return answer.read()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only where the protocol is named; otherwise each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _all_transforms() -> Mapping[str, Transform]:
    return {action: partial(transform, action) for action in TRANSFORMS}


class _Server(uvicorn.Server):
    def __init__(self, engine: Engine) -> None:
        self._settled = threading.Event()
        super().__init__(
            uvicorn.Config(
                create_app(engine),
                # uvloop would become the policy of the whole program with older versions of uvicorn.
                loop="asyncio",
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._settled.set()

    def serve_at(self, listener: socket.socket) -> None:
        try:
            self.run(sockets=[listener])
        finally:
            self._settled.set()

    def wait_until_ready(self) -> None:
        self._settled.wait()
        if not self.started:
            raise RuntimeError("the emulator did not start; its log says why")

    def end(self, thread: threading.Thread) -> None:
        self.should_exit = True
        thread.join()
