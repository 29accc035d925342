"""A picture that is to be indexed, and how a list of them is read and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE
from airflow_provider_viapi.errors import InvalidRequest

Identity = tuple[str, str]
"""What an image database tells of a picture that a caller has chosen: EntityId and ExtraData."""

_PARAMETERS = {"image_url": "ImageUrl", "entity_id": "EntityId", "extra_data": "ExtraData"}


@dataclass(frozen=True)
class Picture:
    """A picture and what it is filed under.

    :param index: its place in the list it came with, from 0
    :param address: where it lies; not necessarily where the service can read it
    :param entity_id: what it shows
    :param extra_data: what is given back with a match
    """

    index: int
    address: str
    entity_id: str
    extra_data: str = ""

    @property
    def identity(self) -> Identity:
        """By what it is found again in the database: DataId is the service's, and the address is not listed."""
        return self.entity_id, self.extra_data

    @property
    def is_readable(self) -> bool:
        """Whether it lies on the web, where the service can fetch it."""
        return self.address.partition("://")[0].lower() in ("http", "https")

    @property
    def shown(self) -> str:
        """The address as a log may show it: without a query, which may hold a signature."""
        (parameter,) = (each for each in ADD_IMAGE.parameters if each.name == "ImageUrl")
        return parameter.redacted_repr(self.address).strip("'\"")


def read_pictures(
    images: Any,
    *,
    opens: Callable[[str], bool] = lambda scheme: False,
    pending: Callable[[Any], bool] = lambda value: False,
) -> list[Picture]:
    """The pictures that a list describes.

    :param images: structures with ``image_url``, ``entity_id`` and, if wanted, ``extra_data``
    :param opens: tells of the scheme of an address (``s3``) that files can be copied from there
    :param pending: tells of a value that it is not known yet (a template); what holds one is left out
    :raises InvalidRequest: the list is empty, or something in it is missing, unknown, not allowed or there twice; the
        message says which by its place, counted from 0
    """
    if not isinstance(images, Sequence) or isinstance(images, str | bytes):
        raise invalid(
            f"images is of type {type(images).__name__}; allowed: a list of pictures, or a folder's address"
        )
    if not images:
        raise invalid("images is an empty list; allowed: at least one picture")
    action = ADD_IMAGE.before_staging(opens)
    pictures = []
    first: dict[Identity, int] = {}
    for index, image in enumerate(images):
        if pending(image) and not isinstance(image, Mapping):
            continue
        fields = _read_one(action, index, image, pending)
        if pending(fields):
            continue
        picture = Picture(index, fields["ImageUrl"], fields["EntityId"], fields.get("ExtraData", ""))
        before = first.setdefault(picture.identity, index)
        if before != index:
            raise invalid(
                f"images[{before}] and images[{index}] both have entity_id {picture.entity_id!r} and extra_data "
                f"{picture.extra_data!r}; allowed: each pair once, since the database tells no more of a picture"
            )
        pictures.append(picture)
    return pictures


def _read_one(action: Action, index: int, image: Any, pending: Callable[[Any], bool]) -> dict[str, Any]:
    here = f"images[{index}]"
    if not isinstance(image, Mapping):
        raise invalid(f"{here} is of type {type(image).__name__}; allowed: a structure with {_names()}")
    unknown = [str(name) for name in image if name not in _PARAMETERS]
    if unknown:
        raise invalid(f"{here} has {', '.join(unknown)}; allowed: {_names()}")
    for name in ("image_url", "entity_id"):
        if image.get(name) in (None, ""):
            raise invalid(f"{here}.{name} is missing", code="MissingParameter")
    given = {wire: image.get(name) for name, wire in _PARAMETERS.items()}
    try:
        checked = action.check({"DbName": "any", **given}, is_unresolved=pending)
    except InvalidRequest as error:
        raise invalid(f"{here}: {error.message}", code=error.code) from None
    del checked["DbName"]
    return checked


def _names() -> str:
    return ", ".join(_PARAMETERS)


def invalid(message: str, code: str | None = None) -> InvalidRequest:
    """The error for what was given wrongly."""
    return InvalidRequest(message, code=code or "InvalidParameter", action=ADD_IMAGE.name)
