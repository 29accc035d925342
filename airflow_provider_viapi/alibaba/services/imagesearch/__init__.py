"""Service ImageSearch, version 2020-12-14: search of similar images in an instance; the successor of imgsearch.

* ``images``: add, change, delete and look up images; search by image, name, text or attributes; compare two
* ``tasks``: the instance itself, bulk changes and exports

Names, types, limits and ranges are from Alibaba's SDK alibabacloud-imagesearch20201214 4.4.0. An instance is bought
in the console: no action makes one.
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.services.imagesearch.images import (
    ADD_IMAGE,
    CHECK_IMAGE_EXISTS,
    COMPARE_SIMILAR_BY_IMAGE,
    DELETE_IMAGE,
    SEARCH_IMAGE_BY_FILTER,
    SEARCH_IMAGE_BY_NAME,
    SEARCH_IMAGE_BY_PIC,
    SEARCH_IMAGE_BY_TEXT,
    UPDATE_IMAGE,
)
from airflow_provider_viapi.alibaba.services.imagesearch.service import LIMITS, SERVICE
from airflow_provider_viapi.alibaba.services.imagesearch.tasks import (
    DETAIL,
    DUMP_META,
    DUMP_META_LIST,
    INCREASE_INSTANCE,
    INCREASE_LIST,
    META_FILE,
)

__all__ = [
    "ADD_IMAGE",
    "CHECK_IMAGE_EXISTS",
    "COMPARE_SIMILAR_BY_IMAGE",
    "DELETE_IMAGE",
    "DETAIL",
    "DUMP_META",
    "DUMP_META_LIST",
    "INCREASE_INSTANCE",
    "INCREASE_LIST",
    "LIMITS",
    "META_FILE",
    "SEARCH_IMAGE_BY_FILTER",
    "SEARCH_IMAGE_BY_NAME",
    "SEARCH_IMAGE_BY_PIC",
    "SEARCH_IMAGE_BY_TEXT",
    "SERVICE",
    "UPDATE_IMAGE",
]
