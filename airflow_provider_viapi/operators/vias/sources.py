"""What tasks watch: video sources, and groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from airflow_provider_viapi.huawei.services import vias
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator


class CreateVideoSourceOperator(HuaweiCloudOperator):
    """Tell of a camera, a stream or a platform of cameras; returns ``video_source_id``.

    :param video_source_name: its name
    :param access_type: ``cloud`` or ``edge``: where it is watched
    :param type: kind of the source
    :param type_config: its address and login, in XML that goes through as it is; masked wherever Airflow shows it
    :param latitude: where it is, in degrees, -90–90
    :param longitude: where it is, in degrees, -180–180
    :param video_group_ids: groups that it belongs to
    :param tag: a tag
    """

    action = vias.sources.CREATE_VIDEO_SOURCE

    def __init__(
        self,
        *,
        video_source_name: str,
        access_type: Literal["cloud", "edge"],
        type: str,
        type_config: str,
        latitude: float | None = None,
        longitude: float | None = None,
        video_group_ids: Sequence[str] | None = None,
        tag: str | None = None,
        **kwargs: Any,
    ) -> None:
        request = {
            "video_source_name": video_source_name,
            "access_type": access_type,
            "type": type,
            "type_config": type_config,
            "latitude": latitude,
            "longitude": longitude,
            "video_group_ids": video_group_ids,
            "tag": tag,
        }
        super().__init__(request=request, **kwargs)


class DeleteVideoSourceOperator(HuaweiCloudOperator):
    """Forget a video source.

    :param video_source_id: the source
    """

    action = vias.sources.DELETE_VIDEO_SOURCE

    def __init__(self, *, video_source_id: str, **kwargs: Any) -> None:
        super().__init__(request={"video_source_id": video_source_id}, **kwargs)


class CreateVideoGroupOperator(HuaweiCloudOperator):
    """Make a group of video sources; returns ``video_group_id``.

    :param video_group_name: its name
    :param access_type: ``cloud`` or ``edge``: where its sources are watched
    :param description: what it is for
    :param video_source_ids: sources that belong to it
    """

    action = vias.sources.CREATE_VIDEO_GROUP

    def __init__(
        self,
        *,
        video_group_name: str,
        access_type: Literal["cloud", "edge"],
        description: str | None = None,
        video_source_ids: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        request = {
            "video_group_name": video_group_name,
            "access_type": access_type,
            "description": description,
            "video_source_ids": video_source_ids,
        }
        super().__init__(request=request, **kwargs)


class DeleteVideoGroupOperator(HuaweiCloudOperator):
    """Delete a group; its sources stay.

    :param video_group_id: the group
    """

    action = vias.sources.DELETE_VIDEO_GROUP

    def __init__(self, *, video_group_id: str, **kwargs: Any) -> None:
        super().__init__(request={"video_group_id": video_group_id}, **kwargs)
