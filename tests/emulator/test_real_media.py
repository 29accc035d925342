"""Real clips from submission to file, over HTTP; their content is tested beside the media work."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

import media_samples
from emulator.signing_caller import Caller
from served_folder import ServedFolder


@pytest.fixture
def caller(viapi_emulator: Any) -> Iterator[Caller]:
    caller = Caller(viapi_emulator.url)
    yield caller
    caller.http.close()


@pytest.fixture(scope="module")
def clip(served: ServedFolder) -> str:
    media_samples.burn_subtitles(
        media_samples.big_buck_bunny(), served.path / "subtitled.mp4", seconds=1, size=(320, 180)
    )
    return served.address("subtitled.mp4")


def downloaded(address: str, folder: Path) -> Path:
    target = folder / "result.mp4"
    target.write_bytes(httpx.get(address).raise_for_status().content)
    return target


@pytest.mark.parametrize(
    ("action", "parameters", "size"),
    [
        ("EraseVideoSubtitles", {"BY": 0.7, "BH": 0.3}, (320, 180)),
        ("ChangeVideoSize", {"Width": 160, "Height": 160, "CropType": "fill"}, (160, 160)),
    ],
)
def test_a_job_makes_a_video_that_plays(
    caller: Caller, clip: str, tmp_path: Path, action: str, parameters: dict[str, Any], size: tuple[int, int]
) -> None:
    job_id = caller.call(action, VideoUrl=clip, **parameters)["RequestId"]
    result = json.loads(caller.result(job_id, patience=60)["Result"])

    with av.open(str(downloaded(result["VideoUrl"], tmp_path))) as container:
        pictures = [(picture.width, picture.height) for picture in container.decode(video=0)]
    assert pictures == [size] * 25


def test_a_source_that_is_no_video_fails_the_job(caller: Caller, served: ServedFolder) -> None:
    (served.path / "letter.mp4").write_text("Dear reader, this is no video.")

    job_id = caller.call("EraseVideoSubtitles", VideoUrl=served.address("letter.mp4"))["RequestId"]

    assert caller.result(job_id, patience=60)["ErrorCode"] == "InvalidFile.Decode"


def test_polls_stay_fast_while_videos_are_worked_on(caller: Caller, clip: str) -> None:
    ids = [caller.call("EraseVideoSubtitles", VideoUrl=clip)["RequestId"] for _ in range(4)]

    durations = []
    while caller.call("GetAsyncJobResult", JobId=ids[-1])["Data"]["Status"] in ("QUEUING", "PROCESSING"):
        start = time.perf_counter()
        caller.call("GetAsyncJobResult", JobId=ids[0])
        durations.append(time.perf_counter() - start)

    assert len(durations) > 20
    assert sorted(durations)[len(durations) * 9 // 10] < 0.05
