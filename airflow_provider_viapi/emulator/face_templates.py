"""Templates for face merging, and the jobs that the emulator refuses to do.

Merging faces and drawing people as cartoons need a trained model; a classical approximation would look like a result
without being one. Such jobs are accepted, as the protocol demands, and fail.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.job_actions import ACCOUNT_ID, BEIJING, TIME_FORMAT
from airflow_provider_viapi.emulator.job_queue import JobQueue
from airflow_provider_viapi.emulator.jobs import RESULT_LIFETIME, Job
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.request import Call
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.worker import Transform

ADD = "AddFaceVideoTemplate"
_MIN_SIDE, _MAX_SIDE = 320, 1920
_MAX_BYTES = 120 << 20
_PAGE_SIZE = 100


def keep_template(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Do the work of AddFaceVideoTemplate: check the video, which is its own result.

    :raises MediaError: the video cannot be a template, or it is one for several faces, which needs face detection
    """
    from airflow_provider_viapi.emulator.media.video import VideoSource

    if request.get("VideoScene") == "multi":
        raise MediaError(
            "InvalidApi.ForbiddenInvoke",
            "The emulator does not detect faces, so it has no templates for several faces; the service has.",
        )
    video: Path = request["VideoURL"]
    if video.stat().st_size > _MAX_BYTES:
        raise MediaError("InvalidFile.Size", "VideoURL is larger than 120 MB")
    with VideoSource(video) as clip:
        width, height = clip.traits.size
    if not (min(width, height) >= _MIN_SIDE and max(width, height) <= _MAX_SIDE):
        raise MediaError(
            "InvalidFile.Resolution", f"VideoURL is {width}x{height}; each side must have 320 to 1920 pixels"
        )
    return {"TemplateId": str(uuid.uuid4())}


def refuse_work(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Fail a job that needs a trained model.

    :raises MediaError: always
    """
    raise MediaError(
        "InvalidApi.ForbiddenInvoke",
        "This job needs a trained model, which the emulator does not have; the service has it.",
    )


WORK: Mapping[str, Transform] = {
    ADD: keep_template,
    "GenerateHumanAnimeStyleVideo": refuse_work,
    "MergeVideoFace": refuse_work,
    "MergeVideoModelFace": refuse_work,
}
"""Work of these actions in a worker process."""


class FaceTemplates:
    """The actions that list and delete templates, which are the videos of successful jobs.

    :param queue: the jobs; it must keep the files of :data:`ADD`
    :param storage: stores the videos
    :param now: the clock, in Unix time
    """

    def __init__(self, queue: JobQueue, storage: Storage, now: Callable[[], float]) -> None:
        self._queue = queue
        self._storage = storage
        self._now = now
        self._deleted: set[str] = set()

    def reset(self) -> None:
        """Forget which templates were deleted; the templates themselves are deleted with their jobs."""
        self._deleted.clear()

    async def query_face_video_template(self, call: Call) -> dict[str, Any]:
        """Return a page of the account's templates, oldest first, or a single template."""
        given = call.parameters
        templates = self._templates()
        wanted = given.get("TemplateId")
        found = [each for each in templates.items() if wanted in (None, each[0])]
        number, size = given.get("PageNo", 1), given.get("PageSize", _PAGE_SIZE)
        page = found[(number - 1) * size : number * size]
        elements = [self._element(template, job, call.base) for template, job in page]
        return {"Data": {"Total": len(templates), "Elements": elements}}

    async def delete_face_video_template(self, call: Call) -> dict[str, Any]:
        """Delete a template.

        :raises ApiError: there is no template with that id
        """
        template = call.parameters["TemplateId"]
        job = self._templates().get(template)
        if job is None:
            raise ApiError(
                "InvalidParameter.BadRequest", "The emulator has no template with this TemplateId."
            )
        self._deleted.add(template)
        await self._queue.delete_files([job.id])
        return {}

    def _templates(self) -> dict[str, Job]:
        kept = (
            (job.result["TemplateId"], job) for job in self._queue if job.action.name == ADD and job.result
        )
        return {template: job for template, job in kept if template not in self._deleted}

    def _element(self, template: str, job: Job, base: str) -> dict[str, Any]:
        video = self._queue.storage_key(job.sources["VideoURL"])
        created = datetime.fromtimestamp(job.finished_at or 0.0, BEIJING).strftime(TIME_FORMAT)
        return {
            "TemplateId": template,
            "TemplateURL": self._storage.link(base, video, int(self._now() + RESULT_LIFETIME)),
            "UserId": ACCOUNT_ID,
            "CreateTime": created,
            "UpdateTime": created,
        }
