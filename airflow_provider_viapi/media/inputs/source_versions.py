"""Versions of the files that a request names, by which a later run recognizes that a source is unchanged.

A version is a mapping of JSON texts: ``size`` and whatever the storage or server reports of a file that changes with
its content. One without anything but ``size`` identifies no content; see :func:`is_versioned`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.media.addresses import find_sources, is_http_url

if TYPE_CHECKING:
    import requests

    from airflow_provider_viapi.http_settings import HttpSettings
    from airflow_provider_viapi.jobs.model import Log

Version = Mapping[str, str]

_NO_TAG = re.compile(r'(?i)"?(?:null|none|undefined|-|0)?"?')
"""Values that some servers send in place of a tag, for every file."""

_TIMEOUTS = (10.0, 30.0)
"""Seconds to wait for a connection, and for a response."""


def source_versions(
    request: Mapping[str, Any], hook: Any, log: Log, *, settings: HttpSettings, allowed_hosts: Collection[str]
) -> dict[str, Version]:
    """Return the version of each source of a request by its position; an empty one if it cannot be determined.

    :param hook: its connection is used for ``oss://`` addresses that name none
    :param settings: proxies, certificates and timeout
    :param allowed_hosts: private hosts that sources may be requested from
    """
    from airflow_provider_viapi.media.ssrf_guard import public_session

    versions: dict[str, Version] = {}
    with public_session(settings, allowed_hosts) as session:
        for path, address in find_sources(request):
            try:
                versions[path] = {} if address is None else _version(address, hook, session)
            except Exception as error:
                # Staging and the service report what is wrong with it.
                # The text of other errors may quote a signed request.
                reason = error.message if isinstance(error, ServiceError) else type(error).__name__
                log.info("The version of %s is unknown: %s", path, reason)
                versions[path] = {}
    return versions


def is_versioned(version: Version) -> bool:
    """Return whether a version changes with the content of the file."""
    return any(name != "size" for name in version)


def _version(address: str, hook: Any, session: requests.Session) -> Version:
    if is_http_url(address):
        return _http_version(address, session)
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.media.inputs.source import VERSION_FIELDS
    from airflow_provider_viapi.media.open_storage import open_storage, translate_errors

    with translate_errors(address):
        # oss:// is opened with that hook's connection unless the address names another.
        fs, path = open_storage(address, hook if isinstance(hook, ViapiHook) else ViapiHook())
        fs.invalidate_cache()
        info = fs.info(path)
    return {"size": str(info["size"])} | {
        name: str(info[name]) for name in VERSION_FIELDS if info.get(name) is not None
    }


def _http_version(url: str, session: requests.Session) -> Version:
    # A URL that is presigned for GET refuses HEAD, so its first byte is requested then.
    for method, headers in (("HEAD", {}), ("GET", {"Range": "bytes=0-0"})):
        with session.request(
            method,
            url,
            headers={"Accept-Encoding": "identity", **headers},
            timeout=_TIMEOUTS,
            stream=True,
            allow_redirects=True,
        ) as response:
            if response.status_code in (200, 206):
                return _validators(response)
    return {}


def _validators(response: requests.Response) -> Version:
    headers = response.headers
    size = headers.get("Content-Length", "")
    if response.status_code == 206:
        size = headers.get("Content-Range", "").rpartition("/")[2]
    if not size.isdecimal():
        return {}
    etag, modified = headers.get("ETag", ""), headers.get("Last-Modified")
    # A weak tag only says that two files mean the same.
    if not etag.startswith("W/") and not _NO_TAG.fullmatch(etag):
        return {"size": size, "ETag": etag}
    return {"size": size, "Last-Modified": modified} if modified else {"size": size}
