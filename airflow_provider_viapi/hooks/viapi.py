"""An Airflow connection becomes a client of Alibaba Cloud VIAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_viapi.alibaba.account import DEFAULT_REGION, Account
from airflow_provider_viapi.alibaba.errors import InvalidRequest, NotConfigured, ViapiError
from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.alibaba.signature import Credentials

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_viapi.alibaba.client import Client
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.jobs.job import Job, JobReport
    from airflow_provider_viapi.jobs.poller import Poller
    from airflow_provider_viapi.jobs.viapi import ViapiJobs
    from airflow_provider_viapi.jobs.watch import Log


class ViapiHook(BaseHook):
    """Calls VIAPI's actions with the key of an Airflow connection.

    The connection is of type ``viapi`` (access key id in *login*, secret in *password*) or the official
    provider's ``alibaba_cloud`` (``access_key_id`` and ``access_key_secret`` in *extra*). *Extra* may hold

    * ``region_id``: ``cn-shanghai``, the only region that the services are offered in
    * ``security_token``: for temporary (STS) keys
    * ``endpoint``: one base address for all services, such as that of the emulator
    * ``verify``: false turns the check of TLS certificates off; a path names a bundle of authorities
    * ``timeout``: seconds to wait for an answer, 30 unless given

    Making a hook reads nothing and connects to nothing; the first call does.

    :param viapi_conn_id: id of the connection
    """

    conn_name_attr = "viapi_conn_id"
    default_conn_name = "viapi_default"
    conn_type = "viapi"
    hook_name = "Alibaba Cloud VIAPI"

    def __init__(self, viapi_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.viapi_conn_id = viapi_conn_id

    @cached_property
    def account(self) -> Account:
        """What the connection says, read once.

        :raises NotConfigured: there is no such connection, or something in it is missing or wrong
        """
        try:
            connection = self.get_connection(self.viapi_conn_id)
            extra = connection.extra_dejson
        except Exception as error:
            raise _no_connection(self.viapi_conn_id, error) from error
        return account_of(connection, extra)

    async def load_account(self) -> Account:
        """The same from an event loop, where a look-up must not block."""
        from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson

        if "account" not in self.__dict__:
            try:
                connection = await get_async_connection(self.viapi_conn_id)
                extra = await get_async_extra_dejson(connection)
            except Exception as error:
                raise _no_connection(self.viapi_conn_id, error) from error
            self.__dict__["account"] = account_of(connection, extra)
        return self.account

    @cached_property
    def client(self) -> Client:
        """The client that calls; it keeps its connections open for the life of the hook."""
        from airflow_provider_viapi.alibaba.client import Client

        return Client(self.account)

    def get_conn(self) -> Client:
        """The client, under the name that Airflow's hooks give it."""
        return self.client

    def call(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action and return its decoded answer, ``RequestId`` and ``Data``.

        :param request: parameters by wire name, checked before anything is sent
        :raises ViapiError: see ``airflow_provider_viapi.alibaba.errors``
        """
        return self.client.call(action, request)

    def report(self, job: Job) -> JobReport:
        """How a job stands, by one look."""
        from airflow_provider_viapi.jobs.viapi import read_report, result_action

        return read_report(job, self.call(result_action(job), {"JobId": job.id}))

    async def cancel(self, job: Job, log: Log) -> bool:
        """Cancel a job if it still queues; false when it goes on, to its end and to its bill.

        :param log: told which of the two
        """
        try:
            async with self.open_jobs() as jobs:
                cancelled = await jobs.cancel(job)
        except ViapiError as error:
            log.warning("Job %s could not be cancelled (%s): it goes on and is billed", job.id, error)
            return False
        if cancelled:
            log.info("Cancelled job %s, which was still queued", job.id)
        else:
            log.warning("Job %s is past queueing and cannot be cancelled: it goes on and is billed", job.id)
        return cancelled

    @asynccontextmanager
    async def open_jobs(self) -> AsyncIterator[ViapiJobs]:
        """The account's jobs for an event loop; leaving the context closes the client."""
        from airflow_provider_viapi.jobs.viapi import open_viapi_jobs

        async with open_viapi_jobs(await self.load_account()) as jobs:
            yield jobs

    @asynccontextmanager
    async def open_poller(self) -> AsyncIterator[Poller]:
        """What waits for the account's jobs in an event loop; leaving the context ends it."""
        from airflow_provider_viapi.jobs.poller import Poller

        async with self.open_jobs() as jobs:
            poller = Poller(jobs)
            try:
                yield poller
            finally:
                await poller.close()

    async def wait_for(self, job: Job, *, until: datetime, log: Log) -> JobReport:
        """Wait for a job together with all others of this connection in the running event loop.

        :param until: an aware time at which to give up
        :param log: told what is new about the job
        :raises JobTimedOut: the job had not ended by then
        :raises ViapiError: asking again would not help
        """
        from airflow_provider_viapi.jobs.sharing import shared_poller

        async with shared_poller(("viapi", self.viapi_conn_id), self.open_poller) as poller:
            return await poller.wait(job, until=until, log=log)

    def test_connection(self) -> tuple[bool, str]:
        """Ask after a job that does not exist: free, and a wrong key, token or clock shows in the answer."""
        request = {"JobId": "00000000-0000-0000-0000-000000000000"}
        try:
            self.client.call_once(videoenhan.GET_ASYNC_JOB_RESULT, request)
        except InvalidRequest:
            pass
        except ViapiError as error:
            return False, str(error)
        return True, f"The key is accepted at {self.account.address(videoenhan.SERVICE)}"

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """How the connection form shows Airflow's own fields."""
        from airflow_provider_viapi.get_provider_info import UI_FIELD_BEHAVIOUR

        return {name.replace("-", "_"): value for name, value in UI_FIELD_BEHAVIOUR.items()}

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """The form's further fields, for Airflow before 3.2; later ones read the provider's metadata."""
        from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
        from wtforms import PasswordField, StringField

        from airflow_provider_viapi.get_provider_info import CONN_FIELDS

        widgets = {}
        for name, spec in CONN_FIELDS.items():
            secret = spec["schema"].get("format") == "password"
            kind, widget = (
                (PasswordField, BS3PasswordFieldWidget) if secret else (StringField, BS3TextFieldWidget)
            )
            widgets[name] = kind(spec["label"], widget=widget(), description=spec["description"])
        return widgets


def _no_connection(conn_id: str, error: Exception) -> NotConfigured:
    return NotConfigured(
        f"the Airflow connection {conn_id!r} cannot be read ({type(error).__name__}); "
        "create it with type 'viapi', the access key id as login and its secret as password",
        code="NotConfigured",
    )


def account_of(connection: Connection, extra: Mapping[str, Any]) -> Account:
    """The account that a connection of type ``viapi`` or ``alibaba_cloud`` describes.

    :param extra: the connection's extra, already read
    :raises NotConfigured: something is missing or cannot be right; the message names it, never its value
    """
    conn_id = connection.conn_id
    key_id = connection.login or extra.get("access_key_id")
    secret = connection.password or extra.get("access_key_secret")
    if not key_id or not secret:
        missing = "login (access key id)" if not key_id else "password (access key secret)"
        raise NotConfigured(f"the connection {conn_id!r} has no {missing}", code="NotConfigured")
    return Account(
        credentials=Credentials(str(key_id), str(secret), extra.get("security_token") or None),
        region_id=str(extra.get("region_id") or DEFAULT_REGION),
        endpoint=_endpoint(conn_id, extra.get("endpoint")),
        verify=_verify(extra.get("verify")),
        timeout=_timeout(conn_id, extra.get("timeout")),
    )


def _endpoint(conn_id: str, value: Any) -> str | None:
    if value in (None, ""):
        return None
    address = str(value) if "://" in str(value) else f"https://{value}"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise NotConfigured(
            f"endpoint in the extra of connection {conn_id!r} must be an http:// or https:// address "
            "without user, password or query",
            code="NotConfigured",
        )
    return address.rstrip("/")


def _verify(value: Any) -> bool | str:
    if value is None or value == "":
        return True
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value if isinstance(value, bool) else str(value)


def _timeout(conn_id: str, value: Any) -> float:
    if value in (None, ""):
        return Account.timeout
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 1 <= seconds <= 600:
        raise NotConfigured(
            f"timeout in the extra of connection {conn_id!r} must be from 1 to 600 seconds",
            code="NotConfigured",
        )
    return seconds
