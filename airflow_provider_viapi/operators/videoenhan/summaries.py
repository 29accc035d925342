"""Operators that shorten a video; both actions are of 2020, and the service may not have them any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_viapi.alibaba.services.videoenhan import summaries
from airflow_provider_viapi.operators.viapi import ViapiJobOperator

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.options import Address, Integer, Number, ViapiJobOptions


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

    action = summaries.ABSTRACT_ECOMMERCE_VIDEO

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

    action = summaries.ABSTRACT_FILM_VIDEO

    def __init__(self, *, video_url: Address, length: Integer, **kwargs: Unpack[ViapiJobOptions]) -> None:
        super().__init__(request={"VideoUrl": video_url, "Length": length}, **kwargs)
