"""Sound as samples: what of it belongs to parts of a clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet

from airflow_provider_viapi.emulator.media.containers import WITH_SOUND, open_media

Samples = npt.NDArray[np.float32]

RATE = 48_000
LAYOUT, CHANNELS = "stereo", 2
FADE = RATE // 100  # hides the click of a cut


def load_sound(path: Path, start: float, length: float, *, padded: bool = True) -> Samples | None:
    """A stretch of a file's sound: (channels, samples) at 48 kHz.

    :param start: where it begins, in seconds
    :param length: how long it is, in seconds
    :param padded: whether silence follows when the file ends before
    :return: None when the file has no sound at all
    :raises MediaFault: as :func:`open_media` does
    """
    pieces: list[Samples] = []
    with open_media(path, WITH_SOUND) as container:
        if not container.streams.audio:
            return None
        parts = PartsOfSound([(start, start + length)], pieces.append)
        for packet in container.demux(container.streams.audio[0]):
            if packet.pts is not None and packet.pts * packet.time_base > start + length:
                break
            parts.hear(packet)
        if padded:
            parts.finish()
    return np.concatenate([silence(0), *pieces], axis=1)


def silence(length: int) -> Samples:
    """So many samples of nothing: (channels, samples)."""
    return np.zeros((CHANNELS, length), np.float32)


class PartsOfSound:
    """Takes in the sound of a clip and gives out that of some parts of it, one after the other without a gap.

    Where a part has no sound it is silent, so that sound and pictures stay together.

    :param parts: start and end of each, in seconds of the clip, in their order
    :param emit: is given the samples of the parts, (channels, samples) at 48 kHz
    """

    def __init__(self, parts: Sequence[tuple[float, float]], emit: Callable[[Samples], None]) -> None:
        self._parts = [(round(start * RATE), round(end * RATE)) for start, end in parts]
        self._reached = self._parts[0][0] if parts else 0
        self._emit = emit
        self._resampler = AudioResampler("fltp", LAYOUT, RATE)

    def hear(self, packet: Packet[AudioStream]) -> None:
        """Take in the next packet of the clip's sound; a damaged one leaves a gap."""
        try:
            frames = packet.decode()
        except av.FFmpegError:
            return
        for frame in frames:
            for piece in self._resampler.resample(frame):
                self._take(piece)

    def finish(self) -> None:
        """Give out what is still missing of the parts, as silence."""
        while self._parts:
            self._give(silence(self._parts[0][1] - self._reached))

    def _take(self, piece: AudioFrame) -> None:
        begin, samples = round((piece.time or 0.0) * RATE), np.asarray(piece.to_ndarray(), np.float32)
        while self._parts:
            _, end = self._parts[0]
            if begin > self._reached:
                self._give(silence(min(begin, end) - self._reached))
                continue
            wanted = samples[:, self._reached - begin : end - begin]
            if not wanted.size:
                return
            self._give(wanted)

    def _give(self, samples: Samples) -> None:
        start, end = self._parts[0]
        positions = self._reached + np.arange(samples.shape[1])
        gain = np.clip(np.minimum(positions - start, end - 1 - positions) / FADE, 0, 1)
        self._emit((samples * gain).astype(np.float32))
        self._reached += samples.shape[1]
        if self._reached >= end:
            self._parts.pop(0)
            self._reached = self._parts[0][0] if self._parts else 0
