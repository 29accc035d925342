"""MetaStudio itself, and short names for the kinds of parameters that its actions take.

Names, places, types and what is required are from Huawei's Python SDK (huaweicloudsdkmetastudio 3.1.219); lengths and
ranges from its documentation where it gives any. Words that only filter a list are not checked against the known
ones: a service that knows more must not be kept from being asked.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from airflow_provider_viapi.huawei.model import Action, Service
from airflow_provider_viapi.huawei.parameters import Object, ObjectList, StreamUrl, StringList
from airflow_provider_viapi.huawei.pictures import Picture
from airflow_provider_viapi.huawei.regions import METASTUDIO
from airflow_provider_viapi.scalar_parameters import Boolean, Choice, Integer, String, WebAddress
from airflow_provider_viapi.schema import Parameter

SERVICE = Service("metastudio", regions=METASTUDIO)

action = partial(Action, service=SERVICE)
"""Return an action of MetaStudio."""


def text(
    name: str, doc: str, *, required: bool = False, min_length: int = 0, max_length: int | None = None
) -> String:
    """Return a text parameter; a required one is not empty."""
    least = max(min_length, 1) if required else min_length
    return String(name=name, doc=doc, required=required, min_length=least, max_length=max_length)


def integer(name: str, doc: str, *, required: bool = False, minimum: int = 0, **bounds: Any) -> Integer:
    """Return a parameter for a whole number, not negative."""
    return Integer(name=name, doc=doc, required=required, minimum=minimum, **bounds)


def flag(name: str, doc: str) -> Boolean:
    """Return a parameter that is true or false."""
    return Boolean(name=name, doc=doc)


def choice(name: str, choices: tuple[str, ...], doc: str, *, required: bool = False) -> Choice:
    """Return a parameter with a few allowed words."""
    return Choice(name=name, doc=doc, choices=choices, required=required)


def url(name: str, doc: str = "", **limits: Any) -> WebAddress:
    """Return a parameter for an address that the service calls or writes to."""
    return WebAddress(name=name, doc=doc, **limits)


def texts(name: str, doc: str, *, required: bool = False, max_items: int | None = None) -> StringList:
    """Return a parameter for a list of texts."""
    return StringList(name=name, doc=doc, required=required, max_items=max_items)


def picture(name: str, doc: str = "", *, required: bool = False) -> Picture:
    """Return a parameter for a picture in Base64."""
    return Picture(name=name, doc=doc, required=required)


def structure(
    name: str,
    doc: str,
    *,
    required: bool = False,
    fields: tuple[Parameter, ...] = (),
) -> Object:
    """Return a parameter for a mapping that is passed on unchanged, except fields whose types are known."""
    return Object(name=name, doc=doc, required=required, required_fields=_required(fields), fields=fields)


def structures(
    name: str, doc: str, *, required: bool = False, fields: tuple[Parameter, ...] = ()
) -> ObjectList:
    """Return a parameter for a list of such mappings."""
    return ObjectList(name=name, doc=doc, required=required, required_fields=_required(fields), fields=fields)


def _required(fields: tuple[Parameter, ...]) -> tuple[str, ...]:
    return tuple(each.name for each in fields if each.required)


def names(text: str) -> tuple[str, ...]:
    """Return the words of a text: names of fields or states."""
    return tuple(text.split())


EXTERNAL = names("output_external_url audio_drive_file_external_url")
"""Fields with signed addresses of the author's own storage, which responses repeat."""

JOB = text("job_id", "Id of the job.", required=True)

VOICE = structure(
    "voice_config",
    "Voice, speed, pitch and volume.",
    fields=(text("voice_asset_id", "Asset id of the voice.", required=True),),
)

OUTPUT_URLS = StringList(
    name="output_urls",
    doc="RTMP URLs that receive the stream; only one is supported at present.",
    item=StreamUrl(name="output_url"),
)

LIVE_EVENTS = structure(
    "live_event_callback_config",
    "Callback for events of the live task.",
    fields=(url("live_event_type_callback_url"),),
)

CALLBACK = structure(
    "callback_config",
    "Callback after the end of the job: the URL, and the key that signs the request.",
    fields=(url("callback_url", required=True),),
)

VIDEO = structure(
    "video_config",
    "Width, height, bit rate and other settings of the video.",
    fields=(
        *(integer(name, "", required=True) for name in ("bitrate", "width", "height")),
        url("output_external_url"),
    ),
)

PAGE = (
    integer("offset", "Number of items to skip."),
    integer("limit", "Maximum number of items in the response."),
)

SORT = (text("sort_key", "Field to sort by."), text("sort_dir", "asc or desc."))

CREATED_FILTERS = (
    text("create_since", "Earliest creation time, in RFC 3339 (2021-01-10T08:43:17Z)."),
    text("create_until", "Latest creation time."),
)
