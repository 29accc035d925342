"""An Airflow connection becomes a client of Alibaba Cloud VIAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_viapi.errors import InvalidRequest, ServiceError

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_viapi.alibaba.client import Client
    from airflow_provider_viapi.alibaba.config import Account
    from airflow_provider_viapi.alibaba.jobs import ViapiJobs
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.credentials import Credentials
    from airflow_provider_viapi.jobs.delay_queue import Log
    from airflow_provider_viapi.jobs.metrics import Stats
    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.jobs.poller import Poller
    from airflow_provider_viapi.jobs.rate_limiter import RateLimiter


class ViapiHook(BaseHook):
    """Calls VIAPI's actions with the key of an Airflow connection.

    The connection is of type ``viapi`` (access key id in *login*, secret in *password*) or the official
    provider's ``alibaba_cloud`` (``access_key_id`` and ``access_key_secret`` in *extra*). *Extra* may hold

    * ``region_id``: ``cn-shanghai``, the only region that the services are offered in
    * ``security_token``: for temporary (STS) keys
    * ``credentials``: where a key comes from if not from *login* and *password*: ``ram_role_arn``, ``ecs_ram_role``,
      ``oidc_role_arn``, ``credentials_uri`` or ``default``; what each needs besides stands in ``docs/connection.md``
    * ``signature``: ``1.0`` unless given, or ``ACS3-HMAC-SHA256``
    * ``endpoint``: one base address for all services, such as that of the emulator
    * ``verify``: false turns the check of TLS certificates off; a path names a bundle of authorities
    * ``timeout``: seconds to wait for an answer, 30 unless given
    * ``poll_qps``: calls in a second for the results of jobs at most, 10 unless given
    * ``submit_qps``: submissions in a second at most where one task submits many jobs, 2 unless given
    * ``list_jobs``: ``auto`` unless given, ``always`` or ``never``: whether the account's job list is looked into

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
        self._identity: tuple[object, ...] = ()

    @cached_property
    def account(self) -> Account:
        """What the connection says; its key is read again when the service no longer accepts it.

        :raises ConfigurationError: there is no such connection, or something in it is missing or wrong
        """
        return self._with_refreshing_key(self._read())

    async def aget_config(self) -> Account:
        """The same from an event loop, where a look-up must not block and is shared for a minute."""
        from airflow_provider_viapi.hooks.single_flight import single_flight

        if "account" not in self.__dict__:
            account = await single_flight((self.conn_type, self.viapi_conn_id), self._read_in_loop)
            key_id = getattr(account.credentials, "access_key_id", None)
            self._identity = (
                *(account.endpoint, account.region_id, account.signature, account.http, key_id),
                *(account.poll_qps, account.list_jobs),
            )
            self.__dict__["account"] = self._with_refreshing_key(account)
        return self.account

    def _read(self) -> Account:
        from airflow_provider_viapi.hooks.viapi_connection import missing_connection, parse_connection

        try:
            connection = self.get_connection(self.viapi_conn_id)
            extra = connection.extra_dejson
        except Exception as error:
            raise missing_connection(self.viapi_conn_id, error) from error
        return self._counted(parse_connection(connection, extra))

    async def _read_in_loop(self) -> Account:
        from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson

        from airflow_provider_viapi.hooks.viapi_connection import missing_connection, parse_connection

        try:
            connection = await get_async_connection(self.viapi_conn_id)
            extra = await get_async_extra_dejson(connection)
        except Exception as error:
            raise missing_connection(self.viapi_conn_id, error) from error
        return self._counted(parse_connection(connection, extra))

    def _counted(self, account: Account) -> Account:
        from airflow_provider_viapi.jobs.metrics import count_call

        return replace(account, on_call=partial(count_call, self._stats))

    def _with_refreshing_key(self, account: Account) -> Account:
        """The account with a key for which somebody may put another one into the connection while jobs wait."""
        from airflow_provider_viapi.credentials import Credentials, RenewableCredentials

        if not isinstance(account.credentials, Credentials):
            return account

        def read() -> Credentials:
            return self._read().credentials.current()

        async def read_in_loop() -> Credentials:
            return await (await self._read_in_loop()).credentials.acurrent()

        return account.signing_with(RenewableCredentials(read, read_in_loop, initial=account.credentials))

    @cached_property
    def client(self) -> Client:
        """The client that calls; it keeps its connections open for the life of the hook."""
        from airflow_provider_viapi.alibaba.client import Client

        return Client(self.account)

    @cached_property
    def submit_quota(self) -> RateLimiter:
        """The pace at which one who submits many jobs keeps to the connection's ``submit_qps``.

        Sleep for ``reserve()`` seconds, or await ``take()``, before each submission, and say ``granted()`` or
        ``refused()`` after it.
        """
        from airflow_provider_viapi.jobs.rate_limiter import RateLimiter

        return RateLimiter(self.account.submit_qps)

    @cached_property
    def _stats(self) -> Stats:
        from airflow_provider_viapi.hooks.stats import AirflowStats

        return AirflowStats()

    def get_conn(self) -> Client:
        """The client, under the name that Airflow's hooks give it."""
        return self.client

    def call(self, action: Action | str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action and return its decoded response, ``RequestId`` and ``Data``.

        :param action: the action or its name, such as ``imgsearch.SearchImage``
        :param request: parameters by wire name, checked before anything is sent
        :raises ServiceError: see ``airflow_provider_viapi.errors``
        """
        return self.client.call(action, request)

    def report(self, job: Job) -> JobReport:
        """How a job stands, by one look."""
        from airflow_provider_viapi.alibaba.jobs import read_report, result_action

        return read_report(job, self.call(result_action(job), {"JobId": job.id}))

    async def cancel(self, job: Job, log: Log) -> bool:
        """Cancel a job if it still queues; false when it goes on, to its end and to its bill.

        :param log: told which of the two
        """
        try:
            async with self.open_jobs() as jobs:
                cancelled = await jobs.cancel(job)
        except ServiceError as error:
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
        from airflow_provider_viapi.alibaba.jobs import open_viapi_jobs

        async with open_viapi_jobs(await self.aget_config()) as jobs:
            yield jobs

    @asynccontextmanager
    async def open_poller(self) -> AsyncIterator[Poller]:
        """What waits for the account's jobs in an event loop; leaving the context ends it."""
        from airflow_provider_viapi.jobs.poller import Poller
        from airflow_provider_viapi.jobs.rate_limiter import RateLimiter

        async with self.open_jobs() as jobs:
            account = self.account
            poller = Poller(
                jobs, quota=RateLimiter(account.poll_qps), list_jobs=account.list_jobs, stats=self._stats
            )
            try:
                yield poller
            finally:
                await poller.close()

    async def wait_for(self, job: Job, *, until: datetime, log: Log) -> JobReport:
        """Wait for a job together with all others of this connection in the running event loop.

        :param until: an aware time at which to give up
        :param log: told what is new about the job
        :raises JobTimedOut: the job had not ended by then
        :raises ServiceError: asking again would not help
        """
        from airflow_provider_viapi.jobs.poller_registry import shared_poller

        await self.aget_config()
        # What was changed in the connection meanwhile holds for those who come a minute later.
        async with shared_poller(("viapi", self.viapi_conn_id, *self._identity), self.open_poller) as poller:
            return await poller.wait(job, until=until, log=log)

    def test_connection(self) -> tuple[bool, str]:
        """Ask after a job that does not exist: free, and a wrong key, token or clock shows in the answer."""
        from airflow_provider_viapi.alibaba.services import videoenhan

        request = {"JobId": "00000000-0000-0000-0000-000000000000"}
        try:
            self.client.call_once(videoenhan.GET_ASYNC_JOB_RESULT, request)
        except InvalidRequest:
            pass
        except ServiceError as error:
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
        from airflow_provider_viapi.get_provider_info import CONN_FIELDS
        from airflow_provider_viapi.hooks.connection_widgets import widgets

        return widgets(CONN_FIELDS)
