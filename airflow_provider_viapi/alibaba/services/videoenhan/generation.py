"""Actions that make a new video: from material, or in another style."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import (
    GB,
    MB,
    AtMost,
    Boolean,
    Choice,
    Integer,
    ListOf,
    Media,
    MediaLimits,
    Number,
    String,
)
from airflow_provider_viapi.alibaba.services.videoenhan.service import (
    COVER,
    FORMATS,
    MOST_READ,
    SERVICE,
    made,
    source,
)

_MATERIAL = ListOf(
    name="FileList",
    required=True,
    min_items=1,
    max_with=(AtMost(5, "video", "Type"), AtMost(40, "image", "Type"), AtMost(1, "audio", "Type")),
    fields=(
        String(
            name="FileName",
            required=True,
            min_length=1,
            doc="Name of the file, with its ending unless it is MP4 or MP3.",
        ),
        Media(
            name="FileUrl",
            required=True,
            doc="The file: MP4, AVI, MKV or MOV of at most 1 GB; JPG or PNG of 30 KB to 100 MB; MP3.",
            note="seed: also BMP and WAV, and no sizes are given",
            limits=(
                MediaLimits(when=("Type", "video"), formats=("mp4", "avi", "mkv", "mov"), max_bytes=GB),
                MediaLimits(
                    when=("Type", "image"),
                    formats=("jpeg", "png", "bmp"),
                    # A kilobyte of the smaller kind, as a megabyte is one of the larger: see ``media``.
                    min_bytes=30 * 1000,
                    max_bytes=100 * MB,
                ),
                MediaLimits(when=("Type", "audio"), formats=("mp3", "wav")),
            ),
        ),
        Choice(name="Type", required=True, choices=("video", "image", "audio"), doc="What it is."),
    ),
    doc="The material. Of the videos the first three minutes in all are used.",
)


def _side(name: str, doc: str) -> Integer:
    return Integer(
        name=name,
        minimum=32,
        maximum=2160,
        doc=f"{doc} of the output in pixels; 750×750 without both, a square with one of them.",
    )


GENERATE_VIDEO = Action(
    service=SERVICE,
    name="GenerateVideo",
    summary="Make a short advertising video from clips, pictures and music.",
    parameters=(
        _MATERIAL,
        Choice(
            name="Scene",
            choices=("costume", "general", "keeporder"),
            doc="costume: clothes; general: anything; keeporder: the material stays in its order.",
            default="costume",
            note="seed: without keeporder",
        ),
        _side("Width", "Width"),
        _side("Height", "Height"),
        Choice(
            name="Style", choices=("normal", "fast", "slow"), doc="Backoff of the cuts.", default="normal"
        ),
        Number(
            name="Duration",
            minimum=5,
            maximum=60,
            doc="Length of the output in seconds.",
            default=20,
            note="seed: no range is given; today: 5 to 60",
        ),
        Boolean(
            name="DurationAdaption", doc="Whether the service chooses the length; Duration is not used then."
        ),
        Choice(
            name="TransitionStyle",
            choices=(
                "basic",
                "slow",
                "fast",
                "normal",
                "ink",
                "glitch",
                "shift",
                "mosaic",
                "shutter",
                "zoom",
                "mask",
                "brush",
                "wind",
                "smog",
            ),
            doc="How one shot becomes the next; by chance, as fits the Style, unless given.",
            note="seed and today announce 15 styles and name these 14",
        ),
        Boolean(name="SmartEffect", doc="Cuts to the beat and movement in still pictures.", default=True),
        Boolean(name="PuzzleEffect", doc="Several clips or pictures in one shot.", default=False),
        Boolean(name="Mute", doc="No sound.", default=False),
    ),
    result=(made(), COVER),
    is_job=True,
)

GENERATE_HUMAN_ANIME_STYLE_VIDEO = Action(
    service=SERVICE,
    name="GenerateHumanAnimeStyleVideo",
    summary="Redraw a video of people in another style; billed by the length of the output.",
    parameters=(
        source(f"{FORMATS}, best at most 1920×1080 pixels and five people in the picture", MOST_READ),
        Choice(
            name="CartoonStyle",
            required=True,
            choices=("anime", "3d", "handdrawn", "sketch", "artstyle"),
            doc="Japanese animation, a 3D effect, drawn by hand, pencil, or an artistic effect.",
        ),
    ),
    result=(made(),),
    is_job=True,
    generations=("2025",),
)
