"""Actions that improve a video: size, colour, frame rate, sharpness."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import BitRate, Choice, Integer
from airflow_provider_viapi.alibaba.services.videoenhan.service import (
    FORMATS,
    MOST_READ,
    SERVICE,
    made,
    source,
)

SUPER_RESOLVE_VIDEO = Action(
    service=SERVICE,
    name="SuperResolveVideo",
    summary="Double the width and height of a video and bring out its details; H.264 in an MP4.",
    parameters=(
        source(
            f"{FORMATS}, more than 360×360 and less than 1920×1080 pixels",
            MOST_READ,
            note="seed: more than 32x32 and less than 1080×1920 pixels",
        ),
        Integer(
            name="BitRate",
            minimum=1,
            maximum=100,
            doc="Bit rate of the output in megabits per second.",
            default=10,
            note="seed: 1 to 100, twice that of the input unless given; today: 1 to 20 by its text",
        ),
    ),
    result=(made(),),
    is_job=True,
)

ADJUST_VIDEO_COLOR = Action(
    service=SERVICE,
    name="AdjustVideoColor",
    summary="Correct the colours of a video.",
    parameters=(
        source(
            f"{FORMATS}, more than 360×360 pixels; what exceeds 3840×2160 is scaled down",
            MOST_READ,
            note="seed: formats and the smallest size are not given",
        ),
        Choice(
            name="Mode",
            choices=("LogC", "Rec709"),
            doc="LogC: flat footage, mostly of 10 bits; Rec709: ordinary video, mostly of 8 bits.",
            default="LogC",
            note="seed: required; today: optional",
        ),
        BitRate(
            name="VideoBitrate",
            minimum=8,
            maximum=200,
            doc="Bit rate of the output in megabits.",
            default=20,
            note="seed: text such as 15000k without a range, that of the input unless given; today: whole "
            "megabits, and that is how it is sent",
        ),
        Choice(
            name="VideoCodec",
            choices=("h264", "hevc", "prores"),
            doc="Codec of the output.",
            default="h264",
            note="seed: only h264 is named",
        ),
        Choice(
            name="VideoFormat",
            choices=("mp4", "mov"),
            doc="Container of the output.",
            default="mp4",
            note="seed: mov unless given; today: mp4",
        ),
    ),
    result=(made(),),
    is_job=True,
)

_FRAME_RATE = Integer(
    name="FrameRate", minimum=1, maximum=120, doc="Frames per second of the output.", default=50
)
_BITRATE = Integer(
    name="Bitrate", minimum=8, maximum=200, doc="Bit rate of the output in megabits.", default=20
)


def _output_side(name: str, most: int, doc: str) -> Integer:
    return Integer(
        name=name,
        minimum=180,
        maximum=most,
        doc=f"{doc} of the output in pixels, from half to four times that of the input; twice unless given.",
    )


ENHANCE_VIDEO_QUALITY = Action(
    service=SERVICE,
    name="EnhanceVideoQuality",
    summary="Give a video more pixels, more frames and a high dynamic range.",
    parameters=(
        source(
            f"{FORMATS}, at most 10 minutes, more than 360×360 and less than 1920×1080 pixels",
            MOST_READ,
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
            doc="Greatest brightness in nits; only with HLG, 1000 unless given. PQ is always 600.",
        ),
        _BITRATE,
    ),
    result=(made("VideoURL"),),
    is_job=True,
    generations=("2025",),
)

INTERPOLATE_VIDEO_FRAME = Action(
    service=SERVICE,
    name="InterpolateVideoFrame",
    summary="Give a video more frames per second by making those between.",
    parameters=(
        source(f"{FORMATS}, 360×360 to 1920×1080 pixels", MOST_READ, name="VideoURL"),
        _FRAME_RATE,
        _BITRATE,
    ),
    result=(made("VideoURL"),),
    is_job=True,
    generations=("2025",),
)

ENHANCE_PORTRAIT_VIDEO = Action(
    service=SERVICE,
    name="EnhancePortraitVideo",
    summary="Sharpen the faces in a video.",
    parameters=(source(f"{FORMATS}, less than 1920×1080 pixels", MOST_READ),),
    result=(made(),),
    is_job=True,
    generations=("2025",),
)
