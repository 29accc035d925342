"""Writing parts of a clip, pictures and sound, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.audio import PartsOfSound
from airflow_provider_viapi.emulator.media.shots import Footage
from airflow_provider_viapi.emulator.media.video import AudioPacket, VideoSource
from airflow_provider_viapi.emulator.media.writer import Traits, VideoTarget


def write_parts(
    source: Path,
    target: Path,
    footage: Footage,
    parts: Sequence[range],
    traits: Traits,
    change: Callable[[VideoFrame], VideoFrame] = lambda picture: picture,
) -> None:
    """Write some parts of a clip as one that starts at zero.

    :param footage: of the clip
    :param parts: numbers of the pictures of each part, in their order
    :param traits: of the pictures that are written
    :param change: what becomes of each picture
    """
    spans = [(footage.times[part.start], footage.times[part.stop]) for part in parts]
    with VideoSource(source) as clip, VideoTarget(target, traits, sound=bool(clip.audio)) as written:
        sound = PartsOfSound(spans if clip.audio else [], written.add_sound)

        def hear(packet: AudioPacket) -> None:
            if packet.stream.index == clip.audio[0].index:
                sound.hear(packet)

        shifts = _shifts(spans, parts)
        for number, picture in enumerate(clip.pictures(hear, until=spans[-1][1])):
            if number in shifts:
                picture.pts = (picture.pts or 0) + round(shifts[number] / traits.time_base)
                written.add_picture(change(picture))
        sound.finish()


def _shifts(spans: Sequence[tuple[float, float]], parts: Sequence[range]) -> dict[int, float]:
    """How much later each picture of the parts is shown than in the clip, in seconds."""
    lengths = [end - start for start, end in spans]
    offsets = [sum(lengths[:number]) - start for number, (start, _) in enumerate(spans)]
    return {number: offset for part, offset in zip(parts, offsets, strict=True) for number in part}
