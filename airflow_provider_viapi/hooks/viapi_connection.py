"""What an Airflow connection says, as an account of Alibaba Cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.config import DEFAULT_REGION, Account, ListJobs, Signature, check_region
from airflow_provider_viapi.credentials import Credentials, CredentialsSource
from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.hooks.connection_fields import (
    read_calls_per_second,
    read_choice,
    read_endpoint,
    read_http,
    stripped,
    wrong,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection


def parse_connection(connection: Connection, extra: Mapping[str, Any]) -> Account:
    """The account that a connection of type ``viapi`` or ``alibaba_cloud`` describes.

    :param extra: the connection's extra, already read
    :raises ConfigurationError: something is missing or cannot be right; the message names it, never its value
    """
    where = f"the connection {connection.conn_id!r}"
    extra = stripped(extra)
    endpoint = read_endpoint(where, extra.get("endpoint"))
    return Account(
        credentials=_credentials(where, connection, extra),
        region_id=check_region(where, str(extra.get("region_id") or DEFAULT_REGION), endpoint),
        endpoint=endpoint,
        http=read_http(where, extra),
        signature=read_choice(where, "signature", extra.get("signature"), Signature),
        poll_qps=read_calls_per_second(where, "poll_qps", extra, Account.poll_qps),
        submit_qps=read_calls_per_second(where, "submit_qps", extra, Account.submit_qps),
        list_jobs=read_choice(where, "list_jobs", extra.get("list_jobs"), ListJobs),
    )


def missing_connection(conn_id: str, error: Exception) -> ConfigurationError:
    """What to raise when a connection cannot be read at all."""
    return ConfigurationError(
        f"the Airflow connection {conn_id!r} cannot be read ({type(error).__name__}); "
        "create it with type 'viapi', the access key id as login and its secret as password",
        code="ConfigurationError",
    )


def _credentials(where: str, connection: Connection, extra: Mapping[str, Any]) -> CredentialsSource:
    kind = extra.get("credentials")
    if not kind:
        return _key(where, connection, extra)

    from airflow_provider_viapi.alibaba.sts import renewable

    assuming = _key(where, connection, extra) if kind == "ram_role_arn" else None
    return renewable(str(kind), extra, assuming, of=where)


def _key(where: str, connection: Connection, extra: Mapping[str, Any]) -> Credentials:
    key_id = (connection.login or "").strip() or extra.get("access_key_id")
    secret = (connection.password or "").strip() or extra.get("access_key_secret")
    if not key_id or not secret:
        missing = "login (access key id)" if not key_id else "password (access key secret)"
        raise wrong(where, f"has no {missing}")
    token = extra.get("security_token") or None
    try:
        return Credentials(str(key_id), str(secret), token and str(token))
    except ConfigurationError as error:
        raise wrong(where, f"cannot be used: {error.message}") from None
