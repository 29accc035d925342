"""Assets: pictures, videos, sounds and avatars that MetaStudio keeps."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action, JobKind, States
from airflow_provider_viapi.huawei.services.metastudio.service import (
    PAGE,
    SERVICE,
    SORT,
    choice,
    flag,
    structure,
    structures,
    text,
    texts,
    whole,
    words,
)

ASSET_STATES = States(
    going=words("CREATING DELETING WAITING_DELETE"),
    succeeded=words("ACTIVED UNACTIVED"),
    failed=words("FAILED BLOCK"),
    cancelled=("DELETED",),
)
"""An asset is CREATING until its main file was uploaded; UNACTIVED is made but not yet to be used."""

LIST_ASSETS = Action(
    service=SERVICE,
    name="ListAssets",
    summary="The assets that fit.",
    method="GET",
    path="/v1/{project_id}/digital-assets",
    in_query=(
        *PAGE,
        text("name", "Its name."),
        text("tag", "A tag."),
        text("tag_combination_type", "All tags, or any."),
        text("start_time", "Since then, in RFC 3339."),
        text("end_time", "Until then, in RFC 3339."),
        text("asset_type", "Kind of the asset."),
        *SORT,
        text("asset_source", "SYSTEM, CUSTOMIZATION or ALL."),
        text("asset_state", "State of the asset."),
        text("style_id", "The style."),
        texts("accurate_query_field", "Fields that are looked for exactly."),
        texts("asset_id", "The asset."),
        text("sex", "Of the voice."),
        text("language", "Its language."),
        text("system_property", "Properties with their values, as KEY:value with commas between."),
        flag("action_editable", "Only avatars whose movements can be edited."),
        flag("is_with_action_library", "Only avatars with a library of movements."),
        flag("is_movable", "Only avatars that can move about."),
        text("voice_provider", "HUAWEI_METASTUDIO or MOBVOI."),
        text("role", "SHARER or SHAREE."),
        flag("is_realtime_voice", "Only voices that can speak live."),
        text("human_model_2d_version", "Version of the avatar's model."),
        text("include_device_name", "Only assets that have run such a job."),
        text("exclude_device_name", "Only assets that have not run such a job."),
        text("supported_service", "What it may be used for."),
        text("app_user_id", "An application's own user."),
    ),
    answer=words("count assets"),
    idempotent=True,
)

UPDATE_DIGITAL_ASSET = Action(
    service=SERVICE,
    name="UpdateDigitalAsset",
    summary="Change an asset, or make it usable or not.",
    method="PUT",
    path="/v1/{project_id}/digital-assets/{asset_id}",
    in_path=(text("asset_id", "The asset.", required=True),),
    in_body=(
        text("asset_name", "Its name.", max_length=256),
        text("asset_description", "Up to 4096 characters.", max_length=4096),
        choice(
            "asset_type",
            (
                "VOICE_MODEL",
                "VIDEO",
                "IMAGE",
                "PPT",
                "MUSIC",
                "AUDIO",
                "COMMON_FILE",
                "HUMAN_MODEL_2D",
                "BUSINESS_CARD_TEMPLET",
            ),
            "Kind of the asset.",
        ),
        choice("asset_state", ("UNACTIVED", "ACTIVED", "WAITING_DELETE"), "State of the asset."),
        structure("review_config", "Whether the content is reviewed."),
        texts("tags", "Tags."),
        structure("asset_extra_meta", "Facts of its kind: of a video, an image, a voice."),
        structures("system_properties", "Huawei's own."),
        structure("shared_config", "With whom it is shared."),
        whole("asset_order", "Where the console shows it."),
        texts("supported_service", "What it may be used for."),
        structures("auto_operation_config", "What is to happen to the asset at which time."),
    ),
    answer=words(
        "project_id asset_id produce_id asset_name asset_description app_user_id create_time "
        "update_time asset_type asset_state fail_type block_reason_code reason tags "
        "asset_extra_meta system_properties files asset_order supported_service "
        "auto_operation_config"
    ),
)

DELETE_ASSET = Action(
    service=SERVICE,
    name="DeleteAsset",
    summary="Delete an asset.",
    method="DELETE",
    path="/v1/{project_id}/digital-assets/{asset_id}",
    in_path=(text("asset_id", "The asset.", required=True),),
    in_query=(text("mode", "How it is deleted."),),
)

SHOW_ASSET = Action(
    service=SERVICE,
    name="ShowAsset",
    summary="An asset with its files.",
    method="GET",
    path="/v1/{project_id}/digital-assets/{asset_id}",
    in_path=(text("asset_id", "The asset.", required=True),),
    answer=words(
        "project_id asset_id produce_id asset_name asset_description app_user_id create_time "
        "update_time asset_type asset_state fail_type block_reason_code reason tags "
        "asset_extra_meta system_properties files asset_order supported_service "
        "auto_operation_config"
    ),
    idempotent=True,
)

RESTORE_ASSET = Action(
    service=SERVICE,
    name="RestoreAsset",
    summary="Take an asset back out of the bin.",
    method="POST",
    path="/v1/{project_id}/digital-assets/{asset_id}/restore",
    in_path=(text("asset_id", "The asset.", required=True),),
)

LIST_ASSET_SUMMARY = Action(
    service=SERVICE,
    name="ListAssetSummary",
    summary="What a few assets are, in short.",
    method="POST",
    path="/v1/{project_id}/digital-assets/summarys",
    in_body=(texts("asset_ids", "The assets.", required=True),),
    answer=("asset_list",),
    idempotent=True,
)

BATCH_EXECUTE_ASSET_ACTION = Action(
    service=SERVICE,
    name="BatchExecuteAssetAction",
    summary="Do the same with several assets.",
    method="POST",
    path="/v1/{project_id}/digital-assets/batch-action",
    in_body=(
        choice(
            "action",
            ("DELETE", "DELETE_FORCE", "RESTORE", "UNACTIVE", "ACTIVE", "SHARE", "UNSHARE"),
            "What is done with them.",
            required=True,
        ),
        texts("asset_ids", "The assets.", required=True),
        text("params", "What the command needs."),
    ),
    answer=("results",),
)

SHOW_ASSET_REPLICATION_INFO = Action(
    service=SERVICE,
    name="ShowAssetReplicationInfo",
    summary="An asset in sealed form, to be copied elsewhere.",
    method="GET",
    path="/v1/{project_id}/digital-assets/{asset_id}/replication-info",
    in_path=(text("asset_id", "The asset.", required=True),),
    answer=words("asset_id asset_info encryption_info expire_time"),
    idempotent=True,
)

CREATE_ASSET_BY_REPLICATION_INFO = Action(
    service=SERVICE,
    name="CreateAssetByReplicationInfo",
    summary="Make an asset out of another's sealed form.",
    method="POST",
    path="/v1/{project_id}/digital-assets-by-replication-info",
    in_body=(
        text("asset_id", "The asset."),
        text("asset_info", "The asset in sealed form, as asking for it answered."),
        structure("encryption_info", "How it is sealed."),
        whole("expire_time", "When that ends.", maximum=2**53),
    ),
)

CREATE_DIGITAL_ASSET = Action(
    service=SERVICE,
    name="CreateDigitalAsset",
    summary="Make an asset, which files are then uploaded to.",
    method="POST",
    path="/v1/{project_id}/digital-assets",
    in_body=(
        text("asset_name", "Its name.", required=True, max_length=256),
        text("asset_description", "Up to 4096 characters.", max_length=4096),
        choice(
            "asset_type",
            (
                "VOICE_MODEL",
                "VIDEO",
                "IMAGE",
                "PPT",
                "MUSIC",
                "AUDIO",
                "COMMON_FILE",
                "HUMAN_MODEL_2D",
                "BUSINESS_CARD_TEMPLET",
            ),
            "Kind of the asset.",
            required=True,
        ),
        structure("review_config", "Whether the content is reviewed."),
        texts("tags", "Tags."),
        structure("asset_extra_meta", "Facts of its kind: of a video, an image, a voice."),
        structures("system_properties", "Huawei's own."),
        structure("shared_config", "With whom it is shared."),
        flag("is_need_generate_cover", "Make a cover, of videos only."),
        whole("asset_order", "Where the console shows it."),
        texts("supported_service", "What it may be used for."),
        structures("auto_operation_config", "What is to happen to the asset at which time."),
    ),
    answer=words("asset_id produce_id"),
    job=JobKind(
        show=SHOW_ASSET,
        states=ASSET_STATES,
        id_in=("asset_id",),
        state_in=("asset_state",),
        id_name="asset_id",
    ),
)
