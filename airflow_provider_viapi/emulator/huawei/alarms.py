"""Alarms of VIAS's tasks, written to the bucket of a task's output as the service writes them to OBS."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import uuid
import zlib
from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.huawei.state_machines import FILE_TASK, STREAM_TASK, StateJob
from airflow_provider_viapi.emulator.storage.objects import RESULTS, UPLOADS
from airflow_provider_viapi.emulator.storage.storage import Storage

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

_WIDTH, _HEIGHT = 320, 180


class Alarms:
    """Writes an alarm when a task begins to run whose output names a bucket of OBS.

    The picture is a placeholder. Where the service puts its files in the bucket was not found.

    :param storage: the object storage
    :param now: the clock, in Unix time
    """

    def __init__(self, storage: Storage, now: Callable[[], float]) -> None:
        self._storage = storage
        self._now = now

    def task_changed(self, job: StateJob) -> None:
        """Write an alarm if a task has just begun to run."""
        if job.machine not in (STREAM_TASK, FILE_TASK) or job.state != "RUNNING":
            return
        obs = job.request.get("output", {}).get("obs") or {}
        bucket = obs.get("bucket")
        service = job.request["service_name"].removesuffix("-cloud").removesuffix("-edge")
        if not bucket or bucket in (RESULTS, UPLOADS) or service not in EVENT_TYPES:
            return
        alarm = self._alarm(job, EVENT_TYPES[service])
        prefix = str(obs.get("path") or "").strip("/")
        key = f"{prefix}/{job.id}/{alarm['message_id']}.json".lstrip("/")
        content, path = json.dumps(alarm).encode(), self._storage.objects.new_file()
        path.write_bytes(content)
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest().upper()
        self._storage.objects.put(bucket, key, path, etag=etag, headers={"content-type": "application/json"})

    def _alarm(self, job: StateJob, event_type: int) -> dict[str, Any]:
        event = {
            "detection_id": 1,
            "category": job.request["service_name"],
            "state": 1,
            "bounding_box": {"x": 80, "y": 45, "w": 160, "h": 90},
        }
        if event_type == EVENT_TYPES["cali-water-ruler-river"]:
            event["water_level"] = 2.35
        return {
            "event_type": event_type,
            "task_id": job.id,
            "stream_id": hashlib.sha256(repr(job.request.get("input")).encode()).hexdigest()[:32],
            "timestamp": int(self._now()),
            "message_id": str(uuid.uuid4()),
            "image_base64": base64.b64encode(_picture()).decode(),
            "data": {"event_set": [event]},
        }


def _picture() -> bytes:
    """Return a PNG of a grey frame with a red rectangle where the event is."""
    rows = []
    for y in range(_HEIGHT):
        inside = 45 <= y < 135
        left, middle = bytes((96, 96, 96)) * 80, bytes((200, 40, 30) if inside else (96, 96, 96)) * 160
        rows.append(b"\0" + left + middle + left)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
