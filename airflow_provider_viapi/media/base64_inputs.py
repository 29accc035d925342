"""Images that are sent inside a request, as Base64, read from the team's storage."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_viapi.errors import InvalidMedia
from airflow_provider_viapi.media.addresses import as_address

MAX_BYTES = 9 * 2**20
"""Size limit of an image: as Base64 it would fill the 12 MB that a signed request may have."""


def embed_files(request: Mapping[str, Any], paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Return the request with the content of files in place of their addresses, as Base64; other values stay.

    :param paths: names that lead to the images in the request
    :raises InvalidMedia: a file does not exist, is empty, or too large
    :raises ServiceError: see ``source.stat``
    """
    filled = dict(request)
    for first, *rest in paths:
        value = as_address(filled.get(first))
        if rest and isinstance(value, Mapping):
            filled[first] = embed_files(value, [tuple(rest)])
        elif not rest and isinstance(value, str) and "://" in value[:20]:
            filled[first] = _base64_of(value)
    return filled


def _base64_of(address: str) -> str:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.media.source import stat

    # oss:// is opened with that hook's connection unless the address names another.
    source = stat(address, ViapiHook())
    if not 0 < source.size <= MAX_BYTES:
        raise InvalidMedia(
            f"{source.display_url} has {source.size} bytes; allowed: 1 to {MAX_BYTES} for an image inside a request",
            code="InvalidFile.Size",
        )
    with source.read() as file:
        return b64encode(file.read_whole(source.size)).decode()
