"""Transfers of assets to another account, which its owner accepts or rejects."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import JobKind, States
from airflow_provider_viapi.huawei.services.metastudio.service import (
    JOB,
    PAGE,
    action,
    choice,
    flag,
    names,
    text,
    texts,
)

TRANSFER_STATES = States(
    pending=("PROCESSING",),
    awaiting_review=("PROCESSING",),
    succeeded=("ACCEPT",),
    failed=("REJECT", "FAIL"),
    cancelled=("CANCEL",),
)
"""PROCESSING lasts until the receiver answers; what expire_time does to a transfer was not found."""

TRANSFER_ACTIONS = ("cancel", "accept", "accept_confirm", "reject")

LIST_TRANSFER_ASSET_JOBS = action(
    name="ListTransferAssetJobs",
    summary="List transfers of assets.",
    method="GET",
    path="/v1/{project_id}/digital-assets-action/transfers",
    in_query=(
        *PAGE,
        text("role", "SENDER, RECEIVER or ALL."),
        text("state", "States, separated by commas."),
        text("transfer_type", "TRANSFER_OUT (default) or TRANSFER_BACK."),
    ),
    response_fields=names("count jobs"),
)

SHOW_TRANSFER_ASSET_JOB = action(
    name="ShowTransferAssetJob",
    summary="Return a transfer of assets.",
    method="GET",
    path="/v1/{project_id}/digital-assets-action/transfers/{job_id}",
    in_path=(JOB,),
    response_fields=names(
        "job_id transfer_type transfer_assets state src_project_id dest_project_id memo reason start_time "
        "finish_time expire_time is_need_billing error_info"
    ),
)

EXECUTE_TRANSFER_ASSET_ACTION = action(
    name="ExecuteTransferAssetAction",
    summary="Cancel a transfer as its sender, or accept or reject it as its receiver.",
    method="POST",
    path="/v1/{project_id}/digital-assets-action/transfers/{job_id}/{action}",
    in_path=(
        JOB,
        choice(
            "action",
            TRANSFER_ACTIONS,
            "cancel by the sender; accept, accept_confirm (a transfer that is billed) or reject by the receiver.",
            required=True,
        ),
    ),
    in_body=(text("reason", "Reason of the rejection."),),
    response_fields=("accept_respone",),
    note="the service itself misspells accept_respone",
)

TRANSFER_ASSET = action(
    name="TransferAsset",
    summary="Transfer assets to another account, or back.",
    method="POST",
    path="/v1/{project_id}/digital-assets-action/transfers",
    in_body=(
        choice("transfer_type", ("TRANSFER_OUT", "TRANSFER_BACK"), "Direction of the transfer."),
        texts("asset_ids", "Ids of the assets.", required=True),
        text("dest_project_id", "Id of the receiver's project.", required=True),
        text("memo", "Remark for the receiver."),
        flag("auto_accept", "Accept the transfer immediately; for administrators."),
        flag("auto_active", "Activate the assets immediately; for administrators."),
        flag("is_need_billing", "Use resources of the receiver, who is billed."),
        text("transfer_job_id", "Id of the earlier transfer; only for TRANSFER_BACK."),
    ),
    response_fields=("job_id",),
    job=JobKind(
        status_action=SHOW_TRANSFER_ASSET_JOB,
        cancel=EXECUTE_TRANSFER_ASSET_ACTION,
        cancel_with={"action": "cancel"},
        states=TRANSFER_STATES,
    ),
)
