"""Errors of HTTP: what an exception of requests or aiohttp, or a gateway's response, says about a request.

The exceptions' texts may hold a signed address, so they are never passed on. A request that provably never reached
the service is :class:`ConnectionFailed`, or :class:`ConfigurationError` if only a change of the settings helps. Every
other request without a response is :class:`ResponseLost`.
"""

from __future__ import annotations

import re
import ssl
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import (
    GATEWAY_TIMEOUTS,
    TOO_LARGE,
    ConfigurationError,
    ConnectionFailed,
    NotForwarded,
    ResponseLost,
    ServiceError,
)
from airflow_provider_viapi.http_settings import HttpSettings, display_proxy

if TYPE_CHECKING:
    from airflow_provider_viapi.http import HttpRequest, HttpResponse

_REDIRECTS = frozenset({300, 301, 302, 307, 308})
"""Statuses that ask for the same request elsewhere. Not 303: that follows a request that was processed."""

_NOT_FORWARDED = frozenset({405, 407, 411, 413, 414, 415, 421, 426, 431, 511})
"""With these statuses a gateway or proxy says that it has not even passed the request on."""


def gateway_refusal(response: HttpResponse, request_action: str) -> NotForwarded | None:
    """Return the error for a response that proves, by its status, that the request did not reach the service.

    Only for responses that name neither an error code of the service nor a request id.
    """
    status = response.status
    if status in _REDIRECTS:
        target = origin_of(response.headers.get("location", ""))
        message = f"the endpoint redirects to {target}; set the connection's endpoint to the final address"
    elif status == 407:
        message = "the proxy requires authentication; put user and password into the proxy's address"
    elif status in TOO_LARGE:
        message = "the request is too large for a gateway, which did not forward it; shorten the request"
    elif status in _NOT_FORWARDED:
        message = (
            f"a gateway refused the request with HTTP status {status} and did not forward it; check the "
            "connection's endpoint and proxy"
        )
    else:
        return None
    return NotForwarded(message, http_status=status, action=request_action)


def malformed_response(problem: str, *, action: str, **details: Any) -> ResponseLost:
    """Return the error for a response from which it cannot be read whether the call was accepted.

    :param problem: what the response is or lacks, such as ``has no state``
    :param details: further fields of the error
    """
    return ResponseLost(
        f"the response {problem}; if this persists, check the connection's endpoint: something else than the service "
        "may respond there",
        action=action,
        **details,
    )


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, without user, password, path and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else "another address"


_NEVER_SENT = frozenset(
    {
        *("InvalidURL", "InvalidSchema", "MissingSchema", "InvalidProxyURL"),  # requests
        *("LocationParseError", "LocationValueError"),  # urllib3
        *("InvalidUrlClientError", "NonHttpUrlClientError"),  # aiohttp
        *("UnicodeEncodeError", "UnicodeError"),  # a header; a host name
    }
)
"""Names of the exceptions about addresses and headers that cannot be sent."""


def _was_not_sent(error: BaseException) -> bool:
    """Return true if an exception of requests or aiohttp proves that no request was sent.

    It does if the connection was still being made, with its proxy's tunnel and TLS handshake. Both libraries do that
    in a method ``connect``. The class of the exception proves nothing: urllib3 raises ``ProxyError`` also if a
    proxy ends the connection later, and ``ssl`` the same errors in a handshake and in a response.
    """
    return any(_was_raised_in("connect", cause) for cause in _causes(error)) or _is_connect_timeout(error)


def _was_raised_in(function: str, error: BaseException) -> bool:
    return any(frame.f_code.co_name == function for frame, _ in traceback.walk_tb(error.__traceback__))


def _is_connect_timeout(error: BaseException) -> bool:
    return type(error).__name__ in ("ConnectTimeout", "ConnectionTimeoutError")


def translate(error: BaseException, request: HttpRequest, settings: HttpSettings) -> ServiceError:
    """Return the error of this package for an exception of requests or aiohttp."""
    address, action = request.origin, request.action
    causes = list(_causes(error))
    if untrusted := certificate_error(error, address, settings):
        untrusted.action = action
        return untrusted
    reasons = [str(cause.strerror) for cause in causes if isinstance(cause, OSError) and cause.strerror]
    reason = reasons[-1] if reasons else type(error).__name__
    if _was_not_sent(error):
        via = settings.proxy_for(request.url)
        through = f" through the proxy {display_proxy(via)}" if via else ""
        status = _proxy_status(error) if via else None
        # A proxy answers 5xx if it cannot reach the host now; what it refuses, it refuses again.
        is_refused = status is not None and 400 <= status < 500 and status not in (*GATEWAY_TIMEOUTS, 429)
        kind = NotForwarded if is_refused else ConnectionFailed
        if status is not None:
            reason = f"the proxy responded to CONNECT with HTTP status {status}"
        advice = f"check the proxy, and NO_PROXY if {address} needs none" if via else "check this address"
        return kind(
            f"no connection to {address}{through} ({reason}); {advice}, and the network of this machine",
            http_status=status,
            action=action,
        )
    if _cannot_be_sent(error, request.url):
        return ConfigurationError(f"the request to {address} cannot be sent ({reason})", action=action)
    return ResponseLost(f"no response came back from {address} ({reason})", action=action)


def _proxy_status(error: BaseException) -> int | None:
    """Return the status with which a proxy answered CONNECT; ``None`` if it did not."""
    # urllib3: "Tunnel connection failed: 407 Proxy Authentication Required"; aiohttp: "407, message=…".
    found = (re.match(r"(?:Tunnel connection failed: )?(\d{3})\b", str(cause)) for cause in _causes(error))
    return next((int(match[1]) for match in found if match), None)


def certificate_error(
    error: BaseException, address: str, settings: HttpSettings | None
) -> ConfigurationError | None:
    """Return the error for a certificate that is not trusted; ``None`` if that is not what an exception is about.

    :param address: origin or name of what was called
    :param settings: those of the request, if they are known
    """
    for cause in _causes(error):
        # aiohttp's exception has this class too, but not its attributes, and wraps the one of ssl.
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_message"):
            bundle = "the certificates of certifi"
            if settings is not None and isinstance(settings.verify, str):
                bundle = f"{settings.verify} ({settings.verify_setting})"
            checked = f" It was checked against {bundle}." if settings else ""
            return ConfigurationError(
                f"the TLS certificate of {address} is not trusted: {cause.verify_message}.{checked} Name the right "
                "CA bundle in the connection's verify, or in the environment variable REQUESTS_CA_BUNDLE",
                code="CertificateNotTrusted",
            )
    return None


def _cannot_be_sent(error: BaseException, url: str) -> bool:
    """Return true for the errors that the libraries raise before they open a connection."""
    try:
        # Out of range, it raises ValueError.
        _ = urlsplit(url).port
    except ValueError:
        return True
    if type(error).__name__ == "InvalidHeader":
        # The same class says that the response's header is invalid, but then wraps urllib3's error.
        return not any(isinstance(each, Exception) for each in error.args)
    if type(error) is ValueError and "detected in headers" in str(error):
        # aiohttp, about a line break.
        return True
    return type(error).__name__ in _NEVER_SENT or str(error).startswith("Could not find a suitable TLS CA")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and the ones it was made from, outermost first."""
    seen: list[BaseException] = [error]
    for each in seen:
        yield each
        inner = (
            *each.args,
            each.__cause__,
            getattr(each, "reason", None),
            getattr(each, "original_error", None),
        )
        seen.extend(one for one in inner if isinstance(one, BaseException) and one not in seen)
