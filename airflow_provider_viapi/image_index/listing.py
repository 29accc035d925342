"""List of the images in a folder of an object storage."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.media.addresses import installation_hint, opens, strip_userinfo

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.model import Log

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png"})
"""Extensions of the files that are indexed, in lower case."""

_PLAIN = re.compile("[a-z0-9_]{1,64}")


def check_address(folder: str) -> None:
    """Refuse what is not the address of a folder that can be opened.

    :raises InvalidRequest: it has another form, or nothing that is installed opens it
    """
    scheme, separator, rest = folder.partition("://")
    if not separator or not rest.strip("/") or ".." in rest.split("/") or scheme.lower() in ("http", "https"):
        allowed = "a list of images, or a folder in object storage, such as s3://bucket/folder/"
        raise InvalidRequest(f"images is {folder!r}; allowed: {allowed}", code="InvalidParameter")
    if not opens(scheme):
        raise InvalidRequest(
            f"images is {folder!r}; nothing that is installed opens {scheme}://: {installation_hint(scheme)}",
            code="InvalidParameter",
        )


def list_images(folder: str, hook: ViapiHook, log: Log) -> list[dict[str, str]]:
    """Return the images in a folder and its subfolders, in the order of their names.

    Files that macOS adds (``._photo.jpg``, ``__MACOSX/``) are left out.

    :param folder: its address
    :param hook: its connection is used for ``oss://`` unless the address names another
    :return: of each its address, an entity id from its name, and its address without a connection id as extra data
    :raises InvalidRequest: there is no image
    """
    from airflow_provider_viapi.media.source import open_storage, translate_errors

    scheme, _, rest = folder.partition("://")
    user, _, _ = rest.partition("/")[0].rpartition("@")
    with translate_errors(folder):
        fs, path = open_storage(folder, hook)
        top = path.rstrip("/")
        fs.invalidate_cache()
        files = sorted(found for found in fs.find(f"{top}/") if found.startswith(f"{top}/"))
    images = [file for file in files if _is_image(file.removeprefix(f"{top}/"))]
    if not images:
        raise InvalidRequest(
            f"images is {strip_userinfo(folder)!r}, where there are {len(files)} files and none of them ends in "
            f"{', '.join(sorted(EXTENSIONS))}",
            code="InvalidParameter",
        )
    log.info(
        "Found %s images among %s files in %s", f"{len(images):,}", f"{len(files):,}", strip_userinfo(folder)
    )
    return [
        {
            "image_url": f"{scheme}://{f'{user}@' if user else ''}{file}",
            "entity_id": entity_id_of(file.removeprefix(f"{top}/")),
            "extra_data": f"{scheme}://{file}",
        }
        for file in images
    ]


def _is_image(name: str) -> bool:
    path = PurePosixPath(name)
    is_sidecar = path.name.startswith("._") or "__MACOSX" in path.parts
    return path.suffix.lower() in EXTENSIONS and not is_sidecar


def entity_id_of(name: str) -> str:
    """Return an entity id for a file: its name without the extension if that is allowed (a–z, 0–9 and _, at most 64).

    Of any other name it has the allowed characters, and a digest, so that no two of them become the same.

    :param name: path of the file in its folder
    """
    stem = str(PurePosixPath(name).with_suffix(""))
    if _PLAIN.fullmatch(stem):
        return stem
    digest = sha256(stem.encode()).hexdigest()[:8]
    plain = re.sub("[^a-z0-9]+", "_", stem.lower()).strip("_")[:55]
    return f"{plain}_{digest}" if plain else digest
