"""The service imagesearch, and the parameters and result fields that several of its actions share."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import (
    INT64,
    Boolean,
    Integer,
    Media,
    Parameter,
    String,
    ValidationError,
)
from airflow_provider_viapi.alibaba.regions import IMAGE_SEARCH
from airflow_provider_viapi.media_limits import MB, MediaLimits

SERVICE = Service(name="imagesearch", version="2020-12-14", regions=IMAGE_SEARCH, product="ImageSearch")

SOURCE = "alibabacloud-imagesearch20201214 4.4.0"

LIMITS = MediaLimits(
    formats=("png", "jpeg", "bmp", "gif", "webp", "tiff", "ppm"),
    max_bytes=4 * MB,
    min_pixels=(100, 100),
    max_pixels=(4096, 4096),
    upright=True,
)
"""Limits of an image for product and generic image search; trademarks need 200 pixels, fabrics 448."""

INSTANCE = String(
    name="InstanceName",
    required=True,
    min_length=1,
    max_length=20,
    doc="Name of the instance, not its id; at most 20 characters.",
)
PRODUCT = String(
    name="ProductId",
    required=True,
    min_length=1,
    max_length=256,
    doc="Id of the product that the image shows, at most 256 characters; several images may have the same.",
)
IMAGE_NAME = String(
    name="PicName",
    required=True,
    min_length=1,
    max_length=256,
    doc="Name of the image, unique among those of the product; at most 256 characters.",
)
CATEGORY = Integer(
    name="CategoryId",
    doc="Category; default: predicted from the image. Only product image search uses it.",
)
CROP = Boolean(name="Crop", default=True, doc="Find the subject of the image and use only that.")


class Filter(String):
    """A filter expression.

    :param has_lists: the action knows ``in`` and ``not in``
    """

    max_length: int | None = 4096
    has_lists: bool = True

    @property
    def allowed(self) -> str:
        lists = " in, not in" if self.has_lists else ""
        return (
            f"at most {self.max_length} characters: int_attr, int_attr2 to int_attr4 with > >= < <= ={lists}, "
            f"str_attr, str_attr2 to str_attr4 with = !={lists}, joined by AND and OR: "
            'int_attr >= 100 AND str_attr != "value1"'
        )

    def check(self, value: Any) -> str:
        # Few DAGs use it, and each process that parses one imports this module.
        from airflow_provider_viapi.alibaba.filter_expressions import FilterError, has_lists, parse

        text = super().check(value)
        try:
            condition = parse(text)
            if not self.has_lists and has_lists(condition):
                raise FilterError("uses the operator in, which this action does not support")
        except FilterError as error:
            raise ValidationError(f"{self.allowed}; the expression {error}") from None
        return text


FILTER = Filter(
    name="Filter",
    doc="Condition on the attributes of the images that are returned, such as int_attr >= 100.",
)


def image(name: str, doc: str) -> Media:
    """Return the parameter for an image."""
    return Media(
        name=name,
        required=True,
        uploaded=True,
        doc=f"{doc}.",
        limits=(LIMITS,),
    )


IMAGE = image("PicContent", "Image")


class Region(String):
    """A rectangle of an image: ``x1,x2,y1,y2`` in pixels, from the upper left to the lower right corner."""

    @property
    def allowed(self) -> str:
        return "x1,x2,y1,y2 in whole pixels, with x1 < x2 and y1 < y2, such as 20,200,40,240"

    def check(self, value: Any) -> str:
        text = super().check(value)
        numbers = re.fullmatch(r"(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5})", text)
        if numbers is None or not (int(numbers[1]) < int(numbers[2]) and int(numbers[3]) < int(numbers[4])):
            raise ValidationError(self.allowed)
        return text


REGION = Region(
    name="Region", doc="Rectangle of the image that is used instead of the subject, x1,x2,y1,y2 in pixels."
)


def _attributes() -> tuple[Parameter, ...]:
    numbers = ("", "2", "3", "4")
    whole = "Whole number that searches can filter by."
    text = "Text that searches can filter by: at most 128 characters, no backslash, ¥, $, & and %."
    return (
        *(Integer(name=f"IntAttr{number}", maximum=INT64, doc=whole) for number in numbers),
        *(
            String(
                name=f"StrAttr{number}",
                max_length=128,
                pattern=r"[^\\¥$&%]*",
                characters="no backslash, ¥, $, & and %",
                doc=text,
            )
            for number in numbers
        ),
    )


ATTRIBUTES = _attributes()

_FOUND_ATTRIBUTES = tuple(
    ResultField(each.name, "integer" if isinstance(each, Integer) else "string") for each in ATTRIBUTES
)
FOUND = (
    ResultField("CategoryId", "integer"),
    ResultField("CustomContent"),
    *_FOUND_ATTRIBUTES[:4],
    ResultField("PicName"),
    ResultField("ProductId"),
    *_FOUND_ATTRIBUTES[4:],
)

CATEGORIES = ResultField(
    "AllCategories",
    "list",
    "Categories that the service knows.",
    (ResultField("Id", "integer"), ResultField("Name")),
)
IMAGE_INFO = ResultField(
    "PicInfo",
    "object",
    "What was recognized in the image.",
    (
        CATEGORIES,
        ResultField("CategoryId", "integer", "Category of the image."),
        ResultField(
            "MultiRegion", "list", "Subjects.", (ResultField("Region", doc="x1,x2,y1,y2 in pixels."),)
        ),
        ResultField("Region", doc="Subject that is used, x1,x2,y1,y2 in pixels."),
    ),
)


def action(name: str, summary: str, *parameters: Parameter, **more: Any) -> Action:
    """Return an action of the service; every one names an instance."""
    return Action(
        **{
            "service": SERVICE,
            "name": name,
            "summary": summary,
            "parameters": (INSTANCE, *parameters),
            "result_in_body": True,
            # An image that is added again replaces itself, and calls are not billed one by one.
            "idempotent": True,
            "generations": (),
            "source": SOURCE,
            **more,
        }
    )
