"""Actions that produce a short version of a video; the service may not have them any more."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.media_parameters import MediaLimits
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import Integer, Number
from airflow_provider_viapi.alibaba.services.videoenhan.service import COVER, SERVICE, output, source

_RETIRED = (
    "it is in the documents of 2020 and in Alibaba's SDK up to 3.0.22, but no longer in SDK 4.0.0 nor in the API "
    "metadata of late 2025, so the service may not have it any more"
)


def _side(name: str, doc: str) -> Integer:
    return Integer(
        name=name,
        minimum=32,
        maximum=2160,
        doc=f"{doc} of the output in pixels. With one of Width and Height the other follows in proportion, "
        "with neither the proportions are kept; the longer side of the output has at most 1300 pixels.",
    )


ABSTRACT_ECOMMERCE_VIDEO = Action(
    service=SERVICE,
    name="AbstractEcommerceVideo",
    summary="Summarize a product video in a given time.",
    parameters=(
        source(MediaLimits(formats=("mp4", "avi", "mkv", "mov"))),
        Number(
            name="Duration",
            required=True,
            minimum=0,
            exclusive_minimum=True,
            doc="Length of the summary in seconds.",
            note="2020: no range is stated",
        ),
        _side("Width", "Width"),
        _side("Height", "Height"),
    ),
    result=(output(), COVER),
    is_job=True,
    generations=("2020",),
    retired=_RETIRED,
)

ABSTRACT_FILM_VIDEO = Action(
    service=SERVICE,
    name="AbstractFilmVideo",
    summary="Cut a film down to a given time.",
    parameters=(
        source(MediaLimits()),
        Integer(
            name="Length",
            required=True,
            minimum=2,
            doc="Length of the output in whole seconds: more than 1 and less than the length of the film.",
        ),
    ),
    result=(output(),),
    is_job=True,
    generations=("2020",),
    retired=_RETIRED,
)
