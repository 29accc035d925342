"""Service ImageSearch, version 2020-12-14: search of similar images in an instance; the successor of imgsearch.

Names, types, limits and ranges are from Alibaba's SDK alibabacloud-imagesearch20201214 4.4.0. An instance is bought
in the console: no action makes one.
"""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_viapi.alibaba.image_filter import Filter
from airflow_provider_viapi.alibaba.model import Action, Needed, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import (
    INT64,
    MB,
    Boolean,
    Integer,
    Media,
    MediaLimits,
    Number,
    Parameter,
    String,
    Url,
    ValidationError,
)

REGIONS = (
    "cn-shanghai",
    "cn-hangzhou",
    "cn-beijing",
    "cn-shenzhen",
    "cn-hongkong",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-south-1",
    "eu-central-1",
)

SERVICE = Service(name="imagesearch", version="2020-12-14", regions=REGIONS, product="ImageSearch")

SOURCE = "alibabacloud-imagesearch20201214 4.4.0"

LIMITS = MediaLimits(
    formats=("png", "jpeg", "bmp", "gif", "webp", "tiff", "ppm"),
    max_bytes=4 * MB,
    min_pixels=(100, 100),
    max_pixels=(4096, 4096),
    upright=True,
)
"""Limits of an image for product and generic image search; trademarks need 200 pixels, fabrics 448."""

_INSTANCE = String(
    name="InstanceName",
    required=True,
    min_length=1,
    max_length=20,
    doc="Name of the instance, not its id; at most 20 characters.",
)
_PRODUCT = String(
    name="ProductId",
    required=True,
    min_length=1,
    max_length=256,
    doc="Id of what the image shows, at most 256 characters; several images may share it.",
)
_PICTURE_NAME = String(
    name="PicName",
    required=True,
    min_length=1,
    max_length=256,
    doc="Name of the image among those of the product, at most 256 characters.",
)
_CATEGORY = Integer(
    name="CategoryId",
    doc="Category; predicted from the image if not given. Only product image search uses it.",
)
_CROP = Boolean(name="Crop", default=True, doc="Find the subject of the image and use only that.")
_CONTENT = String(
    name="CustomContent", max_length=4096, doc="Text that is returned with a match, at most 4,096 characters."
)
_NUM = Integer(name="Num", minimum=1, maximum=100, default=10, doc="Largest number of images to return.")
_START = Integer(
    name="Start", minimum=0, maximum=499, default=0, doc="Position of the first image to return."
)
_DISTINCT = Boolean(name="DistinctProductId", doc="Return only the best image of each product.")
_FILTER = Filter(
    name="Filter",
    doc="Condition on the attributes of the images that are returned, such as ``int_attr >= 100``.",
)


def _image(name: str, doc: str) -> Media:
    return Media(
        name=name,
        required=True,
        uploaded=True,
        doc=f"{doc}.",
        limits=(LIMITS,),
    )


_IMAGE = _image("PicContent", "Image")


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


class Threshold(Number):
    """A score with at most two decimal places."""

    minimum: float = 0.0
    maximum: float = 1.0

    @property
    def allowed(self) -> str:
        return f"{super().allowed}, with at most two decimal places"

    def check(self, value: Any) -> float:
        number = super().check(value)
        if round(number, 2) != number:
            raise ValidationError(self.allowed)
        return number


_REGION = Region(
    name="Region", doc="Rectangle of the image that is used instead of the subject, x1,x2,y1,y2 in pixels."
)
_THRESHOLD = Threshold(name="ScoreThreshold", default=0.0, doc="Lowest score of an image to be returned.")


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


_ATTRIBUTES = _attributes()

_FOUND_ATTRIBUTES = tuple(
    ResultField(each.name, "integer" if isinstance(each, Integer) else "string") for each in _ATTRIBUTES
)
_FOUND = (
    ResultField("CategoryId", "integer"),
    ResultField("CustomContent"),
    *_FOUND_ATTRIBUTES[:4],
    ResultField("PicName"),
    ResultField("ProductId"),
    *_FOUND_ATTRIBUTES[4:],
)
_SCORE = ResultField("Score", "number", "Similarity from 0 to 1.")
_MATCHES = ResultField("Auctions", "list", "Images that were found, best first.", (*_FOUND, _SCORE))
_SCORED_MATCHES = ResultField(
    "Auctions",
    "list",
    "Images that were found, best first.",
    (*_FOUND, _SCORE, ResultField("SortExprValues", doc="Deprecated; use Score.")),
)
_HEAD = ResultField(
    "Head",
    "object",
    "Numbers of the search.",
    (
        ResultField("DocsFound", "integer", "Images that were found."),
        ResultField("DocsReturn", "integer", "Images that are returned."),
        ResultField("SearchTime", "integer", "Milliseconds."),
    ),
)
_CATEGORIES = ResultField(
    "AllCategories",
    "list",
    "Categories that the service knows.",
    (ResultField("Id", "integer"), ResultField("Name")),
)
_PICTURE_INFO = ResultField(
    "PicInfo",
    "object",
    "What was recognized in the image.",
    (
        _CATEGORIES,
        ResultField("CategoryId", "integer", "Category of the image."),
        ResultField(
            "MultiRegion", "list", "Subjects.", (ResultField("Region", doc="x1,x2,y1,y2 in pixels."),)
        ),
        ResultField("Region", doc="Subject that is used, x1,x2,y1,y2 in pixels."),
    ),
)
_TEXT_INFO = ResultField("PicInfo", "object", fields=(_CATEGORIES,))

_TASK_STATES = "PROCESSING, FAIL or SUCCESS."
_PAGE = (
    ResultField("PageNumber", "integer"),
    ResultField("PageSize", "integer"),
    ResultField("TotalCount", "integer", "Number of tasks."),
)
_TASK_TIMES = (
    ResultField("Status", doc=_TASK_STATES),
    ResultField("UtcCreate", doc="Milliseconds since 1970."),
    ResultField("UtcModified", "integer", "Milliseconds since 1970."),
)


_QUERIED = frozenset({"ScoreThreshold"})


def _action(name: str, summary: str, *parameters: Parameter, **more: Any) -> Action:
    return Action(
        **{
            "service": SERVICE,
            "name": name,
            "summary": summary,
            "parameters": (_INSTANCE, *parameters),
            "result_in_body": True,
            # An image that is added again replaces itself, and calls are not billed one by one.
            "idempotent": True,
            "generations": (),
            "source": SOURCE,
            **more,
        }
    )


ADD_IMAGE = _action(
    "AddImage",
    "Add an image to an instance; one with the same ProductId and PicName is replaced.",
    *(_PRODUCT, _PICTURE_NAME, _IMAGE, _CATEGORY, _CROP, _CONTENT, *_ATTRIBUTES, _REGION),
    result=(_PICTURE_INFO,),
)

UPDATE_IMAGE = _action(
    "UpdateImage",
    "Change the attributes of an image, or of all images of a product.",
    *(
        _PRODUCT,
        _PICTURE_NAME.replace(required=False, doc="Name of the image; without it, all of the product."),
    ),
    *(_CONTENT, *_ATTRIBUTES),
    queried=frozenset({"IntAttr3", "IntAttr4", "StrAttr3", "StrAttr4"}),
)

DELETE_IMAGE = _action(
    "DeleteImage",
    "Delete an image, all images of a product, or all that a filter finds.",
    _PRODUCT.replace(required=False, min_length=0, doc="Id of the product."),
    _PICTURE_NAME.replace(
        required=False, min_length=0, doc="Name of the image; without it, all of the product."
    ),
    Boolean(name="IsDeleteByFilter", doc="Delete what Filter finds instead of a product."),
    _FILTER.replace(
        has_lists=False, doc="Condition on the attributes of the images to delete, without ``in``."
    ),
    needed=(
        Needed(when=("IsDeleteByFilter", True), names=("Filter",)),
        Needed(when=("IsDeleteByFilter", False), names=("ProductId",)),
        Needed(when=("IsDeleteByFilter", None), names=("ProductId",)),
    ),
    result=(ResultField("PicNames", "strings", "Names of the deleted images."),),
    result_in_body=False,
)

CHECK_IMAGE_EXISTS = _action(
    "CheckImageExists",
    "Return whether an instance has an image, and its attributes.",
    *(_PRODUCT, _PICTURE_NAME),
    result=(
        ResultField("Auctions", "object", "The image.", _FOUND),
        ResultField("Exists", "boolean", "The instance has it."),
    ),
)

COMPARE_SIMILAR_BY_IMAGE = _action(
    "CompareSimilarByImage",
    "Return how similar two images are.",
    _image("PrimaryPicContent", "First image"),
    _image("SecondaryPicContent", "Second image"),
    result=(ResultField("Score", "number", "Similarity from 0 to 1."),),
)

DETAIL = _action(
    "Detail",
    "Return kind, capacity and number of images of an instance.",
    in_query=True,
    result=(
        ResultField(
            "Instance",
            "object",
            "The instance.",
            (
                ResultField("Capacity", "integer", "Largest number of images, in ten thousands."),
                ResultField("Name"),
                ResultField("Qps", "integer", "Calls per second that were bought."),
                ResultField("Region"),
                ResultField(
                    "ServiceType",
                    "integer",
                    "0: products, 1: generic, 2: fabrics, 3 and 7: trademarks, 4: copyright, 5: furniture, "
                    "6: hardware.",
                ),
                ResultField("TotalCount", "integer", "Number of images."),
                ResultField("UtcCreate", doc="Milliseconds since 1970."),
                ResultField("UtcExpireTime", doc="Milliseconds since 1970."),
            ),
        ),
    ),
)

SEARCH_IMAGE_BY_PIC = _action(
    "SearchImageByPic",
    "Find the images of an instance that are most similar to a given image.",
    *(_IMAGE, _NUM, _START, _FILTER, _THRESHOLD, _DISTINCT, _CATEGORY, _CROP, _REGION),
    result=(_SCORED_MATCHES, _HEAD, _PICTURE_INFO),
    queried=_QUERIED,
)

SEARCH_IMAGE_BY_NAME = _action(
    "SearchImageByName",
    "Find the images of an instance that are most similar to one of its images.",
    *(_PRODUCT, _PICTURE_NAME, _NUM, _START, _FILTER, _THRESHOLD, _DISTINCT, _CATEGORY),
    result=(_SCORED_MATCHES, _HEAD, _PICTURE_INFO),
    queried=_QUERIED,
)

SEARCH_IMAGE_BY_TEXT = _action(
    "SearchImageByText",
    "Find the images of an instance that fit a description.",
    String(
        name="Text",
        required=True,
        min_length=1,
        max_length=512,
        doc="Description in Chinese or English, at most 512 characters.",
    ),
    *(_NUM, _START, _FILTER, _THRESHOLD, _DISTINCT),
    result=(_MATCHES, _HEAD, _TEXT_INFO),
    queried=_QUERIED,
)

SEARCH_IMAGE_BY_FILTER = _action(
    "SearchImageByFilter",
    "Return the images of an instance whose attributes meet a condition.",
    *(_FILTER.replace(required=True, min_length=1), _NUM, _START),
    result=(ResultField("Auctions", "list", "Images that were found.", _FOUND),),
)

META_FILE = "increment.meta"
"""Name of the file with the list of a bulk task."""

_PATH = String(
    name="Path",
    max_length=1023,
    pattern=r"/[^/]+(/[^/]+)*",
    characters="it begins with a slash and does not end with one",
    doc=f"Absolute path, in the bucket, of the file {META_FILE}.",
)

INCREASE_INSTANCE = _action(
    "IncreaseInstance",
    f"Add and delete the images that a file {META_FILE} in OSS lists. An instance runs one such task at a time.",
    String(
        name="BucketName",
        required=True,
        min_length=3,
        max_length=63,
        pattern="[a-z0-9][a-z0-9-]*[a-z0-9]",
        characters="a to z, 0 to 9 and -",
        doc="Bucket in the region of the instance.",
    ),
    _PATH.replace(required=True, min_length=2),
    Url(name="CallbackAddress", doc="URL that the service calls about the task; how is not documented."),
    result=(
        ResultField("Id", doc="Id of the task."),
        ResultField("IncrementStatus", doc=_TASK_STATES),
    ),
    result_in_body=False,
    idempotent=False,
    in_query=True,
)

INCREASE_LIST = _action(
    "IncreaseList",
    "List the bulk tasks of an instance and their states.",
    Integer(name="Id", minimum=0, maximum=INT64, doc="Id of one task."),
    String(name="BucketName", max_length=63, doc="Only tasks of this bucket."),
    _PATH.replace(doc=f"Only tasks of the file {META_FILE} at this absolute path."),
    Integer(name="PageNumber", minimum=1, default=1, doc="Page."),
    Integer(name="PageSize", minimum=1, default=10, doc="Tasks on a page; the maximum is not documented."),
    result=(
        ResultField(
            "Increments",
            "object",
            "The tasks.",
            (
                ResultField(
                    "Instance",
                    "list",
                    "The tasks.",
                    (
                        ResultField("BucketName"),
                        ResultField("CallbackAddress"),
                        ResultField("Code", doc="0 for success."),
                        ResultField("ErrorUrl", "file", "Report of the rows that failed.", optional=True),
                        ResultField("Id", "integer"),
                        ResultField("Msg"),
                        ResultField("Path"),
                        *_TASK_TIMES,
                    ),
                ),
            ),
        ),
        *_PAGE,
    ),
    result_in_body=False,
    in_query=True,
)

DUMP_META = _action(
    "DumpMeta",
    "Export the list of all images of an instance to a file.",
    result=(
        ResultField("DumpMetaStatus", doc=_TASK_STATES),
        ResultField("Id", doc="Id of the task."),
    ),
    result_in_body=False,
    idempotent=False,
    in_query=True,
)

DUMP_META_LIST = _action(
    "DumpMetaList",
    "List the exports of an instance and their states.",
    Integer(name="Id", minimum=0, maximum=INT64, doc="Id of one task."),
    Integer(name="PageNumber", minimum=1, maximum=30, default=1, doc="Page."),
    Integer(name="PageSize", minimum=1, maximum=30, default=10, doc="Tasks on a page."),
    result=(
        ResultField(
            "DumpMetaList",
            "list",
            "The tasks.",
            (
                ResultField("Code", doc="0 for success."),
                ResultField("Id", "integer"),
                ResultField("MetaUrl", "file", "The list, for two hours", optional=True),
                ResultField("Msg"),
                *_TASK_TIMES,
            ),
        ),
        *_PAGE,
    ),
    result_in_body=False,
    in_query=True,
)
