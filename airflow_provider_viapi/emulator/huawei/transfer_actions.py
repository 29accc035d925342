"""Transfers of assets to another account. The receiver is not emulated: a review, or the tests, accept or reject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.huawei.assets import Assets
from airflow_provider_viapi.emulator.huawei.errors import invalid, not_found
from airflow_provider_viapi.emulator.huawei.identity import Tenant
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, rfc3339, without_nulls
from airflow_provider_viapi.emulator.huawei.state_machines import TRANSFER, StateJob, StateJobs
from airflow_provider_viapi.huawei.services.metastudio import transfers

_COMMANDS = {"cancel": "cancel", "accept": "accept", "accept_confirm": "accept", "reject": "reject"}
_SENDERS = {"cancel"}


class TransferActions:
    """The actions of transfers; the assets stay listed in the account, also after they are accepted.

    :param jobs: the transfers
    :param assets: the assets of the account
    :param tenant: the account, which is the sender of all transfers
    :param now: the clock, in Unix time
    """

    def __init__(self, jobs: StateJobs, assets: Assets, tenant: Tenant, now: Callable[[], float]) -> None:
        self._jobs = jobs
        self._assets = assets
        self._tenant = tenant
        self._now = now

    def submissions(self) -> dict[str, Callable[[RestCall, TakeJobFault], Any]]:
        """Return the handler of each action that submits a job, by the action's name."""
        return {transfers.TRANSFER_ASSET.name: self._create}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each other action, by the action's name."""
        return {
            transfers.SHOW_TRANSFER_ASSET_JOB.name: lambda call: self._describe(self._find(call)),
            transfers.LIST_TRANSFER_ASSET_JOBS.name: self._list,
            transfers.EXECUTE_TRANSFER_ASSET_ACTION.name: self._execute,
        }

    def _create(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        given = call.parameters
        for asset_id in given["asset_ids"]:
            if self._assets.find(asset_id).source == "SYSTEM":
                raise invalid("metastudio", "A system asset cannot be transferred.")
        if (given.get("transfer_type") == "TRANSFER_BACK") is not bool(given.get("transfer_job_id")):
            raise invalid("metastudio", "transfer_job_id is for TRANSFER_BACK, which needs it.")
        job = StateJob(new_id(), call.action, given, TRANSFER, self._now(), take_fault())
        self._jobs.put(job)
        if given.get("auto_accept"):
            self._jobs.send(job, "accept")
        return {"job_id": job.id}

    def _execute(self, call: RestCall) -> dict[str, Any]:
        job, action = self._find(call), call.parameters["action"]
        is_receiver = job.request["dest_project_id"] == self._tenant.project_id
        if action not in _SENDERS and not is_receiver:
            raise invalid("metastudio", f"Only the receiver of the transfer may {action} it.")
        if not self._jobs.send(job, _COMMANDS[action]):
            raise invalid("metastudio", f"The transfer is {job.state}; the action is not possible.")
        job.request = {**job.request, "reason": call.parameters.get("reason")}
        return {"accept_respone": {"is_need_billing": bool(job.request.get("is_need_billing"))}}

    def _list(self, call: RestCall) -> dict[str, Any]:
        asked = {"transfer_type": "TRANSFER_OUT", **call.parameters}
        role = asked.pop("role", "ALL")
        if "state" in asked:
            asked["state"] = asked["state"].split(",")
        found = [self._describe(job) for job in self._jobs.listed(TRANSFER)]
        if role == "RECEIVER":
            found = [each for each in found if each["dest_project_id"] == self._tenant.project_id]
        count, page = page_of(found, asked)
        return {"count": count, "jobs": page}

    def _find(self, call: RestCall) -> StateJob:
        job = self._jobs.get(call.parameters["job_id"])
        if job is None or job.machine is not TRANSFER:
            raise not_found("metastudio", f"job_id {call.parameters['job_id']}")
        return job

    def _describe(self, job: StateJob) -> dict[str, Any]:
        given, code = job.request, job.error_code
        return without_nulls(
            {
                "job_id": job.id,
                "transfer_type": given.get("transfer_type", "TRANSFER_OUT"),
                "transfer_assets": self._assets.summaries(given["asset_ids"]),
                "state": job.state,
                "src_project_id": self._tenant.project_id,
                "dest_project_id": given["dest_project_id"],
                "memo": given.get("memo"),
                "reason": given.get("reason"),
                "start_time": rfc3339(job.created_at),
                "finish_time": rfc3339(job.changed_at) if job.state != "PROCESSING" else None,
                "is_need_billing": bool(given.get("is_need_billing")),
                "error_info": None if code is None else {"error_code": code, "error_msg": job.error_message},
            }
        )
