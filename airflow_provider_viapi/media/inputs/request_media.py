"""Media of a request: checks while a DAG is parsed and before it is sent, and which of them have to be staged.

Loads no storage library, so that operators can use it when they are constructed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba.parameters import Media, Parameter, Structured, is_base64
from airflow_provider_viapi.errors import InvalidMedia, InvalidRequest, PermissionDenied
from airflow_provider_viapi.media.addresses import display_url, is_http_url
from airflow_provider_viapi.media.storages import opens
from airflow_provider_viapi.redaction import has_password
from airflow_provider_viapi.schema import check_request, short_repr
from airflow_provider_viapi.storage_addresses import ONLY_CONN_ID, as_address

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.account import Account
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.client import AnyAccount
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media_limits import MediaLimits


_LOCATION = re.compile(
    r"oss://(?:(?P<conn>[\w.-]+)@)?(?P<bucket>[a-z0-9][a-z0-9-]{1,61}[a-z0-9])(?:/(?P<prefix>[A-Za-z0-9._/-]{0,512}))?"
)


def check_request_media(
    action: Action, request: Mapping[str, Any], *, is_unresolved: Callable[[Any], bool] = lambda value: False
) -> dict[str, Any]:
    """Return the request with values of their proper types, as ``Action.check``, where media may be anywhere.

    :param is_unresolved: returns true for a value that is not known yet
    :raises InvalidRequest: something is not allowed, such as an address that nothing opens
    """
    # Before templates are searched for: a path object may have one in it.
    addressed = _without_path_objects(action.parameters, request) if isinstance(request, Mapping) else request
    return action.before_staging(opens).check(addressed, is_unresolved=is_unresolved)


def check_staging_location(to: str | None) -> None:
    """Refuse what is neither ``None`` nor ``oss://bucket/prefix``.

    :raises InvalidRequest: it has another form
    """
    if to is not None:
        StagingLocation.parse(to)


def check_source_address(address: Any, *, name: str, action: str) -> None:
    """Refuse an address that is neither HTTP(S) nor one that staging reads from.

    :param name: the argument that has it, for the message
    :param action: what the message says has the argument
    :raises InvalidRequest: it is neither
    """
    check_request(action, {name: Media(name=name, required=True, opens=opens)}, {name: address})


@dataclass(frozen=True)
class StagingLocation:
    """Location of copies: ``oss://bucket/prefix`` or ``oss://conn@bucket/prefix``.

    :param conn_id: the connection whose key is used; ``None`` for the task's own
    :param bucket: in Shanghai, where the service reads
    :param prefix: beginning of all keys, without slashes around it
    """

    conn_id: str | None
    bucket: str
    prefix: str

    @classmethod
    def parse(cls, address: str) -> StagingLocation:
        """Return the location that an address names.

        :raises InvalidRequest: it has another form
        """
        # A template that renders to a native type may give anything.
        parts = _LOCATION.fullmatch(address) if isinstance(address, str) else None
        prefix = (parts["prefix"] or "").strip("/") if parts else ""
        if parts is None or ".." in prefix.split("/") or "//" in prefix:
            bucket = (
                address[6:].partition("/")[0]
                if isinstance(address, str) and address.startswith("oss://")
                else ""
            )
            name = bucket.rpartition("@")[2]
            problem = ""
            if isinstance(address, str) and has_password(address):
                problem = f"; {ONLY_CONN_ID}"
            elif name and not re.fullmatch("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name):
                problem = (
                    f"; {short_repr(name)} is no name of a bucket: 3 to 63 lowercase letters, digits "
                    "and hyphens"
                )
            raise InvalidRequest(
                f"staging is {short_repr(address)}; allowed: oss://bucket/prefix, with at most 512 letters, digits "
                f"and ._-/{problem}"
            )
        return cls(parts["conn"], parts["bucket"], prefix)

    def address_of(self, key: str) -> str:
        """Return the address of an object in the bucket, for tasks that may use the connection."""
        return f"oss://{f'{self.conn_id}@' if self.conn_id else ''}{self.bucket}/{key}"


def files_to_stage(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any]
) -> Iterator[tuple[str, MediaLimits | None, str]]:
    """Yield parameter, limits and address of every file that the service cannot read at its address."""
    found = _media(parameters, structure)
    return (each[:3] for each in found if not each[3] and not is_http_url(each[2]))


def files_to_upload(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any]
) -> Iterator[tuple[str, MediaLimits | None, str]]:
    """Yield parameter, limits and address of every file that the service reads only from its temporary storage."""
    return (each[:3] for each in _media(parameters, structure) if each[3])


def media_addresses(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any]
) -> Iterator[tuple[str, MediaLimits | None, str]]:
    """Yield parameter, limits and address of every file of a request."""
    return (each[:3] for each in _media(parameters, structure))


def _media(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, MediaLimits | None, str, bool]]:
    """Yield also whether the service reads the file only from its temporary storage."""
    for each in parameters:
        value = structure.get(each.name)
        if value is None:
            continue
        if isinstance(each, Structured):
            for inside, item in each.structures(value):
                yield from _media(each.fields, item, f"{prefix}{inside}")
        elif isinstance(each, Media) and not (each.uploaded and is_base64(value)):
            limits = next((limits for limits in each.limits if limits.applies_to(structure)), None)
            yield f"{prefix}{each.name}", limits, value, each.uploaded


def with_addresses(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any], addresses: Mapping[str, str]
) -> dict[str, Any]:
    """Return a request with other addresses in place of those that the service cannot read."""
    replaced = dict(structure)
    for each in parameters:
        value = structure.get(each.name)
        if value is None:
            continue
        if isinstance(each, Structured):
            replaced[each.name] = each.map_structures(
                value, lambda fields, item, _: with_addresses(fields, item, addresses)
            )
        elif isinstance(each, Media):
            replaced[each.name] = addresses.get(value, value)
    return replaced


def _without_path_objects(parameters: tuple[Parameter, ...], structure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with the addresses of path objects in place of these."""
    addressed = dict(structure)
    for each in parameters:
        value = structure.get(each.name)
        if isinstance(each, Media):
            if value is not None:
                addressed[each.name] = as_address(value)
        elif isinstance(each, Structured) and value is not None:
            addressed[each.name] = each.map_structures(
                value, lambda fields, item, _: _without_path_objects(fields, item)
            )
    return addressed


_TIMEOUTS = (5.0, 5.0)
"""Seconds to wait for a connection, and for the response: the check must not hold the task for long."""


_UNREADABLE = (PermissionDenied, OSError, ValueError)


def check_links(action: Action, request: Mapping[str, Any], account: Account, log: Log) -> None:
    """Check every HTTP(S) address of a request that the service fetches itself; see :func:`check_urls`."""
    # What is uploaded is downloaded first, and may be brought within the limits.
    links = {
        url: (name, limits)
        for name, limits, url, is_uploaded in _media(action.parameters, request)
        if not is_uploaded
    }
    check_urls(links, action.name, account, log)


def check_urls(
    urls: Mapping[str, tuple[str, MediaLimits | None]], action: str, account: AnyAccount, log: Log
) -> None:
    """Request the first byte of every HTTP(S) address, and check the file if its server states its size.

    An address that cannot be reached from here passes: the service may reach it.

    :param urls: parameter and limits by address; other addresses than HTTP(S) are left out
    :param action: name of the action
    :raises InvalidMedia: a server responds that there is no such file, or that it may not be read (403, 404, 410), or
        the file is outside the limits
    """
    links = {url: about for url, about in urls.items() if is_http_url(url)}
    if not links:
        return
    import requests
    import urllib3

    from airflow_provider_viapi.http_session import size_of
    from airflow_provider_viapi.media.ssrf_guard import public_session

    # Where the service is on this network, such as the emulator, its media may be too.
    own = urlsplit(account.endpoint or "").hostname
    with public_session(account.http, [own] if own else []) as session:
        for url, (name, limits) in links.items():
            shown = display_url(url)
            try:
                # The signature of a presigned URL covers the method, and some servers refuse HEAD.
                is_plain = limits is None and not urlsplit(url).query
                if is_plain and session.head(url, timeout=_TIMEOUTS, allow_redirects=True).ok:
                    continue
                headers = {"Range": "bytes=0-0"}
                with session.get(url, headers=headers, stream=True, timeout=_TIMEOUTS) as response:
                    status, size = response.status_code, size_of(response)
                if size is not None:
                    from airflow_provider_viapi.media.inputs.source_validation import check_source_file
                    from airflow_provider_viapi.media.probe import LinkedFile

                    file = LinkedFile(session, url, size)
                    check_source_file(file, limits, parameter=name, action=action, log=log)
            except (requests.RequestException, urllib3.exceptions.HTTPError, *_UNREADABLE) as error:
                log.info("%s could not be checked from here: %s (%s)", name, shown, type(error).__name__)
                continue
            if status in (403, 404, 410):
                raise InvalidMedia(
                    f"{name} is {shown}, which responds with HTTP status {status}: nothing was submitted. Correct "
                    "the address, or renew the link if it has expired. If only the service can read it, set "
                    "[viapi] check_sources to False",
                    code="InvalidFile.Download",
                    action=action,
                )
