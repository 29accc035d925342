"""What an Airflow connection of type ``huaweicloud`` says, as an account of Huawei Cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.credentials import Credentials
from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.hooks.connection_fields import (
    read_calls_per_second,
    read_choice,
    read_endpoint,
    read_http,
    stripped,
    wrong,
)
from airflow_provider_viapi.huawei.config import DEFAULT_REGION, Account, check_region
from airflow_provider_viapi.huawei.iam import User
from airflow_provider_viapi.huawei.model import PathFamily

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

Auth = Literal["aksk", "password"]
"""The ways to prove oneself: an access key that signs, or a token for an IAM user's password."""


def parse_connection(connection: Connection, extra: Mapping[str, Any]) -> tuple[Account, Credentials | User]:
    """The account that a connection describes, without its proof, and what that is made of.

    :param extra: the connection's extra, already read
    :raises ConfigurationError: something is missing or cannot be right; the message names it, never its value
    """
    where = f"the connection {connection.conn_id!r}"
    extra = stripped(extra)
    auth = read_choice(where, "auth", extra.get("auth"), Auth)
    endpoint = read_endpoint(where, extra.get("endpoint"))
    endpoints = {
        service: address
        for service in ("metastudio", "vias", "iam")
        if (address := read_endpoint(where, extra.get(f"{service}_endpoint"), f"{service}_endpoint"))
    }
    region = str(extra.get("region") or DEFAULT_REGION)
    account = Account(
        region=check_region(where, region, has_endpoint=endpoint is not None or bool(endpoints)),
        project_id=_text(extra.get("project_id")),
        endpoint=endpoint,
        endpoints=endpoints,
        vias_paths=read_choice(where, "vias_paths", extra.get("vias_paths"), PathFamily),
        app_user_id=_app_user_id(where, extra.get("app_user_id")),
        http=read_http(where, extra),
        poll_qps=read_calls_per_second(where, "poll_qps", extra, Account.poll_qps),
    )
    return account, _user(where, connection, extra) if auth == "password" else _key(where, connection, extra)


def missing_connection(conn_id: str, error: Exception) -> ConfigurationError:
    """What to raise when a connection cannot be read at all."""
    return ConfigurationError(
        f"the Airflow connection {conn_id!r} cannot be read ({type(error).__name__}); create it with type "
        "'huaweicloud', the access key (AK) as login and its secret (SK) as password",
        code="ConfigurationError",
    )


def _key(where: str, connection: Connection, extra: Mapping[str, Any]) -> Credentials:
    key_id, secret = (connection.login or "").strip(), (connection.password or "").strip()
    if not key_id or not secret:
        raise wrong(where, f"has no {'password (SK)' if key_id else 'login (AK)'}")
    try:
        return Credentials(key_id, secret, _text(extra.get("security_token")))
    except ConfigurationError as error:
        raise wrong(where, f"cannot be used: {error.message}") from None


def _user(where: str, connection: Connection, extra: Mapping[str, Any]) -> User:
    domain = _text(extra.get("domain"))
    for what, value in (
        ("login (the IAM user's name)", connection.login),
        ("password (the IAM user's)", connection.password),
        ("domain in its extra (the account's name), which auth=password needs", domain),
    ):
        if not value:
            raise wrong(where, f"has no {what}")
    return User(str(connection.login).strip(), str(connection.password), str(domain))


def _app_user_id(where: str, value: Any) -> str | None:
    text = _text(value)
    if text is not None and not (text.isascii() and text.isprintable()):
        raise wrong(where, "has an app_user_id in its extra that has other than ASCII characters")
    return text


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None
