"""What is in the picture, and its shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.operators.viapi import ViapiJobOperator


class EraseVideoSubtitlesOperator(ViapiJobOperator):
    """Erase burnt-in subtitles from a video.

    Only what lies in the band is touched; unless told otherwise that is the lower quarter of the frame.

    Returns ``VideoUrl``, the address of the video without subtitles, good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, at most 1 GB and 1080p
        (metadata of 2025)
    :param bx: left edge of the subtitle band, as a fraction of the width, 0–1; 0 unless given
    :param by: top edge of the band, as a fraction of the height, 0–1; 0.75 unless given
    :param bw: width of the band, as a fraction of the width, 0–1; 1 unless given
    :param bh: height of the band, as a fraction of the height, 0–1; 0.25 unless given
    """

    action = videoenhan.ERASE_VIDEO_SUBTITLES

    def __init__(
        self,
        *,
        video_url: str,
        bx: float | None = None,
        by: float | None = None,
        bw: float | None = None,
        bh: float | None = None,
        **kwargs: Any,
    ) -> None:
        request = {"VideoUrl": video_url, "BX": bx, "BY": by, "BW": bw, "BH": bh}
        super().__init__(request=request, **kwargs)


class EraseVideoLogoOperator(ViapiJobOperator):
    """Erase logos, such as a station's or a platform's, from a video.

    Returns ``VideoUrl``, the address of the video without logos, good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, at most 1 GB and 1080p
        (metadata of 2025)
    :param boxes: where the logos are, each a mapping of ``X``, ``Y`` (left and top edge), ``W`` and ``H`` (width and
        height), as fractions of the picture's width and height, 0–1. The documents of 2020 name no limit, the
        metadata of 2025 names 100 boxes and says that all but the first two are ignored. What the service does
        without boxes is not documented.
    """

    action = videoenhan.ERASE_VIDEO_LOGO

    def __init__(
        self, *, video_url: str, boxes: Sequence[Mapping[str, float]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(request={"VideoUrl": video_url, "Boxes": boxes}, **kwargs)


class ChangeVideoSizeOperator(ViapiJobOperator):
    """Reframe a video to another size, by cropping around its subject and filling what is left.

    Returns ``VideoUrl`` and ``VideoCoverUrl`` (a still of the video), both good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MOV or FLV, at most 1 GB
        (10 GB in the documents of 2020); what comes after two hours is cut off
    :param width: of the output, in pixels, 32–2160
    :param height: of the output, in pixels, 32–2160
    :param crop_type: ``smart`` follows the subject, cropping and filling as it needs; ``fill`` keeps the whole
        picture; ``cut`` crops until nothing need be filled
    :param fill_type: what fills the rest: ``image`` (a blurred frame of the video), ``color`` or ``stretch``
    :param tightness: how closely a smart crop follows the subject, 0–1, more cuts off more; 0.6 unless given
    :param r: red of the colour that fills, 0–255
    :param g: green of the colour that fills, 0–255
    :param b: blue of the colour that fills, 0–255
    """

    action = videoenhan.CHANGE_VIDEO_SIZE

    def __init__(
        self,
        *,
        video_url: str,
        width: int,
        height: int,
        crop_type: Literal["smart", "fill", "cut"] | None = None,
        fill_type: Literal["image", "color", "stretch"] | None = None,
        tightness: float | None = None,
        r: int | None = None,
        g: int | None = None,
        b: int | None = None,
        **kwargs: Any,
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
