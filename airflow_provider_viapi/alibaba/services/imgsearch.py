"""Service imgsearch (image search), version 2020-03-20.

The service is closed to new accounts since 2023-02-15 and still works for accounts that had it [API metadata].
"""

from __future__ import annotations

from functools import partial
from typing import Any

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import Choice, Integer, Media, String
from airflow_provider_viapi.media_limits import MB, MediaLimits

SERVICE = Service(name="imgsearch", version="2020-03-20")

action = partial(Action, service=SERVICE)
"""Return an action of the service."""

_LOWER: dict[str, Any] = {"pattern": "[a-z0-9_]*", "characters": "a to z, 0 to 9 and _"}


def _database(name: str) -> String:
    return String(
        name=name, required=True, min_length=2, max_length=64, doc="Name of the image database.", **_LOWER
    )


def _entity(doc: str) -> String:
    return String(name="EntityId", required=True, min_length=1, max_length=64, doc=doc, **_LOWER)


def _image(max_megabytes: int) -> Media:
    limits = MediaLimits(
        formats=("jpeg", "png"),
        max_bytes=max_megabytes * MB,
        min_pixels=(128, 128),
        max_pixels=(1024, 1024),
        exclusive=True,
    )
    return Media(
        name="ImageUrl",
        required=True,
        doc=f"Image: {limits.description}.",
        limits=(limits,),
    )


CAPACITY = 50_000
"""Largest number of images in one image database."""

REACHED_BY_OFFSET = 2000
"""Number of records of an image database that Offset and Limit reach; later records need Token."""

CREATE_IMAGE_DB = action(
    name="CreateImageDb",
    summary="Create an image database. An account may have one, unless Alibaba has granted it more.",
    parameters=(_database("Name"),),
)

DELETE_IMAGE_DB = action(
    name="DeleteImageDb",
    summary="Delete an image database with all its images; this cannot be undone.",
    parameters=(_database("Name"),),
    idempotent=True,
    note="The response for a database that does not exist is not documented.",
)

LIST_IMAGE_DBS = action(
    name="ListImageDbs",
    summary="List the names of the account's image databases.",
    result=(ResultField("DbList", "list", fields=(ResultField("Name"),)),),
    idempotent=True,
)

ADD_IMAGE = action(
    name="AddImage",
    summary=f"Add an image to an image database, which holds up to {CAPACITY:,}.",
    parameters=(
        _database("DbName"),
        _entity("Id of what the image shows; several images may share it."),
        _image(2),
        String(
            name="ExtraData",
            max_length=512,
            doc="Text that is returned with a match.",
            note="2020: required; 2025: optional",
        ),
    ),
    result=(ResultField("DataId", doc="Id of the entry."),),
)

SEARCH_IMAGE = action(
    name="SearchImage",
    summary="Find the images of a database that are most similar to a given image.",
    parameters=(
        _database("DbName"),
        _image(3),
        Integer(
            name="Limit",
            required=True,
            minimum=1,
            maximum=1000,
            doc="Largest number of matches to return.",
            note="2020: 1 to 1000; 2025: 1 to 200 by its text, 1000 by its metadata",
        ),
    ),
    result=(
        ResultField(
            "MatchList",
            "list",
            "Best match first.",
            fields=(
                ResultField("DataId"),
                ResultField("EntityId"),
                ResultField("ExtraData"),
                ResultField("ImageUrl", doc="URL that was given when the image was added."),
                ResultField("Score", "number", "Similarity from 0 to 10; 10 is identical."),
            ),
        ),
    ),
    # Not idempotent: each search is billed.
)

LIST_IMAGES = action(
    name="ListImages",
    summary="List one page of the images of an image database.",
    parameters=(
        _database("DbName"),
        String(
            name="Token",
            min_length=1,
            doc=f"Token of the previous response; required after the first {REACHED_BY_OFFSET:,} records.",
        ),
        Integer(
            name="Offset",
            minimum=0,
            doc="Position of the first record to return. It is not documented whether counting starts at 0 or 1.",
        ),
        Integer(
            name="Limit", minimum=1, doc="Largest number of records on a page; its maximum is not documented."
        ),
        Choice(
            name="Order",
            choices=("asc", "desc"),
            doc="Ascending or descending; the field that is sorted by is not documented.",
        ),
        String(
            name="EntityIdPrefix", max_length=64, doc="Return only images whose EntityId begins with this."
        ),
    ),
    result=(
        ResultField(
            "ImageList",
            "list",
            fields=(
                ResultField("DataId", doc="Id of the entry."),
                ResultField("EntityId"),
                ResultField("ExtraData"),
                ResultField("CreatedAt", "integer", "Milliseconds since 1970."),
                ResultField("UpdatedAt", "integer", "Milliseconds since 1970."),
            ),
        ),
        ResultField("Token", doc="Token for the next page."),
        ResultField("TotalCount", "integer", "Number of images in the database."),
    ),
    idempotent=True,
)

DELETE_IMAGE = action(
    name="DeleteImage",
    summary="Delete all entries of an image database that have a given EntityId.",
    parameters=(_database("DbName"), _entity("EntityId of the entries.")),
    idempotent=True,
    note="The response for an EntityId that does not exist is not documented.",
)
