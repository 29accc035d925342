"""Service imgsearch (image search), version 2020-03-20.

Closed to new accounts since 2023-02-15, still served for those that had it [API metadata].
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import Integer, Text, Url

SERVICE = Service("imgsearch", "2020-03-20")

_LOWER = {"pattern": "[a-z0-9_]*", "characters": "a to z, 0 to 9 and _"}


def _database(name: str) -> Text:
    return Text(name=name, required=True, shortest=2, longest=64, doc="Name of the image database.", **_LOWER)


_IMAGE_LIMITS = "JPEG or PNG, each side from 128 to 1024 pixels"

CREATE_IMAGE_DB = Action(
    service=SERVICE,
    name="CreateImageDb",
    summary="Create an image database; an account has one unless more were granted.",
    parameters=(_database("Name"),),
)

LIST_IMAGE_DBS = Action(
    service=SERVICE,
    name="ListImageDbs",
    summary="Names of the account's image databases.",
    result=(ResultField("DbList", "list", fields=(ResultField("Name"),)),),
    repeatable=True,
)

ADD_IMAGE = Action(
    service=SERVICE,
    name="AddImage",
    summary="Add a picture to an image database, which holds up to 50,000.",
    parameters=(
        _database("DbName"),
        Text(name="EntityId", required=True, shortest=1, longest=64, doc="What the picture shows.", **_LOWER),
        Url(name="ImageUrl", required=True, doc=f"The picture: {_IMAGE_LIMITS}, at most 2 MB."),
        Text(
            name="ExtraData",
            longest=512,
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
        Url(name="ImageUrl", required=True, doc=f"The picture: {_IMAGE_LIMITS}, at most 3 MB."),
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
    repeatable=True,
)
