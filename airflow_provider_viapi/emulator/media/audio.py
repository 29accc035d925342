"""Audio as samples: decode streams onto the clock of their clip and cut parts out of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet

from airflow_provider_viapi.emulator.media.containers import AUDIO_CONTAINERS, open_media, packets_from_zero

Samples = npt.NDArray[np.float32]

RATE = 48_000
LAYOUT = "stereo"
FADES_A_SECOND = 100  # a fade of a hundredth of a second hides the click of a cut
CLOCK_TOLERANCE = 0.05  # seconds; containers round timestamps, and small steps are no gaps


def load_audio(path: Path, start: float, length: float, *, padded: bool = True) -> Samples | None:
    """Return a part of a file's first audio stream: (channels, samples), stereo at 48 kHz.

    :param start: where it begins, in seconds from the beginning of the file
    :param length: its length in seconds
    :param padded: append silence when the file ends earlier
    :return: None when the file has no audio
    :raises MediaError: as :func:`open_media` does
    """
    pieces: list[Samples] = []
    with open_media(path, AUDIO_CONTAINERS) as container:
        streams = playable_audio(container.streams.audio)
        if not streams:
            return None
        cutter = AudioCutter([(start, start + length)], pieces.append)
        # With the frames, so that a clock that jumps is continued in the same way for both.
        for packet in packets_from_zero(container, (*container.streams.video[:1], streams[0])):
            if packet.stream is not streams[0]:
                continue
            if packet.pts is not None and packet.pts * packet.time_base > start + length:
                break
            cutter.push(packet)
        cutter.finish(padded=padded)
    return np.concatenate([silence(0), *pieces], axis=1)


def playable_audio(streams: Sequence[AudioStream]) -> tuple[AudioStream, ...]:
    """Return the streams that FFmpeg can decode."""
    return tuple(stream for stream in streams if stream.codec_context and stream.rate)


def silence(length: int, layout: str = LAYOUT) -> Samples:
    """Return this many samples of silence: (channels, samples)."""
    return np.zeros((AudioLayout(layout).nb_channels, length), np.float32)


class AudioCutter:
    """Cut parts out of an audio stream and join them without gaps; where a part has no sound it is silent.

    :param parts: start and end of each in seconds of the clip, in order
    :param emit: called with the next samples of the parts, (channels, samples)
    :param rate: samples a second
    :param layout: of the channels
    :param fade: length of the fade at both ends of each part, in samples
    """

    def __init__(
        self,
        parts: Sequence[tuple[float, float]],
        emit: Callable[[Samples], None],
        *,
        rate: int = RATE,
        layout: str = LAYOUT,
        fade: int = RATE // FADES_A_SECOND,
    ) -> None:
        self._parts = [
            (round(start * rate), end if math.isinf(end) else round(end * rate)) for start, end in parts
        ]
        self._reached = self._parts[0][0] if parts else 0
        self._emit = emit
        self._rate, self._layout, self._fade = rate, layout, fade
        self._resampler = self._new_resampler()
        self._format: tuple[str, str, int] | None = None
        self._expected: int | None = None
        self.heard = 0.0
        """Until when samples were decoded, in seconds of the clip."""

    def push(self, packet: Packet[AudioStream]) -> None:
        """Decode the next packet of the stream; a damaged one leaves a gap."""
        try:
            frames = packet.decode()
        except av.FFmpegError:
            return
        for frame in frames:
            for piece in self._resampled(frame):
                self._take(piece)

    def finish(self, *, padded: bool = True) -> None:
        """Emit the rest; where the parts are longer than the stream, silence follows when ``padded``."""
        for piece in self._resampler.resample(None):
            self._take(piece)
        while padded and self._parts and not math.isinf(self._parts[0][1]):
            self._give(silence(int(self._parts[0][1]) - self._reached, self._layout))

    def _new_resampler(self) -> AudioResampler:
        return AudioResampler("flt", self._layout, self._rate)

    def _resampled(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        if self._format is not None and kind != self._format:
            yield from self._resampler.resample(None)
            self._resampler = self._new_resampler()
        self._format = kind
        yield from self._resampler.resample(frame)

    def _take(self, piece: AudioFrame) -> None:
        samples = np.asarray(piece.to_ndarray(), np.float32).reshape(-1, piece.layout.nb_channels).T
        begin = self._begin(piece)
        self._expected = begin + samples.shape[1]
        self.heard = self._expected / self._rate
        while self._parts:
            _, end = self._parts[0]
            if begin > self._reached:
                self._give(silence(int(min(begin, end)) - self._reached, self._layout))
                continue
            stop = samples.shape[1] if math.isinf(end) else int(end) - begin
            wanted = samples[:, self._reached - begin : max(stop, 0)]
            if not wanted.size:
                return
            self._give(wanted)

    def _begin(self, piece: AudioFrame) -> int:
        """Return the position of a piece in samples; without a time, or almost there, it follows the one before."""
        begin = None if piece.time is None else round(piece.time * self._rate)
        if self._expected is None:
            return begin or 0
        if begin is None or abs(begin - self._expected) < CLOCK_TOLERANCE * self._rate:
            return self._expected
        return begin

    def _give(self, samples: Samples) -> None:
        start, end = self._parts[0]
        if self._fade:
            positions = self._reached + np.arange(samples.shape[1])
            gain = np.clip(np.minimum(positions - start, end - 1 - positions) / self._fade, 0, 1)
            samples = (samples * gain).astype(np.float32)
        self._emit(samples)
        self._reached += samples.shape[1]
        if self._reached >= end:
            self._parts.pop(0)
            self._reached = self._parts[0][0] if self._parts else 0
