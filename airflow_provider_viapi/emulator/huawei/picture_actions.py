"""Stylized avatars that are modelled after an image."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.huawei.errors import invalid
from airflow_provider_viapi.emulator.huawei.media_jobs import MediaJob, MediaJobs
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, rfc3339, without_nulls
from airflow_provider_viapi.huawei.pictures import picture_content
from airflow_provider_viapi.huawei.services.metastudio import pictures

STYLES = ("system_male_001", "system_female_001", "system_male_002", "system_female_002")
"""Ids of the system's styles."""

MAX_SIZE = (3840, 2160)
"""Largest image in pixels, upright or not."""

_BY_FILE = pictures.CREATE_PICTURE_MODELING_JOB.name
_BY_URL = pictures.CREATE_PICTURE_MODELING_BY_URL_JOB.name


class PictureActions:
    """The actions of picture modelling.

    :param jobs: read the images
    """

    def __init__(self, jobs: MediaJobs) -> None:
        self._jobs = jobs

    def submissions(self) -> dict[str, Callable[[RestCall, TakeJobFault], Any]]:
        """Return the handler of each action that submits a job, by the action's name."""
        return {_BY_FILE: self._create_by_file, _BY_URL: self._create_by_url}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each other action, by the action's name."""
        return {
            pictures.SHOW_PICTURE_MODELING_JOB.name: self._show,
            pictures.LIST_PICTURE_MODELING_JOBS.name: self._list,
            pictures.LIST_STYLES.name: self._list_styles,
        }

    def _create_by_file(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        text = call.parameters["file"]
        content = picture_content(text)
        _check_image(content)
        # The content itself is shown nowhere.
        shown = replace(call, parameters={**call.parameters, "file": f"{len(content)} bytes"})
        return self._create(shown, {"image": text}, take_fault)

    def _create_by_url(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        # Not under the parameter's name: what has that name is downloaded before the job, with VIAPI's error code.
        return self._create(call, {"address": call.parameters["picture_url"]}, take_fault)

    def _create(self, call: RestCall, work: dict[str, Any], take_fault: TakeJobFault) -> dict[str, Any]:
        if call.parameters["style_id"] not in STYLES:
            raise invalid("metastudio", f"style_id must be one of {', '.join(STYLES)}.")
        job = self._jobs.put(call, work, take_fault())
        return {"job_id": job.id, "model_asset_id": job.asset_id}

    def _show(self, call: RestCall) -> dict[str, Any]:
        return self._describe(self._jobs.find(call.parameters["job_id"], _BY_FILE, _BY_URL), call.base)

    def _list(self, call: RestCall) -> dict[str, Any]:
        found = [self._describe(job, call.base) for job in self._jobs.listed(_BY_FILE, _BY_URL)]
        count, page = page_of(found, call.parameters)
        return {"count": count, "picture_modeling_jobs": page}

    @staticmethod
    def _list_styles(call: RestCall) -> dict[str, Any]:
        styles = [
            {"style_id": each, "name": each, "sex": each.split("_")[1].upper(), "state": "PUBLISHED"}
            for each in STYLES
        ]
        count, page = page_of(styles, call.parameters)
        return {"count": count, "styles": page}

    def _describe(self, job: MediaJob, base: str) -> dict[str, Any]:
        return without_nulls(
            {
                "job_id": job.id,
                "state": job.state,
                "start_time": rfc3339(job.job.started_at),
                "end_time": rfc3339(job.job.finished_at),
                "model_asset_id": job.asset_id,
                "name": job.request["name"],
                "style_id": job.request["style_id"],
                "error_info": job.error_info,
                **self._jobs.links(job, base, "model_cover_url"),
            }
        )


def _check_image(content: bytes) -> None:
    from PIL import Image

    from airflow_provider_viapi.emulator.media.still_images import image_formats

    try:
        with Image.open(io.BytesIO(content), formats=image_formats()) as image:
            size = image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        raise invalid("metastudio", "The file is not an image that can be read.") from None
    if max(size) > MAX_SIZE[0] or min(size) > MAX_SIZE[1]:
        raise invalid("metastudio", f"The image has {size[0]}x{size[1]} pixels; the largest is 3840x2160.")
