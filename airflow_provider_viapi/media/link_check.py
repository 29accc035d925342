"""Links of a request that lead to no file: found before a job is submitted and paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import InvalidMedia, PermissionDenied
from airflow_provider_viapi.media.addresses import is_http_url
from airflow_provider_viapi.media.request_inputs import media_addresses
from airflow_provider_viapi.redaction import redact_text

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.config import Account
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.jobs.model import Log

_TIMEOUTS = (5.0, 5.0)
"""Seconds to wait for a connection, and for the response: the check must not hold the task for long."""


def check_links(action: Action, request: Mapping[str, Any], account: Account, log: Log) -> None:
    """Request the first byte of every HTTP(S) address of a request.

    An address that cannot be reached from here passes: the service may reach it.

    :raises InvalidMedia: a server responds that there is no such file, or that it may not be read (403, 404, 410)
    """
    links = {url: name for name, _, url in media_addresses(action.parameters, request) if is_http_url(url)}
    if not links:
        return
    import requests

    from airflow_provider_viapi.media.ssrf_guard import public_session

    # Where the service is on this network, such as the emulator, its media may be too.
    own = urlsplit(account.endpoint or "").hostname
    with public_session(account.http, [own] if own else []) as session:
        for url, name in links.items():
            shown = redact_text(url.partition("?")[0])
            try:
                # The signature of a presigned URL covers the method, and some servers refuse HEAD.
                if not urlsplit(url).query and session.head(url, timeout=_TIMEOUTS, allow_redirects=True).ok:
                    continue
                headers = {"Range": "bytes=0-0"}
                with session.get(url, headers=headers, stream=True, timeout=_TIMEOUTS) as response:
                    status = response.status_code
            except (requests.RequestException, PermissionDenied, OSError, ValueError) as error:
                log.info("%s could not be checked from here: %s (%s)", name, shown, type(error).__name__)
                continue
            if status in (403, 404, 410):
                raise InvalidMedia(
                    f"{name} is {shown}, which responds with HTTP status {status}: nothing was submitted. Correct "
                    "the address, or renew the link if it has expired. If only the service can read it, set "
                    "[viapi] check_sources to False",
                    code="InvalidFile.Download",
                    action=action.name,
                )
