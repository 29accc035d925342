"""Size, colour, frame rate and sharpness of a video."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.operators.viapi import ViapiJobOperator


class SuperResolveVideoOperator(ViapiJobOperator):
    """Double the width and height of a video and bring out its details.

    Returns ``VideoUrl``, the address of the larger video (H.264 in an MP4), good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MKV, MOV, FLV, TS, MPG or
        MXF, at most 1 GB, more than 360×360 and less than 1920×1080 pixels (metadata of 2025; the documents of
        2020: more than 32×32 and less than 1080×1920)
    :param bit_rate: of the output, in megabits per second, 1–100. The metadata of 2025 names 1–20, and 10 unless
        given; the documents of 2020 name 1–100, and twice the input's unless given
    """

    action = videoenhan.SUPER_RESOLVE_VIDEO

    def __init__(self, *, video_url: str, bit_rate: int | None = None, **kwargs: Any) -> None:
        super().__init__(request={"VideoUrl": video_url, "BitRate": bit_rate}, **kwargs)


class AdjustVideoColorOperator(ViapiJobOperator):
    """Correct the colours of a video.

    Returns ``VideoUrl``, the address of the corrected video, good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MKV, MOV, FLV, TS, MPG or
        MXF, at most 1 GB, more than 360×360 pixels; what exceeds 3840×2160 is scaled down
    :param mode: ``LogC`` for flat footage, mostly of 10 bits, ``Rec709`` for ordinary video, mostly of 8; ``LogC``
        unless given (in the documents of 2020 it had to be)
    :param video_bitrate: of the output, in whole megabits, 8–200, or the same in kilobits as the documents of 2020
        write it, ``15000k``; 20 unless given (in the documents of 2020 that of the input)
    :param video_codec: ``h264``, ``hevc`` or ``prores``; ``h264`` unless given
    :param video_format: ``mp4`` or ``mov``; ``mp4`` unless given (in the documents of 2020 ``mov``)
    """

    action = videoenhan.ADJUST_VIDEO_COLOR

    def __init__(
        self,
        *,
        video_url: str,
        mode: Literal["LogC", "Rec709"] | None = None,
        video_bitrate: int | str | None = None,
        video_codec: Literal["h264", "hevc", "prores"] | None = None,
        video_format: Literal["mp4", "mov"] | None = None,
        **kwargs: Any,
    ) -> None:
        request = {
            "VideoUrl": video_url,
            "Mode": mode,
            "VideoBitrate": video_bitrate,
            "VideoCodec": video_codec,
            "VideoFormat": video_format,
        }
        super().__init__(request=request, **kwargs)


class EnhanceVideoQualityOperator(ViapiJobOperator):
    """Give a video more pixels, more frames and a high dynamic range.

    The result is an HDR video, to be shown on a screen that can. From the metadata of 2025.

    Returns ``VideoURL``, the address of the better video, good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MKV, MOV, FLV, TS, MPG or
        MXF, at most 1 GB and 10 minutes, more than 360×360 and less than 1920×1080 pixels
    :param out_put_width: of the output, in pixels, 180–7680, from half to four times the input's; twice unless given
    :param out_put_height: of the output, in pixels, 180–4320, from half to four times the input's; twice unless given
    :param frame_rate: of the output, in frames per second, 1–120; 50 unless given
    :param hdr_format: ``PQ`` or ``HLG``; ``PQ`` unless given
    :param max_illuminance: greatest brightness, in nits, 500–1000; only with ``HLG``, 1000 unless given. With ``PQ``
        it is always 600
    :param bitrate: of the output, in megabits, 8–200; 20 unless given
    """

    action = videoenhan.ENHANCE_VIDEO_QUALITY

    def __init__(
        self,
        *,
        video_url: str,
        out_put_width: int | None = None,
        out_put_height: int | None = None,
        frame_rate: int | None = None,
        hdr_format: Literal["PQ", "HLG"] | None = None,
        max_illuminance: int | None = None,
        bitrate: int | None = None,
        **kwargs: Any,
    ) -> None:
        request = {
            "VideoURL": video_url,
            "OutPutWidth": out_put_width,
            "OutPutHeight": out_put_height,
            "FrameRate": frame_rate,
            "HDRFormat": hdr_format,
            "MaxIlluminance": max_illuminance,
            "Bitrate": bitrate,
        }
        super().__init__(request=request, **kwargs)


class InterpolateVideoFrameOperator(ViapiJobOperator):
    """Give a video more frames per second by making those between. From the metadata of 2025.

    Returns ``VideoURL``, the address of the smoother video, good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MKV, MOV, FLV, TS, MPG or
        MXF, at most 1 GB, 360×360 to 1920×1080 pixels
    :param frame_rate: of the output, in frames per second, 1–120; 50 unless given
    :param bitrate: of the output, in megabits per second, 8–200; 20 unless given
    """

    action = videoenhan.INTERPOLATE_VIDEO_FRAME

    def __init__(
        self, *, video_url: str, frame_rate: int | None = None, bitrate: int | None = None, **kwargs: Any
    ) -> None:
        request = {"VideoURL": video_url, "FrameRate": frame_rate, "Bitrate": bitrate}
        super().__init__(request=request, **kwargs)


class EnhancePortraitVideoOperator(ViapiJobOperator):
    """Sharpen the faces in a video. From the metadata of 2025.

    Returns ``VideoUrl``, the address of the sharper video, good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MKV, MOV, FLV, TS, MPG or
        MXF, at most 1 GB, less than 1920×1080 pixels
    """

    action = videoenhan.ENHANCE_PORTRAIT_VIDEO

    def __init__(self, *, video_url: str, **kwargs: Any) -> None:
        super().__init__(request={"VideoUrl": video_url}, **kwargs)
