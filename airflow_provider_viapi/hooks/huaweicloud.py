"""An Airflow connection becomes a client of Huawei Cloud's MetaStudio and VIAS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_viapi.errors import PermissionDenied, ServiceError

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_viapi.credentials import Credentials
    from airflow_provider_viapi.huawei.client import Client
    from airflow_provider_viapi.huawei.config import Account
    from airflow_provider_viapi.huawei.iam import User
    from airflow_provider_viapi.huawei.jobs import Family, HuaweiJobs
    from airflow_provider_viapi.huawei.model import Action
    from airflow_provider_viapi.jobs.delay_queue import Log
    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.jobs.poller import Poller

Given = TypeVar("Given", "Credentials", "User")


class HuaweiCloudHook(BaseHook):
    """Calls MetaStudio's and VIAS's actions with the key, or the password, of an Airflow connection.

    Actions are called by name, with their parameters by wire name::

        HuaweiCloudHook().call("metastudio.ShowAsset", {"asset_id": "…"})
        HuaweiCloudHook().call("vias.StartStopTask", {"task_id": task_id, "command": "stop"})

    The connection is of type ``huaweicloud``: access key (AK) in *login*, its secret (SK) in *password*. *Extra*:

    * ``auth``: ``aksk`` unless given; with ``password``, login and password are an IAM user's
    * ``domain``: with ``password``, the name of the account that the user belongs to
    * ``region``: ``cn-north-4`` unless given
    * ``project_id``: of the region's project; looked up by the region's name unless given
    * ``security_token``: for temporary keys
    * ``endpoint``: one base address for all services, such as that of the emulator
    * ``metastudio_endpoint``, ``vias_endpoint``, ``iam_endpoint``: base addresses of single services
    * ``vias_paths``: ``v2`` unless given, or ``v1``
    * ``app_user_id``: MetaStudio keeps jobs and assets of different users of an application apart
    * ``verify``, ``timeout``, ``poll_qps``: as the connection ``viapi`` has them

    Making a hook reads nothing and connects to nothing; the first call does.

    :param huaweicloud_conn_id: id of the connection
    :param goal: the state that jobs are waited for instead of their end: ``PROCESSING`` of a live task that is on
        air, ``RUNNING`` or ``STOPPED`` of a task of VIAS
    :param scope: where jobs are that say nothing of it themselves: the room of a live task
    """

    conn_name_attr = "huaweicloud_conn_id"
    default_conn_name = "huaweicloud_default"
    conn_type = "huaweicloud"
    hook_name = "Huawei Cloud"

    def __init__(
        self,
        huaweicloud_conn_id: str = default_conn_name,
        *,
        goal: str | None = None,
        scope: str | None = None,
    ) -> None:
        super().__init__()
        self.huaweicloud_conn_id = huaweicloud_conn_id
        self.goal = goal
        self.scope = scope
        self._identity: tuple[object, ...] = ()

    @cached_property
    def account(self) -> Account:
        """What the connection says; a key, or a user with the password, is read again when another one is needed.

        :raises ConfigurationError: there is no such connection, or something in it is missing or wrong
        """
        return self._proven(*self._read())

    async def aget_config(self) -> Account:
        """The same from an event loop, where a look-up must not block and is shared for a minute."""
        from airflow_provider_viapi.credentials import Credentials
        from airflow_provider_viapi.hooks.single_flight import single_flight

        if "account" not in self.__dict__:
            account, proof = await single_flight(
                (self.conn_type, self.huaweicloud_conn_id), self._read_in_loop
            )
            who = proof.access_key_id if isinstance(proof, Credentials) else (proof.domain, proof.name)
            addresses = tuple(sorted(account.endpoints.items()))
            self._identity = (
                *(who, account.region, account.project_id, account.endpoint, addresses, account.http),
                *(account.app_user_id, account.vias_paths, account.poll_qps),
            )
            self.__dict__["account"] = self._proven(account, proof)
        return self.account

    def _read(self) -> tuple[Account, Credentials | User]:
        from airflow_provider_viapi.hooks.huaweicloud_connection import missing_connection, parse_connection

        try:
            connection = self.get_connection(self.huaweicloud_conn_id)
            extra = connection.extra_dejson
        except Exception as error:
            raise missing_connection(self.huaweicloud_conn_id, error) from error
        return parse_connection(connection, extra)

    async def _read_in_loop(self) -> tuple[Account, Credentials | User]:
        from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson

        from airflow_provider_viapi.hooks.huaweicloud_connection import missing_connection, parse_connection

        try:
            connection = await get_async_connection(self.huaweicloud_conn_id)
            extra = await get_async_extra_dejson(connection)
        except Exception as error:
            raise missing_connection(self.huaweicloud_conn_id, error) from error
        return parse_connection(connection, extra)

    def _proven(self, account: Account, proof: Credentials | User) -> Account:
        """The account with a key, or a token for a password; either may be changed in the connection meanwhile."""
        from airflow_provider_viapi.credentials import Credentials, RenewableCredentials

        if isinstance(proof, Credentials):
            return replace(account, auth=RenewableCredentials(*self._readers(proof), initial=proof))

        from airflow_provider_viapi.huawei.client import with_token_for

        return with_token_for(proof, account, *self._readers(proof))

    def _readers(self, proof: Given) -> tuple[Callable[[], Given], Callable[[], Awaitable[Given]]]:
        """What reads the connection again, for a key or a user as the one that it held before."""

        def of_its_kind(now: Credentials | User) -> Given:
            return now if isinstance(now, type(proof)) else proof

        def read() -> Given:
            return of_its_kind(self._read()[1])

        async def read_in_loop() -> Given:
            return of_its_kind((await self._read_in_loop())[1])

        return read, read_in_loop

    @cached_property
    def client(self) -> Client:
        """The client that calls; it keeps its connections open for the life of the hook."""
        from airflow_provider_viapi.huawei.client import Client

        return Client(self.account)

    def get_conn(self) -> Client:
        """The client, under the name that Airflow's hooks give it."""
        return self.client

    def call(self, action: Action | str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action and return its decoded response.

        :param action: the action or its name, such as ``metastudio.Create2DDigitalHumanVideo``
        :param request: parameters by wire name, checked before anything is sent
        :raises ServiceError: see ``airflow_provider_viapi.errors``
        """
        return self.client.call(action, request)

    def report(self, job: Job) -> JobReport:
        """How a job stands, by one look."""
        from airflow_provider_viapi.huawei.job_reports import kind_of, read_report, request_about

        placed = self._placed(job)
        return read_report(placed, self.call(kind_of(job.action).show, request_about(placed)), self.goal)

    async def cancel(self, job: Job, log: Log) -> bool:
        """End a job early if its service can; false when it goes on, to its end and to its bill.

        :param log: told which of the two
        """
        try:
            async with self.open_jobs() as jobs:
                cancelled = await jobs.cancel(self._placed(job))
        except ServiceError as error:
            log.warning("Job %s could not be cancelled (%s): it goes on and is billed", job.id, error)
            return False
        if cancelled:
            log.info("Cancelled job %s", job.id)
        else:
            log.warning("Job %s cannot be cancelled any more: it goes on and is billed", job.id)
        return cancelled

    def _placed(self, job: Job) -> Job:
        return job if job.scope is not None or self.scope is None else replace(job, scope=self.scope)

    @asynccontextmanager
    async def open_jobs(self, family: Family = "others") -> AsyncIterator[HuaweiJobs]:
        """The account's jobs of a family for an event loop; leaving the context closes the client."""
        from airflow_provider_viapi.huawei.jobs import open_huawei_jobs

        async with open_huawei_jobs(await self.aget_config(), family, self.goal) as jobs:
            yield jobs

    @asynccontextmanager
    async def open_poller(self, family: Family = "others") -> AsyncIterator[Poller]:
        """What waits for the account's jobs of a family in an event loop; leaving the context ends it.

        It keeps to ``poll_qps`` together with all others of the connection in the running event loop.
        """
        from airflow_provider_viapi.huawei.jobs import pace_of
        from airflow_provider_viapi.jobs.poller import Poller
        from airflow_provider_viapi.jobs.poller_registry import shared_quota

        async with self.open_jobs(family) as jobs:
            quota = shared_quota(self._connection, self.account.poll_qps)
            poller = Poller(jobs, pace=pace_of(family), quota=quota)
            try:
                yield poller
            finally:
                await poller.close()

    async def wait_for(self, job: Job, *, until: datetime, log: Log) -> JobReport:
        """Wait for a job together with all others of its family, goal and connection in the running event loop.

        :param until: an aware time at which to give up
        :param log: told what is new about the job
        :raises JobTimedOut: the job had not ended by then
        :raises ServiceError: asking again would not help
        """
        from airflow_provider_viapi.huawei.jobs import family_of
        from airflow_provider_viapi.jobs.poller_registry import shared_poller

        await self.aget_config()
        family = family_of(job.action)
        key = (*self._connection, family, self.goal)
        async with shared_poller(key, lambda: self.open_poller(family)) as poller:
            return await poller.wait(self._placed(job), until=until, log=log)

    @property
    def _connection(self) -> tuple[object, ...]:
        # What was changed in the connection meanwhile holds for those who come a minute later.
        return (self.conn_type, self.huaweicloud_conn_id, *self._identity)

    def test_connection(self) -> tuple[bool, str]:
        """Ask IAM for the region's project: free, and a wrong key, password or clock shows in the answer."""
        from airflow_provider_viapi.huawei.iam import project_of
        from airflow_provider_viapi.huawei.services import iam

        try:
            account = self.account
            answer = self.client.call_once(iam.LIST_PROJECTS, {"name": account.region})
            project_id = account.project_id or project_of(answer, account.region)
        except PermissionDenied as denied:
            if not self.account.project_id:
                return False, f"{denied}; with project_id in extra no project needs to be looked up"
            project_id = self.account.project_id
        except ServiceError as error:
            return False, str(error)
        return True, f"Accepted at {account.address(iam.SERVICE)}; project {project_id}"

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """How the connection form shows Airflow's own fields."""
        from airflow_provider_viapi.get_provider_info import HUAWEI_UI_FIELD_BEHAVIOUR

        return {name.replace("-", "_"): value for name, value in HUAWEI_UI_FIELD_BEHAVIOUR.items()}

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """The form's further fields, for Airflow before 3.2; later ones read the provider's metadata."""
        from airflow_provider_viapi.get_provider_info import HUAWEI_CONN_FIELDS
        from airflow_provider_viapi.hooks.connection_widgets import widgets

        return widgets(HUAWEI_CONN_FIELDS)
