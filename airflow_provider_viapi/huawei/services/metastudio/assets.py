"""Assets: pictures, videos, sounds and avatars that MetaStudio keeps."""

from __future__ import annotations

from typing import Literal, get_args

from airflow_provider_viapi.huawei.model import JobKind, States
from airflow_provider_viapi.huawei.services.metastudio.service import (
    PAGE,
    SORT,
    action,
    choice,
    flag,
    integer,
    names,
    structure,
    structures,
    text,
    texts,
)

ASSET_STATES = States(
    pending=names("CREATING DELETING WAITING_DELETE"),
    succeeded=names("ACTIVED UNACTIVED"),
    failed=names("FAILED BLOCK"),
    cancelled=("DELETED",),
)
"""An asset is CREATING until its main file was uploaded; UNACTIVED has its file, but no other job can use it
until somebody activates it."""

AssetType = Literal[
    "VOICE_MODEL",
    "VIDEO",
    "IMAGE",
    "PPT",
    "MUSIC",
    "AUDIO",
    "COMMON_FILE",
    "HUMAN_MODEL_2D",
    "BUSINESS_CARD_TEMPLET",
]
"""Kind of an asset."""

_TYPE = choice("asset_type", get_args(AssetType), "Type of the asset.")

_ASSET = names(
    "project_id asset_id produce_id asset_name asset_description app_user_id create_time "
    "update_time asset_type asset_state fail_type block_reason_code reason tags "
    "asset_extra_meta system_properties files asset_order supported_service "
    "auto_operation_config"
)

LIST_ASSETS = action(
    name="ListAssets",
    summary="List assets.",
    method="GET",
    path="/v1/{project_id}/digital-assets",
    in_query=(
        *PAGE,
        text("name", "Name of the asset."),
        text("tag", "Tag of the assets."),
        text("tag_combination_type", "Match all tags or any tag."),
        text("start_time", "Start of the period, in RFC 3339."),
        text("end_time", "End of the period, in RFC 3339."),
        text("asset_type", "Type of the asset."),
        *SORT,
        text("asset_source", "SYSTEM, CUSTOMIZATION or ALL."),
        text("asset_state", "State of the asset."),
        text("style_id", "Id of the style."),
        texts("accurate_query_field", "Fields whose whole value must match."),
        texts("asset_id", "Id of the asset."),
        text("sex", "Gender of the voice."),
        text("language", "Language of the voice."),
        text("system_property", "System properties as KEY:value, separated by commas."),
        flag("action_editable", "Only avatars whose movements can be edited."),
        flag("is_with_action_library", "Only avatars with a library of movements."),
        flag("is_movable", "Only avatars that can move around."),
        text("voice_provider", "HUAWEI_METASTUDIO or MOBVOI."),
        text("role", "SHARER or SHAREE."),
        flag("is_realtime_voice", "Only voices for live speech."),
        text("human_model_2d_version", "Version of the avatar's model."),
        text("include_device_name", "Only assets that have run a job of this name."),
        text("exclude_device_name", "Only assets that have not run a job of this name."),
        text("supported_service", "Services that may use the asset."),
        text("app_user_id", "Id of the application's user."),
    ),
    response_fields=names("count assets"),
)

UPDATE_DIGITAL_ASSET = action(
    name="UpdateDigitalAsset",
    summary="Change an asset, or activate or deactivate it.",
    method="PUT",
    path="/v1/{project_id}/digital-assets/{asset_id}",
    in_path=(text("asset_id", "Id of the asset.", required=True),),
    in_body=(
        text("asset_name", "Name of the asset.", max_length=256),
        text("asset_description", "Description of the asset.", max_length=4096),
        _TYPE,
        choice("asset_state", ("UNACTIVED", "ACTIVED", "WAITING_DELETE"), "State of the asset."),
        structure("review_config", "Settings of the content review."),
        texts("tags", "Tags."),
        structure("asset_extra_meta", "Metadata of a video, an image or a voice."),
        structures("system_properties", "Properties set by Huawei."),
        structure("shared_config", "Settings for sharing with other accounts."),
        integer("asset_order", "Position in the console."),
        texts("supported_service", "Services that may use the asset."),
        structures("auto_operation_config", "Operations on the asset at set times."),
    ),
    response_fields=_ASSET,
)

DELETE_ASSET = action(
    name="DeleteAsset",
    summary="Delete an asset.",
    method="DELETE",
    path="/v1/{project_id}/digital-assets/{asset_id}",
    in_path=(text("asset_id", "Id of the asset.", required=True),),
    in_query=(text("mode", "Mode of deletion."),),
)

SHOW_ASSET = action(
    name="ShowAsset",
    summary="Return an asset with its files.",
    method="GET",
    path="/v1/{project_id}/digital-assets/{asset_id}",
    in_path=(text("asset_id", "Id of the asset.", required=True),),
    response_fields=_ASSET,
)

RESTORE_ASSET = action(
    name="RestoreAsset",
    summary="Restore a deleted asset.",
    method="POST",
    path="/v1/{project_id}/digital-assets/{asset_id}/restore",
    in_path=(text("asset_id", "Id of the asset.", required=True),),
)

LIST_ASSET_SUMMARY = action(
    name="ListAssetSummary",
    summary="Return summaries of several assets.",
    method="POST",
    path="/v1/{project_id}/digital-assets/summarys",
    in_body=(texts("asset_ids", "Ids of the assets.", required=True),),
    response_fields=("asset_list",),
    repeatable=True,
)

BATCH_EXECUTE_ASSET_ACTION = action(
    name="BatchExecuteAssetAction",
    summary="Execute one command on several assets.",
    method="POST",
    path="/v1/{project_id}/digital-assets/batch-action",
    in_body=(
        choice(
            "action",
            ("DELETE", "DELETE_FORCE", "RESTORE", "UNACTIVE", "ACTIVE", "SHARE", "UNSHARE"),
            "Command to execute.",
            required=True,
        ),
        texts("asset_ids", "Ids of the assets.", required=True),
        text("params", "Parameters of the command."),
    ),
    response_fields=("results",),
)

SHOW_ASSET_REPLICATION_INFO = action(
    name="ShowAssetReplicationInfo",
    summary="Return an asset in encrypted form, for replication.",
    method="GET",
    path="/v1/{project_id}/digital-assets/{asset_id}/replication-info",
    in_path=(text("asset_id", "Id of the asset.", required=True),),
    response_fields=names("asset_id asset_info encryption_info expire_time"),
)

CREATE_ASSET_BY_REPLICATION_INFO = action(
    name="CreateAssetByReplicationInfo",
    summary="Create an asset from the encrypted form of another.",
    method="POST",
    path="/v1/{project_id}/digital-assets-by-replication-info",
    in_body=(
        text("asset_id", "Id of the asset."),
        text("asset_info", "Encrypted asset, from ShowAssetReplicationInfo."),
        structure("encryption_info", "Encryption of asset_info, from ShowAssetReplicationInfo."),
        integer("expire_time", "Time at which asset_info expires.", maximum=2**53),
    ),
)

CREATE_DIGITAL_ASSET = action(
    name="CreateDigitalAsset",
    summary="Create an asset, to which files are then uploaded.",
    method="POST",
    path="/v1/{project_id}/digital-assets",
    in_body=(
        text("asset_name", "Name of the asset.", required=True, max_length=256),
        text("asset_description", "Description of the asset.", max_length=4096),
        _TYPE.replace(required=True),
        structure("review_config", "Settings of the content review."),
        texts("tags", "Tags."),
        structure("asset_extra_meta", "Metadata of a video, an image or a voice."),
        structures("system_properties", "Properties set by Huawei."),
        structure("shared_config", "Settings for sharing with other accounts."),
        flag("is_need_generate_cover", "Generate a cover image, for videos only."),
        integer("asset_order", "Position in the console."),
        texts("supported_service", "Services that may use the asset."),
        structures("auto_operation_config", "Operations on the asset at set times."),
    ),
    response_fields=names("asset_id produce_id"),
    job=JobKind(
        status_action=SHOW_ASSET,
        states=ASSET_STATES,
        id_in=("asset_id",),
        state_in=("asset_state",),
        id_name="asset_id",
    ),
)
