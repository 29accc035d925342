"""Actions that produce a new video, from material or in another style."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.alibaba.parameters import (
    AtMost,
    Boolean,
    Choice,
    Integer,
    ListOf,
    Media,
    Number,
    String,
)
from airflow_provider_viapi.alibaba.services.videoenhan.service import (
    ANY_VIDEO,
    COVER,
    action,
    output,
    source,
)
from airflow_provider_viapi.media_limits import GB, MB, MediaLimits
from airflow_provider_viapi.schema import Unresolved

_LIMITS = (
    MediaLimits(when=("Type", "video"), formats=("mp4", "avi", "mkv", "mov"), max_bytes=GB),
    MediaLimits(
        when=("Type", "image"),
        formats=("jpeg", "png", "bmp"),
        # A kilobyte is counted as 1000 bytes: the smaller definition, since this is a lower bound.
        min_bytes=30 * 1000,
        max_bytes=100 * MB,
    ),
    MediaLimits(when=("Type", "audio"), formats=("mp3", "wav")),
)

_SUFFIXES = {
    "video": ("mp4", "avi", "mkv", "mov"),
    "image": ("jpg", "jpeg", "png", "bmp"),
    "audio": ("mp3", "wav"),
}
_IMPLIED = {"video": "mp4", "audio": "mp3"}


def _suffix(name: str) -> str:
    """Return what follows the last dot of a name's last part, in lower case."""
    return name.rpartition("/")[2].rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else ""


def _check_suffix(item: Mapping[str, Any]) -> str | None:
    """Return what is allowed if the suffix of a file's name or URL does not fit its type.

    The documents demand one in the name, except for MP4 and MP3. Their own example has an image whose name has none,
    and whose URL has one; so either counts for images [documents of 2020, still so in 2025].
    """
    kind, name, url = item["Type"], item["FileName"], item["FileUrl"]
    if isinstance(kind, Unresolved):
        return None
    named = None if isinstance(name, Unresolved) else _suffix(name)
    stored = None
    if not isinstance(url, Unresolved):
        stored = _suffix(re.split("[?#]", url)[0].partition("://")[2].partition("/")[2])
    suffixes = ", ".join(f".{each}" for each in _SUFFIXES[kind])
    by_url = _SUFFIXES[kind] if kind == "image" else ("", _IMPLIED[kind])
    if None not in (named, stored) and named not in _SUFFIXES[kind] and stored not in by_url:
        implied = f", or no suffix for .{_IMPLIED[kind]}" if kind in _IMPLIED else " (or a FileUrl that does)"
        return f"a FileName of Type {kind} that ends with {suffixes}{implied}"
    every = {suffix for each in _SUFFIXES.values() for suffix in each}
    if stored in every and stored not in _SUFFIXES[kind]:
        return f"a FileUrl of Type {kind} that ends with {suffixes}"
    return None


_MATERIAL = ListOf(
    name="FileList",
    required=True,
    min_items=1,
    most_with=tuple(
        AtMost(count=count, value=kind, field="Type")
        for kind, count in (("video", 5), ("image", 40), ("audio", 1))
    ),
    item_rule=_check_suffix,
    fields=(
        String(
            name="FileName",
            required=True,
            min_length=1,
            doc="File name with the suffix of its type; the suffix may be left out for MP4 and MP3.",
        ),
        Media(
            name="FileUrl",
            required=True,
            doc=" ".join(f"{each.when[1].title()}: {each.description}." for each in _LIMITS if each.when),
            note="2020: no sizes are stated; 2025: without BMP and WAV",
            limits=_LIMITS,
        ),
        Choice(name="Type", required=True, choices=("video", "image", "audio"), doc="Type of the file."),
    ),
    doc="Material. The first three minutes of all videos together are used, in their order.",
)


def _side(name: str, doc: str) -> Integer:
    return Integer(
        name=name,
        minimum=32,
        maximum=2160,
        doc=f"{doc} of the output in pixels. If only Width or only Height is given, the output is a square; "
        "if neither is, it has 750×750 pixels.",
    )


GENERATE_VIDEO = action(
    name="GenerateVideo",
    summary="Make a short advertising video from clips, images and music.",
    parameters=(
        _MATERIAL,
        Choice(
            name="Scene",
            choices=("costume", "general", "keeporder"),
            doc="costume: clothes; general: anything; keeporder: keep the order of the material.",
            default="costume",
            note="2020: without keeporder",
        ),
        _side("Width", "Width"),
        _side("Height", "Height"),
        Choice(name="Style", choices=("normal", "fast", "slow"), doc="Pace of the cuts.", default="normal"),
        Number(
            name="Duration",
            minimum=5,
            maximum=60,
            doc="Length of the output in seconds.",
            default=20,
            note="2020: no range is stated; 2025: 5 to 60",
        ),
        Boolean(name="DurationAdaption", doc="Let the service choose the length; Duration is ignored then."),
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
            doc="Transition between shots; default: random, depending on Style.",
            note="2020 and 2025: the text counts 15 styles but names these 14",
        ),
        Boolean(
            name="SmartEffect", doc="Cut to the beat of the music and animate still images.", default=True
        ),
        Boolean(name="PuzzleEffect", doc="Show several clips or images in one shot.", default=False),
        Boolean(
            name="Mute",
            doc="Remove the sound. Without audio material, the output of silent videos has none anyway.",
            default=False,
        ),
    ),
    result=(output(), COVER),
    is_job=True,
)

GENERATE_HUMAN_ANIME_STYLE_VIDEO = action(
    name="GenerateHumanAnimeStyleVideo",
    summary="Redraw a video of people in another style; billed by the length of the output.",
    parameters=(
        source(ANY_VIDEO, extra=", recommended at most 1920×1080 pixels and five people in the picture"),
        Choice(
            name="CartoonStyle",
            required=True,
            choices=("anime", "3d", "handdrawn", "sketch", "artstyle"),
            doc="anime: Japanese animation; 3d: 3D effect; handdrawn: drawn by hand; sketch: pencil; artstyle: "
            "artistic effect.",
        ),
    ),
    result=(output(),),
    is_job=True,
    generations=("2025",),
)
