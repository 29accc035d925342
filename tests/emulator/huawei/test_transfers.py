"""Transfers of assets: the receiver accepts or rejects, the sender cancels."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_VOICE
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.huawei.services.metastudio import assets, transfers
from emulator.huawei.callers import Caller

OTHER = "f" * 32


@pytest.fixture
def asset_id(caller: Caller) -> str:
    return str(caller(assets.CREATE_DIGITAL_ASSET, asset_name="lamp", asset_type="VIDEO")["asset_id"])


def transfer(caller: Caller, asset_id: str, **given: Any) -> str:
    request = {"asset_ids": [asset_id], "dest_project_id": OTHER, **given}
    return str(caller(transfers.TRANSFER_ASSET, **request)["job_id"])


def show(caller: Caller, job_id: str) -> dict[str, Any]:
    return caller(transfers.SHOW_TRANSFER_ASSET_JOB, job_id=job_id)


@pytest.mark.parametrize(("accept", "state"), [(True, "ACCEPT"), (False, "REJECT")])
def test_a_transfer_lasts_until_its_receiver_answers(
    caller: Caller, emulator: EmulatorServer, asset_id: str, accept: bool, state: str
) -> None:
    job_id = transfer(caller, asset_id, memo="for you")
    before = show(caller, job_id)
    emulator.review_huawei_model(job_id, accept=accept)
    after = show(caller, job_id)

    assert (before["state"], before["memo"], "finish_time" in before) == ("PROCESSING", "for you", False)
    assert [each["asset_name"] for each in before["transfer_assets"]] == ["lamp"]
    assert (after["state"], "finish_time" in after) == (state, True)


def test_its_sender_may_cancel_it_and_nothing_else(caller: Caller, asset_id: str) -> None:
    job_id = transfer(caller, asset_id)
    command = transfers.EXECUTE_TRANSFER_ASSET_ACTION

    assert caller.refused(command, job_id=job_id, action="accept") == (400, "MSS.00000003")
    caller(command, job_id=job_id, action="cancel")
    assert show(caller, job_id)["state"] == "CANCEL"
    assert caller.refused(command, job_id=job_id, action="cancel") == (400, "MSS.00000003")


def test_a_transfer_to_the_own_project_can_be_answered(
    caller: Caller, emulator: EmulatorServer, asset_id: str
) -> None:
    job_id = transfer(caller, asset_id, dest_project_id=emulator.huawei_project_id, is_need_billing=True)

    answer = caller(
        transfers.EXECUTE_TRANSFER_ASSET_ACTION, job_id=job_id, action="reject", reason="too many"
    )

    assert answer["accept_respone"]["is_need_billing"] is True
    assert (show(caller, job_id)["state"], show(caller, job_id)["reason"]) == ("REJECT", "too many")


def test_an_administrators_transfer_is_accepted_at_once(caller: Caller, asset_id: str) -> None:
    assert show(caller, transfer(caller, asset_id, auto_accept=True))["state"] == "ACCEPT"


def test_lists_are_filtered_by_state_direction_and_role(caller: Caller, asset_id: str) -> None:
    first = transfer(caller, asset_id)
    back = transfer(caller, asset_id, transfer_type="TRANSFER_BACK", transfer_job_id=first, auto_accept=True)

    def listed(**asked: Any) -> list[str]:
        return [each["job_id"] for each in caller(transfers.LIST_TRANSFER_ASSET_JOBS, **asked)["jobs"]]

    assert listed() == [first]
    assert listed(transfer_type="TRANSFER_BACK", state="ACCEPT,REJECT") == [back]
    assert listed(role="RECEIVER") == []


@pytest.mark.parametrize(
    "given",
    [
        {"asset_ids": ["none"]},
        {"asset_ids": [SYSTEM_VOICE]},
        {"transfer_type": "TRANSFER_BACK"},
        {"transfer_job_id": "x"},
    ],
)
def test_what_cannot_be_transferred_is_refused(caller: Caller, asset_id: str, given: dict[str, Any]) -> None:
    request = {"asset_ids": [asset_id], "dest_project_id": OTHER, **given}
    assert caller.refused(transfers.TRANSFER_ASSET, **request)[0] == 400
