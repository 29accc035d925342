"""Video sources, which tasks analyse, and groups of them."""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.huawei.parameters import StringList
from airflow_provider_viapi.huawei.services.vias.service import action, identifier, paging
from airflow_provider_viapi.huawei.services.vias.settings import NumberAsText
from airflow_provider_viapi.scalar_parameters import Boolean, Choice, String

SOURCE_ID = identifier("video_source_id", "Id of the video source.")

GROUP_ID = identifier("video_group_id", "Id of the group.")

ACCESS_TYPE = Choice(
    name="access_type",
    required=True,
    choices=("cloud", "edge"),
    doc="Place of the analysis: in the cloud or on an edge device.",
)

_SOURCE_NAME = String(name="video_source_name", required=True, min_length=1, doc="Name of the source.")


class TypeConfig(String):
    """Address and credentials of a source, which no message shows."""

    def redacted_repr(self, value: Any) -> str:
        """Return the type of the value."""
        return f"of type {type(value).__name__}"


_LOCATION = (
    NumberAsText(name="latitude", minimum=-90, maximum=90, doc="Latitude of the source in degrees."),
    NumberAsText(name="longitude", minimum=-180, maximum=180, doc="Longitude of the source in degrees."),
)
_TYPE_CONFIG = TypeConfig(
    name="type_config",
    required=True,
    min_length=1,
    doc="Address and credentials of the source, in XML; it is passed on unchanged.",
    note="the names of the XML elements differ between versions of the documents",
)
_TAGS = StringList(name="tag", doc="Tags.")
_SOURCE = (
    *("video_source_name", "access_type", "status", "type", "latitude", "longitude", "create_at"),
    *("type_config", "video_packages", "service_config_templates", "stream_path", "image", "tag"),
    *("scene_recommend", "video_source_quality"),
)

CREATE_VIDEO_SOURCE = action(
    name="CreateVideoSource",
    summary="Register a camera, a stream or a platform of cameras.",
    method="POST",
    path="/v2/{project_id}/source",
    in_body=(
        _SOURCE_NAME,
        ACCESS_TYPE,
        String(name="type", required=True, min_length=1, doc="Kind of the source."),
        _TYPE_CONFIG,
        *_LOCATION,
        StringList(name="video_group_ids", doc="Ids of the groups that it belongs to."),
        _TAGS,
    ),
    response_fields=("video_source_id",),
)

UPDATE_VIDEO_SOURCE = action(
    name="UpdateVideoSource",
    summary="Change a video source.",
    method="PUT",
    path="/v2/{project_id}/source/{video_source_id}",
    in_path=(SOURCE_ID,),
    in_body=(_SOURCE_NAME.replace(required=False), _TYPE_CONFIG.replace(required=False), *_LOCATION, _TAGS),
    response_fields=_SOURCE,
    note="the SDK does not state which fields are optional",
)

DELETE_VIDEO_SOURCE = action(
    name="DeleteVideoSource",
    summary="Delete a video source.",
    method="DELETE",
    path="/v2/{project_id}/source/{video_source_id}",
    in_path=(SOURCE_ID,),
    note="the response is the word true",
)

SHOW_VIDEO_SOURCE = action(
    name="ShowVideoSourceDetail",
    summary="Return a video source.",
    method="GET",
    path="/v2/{project_id}/source/sources/{video_source_id}",
    in_path=(SOURCE_ID,),
    response_fields=_SOURCE,
)

LIST_VIDEO_SOURCES = action(
    name="ListVideoSources",
    summary="List video sources.",
    method="GET",
    path="/v2/{project_id}/source/sources",
    in_query=(
        String(name="scope", doc="Field in which scope_name is searched."),
        String(name="scope_name", doc="Part of the name."),
        StringList(name="status", doc="States: 1 online, 2 offline, 9 abnormal."),
        StringList(name="type", doc="Kinds of the sources."),
        StringList(name="video_group_id", doc="Ids of groups."),
        *paging(200),
        StringList(name="access_type", doc="Places of the analysis: cloud, edge or both."),
        String(name="platform_name", doc="Platform of cameras."),
        String(name="tag", doc="Tag."),
    ),
    response_fields=("video_source_number", "total_number", "quota_number", "video_source_list"),
)

CREATE_VIDEO_GROUP = action(
    name="CreateVideoGroup",
    summary="Create a group of video sources.",
    method="POST",
    path="/v2/{project_id}/video-group",
    in_body=(
        String(name="video_group_name", required=True, min_length=1, doc="Name of the group."),
        ACCESS_TYPE,
        String(name="description", doc="Description of the group."),
        StringList(name="video_source_ids", doc="Ids of the sources in the group."),
    ),
    response_fields=("video_group_id",),
)

UPDATE_VIDEO_GROUP = action(
    name="UpdateVideoGroup",
    summary="Change a group of video sources.",
    method="PUT",
    path="/v2/{project_id}/video-group/{video_group_id}",
    in_path=(GROUP_ID,),
    in_body=(
        String(name="video_group_name", min_length=1, doc="Name of the group."),
        String(name="description", doc="Description of the group."),
        StringList(name="video_source_ids", doc="Ids of the sources in the group."),
    ),
    note="the SDK does not state which fields are optional",
)

DELETE_VIDEO_GROUP = action(
    name="DeleteVideoGroup",
    summary="Delete a group; its video sources remain.",
    method="DELETE",
    path="/v2/{project_id}/video-group/{video_group_id}",
    in_path=(GROUP_ID,),
)

SHOW_VIDEO_GROUP = action(
    name="ShowVideoGroupDetail",
    summary="Return a group of video sources.",
    method="GET",
    path="/v2/{project_id}/video-group/{video_group_id}",
    in_path=(GROUP_ID,),
    response_fields=(
        *("video_group_id", "video_group_name", "description", "access_type", "create_at", "modify_at"),
        *("num_video_source", "group_status", "num_batch_task"),
    ),
)

LIST_VIDEO_GROUPS = action(
    name="ListVideoGroups",
    summary="List groups of video sources.",
    method="GET",
    path="/v2/{project_id}/video-group/groups",
    in_query=(
        *paging(),
        String(name="name", doc="Part of the name."),
        String(name="status", doc="State of the sources."),
        StringList(name="access_type", doc="Places of the analysis: cloud, edge or both."),
        Boolean(name="has_task", doc="Only groups with, or without, tasks."),
        StringList(name="type", doc="Kinds of the sources."),
    ),
    response_fields=("video_group_number", "total_number", "quota_number", "video_group_list"),
)
