"""Temporary keys from RAM roles, OIDC, a credentials URI or the default chain, by Alibaba's alibabacloud-credentials.

Only that package's synchronous interface is used: the asynchronous one holds a thread lock while it awaits, so that
two coroutines at the same time block the event loop [1.0.12, tried]. The package is an extra and is imported when the
first key is fetched. Its errors and logs quote responses, including keys; these are redacted here.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba.errors import classify
from airflow_provider_viapi.errors import ConfigurationError, ConnectionFailed, ServiceError, TransientError
from airflow_provider_viapi.http_errors import certificate_error
from airflow_provider_viapi.redaction import redact_text
from airflow_provider_viapi.renewable_credentials import Credentials, RenewableCredentials

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
"""The kinds of credentials and the settings of each, by the names of the package's ``Config``."""

# The package's providers have other names for some settings of its Config.
_ARGUMENTS = {"role_session_expiration": "duration_seconds", "credentials_uri": "uri"}

SESSION_SECONDS = range(900, 43201)
"""Allowed duration of a role's session in seconds; the role itself may set a lower maximum [STS documents]."""

_CHAIN_LIFETIME = 600.0
"""Seconds for which a key of the chain, which states no expiry, is used: the chain renews 900 s before the expiry."""


def renewable(
    kind: str, settings: Mapping[str, Any], key: Credentials | None = None, *, of: str
) -> RenewableCredentials:
    """Return a source of temporary keys; nothing is fetched or imported until the first key is needed.

    :param kind: one of ``SETTINGS``
    :param settings: settings of the kind; others are ignored
    :param key: for ``ram_role_arn``, the key that assumes the role
    :param of: names the connection in messages
    :raises ConfigurationError: there is no such kind, or a setting is not allowed
    """
    if kind not in SETTINGS:
        raise ConfigurationError(f"credentials of {of} must be one of {', '.join(SETTINGS)}")
    given = {
        name: _checked(name, settings[name], of)
        for name in SETTINGS[kind]
        if settings.get(name) not in (None, "")
    }
    arguments = {_ARGUMENTS.get(name, name): value for name, value in given.items()}
    if kind == "ecs_ram_role":
        # Otherwise it starts a thread that renews keys even when nothing needs them any more.
        arguments["async_update_enabled"] = False
    source = (kind, sorted(given.items()), key.access_key_id if key else None)
    return RenewableCredentials(
        partial(_fetch, kind, arguments, key, of),
        identity=_identity(kind, given),
        fingerprint=_digest(repr(source)),
    )


# Settings that name whose keys a source returns, and the variables that the package reads if they are missing.
_OWNERS: Mapping[str, tuple[str, str]] = {
    "ram_role_arn": ("role_arn", "ALIBABA_CLOUD_ROLE_ARN"),
    "ecs_ram_role": ("role_name", "ALIBABA_CLOUD_ECS_METADATA"),
    "oidc_role_arn": ("role_arn", "ALIBABA_CLOUD_ROLE_ARN"),
    "credentials_uri": ("credentials_uri", "ALIBABA_CLOUD_CREDENTIALS_URI"),
}


def _identity(kind: str, given: Mapping[str, Any]) -> str:
    """Return what the keys of a source have in common in all attempts and processes; no secret."""
    if kind == "default":
        owner = _owner_of_default_chain()
    else:
        setting, variable = _OWNERS[kind]
        owner = given.get(setting) or os.environ.get(variable, "")
    if "://" in owner:
        owner = _without_secrets(owner)
    return f"{kind}:{owner}" if owner else kind


def _owner_of_default_chain() -> str:
    key_id = os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", "")
    if key_id and not os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN"):
        return key_id
    return next(filter(None, (os.environ.get(variable) for _, variable in _OWNERS.values())), "")


def _without_secrets(uri: str) -> str:
    """Return an address whose query, which may hold a token or name one of several roles, is a digest."""
    address, _, query = uri.partition("?")
    scheme, _, place = address.partition("://")
    host, slash, path = place.partition("/")
    bare = f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
    return f"{bare}?{_digest(query)}" if query else bare


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


_SWITCH = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


def _checked(name: str, value: Any, of: str) -> Any:
    text = (value if isinstance(value, str) else json.dumps(value)).strip()
    if name == "disable_imds_v1":
        if text.lower() not in _SWITCH:
            raise ConfigurationError(f"{name} of {of} must be true or false")
        return _SWITCH[text.lower()]
    if name == "credentials_uri" and not _is_address(text):
        raise ConfigurationError(
            f"{name} of {of} must be the address of a server: http://host:port/path or https://…"
        )
    if name != "role_session_expiration":
        return text
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) not in SESSION_SECONDS:
        raise ConfigurationError(
            f"{name} of {of} must be {SESSION_SECONDS.start} to {SESSION_SECONDS.stop - 1} whole seconds"
        )
    return int(text)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _fetch(kind: str, arguments: Mapping[str, Any], key: Credentials | None, of: str) -> Credentials:
    try:
        if kind == "default":
            return _read(_default_chain())
        if key is not None:
            arguments = {**arguments, **_as_arguments(key)}
        # A provider caches its key and would return it although the service rejects it, so a new one is needed.
        return _read(_make(kind, **arguments))
    except Exception as error:
        failure = _translated(error, f"credentials ({kind}) of {of}")
    # Raised here, it has no context, and what was caught cannot be printed with it.
    raise failure


def _make(kind: str, **arguments: Any) -> ICredentialsProvider:
    from alibabacloud_credentials import provider  # type: ignore[import-untyped]

    _redact_logs()
    return getattr(provider, _PROVIDERS[kind])(**arguments)


@lru_cache(maxsize=1)
def _default_chain() -> ICredentialsProvider:
    # One per process, since each starts a thread that never ends.
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
        expires=found.get_expiration() or time.time() + _CHAIN_LIFETIME,
    )


# The package reports a response's status and code only in its messages.
_STATUS = re.compile(r"http_?code[:=]\s*(\d{3})", re.IGNORECASE)
_CODE = re.compile(r'"Code"\s*:\s*"([\w.]+)"')
_QUERY = re.compile(r"\?[^\s,'\")]*")


def _translated(error: Exception, what: str) -> ServiceError:
    if isinstance(error, ImportError):
        return ConfigurationError(f"{what} need a package: pip install 'airflow-provider-viapi[credentials]'")
    from Tea.exceptions import RetryError  # type: ignore[import-untyped]

    text = str(getattr(error, "message", error))
    if isinstance(error, json.JSONDecodeError | AttributeError | KeyError | TypeError):
        text = f"the server's response cannot be read ({type(error).__name__})"
    message = f"{what}: {redact_text(_QUERY.sub('', text))[:500]}"
    if isinstance(error, RetryError):
        # The package raises it while it handles the error of requests.
        if error.__context__ and certificate_error(error.__context__, what, None):
            return ConfigurationError(
                f"{message}. Requests for temporary keys do not use the connection's verify: name the right CA "
                "bundle in the environment variable SSL_CERT_FILE, or install it in the operating system",
                code="CertificateNotTrusted",
            )
        return ConnectionFailed(message)
    status = _STATUS.search(text)
    code = _CODE.search(text) if status else None
    kind = classify(code[1] if code else "", int(status[1]) if status else 0)
    kind = TransientError if issubclass(kind, TransientError) else ConfigurationError
    return kind(message, code=code[1] if code else None)


class _RedactingFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact_text(record.getMessage()), None
        # A traceback would end with the same words as the message.
        record.exc_info = record.exc_text = None
        return True


_FILTER = _RedactingFilter("viapi-credentials")


def _redact_logs() -> None:
    for name in ("credentials", "alibabacloud-tea", "urllib3.connectionpool"):
        logging.getLogger(name).addFilter(_FILTER)
