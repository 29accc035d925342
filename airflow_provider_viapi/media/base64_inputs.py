"""Pictures that go into a request itself, as Base64: read from where the team keeps them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_viapi.errors import InvalidMedia

LONGEST = 9 * 2**20
"""Bytes of a picture that is read: as Base64 it would fill the 12 MB that a signed request may have."""


def read_in(request: Mapping[str, Any], ways: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """The request with the content of files in place of their addresses, as Base64; what is no address stays.

    :param ways: where pictures stand in the request
    :raises InvalidMedia: a file is not there, empty, or too large
    :raises ServiceError: see ``staging_source.stat``
    """
    filled = dict(request)
    for first, *rest in ways:
        value = filled.get(first)
        if rest and isinstance(value, Mapping):
            filled[first] = read_in(value, [tuple(rest)])
        elif not rest and isinstance(value, str) and "://" in value[:20]:
            filled[first] = _base64_of(value)
    return filled


def _base64_of(address: str) -> str:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.media.source import stat

    # oss:// is opened with that hook's connection unless the address names another.
    source = stat(address, ViapiHook())
    if not 0 < source.size <= LONGEST:
        raise InvalidMedia(
            f"{source.shown} has {source.size} bytes; allowed: 1 to {LONGEST} for a picture inside a request",
            code="InvalidFile.Size",
        )
    with source.read() as file:
        return b64encode(file.read_whole(source.size)).decode()
