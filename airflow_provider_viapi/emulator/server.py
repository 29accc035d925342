"""An emulator in the process of a program: uvicorn in a thread."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, Literal

from airflow_provider_viapi.emulator import face_templates
from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.data_folder import DataFolder
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.http_server import HttpServer
from airflow_provider_viapi.emulator.huawei.identity import Tenant
from airflow_provider_viapi.emulator.media import TRANSFORMS, transform
from airflow_provider_viapi.emulator.quota import CallsPerSecond
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
    :param calls_per_second: the quota, of each action or by the action's name; as many calls as come unless given
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
        calls_per_second: CallsPerSecond = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._key = key or AccessKey()
        self._data_dir = data_dir
        self._host, self._port = host, port
        self._transforms = transforms
        self._calls_per_second = calls_per_second
        self._now = now
        self._tenant = Tenant()
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

    @property
    def huawei_project_id(self) -> str:
        """The project in Huawei's cloud that every path names."""
        return self._tenant.project_id

    @property
    def huawei_region(self) -> str:
        """The name of that project."""
        return self._tenant.region

    @property
    def huawei_user(self) -> str:
        """The IAM user who may have tokens."""
        return self._tenant.user

    @property
    def huawei_password(self) -> str:
        """That user's password."""
        return self._tenant.password

    @property
    def huawei_domain(self) -> str:
        """The account that user belongs to."""
        return self._tenant.domain

    def huawei_connection_json(self, auth: Literal["aksk", "password"] = "aksk") -> str:
        """An Airflow connection to it as Huawei's cloud, as it goes into a variable ``AIRFLOW_CONN_...``.

        :param auth: signed with the same access key as in the other cloud, or with a token for the user's password
        """
        extra = {"endpoint": self.url, "region": self.huawei_region, "project_id": self.huawei_project_id}
        login, password = self.access_key_id, self.access_key_secret
        if auth == "password":
            login, password = self.huawei_user, self.huawei_password
            extra |= {"auth": "password", "domain": self.huawei_domain}
        return json.dumps({"conn_type": "huaweicloud", "login": login, "password": password, "extra": extra})

    def start(self) -> None:
        """Start it, and return when it answers.

        :raises OSError: it cannot listen there
        :raises FolderUnusable: it cannot keep its things there
        """
        transforms = _all_transforms() if self._transforms is None else self._transforms
        with ExitStack() as running:
            listener = running.enter_context(_listener(self._host, self._port))
            folder = running.enter_context(closing(DataFolder(self._data_dir)))
            engine = Engine(
                folder,
                keys=[self._key],
                transforms=transforms,
                calls_per_second=self._calls_per_second,
                tenant=self._tenant,
                now=self._now,
            )
            running.enter_context(HttpServer(engine, listener, Certificate(folder.objects, self._host)))
            self._port = listener.getsockname()[1]
            self._running = running.pop_all()

    def stop(self) -> None:
        """End it and whatever it does, and return when nothing is left of it."""
        self._running.close()

    def jobs(self) -> list[dict[str, Any]]:
        """Every job as plain values, the oldest first."""
        return list(self._ask("GET", "/jobs"))

    def calls(self) -> dict[str, dict[str, int]]:
        """How many calls of each action were accepted and rejected."""
        return dict(self._ask("GET", "/calls"))

    def fault(self, **fields: Any) -> None:
        """Let something go wrong with calls or jobs to come, such as ``action="AddImage", drop="after"``.

        :param fields: ``action``, ``times`` and what happens, as ``POST /_emulator/faults`` takes them
        :raises ValueError: they make no sense; the message says why
        """
        self._ask("POST", "/faults", fields)

    def faults(self) -> list[dict[str, Any]]:
        """The faults to come, with ``times`` as many as are left."""
        return list(self._ask("GET", "/faults"))

    def clear_faults(self) -> None:
        """Let nothing go wrong any more; what is held goes on."""
        self._ask("DELETE", "/faults")

    def sts(self, seconds: float) -> dict[str, str]:
        """A temporary key: ``access_key_id``, ``access_key_secret``, ``security_token`` and ``expires_at``.

        :param seconds: how long it may call
        """
        return dict(self._ask("POST", "/sts", {"seconds": seconds}))

    def expire_huawei_tokens(self) -> None:
        """Let every token of Huawei's IAM that was given be one that has expired."""
        self._ask("POST", "/huawei/expire-tokens")

    def move_huawei_job(self, job_id: str, state: str, **reason: str) -> None:
        """Let a task, a live task or a model be in a state; it goes on from there by itself, if anything follows.

        :param reason: ``code`` and ``message``, of a state that tells of something wrong
        :raises ValueError: there is no such job
        """
        self._ask("POST", "/huawei/move", {"job_id": job_id, "state": state, **reason})

    def review_huawei_model(self, job_id: str, *, accept: bool = True) -> None:
        """Do what the person does who reviews the files of an image or voice model.

        :raises ValueError: there is nothing to review
        """
        self._ask("POST", "/huawei/review", {"job_id": job_id, "accept": accept})

    def reset(self) -> None:
        """Forget everything: jobs, calls, nonces, temporary keys, image databases and faults; end running work."""
        self._ask("POST", "/reset")

    def _ask(self, method: str, path: str, content: Any = None) -> Any:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_ANSWER_TIME)
        with closing(connection):
            connection.request(method, f"/_emulator{path}", None if content is None else json.dumps(content))
            answer = connection.getresponse()
            body = answer.read()
        if answer.status == 400:
            raise ValueError(json.loads(body)["message"])
        if answer.status >= 300:
            raise RuntimeError(f"the emulator answered {path} with HTTP {answer.status}")
        return json.loads(body) if body else None


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
    return {**{action: partial(transform, action) for action in TRANSFORMS}, **face_templates.WORK}
