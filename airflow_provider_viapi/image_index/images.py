"""The images to be indexed: the check of a list of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Literal
from urllib.parse import unquote

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.media.addresses import display_url, is_http_url
from airflow_provider_viapi.record import Record
from airflow_provider_viapi.schema import (
    is_iterable,
    name_repr,
    short_repr,
    snake_case,
)
from airflow_provider_viapi.storage_addresses import as_address

Identity = tuple[str, str]
"""EntityId and ExtraData: what an image database lists of an image and its owner chose. In an instance of
ImageSearch: ProductId and PicName."""

MAX_PIC_NAME = 256
"""Characters of an image's name in an instance of ImageSearch."""

Backend = Literal["imgsearch", "imagesearch"]
"""Service whose database or instance is filled."""


class Form(Record, kw_only=False):
    """Names of the parameters of a service's AddImage in a list.

    :param action: AddImage
    :param container: parameter with the name of the database or instance
    :param names: parameter by key of the list
    :param second: key of the second part of an image's identity
    """

    action: Action
    container: str
    names: Mapping[str, str]
    second: str


@cache
def form_of(backend: Backend) -> Form:
    """Return the form of a list for a service."""
    if backend == "imgsearch":
        from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE

        names = {"image_url": "ImageUrl", "entity_id": "EntityId", "extra_data": "ExtraData"}
        return Form(ADD_IMAGE, "DbName", names, "extra_data")

    from airflow_provider_viapi.alibaba.services import imagesearch

    renamed = {
        "PicContent": "image_url",
        "ProductId": "entity_id",
        "CustomContent": "extra_data",
    }
    names = {
        renamed.get(each.name, snake_case(each.name)): each.name
        for each in imagesearch.ADD_IMAGE.parameters
        if each.name != "InstanceName"
    }
    return Form(imagesearch.ADD_IMAGE, "InstanceName", names, "pic_name")


@dataclass(frozen=True)
class ImageEntry:
    """An image and the identity under which it is indexed.

    :param index: its position in the list, from 0
    :param address: its address, which the service cannot necessarily read
    :param entity_id: the object that it shows
    :param extra_data: returned with a match; in an instance, the image's name
    :param fields: further parameters by wire name
    """

    index: int
    address: str
    entity_id: str
    extra_data: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        """Identity of the image in the database: DataId is the service's, and addresses are not listed."""
        return self.entity_id, self.extra_data

    @property
    def is_http_url(self) -> bool:
        """True if the service can fetch it at its address."""
        return is_http_url(self.address)

    @property
    def display_url(self) -> str:
        """The address as a log may show it: without its query, which may hold a signature."""
        return display_url(self.address)


def parse_images(
    images: Any,
    *,
    opens: Callable[[str], bool] = lambda scheme: False,
    is_unresolved: Callable[[Any], bool] = lambda value: False,
    backend: Backend = "imgsearch",
) -> list[ImageEntry]:
    """Return the images that a list describes.

    :param images: mappings with ``image_url``, ``entity_id`` and optionally ``extra_data``, in any iterable
    :param opens: returns true if files can be copied from addresses of a scheme (``s3``)
    :param is_unresolved: returns true for a value that is not known yet (a template), or has such a part; an entry
        that is not known at all is left out
    :param backend: for ``imagesearch`` an image may also have ``pic_name`` (default: the last part of its address),
        by which images of the same ``entity_id`` are distinguished, and the attributes of AddImage
    :raises InvalidRequest: the list is empty, or something in it is missing, unknown, not allowed or listed twice;
        the message names it by its position, counted from 0
    """
    if not is_iterable(images):
        raise invalid(
            f"images is of type {type(images).__name__}; allowed: a list of images, or the address of a folder"
        )
    form = form_of(backend)
    action = form.action.before_staging(opens)
    entries = []
    index = -1
    first: dict[Identity, int] = {}
    for index, image in enumerate(images):
        if is_unresolved(image) and not isinstance(image, Mapping | list | tuple):
            continue
        fields = _parse_one(form, action, index, image, is_unresolved)
        address, entity_id, second = (
            fields.pop(form.names[key], "") for key in ("image_url", "entity_id", form.second)
        )
        entry = ImageEntry(index, address, entity_id, second, fields)
        entries.append(entry)
        if is_unresolved(entry.identity):
            continue
        before = first.setdefault(entry.identity, index)
        if before != index:
            raise invalid(
                f"images[{before}] and images[{index}] both have entity_id {short_repr(entry.entity_id)} and "
                f"{form.second} {short_repr(entry.extra_data)}; allowed: each pair once, since nothing else "
                "identifies an image"
            )
    if index < 0:
        raise invalid("images is an empty list; allowed: at least one image")
    return entries


def _parse_one(
    form: Form, action: Action, index: int, image: Any, is_unresolved: Callable[[Any], bool]
) -> dict[str, Any]:
    here = f"images[{index}]"
    if not isinstance(image, Mapping):
        raise invalid(
            f"{here} is of type {type(image).__name__}; allowed: a mapping with {', '.join(form.names)}"
        )
    unknown = [name_repr(name) for name in image if name not in form.names]
    if unknown:
        raise invalid(f"{here} has {', '.join(unknown[:20])}; allowed: {', '.join(form.names)}")
    for name in ("image_url", "entity_id"):
        if image.get(name) is None or (isinstance(image[name], str) and not image[name]):
            raise invalid(f"{here}.{name} is missing", code="MissingParameter")
    given = {wire: as_address(image.get(name)) for name, wire in form.names.items()}
    if given.get("PicName", "") is None:
        address = given[form.names["image_url"]]
        # A template is rendered before the list is read again.
        given["PicName"] = address if is_unresolved(address) else _file_name(address)
    try:
        checked = action.check({form.container: "any", **given}, is_unresolved=is_unresolved)
    except InvalidRequest as error:
        raise invalid(f"{here}: {error.message}", code=error.code) from None
    del checked[form.container]
    return checked


def _file_name(address: Any) -> str:
    """Return the last part of an address as the name of an image."""
    path = str(address).partition("?")[0].rstrip("/")
    return unquote(path.rpartition("/")[2])[-MAX_PIC_NAME:] or "image"


invalid = partial(InvalidRequest, action="AddImage")
"""The error about an argument."""


FILE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm")
"""Suffixes of the files that a bulk job of ImageSearch reads."""

_FILE_NAME = re.compile(r"[^/\\\x00-\x1f][^\\\x00-\x1f]*")


def check_file_names(
    images: Iterable[ImageEntry], is_unresolved: Callable[[Any], bool] = lambda value: False
) -> None:
    """Check that the images can have their names as files in one folder.

    :param is_unresolved: returns true for a value that is not known yet
    :raises InvalidRequest: a name has no suffix of an image, cannot be that of a file, or two images have it
    """
    first: dict[str, ImageEntry] = {}
    for image in images:
        if "Crop" in image.fields:
            raise invalid(f"images[{image.index}] has crop; a bulk job has no such attribute")
        name = image.extra_data
        if is_unresolved(name):
            continue
        shown = short_repr(name)
        if not _FILE_NAME.fullmatch(name) or {"", ".", ".."} & set(name.split("/")):
            raise invalid(f"images[{image.index}]: pic_name is {shown}; allowed: a relative path of a file")
        if not name.lower().endswith(FILE_SUFFIXES):
            raise invalid(
                f"images[{image.index}]: pic_name is {shown}; allowed in a bulk job: a name that ends in one of "
                f"{', '.join(FILE_SUFFIXES)}"
            )
        if is_unresolved(image.address):
            continue
        if first.setdefault(name, image).address != image.address:
            raise invalid(
                f"images[{first[name].index}] and images[{image.index}] both have pic_name {shown}; allowed in a "
                "bulk job: different names, since they are files in one folder. Give pic_name"
            )
