"""The actions of speech and voice auditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.huawei.media_jobs import MediaJob, MediaJobs
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, rfc3339, without_nulls
from airflow_provider_viapi.huawei.services.metastudio import speech

_SPEECH = speech.CREATE_ASYNC_TTS_JOB.name
_AUDITION = speech.CREATE_TTS_AUDITION.name
_FILES = ("audio_file_url", "audio_info_file_url", "audio_srt_file_url")


class SpeechActions:
    """The actions of speech.

    :param jobs: produce the files
    """

    def __init__(self, jobs: MediaJobs) -> None:
        self._jobs = jobs

    def submissions(self) -> dict[str, Callable[[RestCall, TakeJobFault], Any]]:
        """Return the handler of each action that submits a job, by the action's name."""
        return {_SPEECH: self._create, _AUDITION: self._create}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each other action, by the action's name."""
        return {
            speech.SHOW_ASYNC_TTS_JOB.name: self._show,
            speech.SHOW_TTS_AUDITION_FILE.name: self._show_audition,
            speech.SHOW_TTS_JOB.name: self._list,
        }

    def _create(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        return {"job_id": self._jobs.put(call, call.parameters, take_fault()).id}

    def _show(self, call: RestCall) -> dict[str, Any]:
        job = self._jobs.find(call.parameters["job_id"], _SPEECH)
        return {"state": job.state, **_reason(job), **self._jobs.links(job, call.base, *_FILES)}

    def _show_audition(self, call: RestCall) -> dict[str, Any]:
        job = self._jobs.find(call.parameters["job_id"], _AUDITION)
        links = self._jobs.links(job, call.base, "audio_file_url").values()
        ended = job.state not in ("WAITING", "PROCESSING")
        return {
            "is_file_complete": ended,
            **_reason(job),
            "files": [{"download_url": link} for link in links],
        }

    def _list(self, call: RestCall) -> dict[str, Any]:
        jobs = [self._describe(job, call.base) for job in self._jobs.listed(_SPEECH, _AUDITION)]
        count, page = page_of(jobs, call.parameters)
        return {"count": count, "data": page}

    def _describe(self, job: MediaJob, base: str) -> dict[str, Any]:
        given = job.request
        links = self._jobs.links(job, base, *_FILES)
        return without_nulls(
            {
                "job_id": job.id,
                "asset_id": given.get("voice_asset_id") or given.get("emotion"),
                "text_length": len(given["text"]),
                "create_time": rfc3339(job.job.created_at),
                "audio_format": given.get("audio_format", "WAV"),
                "need_timestamp": given.get("need_timestamp", False),
                "gen_srt": given.get("gen_srt", False),
                "job_type": "ASYNC_JOB" if job.job.action.name == _SPEECH else "AUDITION",
                "job_state": job.state,
                "fail_msg": job.job.error_message,
                "files": [links] if links else [],
            }
        )


def _reason(job: MediaJob) -> dict[str, str]:
    info = job.error_info
    return {} if info is None else {"code": info["error_code"], "message": info["error_msg"]}
