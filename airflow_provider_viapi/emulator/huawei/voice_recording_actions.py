"""Recordings of voice models: sentences that are recorded online, the review's result, and the log of operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.huawei.errors import api_error
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall
from airflow_provider_viapi.emulator.huawei.state_machines import VOICE_MODEL, StateJob, StateJobs
from airflow_provider_viapi.huawei.services.metastudio import voices


class VoiceRecordingActions:
    """The actions of recordings; every recorded sentence passes.

    :param jobs: the models in training
    """

    def __init__(self, jobs: StateJobs) -> None:
        self._jobs = jobs
        self._confirmed: dict[str, set[int]] = {}

    def reset(self) -> None:
        """Delete all recordings."""
        self._confirmed.clear()

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each action, by the action's name."""
        return {
            voices.CONFIRM_TRAINING_SEGMENT.name: self._confirm,
            voices.SHOW_TRAINING_SEGMENT_INFO.name: self._show,
            voices.SHOW_JOB_AUDIT_RESULT.name: self._review,
            voices.LIST_JOB_OPERATION_LOG.name: self._log,
        }

    def _confirm(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call)
        self._confirmed.setdefault(job.id, set()).add(call.parameters["index"])
        return {"confirm_result": True, "unmatched_index_hit": []}

    def _show(self, call: RestCall) -> dict[str, Any]:
        return {"confirmed_index": sorted(self._confirmed.get(self._find(call).id, ()))}

    def _review(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call)
        moment = round(job.changed_at * 1000)
        result: dict[str, Any] = {"system_audit_result": {"audit_time": moment, "errors": []}}
        if job.state not in ("CREATING", "SYSTEM_AUDITING", "AUDITING"):
            result["admin_audit_result"] = {"message": job.error_message or "", "audit_time": moment}
        return result

    def _log(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call)
        entries = [("CREATING", job.created_at)]
        if job.state != "CREATING":
            entries.append((job.state, job.changed_at))
        items = [{"time": round(at * 1000), "action": state, "operator": "user"} for state, at in entries]
        count, page = page_of(items, call.parameters)
        return {"count": count, "operations": page}

    def _find(self, call: RestCall) -> StateJob:
        job = self._jobs.get(call.parameters["job_id"])
        if job is None or job.machine is not VOICE_MODEL:
            raise api_error("MSS.41000003", f"The task does not exist: job_id {call.parameters['job_id']}.")
        return job
