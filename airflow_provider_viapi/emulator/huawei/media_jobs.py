"""Jobs that produce files, processed by the emulator's queue and described in MetaStudio's terms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.faults import JobFault
from airflow_provider_viapi.emulator.huawei import placeholders
from airflow_provider_viapi.emulator.huawei.errors import FAILED_CODES, not_found
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, without_nulls
from airflow_provider_viapi.emulator.job_queue import JobQueue
from airflow_provider_viapi.emulator.jobs import (
    JOB_CANCELED,
    PROCESS_FAILED,
    PROCESS_SUCCESS,
    PROCESSING,
    QUEUING,
    TRANSITIONS,
    Job,
)
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.worker import Transform
from airflow_provider_viapi.huawei.services.metastudio import cards, pictures, speech, videos

WORK: Mapping[str, Transform] = {
    speech.CREATE_ASYNC_TTS_JOB.name: placeholders.SPEECH,
    speech.CREATE_TTS_AUDITION.name: placeholders.SPEECH,
    videos.CREATE_2D_DIGITAL_HUMAN_VIDEO.name: placeholders.VIDEO,
    videos.CREATE_PHOTO_DIGITAL_HUMAN_VIDEO.name: placeholders.VIDEO,
    cards.CREATE_DIGITAL_HUMAN_BUSINESS_CARD.name: placeholders.VIDEO,
    cards.UPDATE_DIGITAL_HUMAN_BUSINESS_CARD.name: placeholders.VIDEO,
    videos.CREATE_PHOTO_DETECTION.name: placeholders.PHOTO_CHECK,
    videos.CREATE_SUBTITLE_FILE.name: placeholders.SUBTITLES,
    pictures.CREATE_PICTURE_MODELING_JOB.name: placeholders.PICTURE_MODEL,
    pictures.CREATE_PICTURE_MODELING_BY_URL_JOB.name: placeholders.PICTURE_MODEL,
}
"""Media work by action name."""

FILE_LIFETIME = 24 * 60 * 60
"""Seconds for which files are kept after the end of their job; the validity of a link, except to speech."""

SPEECH_LINK_LIFETIME = 60 * 60
"""Validity of a link to speech in seconds [ShowAsyncTtsJob, audio_file_url]."""

_SPEECH = frozenset({speech.CREATE_ASYNC_TTS_JOB.name, speech.CREATE_TTS_AUDITION.name})

_STATE_NAMES = {
    QUEUING: "WAITING",
    PROCESSING: "PROCESSING",
    PROCESS_SUCCESS: "SUCCEED",
    PROCESS_FAILED: "FAILED",
    JOB_CANCELED: "CANCELED",
}
_MAX_SHOWN = 500


@dataclass
class MediaJob:
    """A job that produces files.

    :param job: the job in the queue
    :param request: the parameters of the call
    :param fault_state: terminal state requested by a fault
    :param asset_id: id of the asset that its file becomes
    :param link_lifetime: validity of links in seconds requested by a fault
    """

    job: Job
    request: Mapping[str, Any]
    fault_state: str | None
    asset_id: str
    link_lifetime: float | None

    @property
    def id(self) -> str:
        """Its id."""
        return self.job.id

    @property
    def state(self) -> str:
        """Its state in the service's terms."""
        if self.job.state == PROCESS_FAILED and self.fault_state is not None:
            return self.fault_state
        return _STATE_NAMES[self.job.state]

    @property
    def error_info(self) -> dict[str, str] | None:
        """The reason of its failure, if it has failed."""
        code = self.job.error_code
        if code is None:
            return None
        if code.startswith("InternalError"):
            code = FAILED_CODES["metastudio"]
        return {"error_code": code, "error_msg": self.job.error_message or ""}

    @property
    def changed_at(self) -> float:
        """Unix time of its last state change."""
        return self.job.finished_at or self.job.started_at or self.job.created_at


class MediaJobs:
    """All jobs that produce files; used from one event loop.

    :param queue: processes them with :data:`WORK`
    :param storage: serves the links to their files
    :param now: the clock, in Unix time
    """

    def __init__(self, queue: JobQueue, storage: Storage, now: Callable[[], float]) -> None:
        self._queue = queue
        self._storage = storage
        self._now = now
        self._jobs: dict[str, MediaJob] = {}

    def __iter__(self) -> Iterator[MediaJob]:
        """Iterate over all jobs, oldest first."""
        return iter(self._jobs.values())

    def listed(self, *actions: str) -> list[MediaJob]:
        """Return the jobs of some actions that lists show, oldest first."""
        now = self._now()
        return [each for each in self if each.job.action.name in actions and each.job.listed_from <= now]

    def find(self, job_id: str, *actions: str) -> MediaJob:
        """Return the job with that id.

        :param actions: names of the actions that may have submitted it
        :raises ApiError: there is no such job
        """
        found = self._jobs.get(job_id)
        if found is None or found.job.action.name not in actions:
            raise not_found("metastudio", f"job_id {job_id}")
        return found

    def put(self, call: RestCall, work: Mapping[str, Any], fault: JobFault) -> MediaJob:
        """Submit a job.

        :param work: input of the media work
        """
        shown = {name: _shown(value) for name, value in call.parameters.items()}
        job = Job(new_id(), call.action, work, shown, self._now(), _queue_fault(fault))
        # A fault for all actions uses VIAPI's states; each of them means FAILED here.
        fault_state = None if fault.state in TRANSITIONS else fault.state
        submitted = MediaJob(job, call.parameters, fault_state, new_id(), fault.result_expires)
        self._jobs[job.id] = submitted
        self._queue.put(job)
        return submitted

    def cancel(self, each: MediaJob) -> bool:
        """Cancel a queued job; return false if it is not queued."""
        if each.job.state != QUEUING:
            return False
        each.job.cancel(self._now())
        return True

    def remove(self, each: MediaJob) -> None:
        """Remove a job from the list."""
        self._jobs.pop(each.id, None)

    def link(self, each: MediaJob, path: Path, base: str) -> str:
        """Return a link to a job's file, whose validity starts now.

        :param base: address of the emulator, without a trailing slash
        """
        lifetime = SPEECH_LINK_LIFETIME if each.job.action.name in _SPEECH else FILE_LIFETIME
        expires = self._now() + (lifetime if each.link_lifetime is None else each.link_lifetime)
        return self._storage.link(base, self._queue.storage_key(path), int(expires))

    def links(self, each: MediaJob, base: str, *names: str) -> dict[str, str]:
        """Return links to those of the named files that the job has produced."""
        result = each.job.result or {}
        found = {name: result.get(name) for name in names}
        return {name: self.link(each, path, base) for name, path in found.items() if isinstance(path, Path)}

    def output_asset(
        self, each: MediaJob, name: str | None, base: str, *, has_preview: bool
    ) -> dict[str, Any]:
        """Return the field ``output_asset_config``: the asset, with links once the job has succeeded."""
        links = self.links(each, base, *(("preview_video_url",) if has_preview else ()), "cover_url")
        return without_nulls({"asset_id": each.asset_id, "asset_name": name or "", **links})

    def clear(self) -> None:
        """Forget all jobs."""
        self._jobs.clear()


def _queue_fault(fault: JobFault) -> JobFault:
    return replace(
        fault,
        state=None if fault.state is None else PROCESS_FAILED,
        result_expires=FILE_LIFETIME if fault.result_expires is None else fault.result_expires,
    )


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
