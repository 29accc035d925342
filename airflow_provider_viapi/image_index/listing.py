"""A folder of pictures in object storage becomes a list of images to be indexed."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.media import staging

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.model import Log

ENDINGS = frozenset({".jpg", ".jpeg", ".png"})
"""Of the files that are taken for pictures, in small letters."""

_PLAIN = re.compile("[a-z0-9_]{1,64}")


def check_address(folder: str) -> None:
    """Let the address of a folder pass that can be opened.

    :raises InvalidRequest: it has another form, or nothing that is installed opens it
    """
    scheme, separator, rest = folder.partition("://")
    if not separator or not rest.strip("/") or ".." in rest.split("/") or scheme.lower() in ("http", "https"):
        allowed = "a list of pictures, or a folder in object storage, such as s3://bucket/folder/"
        raise InvalidRequest(f"images is {folder!r}; allowed: {allowed}", code="InvalidParameter")
    if not staging.opens(scheme):
        raise InvalidRequest(
            f"images is {folder!r}; nothing that is installed opens {scheme}://", code="InvalidParameter"
        )


def list_images(folder: str, hook: ViapiHook, log: Log) -> list[dict[str, str]]:
    """The pictures in a folder and in those below it, in the order of their names.

    :param folder: its address
    :param hook: whose connection is used for ``oss://`` unless the address names another
    :return: of each its address, an entity id made of its name, and its address without a connection's name as
        extra data
    :raises InvalidRequest: there is no picture
    """
    from airflow_provider_viapi.media.source import _in_our_words, _open_with

    scheme, _, rest = folder.partition("://")
    user, _, _ = rest.partition("/")[0].rpartition("@")
    with _in_our_words(folder):
        fs, path = _open_with(folder, hook)
        top = path.rstrip("/")
        fs.invalidate_cache()
        files = sorted(found for found in fs.find(f"{top}/") if found.startswith(f"{top}/"))
    pictures = [file for file in files if PurePosixPath(file).suffix.lower() in ENDINGS]
    if not pictures:
        raise InvalidRequest(
            f"images is {folder!r}, where there are {len(files)} files and none of them ends in "
            f"{', '.join(sorted(ENDINGS))}",
            code="InvalidParameter",
        )
    log.info("Found %s pictures among %s files in %s", f"{len(pictures):,}", f"{len(files):,}", folder)
    return [
        {
            "image_url": f"{scheme}://{f'{user}@' if user else ''}{file}",
            "entity_id": entity_id_of(file.removeprefix(f"{top}/")),
            "extra_data": f"{scheme}://{file}",
        }
        for file in pictures
    ]


def entity_id_of(name: str) -> str:
    """An entity id for a file: its name without the ending where that is one (a–z, 0–9 and _, at most 64).

    Of any other name it has what is allowed, and a digest, so that no two of them become the same.

    :param name: path of the file in its folder
    """
    stem = str(PurePosixPath(name).with_suffix(""))
    if _PLAIN.fullmatch(stem):
        return stem
    digest = sha256(stem.encode()).hexdigest()[:8]
    plain = re.sub("[^a-z0-9]+", "_", stem.lower()).strip("_")[:55]
    return f"{plain}_{digest}" if plain else digest
