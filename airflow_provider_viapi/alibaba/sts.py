"""Keys from RAM roles, OIDC, a credentials URI and the default chain, by Alibaba's own alibabacloud-credentials.

Only that package's synchronous interface is used: the other one holds a thread's lock while it awaits, so that two
coroutines which ask at the same time stall the event loop [1.0.12, tried]. The package is an extra and is imported
when the first key is fetched. Its errors and its log quote what servers answered, keys and all; here these are
taken out.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.credentials import Credentials, RenewableCredentials
from airflow_provider_viapi.alibaba.errors import (
    ConfigurationError,
    ConnectionFailed,
    ServiceError,
    TransientError,
    classify,
)
from airflow_provider_viapi.alibaba.redaction import redact

if TYPE_CHECKING:
    from alibabacloud_credentials_api import ICredentialsProvider  # type: ignore[import-untyped]

_PROVIDERS: Mapping[str, str] = {
    "ram_role_arn": "RamRoleArnCredentialsProvider",
    "ecs_ram_role": "EcsRamRoleCredentialsProvider",
    "oidc_role_arn": "OIDCRoleArnCredentialsProvider",
    "credentials_uri": "URLCredentialsProvider",
    "default": "DefaultCredentialsProvider",
}

_ROLE = ("role_arn", "role_session_name", "role_session_expiration", "policy", "sts_endpoint")

SETTINGS: Mapping[str, tuple[str, ...]] = {
    "ram_role_arn": (*_ROLE, "external_id"),
    "ecs_ram_role": ("role_name", "disable_imds_v1"),
    "oidc_role_arn": (*_ROLE, "oidc_provider_arn", "oidc_token_file_path"),
    "credentials_uri": ("credentials_uri",),
    "default": (),
}
"""The kinds of credentials, and what each may be told, by the names that the package gives them in its ``Config``."""

# Where its providers call by another name what its Config calls so.
_ARGUMENTS = {"role_session_expiration": "duration_seconds", "credentials_uri": "uri"}

SESSION_SECONDS = range(900, 43201)
"""How long a role's session may last, in seconds; the role itself may set a lower bound [STS documents]."""

_CHAIN_KEEPS = 600.0
"""Seconds for which a key of the chain is kept, which tells no end of it: the chain renews 900 before the end."""


def renewable(
    kind: str, settings: Mapping[str, Any], key: Credentials | None = None, *, of: str
) -> RenewableCredentials:
    """A source of temporary keys; nothing is fetched, nor imported, until it is asked for one.

    :param kind: one of ``SETTINGS``
    :param settings: those of the kind; others are left alone
    :param key: of ``ram_role_arn``, the key that assumes the role
    :param of: whose credentials they are, for messages
    :raises ConfigurationError: there is no such kind, or a setting cannot be right
    """
    if kind not in SETTINGS:
        raise ConfigurationError(
            f"credentials of {of} must be one of {', '.join(SETTINGS)}", code="ConfigurationError"
        )
    given = {
        name: _checked(name, settings[name], of)
        for name in SETTINGS[kind]
        if settings.get(name) not in (None, "")
    }
    arguments = {_ARGUMENTS.get(name, name): value for name, value in given.items()}
    if kind == "ecs_ram_role":
        # It would otherwise start a thread of its own, to renew what nobody may ask for any more.
        arguments["async_update_enabled"] = False
    return RenewableCredentials(partial(_fetch, kind, arguments, key, of))


def _checked(name: str, value: Any, of: str) -> Any:
    text = value if isinstance(value, str) else json.dumps(value)
    if name == "disable_imds_v1":
        return text.lower() == "true"
    if name != "role_session_expiration":
        return text
    if not text.isdecimal() or int(text) not in SESSION_SECONDS:
        raise ConfigurationError(
            f"{name} of {of} must be {SESSION_SECONDS.start} to {SESSION_SECONDS.stop - 1} whole seconds",
            code="ConfigurationError",
        )
    return int(text)


def _fetch(kind: str, arguments: Mapping[str, Any], key: Credentials | None, of: str) -> Credentials:
    try:
        if kind == "default":
            return _read(_default_chain())
        if key is not None:
            arguments = {**arguments, **_as_arguments(key)}
        # A provider keeps its key too, and would give it again although the service rejects it: hence a new one.
        return _read(_make(kind, **arguments))
    except Exception as error:
        failure = _translated(error, f"credentials ({kind}) of {of}")
    # Raised here, it has no context, and what was caught cannot be printed with it.
    raise failure


def _make(kind: str, **arguments: Any) -> ICredentialsProvider:
    from alibabacloud_credentials import provider  # type: ignore[import-untyped]

    _keep_logs_clean()
    return getattr(provider, _PROVIDERS[kind])(**arguments)


@lru_cache(maxsize=1)
def _default_chain() -> ICredentialsProvider:
    # One for the process, since each starts a thread that never ends.
    return _make("default")


def _as_arguments(key: Credentials) -> dict[str, str | None]:
    return {
        "access_key_id": key.access_key_id,
        "access_key_secret": key.access_key_secret,
        "security_token": key.security_token,
    }


def _read(provider: ICredentialsProvider) -> Credentials:
    found = provider.get_credentials()
    return Credentials(
        found.get_access_key_id(),
        found.get_access_key_secret(),
        found.get_security_token() or None,
        expires=found.get_expiration() or time.time() + _CHAIN_KEEPS,
    )


# The package tells a server's status and code in its texts only.
_STATUS = re.compile(r"http_?code[:=]\s*(\d{3})", re.IGNORECASE)
_CODE = re.compile(r'"Code"\s*:\s*"([\w.]+)"')
_QUERY = re.compile(r"\?[^\s,'\")]*")


def _translated(error: Exception, what: str) -> ServiceError:
    if isinstance(error, ImportError):
        return ConfigurationError(
            f"{what} need a package: pip install 'airflow-provider-viapi[credentials]'",
            code="ConfigurationError",
        )
    from Tea.exceptions import RetryError  # type: ignore[import-untyped]

    text = str(getattr(error, "message", error))
    if isinstance(error, json.JSONDecodeError | AttributeError | KeyError | TypeError):
        text = f"the server's answer cannot be read ({type(error).__name__})"
    told = f"{what}: {_without_secrets(_QUERY.sub('', text))[:500]}"
    if isinstance(error, RetryError):
        return ConnectionFailed(told)
    status = _STATUS.search(text)
    code = _CODE.search(text) if status else None
    kind = classify(code[1] if code else "", int(status[1]) if status else 0)
    kind = TransientError if issubclass(kind, TransientError) else ConfigurationError
    return kind(told, code=code[1] if code else None)


_SECRET = re.compile(
    r"""((?:access_?key_?secret|(?:security|sts|oidc|access|refresh)_?token)[\\"'\s]*[:=][\\"'\s]*)[^\\"'&\s,}]+""",
    re.IGNORECASE,
)


def _without_secrets(text: str) -> str:
    return redact(_SECRET.sub(r"\1***", text))


class _WithoutSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _without_secrets(record.getMessage()), None
        # A traceback would end in the same words as the message.
        record.exc_info = record.exc_text = None
        return True


_FILTER = _WithoutSecrets("viapi-credentials")


def _keep_logs_clean() -> None:
    for name in ("credentials", "alibabacloud-tea", "urllib3.connectionpool"):
        logging.getLogger(name).addFilter(_FILTER)
