"""Video understanding (service videorecog): one operator per action.

The documents of 2020 name both as jobs; what they take and give is from Alibaba's SDK,
alibabacloud-videorecog20200320 3.0.11, which says nothing of formats, sizes and lengths.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.alibaba.services import videorecog
from airflow_provider_viapi.operators.viapi import ViapiJobOperator


class DetectVideoShotOperator(ViapiJobOperator):
    """Find the shots of a video.

    Returns ``ShotFrameIds``, a list of whole numbers; that they are ids of frames is all that the SDK says.

    :param video_url: the video, at an HTTP(S) address that the service can read
    """

    action = videorecog.DETECT_VIDEO_SHOT

    def __init__(self, *, video_url: str, **kwargs: Any) -> None:
        super().__init__(request={"VideoUrl": video_url}, **kwargs)


class GenerateVideoCoverOperator(ViapiJobOperator):
    """Make covers from a video.

    Returns ``Outputs``, each with ``ImageURL``, the address of a cover, good for 30 minutes, and ``Confidence``, how
    sure the service is; the SDK names no range.

    :param video_url: the video, at an HTTP(S) address that the service can read
    :param is_gif: GIF animations instead of still pictures
    """

    action = videorecog.GENERATE_VIDEO_COVER

    def __init__(self, *, video_url: str, is_gif: bool, **kwargs: Any) -> None:
        super().__init__(request={"VideoUrl": video_url, "IsGif": is_gif}, **kwargs)
