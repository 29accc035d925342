"""What an Airflow connection says, as an account: one place where each of its fields is read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba.account import DEFAULT_REGION, Account, ListJobs, Signature
from airflow_provider_viapi.alibaba.credentials import Credentials, CredentialsSource
from airflow_provider_viapi.alibaba.errors import NotConfigured

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

LEAST_QPS, MOST_QPS = 0.01, 1000.0
"""Calls per second that a connection may ask for: one in 100 seconds is slow enough for any account."""


def account_of(connection: Connection, extra: Mapping[str, Any]) -> Account:
    """The account that a connection of type ``viapi`` or ``alibaba_cloud`` describes.

    :param extra: the connection's extra, already read
    :raises NotConfigured: something is missing or cannot be right; the message names it, never its value
    """
    where = f"the connection {connection.conn_id!r}"
    return Account(
        credentials=_credentials(where, connection, extra),
        region_id=str(extra.get("region_id") or DEFAULT_REGION),
        endpoint=read_endpoint(where, extra.get("endpoint")),
        verify=read_verify(extra.get("verify")),
        timeout=read_timeout(where, extra.get("timeout")),
        signature=_signature(where, extra.get("signature")),
        poll_qps=read_calls_per_second(where, "poll_qps", extra, Account.poll_qps),
        submit_qps=read_calls_per_second(where, "submit_qps", extra, Account.submit_qps),
        list_jobs=_list_jobs(where, extra.get("list_jobs")),
    )


def no_connection(conn_id: str, error: Exception) -> NotConfigured:
    """What to raise when a connection cannot be read at all."""
    return NotConfigured(
        f"the Airflow connection {conn_id!r} cannot be read ({type(error).__name__}); "
        "create it with type 'viapi', the access key id as login and its secret as password",
        code="NotConfigured",
    )


def _credentials(where: str, connection: Connection, extra: Mapping[str, Any]) -> CredentialsSource:
    kind = extra.get("credentials")
    if not kind:
        return _key(where, connection, extra)

    from airflow_provider_viapi.alibaba.credentials_provider import renewable

    assuming = _key(where, connection, extra) if kind == "ram_role_arn" else None
    return renewable(str(kind), extra, assuming, of=where)


def _key(where: str, connection: Connection, extra: Mapping[str, Any]) -> Credentials:
    key_id = connection.login or extra.get("access_key_id")
    secret = connection.password or extra.get("access_key_secret")
    if not key_id or not secret:
        missing = "login (access key id)" if not key_id else "password (access key secret)"
        raise wrong(where, f"has no {missing}")
    token = extra.get("security_token") or None
    try:
        return Credentials(str(key_id), str(secret), token and str(token))
    except NotConfigured as error:
        raise wrong(where, f"cannot be used: {error.message}") from None


def _signature(where: str, value: Any) -> Signature:
    for allowed in get_args(Signature):
        if str(value or Account.signature) == allowed:
            return allowed  # type: ignore[no-any-return]
    raise wrong(where, f"has a signature in its extra that is none of {', '.join(get_args(Signature))}")


def read_endpoint(where: str, value: Any, name: str = "endpoint") -> str | None:
    """A base address without a slash at its end; for errors with whose and which field it is."""
    if value in (None, ""):
        return None
    address = str(value) if "://" in str(value) else f"https://{value}"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise wrong(
            where,
            f"has in its extra an address ({name}) that is not http:// or https:// without user, password or query",
        )
    return address.rstrip("/")


def read_verify(value: Any) -> bool | str:
    """Whether TLS certificates are checked, or the path of a bundle of authorities."""
    if value is None or value == "":
        return True
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value if isinstance(value, bool) else str(value)


def read_timeout(where: str, value: Any) -> float:
    """Seconds to wait for an answer, 1 to 600; 30 unless given."""
    if value in (None, ""):
        return Account.timeout
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 1 <= seconds <= 600:
        raise wrong(where, "has a timeout in its extra that is not from 1 to 600 seconds")
    return seconds


def read_calls_per_second(where: str, name: str, extra: Mapping[str, Any], otherwise: float) -> float:
    """Calls per second that an account is to be asked at most."""
    value = extra.get(name)
    if value in (None, ""):
        return otherwise
    try:
        calls = 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        calls = 0.0
    if not LEAST_QPS <= calls <= MOST_QPS:
        raise wrong(
            where,
            f"has a {name} in its extra that is not a number of calls per second from {LEAST_QPS} to {MOST_QPS:g}",
        )
    return calls


def _list_jobs(where: str, value: Any) -> ListJobs:
    for allowed in get_args(ListJobs):
        if str(value or Account.list_jobs).lower() == allowed:
            return allowed  # type: ignore[no-any-return]
    raise wrong(where, f"has a list_jobs in its extra that is none of {', '.join(get_args(ListJobs))}")


def wrong(where: str, what: str) -> NotConfigured:
    """What to raise of a connection that cannot be used as it is."""
    return NotConfigured(f"{where} {what}", code="NotConfigured")
