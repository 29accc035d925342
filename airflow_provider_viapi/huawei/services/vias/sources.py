"""Video sources, which tasks watch, and groups of them."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.vias.service import SERVICE
from airflow_provider_viapi.json_parameters import StringList
from airflow_provider_viapi.schema import Boolean, Choice, Integer, Number, String

SOURCE_ID = String(name="video_source_id", required=True, min_length=1, doc="The video source.")

GROUP_ID = String(name="video_group_id", required=True, min_length=1, doc="The group.")

ACCESS_TYPE = Choice(
    name="access_type",
    required=True,
    choices=("cloud", "edge"),
    doc="Watched in the cloud, or on an edge device.",
)

CREATE_VIDEO_SOURCE = Action(
    service=SERVICE,
    name="CreateVideoSource",
    summary="Tell of a camera, a stream or a platform of cameras.",
    method="POST",
    path="/v2/{project_id}/source",
    in_body=(
        String(name="video_source_name", required=True, min_length=1, doc="Its name."),
        ACCESS_TYPE,
        String(name="type", required=True, min_length=1, doc="Kind of the source."),
        String(
            name="type_config",
            required=True,
            min_length=1,
            doc="Its address and login, in XML; it goes through as it is.",
            note="the names of the XML's elements differ between versions of the documents",
        ),
        Number(name="latitude", minimum=-90, maximum=90, doc="Where it is, in degrees."),
        Number(name="longitude", minimum=-180, maximum=180, doc="Where it is, in degrees."),
        StringList(name="video_group_ids", doc="Groups that it belongs to."),
        String(name="tag", doc="A tag."),
    ),
    answer=("video_source_id",),
)

DELETE_VIDEO_SOURCE = Action(
    service=SERVICE,
    name="DeleteVideoSource",
    summary="Forget a video source.",
    method="DELETE",
    path="/v2/{project_id}/source/{video_source_id}",
    in_path=(SOURCE_ID,),
    note="answers true",
)

SHOW_VIDEO_SOURCE = Action(
    service=SERVICE,
    name="ShowVideoSourceDetail",
    summary="A video source.",
    method="GET",
    path="/v2/{project_id}/source/sources/{video_source_id}",
    in_path=(SOURCE_ID,),
    idempotent=True,
)

LIST_VIDEO_SOURCES = Action(
    service=SERVICE,
    name="ListVideoSources",
    summary="The video sources that fit.",
    method="GET",
    path="/v2/{project_id}/source/sources",
    in_query=(
        String(name="scope", doc="Where the name is looked for."),
        String(name="scope_name", doc="Part of the name."),
        Integer(name="status", minimum=0, maximum=9, doc="1 online, 2 offline, 9 abnormal."),
        String(name="type", doc="Kind of the source."),
        String(name="video_group_id", doc="The group."),
        String(name="sort_name", doc="Field to sort by."),
        String(name="order_by", doc="Direction to sort in."),
        Boolean(name="is_paged", doc="Whether the answer comes in pages."),
        Integer(name="page_size", minimum=5, maximum=200, doc="Sources in the answer."),
        Integer(name="page_num", minimum=1, doc="Which page."),
        String(name="access_type", doc="cloud or edge."),
        String(name="platform_name", doc="The platform of cameras."),
        String(name="tag", doc="A tag."),
    ),
    answer=("video_source_number", "total_number", "quota_number", "video_source_list"),
    idempotent=True,
)

CREATE_VIDEO_GROUP = Action(
    service=SERVICE,
    name="CreateVideoGroup",
    summary="Make a group of video sources.",
    method="POST",
    path="/v2/{project_id}/video-group",
    in_body=(
        String(name="video_group_name", required=True, min_length=1, doc="Its name."),
        ACCESS_TYPE,
        String(name="description", doc="What it is for."),
        StringList(name="video_source_ids", doc="Sources that belong to it."),
    ),
    answer=("video_group_id",),
)

DELETE_VIDEO_GROUP = Action(
    service=SERVICE,
    name="DeleteVideoGroup",
    summary="Delete a group; its sources stay.",
    method="DELETE",
    path="/v2/{project_id}/video-group/{video_group_id}",
    in_path=(GROUP_ID,),
)

SHOW_VIDEO_GROUP = Action(
    service=SERVICE,
    name="ShowVideoGroupDetail",
    summary="A group of video sources.",
    method="GET",
    path="/v2/{project_id}/video-group/{video_group_id}",
    in_path=(GROUP_ID,),
    idempotent=True,
)

LIST_VIDEO_GROUPS = Action(
    service=SERVICE,
    name="ListVideoGroups",
    summary="The groups of video sources.",
    method="GET",
    path="/v2/{project_id}/video-group/groups",
    idempotent=True,
    note="which filters it has was not found",
)
