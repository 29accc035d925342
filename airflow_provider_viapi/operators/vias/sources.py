"""Operators of video sources, which tasks analyse, and groups of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from airflow_provider_viapi.huawei.services.vias import sources
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.options import HuaweiCloudOptions, Number, Text, TextList


class CreateVideoSourceOperator(HuaweiCloudOperator):
    """Register a camera, a stream or a platform of cameras; return ``video_source_id``.

    :param video_source_name: name of the source
    :param access_type: ``cloud`` or ``edge``: where it is analysed
    :param type: kind of the source
    :param type_config: address and credentials of the source, in XML that is passed on unchanged; masked in Airflow
    :param latitude: latitude in degrees, -90–90
    :param longitude: longitude in degrees, -180–180
    :param video_group_ids: ids of the groups that it belongs to
    :param tag: tags
    """

    action = sources.CREATE_VIDEO_SOURCE

    def __init__(
        self,
        *,
        video_source_name: Text,
        access_type: Literal["cloud", "edge"],
        type: Text,
        type_config: Text,
        latitude: Number | None = None,
        longitude: Number | None = None,
        video_group_ids: TextList | None = None,
        tag: TextList | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
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
    """Delete a video source.

    :param video_source_id: id of the source
    """

    action = sources.DELETE_VIDEO_SOURCE

    def __init__(self, *, video_source_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"video_source_id": video_source_id}, **kwargs)


class CreateVideoGroupOperator(HuaweiCloudOperator):
    """Create a group of video sources; return ``video_group_id``.

    :param video_group_name: name of the group
    :param access_type: ``cloud`` or ``edge``: where its sources are analysed
    :param description: description of the group
    :param video_source_ids: ids of the sources in the group
    """

    action = sources.CREATE_VIDEO_GROUP

    def __init__(
        self,
        *,
        video_group_name: Text,
        access_type: Literal["cloud", "edge"],
        description: Text | None = None,
        video_source_ids: TextList | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "video_group_name": video_group_name,
            "access_type": access_type,
            "description": description,
            "video_source_ids": video_source_ids,
        }
        super().__init__(request=request, **kwargs)


class DeleteVideoGroupOperator(HuaweiCloudOperator):
    """Delete a group; its video sources remain.

    :param video_group_id: id of the group
    """

    action = sources.DELETE_VIDEO_GROUP

    def __init__(self, *, video_group_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"video_group_id": video_group_id}, **kwargs)
