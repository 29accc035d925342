"""Operators that change resolution, color, frame rate and sharpness of a video."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from airflow_provider_viapi.alibaba.services.videoenhan import enhancement
from airflow_provider_viapi.operators.viapi import ViapiJobOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import Address, Integer, ViapiJobOptions


class SuperResolveVideoOperator(ViapiJobOperator):
    """Double the width and height of a video and restore details.

    Returns ``VideoUrl``, the URL of the larger video (H.264 in an MP4), valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MKV, MOV, FLV, TS, MPG or MXF, at most 1 GB, more than 32×32 and less than 1920×1080 pixels; the metadata of
        2025 states more than 360×360 pixels
    :param bit_rate: bit rate of the output in Mbit/s, 1–100. The metadata of 2025 states 1–20 and default: 10, the
        documents of 2020 state default: twice that of the input
    """

    action = enhancement.SUPER_RESOLVE_VIDEO

    def __init__(
        self, *, video_url: Address, bit_rate: Integer | None = None, **kwargs: Unpack[ViapiJobOptions]
    ) -> None:
        super().__init__(request={"VideoUrl": video_url, "BitRate": bit_rate}, **kwargs)


class AdjustVideoColorOperator(ViapiJobOperator):
    """Correct the colors of a video.

    Returns ``VideoUrl``, the URL of the corrected video, valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MKV, MOV, FLV, TS, MPG or MXF, at most 1 GB, more than 360×360 pixels, scaled down if a side has more than
        3840 pixels
    :param mode: ``LogC`` for low-contrast (log) footage, usually 10 bits, ``Rec709`` for ordinary video, usually 8
        bits; default: ``LogC`` (required in the documents of 2020)
    :param video_bitrate: bit rate of the output in whole Mbit/s, 8–200, or in kbit/s as the documents of 2020 write
        it (``15000k``); default: 20 (that of the input in the documents of 2020)
    :param video_codec: ``h264``, ``hevc`` or ``prores``; default: ``h264``
    :param video_format: ``mp4`` or ``mov``; default: ``mp4`` (``mov`` in the documents of 2020)
    """

    action = enhancement.ADJUST_VIDEO_COLOR

    def __init__(
        self,
        *,
        video_url: Address,
        mode: Literal["LogC", "Rec709"] | XComArg | None = None,
        video_bitrate: Integer | None = None,
        video_codec: Literal["h264", "hevc", "prores"] | XComArg | None = None,
        video_format: Literal["mp4", "mov"] | XComArg | None = None,
        **kwargs: Unpack[ViapiJobOptions],
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
    """Raise resolution and frame rate of a video and convert it to a high dynamic range. From the metadata of 2025.

    The output is an HDR video for HDR displays.

    Returns ``VideoURL``, the URL of the output, valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MKV, MOV, FLV, TS, MPG or MXF, at most 1 GB, more than 360×360 and less than 1920×1080 pixels, at most 10
        minutes
    :param out_put_width: width of the output in pixels, 180–7680, from half to four times that of the input; default:
        twice
    :param out_put_height: height of the output in pixels, 180–4320, from half to four times that of the input;
        default: twice
    :param frame_rate: frames per second of the output, 1–120; default: 50
    :param hdr_format: transfer function, ``PQ`` or ``HLG``; default: ``PQ``
    :param max_illuminance: peak brightness in nits, 500–1000, with ``HLG`` only; default: 1000. ``PQ`` always has 600
    :param bitrate: bit rate of the output in Mbit/s, 8–200; default: 20
    """

    action = enhancement.ENHANCE_VIDEO_QUALITY

    def __init__(
        self,
        *,
        video_url: Address,
        out_put_width: Integer | None = None,
        out_put_height: Integer | None = None,
        frame_rate: Integer | None = None,
        hdr_format: Literal["PQ", "HLG"] | XComArg | None = None,
        max_illuminance: Integer | None = None,
        bitrate: Integer | None = None,
        **kwargs: Unpack[ViapiJobOptions],
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
    """Raise the frame rate of a video by interpolating frames. From the metadata of 2025.

    Returns ``VideoURL``, the URL of the output, valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MKV, MOV, FLV, TS, MPG or MXF, at most 1 GB, at least 360×360 and at most 1920×1080 pixels
    :param frame_rate: frames per second of the output, 1–120; default: 50
    :param bitrate: bit rate of the output in Mbit/s, 8–200; default: 20
    """

    action = enhancement.INTERPOLATE_VIDEO_FRAME

    def __init__(
        self,
        *,
        video_url: Address,
        frame_rate: Integer | None = None,
        bitrate: Integer | None = None,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        request = {"VideoURL": video_url, "FrameRate": frame_rate, "Bitrate": bitrate}
        super().__init__(request=request, **kwargs)


class EnhancePortraitVideoOperator(ViapiJobOperator):
    """Sharpen the faces in a video. From the metadata of 2025.

    Returns ``VideoUrl``, the URL of the output, valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MKV, MOV, FLV, TS, MPG or MXF, at most 1 GB, less than 1920×1080 pixels
    """

    action = enhancement.ENHANCE_PORTRAIT_VIDEO

    def __init__(self, *, video_url: Address, **kwargs: Unpack[ViapiJobOptions]) -> None:
        super().__init__(request={"VideoUrl": video_url}, **kwargs)
