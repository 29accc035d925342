"""Templates for putting one face in the place of another, which the emulator keeps but does not do.

Merging faces and drawing people as cartoons cannot be done without a trained model: what would come out would look
like a result and be none. Such jobs are taken in, as the protocol has it, and fail.
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
from airflow_provider_viapi.emulator.media.faults import MediaFault
from airflow_provider_viapi.emulator.request import Call
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.worker import Transform

ADD = "AddFaceVideoTemplate"
_SMALLEST, _LARGEST = 320, 1920
_HEAVIEST = 120 << 20
_PAGE_SIZE = 100


def keep_template(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The work of AddFaceVideoTemplate: the video is checked; it needs no other file than itself.

    :raises MediaFault: the video cannot be a template, or it is one for several faces, which nobody looks for
    """
    from airflow_provider_viapi.emulator.media.video import VideoSource

    if request.get("VideoScene") == "multi":
        raise MediaFault(
            "InvalidApi.ForbiddenInvoke",
            "The emulator does not look for faces, so it has no templates for several of them; the service does.",
        )
    video: Path = request["VideoURL"]
    if video.stat().st_size > _HEAVIEST:
        raise MediaFault("InvalidFile.Size", "the video has more than 120 MB")
    with VideoSource(video) as clip:
        width, height = clip.traits.size
    if not (min(width, height) >= _SMALLEST and max(width, height) <= _LARGEST):
        raise MediaFault(
            "InvalidFile.Resolution", f"the video is {width}x{height}; a side has 320 to 1920 pixels"
        )
    return {"TemplateId": str(uuid.uuid4())}


def pretend_nothing(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The work of jobs that the emulator cannot do.

    :raises MediaFault: always
    """
    raise MediaFault(
        "InvalidApi.ForbiddenInvoke",
        "The emulator cannot do this work without a trained model and does not pretend to; the service can.",
    )


WORK: Mapping[str, Transform] = {
    ADD: keep_template,
    "GenerateHumanAnimeStyleVideo": pretend_nothing,
    "MergeVideoFace": pretend_nothing,
    "MergeVideoModelFace": pretend_nothing,
}
"""What is done in a worker process for these actions."""


class FaceTemplates:
    """Answers the actions that look after templates: the videos of jobs that went well.

    :param queue: the jobs; it has to keep the files of :data:`ADD`
    :param storage: where the videos can be fetched
    :param now: the clock, in Unix time
    """

    def __init__(self, queue: JobQueue, storage: Storage, now: Callable[[], float]) -> None:
        self._queue = queue
        self._storage = storage
        self._now = now
        self._deleted: set[str] = set()

    def reset(self) -> None:
        """Forget what was deleted; the templates go with their jobs."""
        self._deleted.clear()

    async def query_face_video_template(self, call: Call) -> dict[str, Any]:
        """A page of the account's templates, the oldest first, or the one that is asked for."""
        given = call.parameters
        templates = self._templates()
        wanted = given.get("TemplateId")
        found = [each for each in templates.items() if wanted in (None, each[0])]
        number, size = given.get("PageNo", 1), given.get("PageSize", _PAGE_SIZE)
        page = found[(number - 1) * size : number * size]
        elements = [self._element(template, job, call.base) for template, job in page]
        return {"Data": {"Total": len(templates), "Elements": elements}}

    async def delete_face_video_template(self, call: Call) -> dict[str, Any]:
        """Forget a template.

        :raises ApiError: there is none of that id
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
        video = self._queue.key_of(job.sources["VideoURL"])
        made = datetime.fromtimestamp(job.finished_at or 0.0, BEIJING).strftime(TIME_FORMAT)
        return {
            "TemplateId": template,
            "TemplateURL": self._storage.link(base, video, int(self._now() + RESULT_LIFETIME)),
            "UserId": ACCOUNT_ID,
            "CreateTime": made,
            "UpdateTime": made,
        }
