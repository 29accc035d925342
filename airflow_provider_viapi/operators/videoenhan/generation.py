"""New videos: from material, or in another style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.operators.viapi import ViapiJobOperator

TransitionStyle = Literal[
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
]
"""How one shot becomes the next."""


class GenerateVideoOperator(ViapiJobOperator):
    """Make a short advertising video from clips, pictures and music.

    Returns ``VideoUrl`` and ``VideoCoverUrl`` (a still of the video), both good for 30 minutes.

    :param file_list: the material, each a mapping of ``FileName`` (with its ending unless it is MP4 or MP3),
        ``FileUrl`` (an HTTP(S) address that the service can read) and ``Type`` (``video``, ``image`` or ``audio``).
        At most 5 videos, of which the first three minutes in all are used: MP4, AVI, MKV or MOV, at most 1 GB. At
        most 40 images: JPG or PNG, 30 KB to 100 MB. At most one audio: MP3. The documents of 2020 also name BMP
        and WAV
    :param scene: ``costume`` for clothes, ``general`` for anything, ``keeporder`` to keep the order of the material
        (metadata of 2025); ``costume`` unless given
    :param width: of the output, in pixels, 32–2160; 750×750 without both, a square with one of the two
    :param height: of the output, in pixels, 32–2160
    :param style: pace of the cuts: ``normal``, ``fast`` or ``slow``; ``normal`` unless given
    :param duration: of the output, in seconds, 5–60; 20 unless given
    :param duration_adaption: the service chooses the length, and ``duration`` is not used
    :param transition_style: how one shot becomes the next: ``basic`` (a cut), ``slow``, ``fast``, ``normal``,
        ``ink``, ``glitch``, ``shift``, ``mosaic``, ``shutter``, ``zoom``, ``mask``, ``brush``, ``wind`` or ``smog``;
        by chance, as fits ``style``, unless given
    :param smart_effect: cuts to the beat and movement in still pictures; true unless given
    :param puzzle_effect: several clips or pictures in one shot; false unless given
    :param mute: no sound; false unless given
    """

    action = videoenhan.GENERATE_VIDEO

    def __init__(
        self,
        *,
        file_list: Sequence[Mapping[str, str]],
        scene: Literal["costume", "general", "keeporder"] | None = None,
        width: int | None = None,
        height: int | None = None,
        style: Literal["normal", "fast", "slow"] | None = None,
        duration: float | None = None,
        duration_adaption: bool | None = None,
        transition_style: TransitionStyle | None = None,
        smart_effect: bool | None = None,
        puzzle_effect: bool | None = None,
        mute: bool | None = None,
        **kwargs: Any,
    ) -> None:
        request = {
            "FileList": file_list,
            "Scene": scene,
            "Width": width,
            "Height": height,
            "Style": style,
            "Duration": duration,
            "DurationAdaption": duration_adaption,
            "TransitionStyle": transition_style,
            "SmartEffect": smart_effect,
            "PuzzleEffect": puzzle_effect,
            "Mute": mute,
        }
        super().__init__(request=request, **kwargs)


class GenerateHumanAnimeStyleVideoOperator(ViapiJobOperator):
    """Redraw a video of people in another style. From the metadata of 2025; billed by the length of the output.

    Returns ``VideoUrl``, the address of the redrawn video, good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MKV, FLV, MOV, MPG, TS or
        MXF, at most 1 GB, best at most 1920×1080 pixels and five people in the picture
    :param cartoon_style: ``anime`` (Japanese animation), ``3d``, ``handdrawn``, ``sketch`` (pencil) or ``artstyle``
        (an artistic effect)
    """

    action = videoenhan.GENERATE_HUMAN_ANIME_STYLE_VIDEO

    def __init__(
        self,
        *,
        video_url: str,
        cartoon_style: Literal["anime", "3d", "handdrawn", "sketch", "artstyle"],
        **kwargs: Any,
    ) -> None:
        super().__init__(request={"VideoUrl": video_url, "CartoonStyle": cartoon_style}, **kwargs)
