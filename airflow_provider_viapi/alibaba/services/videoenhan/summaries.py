"""Actions that make a short version of a video; today's service may no longer have them."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import Integer, MediaLimits, Number
from airflow_provider_viapi.alibaba.services.videoenhan.service import COVER, SERVICE, made, source

_RETIRED = (
    "it is in the documents of 2020 and in Alibaba's SDK up to 3.0.22, but no longer in SDK 4.0.0 nor in the API "
    "metadata of late 2025, so today's service may not have it"
)


def _side(name: str, doc: str) -> Integer:
    return Integer(
        name=name,
        minimum=32,
        maximum=2160,
        doc=f"{doc} of the output in pixels. With one of the two the other follows in proportion, "
        "with none the proportions stay; the longer side of the result has at most 1300 pixels.",
    )


ABSTRACT_ECOMMERCE_VIDEO = Action(
    service=SERVICE,
    name="AbstractEcommerceVideo",
    summary="Sum up a shop's video in a given time.",
    parameters=(
        source("MP4, AVI, MKV or MOV", MediaLimits(formats=("mp4", "avi", "mkv", "mov"))),
        Number(
            name="Duration",
            required=True,
            minimum=0,
            exclusive_minimum=True,
            doc="Length of the summary in seconds.",
            note="seed: no range is given",
        ),
        _side("Width", "Width"),
        _side("Height", "Height"),
    ),
    result=(made(), COVER),
    is_job=True,
    generations=("2020",),
    retired=_RETIRED,
)

ABSTRACT_FILM_VIDEO = Action(
    service=SERVICE,
    name="AbstractFilmVideo",
    summary="Cut a film down to a given time.",
    parameters=(
        source("which formats is not documented"),
        Integer(
            name="Length",
            required=True,
            minimum=2,
            doc="Length of the result in whole seconds: more than 1 and less than the video lasts.",
        ),
    ),
    result=(made(),),
    is_job=True,
    generations=("2020",),
    retired=_RETIRED,
)
