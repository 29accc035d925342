"""Small clips of the kinds that cameras, editors and archives produce, and what can be observed of them.

Each shows red on the left and blue on the right. For a fifth of a second there is a white flash, and during the flash
a tone is heard, so that synchronization can be measured in every result.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags

RATE = 25
AUDIO_RATE = 48_000
FLASH = slice(10, 15)  # numbers of the pictures
TONE = 880


@dataclass(frozen=True)
class Odd:
    """One kind of clip.

    :param container: ending of the file
    :param audio_first: the audio is the first stream
    :param start: when its clock begins, in seconds
    :param aspect: width of a pixel divided by its height
    :param rotation: counterclockwise turn by which it is shown, in degrees
    :param audio: codec, None for none
    :param layout: of the audio's channels
    :param languages: one for each audio track
    """

    name: str
    container: str = "mp4"
    video: str = "libx264"
    pixel_format: str = "yuv420p"
    audio: str | None = "aac"
    audio_first: bool = False
    start: float = 0.0
    aspect: Fraction = Fraction(1)
    rotation: int = 0
    size: tuple[int, int] = (128, 96)
    count: int = 25
    b_frames: int = 0
    interlaced: bool = False
    layout: str = "stereo"
    audio_rate: int = AUDIO_RATE
    languages: tuple[str, ...] = ("ita",)
    still_first: bool = False

    @property
    def shown_aspect(self) -> float:
        """Width of the picture as it is shown divided by its height."""
        aspect = float(self.size[0] * self.aspect / self.size[1])
        return 1 / aspect if self.rotation % 180 else aspect


def write(odd: Odd, folder: Path) -> Path:
    """Write a clip of one kind."""
    path = folder / f"{odd.name}.{odd.container}"
    base = Fraction(1, RATE)
    with av.open(str(path), "w") as target:
        sounds: list[Any] = []
        if odd.audio_first:
            sounds = _audio_streams(target, odd)
        if odd.still_first:
            still = target.add_stream("mjpeg", rate=RATE)
            still.width, still.height, still.pix_fmt = 64, 64, "yuvj420p"
        stream: Any = target.add_stream(odd.video, rate=RATE)
        stream.width, stream.height = odd.size
        stream.pix_fmt = odd.pixel_format
        context = stream.codec_context
        context.time_base, context.sample_aspect_ratio = base, odd.aspect
        if odd.video == "libx264":
            context.options = {"qp": "0" if odd.pixel_format == "yuv444p" else "4", "preset": "veryfast"}
        elif odd.video in ("mpeg4", "mpeg2video", "mjpeg", "flv"):
            stream.bit_rate = 4_000_000
        context.max_b_frames = odd.b_frames
        if odd.interlaced:
            context.flags |= Flags.interlaced_dct
            context.options = {**context.options, "x264-params": "tff=1"}
        if odd.rotation:
            stream.set_display_rotation(odd.rotation)
        if not odd.audio_first:
            sounds = _audio_streams(target, odd)
        packets = [(still, packet) for packet in _still_packets(still)] if odd.still_first else []
        offset = round(odd.start * RATE)
        for number in [*range(odd.count), None]:
            frame = None if number is None else _frame(odd, number)
            if frame is not None:
                frame.pts, frame.time_base = offset + (number or 0), base
            packets += [(stream, packet) for packet in stream.encode(frame)]
        for sound in sounds:
            packets += [(sound, packet) for packet in _audio_packets(sound, odd)]
        if odd.container == "avi":  # which cannot hold what is earlier than zero
            packets = [item for item in packets if item[1].pts >= 0]
        packets.sort(key=lambda item: float((item[1].dts or 0) * item[1].time_base))
        for _, packet in packets:
            target.mux(packet)
    return path


def _frame(odd: Odd, number: int) -> av.VideoFrame:
    colours = np.zeros((odd.size[1], odd.size[0], 3), np.uint8)
    half = odd.size[0] // 2
    colours[:, :half, 0], colours[:, half:, 2] = 200, 200
    if number in range(FLASH.start, FLASH.stop):
        colours[:] = 235
    if odd.interlaced:  # a bar that moves from field to field
        for field in (0, 1):
            left = 8 + (4 * number + 2 * field) % (odd.size[0] - 24)
            colours[field::2, left : left + 8] = 255
    if odd.pixel_format == "pal8":
        palette, indices = np.unique(colours.reshape(-1, 3), axis=0, return_inverse=True)
        table = np.full((256, 4), 255, np.uint8)
        table[: len(palette), 1:] = palette  # ARGB
        indexed = indices.reshape(odd.size[::-1]).astype(np.uint8)
        return av.VideoFrame.from_ndarray((indexed, table), "pal8")
    frame = av.VideoFrame.from_ndarray(colours, "rgb24")
    return frame.reformat(format=odd.pixel_format)


def _still_packets(stream: Any) -> list[av.Packet]:
    frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), "rgb24")
    frame.pts, frame.time_base = 0, Fraction(1, RATE)
    return [*stream.encode(frame.reformat(format="yuvj420p")), *stream.encode(None)]


def _audio_streams(target: Any, odd: Odd) -> list[Any]:
    if odd.audio is None:
        return []
    streams = []
    for language in odd.languages:
        stream = target.add_stream(odd.audio, rate=odd.audio_rate)
        stream.layout, stream.bit_rate = odd.layout, 128_000
        stream.metadata["language"] = language
        streams.append(stream)
    return streams


def _audio_packets(stream: Any, odd: Odd) -> list[av.Packet]:
    rate = odd.audio_rate
    length = odd.count * rate // RATE
    times = np.arange(length) / rate
    tone = 0.5 * np.sin(2 * np.pi * TONE * times)
    tone[(times < FLASH.start / RATE) | (times >= FLASH.stop / RATE)] = 0
    channels = av.AudioLayout(odd.layout).nb_channels
    samples = np.repeat(tone, channels).astype(np.float32).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, "flt", odd.layout)
    frame.rate, frame.time_base = rate, Fraction(1, rate)
    frame.pts = round(odd.start * rate)
    return [*stream.encode(frame), *stream.encode(None)]


@dataclass(frozen=True)
class Seen:
    """The properties of a decoded file: sizes in pixels, times in seconds."""

    size: tuple[int, int]
    shown_aspect: float
    times: list[float]
    flash: float | None
    left: npt.NDArray[np.float64]
    tones: list[float | None]
    audio_ends: list[float]
    channels: list[int]
    languages: list[str | None]
    interlaced: bool
    colour_tags: tuple[int, int]


def observe(path: Path) -> Seen:
    """Decode a result and report what it shows and when."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        aspect = stream.sample_aspect_ratio or Fraction(1)
        times, lumas, interlaced, tags = [], [], False, (0, 0)
        left = np.zeros(3)
        for frame in container.decode(video=0):
            colours = frame.to_ndarray(format="rgb24").astype(float)
            times.append(frame.time)
            lumas.append(colours.mean())
            interlaced |= frame.interlaced_frame
            tags = frame.colorspace, frame.color_range
            if len(times) == 3:
                height, width = colours.shape[:2]
                left = colours[height // 3 : 2 * height // 3, width // 8 : width // 4].mean(axis=(0, 1))
        threshold = np.median(lumas) + 40
        bright = [time for time, luma in zip(times, lumas, strict=True) if luma > threshold]
        tracks = container.streams.audio
        languages = [track.metadata.get("language") for track in tracks]
        channels = [track.layout.nb_channels for track in tracks]
        count = len(tracks)
        size = stream.width, stream.height
    heard = [_heard(path, number) for number in range(count)]
    return Seen(
        size=size,
        shown_aspect=float(size[0] * aspect / size[1]),
        times=times,
        flash=bright[0] if bright else None,
        left=left,
        tones=[tone for tone, _ in heard],
        audio_ends=[end for _, end in heard],
        channels=channels,
        languages=languages,
        interlaced=interlaced,
        colour_tags=tags,
    )


def _heard(path: Path, track: int) -> tuple[float | None, float]:
    """When the tone begins in a track, and when the track ends."""
    resampler = av.AudioResampler("flt", "mono", AUDIO_RATE)
    begin: float | None = None
    end = 0.0
    with av.open(str(path)) as container:
        for frame in [*container.decode(audio=track), None]:
            for part in resampler.resample(frame):
                samples = part.to_ndarray()[0]
                loud = np.flatnonzero(np.abs(samples) > 0.1)
                if begin is None and len(loud):
                    begin = part.time + loud[0] / AUDIO_RATE
                end = part.time + len(samples) / AUDIO_RATE
    return begin, end
