"""Usage, resources and quotas of an account."""

from __future__ import annotations

from airflow_provider_viapi.huawei.services.metastudio.service import (
    PAGE,
    action,
    integer,
    names,
    structure,
    text,
)

_RESOURCE = text("resource_type", "Kind of the resource.")
_BUSINESS_TYPE = text("business_type", "LIVE_2D or VIDEO_2D.")
_UNIT = text("unit", "MIN or HOUR.")
_USER = text("user_id", "Id of the user.")
_BUSINESS = text("business", "Kind of the service, such as VIDEO_2D or VOICE_CLONE.")
_EXPIRES = (
    text("resource_expire_start_time", "Earliest time of expiry."),
    text("resource_expire_end_time", "Latest time of expiry."),
)

SHOW_USAGE_DATA = action(
    name="ShowUsageData",
    summary="Return the usage of live streams and videos over time.",
    method="GET",
    path="/v1/{project_id}/data-analysis",
    in_query=(
        *reversed(PAGE),
        text("start_time", "Start of the time range.", required=True),
        text("end_time", "End of the time range.", required=True),
        *(_USER, _RESOURCE, _BUSINESS_TYPE, _UNIT),
    ),
    response_fields=names("count time_list"),
)

SHOW_SUMMARY_USAGE_DATA = action(
    name="ShowSummaryUsageData",
    summary="Return the sum of the usage of live streams and videos.",
    method="GET",
    path="/v1/{project_id}/data-analysis-summary",
    in_query=(_USER, _RESOURCE, _BUSINESS_TYPE, _UNIT),
    response_fields=names("resource_type business_type number usage unit"),
)

SHOW_RESOURCE_USAGE = action(
    name="ShowResourceUsage",
    summary="Return the usage of the account's resources.",
    method="GET",
    path="/v1/{project_id}/tenants/resources-usage",
    in_query=(text("resource", "Name of the resource."), _BUSINESS),
    response_fields=names("resources"),
)

LIST_TENANT_RESOURCES = action(
    name="ListTenantResources",
    summary="List the account's resources.",
    method="GET",
    path="/v1/{project_id}/tenants/resources",
    in_query=(
        *reversed(PAGE),
        text("resource", "Name of the resource."),
        _BUSINESS,
        text("resource_source", "PURCHASED, SP_ALLOCATED or ADMIN_ALLOCATED.", required=True),
        text("resource_id", "Id of the resource."),
        text("order_id", "Id of the order."),
        text("charging_mode", "PERIODIC, ONE_TIME or ON_DEMAND."),
        *_EXPIRES,
        text("sub_resource", "Name of the part of the resource."),
        integer("status", "State of the resource."),
    ),
    response_fields=names("resources count"),
)

COUNT_TENANT_RESOURCES = action(
    name="CountTenantResources",
    summary="Count the account's resources.",
    method="GET",
    path="/v1/{project_id}/tenants/resources-count",
    in_query=(_BUSINESS, *_EXPIRES),
    response_fields=names("resources_count"),
)

SHOW_VOICE_TRAINING_QUOTAS = action(
    name="ShowVoiceTrainingQuotas",
    summary="Return the quotas of voice training.",
    method="GET",
    path="/v1/{project_id}/voice-training-manage/quotas",
    in_query=PAGE,
    response_fields=names("count resource_available_nums resources"),
)

LIST_USER_QUOTAS = action(
    name="ListUserQuotas",
    summary="List the quotas of the account's users, and what they have used of them.",
    method="GET",
    path="/v1/{project_id}/user/quotas",
    in_query=(*reversed(PAGE), _USER),
    response_fields=names("count assets"),
)

_QUOTA = structure(
    "quota",
    "Limits by resource, such as video_time_2d_model (minutes) and voice_clone_basic (voices); -1: no limit.",
    required=True,
)

CREATE_USER_QUOTAS = action(
    name="CreateUserQuotas",
    summary="Set the quotas of a user who has none.",
    method="POST",
    path="/v1/{project_id}/user/quotas",
    in_body=(_USER.replace(required=True, min_length=1), _QUOTA),
)

UPDATE_USER_QUOTAS = action(
    name="UpdateUserQuotas",
    summary="Change the quotas of a user.",
    method="PUT",
    path="/v1/{project_id}/user/quotas/{user_id}",
    in_path=(_USER.replace(required=True, min_length=1),),
    in_body=(_QUOTA,),
)

DELETE_USER_QUOTAS = action(
    name="DeleteUserQuotas",
    summary="Delete the quotas of a user.",
    method="DELETE",
    path="/v1/{project_id}/user/quotas/{user_id}",
    in_path=(_USER.replace(required=True, min_length=1),),
)
