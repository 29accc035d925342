"""Concatenate parts of a clip, frames and audio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.audio import FADES_A_SECOND, AudioCutter
from airflow_provider_viapi.emulator.media.audio_tracks import aac_traits
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.shots import Footage
from airflow_provider_viapi.emulator.media.video import AudioPacket, VideoSource
from airflow_provider_viapi.emulator.media.writer import Traits, VideoTarget


def write_parts(
    clip: VideoSource,
    target: Path,
    footage: Footage,
    parts: Sequence[range],
    traits: Traits,
    change: Callable[[VideoFrame], VideoFrame] = lambda frame: frame,
) -> None:
    """Write some parts of a clip as an MP4 that starts at zero, with all audio tracks.

    :param clip: not yet read
    :param footage: of the same clip
    :param parts: numbers of the frames of each part, in order
    :param traits: of the frames that are written
    :param change: makes the new frame of each
    :raises MediaError: ``InternalError.Algo`` when frames are missing
    """
    spans = [(footage.times[part.start], footage.times[part.stop]) for part in parts]
    tracks = [aac_traits(stream) for stream in clip.audio]
    with VideoTarget(target, traits, sampled=tracks) as written:
        cutters = {
            stream.index: AudioCutter(
                spans,
                partial(written.add_samples, track=number),
                rate=track.rate,
                layout=track.layout,
                fade=track.rate // FADES_A_SECOND,
            )
            for number, (stream, track) in enumerate(zip(clip.audio, tracks, strict=True))
        }

        def hear(packet: AudioPacket) -> None:
            cutters[packet.stream.index].push(packet)

        shifts = _shifts(spans, parts)
        for number, frame in enumerate(clip.frames(hear, until=spans[-1][1])):
            if number in shifts:
                frame.pts = (frame.pts or 0) + round(shifts[number] / traits.time_base)
                written.add_frame(change(frame))
        for cutter in cutters.values():
            cutter.finish()
    if written.count != len(shifts):
        raise MediaError(
            "InternalError.Algo", f"frames were lost: {written.count} of {len(shifts)} were written"
        )


def _shifts(spans: Sequence[tuple[float, float]], parts: Sequence[range]) -> dict[int, float]:
    """Return by how many seconds each frame of the parts is shown later than in the clip."""
    lengths = [end - start for start, end in spans]
    offsets = [sum(lengths[:number]) - start for number, (start, _) in enumerate(spans)]
    return {number: offset for part, offset in zip(parts, offsets, strict=True) for number in part}
