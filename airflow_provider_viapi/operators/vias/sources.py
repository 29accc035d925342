"""Operators of video sources, which tasks analyse, and groups of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from airflow_provider_viapi.huawei.services.vias import sources
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.huaweicloud_repeatable_calls import DeleteResourceOperator
from airflow_provider_viapi.operators.vias.named_resources import CreateNamedOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import (
        Flag,
        HuaweiCloudOptions,
        Integer,
        Number,
        Text,
        TextList,
    )


class CreateVideoSourceOperator(CreateNamedOperator):
    """Register a camera, a stream or a platform of cameras; return ``video_source_id``.

    :param video_source_name: name of the source
    :param access_type: ``cloud`` or ``edge``: where it is analysed
    :param type: kind of the source
    :param type_config: address and credentials of the source, in XML that is passed on unchanged; masked in Airflow
    :param latitude: latitude in degrees, -90–90
    :param longitude: longitude in degrees, -180–180
    :param video_group_ids: ids of the groups that it belongs to
    :param tag: tags
    :param if_exists: what to do if there is a source of that name: ``create`` another without looking (the service
        decides), ``skip`` to return its id, or ``fail``; default: ``create``
    """

    action = sources.CREATE_VIDEO_SOURCE
    listing = sources.LIST_VIDEO_SOURCES
    listed = "video_source_list"
    name_field = "video_source_name"

    def __init__(
        self,
        *,
        video_source_name: Text,
        access_type: Literal["cloud", "edge"] | XComArg,
        type: Text,
        type_config: Text,
        latitude: Number | None = None,
        longitude: Number | None = None,
        video_group_ids: TextList | None = None,
        tag: TextList | None = None,
        if_exists: Literal["create", "skip", "fail"] = "create",
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
        super().__init__(request=request, if_exists=if_exists, **kwargs)


class DeleteVideoSourceOperator(DeleteResourceOperator):
    """Delete a video source.

    :param video_source_id: id of the source
    """

    action = sources.DELETE_VIDEO_SOURCE

    def __init__(self, *, video_source_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"video_source_id": video_source_id}, **kwargs)


class CreateVideoGroupOperator(CreateNamedOperator):
    """Create a group of video sources; return ``video_group_id``.

    :param video_group_name: name of the group
    :param access_type: ``cloud`` or ``edge``: where its sources are analysed
    :param description: description of the group
    :param video_source_ids: ids of the sources in the group
    :param if_exists: what to do if there is a group of that name: ``create`` another without looking (the service
        decides), ``skip`` to return its id, or ``fail``; default: ``create``
    """

    action = sources.CREATE_VIDEO_GROUP
    listing = sources.LIST_VIDEO_GROUPS
    listed = "video_group_list"
    name_field = "video_group_name"
    name_filter = "name"

    def __init__(
        self,
        *,
        video_group_name: Text,
        access_type: Literal["cloud", "edge"] | XComArg,
        description: Text | None = None,
        video_source_ids: TextList | None = None,
        if_exists: Literal["create", "skip", "fail"] = "create",
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "video_group_name": video_group_name,
            "access_type": access_type,
            "description": description,
            "video_source_ids": video_source_ids,
        }
        super().__init__(request=request, if_exists=if_exists, **kwargs)


class DeleteVideoGroupOperator(DeleteResourceOperator):
    """Delete a group; its video sources remain.

    :param video_group_id: id of the group
    """

    action = sources.DELETE_VIDEO_GROUP

    def __init__(self, *, video_group_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"video_group_id": video_group_id}, **kwargs)


class UpdateVideoSourceOperator(HuaweiCloudOperator):
    """Change a video source; return it. What is not given is left as it is, as far as the service allows.

    :param video_source_id: id of the source
    :param video_source_name: new name of the source
    :param type_config: address and credentials of the source, in XML that is passed on unchanged; masked in Airflow
    :param latitude: latitude in degrees, -90–90
    :param longitude: longitude in degrees, -180–180
    :param tag: tags
    """

    action = sources.UPDATE_VIDEO_SOURCE

    def __init__(
        self,
        *,
        video_source_id: Text,
        video_source_name: Text | None = None,
        type_config: Text | None = None,
        latitude: Number | None = None,
        longitude: Number | None = None,
        tag: TextList | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "video_source_id": video_source_id,
            "video_source_name": video_source_name,
            "type_config": type_config,
            "latitude": latitude,
            "longitude": longitude,
            "tag": tag,
        }
        super().__init__(request=request, **kwargs)


class QueryVideoSourceOperator(HuaweiCloudOperator):
    """Return a video source: ``video_source_name``, ``status``, ``type``, ``video_packages`` and so on.

    :param video_source_id: id of the source
    """

    action = sources.SHOW_VIDEO_SOURCE

    def __init__(self, *, video_source_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"video_source_id": video_source_id}, **kwargs)


class ListVideoSourcesOperator(HuaweiCloudOperator):
    """Return video sources in ``video_source_list``.

    :param scope_name: part of the name, searched in the field that ``scope`` names
    :param scope: field in which ``scope_name`` is searched
    :param status: states: ``1`` online, ``2`` offline, ``9`` abnormal
    :param type: kinds of the sources
    :param video_group_id: ids of groups
    :param access_type: ``cloud``, ``edge`` or both
    :param is_paged: split the response into pages
    :param page_size: sources on a page, 5–200
    :param page_num: number of the page, from 1
    """

    action = sources.LIST_VIDEO_SOURCES

    def __init__(
        self,
        *,
        scope_name: Text | None = None,
        scope: Text | None = None,
        status: TextList | None = None,
        type: TextList | None = None,
        video_group_id: TextList | None = None,
        access_type: TextList | None = None,
        is_paged: Flag | None = None,
        page_size: Integer | None = None,
        page_num: Integer | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "scope_name": scope_name,
            "scope": scope,
            "status": status,
            "type": type,
            "video_group_id": video_group_id,
            "access_type": access_type,
            "is_paged": is_paged,
            "page_size": page_size,
            "page_num": page_num,
        }
        super().__init__(request=request, **kwargs)


class UpdateVideoGroupOperator(HuaweiCloudOperator):
    """Change a group of video sources. What is not given is left as it is, as far as the service allows.

    :param video_group_id: id of the group
    :param video_group_name: new name of the group
    :param description: description of the group
    :param video_source_ids: ids of the sources in the group
    """

    action = sources.UPDATE_VIDEO_GROUP

    def __init__(
        self,
        *,
        video_group_id: Text,
        video_group_name: Text | None = None,
        description: Text | None = None,
        video_source_ids: TextList | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "video_group_id": video_group_id,
            "video_group_name": video_group_name,
            "description": description,
            "video_source_ids": video_source_ids,
        }
        super().__init__(request=request, **kwargs)


class QueryVideoGroupOperator(HuaweiCloudOperator):
    """Return a group of video sources: ``video_group_name``, ``num_video_source``, ``group_status`` and so on.

    :param video_group_id: id of the group
    """

    action = sources.SHOW_VIDEO_GROUP

    def __init__(self, *, video_group_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"video_group_id": video_group_id}, **kwargs)


class ListVideoGroupsOperator(HuaweiCloudOperator):
    """Return groups of video sources in ``video_group_list``.

    :param name: part of the name
    :param access_type: ``cloud``, ``edge`` or both
    :param has_task: only groups with, or without, tasks
    :param is_paged: split the response into pages
    :param page_size: groups on a page
    :param page_num: number of the page, from 1
    """

    action = sources.LIST_VIDEO_GROUPS

    def __init__(
        self,
        *,
        name: Text | None = None,
        access_type: TextList | None = None,
        has_task: Flag | None = None,
        is_paged: Flag | None = None,
        page_size: Integer | None = None,
        page_num: Integer | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "name": name,
            "access_type": access_type,
            "has_task": has_task,
            "is_paged": is_paged,
            "page_size": page_size,
            "page_num": page_num,
        }
        super().__init__(request=request, **kwargs)
