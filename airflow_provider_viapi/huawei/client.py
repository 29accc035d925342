"""Clients for Huawei Cloud's actions, on a worker and in an event loop; the protocol itself is in ``rest``.

A user's password becomes a token of IAM, and a region's name its project, on the way.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from airflow_provider_viapi.client import BaseAsyncClient, BaseClient, Call, arun, call_with_renewal, run
from airflow_provider_viapi.errors import (
    ConfigurationError,
    ConnectionFailed,
    ServiceError,
    Throttled,
    TransientError,
)
from airflow_provider_viapi.http import (
    AsyncTransport,
    HttpRequest,
    HttpResponse,
    SyncTransport,
    open_async_transport,
)
from airflow_provider_viapi.http_errors import malformed_response
from airflow_provider_viapi.huawei import services
from airflow_provider_viapi.huawei.account import Account, Auth, Token
from airflow_provider_viapi.huawei.job_reports import (
    asset_without_link,
    kind_of,
    read_report,
    request_about,
    with_asset_link,
)
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.rest import decode, encode, rate_limit
from airflow_provider_viapi.huawei.services import iam
from airflow_provider_viapi.huawei.services.metastudio.assets import SHOW_ASSET
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.renewable_credentials import Renewable
from airflow_provider_viapi.retrying import READ, is_transient, retry_call


@dataclass(frozen=True)
class User:
    """A user of IAM.

    :param name: name of the user
    :param password: never shown, sent only to IAM
    :param domain: name of the account that the user belongs to
    """

    name: str
    password: str = field(repr=False)
    domain: str


def token_request(user: User, account: Account, now: datetime) -> HttpRequest:
    """Return the request for a token that is valid in the account's project."""
    project = {"id": account.project_id} if account.project_id is not None else {"name": account.region}
    user_fields = {"name": user.name, "password": user.password, "domain": {"name": user.domain}}
    identity = {"methods": ["password"], "password": {"user": user_fields}}
    auth = {"auth": {"identity": identity, "scope": {"project": project}}}
    return encode(iam.CREATE_TOKEN, auth, account, None, now)


def read_token(response: HttpResponse) -> Token:
    """Return the token of a response: its value in the header ``X-Subject-Token``, its expiry in the body.

    :raises CredentialsRejected: user, password or domain is wrong
    :raises ResponseLost: there is no token in it
    """
    body = decode(iam.CREATE_TOKEN, response)
    value = response.headers.get("x-subject-token")
    try:
        expiry = datetime.fromisoformat(body["token"]["expires_at"].replace("Z", "+00:00"))
    except (KeyError, TypeError, ValueError, AttributeError):
        expiry = None
    if not value or expiry is None:
        raise malformed_response("has no token", action=iam.CREATE_TOKEN.name, http_status=response.status)
    aware = expiry if expiry.tzinfo is not None else expiry.replace(tzinfo=timezone.utc)
    return Token(value, aware.timestamp())


def projects_in(response: Mapping[str, Any]) -> list[str]:
    """Return the ids of the projects in a response of ``KeystoneListProjects``.

    :raises ResponseLost: it has no list of projects
    """
    projects = response.get("projects")
    if not isinstance(projects, list):
        raise malformed_response("has no projects", action=iam.LIST_PROJECTS.name)
    return [str(each["id"]) for each in projects if isinstance(each, Mapping) and each.get("id")]


def project_of(response: Mapping[str, Any], region: str) -> str:
    """Return the id of the only project of a region, from the response of ``KeystoneListProjects``.

    :raises ConfigurationError: there is none, or more than one
    """
    ids = projects_in(response)
    if len(ids) == 1:
        return ids[0]
    found = (
        f"{len(ids)} projects are named {region!r} ({', '.join(ids)})"
        if ids
        else f"no project is named {region!r}"
    )
    raise ConfigurationError(f"{found}; set project_id in the connection's extra")


logger = logging.getLogger(__name__)

TOKEN_RETRY_SECONDS = 10.0

MAX_ASSET_FAILURES = 5
"""Failed reads of a video's asset after which its result is returned without a link; throttled ones do not count."""


def _exchange(
    account: Account, action: Action, checked: Mapping[str, Any], auth: Auth
) -> Call[dict[str, Any]]:
    with account.observe(action):
        response = yield encode(action, checked, account, auth, _now())
        if limits := rate_limit(response):
            logger.debug("%s: %s", action.name, limits)
        return decode(action, response)


def _call(account: Account, action: Action, checked: Mapping[str, Any]) -> Call[dict[str, Any]]:
    # A response with status 401 means that nothing was accepted, so a new key or token may always be tried.
    return call_with_renewal(
        account.auth, lambda auth: _exchange(account, action, checked, auth), action=action.name
    )


def _read_report(account: Account, job: Job, target_state: str | None) -> Call[JobReport]:
    """Report a job; the report of an avatar video that was made is partial: it has no link."""
    kind = kind_of(job.action)
    shown = yield from _call(account, kind.status_action, kind.status_action.check(request_about(job)))
    report = read_report(job, shown, target_state)
    return replace(report, is_partial=asset_without_link(report, kind) is not None)


def _read_link(account: Account, job: Job, partial: JobReport, failures: Counter[str]) -> Call[JobReport]:
    """Complete the report of an avatar video with its link, or without one if its asset stays unreadable.

    :param failures: how often the asset of a job could not be read, by the job's id
    """
    kind = kind_of(job.action)
    report, asset_id = replace(partial, is_partial=False), asset_without_link(partial, kind)
    try:
        asset = yield from _call(account, SHOW_ASSET, SHOW_ASSET.check({"asset_id": asset_id}))
    except ServiceError as error:
        # A result without a link is final, so the asset is read again after an error that may pass. Not for ever: the
        # video is finished and paid for.
        failures[job.id] += not isinstance(error, Throttled)
        if is_transient(error) and (isinstance(error, Throttled) or failures[job.id] < MAX_ASSET_FAILURES):
            raise
        del failures[job.id]
        logger.warning(
            "The result of job %s has no link to its video, because the asset could not be read: %s",
            job.id,
            error,
        )
        return report
    failures.pop(job.id, None)
    return with_asset_link(report, kind, asset)


def _needs_project(account: Account, action: Action) -> bool:
    return account.project_id is None and "{project_id}" in action.path


def _find_project(account: Account, action: Action) -> Call[Account]:
    try:
        response = yield from _call(account, iam.LIST_PROJECTS, {"name": account.region})
    except TransientError as failure:
        # Whatever happened to this request: the action itself was not sent.
        raise ConnectionFailed(
            f"cannot find the project: {failure.message}", code=failure.code, action=action.name
        ) from None
    return account.in_project(project_of(response, account.region))


class Client(BaseClient[Account, Action]):
    """Calls actions from a worker; see :class:`~airflow_provider_viapi.client.BaseClient`."""

    find_action = staticmethod(services.find)

    def call_once(self, action: Action | str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action without retries, except once more with a new key or token after the old one was rejected."""
        found = services.find(action)
        checked = found.check(request)
        self._ensure_project(found)
        return run(_call(self.account, found, checked), self._transport)

    def report(self, job: Job, target_state: str | None = None) -> JobReport:
        """Return the state of a job, with one call; with another for the link of an avatar video.

        :param target_state: see :func:`~airflow_provider_viapi.huawei.job_reports.outcome_of`
        """
        failures: Counter[str] = Counter()

        def report_once() -> JobReport:
            self._ensure_project(kind_of(job.action).status_action)
            report = run(_read_report(self.account, job, target_state), self._transport)
            if report.is_partial:
                report = run(_read_link(self.account, job, report, failures), self._transport)
            return report

        return retry_call(report_once, policy=READ, max_seconds=self.retry_seconds, log=logger)

    def make_ready(self, action: Action) -> None:
        """Fetch what a call of the action needs: a key or token, and the project's id.

        :raises ServiceError: it cannot be fetched; nothing of the call itself was sent
        """
        self.account.auth.current()
        self._ensure_project(action)

    def _ensure_project(self, action: Action) -> None:
        if _needs_project(self.account, action):
            self.account = run(_find_project(self.account, action), self._transport)


class AsyncClient(BaseAsyncClient[Account]):
    """Calls actions in an event loop; :func:`open_async_client` makes one."""

    _project_lock: asyncio.Lock | None = None

    def __init__(self, account: Account, transport: AsyncTransport) -> None:
        super().__init__(account, transport)
        self._asset_failures: Counter[str] = Counter()

    async def call_once(self, action: Action | str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action without retries, except once more with a new key or token; see :meth:`Client.call_once`."""
        found = services.find(action)
        checked = found.check(request)
        await self._ensure_project(found)
        return await arun(_call(self.account, found, checked), self._transport)

    async def report(self, job: Job, target_state: str | None = None) -> JobReport:
        """Return the state of a job, with one call without retries; see :meth:`Client.report`.

        The report of an avatar video is partial; :meth:`complete` adds its link.
        """
        await self._ensure_project(kind_of(job.action).status_action)
        return await arun(_read_report(self.account, job, target_state), self._transport)

    async def complete(self, job: Job, partial: JobReport) -> JobReport:
        """Complete the partial report of an avatar video with its link, with one call without retries."""
        return await arun(_read_link(self.account, job, partial, self._asset_failures), self._transport)

    async def _ensure_project(self, action: Action) -> None:
        if _needs_project(self.account, action):
            self._project_lock = self._project_lock or asyncio.Lock()
            async with self._project_lock:
                if _needs_project(self.account, action):
                    self.account = await arun(_find_project(self.account, action), self._transport)


async def open_async_client(account: Account) -> AsyncClient:
    """Return a client for the running event loop; close it by leaving its context."""
    return AsyncClient(account, await open_async_transport(account.http))


def with_token_for(
    user: User,
    account: Account,
    read: Callable[[], User] | None = None,
    aread: Callable[[], Awaitable[User]] | None = None,
) -> Account:
    """Return the account with a token for a user's password, cached until shortly before its expiry.

    :param account: where IAM is, in which project the token is to be valid, and how to call
    :param read: reads the user before each token, since the password may have been changed; default: always ``user``
    :param aread: the same in an event loop
    """

    def fetch() -> Token:
        return _fetch_token(read() if read else user, account)

    async def afetch() -> Token:
        current_user = await aread() if aread else user
        return await asyncio.to_thread(_fetch_token, current_user, account)

    return replace(account, auth=Renewable(fetch, afetch))


def _fetch_token(user: User, account: Account) -> Token:
    transport = SyncTransport(account.http)
    try:
        return retry_call(
            lambda: read_token(transport.send(token_request(user, account, _now()))),
            policy=READ,
            max_seconds=TOKEN_RETRY_SECONDS,
        )
    finally:
        transport.close()


def _now() -> datetime:
    return datetime.now(timezone.utc)
