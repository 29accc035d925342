"""Real pictures and audio in files of many kinds, and ways to decode results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

import media_samples

Pixels = npt.NDArray[np.uint8]
EVERYTHING = np.s_[:, :]


def real_frames(count: int, size: tuple[int, int], pixel_format: str, **colour: Any) -> list[av.VideoFrame]:
    """The first pictures of Big Buck Bunny.

    :param colour: what to convert to, as ``VideoFrame.reformat`` has it
    """
    with av.open(str(media_samples.big_buck_bunny())) as container:
        return [
            frame.reformat(*size, pixel_format, **colour)
            for frame in islice(container.decode(video=0), count)
        ]


def write_clip(
    path: Path,
    frames: Sequence[av.VideoFrame],
    *,
    codec: str = "libx264",
    sound: str | None = None,
    pts: Iterable[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    adjust: Callable[[Any], None] = lambda stream: None,
    **options: str,
) -> Path:
    """Write a clip, lossless where the codec is x264.

    :param sound: codec of the sound of Big Buck Bunny that goes with it
    :param pts: when the pictures are shown, in ``time_base``
    :param adjust: is given the video stream before anything is written
    """
    with av.open(str(path), "w", container_options=options) as target:
        stream = target.add_stream(codec, rate=25, options={"qp": "0"} if codec == "libx264" else None)
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = frames[0].format.name
        stream.codec_context.time_base = time_base
        adjust(stream)
        sounding = target.add_stream(sound, rate=48000) if sound else None
        for number, frame in zip(pts or range(len(frames)), frames, strict=False):
            frame.pts, frame.time_base, frame.pict_type = number, time_base, 0
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
        if sounding is not None:
            _add_sound(target, sounding, seconds=len(frames) / 25)
    return path


def _add_sound(target: Any, stream: Any, seconds: float) -> None:
    with av.open(str(media_samples.big_buck_bunny())) as source:
        for frame in source.decode(audio=0):
            if frame.time >= seconds:
                break
            target.mux(stream.encode(frame))
    target.mux(stream.encode(None))


def times(path: Path) -> list[float]:
    """Return when each picture is shown, in seconds."""
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def pictures(path: Path, pixel_format: str = "rgb24") -> list[Pixels]:
    """Return every picture as a player shows it, except for its rotation."""
    with av.open(str(path)) as container:
        return [np.asarray(frame.to_ndarray(format=pixel_format)) for frame in container.decode(video=0)]


def sound(path: Path) -> npt.NDArray[np.float32]:
    """Return the audio, all channels mixed, at 48 kHz."""
    resampler = av.AudioResampler("flt", "mono", 48000)
    with av.open(str(path)) as container:
        frames = [*container.decode(audio=0), None]
        parts = [part.to_ndarray()[0] for frame in frames for part in resampler.resample(frame)]
    return np.concatenate(parts).astype(np.float32)


def video_stream(path: Path) -> Any:
    """Return the video stream of a file."""
    with av.open(str(path)) as container:
        return container.streams.video[0]


def psnr(one: Iterable[Pixels], other: Iterable[Pixels], part: Any = EVERYTHING) -> float:
    """PSNR in dB over all pictures, or over a part of each; infinite when they are the same."""
    errors = [np.square(a[part].astype(np.float64) - b[part]).mean() for a, b in zip(one, other, strict=True)]
    return float(10 * np.log10(255**2 / np.mean(errors))) if any(errors) else float("inf")
