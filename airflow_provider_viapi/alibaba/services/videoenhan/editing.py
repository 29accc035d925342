"""Actions that erase parts of the picture, change its shape, or shorten a video."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Needed
from airflow_provider_viapi.alibaba.parameters import Choice, Integer, ListOf, Number
from airflow_provider_viapi.alibaba.services.videoenhan.service import (
    COVER,
    MP4_TO_FULL_HD,
    action,
    fraction,
    output,
    source,
)
from airflow_provider_viapi.media_limits import GB, MediaLimits


def _side(name: str, doc: str) -> Integer:
    return Integer(name=name, required=True, minimum=32, maximum=2160, doc=f"{doc} of the output in pixels.")


def _color(name: str, color: str) -> Integer:
    return Integer(
        name=name, minimum=0, maximum=255, doc=f"{color} of the fill color; required with FillType color."
    )


ERASE_VIDEO_SUBTITLES = action(
    name="EraseVideoSubtitles",
    summary="Erase burnt-in subtitles from a video.",
    parameters=(
        source(MP4_TO_FULL_HD, note="2020: no limits are stated"),
        fraction("BX", "Left edge of the subtitle band, as a fraction of the width.", 0),
        fraction("BY", "Top edge of the subtitle band, as a fraction of the height.", 0.75),
        fraction("BW", "Width of the subtitle band, as a fraction of the width.", 1),
        fraction("BH", "Height of the subtitle band, as a fraction of the height.", 0.25),
    ),
    result=(output(),),
    is_job=True,
)

ERASE_VIDEO_LOGO = action(
    name="EraseVideoLogo",
    summary="Erase logos, such as those of TV stations, from a video.",
    parameters=(
        source(MP4_TO_FULL_HD, note="2020: no limits are stated"),
        ListOf(
            name="Boxes",
            fields=(
                fraction("X", "Left edge, as a fraction of the width."),
                fraction("Y", "Top edge, as a fraction of the height."),
                fraction("W", "Width, as a fraction of the width."),
                fraction("H", "Height, as a fraction of the height."),
            ),
            max_items=100,
            doc="Boxes around the logos. The effect of a request without boxes is not documented.",
            note="2020: no limit is stated; 2025: 100 by the metadata, whose text says that all but the first two "
            "are ignored",
        ),
    ),
    result=(output(),),
    is_job=True,
)

CHANGE_VIDEO_SIZE = action(
    name="ChangeVideoSize",
    summary="Reframe a video to another size by cropping and filling.",
    parameters=(
        # The documents of 2020 have the larger limit, and which of the two holds was not tried.
        source(
            MediaLimits(formats=("mp4", "avi", "mov", "flv"), max_bytes=10 * GB, cut_after=7200),
            note="2020: at most 10 GB; 2025: at most 1 GB",
        ),
        _side("Width", "Width"),
        _side("Height", "Height"),
        Choice(
            name="CropType",
            choices=("smart", "fill", "cut"),
            doc="smart: crop and fill depending on the subject; fill: keep the whole picture; cut: fill the whole "
            "frame.",
        ),
        Choice(
            name="FillType",
            choices=("image", "color", "stretch"),
            doc="Fill of the empty area: a blurred picture of the video, a color, or the stretched picture.",
        ),
        fraction("Tightness", "Tightness of the crop; a larger value cuts more off.", 0.6),
        _color("R", "Red"),
        _color("G", "Green"),
        _color("B", "Blue"),
    ),
    needed=(Needed(when=("FillType", "color"), names=("R", "G", "B")),),
    result=(output(), COVER),
    is_job=True,
)


_RETIRED = (
    "it is in the documents of 2020 and in Alibaba's SDK up to 3.0.22, but no longer in SDK 4.0.0 nor in the API "
    "metadata of late 2025, so the service may not have it any more"
)


def _summary_side(name: str, doc: str) -> Integer:
    return Integer(
        name=name,
        minimum=32,
        maximum=2160,
        doc=f"{doc} of the output in pixels. If only Width or only Height is given, the other follows in "
        "proportion; if neither is, the proportions of the video are kept. The longer side of the output has at "
        "most 1300 pixels.",
    )


ABSTRACT_ECOMMERCE_VIDEO = action(
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
        _summary_side("Width", "Width"),
        _summary_side("Height", "Height"),
    ),
    result=(output(), COVER),
    is_job=True,
    generations=("2020",),
    retired=_RETIRED,
)

ABSTRACT_FILM_VIDEO = action(
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
