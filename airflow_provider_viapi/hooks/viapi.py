"""Hook of Alibaba Cloud VIAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest, ServiceError
from airflow_provider_viapi.hooks.connection import ConnectionFields
from airflow_provider_viapi.hooks.waiting import WaitingHook

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_viapi.alibaba.account import Account
    from airflow_provider_viapi.alibaba.client import Client
    from airflow_provider_viapi.alibaba.imagesearch_job_backend import Increments
    from airflow_provider_viapi.alibaba.job_backend import ViapiJobBackend
    from airflow_provider_viapi.fs.oss_client import Oss
    from airflow_provider_viapi.jobs.model import Job, JobReport, Log
    from airflow_provider_viapi.jobs.polling.poller import Poller
    from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
    from airflow_provider_viapi.renewable_credentials import Credentials, CredentialsSource

ACCEPTED_TYPES = ("viapi", "alibaba_cloud")

_OTHER_FIELDS = ("access_key_id", "access_key_secret", "region")
"""Fields of the extra of the official provider's connections; ``region`` is that of the buckets."""

_OTHER_SERVICE = ("InvalidAction", "InvalidVersion", "UnsupportedOperation", "NoSuch")
"""Codes with which another service, or OSS, refuses a request before it looks at the key."""

BULK_ACTION = "imagesearch.IncreaseInstance"
"""Action of the bulk jobs of ImageSearch, which have a backend of their own; other jobs do not load it."""

# Whatever calls, submits or waits, in any process, has imported the hook.
services.read_user_models_from(lambda: conf.get("viapi", "models_path", fallback=None))


class ViapiHook(WaitingHook):
    """Client of VIAPI with the key of an Airflow connection.

    Example::

        ViapiHook().call("imgsearch.SearchImage", {"DbName": "covers", "ImageUrl": "https://…", "Limit": 3})

    The connection is of type ``viapi`` (access key id in *login*, secret in *password*) or the official
    provider's ``alibaba_cloud`` (``access_key_id`` and ``access_key_secret`` in *extra*). *Extra* may hold

    * ``region_id``: default: ``cn-shanghai``, where all services are offered; ImageSearch in ten regions
    * ``security_token``: for temporary (STS) keys
    * ``credentials``: source of the key, if not *login* and *password*: ``ram_role_arn``, ``ecs_ram_role``,
      ``oidc_role_arn``, ``credentials_uri`` or ``default``; ``docs/connection.md`` lists the fields that each needs
    * ``signature``: ``1.0`` (default) or ``ACS3-HMAC-SHA256``
    * ``endpoint``: one base address for all services, such as that of the emulator
    * ``verify``: ``true`` (default), ``false``: do not check TLS certificates, or the path of a CA bundle
    * ``timeout``: seconds to wait for a response, 1 to 600; default: 30
    * ``poll_qps``: limit of calls per second for the results of jobs, 0.01 to 1000; default: 10
    * ``submit_qps``: limit of submissions per second of each action; default: 2
    * ``quota_url``: storage in which all processes count their calls; default: ``[viapi] quota_url``
    * ``list_jobs``: ``auto`` (default): start to read the account's job list when four jobs are pending, and use it
      until none is; ``always``: even for one; ``never``: not at all

    Making a hook reads nothing and connects to nothing; the first call does.

    :param viapi_conn_id: id of the connection; default: ``viapi_default``
    """

    conn_name_attr = "viapi_conn_id"
    default_conn_name = "viapi_default"
    conn_type = "viapi"
    hook_name = "Alibaba Cloud VIAPI"
    accepted_conn_types = ACCEPTED_TYPES
    missing_advice = "create it with type 'viapi', the access key id as login and its secret as password"

    account: Account

    def __init__(self, viapi_conn_id: str = default_conn_name) -> None:
        super().__init__(viapi_conn_id)
        self.viapi_conn_id = viapi_conn_id

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

    def _parse(self, connection: Connection, extra: Mapping[str, Any]) -> tuple[Account, CredentialsSource]:
        from dataclasses import replace

        from airflow_provider_viapi.jobs.metrics import count_call

        account = replace(parse_connection(connection, extra), on_call=partial(count_call, self.stats))
        return account, account.credentials

    def _with_refreshing_key(
        self,
        account: Account,
        key: CredentialsSource,
        read: Callable[[], CredentialsSource],
        aread: Callable[[], Awaitable[CredentialsSource]],
    ) -> Account:
        from airflow_provider_viapi.renewable_credentials import Credentials, RenewableCredentials

        if not isinstance(key, Credentials):
            # A source of temporary keys renews them itself.
            return account

        async def current() -> Credentials:
            return await (await aread()).acurrent()

        return account.signing_with(RenewableCredentials(lambda: read().current(), current, initial=key))

    def _fingerprint_of(self, account: Account, key: CredentialsSource) -> tuple[object, ...]:
        who = getattr(key, "access_key_id", None) or getattr(key, "fingerprint", None)
        return (
            *(account.endpoint, account.region_id, account.signature, account.http, account.quota_url),
            *(who, account.poll_qps, account.list_jobs),
        )

    @cached_property
    def client(self) -> Client:
        """Client for a worker; its connections stay open as long as the hook exists."""
        from airflow_provider_viapi.alibaba.client import Client

        return Client(self.account)

    def oss(self, conn_id: str | None = None) -> Oss:
        """Return OSS with the key of this connection, or of another one; each is opened once.

        :param conn_id: the other connection
        :raises ConfigurationError: the SDK is not installed, or the connection cannot be used
        """
        from airflow_provider_viapi.fs.oss_client import open_oss

        opened: dict[str, Oss] = self.__dict__.setdefault("_opened_oss", {})
        name = conn_id or self.viapi_conn_id
        if name not in opened:
            opened[name] = open_oss(self if name == self.viapi_conn_id else ViapiHook(name))
        return opened[name]

    def rate_limiter_of(self, action: str) -> RateLimiter:
        """Return the rate limiter of an action, by its full name, at the connection's ``submit_qps``.

        Await ``wait()`` before each call, and call ``on_success()`` or ``on_throttled()`` after it.
        """
        return self.quota.limiter(action, self.account.submit_qps)

    def _report(self, job: Job) -> JobReport:
        if job.action == BULK_ACTION:
            from airflow_provider_viapi.alibaba import imagesearch_job_backend
            from airflow_provider_viapi.alibaba.services.imagesearch import INCREASE_LIST

            response = self.call(INCREASE_LIST, imagesearch_job_backend.list_request(job))
            return imagesearch_job_backend.read_report(job, response)

        from airflow_provider_viapi.alibaba.job_reports import read_report, result_action

        return read_report(job, self.call(result_action(job), {"JobId": job.id}))

    @asynccontextmanager
    async def open_jobs(self) -> AsyncIterator[ViapiJobBackend]:
        """Open the account's jobs for the running event loop; leaving the context closes the client."""
        from airflow_provider_viapi.alibaba.job_backend import open_viapi_jobs

        async with open_viapi_jobs(await self.aget_config()) as jobs:
            yield jobs

    def open_poller(self) -> AbstractAsyncContextManager[Poller]:
        """Open a poller of the account's jobs in the running event loop; leaving the context closes it."""
        return self._opened_poller(self.open_jobs(), self.poll_backoff, shared_list="list")

    def poller_key(self, job: Job) -> tuple[object, ...]:
        """Return what jobs have in common that share a poller."""
        return (*self.connection_key, job.action == BULK_ACTION)

    def open_poller_for(self, job: Job) -> AbstractAsyncContextManager[Poller]:
        """Open the poller of VIAPI's jobs, or that of the bulk jobs of ImageSearch."""
        if job.action == BULK_ACTION:
            return self._opened_poller(self._open_increments(), self.poll_backoff)
        return self.open_poller()

    @asynccontextmanager
    async def _open_increments(self) -> AsyncIterator[Increments]:
        from airflow_provider_viapi.alibaba.imagesearch_job_backend import open_increments

        async with open_increments(await self.aget_config()) as jobs:
            yield jobs

    async def cancel(self, job: Job, log: Log) -> bool:
        """Cancel a job and return true; false if it continues and is billed. Logs which of the two happened."""
        if job.action == BULK_ACTION:
            log.warning("Bulk job %s of ImageSearch cannot be cancelled: it continues", job.id)
            return False
        return await super().cancel(job, log)

    def _owner_of(self, account: Account, key: CredentialsSource) -> str:
        who = getattr(key, "identity", None) or getattr(key, "access_key_id", type(key).__name__)
        return f"{who} {account.endpoint or account.region_id}"

    def test_connection(self) -> tuple[bool, str]:
        """Request the result of a job that does not exist: free, and a wrong key, token or clock shows.

        In a region that has only ImageSearch, request an instance that does not exist.
        """
        from airflow_provider_viapi.alibaba.services import imagesearch, videoenhan

        action, request = videoenhan.GET_ASYNC_JOB_RESULT, {"JobId": "00000000-0000-0000-0000-000000000000"}
        if self.account.endpoint is None and self.account.region_id not in action.service.regions:
            action, request = imagesearch.DETAIL, {"InstanceName": "none"}
        try:
            self.client.call_once(action, request)
        except InvalidRequest as error:
            address = self.account.address(action.service)
            if error.http_status == 405 or (error.code or "").startswith(_OTHER_SERVICE):
                return False, f"{error}. Another service than {action.service.name} responds at {address}"
        except ServiceError as error:
            return False, str(error)
        return True, f"The key is accepted at {self.account.address(action.service)}"


def parse_connection(connection: Connection, extra: Mapping[str, Any]) -> Account:
    """Return the account that a connection of type ``viapi`` or ``alibaba_cloud`` describes.

    :param extra: the connection's extra, decoded
    :raises ConfigurationError: a field is missing or invalid; the message names it, never its value
    """
    from airflow_provider_viapi.alibaba.account import Account, Signature
    from airflow_provider_viapi.alibaba.regions import DEFAULT_REGION, check_region
    from airflow_provider_viapi.alibaba.sts import SETTINGS
    from airflow_provider_viapi.hooks.connection_form import CONN_FIELDS
    from airflow_provider_viapi.jobs.model import ListJobs

    known = {*CONN_FIELDS, *_OTHER_FIELDS, *(name for names in SETTINGS.values() for name in names)}
    fields = ConnectionFields(connection, extra, ACCEPTED_TYPES, known)
    endpoint = fields.address("endpoint")
    return Account(
        credentials=_credentials(fields),
        region_id=check_region(fields.name, fields.text("region_id") or DEFAULT_REGION, endpoint),
        endpoint=endpoint,
        http=fields.http(),
        signature=fields.choice("signature", Signature),
        poll_qps=fields.calls_per_second("poll_qps", Account.poll_qps),
        submit_qps=fields.calls_per_second("submit_qps", Account.submit_qps),
        quota_url=fields.quota_url(),
        list_jobs=fields.choice("list_jobs", ListJobs),
    )


def _credentials(fields: ConnectionFields) -> CredentialsSource:
    source = fields.text("credentials")
    if source is None:
        return _key(fields)

    from airflow_provider_viapi.alibaba.sts import renewable

    assuming = _key(fields) if source == "ram_role_arn" else None
    return renewable(source, fields.extra, assuming, of=fields.name)


def _key(fields: ConnectionFields) -> Credentials:
    from airflow_provider_viapi.renewable_credentials import Credentials

    key_id = fields.login or fields.text("access_key_id")
    secret = fields.password or fields.text("access_key_secret")
    if key_id is None or secret is None:
        missing = "login (access key id)" if key_id is None else "password (access key secret)"
        raise fields.invalid(
            f"has no {missing}; enter it, or set credentials in the extra to a source of keys"
        )
    try:
        return Credentials(key_id, secret, fields.text("security_token"))
    except ConfigurationError as error:
        raise fields.invalid(f"cannot be used: {error.message}") from None
