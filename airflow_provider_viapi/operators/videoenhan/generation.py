"""Operators that produce new videos, from material or in another style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from airflow_provider_viapi.alibaba.services.videoenhan import generation
from airflow_provider_viapi.operators.viapi import ViapiJobOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import (
        Address,
        Flag,
        Integer,
        Number,
        ViapiJobOptions,
    )

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
"""Transition between two shots."""


class GenerateVideoOperator(ViapiJobOperator):
    """Make a short advertising video from clips, images and music.

    Returns ``VideoUrl`` and ``VideoCoverUrl`` (cover image of the video), both valid for 30 minutes.

    :param file_list: material, each a mapping of ``FileName`` (with the suffix of its type, which may be left out for
        MP4 and MP3), ``FileUrl`` (a URL that the service can read or an address in object storage) and ``Type``
        (``video``, ``image`` or ``audio``). At most 5 videos, of which the first three minutes in all are used: MP4,
        AVI, MKV or MOV, at most 1 GB. At most 40 images: JPEG, PNG or BMP, at least 30 KB, at most 100 MB. At most
        one audio: MP3 or WAV. The metadata of 2025 does not name BMP and WAV
    :param scene: ``costume`` for clothes, ``general`` for anything, ``keeporder`` to keep the order of the material
        (metadata of 2025); default: ``costume``
    :param width: width of the output in pixels, 32–2160; if only ``width`` or only ``height`` is given, the output is
        a square; if neither is, it has 750×750 pixels
    :param height: height of the output in pixels, 32–2160
    :param style: pace of the cuts: ``normal``, ``fast`` or ``slow``; default: ``normal``
    :param duration: length of the output in seconds, 5–60; default: 20
    :param duration_adaption: let the service choose the length; ``duration`` is ignored then
    :param transition_style: transition between shots: ``basic`` (a cut), ``slow``, ``fast``, ``normal``, ``ink``,
        ``glitch``, ``shift``, ``mosaic``, ``shutter``, ``zoom``, ``mask``, ``brush``, ``wind`` or ``smog``; default:
        random, depending on ``style``
    :param smart_effect: cut to the beat of the music and animate still images; default: true
    :param puzzle_effect: show several clips or images in one shot; default: false
    :param mute: remove the sound; default: false. The output has none anyway if there is no audio material and the
        videos are silent
    """

    action = generation.GENERATE_VIDEO

    def __init__(
        self,
        *,
        file_list: Sequence[Mapping[str, Address]] | XComArg,
        scene: Literal["costume", "general", "keeporder"] | XComArg | None = None,
        width: Integer | None = None,
        height: Integer | None = None,
        style: Literal["normal", "fast", "slow"] | XComArg | None = None,
        duration: Number | None = None,
        duration_adaption: Flag | None = None,
        transition_style: TransitionStyle | XComArg | None = None,
        smart_effect: Flag | None = None,
        puzzle_effect: Flag | None = None,
        mute: Flag | None = None,
        **kwargs: Unpack[ViapiJobOptions],
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

    Returns ``VideoUrl``, the URL of the output, valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MKV, MOV, FLV, TS, MPG or MXF, at most 1 GB, recommended at most 1920×1080 pixels and five people in the
        picture
    :param cartoon_style: ``anime`` (Japanese animation), ``3d``, ``handdrawn``, ``sketch`` (pencil) or ``artstyle``
    """

    action = generation.GENERATE_HUMAN_ANIME_STYLE_VIDEO

    def __init__(
        self,
        *,
        video_url: Address,
        cartoon_style: Literal["anime", "3d", "handdrawn", "sketch", "artstyle"] | XComArg,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        super().__init__(request={"VideoUrl": video_url, "CartoonStyle": cartoon_style}, **kwargs)
