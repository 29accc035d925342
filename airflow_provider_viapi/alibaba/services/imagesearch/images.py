"""Images of an instance: add, change, delete, look up."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Needed, ResultField
from airflow_provider_viapi.alibaba.parameters import Boolean, String
from airflow_provider_viapi.alibaba.services.imagesearch.service import (
    ATTRIBUTES,
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
