"""An image to be indexed, and the check of a list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.media.addresses import as_address

Identity = tuple[str, str]
"""EntityId and ExtraData: what an image database lists of an image and its owner chose."""

_PARAMETERS = {"image_url": "ImageUrl", "entity_id": "EntityId", "extra_data": "ExtraData"}


@dataclass(frozen=True)
class ImageEntry:
    """An image and the identity under which it is indexed.

    :param index: its position in the list, from 0
    :param address: its address, which the service cannot necessarily read
    :param entity_id: the object that it shows
    :param extra_data: returned with a match
    """

    index: int
    address: str
    entity_id: str
    extra_data: str = ""

    @property
    def identity(self) -> Identity:
        """Identity of the image in the database: DataId is the service's, and addresses are not listed."""
        return self.entity_id, self.extra_data

    @property
    def is_http_url(self) -> bool:
        """True if the service can fetch it at its address."""
        return self.address.partition("://")[0].lower() in ("http", "https")

    @property
    def display_url(self) -> str:
        """The address as a log may show it: without its query, which may hold a signature."""
        (parameter,) = (each for each in ADD_IMAGE.parameters if each.name == "ImageUrl")
        return parameter.redacted_repr(self.address).strip("'\"")


def parse_images(
    images: Any,
    *,
    opens: Callable[[str], bool] = lambda scheme: False,
    pending: Callable[[Any], bool] = lambda value: False,
) -> list[ImageEntry]:
    """Return the images that a list describes.

    :param images: mappings with ``image_url``, ``entity_id`` and optionally ``extra_data``, in any iterable
    :param opens: returns true if files can be copied from addresses of a scheme (``s3``)
    :param pending: returns true for a value that is not known yet (a template); its entry is left out
    :raises InvalidRequest: the list is empty, or something in it is missing, unknown, not allowed or listed twice;
        the message names it by its position, counted from 0
    """
    if not isinstance(images, Iterable) or isinstance(images, str | bytes | Mapping):
        raise invalid(
            f"images is of type {type(images).__name__}; allowed: a list of images, or the address of a folder"
        )
    action = ADD_IMAGE.before_staging(opens)
    entries = []
    index = -1
    first: dict[Identity, int] = {}
    for index, image in enumerate(images):
        if pending(image) and not isinstance(image, Mapping):
            continue
        fields = _parse_one(action, index, image, pending)
        if pending(fields):
            continue
        entry = ImageEntry(index, fields["ImageUrl"], fields["EntityId"], fields.get("ExtraData", ""))
        before = first.setdefault(entry.identity, index)
        if before != index:
            raise invalid(
                f"images[{before}] and images[{index}] both have entity_id {entry.entity_id!r} and extra_data "
                f"{entry.extra_data!r}; allowed: each pair once, since the database lists nothing else of an image"
            )
        entries.append(entry)
    if index < 0:
        raise invalid("images is an empty list; allowed: at least one image")
    return entries


def _parse_one(action: Action, index: int, image: Any, pending: Callable[[Any], bool]) -> dict[str, Any]:
    here = f"images[{index}]"
    if not isinstance(image, Mapping):
        raise invalid(f"{here} is of type {type(image).__name__}; allowed: a mapping with {_names()}")
    unknown = [str(name) for name in image if name not in _PARAMETERS]
    if unknown:
        raise invalid(f"{here} has {', '.join(unknown)}; allowed: {_names()}")
    for name in ("image_url", "entity_id"):
        if image.get(name) in (None, ""):
            raise invalid(f"{here}.{name} is missing", code="MissingParameter")
    given = {wire: as_address(image.get(name)) for name, wire in _PARAMETERS.items()}
    try:
        checked = action.check({"DbName": "any", **given}, is_unresolved=pending)
    except InvalidRequest as error:
        raise invalid(f"{here}: {error.message}", code=error.code) from None
    del checked["DbName"]
    return checked


def _names() -> str:
    return ", ".join(_PARAMETERS)


def invalid(message: str, code: str | None = None) -> InvalidRequest:
    """Return the error for an invalid argument."""
    return InvalidRequest(message, code=code or "InvalidParameter", action=ADD_IMAGE.name)
