"""Alibaba's client of today for video production, with both of its signatures: jobs from call to file."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_videoenhan20200320 import models
from alibabacloud_videoenhan20200320.client import Client

from clients.results import download, is_jpeg, is_mp4, job_result
from clients.running_emulator import RunningEmulator
from clients.tea_clients import config
from served_folder import ServedFolder

Boxes = models.EraseVideoLogoRequestBoxes
File = models.GenerateVideoRequestFileList

# What each action is asked for besides its video, and the files that its result leads to.
JOBS: dict[str, tuple[dict[str, Any], Mapping[str, Callable[[bytes], bool]]]] = {
    "EraseVideoSubtitles": ({"bx": 0.0, "by": 0.75, "bw": 1.0, "bh": 0.25}, {"VideoUrl": is_mp4}),
    "EraseVideoLogo": ({"boxes": [Boxes(x=0.7, y=0.1, w=0.2, h=0.2)]}, {"VideoUrl": is_mp4}),
    "ChangeVideoSize": (
        {"width": 90, "height": 160, "crop_type": "fill", "fill_type": "color", "r": 255, "g": 128, "b": 0},
        {"VideoUrl": is_mp4, "VideoCoverUrl": is_jpeg},
    ),
    "SuperResolveVideo": ({"bit_rate": 2}, {"VideoUrl": is_mp4}),
    "AdjustVideoColor": (
        {"mode": "Rec709", "video_bitrate": 8, "video_codec": "h264", "video_format": "mov"},
        {"VideoUrl": is_mp4},
    ),
    "EnhanceVideoQuality": (
        {"frame_rate": 25, "hdrformat": "HLG", "max_illuminance": 500, "bitrate": 8},
        {"VideoURL": is_mp4},
    ),
    "InterpolateVideoFrame": ({"frame_rate": 50, "bitrate": 8}, {"VideoURL": is_mp4}),
    "EnhancePortraitVideo": ({}, {"VideoUrl": is_mp4}),
}


def look_at(client: Client, job_id: str) -> Callable[[], Mapping[str, Any]]:
    request = models.GetAsyncJobResultRequest(job_id=job_id)
    return lambda: client.get_async_job_result(request).body.data.to_map()


def erase_logo(clip: str) -> models.EraseVideoLogoRequest:
    return models.EraseVideoLogoRequest(
        video_url=clip, boxes=[Boxes(x=0.7, y=0.1, w=0.2, h=0.2), Boxes(x=0.0, y=0.5, w=1.0, h=0.5)]
    )


@pytest.fixture
def client(emulator: RunningEmulator, signature: str) -> Client:
    return Client(config(emulator, signature))


@pytest.mark.parametrize("action", JOBS)
def test_every_kind_of_job_ends_with_its_files(emulator: RunningEmulator, clip: str, action: str) -> None:
    client = Client(config(emulator))
    parameters, files = JOBS[action]
    request = getattr(models, f"{action}Request")(video_url=clip, **parameters)
    method = re.sub("(?<!^)([A-Z])", r"_\1", action).lower()

    answer = getattr(client, method)(request)
    result = job_result(look_at(client, answer.body.request_id))

    assert result.keys() == files.keys()
    for name, is_right in files.items():
        assert is_right(download(result[name])), name


@pytest.mark.parametrize("kind", ["lasting", "temporary"])
def test_a_video_is_made_for_both_signatures_and_kinds_of_key(
    emulator: RunningEmulator, clip: str, signature: str, kind: str
) -> None:
    key = emulator.temporary_key() if kind == "temporary" else {}
    client = Client(config(emulator, signature, **key))

    answer = client.erase_video_logo(erase_logo(clip))
    result = job_result(look_at(client, answer.body.request_id))

    assert is_mp4(download(result["VideoUrl"]))


def test_boxes_arrive_item_by_item(emulator: RunningEmulator, client: Client, clip: str) -> None:
    client.erase_video_logo(erase_logo(clip))

    (job,) = emulator.jobs()
    assert {name: float(text) for name, text in job["request"].items() if name != "VideoUrl"} == {
        "Boxes.1.X": 0.7,
        "Boxes.1.Y": 0.1,
        "Boxes.1.W": 0.2,
        "Boxes.1.H": 0.2,
        "Boxes.2.X": 0.0,
        "Boxes.2.Y": 0.5,
        "Boxes.2.W": 1.0,
        "Boxes.2.H": 0.5,
    }


def test_a_video_is_generated_from_a_list_of_files(
    emulator: RunningEmulator, client: Client, media: ServedFolder
) -> None:
    names = {"clip.mp4": "video", "coffee.jpg": "image", "chelsea.jpg": "image"}
    request = models.GenerateVideoRequest(
        file_list=[
            File(file_name=name, file_url=media.address(name), type=kind) for name, kind in names.items()
        ],
        width=160,
        height=90,
        duration=5.0,
        duration_adaption=False,
        mute=True,
        scene="general",
        style="normal",
        transition_style="fast",
    )

    answer = client.generate_video(request)
    result = job_result(look_at(client, answer.body.request_id))

    assert is_mp4(download(result["VideoUrl"]))
    assert is_jpeg(download(result["VideoCoverUrl"]))
    wire = emulator.jobs()[0]["request"]
    assert [(wire[f"FileList.{n}.FileName"], wire[f"FileList.{n}.Type"]) for n in (1, 2, 3)] == [
        *names.items()
    ]
    assert wire["Mute"].lower() == "true"


def test_the_asynchronous_calls_get_a_video(client: Client, clip: str) -> None:
    async def submit_and_wait() -> str:
        answer = await client.erase_video_logo_async(erase_logo(clip))
        request = models.GetAsyncJobResultRequest(job_id=answer.body.request_id)
        while (seen := (await client.get_async_job_result_async(request)).body.data).result is None:
            assert seen.status in ("QUEUING", "PROCESSING"), seen
            await asyncio.sleep(0.1)
        return str(seen.result)

    result = json.loads(asyncio.run(asyncio.wait_for(submit_and_wait(), 60)))

    assert is_mp4(download(result["VideoUrl"]))


def test_everything_works_by_https_when_the_certificate_is_trusted(
    emulator: RunningEmulator, signature: str, certificate: Path, clip: str
) -> None:
    client = Client(config(emulator, signature, protocol="https", ca=str(certificate)))

    answer = client.erase_video_logo(erase_logo(clip))
    result = job_result(look_at(client, answer.body.request_id))

    assert result["VideoUrl"].startswith("https://")
    assert is_mp4(download(result["VideoUrl"], certificate.read_bytes()))


def test_a_template_is_kept_listed_and_deleted(client: Client, media: ServedFolder) -> None:
    request = models.AddFaceVideoTemplateRequest(video_url=media.address("square.mp4"), video_scene="single")
    answer = client.add_face_video_template(request)
    template = job_result(look_at(client, answer.body.request_id))["TemplateId"]
    query = models.QueryFaceVideoTemplateRequest(page_no=1, page_size=10)
    listed = client.query_face_video_template(query).body.data
    kept = download(listed.elements[0].template_url)
    client.delete_face_video_template(models.DeleteFaceVideoTemplateRequest(template_id=template))

    assert [(listed.total, element.template_id) for element in listed.elements] == [(1, template)]
    assert kept == (media.path / "square.mp4").read_bytes()
    assert client.query_face_video_template(query).body.data.total == 0
