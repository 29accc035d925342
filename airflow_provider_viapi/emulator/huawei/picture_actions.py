"""Stylized avatars that are modelled after a picture; their jobs only change their state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.huawei.errors import not_found
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, rfc3339, without_nulls
from airflow_provider_viapi.emulator.huawei.state_machines import PICTURE_MODEL, StateJob, StateJobs
from airflow_provider_viapi.huawei.services.metastudio import pictures

STYLES = ({"style_id": "system_style_cartoon", "style_name": "Cartoon"},)


class PictureActions:
    """The actions of picture modelling.

    :param jobs: the jobs
    :param now: the clock, in Unix time
    """

    def __init__(self, jobs: StateJobs, now: Callable[[], float]) -> None:
        self._jobs = jobs
        self._now = now

    def submissions(self) -> dict[str, Callable[[RestCall, TakeJobFault], Any]]:
        """Return the handler of each action that submits a job, by the action's name."""
        return {pictures.CREATE_PICTURE_MODELING_BY_URL_JOB.name: self._create}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each other action, by the action's name."""
        return {
            pictures.SHOW_PICTURE_MODELING_JOB.name: self._show,
            pictures.LIST_PICTURE_MODELING_JOBS.name: self._list,
            pictures.LIST_STYLES.name: lambda call: {"count": len(STYLES), "styles": list(STYLES)},
        }

    def _create(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        request = {**call.parameters, "model_asset_id": new_id()}
        job = StateJob(new_id(), call.action, request, PICTURE_MODEL, self._now(), take_fault())
        self._jobs.put(job)
        return {"job_id": job.id, "model_asset_id": request["model_asset_id"]}

    def _show(self, call: RestCall) -> dict[str, Any]:
        job = self._jobs.get(call.parameters["job_id"])
        if job is None or job.machine is not PICTURE_MODEL:
            raise not_found("metastudio", f"job_id {call.parameters['job_id']}")
        return self._describe(job)

    def _list(self, call: RestCall) -> dict[str, Any]:
        found = [self._describe(job) for job in self._jobs.listed(PICTURE_MODEL)]
        count, page = page_of(found, call.parameters)
        return {"count": count, "picture_modeling_jobs": page}

    @staticmethod
    def _describe(job: StateJob) -> dict[str, Any]:
        reason = {"error_code": job.error_code, "error_msg": job.error_message}
        return without_nulls(
            {
                "job_id": job.id,
                "state": job.state,
                "start_time": rfc3339(job.started_at),
                "model_asset_id": job.request["model_asset_id"],
                "name": job.request["name"],
                "style_id": job.request["style_id"],
                "error_info": reason if job.error_code is not None else None,
            }
        )
