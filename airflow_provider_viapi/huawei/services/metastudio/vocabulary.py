"""The vocabulary, which says how words are read."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.metastudio.service import (
    PAGE,
    SERVICE,
    choice,
    text,
    texts,
    words,
)

ENTRY = (
    choice(
        "type",
        ("CHINESE_G2P", "PHONETIC_SYMBOL", "CONTINUUM", "ALIAS", "SAY_AS"),
        "Way of reading.",
        required=True,
    ),
    text("key", "The word."),
    text("value", "How it is read."),
    text("group_id", "The group."),
)

CREATE_TTSC_VOCABULARY_CONFIGS = Action(
    service=SERVICE,
    name="CreateTtscVocabularyConfigs",
    summary="Say how a word is to be read.",
    method="POST",
    path="/v1/{project_id}/ttsc/vocabulary-configs",
    in_body=ENTRY,
    answer=("id",),
)

LIST_TTSC_VOCABULARY_CONFIGS = Action(
    service=SERVICE,
    name="ListTtscVocabularyConfigs",
    summary="Words with a reading of their own.",
    method="GET",
    path="/v1/{project_id}/ttsc/vocabulary-configs",
    in_query=(
        text("type", "Way of reading."),
        text("tts_service_name", "Engine."),
        text("is_vocabulary_config_enable", "Heed the vocabulary."),
        text("group_id", "The group."),
        text("asset_id", "The asset."),
        *PAGE,
        text("start_time", "Since then, in RFC 3339."),
        text("end_time", "Until then, in RFC 3339."),
        text("search_key", "Part of the word."),
    ),
    answer=words("count data"),
    idempotent=True,
)

SAVE_TTSC_VOCABULARY_CONFIGS = Action(
    service=SERVICE,
    name="SaveTtscVocabularyConfigs",
    summary="Change how a word is read.",
    method="PUT",
    path="/v1/{project_id}/ttsc/vocabulary-configs/{vocabulary_id}",
    in_path=(text("vocabulary_id", "The entry.", required=True),),
    in_body=ENTRY,
    answer=("id",),
)

DELETE_TTSC_VOCABULARY_CONFIGS = Action(
    service=SERVICE,
    name="DeleteTtscVocabularyConfigs",
    summary="Forget how words are read.",
    method="DELETE",
    path="/v1/{project_id}/ttsc/vocabulary-configs",
    in_query=(*PAGE,),
    in_body=(texts("id", "Its id."),),
)

CREATE_TTSC_VOCABULARY_GROUPS = Action(
    service=SERVICE,
    name="CreateTtscVocabularyGroups",
    summary="Make a group of such words.",
    method="POST",
    path="/v1/{project_id}/ttsc/vocabulary-groups",
    in_body=(text("group_name", "Its name."),),
    answer=("id",),
)

LIST_TTSC_VOCABULARY_GROUPS = Action(
    service=SERVICE,
    name="ListTtscVocabularyGroups",
    summary="The groups of words.",
    method="GET",
    path="/v1/{project_id}/ttsc/vocabulary-groups",
    in_query=(*PAGE, text("group_id", "The group.")),
    answer=words("count data"),
    idempotent=True,
)

UPDATE_TTSC_VOCABULARY_GROUPS = Action(
    service=SERVICE,
    name="UpdateTtscVocabularyGroups",
    summary="Rename a group of words.",
    method="PUT",
    path="/v1/{project_id}/ttsc/vocabulary-groups/{group_id}",
    in_path=(text("group_id", "The group.", required=True),),
    in_body=(text("group_name", "Its name."),),
    answer=("id",),
)

DELETE_TTSC_VOCABULARY_GROUPS = Action(
    service=SERVICE,
    name="DeleteTtscVocabularyGroups",
    summary="Delete a group of words.",
    method="DELETE",
    path="/v1/{project_id}/ttsc/vocabulary-groups/{group_id}",
    in_path=(text("group_id", "The group.", required=True),),
    in_query=(*PAGE,),
)

SET_TTSC_GROUP_ASSETS = Action(
    service=SERVICE,
    name="SetTtscGroupAssets",
    summary="Say which voices heed a group of words.",
    method="PUT",
    path="/v1/{project_id}/ttsc/group-assets/{group_id}",
    in_path=(text("group_id", "The group.", required=True),),
    in_body=(texts("asset_ids", "The assets."),),
    answer=("id",),
)

SAVE_TTSC_TENANT_CONFIGS = Action(
    service=SERVICE,
    name="SaveTtscTenantConfigs",
    summary="Switch the vocabulary on or off.",
    method="PUT",
    path="/v1/{project_id}/ttsc/tenant-configs",
    in_body=(
        text("id", "Its id."),
        text("key", "The word.", required=True),
        text("value", "How it is read.", required=True),
    ),
)

SHOW_VOCABULARY_SWITCH_CONFIGS = Action(
    service=SERVICE,
    name="ShowVocabularySwitchConfigs",
    summary="Whether the vocabulary is on.",
    method="GET",
    path="/v1/{project_id}/ttsc/tenant-configs",
    in_query=(*PAGE, text("key", "The word.")),
    answer=words("count data"),
    idempotent=True,
)
