"""An emulator in the process of a program, served by a thread."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from airflow_provider_viapi.emulator import face_templates
from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.data_folder import DataFolder
from airflow_provider_viapi.emulator.engine import IMAGE_INSTANCES, Engine
from airflow_provider_viapi.emulator.http_server import HttpServer
from airflow_provider_viapi.emulator.huawei.identity import Tenant
from airflow_provider_viapi.emulator.job_messages import JobMessageSender
from airflow_provider_viapi.emulator.media_checks import TRANSFORMS
from airflow_provider_viapi.emulator.quota import CallsPerSecond
from airflow_provider_viapi.emulator.worker import Transform

_REQUEST_TIMEOUT = 60.0


class EmulatorServer:
    """An emulator that is served at ``url``; a context manager.

    In a script, start it below ``if __name__ == "__main__":``, because its worker processes import the script.

    :param key: access key to accept; default: id ``viapi-emulator``, secret ``viapi-emulator-secret``
    :param data_dir: folder for its files; default: a temporary folder, deleted at the end
    :param host: address to listen on
    :param port: port to listen on; 0 for any free port
    :param public_hosts: further host names and addresses under which clients reach it; requests with any other
        ``Host`` are refused, except loopback names and the address to listen on
    :param transforms: media work by action name; default: all that the emulator implements
    :param calls_per_second: limit for each action, or by action name; default: no limit
    :param image_instances: names of the instances of ImageSearch, which no call can make; default: ``demo``
    :param job_messages_url: queue to which a message is sent when a job of VIAPI ends, see
        :class:`~airflow_provider_viapi.emulator.job_messages.JobMessageSender`; default: none is sent
    :param now: the clock, in Unix time
    """

    def __init__(
        self,
        key: AccessKey | None = None,
        *,
        data_dir: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        public_hosts: Sequence[str] = (),
        transforms: Mapping[str, Transform] | None = None,
        calls_per_second: CallsPerSecond = None,
        image_instances: Sequence[str] = IMAGE_INSTANCES,
        job_messages_url: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._image_instances = tuple(image_instances)
        self._key = key or AccessKey()
        self._data_dir = data_dir
        self._host, self._port = host, port
        self._public_hosts = tuple(public_hosts)
        self._transforms = transforms
        self._calls_per_second = calls_per_second
        self._job_messages_url = job_messages_url
        self._now = now
        self._tenant = Tenant()
        self._running = ExitStack()
        self._is_started = False

    def __enter__(self) -> EmulatorServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Its address, such as ``http://127.0.0.1:8765``."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    @property
    def access_key_id(self) -> str:
        """Id of the access key to use."""
        return self._key.id

    @property
    def access_key_secret(self) -> str:
        """Secret of the access key to use."""
        return self._key.secret

    def connection_json(self) -> str:
        """Return an Airflow connection to the emulator, for a variable ``AIRFLOW_CONN_...``."""
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
        """Id of the project in Huawei Cloud, part of every path."""
        return self._tenant.project_id

    @property
    def huawei_region(self) -> str:
        """Name of that project."""
        return self._tenant.region

    @property
    def huawei_user(self) -> str:
        """Name of the IAM user that can get tokens."""
        return self._tenant.user

    @property
    def huawei_password(self) -> str:
        """Password of that user."""
        return self._tenant.password

    @property
    def huawei_domain(self) -> str:
        """Account name of that user."""
        return self._tenant.domain

    def huawei_connection_json(self, auth: Literal["aksk", "password"] = "aksk") -> str:
        """Return an Airflow connection to the emulator as Huawei Cloud, for a variable ``AIRFLOW_CONN_...``.

        :param auth: sign with the same access key as for VIAPI, or use a token that is got with the user's password
        """
        extra = {"endpoint": self.url, "region": self.huawei_region, "project_id": self.huawei_project_id}
        login, password = self.access_key_id, self.access_key_secret
        if auth == "password":
            login, password = self.huawei_user, self.huawei_password
            extra |= {"auth": "password", "domain": self.huawei_domain}
        return json.dumps({"conn_type": "huaweicloud", "login": login, "password": password, "extra": extra})

    def start(self) -> None:
        """Start the emulator and return when it is ready.

        :raises OSError: it cannot listen on that address
        :raises DataFolderError: the data folder cannot be used
        :raises ConfigurationError: messages cannot be sent to ``job_messages_url``
        :raises RuntimeError: it is started already
        """
        if self._is_started:
            raise RuntimeError("the emulator is started already; stop it first, or make another one")
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
                image_instances=self._image_instances,
                job_messages=JobMessageSender(self._job_messages_url),
                now=self._now,
            )
            certificate = Certificate(folder.objects, self._host, *self._public_hosts)
            hosts = (self._host, *self._public_hosts)
            running.enter_context(HttpServer(engine, listener, certificate, hosts))
            self._port = listener.getsockname()[1]
            self._running = running.pop_all()
            self._is_started = True

    def stop(self) -> None:
        """Stop the emulator and its work, and return when all its processes and threads have ended."""
        self._is_started = False
        self._running.close()

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job as plain values, oldest first."""
        return list(self._request("GET", "/jobs"))

    def calls(self) -> dict[str, dict[str, int]]:
        """Return the number of accepted and rejected calls of each action."""
        return dict(self._request("GET", "/calls"))

    def fault(self, **fields: Any) -> None:
        """Add a fault for calls or jobs to come, such as ``action="AddImage", drop="after"``.

        :param fields: ``action``, ``times`` and what happens, as for ``POST /_emulator/faults``
        :raises ValueError: they are not valid; the message says why
        """
        self._request("POST", "/faults", fields)

    def faults(self) -> list[dict[str, Any]]:
        """Return the waiting faults, with the remaining ``times``."""
        return list(self._request("GET", "/faults"))

    def clear_faults(self) -> None:
        """Delete all faults and release what they hold."""
        self._request("DELETE", "/faults")

    def set_result(self, action: str, result: Mapping[str, Any]) -> None:
        """Set what calls and jobs of an action return, in place of the emulator's own work or its refusal.

        :param action: its full name, such as ``ocr.RecognizeCharacter``
        :param result: the ``Data`` of the response or, of a job, its result
        :raises ValueError: there is no such action
        """
        self._request("PUT", f"/results/{quote(action, safe='')}", dict(result))

    def sts(self, seconds: float) -> dict[str, str]:
        """Issue a temporary key: ``access_key_id``, ``access_key_secret``, ``security_token`` and ``expires_at``.

        :param seconds: its validity
        """
        return dict(self._request("POST", "/sts", {"seconds": seconds}))

    def expire_huawei_tokens(self) -> None:
        """Expire every token that Huawei's IAM has issued."""
        self._request("POST", "/huawei/expire-tokens")

    def move_huawei_job(self, job_id: str, state: str, **reason: str) -> None:
        """Set the state of a VIAS task, a live task or a model; it continues from there.

        :param reason: ``code`` and ``message`` of an error state
        :raises ValueError: there is no such job
        """
        self._request("POST", "/huawei/move", {"job_id": job_id, "state": state, **reason})

    def review_huawei_model(self, job_id: str, *, accept: bool = True) -> None:
        """Accept or reject the files of an image or voice model, as a reviewer does.

        :raises ValueError: there is nothing to review
        """
        self._request("POST", "/huawei/review", {"job_id": job_id, "accept": accept})

    def reset(self) -> None:
        """Delete jobs, calls, nonces, keys, objects, image databases, faults and set results; stop running work."""
        self._request("POST", "/reset")

    def _request(self, method: str, path: str, content: Any = None) -> Any:
        if not self._is_started:
            raise RuntimeError("the emulator is not started; call start(), or use it in a with statement")
        try:
            body = None if content is None else json.dumps(content, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{content!r} cannot be written as JSON: {error}") from None
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_REQUEST_TIMEOUT)
        with closing(connection):
            connection.request(method, f"/_emulator{path}", body)
            response = connection.getresponse()
            received = response.read()
        if response.status == 400:
            raise ValueError(json.loads(received)["message"])
        if response.status >= 300:
            raise RuntimeError(f"the emulator responded to {path} with HTTP {response.status}")
        return json.loads(received) if received else None


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm only if the protocol is named; otherwise each response waits 40 ms.
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
    return {**TRANSFORMS, **face_templates.WORK}
