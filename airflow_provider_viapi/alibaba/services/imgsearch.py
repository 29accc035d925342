"""Service imgsearch (image search), version 2020-03-20.

Closed to new accounts since 2023-02-15, still served for those that had it [API metadata].
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import MB, Choice, Integer, Media, MediaLimits, String

SERVICE = Service("imgsearch", "2020-03-20")

_LOWER = {"pattern": "[a-z0-9_]*", "characters": "a to z, 0 to 9 and _"}


def _database(name: str) -> String:
    return String(
        name=name, required=True, min_length=2, max_length=64, doc="Name of the image database.", **_LOWER
    )


def _entity(doc: str) -> String:
    return String(name="EntityId", required=True, min_length=1, max_length=64, doc=doc, **_LOWER)


def _picture(most_megabytes: int) -> Media:
    return Media(
        name="ImageUrl",
        required=True,
        doc=f"The picture: JPEG or PNG, each side from 128 to 1024 pixels, at most {most_megabytes} MB.",
        limits=(
            MediaLimits(
                formats=("jpeg", "png"),
                max_bytes=most_megabytes * MB,
                min_side=128,
                max_side=1024,
            ),
        ),
    )


CAPACITY = 50_000
"""Most pictures in one image database."""

REACHED_BY_OFFSET = 2000
"""How many records of an image database can be reached with Offset and Limit; further ones need Token."""

CREATE_IMAGE_DB = Action(
    service=SERVICE,
    name="CreateImageDb",
    summary="Create an image database; an account has one unless more were granted.",
    parameters=(_database("Name"),),
)

DELETE_IMAGE_DB = Action(
    service=SERVICE,
    name="DeleteImageDb",
    summary="Delete an image database with all that is in it; there is no way back.",
    parameters=(_database("Name"),),
    idempotent=True,
    note="What the service answers when there is no such database is not documented.",
)

LIST_IMAGE_DBS = Action(
    service=SERVICE,
    name="ListImageDbs",
    summary="Names of the account's image databases.",
    result=(ResultField("DbList", "list", fields=(ResultField("Name"),)),),
    idempotent=True,
)

ADD_IMAGE = Action(
    service=SERVICE,
    name="AddImage",
    summary=f"Add a picture to an image database, which holds up to {CAPACITY:,}.",
    parameters=(
        _database("DbName"),
        _entity("What the picture shows; several pictures may share it."),
        _picture(2),
        String(
            name="ExtraData",
            max_length=512,
            doc="Anything to be given back with a match.",
            note="seed: required; today: optional",
        ),
    ),
    result=(ResultField("DataId", doc="Id of the entry."),),
)

SEARCH_IMAGE = Action(
    service=SERVICE,
    name="SearchImage",
    summary="The pictures of an image database that are most like a given one.",
    parameters=(
        _database("DbName"),
        _picture(3),
        Integer(
            name="Limit",
            required=True,
            minimum=1,
            maximum=1000,
            doc="Most matches to return.",
            note="seed: 1 to 1000; today: 1 to 200 by its text, 1000 by its metadata",
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
                ResultField("ImageUrl", doc="The address that was given when the picture was added."),
                ResultField("Score", "number", "Likeness from 0 to 10."),
            ),
        ),
    ),
    idempotent=True,
)

LIST_IMAGES = Action(
    service=SERVICE,
    name="ListImages",
    summary="The pictures of an image database, a page of them.",
    parameters=(
        _database("DbName"),
        String(
            name="Token",
            min_length=1,
            doc=f"Of the answer before; the only way past the first {REACHED_BY_OFFSET:,} records.",
        ),
        Integer(
            name="Offset",
            minimum=0,
            doc="Which record comes first. Whether the first of all is 0 or 1 is not documented.",
        ),
        Integer(name="Limit", minimum=1, doc="Most records on a page; how many it may be is not documented."),
        Choice(
            name="Order", choices=("asc", "desc"), doc="Ascending or descending; by what, is not documented."
        ),
        String(name="EntityIdPrefix", max_length=64, doc="Only pictures whose EntityId begins like this."),
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
        ResultField("Token", doc="Asks for the next page."),
        ResultField("TotalCount", "integer", "How many there are."),
    ),
    idempotent=True,
)

DELETE_IMAGE = Action(
    service=SERVICE,
    name="DeleteImage",
    summary="Delete what an image database holds under an EntityId.",
    parameters=(_database("DbName"), _entity("What the picture shows.")),
    idempotent=True,
    note="What the service answers when there is no such entry is not documented.",
)
