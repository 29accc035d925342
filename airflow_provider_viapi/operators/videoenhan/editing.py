"""Operators that erase subtitles and logos, change the frame of a video, and shorten it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from airflow_provider_viapi.alibaba.services.videoenhan import editing
from airflow_provider_viapi.operators.viapi import ViapiJobOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import Address, Integer, Number, ViapiJobOptions


class EraseVideoSubtitlesOperator(ViapiJobOperator):
    """Erase burnt-in subtitles from a video.

    Only the subtitle band is changed; by default that is the lowest quarter of the picture.

    Returns ``VideoUrl``, the URL of the video without subtitles, valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, at
        most 1 GB, at most 1920×1080 pixels
    :param bx: left edge of the subtitle band as a fraction of the width, 0–1; default: 0
    :param by: top edge of the subtitle band as a fraction of the height, 0–1; default: 0.75
    :param bw: width of the subtitle band as a fraction of the width, 0–1; default: 1
    :param bh: height of the subtitle band as a fraction of the height, 0–1; default: 0.25
    """

    action = editing.ERASE_VIDEO_SUBTITLES

    def __init__(
        self,
        *,
        video_url: Address,
        bx: Number | None = None,
        by: Number | None = None,
        bw: Number | None = None,
        bh: Number | None = None,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        request = {"VideoUrl": video_url, "BX": bx, "BY": by, "BW": bw, "BH": bh}
        super().__init__(request=request, **kwargs)


class EraseVideoLogoOperator(ViapiJobOperator):
    """Erase logos, such as those of TV stations or platforms, from a video.

    Returns ``VideoUrl``, the URL of the video without logos, valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, at
        most 1 GB, at most 1920×1080 pixels
    :param boxes: boxes around the logos, each a mapping of ``X``, ``Y`` (left and top edge), ``W`` and ``H`` (width
        and height), as fractions of the picture's width and height, 0–1. At most 100; by the metadata of 2025 the
        service ignores all but the first two. The effect of a request without boxes is not documented
    """

    action = editing.ERASE_VIDEO_LOGO

    def __init__(
        self,
        *,
        video_url: Address,
        boxes: Sequence[Mapping[str, Number]] | XComArg | None = None,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        super().__init__(request={"VideoUrl": video_url, "Boxes": boxes}, **kwargs)


class ChangeVideoSizeOperator(ViapiJobOperator):
    """Reframe a video to another size by cropping around its subject and filling the rest.

    Returns ``VideoUrl`` and ``VideoCoverUrl`` (cover image of the video), both valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MOV or FLV, at most 10 GB, cut off after 2 hours; the metadata of 2025 states at most 1 GB
    :param width: width of the output in pixels, 32–2160
    :param height: height of the output in pixels, 32–2160
    :param crop_type: ``smart`` crops and fills depending on the subject, ``fill`` keeps the whole picture, ``cut``
        crops until nothing has to be filled
    :param fill_type: fill of the empty area: ``image`` (a blurred picture of the video), ``color`` (needs ``r``,
        ``g`` and ``b``) or ``stretch``
    :param tightness: how closely a smart crop follows the subject, 0–1; a larger value cuts more off; default: 0.6
    :param r: red of the fill color, 0–255
    :param g: green of the fill color, 0–255
    :param b: blue of the fill color, 0–255
    """

    action = editing.CHANGE_VIDEO_SIZE

    def __init__(
        self,
        *,
        video_url: Address,
        width: Integer,
        height: Integer,
        crop_type: Literal["smart", "fill", "cut"] | XComArg | None = None,
        fill_type: Literal["image", "color", "stretch"] | XComArg | None = None,
        tightness: Number | None = None,
        r: Integer | None = None,
        g: Integer | None = None,
        b: Integer | None = None,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        request = {
            "VideoUrl": video_url,
            "Width": width,
            "Height": height,
            "CropType": crop_type,
            "FillType": fill_type,
            "Tightness": tightness,
            "R": r,
            "G": g,
            "B": b,
        }
        super().__init__(request=request, **kwargs)


class AbstractEcommerceVideoOperator(ViapiJobOperator):
    """Summarize a product video in a given time.

    The action is in the documents of 2020 and in Alibaba's SDK up to 3.0.22, but neither in SDK 4.0.0 nor in the API
    metadata of late 2025: today's service may refuse it, and the error then says so.

    Returns ``VideoUrl`` and ``VideoCoverUrl`` (cover image of the video), both valid for 30 minutes. The longer side
    of the output has at most 1300 pixels.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MKV or MOV
    :param duration: length of the summary in seconds, more than 0
    :param width: width of the output in pixels, 32–2160; default: in proportion to the height
    :param height: height of the output in pixels, 32–2160; default: in proportion to the width
    """

    action = editing.ABSTRACT_ECOMMERCE_VIDEO

    def __init__(
        self,
        *,
        video_url: Address,
        duration: Number,
        width: Integer | None = None,
        height: Integer | None = None,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        request = {"VideoUrl": video_url, "Duration": duration, "Width": width, "Height": height}
        super().__init__(request=request, **kwargs)


class AbstractFilmVideoOperator(ViapiJobOperator):
    """Cut a film down to a given time.

    The action is in the documents of 2020 and in Alibaba's SDK up to 3.0.22, but neither in SDK 4.0.0 nor in the API
    metadata of late 2025: today's service may refuse it, and the error then says so.

    Returns ``VideoUrl``, the URL of the short version, valid for 30 minutes.

    :param video_url: film, a URL that the service can read or an address in object storage (``s3://…``)
    :param length: length of the output in whole seconds, at least 2 and less than that of the film
    """

    action = editing.ABSTRACT_FILM_VIDEO

    def __init__(self, *, video_url: Address, length: Integer, **kwargs: Unpack[ViapiJobOptions]) -> None:
        super().__init__(request={"VideoUrl": video_url, "Length": length}, **kwargs)
