"""Alarms of VIAS's tasks, written to the bucket of a task's output as the service writes them to OBS."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.emulator.huawei.state_machines import FILE_TASK, STREAM_TASK, StateJob
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.storage.objects import RESULTS, UPLOADS
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.worker_process import WorkerDied, WorkerProcess

if TYPE_CHECKING:
    from PIL import Image

EVENT_TYPES = {
    "c-intrusiondetection": 196609,
    "c-staffonduty": 458752,
    "c-abandon-detection": 327680,
    "c-crowdcount": 524288,
    "c-safetysuitedetection": 589824,
    "c-smoke-and-fire": 393216,
    "c-sharedbicycledetection": 655360,
    "c-event-action-recog": 720896,
    "c-pose-action-recog": 851968,
    "c-wear-mask-recog": 1048576,
    "c-vehicle-detection": 75008,
    "c-fire-exit-occupation": 1179648,
    "c-non-motor-detection": 1376256,
    "c-trash-abnormal-detect": 1507328,
    "c-helmet-elec-recog": 1179664,
    "c-urban-umbrella": 2293760,
    "c-urban-sign-detect": 1638400,
    "c-urban-stacking": 2228224,
    "c-urban-drying": 2359296,
    "c-urban-dregs": 2490368,
    "c-urban-manholecover-miss": 2424832,
    "c-mobile-manholecover": 2621440,
    "c-mobile-trash-detect": 2031616,
    "c-urban-roadside-stall": 1114112,
    "c-vehicle-statistics": 75010,
    "ship-intrusion": 33882113,
    "cali-water-ruler-river": 33816579,
    "w-ponding-detection": 1900544,
}
"""Event type of an algorithm's alarms, as far as it is known; other algorithms raise none here."""


class Alarms:
    """Writes an alarm when a task begins to run whose output names a bucket of OBS.

    The image is the first frame of the clip that the task analyses, if that lies in the storage as well, otherwise
    a placeholder. Where the service puts its files in the bucket was not found.

    :param storage: the object storage
    :param now: the clock, in Unix time
    """

    def __init__(self, storage: Storage, now: Callable[[], float]) -> None:
        self._storage = storage
        self._now = now
        # Codecs crash on some files, and a large frame takes a second.
        self._process = WorkerProcess()
        self._writing: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Stop all work."""
        for task in self._writing:
            task.cancel()
        await self._process.close()

    def task_changed(self, job: StateJob) -> None:
        """Write an alarm, soon, if a task has just begun to run."""
        if job.machine not in (STREAM_TASK, FILE_TASK) or job.state != "RUNNING":
            return
        obs = job.request.get("output", {}).get("obs") or {}
        bucket = obs.get("bucket")
        service = job.request["service_name"].removesuffix("-cloud").removesuffix("-edge")
        if not bucket or bucket in (RESULTS, UPLOADS) or service not in EVENT_TYPES:
            return
        writing = asyncio.ensure_future(self._write(job, EVENT_TYPES[service], bucket, obs))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def _write(self, job: StateJob, event_type: int, bucket: str, obs: Mapping[str, Any]) -> None:
        alarm = await self._alarm(job, event_type)
        prefix = str(obs.get("path") or "").strip("/")
        key = f"{prefix}/{job.id}/{alarm['message_id']}.json".lstrip("/")
        content, path = json.dumps(alarm).encode(), self._storage.objects.new_file()
        path.write_bytes(content)
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest().upper()
        self._storage.objects.put(bucket, key, path, etag=etag, headers={"content-type": "application/json"})

    async def _alarm(self, job: StateJob, event_type: int) -> dict[str, Any]:
        image = await self._frame(job.request.get("input"))
        box = _place_of_event(image)
        event = {
            "detection_id": 1,
            "category": job.request["service_name"],
            "state": 1,
            "bounding_box": box,
        }
        if event_type == EVENT_TYPES["cali-water-ruler-river"]:
            event["water_level"] = 2.35
        return {
            "event_type": event_type,
            "task_id": job.id,
            "stream_id": hashlib.sha256(repr(job.request.get("input")).encode()).hexdigest()[:32],
            "timestamp": int(self._now()),
            "message_id": str(uuid.uuid4()),
            "image_base64": base64.b64encode(_marked(image, box)).decode(),
            "data": {"event_set": [event]},
        }

    async def _frame(self, source: Any) -> Image.Image:
        """Return the first frame of a clip in the storage, or a grey image for any other source."""
        from PIL import Image

        from airflow_provider_viapi.emulator.errors import ApiError

        if isinstance(source, Mapping) and source.get("type") == "obs" and source.get("data"):
            place = source["data"][0]
            try:
                clip = self._storage.objects.get(place["bucket"], str(place.get("path", "")).lstrip("/"))
                return await self._process.run(first_frame, clip.path)
            except (ApiError, MediaError, WorkerDied):
                pass
        return Image.new("RGB", (320, 180), (96, 96, 96))


def first_frame(clip: Path) -> Image.Image:
    """Return the first frame of a clip; runs in a worker process.

    :raises MediaError: the file is no video
    """
    from airflow_provider_viapi.emulator.media.frames import shown_image
    from airflow_provider_viapi.emulator.media.video import VideoSource

    with VideoSource(clip) as video:
        return shown_image(next(video.frames()), video.traits.pixel_aspect)


def _place_of_event(image: Image.Image) -> dict[str, int]:
    """Return the middle of an image, half as wide and high, as an alarm names it."""
    width, height = image.size
    return {"x": width // 4, "y": height // 4, "w": width // 2, "h": height // 2}


def _marked(image: Image.Image, box: Mapping[str, int]) -> bytes:
    """Return a JPEG of an image with a red frame around a place."""
    from PIL import ImageDraw

    corners = (box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"])
    ImageDraw.Draw(image).rectangle(corners, outline=(230, 40, 30), width=max(2, image.height // 90))
    content = BytesIO()
    image.save(content, "JPEG", quality=85)
    return content.getvalue()
