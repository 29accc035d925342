"""Live rooms, and rules for replies to viewers."""

from __future__ import annotations

from airflow_provider_viapi.huawei.services.metastudio.service import (
    CREATED_FILTERS,
    LIVE_EVENTS,
    OUTPUT_URLS,
    PAGE,
    VIDEO,
    action,
    choice,
    names,
    structure,
    structures,
    text,
    texts,
)

ROOM = (
    text("room_name", "Name of the live room.", required=True, min_length=1, max_length=256),
    text("room_description", "Description of the live room.", max_length=1024),
    choice(
        "room_type",
        ("NORMAL", "TEMP", "TEMPLATE"),
        "NORMAL: permanent; TEMP: deleted with its live task; TEMPLATE: template of other rooms.",
    ),
    structures(
        "scene_scripts",
        "Scripts of the room: scenes, each with its speech and pictures.",
        fields=(
            text("script_name", "Name of the script.", required=True),
            structures("shoot_scripts", "Scenes.", required=True),
        ),
    ),
    structure("interaction_config", "Settings of spoken replies to viewers."),
    structures("interaction_rules", "Replies to messages of viewers."),
    structure("play_policy", "Order and repetition of the scripts."),
    VIDEO,
    OUTPUT_URLS,
    texts("stream_keys", "Stream keys of output_urls; secret."),
    texts("backup_model_asset_ids", "Asset ids of avatars that take turns.", max_items=5),
    LIVE_EVENTS,
    structure("rtc_callback_config", "Callback for events of the RTC room."),
    structure("review_config", "Settings of the content review."),
    structure("shared_config", "Settings for sharing with other accounts."),
    choice("view_mode", ("LANDSCAPE", "VERTICAL"), "Orientation of the video: landscape or vertical."),
    structure("co_streamer_config", "Second presenter."),
    text("priv_data", "Your own data, which the service returns unchanged.", max_length=8192),
    structure(
        "relation_live_platform_info",
        "Room on a live platform to which this room belongs.",
        fields=tuple(text(each, "Id.", required=True) for each in ("platform_id", "live_id")),
    ),
)

RULES = (
    text("group_name", "Name of the group.", required=True),
    structures("interaction_rules", "Replies to messages of viewers."),
)

SHOWN = names(
    "room_name room_description room_type scene_scripts interaction_config interaction_rules "
    "play_policy video_config output_urls stream_keys backup_model_asset_ids "
    "live_event_callback_config rtc_callback_config review_config shared_config view_mode "
    "co_streamer_config priv_data room_id relation_live_platform_info create_time update_time "
    "cover_url thumbnail room_state confirm_state script_version error_info"
)
"""Fields of a room in responses."""

PRIVATE = names("output_urls stream_keys live_event_callback_config rtc_callback_config output_external_url")
"""Fields with the keys of streams and callbacks."""

CREATE_SMART_LIVE_ROOM = action(
    name="CreateSmartLiveRoom",
    summary="Create a live room.",
    method="POST",
    path="/v1/{project_id}/smart-live-rooms",
    in_body=ROOM,
    response_fields=("room_id",),
)

LIST_SMART_LIVE_ROOMS = action(
    name="ListSmartLiveRooms",
    summary="List live rooms.",
    method="GET",
    path="/v1/{project_id}/smart-live-rooms",
    in_query=(
        *PAGE,
        text("room_name", "Name of the live room."),
        text("dh_id", "Id of the avatar."),
        text("model_name", "Name of the avatar's model."),
        text("live_state", "States of the room's last live task, separated by commas."),
        text("start_time", "Start of the period, in RFC 3339."),
        text("end_time", "End of the period, in RFC 3339."),
        text(
            "room_type",
            "NORMAL: permanent; TEMP: deleted with its live task; TEMPLATE: template of other rooms.",
        ),
        text("template_own_type", "Owner of the templates."),
        text("confirm_state", "State of the confirmation: unconfirm, confirmed or reject."),
    ),
    response_fields=names("count smart_live_rooms"),
    private=PRIVATE,
)

SHOW_SMART_LIVE_ROOM = action(
    name="ShowSmartLiveRoom",
    summary="Return a live room with its scripts.",
    method="GET",
    path="/v1/{project_id}/smart-live-rooms/{room_id}",
    in_path=(text("room_id", "Id of the live room.", required=True),),
    response_fields=SHOWN,
    private=PRIVATE,
)

UPDATE_SMART_LIVE_ROOM = action(
    name="UpdateSmartLiveRoom",
    summary="Change a live room.",
    method="PUT",
    path="/v1/{project_id}/smart-live-rooms/{room_id}",
    in_path=(text("room_id", "Id of the live room.", required=True),),
    in_body=ROOM,
    response_fields=SHOWN,
    private=PRIVATE,
)

DELETE_SMART_LIVE_ROOM = action(
    name="DeleteSmartLiveRoom",
    summary="Delete a live room.",
    method="DELETE",
    path="/v1/{project_id}/smart-live-rooms/{room_id}",
    in_path=(text("room_id", "Id of the live room.", required=True),),
)

CREATE_INTERACTION_RULE_GROUP = action(
    name="CreateInteractionRuleGroup",
    summary="Create a group of interaction rules.",
    method="POST",
    path="/v1/{project_id}/smart-live-interaction-rule-groups",
    in_body=RULES,
    response_fields=("group_id",),
)

LIST_INTERACTION_RULE_GROUPS = action(
    name="ListInteractionRuleGroups",
    summary="List groups of interaction rules.",
    method="GET",
    path="/v1/{project_id}/smart-live-interaction-rule-groups",
    in_query=(*PAGE, *CREATED_FILTERS, text("group_name", "Name of the group.")),
    response_fields=names("count interaction_rule_groups"),
)

UPDATE_INTERACTION_RULE_GROUP = action(
    name="UpdateInteractionRuleGroup",
    summary="Change a group of interaction rules.",
    method="PUT",
    path="/v1/{project_id}/smart-live-interaction-rule-groups/{group_id}",
    in_path=(text("group_id", "Id of the group.", required=True),),
    in_body=RULES,
    response_fields=names("group_id group_name interaction_rules create_time update_time"),
)

DELETE_INTERACTION_RULE_GROUP = action(
    name="DeleteInteractionRuleGroup",
    summary="Delete a group of interaction rules.",
    method="DELETE",
    path="/v1/{project_id}/smart-live-interaction-rule-groups/{group_id}",
    in_path=(text("group_id", "Id of the group.", required=True),),
)
