"""Measure a video: what it is, whether it shows and sounds, and how much it differs from another one.

Decodes with PyAV and computes with NumPy (extra ``quality``). Pictures are compared at a small size, so that codecs'
noise counts little; nothing of this predicts what viewers think of a picture.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ConfigurationError, InvalidMedia
from airflow_provider_viapi.media.addresses import display_url, is_http_url

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.viapi import ViapiHook

SAMPLES = 24
"""Pictures that are compared, at even distances."""

LONGER_SIDE = 320
"""Longer side in pixels of pictures as they are measured."""

BLOCK = 8
"""Side in pixels of the squares in which structural similarity is computed."""

BLACK = 24
"""Mean brightness, 0 to 255, below which a picture without bright parts is black."""

SAME = 0.25
"""Mean difference in brightness, 0 to 255, below which two pictures are the same."""

SILENCE = -120.0
"""Loudness in dBFS of silence."""

MAX_DOWNLOAD_SECONDS = 3600.0
"""Longest time for the download of a video that is measured."""

UNITS = {
    "duration": "s",
    "width": "px",
    "height": "px",
    "frame_rate": "fps",
    "black": "of the duration",
    "longest_frozen": "s",
    "loudness": "dBFS",
}
"""Units of the properties; the others are names, or similarities without a unit."""

Band = tuple[float, float, float, float]
"""Left, top, width and height of a part of the picture, as fractions."""


@dataclass
class Quality:
    """Properties of a video.

    :param duration: in seconds
    :param black: share of the duration that is black, 0 to 1
    :param longest_frozen: longest time in seconds in which the picture does not change
    :param loudness: root mean square of the audio in dBFS; ``None`` without audio, -120 for silence
    :param ssim: mean structural similarity to another video, -1 to 1; ``None`` if there is none
    :param lowest_ssim: of the picture that differs most
    :param samples: pictures at even distances, for the comparison
    :param every: the distance in seconds
    """

    duration: float
    width: int
    height: int
    frame_rate: float
    video_codec: str
    audio_codec: str | None
    black: float
    longest_frozen: float
    loudness: float | None
    ssim: float | None = None
    lowest_ssim: float | None = None
    samples: list[Any] = field(default_factory=list, repr=False)
    every: float = 0.0

    def report(self) -> dict[str, Any]:
        """Return the properties as plain values, rounded."""
        values = {name: value for name, value in asdict(self).items() if name not in ("samples", "every")}
        return {
            name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()
        }


def measure(path: Path, shown: str, every: float | None = None, *, keep_samples: bool = True) -> Quality:
    """Return the properties of a video.

    :param path: a local file
    :param shown: its address for messages
    :param every: distance in seconds of the samples; default: a part of the duration
    :param keep_samples: keep pictures for a comparison
    :raises InvalidMedia: it contains no video that can be decoded
    :raises ConfigurationError: PyAV or NumPy is not installed
    """
    try:
        import av
        import numpy as np
        from av.stream import Disposition
    except ImportError:
        raise ConfigurationError(
            "videos are measured with PyAV and NumPy: pip install 'airflow-provider-viapi[quality]'",
        ) from None
    try:
        with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
            # The cover of an audio file is a video of one picture.
            films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            if not films:
                raise _unreadable(shown, "contains no video")
            stream = films[0]
            audio = next(iter(container.streams.audio), None)
            stated = float(container.duration or 0) / av.time_base or _seconds_of_packets(path, stream.index)
            distance = every or max(stated, 0.1) / SAMPLES
            meter = _Meter(distance, 2 * SAMPLES if keep_samples else 0)
            for frame in _decoded(container, *filter(None, (stream, audio))):
                if isinstance(frame, av.AudioFrame):
                    meter.add_audio(frame)
                else:
                    meter.add_frame(frame)
            if not meter.times:
                raise _unreadable(shown, "contains no frame that can be decoded")
            seconds = max(stated, meter.times[-1] - meter.times[0], 0.1)
            rate = float(stream.average_rate or 0) or len(meter.times) / seconds
            # A recording of a live stream begins at the time that the stream had then.
            start = min(float(container.start_time or 0) / av.time_base, meter.times[0])
            end = max(start + stated, meter.times[-1] + 1 / max(rate, 1))
            shares = np.diff([*meter.times, end])
            return Quality(
                duration=end - start,
                width=meter.size[0],
                height=meter.size[1],
                frame_rate=rate,
                video_codec=stream.codec_context.name,
                audio_codec=None if audio is None else audio.codec_context.name,
                black=float(shares[np.array(meter.is_black)].sum() / max(shares.sum(), 1e-6)),
                longest_frozen=meter.longest_frozen(end),
                loudness=None if audio is None else meter.loudness,
                samples=meter.samples,
                every=distance,
            )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unreadable(shown, f"cannot be decoded ({type(error).__name__})") from None


def _decoded(container: Any, *streams: Any) -> Iterator[Any]:
    """Yield the frames of some streams; those that are damaged are left out, as players do."""
    import av

    for packet in container.demux(*streams):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        yield from frames


def _seconds_of_packets(path: Path, stream: int) -> float:
    """Return the length of a video that does not state its duration, such as what was recorded from a stream."""
    import av

    with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
        times = [
            (float(packet.pts * packet.time_base), float((packet.duration or 0) * packet.time_base))
            for packet in container.demux(container.streams[stream])
            if packet.pts is not None
        ]
    return max((at + length for at, length in times), default=0.0) - min((at for at, _ in times), default=0.0)


def compare(after: Quality, before: Quality, band: Band | None) -> None:
    """Set how similar a video is to another one.

    :param after: its ``samples`` were taken at the same times as those of ``before``
    :param band: the part of the picture that is left out, such as the one from which subtitles were erased
    """
    pairs = zip(before.samples, after.samples, strict=False)
    found = [ssim for pair in pairs if (ssim := _similarity(*pair, band)) is not None]
    if found:
        after.ssim, after.lowest_ssim = sum(found) / len(found), min(found)


class _Meter:
    """Collects measures of the frames of a video.

    :param every: distance in seconds of the samples
    :param max_samples: most samples that are kept: a video may be longer than it states
    """

    def __init__(self, every: float, max_samples: int) -> None:
        self.times: list[float] = []
        self.is_black: list[bool] = []
        self.samples: list[Any] = []
        self.size = (0, 0)
        self._every, self._max_samples = every, max_samples
        self._changes: list[float] = [0.0]
        self._last: Any = None
        self._squares, self._count = 0.0, 0

    def add_frame(self, frame: Any) -> None:
        import numpy as np

        scale = LONGER_SIDE / max(frame.width, frame.height)
        size = [max(2, round(side * scale) // 2 * 2) for side in (frame.width, frame.height)]
        stored = frame.reformat(*size, "gray").to_ndarray().astype(np.int16)
        # Phones store portrait videos lying on their side; services return them upright.
        turns = round(frame.rotation / 90)
        luma = np.rot90(stored, turns)
        if not self.times:
            self.size = (frame.height, frame.width) if turns % 2 else (frame.width, frame.height)
        time = float(frame.time if frame.time is not None else len(self.times) / 25)
        # A stream may change its size at any picture.
        if self._last is not None and (
            luma.shape != self._last.shape or np.abs(luma - self._last).mean() >= SAME
        ):
            self._changes.append(time)
        self.times.append(max(time, self.times[-1] if self.times else time))
        self.is_black.append(bool(luma.mean() < BLACK and np.percentile(luma, 99) < 2 * BLACK))
        wanted = len(self.samples) < self._max_samples
        if wanted and time - self.times[0] >= len(self.samples) * self._every:
            self.samples.append(luma)
        self._last = luma

    def add_audio(self, frame: Any) -> None:
        import numpy as np

        samples = frame.to_ndarray()
        largest = np.iinfo(samples.dtype).max if samples.dtype.kind in "iu" else 1.0
        level = samples.astype(np.float64) / largest
        if samples.dtype.kind == "u":
            # Samples without a sign have their silence in the middle.
            level = 2 * level - 1
        self._squares += float(np.square(level).sum())
        self._count += level.size

    def longest_frozen(self, end: float) -> float:
        ends = [*self._changes[1:], end]
        begins = [self.times[0], *self._changes[1:]]
        return max(after - before for before, after in zip(begins, ends, strict=True))

    @property
    def loudness(self) -> float:
        from math import log10

        mean = self._squares / max(self._count, 1)
        return max(SILENCE, 10 * log10(mean)) if mean > 0 else SILENCE


def _similarity(before: Any, after: Any, band: Band | None) -> float | None:
    """Return the mean structural similarity of squares outside of the band; ``None`` if there are none."""
    import numpy as np

    rows, columns = (side // BLOCK for side in before.shape)
    if after.shape != before.shape:
        # The nearest pixels: the size is small, and only the structure counts.
        index = [np.arange(new) * old // new for new, old in zip(before.shape, after.shape, strict=True)]
        after = after[np.ix_(*index)]
    squares = [
        picture[: rows * BLOCK, : columns * BLOCK]
        .astype(np.float64)
        .reshape(rows, BLOCK, columns, BLOCK)
        .swapaxes(1, 2)
        .reshape(rows, columns, -1)
        for picture in (before, after)
    ]
    means = [square.mean(axis=2) for square in squares]
    variances = [square.var(axis=2) for square in squares]
    covariance = (squares[0] * squares[1]).mean(axis=2) - means[0] * means[1]
    # The constants of the definition by Wang et al., 2004.
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ssim = ((2 * means[0] * means[1] + c1) * (2 * covariance + c2)) / (
        (means[0] ** 2 + means[1] ** 2 + c1) * (variances[0] + variances[1] + c2)
    )
    counted = np.ones_like(ssim, bool)
    if band is not None:
        left, top, width, height = band
        first, last = int(top * rows), int(np.ceil((top + height) * rows))
        counted[first:last, int(left * columns) : int(np.ceil((left + width) * columns))] = False
    return float(ssim[counted].mean()) if counted.any() else None


def copy_to(address: str, target: Path, hook: ViapiHook, allowed_hosts: Collection[str] = ()) -> None:
    """Copy a video to a local file.

    :param address: in any storage, or HTTP(S)
    :param hook: its connection is used for ``oss://``, and for HTTP settings
    :param allowed_hosts: private hosts that may be read from
    :raises InvalidMedia: there is no such file
    :raises PermissionDenied: it may not be read, or its host is private
    :raises TransientError: the storage or server could not be read, or is too slow
    :raises ConfigurationError: the server's certificate is not trusted
    """
    if not is_http_url(address):
        from airflow_provider_viapi.media.inputs.source import stat

        with stat(address, hook).read() as file, target.open("wb") as copy:
            while block := file.read():
                copy.write(block)
        return
    from airflow_provider_viapi.media.outputs.http_download import download, source_errors
    from airflow_provider_viapi.media.ssrf_guard import public_session

    account = hook.account
    with (
        source_errors(display_url(address), "InvalidFile.Content"),
        public_session(account.http, [*allowed_hosts, *account.trusted_hosts]) as session,
        download(session, address) as response,
        target.open("wb") as copy,
    ):
        for chunk in response.chunks(MAX_DOWNLOAD_SECONDS):
            copy.write(chunk)


def _unreadable(shown: str, problem: str) -> InvalidMedia:
    return InvalidMedia(f"{shown} {problem}", code="InvalidFile.Content")
