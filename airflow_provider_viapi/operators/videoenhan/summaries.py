"""A short version of a video. Both actions are in the documents of 2020; today's service may no longer have them."""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.operators.viapi import ViapiJobOperator


class AbstractEcommerceVideoOperator(ViapiJobOperator):
    """Sum up a shop's video in a given time.

    The action is in the documents of 2020 and in Alibaba's SDK up to 3.0.22, but neither in SDK 4.0.0 nor in the
    API metadata of late 2025: today's service may refuse it, and the error says so then.

    Returns ``VideoUrl`` and ``VideoCoverUrl`` (a still of the video), both good for 30 minutes. The longer side of
    the result has at most 1300 pixels.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MKV or MOV
    :param duration: of the summary, in seconds, more than 0
    :param width: of the output, in pixels, 32–2160; without it in proportion to the height
    :param height: of the output, in pixels, 32–2160; without it in proportion to the width
    """

    action = videoenhan.ABSTRACT_ECOMMERCE_VIDEO

    def __init__(
        self,
        *,
        video_url: str,
        duration: float,
        width: int | None = None,
        height: int | None = None,
        **kwargs: Any,
    ) -> None:
        request = {"VideoUrl": video_url, "Duration": duration, "Width": width, "Height": height}
        super().__init__(request=request, **kwargs)


class AbstractFilmVideoOperator(ViapiJobOperator):
    """Cut a film down to a given time.

    The action is in the documents of 2020 and in Alibaba's SDK up to 3.0.22, but neither in SDK 4.0.0 nor in the
    API metadata of late 2025: today's service may refuse it, and the error says so then.

    Returns ``VideoUrl``, the address of the short version, good for 30 minutes.

    :param video_url: the film, at an HTTP(S) address that the service can read
    :param length: of the result, in whole seconds, 2 or more and less than the film lasts
    """

    action = videoenhan.ABSTRACT_FILM_VIDEO

    def __init__(self, *, video_url: str, length: int, **kwargs: Any) -> None:
        super().__init__(request={"VideoUrl": video_url, "Length": length}, **kwargs)
