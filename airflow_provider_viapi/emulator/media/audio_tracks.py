"""The audio tracks of a file that is written: copied where its container takes the codec, else encoded as AAC."""

from __future__ import annotations

import io
import math
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from airflow_provider_viapi.emulator.media.audio import LAYOUT, RATE, AudioCutter, Samples

# What players find in an MP4 and can play; other audio becomes AAC.
COPIED_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"})
AAC_RATES = frozenset({16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000})
AAC_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}
AAC_LARGEST_LAYOUT = "7.1"
# QuickTime knows some languages by the older code of ISO 639-2 only.
QUICKTIME_LANGUAGES = {
    "deu": "ger",
    "ell": "gre",
    "fra": "fre",
    "hye": "arm",
    "isl": "ice",
    "kat": "geo",
    "mkd": "mac",
    "nld": "dut",
    "sqi": "alb",
    "zho": "chi",
}


class EncodedTrack:
    """A track that is encoded as AAC from samples.

    :param language: ISO 639-2 code of what is spoken, None when not known
    """

    def __init__(
        self,
        container: OutputContainer,
        *,
        rate: int = RATE,
        layout: str = LAYOUT,
        language: str | None = None,
    ) -> None:
        self._container, self._rate, self._layout = container, rate, layout
        self._stream = container.add_stream("aac", rate=rate)
        self._stream.layout = layout
        _set_language(container, self._stream, language)
        self._length = 0

    @property
    def end(self) -> float:
        """Return when the audio ends, in seconds."""
        return self._length / self._rate

    def add_samples(self, samples: Samples) -> None:
        """Encode the next samples, (channels, samples); they follow those before without a gap."""
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", self._layout)
        frame.rate, frame.pts, frame.time_base = self._rate, self._length, Fraction(1, self._rate)
        self._length += samples.shape[1]
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Encode what is left."""
        if self._length:
            self._container.mux(self._stream.encode(None))


class TranscodedTrack(EncodedTrack):
    """A track that is decoded and encoded again, with its channels."""

    def __init__(self, container: OutputContainer, source: AudioStream) -> None:
        channels = source.layout.nb_channels
        super().__init__(
            container,
            rate=source.rate if source.rate in AAC_RATES else RATE,
            layout=AAC_LAYOUTS.get(channels, AAC_LARGEST_LAYOUT),
            language=language_of(source),
        )
        self._cutter = AudioCutter(
            [(0.0, math.inf)], self.add_samples, rate=self._rate, layout=self._layout, fade=0
        )

    def add(self, packet: Packet[AudioStream]) -> None:
        """Transcode the next packet of the source; a damaged one leaves a gap."""
        self._cutter.push(packet)

    def finish(self) -> None:
        """Encode what is left."""
        self._cutter.finish()
        super().finish()


class CopiedTrack:
    """A track whose packets are copied."""

    def __init__(self, container: OutputContainer, source: AudioStream) -> None:
        self._container = container
        self._stream = container.add_stream_from_template(source)
        _set_language(container, self._stream, language_of(source))
        self.end = 0.0
        """When the audio that was given ends, in seconds."""

    def add(self, packet: Packet[AudioStream]) -> None:
        """Copy the next packet of the source; a damaged one leaves a gap."""
        if packet.dts is None or packet.time_base is None:
            return
        begin = packet.dts if packet.pts is None else packet.pts
        self.end = max(self.end, float((begin + (packet.duration or 0)) * packet.time_base))
        packet.stream = self._stream
        with suppress(av.FFmpegError):
            self._container.mux(packet)

    def finish(self) -> None:
        """Do nothing: packets are written at once."""


def track_for(container: OutputContainer, source: AudioStream) -> CopiedTrack | TranscodedTrack:
    """Add the track for an audio stream of a source to a container."""
    if _can_copy(container.format.name, source):
        return CopiedTrack(container, source)
    return TranscodedTrack(container, source)


def language_of(stream: AudioStream) -> str | None:
    """Return the language that a container states for a stream."""
    return stream.metadata.get("language")


def _set_language(container: OutputContainer, stream: AudioStream, language: str | None) -> None:
    if language:
        in_mov = container.format.name == "mov"
        stream.metadata["language"] = QUICKTIME_LANGUAGES.get(language, language) if in_mov else language


def _can_copy(container_format: str, source: AudioStream) -> bool:
    """Return whether players expect the codec and the container accepts it with its rate and layout."""
    if source.codec_context.codec.canonical_name not in COPIED_CODECS:
        return False
    try:
        with av.open(io.BytesIO(), "w", format=container_format) as trial:
            trial.add_stream_from_template(source)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True
