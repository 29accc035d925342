"""Every action of MetaStudio and VIAS, from an ordinary request to an answer of the emulator."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.parameters import Object, ObjectList, Picture, StringList
from airflow_provider_viapi.huawei.services import actions
from airflow_provider_viapi.scalar_parameters import Boolean, Choice, Integer, WebAddress
from airflow_provider_viapi.schema import Parameter
from emulator.huawei.callers import Caller

NOT_EMULATED = {
    "ShowAssetReplicationInfo",
    "CreateAssetByReplicationInfo",
    "CreateLargeFile",
    "ShowTtsPhoneticSymbol",
    "SetTtscGroupAssets",
    "SaveTtscTenantConfigs",
    "ShowVocabularySwitchConfigs",
}
"""Actions that only the service can do; the emulator says so."""

TEXTS = {
    "service_version": "1.2",
    "start_time": "2024-01-01T00:00:00Z",
    "end_time": "2024-01-02T00:00:00Z",
    "resource_source": "PURCHASED",
}


def value_of(parameter: Parameter) -> Any:
    match parameter:
        case Choice():
            return parameter.choices[0]
        case Boolean():
            return True
        case Integer():
            return max(parameter.minimum, 5)
        case StringList():
            return ["some"]
        case ObjectList():
            return [required_of(parameter)]
        case Object():
            known = {
                "output": {"webhook": {"url": "http://127.0.0.1:9"}},
                "card_image_config": {"human_image": b"\x89PNG\r\n\x1a\n"},
                "batch_input": {"video_source_group": [{"video_source_list": [{"video_source_id": "some"}]}]},
            }
            return known.get(parameter.name) or required_of(parameter)
        case Picture():
            return b"\x89PNG\r\n\x1a\n"
        case WebAddress():
            return "http://127.0.0.1:9/some.png"
    return TEXTS.get(parameter.name, "some")


def required_of(parameter: Object) -> dict[str, Any]:
    types = {each.name: each for each in parameter.fields}
    return {name: value_of(types[name]) if name in types else "some" for name in parameter.required_fields}


@pytest.mark.parametrize("action", actions().values(), ids=lambda action: action.full_name)
def test_every_action_is_checked_sent_and_answered(action: Action, caller: Caller) -> None:
    request = {each.name: value_of(each) for each in action.parameters if each.required}
    try:
        caller(action, **request)
        status, code = 200, None
    except ServiceError as error:
        status, code = error.http_status, error.code

    if action.name in NOT_EMULATED:
        assert (status, code) == (501, "Emulator.NotEmulated")
    else:
        # What does not exist is refused with the service's own code.
        assert status in (200, 400, 404), code
        assert code is None or code.startswith(("MSS.", "VIAS."))
