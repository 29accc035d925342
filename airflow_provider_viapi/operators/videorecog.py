"""Video understanding (service videorecog), one operator per action.

The documents of 2020 name both as jobs. Parameters and results are from Alibaba's SDK alibabacloud-videorecog20200320
3.0.11, which states no formats, sizes or lengths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_viapi.alibaba.services import videorecog
from airflow_provider_viapi.operators.viapi import ViapiJobOperator

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.options import Address, Flag, ViapiJobOptions


class DetectVideoShotOperator(ViapiJobOperator):
    """Find the shot boundaries of a video.

    Returns ``ShotFrameIds``, a list of whole numbers: frame ids, whose meaning is not documented further.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``)
    """

    action = videorecog.DETECT_VIDEO_SHOT

    def __init__(self, *, video_url: Address, **kwargs: Unpack[ViapiJobOptions]) -> None:
        super().__init__(request={"VideoUrl": video_url}, **kwargs)


class GenerateVideoCoverOperator(ViapiJobOperator):
    """Generate cover images from a video.

    Returns ``Outputs``, each with ``ImageURL``, the URL of a cover, valid for 30 minutes, and ``Confidence``, whose
    range is not documented.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``)
    :param is_gif: animated GIFs instead of still images
    """

    action = videorecog.GENERATE_VIDEO_COVER

    def __init__(self, *, video_url: Address, is_gif: Flag, **kwargs: Unpack[ViapiJobOptions]) -> None:
        super().__init__(request={"VideoUrl": video_url, "IsGif": is_gif}, **kwargs)
