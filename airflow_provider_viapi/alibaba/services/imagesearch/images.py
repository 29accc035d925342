"""Images of an instance: add, change, delete, look up, search, compare."""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.alibaba.model import Needed, ResultField
from airflow_provider_viapi.alibaba.parameters import Boolean, Integer, Number, String, ValidationError
from airflow_provider_viapi.alibaba.services.imagesearch.service import (
    ATTRIBUTES,
    CATEGORIES,
    CATEGORY,
    CROP,
    FILTER,
    FOUND,
    IMAGE,
    IMAGE_INFO,
    IMAGE_NAME,
    PRODUCT,
    REGION,
    action,
    image,
)

_CONTENT = String(
    name="CustomContent", max_length=4096, doc="Text that is returned with a match, at most 4,096 characters."
)

_ONE_OF_PRODUCT = IMAGE_NAME.replace(
    required=False, narrows=True, doc="Name of the image; default: all images of the product."
)

ADD_IMAGE = action(
    "AddImage",
    "Add an image to an instance; one with the same ProductId and PicName is replaced.",
    *(PRODUCT, IMAGE_NAME, IMAGE, CATEGORY, CROP, _CONTENT, *ATTRIBUTES, REGION),
    result=(IMAGE_INFO,),
)

UPDATE_IMAGE = action(
    "UpdateImage",
    "Change the attributes of an image, or of all images of a product.",
    *(PRODUCT, _ONE_OF_PRODUCT, _CONTENT, *ATTRIBUTES),
    queried=frozenset({"IntAttr3", "IntAttr4", "StrAttr3", "StrAttr4"}),
)

DELETE_IMAGE = action(
    "DeleteImage",
    "Delete an image, all images of a product, or all that a filter finds.",
    PRODUCT.replace(required=False, doc="Id of the product."),
    _ONE_OF_PRODUCT,
    Boolean(name="IsDeleteByFilter", doc="Delete what Filter finds instead of a product."),
    FILTER.replace(
        has_lists=False,
        doc="Condition on the attributes of the images to delete; in and not in are not supported.",
    ),
    needed=(
        Needed(when=("IsDeleteByFilter", True), names=("Filter",)),
        Needed(when=("IsDeleteByFilter", False), names=("ProductId",)),
        Needed(when=("IsDeleteByFilter", None), names=("ProductId",)),
    ),
    result=(ResultField("PicNames", "strings", "Names of the deleted images."),),
    result_in_body=False,
)

CHECK_IMAGE_EXISTS = action(
    "CheckImageExists",
    "Return whether an instance has an image, and its attributes.",
    *(PRODUCT, IMAGE_NAME),
    result=(
        ResultField("Auctions", "object", "The image.", FOUND),
        ResultField("Exists", "boolean", "The instance has it."),
    ),
)

_NUM = Integer(name="Num", minimum=1, maximum=100, default=10, doc="Largest number of images to return.")
_START = Integer(
    name="Start", minimum=0, maximum=499, default=0, doc="Position of the first image to return."
)
_DISTINCT = Boolean(name="DistinctProductId", doc="Return only the best image of each product.")


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


_THRESHOLD = Threshold(name="ScoreThreshold", default=0.0, doc="Lowest score of an image to be returned.")

_SCORE = ResultField("Score", "number", "Similarity from 0 to 1.")
_MATCHES = ResultField("Auctions", "list", "Images that were found, best first.", (*FOUND, _SCORE))
_SCORED_MATCHES = ResultField(
    "Auctions",
    "list",
    "Images that were found, best first.",
    (*FOUND, _SCORE, ResultField("SortExprValues", doc="Deprecated; use Score.")),
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

_TEXT_INFO = ResultField("PicInfo", "object", fields=(CATEGORIES,))

_QUERIED = frozenset({"ScoreThreshold"})

COMPARE_SIMILAR_BY_IMAGE = action(
    "CompareSimilarByImage",
    "Return how similar two images are.",
    image("PrimaryPicContent", "First image"),
    image("SecondaryPicContent", "Second image"),
    result=(ResultField("Score", "number", "Similarity from 0 to 1."),),
)

SEARCH_IMAGE_BY_PIC = action(
    "SearchImageByPic",
    "Find the images of an instance that are most similar to a given image.",
    *(IMAGE, _NUM, _START, FILTER, _THRESHOLD, _DISTINCT, CATEGORY, CROP, REGION),
    result=(_SCORED_MATCHES, _HEAD, IMAGE_INFO),
    queried=_QUERIED,
)

SEARCH_IMAGE_BY_NAME = action(
    "SearchImageByName",
    "Find the images of an instance that are most similar to one of its images.",
    *(PRODUCT, IMAGE_NAME, _NUM, _START, FILTER, _THRESHOLD, _DISTINCT, CATEGORY),
    result=(_SCORED_MATCHES, _HEAD, IMAGE_INFO),
    queried=_QUERIED,
)

SEARCH_IMAGE_BY_TEXT = action(
    "SearchImageByText",
    "Find the images of an instance that fit a description.",
    String(
        name="Text",
        required=True,
        min_length=1,
        max_length=512,
        doc="Description in Chinese or English, at most 512 characters.",
    ),
    *(_NUM, _START, FILTER, _THRESHOLD, _DISTINCT),
    result=(_MATCHES, _HEAD, _TEXT_INFO),
    queried=_QUERIED,
)

SEARCH_IMAGE_BY_FILTER = action(
    "SearchImageByFilter",
    "Return the images of an instance whose attributes meet a condition.",
    *(FILTER.replace(required=True, min_length=1), _NUM, _START),
    result=(ResultField("Auctions", "list", "Images that were found.", FOUND),),
)
