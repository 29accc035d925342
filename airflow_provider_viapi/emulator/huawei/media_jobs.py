"""Jobs that make files, in the emulator's queue, told of in MetaStudio's words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.faults import JobFault
from airflow_provider_viapi.emulator.huawei import placeholders
from airflow_provider_viapi.emulator.huawei.errors import FAILED_CODES, not_there
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
from airflow_provider_viapi.huawei.services.metastudio import cards, speech, videos

WORK: Mapping[str, Transform] = {
    speech.CREATE_ASYNC_TTS_JOB.name: placeholders.SPEAK,
    speech.CREATE_TTS_AUDITION.name: placeholders.SPEAK,
    videos.CREATE_2D_DIGITAL_HUMAN_VIDEO.name: placeholders.SHOW,
    videos.CREATE_PHOTO_DIGITAL_HUMAN_VIDEO.name: placeholders.SHOW,
    cards.CREATE_DIGITAL_HUMAN_BUSINESS_CARD.name: placeholders.SHOW,
    cards.UPDATE_DIGITAL_HUMAN_BUSINESS_CARD.name: placeholders.SHOW,
    videos.CREATE_PHOTO_DETECTION.name: placeholders.LOOK,
    videos.CREATE_SUBTITLE_FILE.name: placeholders.SUBTITLE,
}
"""Who makes the files of which action's jobs."""

LINK_LIFETIME = 24 * 60 * 60
"""Seconds for which the link to a file works, and for which the file is kept from the end of its job."""

_WORDS = {
    QUEUING: "WAITING",
    PROCESSING: "PROCESSING",
    PROCESS_SUCCESS: "SUCCEED",
    PROCESS_FAILED: "FAILED",
    JOB_CANCELED: "CANCELED",
}
_LONGEST_SHOWN = 500


@dataclass
class MediaJob:
    """A job that makes files.

    :param job: as the queue knows it
    :param request: what was asked for
    :param ended_as: the state that a fault lets it end in
    :param asset_id: of the asset that its file becomes
    """

    job: Job
    request: Mapping[str, Any]
    ended_as: str | None
    asset_id: str

    @property
    def id(self) -> str:
        """Its id."""
        return self.job.id

    @property
    def state(self) -> str:
        """How it stands, in the service's words."""
        if self.job.state == PROCESS_FAILED and self.ended_as is not None:
            return self.ended_as
        return _WORDS[self.job.state]

    @property
    def error_info(self) -> dict[str, str] | None:
        """Why it has ended badly."""
        code = self.job.error_code
        if code is None:
            return None
        if code.startswith("InternalError"):
            code = FAILED_CODES["metastudio"]
        return {"error_code": code, "error_msg": self.job.error_message or ""}

    @property
    def changed_at(self) -> float:
        """When its state changed last, in Unix time."""
        return self.job.finished_at or self.job.started_at or self.job.created_at


class MediaJobs:
    """All of them; used from one event loop.

    :param queue: where they wait and are worked on, with :data:`WORK`
    :param storage: where their files can be fetched
    :param now: the clock, in Unix time
    """

    def __init__(self, queue: JobQueue, storage: Storage, now: Callable[[], float]) -> None:
        self._queue = queue
        self._storage = storage
        self._now = now
        self._jobs: dict[str, MediaJob] = {}

    def __iter__(self) -> Iterator[MediaJob]:
        """Every job, the oldest first."""
        return iter(self._jobs.values())

    def of(self, *actions: str) -> list[MediaJob]:
        """The jobs of these actions, the oldest first."""
        return [each for each in self if each.job.action.name in actions]

    def find(self, job_id: str, *actions: str) -> MediaJob:
        """The job of that id.

        :param actions: one of which has to have made it
        :raises ApiError: there is none
        """
        found = self._jobs.get(job_id)
        if found is None or found.job.action.name not in actions:
            raise not_there("metastudio", f"job_id {job_id}")
        return found

    def put(self, call: RestCall, work: Mapping[str, Any], fault: JobFault) -> MediaJob:
        """Take a job in.

        :param work: what the work is given
        """
        shown = {name: _shown(value) for name, value in call.parameters.items()}
        job = Job(new_id(), call.action, work, shown, self._now(), _of_queue(fault))
        # A fault of every action knows only the other cloud's states; here each of them is FAILED.
        ended_as = None if fault.state in TRANSITIONS else fault.state
        made = MediaJob(job, call.parameters, ended_as, new_id())
        self._jobs[job.id] = made
        self._queue.put(job)
        return made

    def cancel(self, each: MediaJob) -> bool:
        """End a job that waits; whether it did."""
        if each.job.state != QUEUING:
            return False
        each.job.cancel(self._now())
        return True

    def remove(self, each: MediaJob) -> None:
        """Tell no more of a job."""
        self._jobs.pop(each.id, None)

    def link(self, each: MediaJob, path: Path, base: str) -> str:
        """An address of a job's file, good from now on as long as such addresses are.

        :param base: the address of the emulator, without a slash at its end
        """
        lifetime = each.job.fault.result_expires
        expires = self._now() + (LINK_LIFETIME if lifetime is None else lifetime)
        return self._storage.link(base, self._queue.key_of(path), int(expires))

    def links(self, each: MediaJob, base: str, *names: str) -> dict[str, str]:
        """The addresses of those of these files that a job has made."""
        made = each.job.result or {}
        found = {name: made.get(name) for name in names}
        return {name: self.link(each, path, base) for name, path in found.items() if isinstance(path, Path)}

    def made_asset(self, each: MediaJob, name: str | None, base: str) -> dict[str, Any]:
        """``output_asset_config`` of an answer: the asset, and its addresses once it is there."""
        links = self.links(each, base, "preview_video_url", "cover_url")
        return without_nulls({"asset_id": each.asset_id, "asset_name": name or "", **links})

    def forget(self) -> None:
        """Tell of no job any more."""
        self._jobs.clear()


def _of_queue(fault: JobFault) -> JobFault:
    return replace(
        fault,
        state=None if fault.state is None else PROCESS_FAILED,
        result_expires=LINK_LIFETIME if fault.result_expires is None else fault.result_expires,
    )


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
