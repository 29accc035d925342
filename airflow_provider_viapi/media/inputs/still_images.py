"""Images on their way to a service: downloaded from any address, resized to the limits of an action, embedded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import InvalidMedia
from airflow_provider_viapi.huawei.pictures import Picture, is_address
from airflow_provider_viapi.media.addresses import display_url, is_http_url
from airflow_provider_viapi.media.inputs import resize
from airflow_provider_viapi.media.inputs.source import Source, stat
from airflow_provider_viapi.schema import ValidationError

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.http_settings import HttpSettings
    from airflow_provider_viapi.huawei.model import Action
    from airflow_provider_viapi.media_limits import MediaLimits


def resized(address: str, limits: MediaLimits | None, hook: ViapiHook, folder: Path) -> Source:
    """Return the image at an address, or a copy of it within the limits; without Pillow it is as it is.

    :param hook: opens ``oss://``, and has the settings for HTTP
    :param folder: an empty folder for copies, which must exist as long as the result is used
    :raises InvalidMedia: it does not exist, or cannot be brought within the limits
    :raises ServiceError: it could not be read
    """
    shown = display_url(address)
    if is_http_url(address):
        local = folder / "downloaded"
        with downloaded(address, shown, hook.account.http) as chunks:
            write(chunks, local, shown)
        source = _named(local, address, hook)
    else:
        source = stat(address, hook)
    if limits is None or not resize.is_installed():
        return source
    with source.open() as file:
        if not source.size or resize.is_within_limits(file, source.size, limits):
            return source
    copied = folder / "copied"
    with source.read() as reader:
        write(iter(reader.read, b""), copied, shown)
    result = resize.resize_image(copied, shown, limits)
    return source if result is None else _named(result, address, hook)


MAX_DOWNLOAD_SECONDS = 300.0
"""Longest time for the download of an image."""

MAX_EMBEDDED_BYTES = 9 * 2**20
"""Size limit of an image: as Base64 it would fill the 12 MB that a signed request may have."""


def embed_images(action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with images in Base64 in place of their addresses.

    :param request: as it was checked
    :raises InvalidMedia: a file does not exist, is empty, too large, or neither JPEG nor PNG
    :raises ServiceError: see ``source.stat``
    """
    filled = dict(request)
    for structure, picture in action.pictures:
        if structure is None:
            filled = _embed(filled, picture, action.name)
        elif structure in filled:
            filled[structure] = _embed(filled[structure], picture, action.name)
    return filled


def _embed(fields: Mapping[str, Any], picture: Picture, action: str) -> dict[str, Any]:
    value = fields.get(picture.name)
    return {**fields, picture.name: _base64_of(value, picture, action)} if is_address(value) else dict(fields)


def _base64_of(address: str, picture: Picture, action: str) -> str:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.media.inputs.source_validation import check_source_file
    from airflow_provider_viapi.media_limits import MediaLimits

    # oss:// is opened with that hook's connection unless the address names another.
    source = stat(address, ViapiHook())
    limits = MediaLimits(formats=("jpeg", "png"), max_bytes=MAX_EMBEDDED_BYTES, max_pixels=picture.max_pixels)
    check_source_file(source, limits, parameter=picture.name, action=action)
    with source.read() as file:
        content = file.read_whole(source.size)
    try:
        return picture.check(content)
    except ValidationError:
        raise InvalidMedia(
            f"{picture.name}: {source.display_url} is not an image; allowed: jpeg, png",
            code="InvalidFile.Type",
            action=action,
        ) from None


def _named(file: Path, address: str, hook: ViapiHook) -> Source:
    # Messages name the address that the DAG author knows, not the copy.
    # Not as_uri: fsspec does not decode what it would encode, such as a space.
    return replace(stat(f"file://{file}", hook), address=display_url(address))


@contextmanager
def downloaded(
    address: str, shown: str, http: HttpSettings, *, max_seconds: float = MAX_DOWNLOAD_SECONDS
) -> Iterator[Iterator[bytes]]:
    """Request a file over HTTP and yield its pieces.

    :param shown: the address in error messages
    :param max_seconds: longest time for the download
    :raises InvalidMedia: there is no such file, or the server does not send it so that it can be read
    :raises TransientError: it cannot be read now
    :raises ConfigurationError: the server's certificate is not trusted
    """
    from airflow_provider_viapi.http_session import requests_session
    from airflow_provider_viapi.media.outputs.http_download import download, source_errors

    with (
        source_errors(shown, "InvalidImage.Download"),
        requests_session(http) as session,
        download(session, address) as response,
    ):
        yield response.chunks(max_seconds)


def write(chunks: Iterator[bytes], target: Path, shown: str) -> None:
    """Write an image to a file.

    :param shown: its address in error messages
    :raises InvalidMedia: it has more bytes than can be resized
    """
    with target.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            if file.tell() > resize.MAX_BYTES_READ:
                raise InvalidMedia(
                    f"{shown} has more than {resize.MAX_BYTES_READ:,} bytes, too many to be resized",
                    code="InvalidImage.Size",
                )
