"""Every action of MetaStudio and VIAS, from an ordinary request to an answer of the emulator."""

from __future__ import annotations

import pytest

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import actions
from emulator.huawei.callers import Caller
from huawei.any_request import value_of

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
