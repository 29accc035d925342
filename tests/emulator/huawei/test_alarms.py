"""Alarms that the emulator writes for VIAS's tasks: as the parser reads them, with an image of the clip."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.fs.oss import OssFileSystem
from airflow_provider_viapi.huawei.alarm_messages import Alarm, parse_alarms
from airflow_provider_viapi.huawei.services import vias
from emulator.huawei.callers import Caller


@pytest.fixture
def storage(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> OssFileSystem:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", emulator.connection_json())
    return OssFileSystem(conn_id="viapi_default", skip_instance_cache=True)


def alarm_about(caller: Caller, storage: OssFileSystem, source: dict[str, Any]) -> Alarm:
    caller(
        vias.tasks.CREATE_TASK,
        service_name="c-smoke-and-fire-cloud",
        service_version="1.2",
        name="roof",
        input=source,
        output={"obs": {"bucket": "camp", "path": "alarms"}},
    )
    while not (paths := storage.find("camp/alarms")):
        pass
    (path,) = paths
    (alarm,) = parse_alarms(storage.cat_file(path))
    return alarm


def image_of(alarm: Alarm) -> Image.Image:
    assert alarm.image is not None
    return Image.open(io.BytesIO(alarm.image)).convert("RGB")


def test_an_alarm_shows_the_clip_that_the_task_analyses(
    caller: Caller, storage: OssFileSystem, tmp_path: Any
) -> None:
    clip = tmp_path / "clip.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), clip, seconds=1, size=(320, 180))
    storage.pipe_file("camp/clips/roof.mp4", clip.read_bytes())

    alarm = alarm_about(
        caller, storage, {"type": "obs", "data": [{"bucket": "camp", "path": "/clips/roof.mp4"}]}
    )

    shown = np.asarray(image_of(alarm), np.float64)
    assert alarm.kind == "smoke_and_fire"
    assert shown.shape == (180, 320, 3)
    assert shown.std() > 20
    # The event is marked at the place that the alarm names.
    box = alarm.events[0].bounding_box
    assert box is not None
    red, green, blue = shown[int(box.y + box.h / 2), int(box.x)]
    assert red > 2 * max(green, blue)


@pytest.mark.parametrize(
    "source",
    [
        {"type": "url", "data": [{"url": "rtsp://camera.example/1"}]},
        {"type": "obs", "data": [{"bucket": "camp", "path": "missing.mp4"}]},
        {"type": "obs", "data": [{"bucket": "camp"}]},
    ],
)
def test_without_a_clip_in_the_storage_the_image_is_grey(
    caller: Caller, storage: OssFileSystem, source: dict[str, Any]
) -> None:
    assert np.median(np.asarray(image_of(alarm_about(caller, storage, source)))) == pytest.approx(96, abs=3)
