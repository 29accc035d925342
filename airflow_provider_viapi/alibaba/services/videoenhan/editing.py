"""Actions that change what is in the picture, and its shape."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import GB, Choice, Integer, ListOf, MediaLimits
from airflow_provider_viapi.alibaba.services.videoenhan.service import (
    COVER,
    MP4_ONLY,
    SERVICE,
    fraction,
    made,
    source,
)


def _side(name: str, doc: str) -> Integer:
    return Integer(name=name, required=True, minimum=32, maximum=2160, doc=f"{doc} of the output in pixels.")


def _colour(name: str, colour: str) -> Integer:
    return Integer(name=name, minimum=0, maximum=255, doc=f"{colour} of the fill; with FillType color.")


ERASE_VIDEO_SUBTITLES = Action(
    service=SERVICE,
    name="EraseVideoSubtitles",
    summary="Erase burnt-in subtitles from a video.",
    parameters=(
        source("MP4, at most 1 GB and 1080p", MP4_ONLY, note="seed: no limits are given"),
        fraction("BX", "Left edge of the subtitle band, as a fraction of the width.", 0),
        fraction("BY", "Top edge of the band, as a fraction of the height.", 0.75),
        fraction("BW", "Width of the band, as a fraction of the width.", 1),
        fraction("BH", "Height of the band, as a fraction of the height.", 0.25),
    ),
    result=(made(),),
    is_job=True,
)

ERASE_VIDEO_LOGO = Action(
    service=SERVICE,
    name="EraseVideoLogo",
    summary="Erase logos, such as a station's, from a video.",
    parameters=(
        source("MP4, at most 1 GB and 1080p", MP4_ONLY, note="seed: no limits are given"),
        ListOf(
            name="Boxes",
            fields=(
                fraction("X", "Left edge, as a fraction of the width."),
                fraction("Y", "Top edge, as a fraction of the height."),
                fraction("W", "Width, as a fraction of the width."),
                fraction("H", "Height, as a fraction of the height."),
            ),
            max_items=100,
            doc="Where the logos are. What happens without any is not documented.",
            note="seed: no limit is given; today: 100 by its metadata, of which its text says that all but the "
            "first two are ignored",
        ),
    ),
    result=(made(),),
    is_job=True,
)

CHANGE_VIDEO_SIZE = Action(
    service=SERVICE,
    name="ChangeVideoSize",
    summary="Reframe a video to another size by cropping and filling.",
    parameters=(
        source(
            "MP4, AVI, MOV or FLV, at most 1 GB; what comes after two hours is cut off",
            # The seed's is the larger limit, and which of the two holds was not seen.
            MediaLimits(formats=("mp4", "avi", "mov", "flv"), max_bytes=10 * GB),
            note="seed: at most 10 GB",
        ),
        _side("Width", "Width"),
        _side("Height", "Height"),
        Choice(
            name="CropType",
            choices=("smart", "fill", "cut"),
            doc="smart: follow the subject; fill: keep the whole frame; cut: fill the whole frame.",
        ),
        Choice(
            name="FillType",
            choices=("image", "color", "stretch"),
            doc="What fills the rest: a blurred frame, a colour, or the stretched picture.",
        ),
        fraction("Tightness", "How closely the crop follows the subject: more cuts more off.", 0.6),
        _colour("R", "Red"),
        _colour("G", "Green"),
        _colour("B", "Blue"),
    ),
    result=(made(), COVER),
    is_job=True,
)
