"""Actions that improve a video: resolution, color, frame rate, sharpness."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.parameters import BitRate, Choice, Integer
from airflow_provider_viapi.alibaba.services.videoenhan.service import (
    ANY_VIDEO,
    FULL_HD,
    action,
    output,
    source,
)

_ABOVE_360P = ANY_VIDEO.replace(min_pixels=(360, 360), max_pixels=FULL_HD, exclusive=True)

SUPER_RESOLVE_VIDEO = action(
    name="SuperResolveVideo",
    summary="Double the width and height of a video and restore details; the output is H.264 in an MP4.",
    parameters=(
        source(
            _ABOVE_360P.replace(min_pixels=(32, 32)),
            note="2020: more than 32×32 and less than 1080×1920 pixels, no formats or file size are stated; "
            "2025: more than 360×360 and less than 1920×1080 pixels",
        ),
        Integer(
            name="BitRate",
            minimum=1,
            maximum=100,
            doc="Bit rate of the output in Mbit/s.",
            default=10,
            note="2020: 1 to 100, default: twice that of the input; 2025: 1 to 20 by its text",
        ),
    ),
    result=(output(),),
    is_job=True,
)

ADJUST_VIDEO_COLOR = action(
    name="AdjustVideoColor",
    summary="Correct the colors of a video.",
    parameters=(
        source(
            ANY_VIDEO.replace(min_pixels=(360, 360), exclusive=True, scaled_above=3840),
            note="2020: scaled down if a side has more than 3840 pixels; no formats, file size or smallest picture "
            "are stated; 2025: less than 3840×2160, beyond which it is scaled down",
        ),
        Choice(
            name="Mode",
            choices=("LogC", "Rec709"),
            doc="LogC: low-contrast (log) footage, usually 10 bits; Rec709: ordinary video, usually 8 bits.",
            default="LogC",
            note="2020: required; 2025: optional",
        ),
        BitRate(
            name="VideoBitrate",
            minimum=8,
            maximum=200,
            doc="Bit rate of the output in Mbit/s.",
            default=20,
            note="2020: text such as 15000k without a range, default: that of the input; 2025: whole Mbit/s, which "
            "is what is sent",
        ),
        Choice(
            name="VideoCodec",
            choices=("h264", "hevc", "prores"),
            doc="Codec of the output.",
            default="h264",
            note="2020: only h264 is named",
        ),
        Choice(
            name="VideoFormat",
            choices=("mp4", "mov"),
            doc="Container of the output.",
            default="mp4",
            note="2020: default: mov; 2025: default: mp4",
        ),
    ),
    result=(output(),),
    is_job=True,
)

_FRAME_RATE = Integer(
    name="FrameRate", minimum=1, maximum=120, doc="Frames per second of the output.", default=50
)
_BITRATE = Integer(
    name="Bitrate", minimum=8, maximum=200, doc="Bit rate of the output in Mbit/s.", default=20
)


def _output_side(name: str, most: int, doc: str) -> Integer:
    return Integer(
        name=name,
        minimum=180,
        maximum=most,
        doc=f"{doc} of the output in pixels, from half to four times that of the input; default: twice.",
    )


ENHANCE_VIDEO_QUALITY = action(
    name="EnhanceVideoQuality",
    summary="Raise resolution and frame rate of a video and convert it to a high dynamic range.",
    parameters=(
        source(
            _ABOVE_360P.replace(max_seconds=600),
            name="VideoURL",
        ),
        _output_side("OutPutWidth", 7680, "Width"),
        _output_side("OutPutHeight", 4320, "Height"),
        _FRAME_RATE,
        Choice(name="HDRFormat", choices=("PQ", "HLG"), doc="Transfer function of the output.", default="PQ"),
        Integer(
            name="MaxIlluminance",
            minimum=500,
            maximum=1000,
            doc="Peak brightness in nits, with HLG only; default: 1000. PQ always has 600.",
        ),
        _BITRATE,
    ),
    result=(output("VideoURL"),),
    is_job=True,
    generations=("2025",),
)

INTERPOLATE_VIDEO_FRAME = action(
    name="InterpolateVideoFrame",
    summary="Raise the frame rate of a video by interpolating frames.",
    parameters=(
        source(ANY_VIDEO.replace(min_pixels=(360, 360), max_pixels=FULL_HD), name="VideoURL"),
        _FRAME_RATE,
        _BITRATE,
    ),
    result=(output("VideoURL"),),
    is_job=True,
    generations=("2025",),
)

ENHANCE_PORTRAIT_VIDEO = action(
    name="EnhancePortraitVideo",
    summary="Sharpen the faces in a video.",
    parameters=(source(ANY_VIDEO.replace(max_pixels=FULL_HD, exclusive=True)),),
    result=(output(),),
    is_job=True,
    generations=("2025",),
)
