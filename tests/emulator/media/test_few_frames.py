from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import av
import pytest

from airflow_provider_viapi.emulator.media.adjust_video_color import adjust_video_color
from emulator.media.sample_clips import real_frames, write_clip


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("before", ["1", "165"])
def test_the_shortest_clips_are_written_whatever_the_memory_held_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codec: str, count: int, before: str
) -> None:
    # From the start of a process, glibc fills the memory that it gives out with the inverse of this byte. libx265
    # reads a number of ticks that it did not set: with 1 it is large and negative, with 165 large and positive.
    monkeypatch.setenv("MALLOC_PERTURB_", before)
    source = write_clip(tmp_path / "a.mp4", real_frames(count, (160, 90), "yuv420p"))
    request = {"VideoUrl": source, "VideoCodec": codec}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
        target = fresh.submit(adjust_video_color, request, tmp_path).result()["VideoUrl"]

    with av.open(str(target)) as written:
        packets = [(packet.pts, packet.dts) for packet in written.demux(video=0) if packet.size]
        ticks = round(1 / (25 * written.streams.video[0].time_base))
    assert packets == [(number * ticks, number * ticks) for number in range(count)]
