"""The vocabulary, which says how words are read."""

from __future__ import annotations

from airflow_provider_viapi.huawei.services.metastudio.service import PAGE, action, choice, names, text, texts

ENTRY = (
    choice(
        "type",
        ("CHINESE_G2P", "PHONETIC_SYMBOL", "CONTINUUM", "ALIAS", "SAY_AS"),
        "Type of the pronunciation.",
        required=True,
    ),
    text("key", "Word."),
    text("value", "Pronunciation."),
    text("group_id", "Id of the group."),
)

CREATE_TTSC_VOCABULARY_CONFIGS = action(
    name="CreateTtscVocabularyConfigs",
    summary="Create the pronunciation of a word.",
    method="POST",
    path="/v1/{project_id}/ttsc/vocabulary-configs",
    in_body=ENTRY,
    response_fields=("id",),
)

LIST_TTSC_VOCABULARY_CONFIGS = action(
    name="ListTtscVocabularyConfigs",
    summary="List the words that have a custom pronunciation.",
    method="GET",
    path="/v1/{project_id}/ttsc/vocabulary-configs",
    in_query=(
        text("type", "Type of the pronunciation."),
        text("tts_service_name", "Speech engine."),
        text("is_vocabulary_config_enable", "Apply the vocabulary."),
        text("group_id", "Id of the group."),
        text("asset_id", "Id of the asset."),
        *PAGE,
        text("start_time", "Start of the period, in RFC 3339."),
        text("end_time", "End of the period, in RFC 3339."),
        text("search_key", "Part of the word."),
    ),
    response_fields=names("count data"),
)

SAVE_TTSC_VOCABULARY_CONFIGS = action(
    name="SaveTtscVocabularyConfigs",
    summary="Change the pronunciation of a word.",
    method="PUT",
    path="/v1/{project_id}/ttsc/vocabulary-configs/{vocabulary_id}",
    in_path=(text("vocabulary_id", "Id of the entry.", required=True),),
    in_body=ENTRY,
    response_fields=("id",),
)

DELETE_TTSC_VOCABULARY_CONFIGS = action(
    name="DeleteTtscVocabularyConfigs",
    summary="Delete pronunciations.",
    method="DELETE",
    path="/v1/{project_id}/ttsc/vocabulary-configs",
    in_query=(*PAGE,),
    in_body=(texts("id", "Id of the entry."),),
)

CREATE_TTSC_VOCABULARY_GROUPS = action(
    name="CreateTtscVocabularyGroups",
    summary="Create a group of words.",
    method="POST",
    path="/v1/{project_id}/ttsc/vocabulary-groups",
    in_body=(text("group_name", "Name of the group."),),
    response_fields=("id",),
)

LIST_TTSC_VOCABULARY_GROUPS = action(
    name="ListTtscVocabularyGroups",
    summary="List groups of words.",
    method="GET",
    path="/v1/{project_id}/ttsc/vocabulary-groups",
    in_query=(*PAGE, text("group_id", "Id of the group.")),
    response_fields=names("count data"),
)

UPDATE_TTSC_VOCABULARY_GROUPS = action(
    name="UpdateTtscVocabularyGroups",
    summary="Rename a group of words.",
    method="PUT",
    path="/v1/{project_id}/ttsc/vocabulary-groups/{group_id}",
    in_path=(text("group_id", "Id of the group.", required=True),),
    in_body=(text("group_name", "Name of the group."),),
    response_fields=("id",),
)

DELETE_TTSC_VOCABULARY_GROUPS = action(
    name="DeleteTtscVocabularyGroups",
    summary="Delete a group of words.",
    method="DELETE",
    path="/v1/{project_id}/ttsc/vocabulary-groups/{group_id}",
    in_path=(text("group_id", "Id of the group.", required=True),),
    in_query=(*PAGE,),
)

SET_TTSC_GROUP_ASSETS = action(
    name="SetTtscGroupAssets",
    summary="Assign a group of words to voices.",
    method="PUT",
    path="/v1/{project_id}/ttsc/group-assets/{group_id}",
    in_path=(text("group_id", "Id of the group.", required=True),),
    in_body=(texts("asset_ids", "Ids of the assets."),),
    response_fields=("id",),
)

SAVE_TTSC_TENANT_CONFIGS = action(
    name="SaveTtscTenantConfigs",
    summary="Enable or disable the vocabulary.",
    method="PUT",
    path="/v1/{project_id}/ttsc/tenant-configs",
    in_body=(
        text("id", "Id of the entry."),
        text("key", "Word.", required=True),
        text("value", "Pronunciation.", required=True),
    ),
)

SHOW_VOCABULARY_SWITCH_CONFIGS = action(
    name="ShowVocabularySwitchConfigs",
    summary="Return whether the vocabulary is enabled.",
    method="GET",
    path="/v1/{project_id}/ttsc/tenant-configs",
    in_query=(*PAGE, text("key", "Word.")),
    response_fields=names("count data"),
)
