"""Hook of Huawei Cloud MetaStudio and VIAS."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import ConfigurationError, PermissionDenied, ServiceError
from airflow_provider_viapi.hooks.connection import ConnectionFields, invalid_field
from airflow_provider_viapi.hooks.waiting import WaitingHook
from airflow_provider_viapi.schema import plain_text

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_viapi.huawei.account import Account
    from airflow_provider_viapi.huawei.client import Client, User
    from airflow_provider_viapi.huawei.job_backend import Family, HuaweiJobBackend
    from airflow_provider_viapi.jobs.model import Job, JobReport, Log, OnState
    from airflow_provider_viapi.jobs.polling.poller import Poller
    from airflow_provider_viapi.renewable_credentials import Credentials

Auth = Literal["aksk", "password"]
"""Authentication: an access key that signs, or a token for an IAM user's password."""


class HuaweiCloudHook(WaitingHook):
    """Client of MetaStudio and VIAS with the key, or the password, of an Airflow connection.

    Example::

        HuaweiCloudHook().call("vias.ShowTaskInfo", {"task_id": task_id})

    The connection is of type ``huaweicloud``: access key (AK) in *login*, its secret (SK) in *password*. *Extra*:

    * ``auth``: ``aksk`` (default) or ``password``: login and password are an IAM user's
    * ``domain``: with ``password``, the name of the account that the user belongs to
    * ``region``: default: ``cn-north-4``
    * ``project_id``: of the region's project; default: found by the region's name
    * ``security_token``: for temporary keys
    * ``endpoint``: one base address for all services, such as that of the emulator
    * ``metastudio_endpoint``, ``vias_endpoint``, ``iam_endpoint``: base addresses of single services
    * ``vias_paths``: ``v2`` (default) or ``v1``
    * ``app_user_id``: MetaStudio separates jobs and assets of different users of an application by it
    * ``verify``, ``timeout``, ``poll_qps``, ``submit_qps``, ``quota_url``: as in a connection of type ``viapi``

    Making a hook reads nothing and connects to nothing; the first call does.

    :param huaweicloud_conn_id: id of the connection; default: ``huaweicloud_default``
    :param target_state: the state to wait for instead of a job's end: ``PROCESSING`` of a live task that is on air,
        ``RUNNING`` or ``STOPPED`` of a task of VIAS
    :param scope: scope of jobs that do not name one: the room of a live task
    """

    conn_name_attr = "huaweicloud_conn_id"
    default_conn_name = "huaweicloud_default"
    conn_type = "huaweicloud"
    hook_name = "Huawei Cloud"
    accepted_conn_types = ("huaweicloud",)
    missing_advice = (
        "create it with type 'huaweicloud', the access key (AK) as login and its secret (SK) as password"
    )

    account: Account

    def __init__(
        self,
        huaweicloud_conn_id: str = default_conn_name,
        *,
        target_state: str | None = None,
        scope: str | None = None,
    ) -> None:
        super().__init__(huaweicloud_conn_id)
        self.huaweicloud_conn_id = huaweicloud_conn_id
        self.target_state: str | None = plain_text(target_state)
        self.scope = scope

    # Airflow calls these two only if the class itself defines them; it does not look at inherited ones.

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return how the connection form shows Airflow's own fields."""
        from airflow_provider_viapi.hooks.connection_form import ui_field_behaviour

        return ui_field_behaviour(cls.conn_type)

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form's further fields, for Airflow before 3.2."""
        from airflow_provider_viapi.hooks.connection_form import form_widgets

        return form_widgets(cls.conn_type)

    def _parse(self, connection: Connection, extra: Mapping[str, Any]) -> tuple[Account, Credentials | User]:
        from airflow_provider_viapi.jobs.metrics import count_call

        account, key = parse_connection(connection, extra)
        return replace(account, on_call=partial(count_call, self.stats)), key

    def _with_refreshing_key(
        self,
        account: Account,
        key: Any,
        read: Callable[[], Any],
        aread: Callable[[], Awaitable[Any]],
    ) -> Account:
        from airflow_provider_viapi.renewable_credentials import Credentials, RenewableCredentials

        if isinstance(key, Credentials):
            return replace(account, auth=RenewableCredentials(read, aread, initial=key))

        from airflow_provider_viapi.huawei.client import with_token_for

        return with_token_for(key, account, read, aread)

    def _fingerprint_of(self, account: Account, key: Credentials | User) -> tuple[object, ...]:
        from airflow_provider_viapi.renewable_credentials import Credentials

        who = key.access_key_id if isinstance(key, Credentials) else (key.domain, key.name)
        addresses = tuple(sorted(account.endpoints.items()))
        return (
            *(who, account.region, account.project_id, account.endpoint, addresses, account.http),
            *(account.app_user_id, account.vias_paths, account.poll_qps, account.quota_url),
        )

    @cached_property
    def client(self) -> Client:
        """Client for a worker; its connections stay open as long as the hook exists."""
        from airflow_provider_viapi.huawei.client import Client

        return Client(self.account)

    def _report(self, job: Job) -> JobReport:
        return self.client.report(self._scoped(job), self.target_state)

    async def cancel(self, job: Job, log: Log) -> bool:
        """Cancel a job and return true; false if it continues and is billed. Logs which of the two happened."""
        return await super().cancel(self._scoped(job), log)

    async def wait_for(
        self, job: Job, *, deadline: Any, log: Log, on_state: OnState | None = None
    ) -> JobReport:
        """Wait for a job, together with all others of its family, target state and connection in the event loop."""
        return await super().wait_for(self._scoped(job), deadline=deadline, log=log, on_state=on_state)

    def _scoped(self, job: Job) -> Job:
        return job if job.scope is not None or self.scope is None else replace(job, scope=self.scope)

    @asynccontextmanager
    async def open_jobs(self, family: Family = "others") -> AsyncIterator[HuaweiJobBackend]:
        """Open the account's jobs of a family for the running event loop; leaving the context closes the client."""
        from airflow_provider_viapi.huawei.job_backend import open_huawei_jobs

        async with open_huawei_jobs(await self.aget_config(), family, self.target_state) as jobs:
            yield jobs

    def open_poller(self, family: Family = "others") -> AbstractAsyncContextManager[Poller]:
        """Open a poller of the account's jobs of a family; all families of a connection share ``poll_qps``."""
        from airflow_provider_viapi.huawei.job_backend import backoff_of

        # Only the list of VIAS shows all tasks; that of MetaStudio shows the videos that are asked for.
        shared_list = f"list:tasks:{self.target_state or ''}" if family == "tasks" else None
        return self._opened_poller(
            self.open_jobs(family), self.poll_backoff or backoff_of(family), shared_list=shared_list
        )

    def _owner_of(self, account: Account, key: Credentials | User) -> str:
        from airflow_provider_viapi.renewable_credentials import Credentials

        who = key.access_key_id if isinstance(key, Credentials) else f"{key.domain}/{key.name}"
        addresses = " ".join((account.endpoint or account.region, *account.endpoints.values()))
        return f"{who} {account.project_id or ''} {addresses}"

    def poller_key(self, job: Job) -> tuple[object, ...]:
        """Return what jobs have in common that share a poller."""
        from airflow_provider_viapi.huawei.job_backend import family_of

        return (*self.connection_key, family_of(job.action), self.target_state)

    def open_poller_for(self, job: Job) -> AbstractAsyncContextManager[Poller]:
        """Open the poller for the family of a job."""
        from airflow_provider_viapi.huawei.job_backend import family_of

        return self.open_poller(family_of(job.action))

    def test_connection(self) -> tuple[bool, str]:
        """Request the region's project from IAM: free, and a wrong key, password or clock shows."""
        from airflow_provider_viapi.huawei.client import project_of, projects_in
        from airflow_provider_viapi.huawei.services import iam

        try:
            account = self.account
            response = self.client.call_once(iam.LIST_PROJECTS, {"name": account.region})
            project_id = account.project_id or project_of(response, account.region)
            known = of_region = projects_in(response)
            if of_region and project_id not in of_region:
                # A project within the region's has a name of its own, and only the list of all projects shows it.
                known = projects_in(self.client.call_once(iam.LIST_PROJECTS, {}))
            if known and project_id not in known:
                return False, (
                    f"project_id in the extra is {project_id}, which is not a project of this key; region "
                    f"{account.region} has {', '.join(of_region)}. Correct it, or leave it out to have it queried"
                )
        except PermissionDenied as denied:
            if not self.account.project_id:
                return False, f"{denied}; set project_id in the extra if the key may not list projects"
            project_id = self.account.project_id
        except ServiceError as error:
            return False, str(error)
        return True, f"Accepted at {account.address(iam.SERVICE)}; project {project_id}"


def parse_connection(connection: Connection, extra: Mapping[str, Any]) -> tuple[Account, Credentials | User]:
    """Return the account that a connection describes, without its key, and the key or user.

    :param extra: the connection's extra, decoded
    :raises ConfigurationError: a field is missing or invalid; the message names it, never its value
    """
    from airflow_provider_viapi.hooks.connection_form import HUAWEI_CONN_FIELDS
    from airflow_provider_viapi.huawei.account import Account
    from airflow_provider_viapi.huawei.model import PathFamily
    from airflow_provider_viapi.huawei.regions import DEFAULT_REGION, check_region

    fields = ConnectionFields(connection, extra, HuaweiCloudHook.accepted_conn_types, HUAWEI_CONN_FIELDS)
    auth = fields.choice("auth", Auth)
    endpoint = fields.address("endpoint")
    own = {name: fields.address(f"{name}_endpoint") for name in ("metastudio", "vias", "iam")}
    endpoints = {name: address for name, address in own.items() if address}
    region = fields.text("region") or DEFAULT_REGION
    account = Account(
        region=check_region(fields.name, region, has_endpoint=bool(endpoint or endpoints)),
        project_id=_project_id(fields),
        endpoint=endpoint,
        endpoints=endpoints,
        vias_paths=fields.choice("vias_paths", PathFamily),
        app_user_id=_app_user_id(fields),
        http=fields.http(),
        poll_qps=fields.calls_per_second("poll_qps", Account.poll_qps),
        submit_qps=fields.calls_per_second("submit_qps", Account.submit_qps),
        quota_url=fields.quota_url(),
    )
    return account, _user(fields) if auth == "password" else _key(fields)


def _key(fields: ConnectionFields) -> Credentials:
    from airflow_provider_viapi.renewable_credentials import Credentials

    if fields.login is None or fields.password is None:
        raise fields.invalid(f"has no {'password (SK)' if fields.login else 'login (AK)'}")
    try:
        return Credentials(fields.login, fields.password, fields.text("security_token"))
    except ConfigurationError as error:
        raise fields.invalid(f"cannot be used: {error.message}") from None


def _user(fields: ConnectionFields) -> User:
    from airflow_provider_viapi.huawei.client import User

    domain = fields.text("domain")
    for what, value in (
        ("login (the IAM user's name)", fields.login),
        ("password (the IAM user's)", fields.password),
        ("domain in its extra (the account's name), which auth=password needs", domain),
    ):
        if not value:
            raise fields.invalid(f"has no {what}")
    return User(str(fields.login), str(fields.password), str(domain))


def _project_id(fields: ConnectionFields) -> str | None:
    text = fields.text("project_id")
    # It is part of every address.
    if text is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        allowed = "allowed: up to 64 letters, digits, - and _. Leave it out, and it is queried"
        raise invalid_field(fields, "project_id", allowed)
    return text


def _app_user_id(fields: ConnectionFields) -> str | None:
    text = fields.text("app_user_id")
    if text is not None and not (text.isascii() and text.isprintable()):
        raise fields.invalid("has an app_user_id in its extra with a character that is not printable ASCII")
    return text
