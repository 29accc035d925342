"""The images in a folder of an object storage, as a list for ``images``."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.image_index.images import MAX_PIC_NAME, Backend
from airflow_provider_viapi.media.storages import installation_hint, opens
from airflow_provider_viapi.redaction import strip_userinfo
from airflow_provider_viapi.schema import NATIVE_HINT, is_encodable, short_repr
from airflow_provider_viapi.storage_addresses import folder_address

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.model import Log

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png"})
"""Extensions of the files that are indexed, in lower case."""

_PLAIN = re.compile("[a-z0-9_]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_address(folder: str) -> None:
    """Refuse what is not the address of a folder that can be opened.

    :raises InvalidRequest: it has another form, or no installed package supports its scheme
    """
    hint = f" ({NATIVE_HINT})" if folder.lstrip().startswith(("[", "{")) else ""
    allowed = f"a list of images, or a folder in object storage, such as s3://bucket/folder/{hint}"
    folder_address(folder, "images", allowed)
    scheme = folder.partition("://")[0]
    if not opens(scheme):
        raise InvalidRequest(
            f"images is {short_repr(strip_userinfo(folder), 200)}; no installed package supports {scheme}://: "
            f"{installation_hint(scheme)}"
        )


def list_images(
    folder: str, hook: ViapiHook, log: Log, *, backend: Backend = "imgsearch"
) -> list[dict[str, str]]:
    """Return the images in a folder and its subfolders, in the order of their names.

    Files that macOS adds (``._photo.jpg``, ``__MACOSX/``) and those with a line break or without
    UTF-8 in their names are left out.

    :param folder: its address
    :param hook: its connection is used for ``oss://`` unless the address names another
    :param backend: service that indexes them
    :return: of each its address, an entity id from its name, and its address without a connection id as extra data;
        for ``imagesearch`` also its path in the folder as ``pic_name``, since subfolders may have files of one name
    :raises InvalidRequest: there is no image
    """
    from airflow_provider_viapi.media.open_storage import open_storage, translate_errors

    scheme, _, rest = folder.partition("://")
    user, _, _ = rest.partition("/")[0].rpartition("@")
    with translate_errors(folder):
        fs, path = open_storage(folder, hook)
        top = path.rstrip("/")
        fs.invalidate_cache()
        files = sorted(found for found in fs.find(f"{top}/") if found.startswith(f"{top}/"))
    images = [file for file in files if _is_image(file.removeprefix(f"{top}/"))]
    if unusable := {file for file in images if _CONTROL.search(file) or not is_encodable(file)}:
        # No address can have one, and Airflow stores no text that is not UTF-8, as names on disk may be.
        log.warning(
            "Left out %s images whose names have control characters or are not encoded in UTF-8, such as %s",
            f"{len(unusable):,}",
            short_repr(min(unusable).removeprefix(f"{top}/")),
        )
        images = [file for file in images if file not in unusable]
    if not images:
        found = f"none of {len(files)} files" if files else "there are no files, and none"
        raise InvalidRequest(
            f"images is {strip_userinfo(folder)!r}, where {found} ends in {', '.join(sorted(EXTENSIONS))}"
        )
    log.info(
        "Found %s images among %s files in %s", f"{len(images):,}", f"{len(files):,}", strip_userinfo(folder)
    )
    return [
        {
            "image_url": f"{scheme}://{f'{user}@' if user else ''}{file}",
            "entity_id": entity_id_of(file.removeprefix(f"{top}/")),
            "extra_data": f"{scheme}://{file}",
            **(
                {"pic_name": file.removeprefix(f"{top}/")[-MAX_PIC_NAME:].lstrip("/")}
                if backend == "imagesearch"
                else {}
            ),
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
