"""Fields of a connection, read and checked the same way for both clouds; the form is in ``connection_form``."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
from collections.abc import Callable, Collection, Coroutine, Hashable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, get_args
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

from airflow_provider_viapi.errors import UNREADABLE_CONNECTION, ConfigurationError
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_viapi.http_settings import HttpSettings

logger = logging.getLogger(__name__)

MIN_QPS, MAX_QPS = 0.01, 1000.0
"""Range of the fields that set a rate, in calls per second."""

MASK = "***"
"""Placeholder that Airflow 3.2 and later save for a secret field that the user of a new connection leaves alone."""

MAX_SHOWN = 12
"""Longest value of a field that errors show; keys and secrets are longer."""


def mask_secret(secret: str) -> None:
    """Have Airflow mask a secret in logs and rendered fields."""
    # common.compat has this from 1.21 on, which does not exist for Python 3.10.
    try:
        from airflow.sdk.log import mask_secret
    except ImportError:
        from airflow.utils.log.secrets_masker import mask_secret  # type: ignore[import-not-found,no-redef]
    mask_secret(secret)


class ConnectionFields:
    """The fields of one connection, without blanks around their values; every error names connection and field.

    :param connection: the Airflow connection
    :param extra: its extra, decoded
    :param accepted_types: connection types that the hook understands
    :param known: names of the fields that are read, to warn of misspelled ones
    :raises ConfigurationError: the connection has another type, or a host
    """

    def __init__(
        self,
        connection: Connection,
        extra: Mapping[str, Any],
        accepted_types: Collection[str],
        known: Collection[str] = (),
    ) -> None:
        self.name = f"the connection {short_repr(connection.conn_id)}"
        self._extra = {name: value for name, value in extra.items() if value != MASK}
        self._known = known
        self.login = _stripped(connection.login)
        self.password = _stripped(connection.password)
        if connection.conn_type and connection.conn_type not in accepted_types:
            raise self.invalid(
                f"has the type {short_repr(connection.conn_type)}; allowed: {', '.join(accepted_types)}. Name a "
                "connection of such a type, so that no other cloud's key is sent to this service"
            )
        if _stripped(connection.host) or connection.port:
            raise self.invalid(
                "has a host or a port, which would be ignored; leave both empty, and to call another address than the"
                ' cloud\'s put it into the extra: {"endpoint": "http://host:port"}'
            )
        self._warn_of_misspelled()

    def _warn_of_misspelled(self) -> None:
        """Log fields of the extra that nothing reads, if their names look like those of fields that are read."""
        unknown = [name for name in self._extra if name not in self._known]
        for name in unknown:
            from difflib import get_close_matches

            if nearest := get_close_matches(str(name).lower(), self._known, n=1, cutoff=0.8):
                logger.warning(
                    "%s has the field %r in its extra, which is ignored; did you mean %r?",
                    f"{self.name[0].upper()}{self.name[1:]}",
                    name,
                    nearest[0],
                )

    def invalid(self, problem: str) -> ConfigurationError:
        """Return the error for a connection that cannot be used as it is."""
        return ConfigurationError(f"{self.name} {problem}")

    @property
    def extra(self) -> dict[str, Any]:
        """The whole extra, without blanks around texts."""
        return {
            name: value.strip() if isinstance(value, str) else value for name, value in self._extra.items()
        }

    def text(self, name: str) -> str | None:
        """Return a field of the extra as text, ``None`` if it is empty."""
        return _stripped(self._extra.get(name))

    def choice(self, name: str, allowed: Any) -> Any:
        """Return one of a few words, in whichever case; default: the first.

        :param allowed: a ``Literal`` of them
        """
        words = get_args(allowed)
        value = self.text(name) or words[0]
        for word in words:
            if value.lower() == word.lower():
                return word
        raise invalid_field(self, name, f"allowed: {', '.join(words)}")

    def number(self, name: str, default: float, minimum: float, maximum: float, unit: str) -> float:
        """Return a number within a range."""
        value = self._extra.get(name)
        text = _stripped(value)
        if text is None:
            return default
        try:
            number = float("nan") if isinstance(value, bool) else float(text)
        except ValueError:
            number = float("nan")
        if not minimum <= number <= maximum:
            raise invalid_field(self, name, f"allowed: a number of {unit} from {minimum:g} to {maximum:g}")
        return number

    def http(self) -> HttpSettings:
        """Return the HTTP settings of the connection and of the environment.

        :raises ConfigurationError: one of them cannot be used; the message names it
        """
        from airflow_provider_viapi.http_settings import DEFAULT_TIMEOUT, HttpSettings, read_verify

        return HttpSettings.read(
            verify=read_verify(self.text("verify")),
            timeout=self.number("timeout", DEFAULT_TIMEOUT, 1, 600, "seconds"),
            where=self.name,
        )

    def calls_per_second(self, name: str, default: float) -> float:
        """Return a rate limit."""
        return self.number(name, default, MIN_QPS, MAX_QPS, "calls per second")

    def quota_url(self) -> str | None:
        """Return the URL of the storage in which processes count their calls, of the connection or ``[viapi]``.

        :raises ConfigurationError: the connection's cannot be used; the message names the field, and not its value
        """
        from airflow_provider_viapi.quota.counters import check_url

        if own := self.text("quota_url"):
            check_url(f"quota_url in the extra of {self.name}", own)
        # That of the configuration is checked when it is used: a mistake on a triggerer alone must end no wait.
        if url := own or read_option("quota_url"):
            _mask_password_of(url)
        return url

    def address(self, name: str) -> str | None:
        """Return a base address without a slash at its end; ``https://`` is added to a bare host."""
        text = self.text(name)
        if text is None:
            return None
        address = text if "://" in text else f"https://{text}"
        try:
            parts = urlsplit(address)
            is_usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
            is_usable = is_usable and not parts.netloc.endswith(":") and isinstance(self._extra[name], str)
            host = (parts.hostname or "").encode("idna").decode()
            is_usable = is_usable and bool(re.fullmatch(r"[\w.-]+|[0-9a-f:.]+(%\w+)?", host))
        except ValueError:
            raise invalid_field(self, name, "allowed: http://host:port or https://host") from None
        if not is_usable or parts.query or parts.fragment or "@" in parts.netloc or re.search(r"\s", address):
            raise invalid_field(
                self, name, "allowed: http://host:port or https://host, without user, password or query"
            )
        return address.rstrip("/")


def job_messages_settings() -> tuple[str, str] | None:
    """Return ``[viapi] job_messages_url`` and ``job_messages_id_expression``; ``None`` if the first is not set."""
    url = read_option("job_messages_url")
    if url is None:
        return None
    _mask_password_of(url)
    return url, read_option("job_messages_id_expression") or "data.JobId"


def read_option(name: str) -> str | None:
    """Return an option of the section ``[viapi]``, ``None`` if it is empty.

    :raises ConfigurationError: Airflow cannot read it
    """
    from airflow.providers.common.compat.sdk import conf

    try:
        return _stripped(conf.get("viapi", name, fallback=""))
    except Exception as error:
        reason = type(error).__name__
    # Raised here, it has no context: the text of the error may quote a password.
    raise ConfigurationError(
        f"the option {name} in the section [viapi] cannot be read ({reason}). In airflow.cfg write each % as %%; if "
        "the value comes from a command or a secrets backend, check that"
    )


def source_checks_enabled() -> bool:
    """Return ``[viapi] check_sources``: whether links to files are opened before a request names them."""
    from airflow.providers.common.compat.sdk import conf

    return bool(conf.getboolean("viapi", "check_sources", fallback=True))


def _mask_password_of(url: str) -> None:
    with suppress(ValueError):
        parts = urlsplit(url)
        found = [parts.password or "", *re.findall(r"(?:^|&)password=([^&]*)", parts.query)]
        for password in {form for each in found for form in (each, unquote(each)) if form}:
            mask_secret(password)


def invalid_field(fields: ConnectionFields, name: str, advice: str) -> ConfigurationError:
    """Return the error for a field of the extra; a long value may be a secret in the wrong place and is not shown."""
    value = str(fields.extra.get(name))
    shown = repr(value) if len(value) <= MAX_SHOWN else f"a text of {len(value)} characters"
    return fields.invalid(f"has {shown} as {name} in its extra; {advice}")


def check_extra(connection: Connection) -> None:
    """Refuse an extra that is not a JSON object; Airflow itself would take it as empty.

    :raises ConfigurationError: it is not
    """
    extra: Any = connection.extra
    if isinstance(extra, str) and extra.strip():
        try:
            extra = json.loads(extra)
        except (ValueError, RecursionError):
            extra = "no JSON"
    if extra not in (None, "") and not isinstance(extra, Mapping):
        raise ConfigurationError(
            f"the extra of the connection {short_repr(connection.conn_id)} is not a JSON object; write it like "
            '{"endpoint": "http://127.0.0.1:8765"}'
        )


def missing_connection(conn_id: str, error: Exception, advice: str) -> ConfigurationError:
    """Return the error for a connection that cannot be read at all."""
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    if variable.isprintable() and os.environ.get(variable):
        advice = (
            f"its environment variable {variable} has a value that Airflow cannot parse. Write JSON with only "
            "conn_type, login, password and extra in it, or a URI with / and @ of the password percent-encoded"
        )
    return ConfigurationError(
        f"the Airflow connection {short_repr(conn_id)} cannot be read ({type(error).__name__}); {advice}",
        code=UNREADABLE_CONNECTION,
    )


def _stripped(value: Any) -> str | None:
    return None if value is None else str(value).strip() or None


SECONDS_KEPT = 60.0
"""Age in seconds after which a connection is read again."""

T = TypeVar("T")

_readings: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, asyncio.Task[Any]]] = (
    WeakKeyDictionary()
)


async def single_flight(key: Hashable, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Share one asynchronous read of the running event loop among all callers of a minute.

    A triggerer that restarts resumes thousands of triggers at once, and each read of a connection is a call of
    Airflow's API.

    A read that fails raises in all callers that wait for it; the next caller reads again.

    :param key: identifies what is read
    :param read: reads it
    """
    loop = asyncio.get_running_loop()
    readings = _readings.setdefault(loop, {})

    def forget_failed(reading: asyncio.Task[T]) -> None:
        if reading.cancelled() or reading.exception() is not None:
            readings.pop(key, None)

    if key not in readings:
        readings[key] = loop.create_task(read())
        readings[key].add_done_callback(forget_failed)
        loop.call_later(SECONDS_KEPT, readings.pop, key, None)
    # The first caller may be cancelled; the others still wait for its read.
    return await asyncio.shield(readings[key])
