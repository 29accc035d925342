"""The actions of image and voice models, whose files are uploaded, reviewed and trained, and of voice assessments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.huawei.assets import Assets
from airflow_provider_viapi.emulator.huawei.errors import api_error, invalid
from airflow_provider_viapi.emulator.huawei.files import UploadedFiles, UploadSlot
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, rfc3339, without_nulls
from airflow_provider_viapi.emulator.huawei.state_machines import (
    IMAGE_MODEL,
    VOICE_ASSESSMENT,
    VOICE_MODEL,
    StateJob,
    StateJobs,
    StateMachine,
)
from airflow_provider_viapi.huawei.services.metastudio import avatars, voices

_EDITIONS = {
    voices.CREATE_TRAINING_BASIC_JOB.name: "BASIC",
    voices.CREATE_TRAINING_MIDDLE_JOB.name: "MIDDLE",
    voices.CREATE_TRAINING_ADVANCE_JOB.name: "ADVANCE",
    voices.CREATE_TRAINING_THIRD_PARTY_JOB.name: "THIRD_PARTY",
}
_COMMANDS = {"SUBMITVERIFYING": "commit", "CONFIRM_ACCEPT": "confirm", "CONFIRM_REJECT": "refuse"}


class TrainingActions:
    """The actions of image and voice models.

    :param jobs: the models in training
    :param uploads: stores their files
    :param assets: receive the trained models
    :param now: the clock, in Unix time
    """

    def __init__(
        self, jobs: StateJobs, uploads: UploadedFiles, assets: Assets, now: Callable[[], float]
    ) -> None:
        self._jobs = jobs
        self._uploads = uploads
        self._assets = assets
        self._now = now

    def submissions(self) -> dict[str, Callable[[RestCall, TakeJobFault], Any]]:
        """Return the handler of each action that submits a job, by the action's name."""
        return {
            **dict.fromkeys(_EDITIONS, self._create_voice),
            avatars.CREATE_2D_MODEL_TRAINING_JOB.name: self._create_image,
            voices.CREATE_SHORT_JOB.name: self._create_assessment,
        }

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each other action, by the action's name."""
        return {
            voices.SHOW_VOICE_TRAINING_JOB.name: lambda call: self._describe_voice(
                self._find(call, VOICE_MODEL)
            ),
            voices.LIST_VOICE_TRAINING_JOB.name: lambda call: self._list(
                call, VOICE_MODEL, self._describe_voice
            ),
            voices.DELETE_VOICE_TRAINING_JOB.name: lambda call: self._delete(call, VOICE_MODEL),
            voices.COMMIT_VOICE_TRAINING_JOB.name: self._commit_voice,
            voices.SHOW_JOB_UPLOADING_ADDRESS.name: self._voice_addresses,
            voices.SHOW_SHORT_JOB.name: lambda call: _describe_assessment(self._find(call, VOICE_ASSESSMENT)),
            voices.COMMIT_SHORT_JOB.name: self._commit_assessment,
            avatars.SHOW_2D_MODEL_TRAINING_JOB.name: lambda call: self._describe_image(
                self._find(call, IMAGE_MODEL)
            ),
            avatars.LIST_2D_MODEL_TRAINING_JOB.name: lambda call: self._list(
                call, IMAGE_MODEL, self._describe_image
            ),
            avatars.DELETE_2D_MODEL_TRAINING_JOB.name: lambda call: self._delete(call, IMAGE_MODEL),
            avatars.UPDATE_2D_MODEL_TRAINING_JOB.name: self._update_image,
            avatars.EXECUTE_2D_MODEL_TRAINING_COMMAND_BY_USER.name: self._command,
        }

    def _create_voice(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        job = self._put(call, VOICE_MODEL, take_fault)
        return {
            "job_id": job.id,
            "training_data_uploading_url": self._address(job, "package.zip", call.base),
            "authorization_letter_uploading_url": self._address(job, "letter.pdf", call.base),
        }

    def _create_image(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        return self._image_addresses(call, self._put(call, IMAGE_MODEL, take_fault))

    def _update_image(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call, IMAGE_MODEL)
        _change(job, call.parameters)
        return self._image_addresses(call, job)

    def _image_addresses(self, call: RestCall, job: StateJob) -> dict[str, Any]:
        names = [name for name in call.action.response_fields if name.endswith("_upload_url")]
        addresses: dict[str, Any] = {name: self._address(job, f"{name}.bin", call.base) for name in names}
        # A video may be uploaded in parts, one for each address.
        videos = {name: [address] for name, address in addresses.items() if "_video_" in name}
        return {"job_id": job.id, **addresses, **videos}

    def _put(self, call: RestCall, machine: StateMachine, take_fault: TakeJobFault) -> StateJob:
        job = StateJob(new_id(), call.action, call.parameters, machine, self._now(), take_fault())
        self._jobs.put(job)
        return job

    def _address(self, job: StateJob, name: str, base: str) -> str:
        return self._uploads.open(UploadSlot(f"{job.id}-{name.partition('.')[0]}", name), base)

    def _voice_addresses(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call, VOICE_MODEL)
        return {
            "package_url": {"training_data_uploading_url": self._address(job, "package.zip", call.base)},
            "authorization_letter_uploading_url": self._address(job, "letter.pdf", call.base),
        }

    def _commit_voice(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call, VOICE_MODEL)
        _change(job, call.parameters)
        self._send(job, "commit")
        return {}

    def _create_assessment(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        job = self._put(call, VOICE_ASSESSMENT, take_fault)
        return {"job_id": job.id, "data_uploading_url": self._address(job, "recordings.zip", call.base)}

    def _commit_assessment(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call, VOICE_ASSESSMENT)
        if not self._uploads.is_received(f"{job.id}-recordings"):
            raise invalid("metastudio", "The recordings have not been uploaded yet.")
        self._send(job, "commit")
        return {}

    def _command(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call, IMAGE_MODEL)
        command = _COMMANDS.get(call.parameters["command"])
        if command is not None:
            self._send(job, command)
        return {"commond_result": "EXCUTE_SUCCESS"}

    def _send(self, job: StateJob, command: str) -> None:
        if not self._jobs.send(job, command):
            raise invalid("metastudio", f"The job is {job.state}; the command is not possible in this state.")

    def _list(
        self, call: RestCall, machine: StateMachine, describe: Callable[[StateJob], dict[str, Any]]
    ) -> dict[str, Any]:
        count, page = page_of(map(describe, self._jobs.listed(machine)), call.parameters)
        return {"count": count, "jobs": page}

    def _delete(self, call: RestCall, machine: StateMachine) -> dict[str, Any]:
        self._jobs.remove(self._find(call, machine))
        return {}

    def _find(self, call: RestCall, machine: StateMachine) -> StateJob:
        job = self._jobs.get(call.parameters["job_id"])
        if job is None or job.machine is not machine:
            raise api_error("MSS.41000003", f"The task does not exist: job_id {call.parameters['job_id']}.")
        return job

    def _describe_voice(self, job: StateJob) -> dict[str, Any]:
        wanted = (
            "voice_name",
            "sex",
            "language",
            "create_type",
            "tag",
            "phone",
            "batch_name",
            "output_language",
        )
        return without_nulls(
            {
                **_select(job.request, wanted),
                "job_type": _EDITIONS[job.action.name],
                "job_id": job.id,
                "state": job.state,
                "asset_id": self._asset_id(job, "voice_name", "VOICE_MODEL"),
                "job_failed_code": job.error_code,
                "job_failed_reason": job.error_message,
                "create_time": round(job.created_at * 1000),
                "lastupdate_time": round(job.changed_at * 1000),
            }
        )

    def _describe_image(self, job: StateJob) -> dict[str, Any]:
        wanted = ("name", "contact", "batch_name", "tags", "model_version", "is_flexus", "is_live_copy")
        reason = {"error_code": job.error_code, "error_msg": job.error_message}
        return without_nulls(
            {
                **_select(job.request, wanted),
                "job_id": job.id,
                "state": job.state,
                "asset_id": self._asset_id(job, "name", "HUMAN_MODEL_2D"),
                "error_info": reason if job.error_code is not None else None,
                "create_time": rfc3339(job.created_at),
                "last_update_time": rfc3339(job.changed_at),
            }
        )

    def _asset_id(self, job: StateJob, name: str, kind: str) -> str | None:
        """Return the id of a trained model's asset, which exists from then on."""
        if job.state not in ("SUCCEED", "JOB_SUCCESS"):
            return None
        asset_id = f"model-{job.id}"
        self._assets.add_trained(asset_id, str(job.request.get(name) or ""), kind)
        return asset_id


def _describe_assessment(job: StateJob) -> dict[str, Any]:
    result = {"suggestion": "The emulator does not listen to recordings."}
    return without_nulls(
        {
            "job_type": job.request["job_type"],
            "job_id": job.id,
            "state": job.state,
            "job_failed_code": job.error_code,
            "job_failed_reason": job.error_message,
            "create_time": round(job.created_at * 1000),
            "lastupdate_time": round(job.changed_at * 1000),
            "assess_result": result if job.state == "SUCCEED" else None,
        }
    )


def _change(job: StateJob, given: Mapping[str, Any]) -> None:
    job.request = {**job.request, **{name: value for name, value in given.items() if name != "job_id"}}


def _select(request: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: request.get(name) for name in names}
