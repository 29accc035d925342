"""The audio tracks of a file that is written: copied where its container takes the codec, else encoded as AAC."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from airflow_provider_viapi.emulator.media.audio import LAYOUT, RATE, AudioCutter, Samples
from airflow_provider_viapi.emulator.media.errors import MediaError

# What players find in an MP4 and can play; other audio becomes AAC.
COPIED_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"})
AAC_RATES = frozenset({16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000})
AAC_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}
AAC_LARGEST_LAYOUT = "7.1"
MAX_LOST_SHARE = 0.1  # of packets
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


@dataclass(frozen=True)
class AudioTraits:
    """The properties that all samples of a track share.

    :param rate: samples a second
    :param layout: FFmpeg's name of the channels
    :param language: ISO 639-2 code of what is spoken, None when not known
    """

    rate: int = RATE
    layout: str = LAYOUT
    language: str | None = None


class EncodedTrack:
    """A track that is encoded as AAC from samples."""

    def __init__(self, container: OutputContainer, traits: AudioTraits) -> None:
        self._container, self._rate, self._layout = container, traits.rate, traits.layout
        self._stream = container.add_stream("aac", rate=traits.rate)
        self._stream.layout = traits.layout
        _set_language(container, self._stream, traits.language)
        self._length = 0

    @property
    def end(self) -> float:
        """Return when the audio ends, in seconds."""
        return self._length / self._rate

    def add_samples(self, samples: Samples) -> None:
        """Encode the next samples, (channels, samples); they follow those before without a gap."""
        # Interleaved, as PyAV has no planar frames of eight channels.
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples.T).reshape(1, -1), "flt", self._layout)
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
        super().__init__(container, aac_traits(source))
        self._packets = 0
        self._cutter = AudioCutter(
            [(0.0, math.inf)], self.add_samples, rate=self._rate, layout=self._layout, fade=0
        )

    def add(self, packet: Packet[AudioStream]) -> None:
        """Transcode the next packet of the source; a damaged one leaves a gap."""
        self._packets += bool(packet.size)
        self._cutter.push(packet)

    def finish(self) -> None:
        """Encode what is left.

        :raises MediaError: ``InvalidFile.Decode`` when nothing of the track could be decoded
        """
        self._cutter.finish()
        if self._packets and not self._cutter.heard:
            raise MediaError("InvalidFile.Decode", "no audio of a track can be decoded")
        super().finish()


class CopiedTrack:
    """A track whose packets are copied."""

    def __init__(self, container: OutputContainer, source: AudioStream) -> None:
        self._container = container
        self._stream = container.add_stream_from_template(source)
        _set_language(container, self._stream, _language_of(source))
        self._packets, self._lost = 0, 0
        self.end = 0.0
        """When the audio that was given ends, in seconds."""

    def add(self, packet: Packet[AudioStream]) -> None:
        """Copy the next packet of the source; a damaged one leaves a gap."""
        if packet.dts is None or packet.time_base is None:
            return
        begin = packet.dts if packet.pts is None else packet.pts
        self.end = max(self.end, float((begin + (packet.duration or 0)) * packet.time_base))
        packet.stream = self._stream
        self._packets += 1
        try:
            self._container.mux(packet)
        except av.FFmpegError:
            self._lost += 1

    def finish(self) -> None:
        """Check that the container took the packets.

        :raises MediaError: ``InternalError.Algo`` when it refused more than damage explains
        """
        if self._lost > MAX_LOST_SHARE * self._packets:
            raise MediaError(
                "InternalError.Algo",
                f"audio was lost: {self._lost} of {self._packets} packets were not written",
            )


def track_for(container: OutputContainer, source: AudioStream) -> CopiedTrack | TranscodedTrack:
    """Add the track for an audio stream of a source to a container."""
    if _can_copy(container.format.name, source):
        return CopiedTrack(container, source)
    return TranscodedTrack(container, source)


def aac_traits(source: AudioStream) -> AudioTraits:
    """Return how an audio stream is encoded as AAC: its rate where AAC has it, its channels, its language."""
    return AudioTraits(
        rate=source.rate if source.rate in AAC_RATES else RATE,
        layout=AAC_LAYOUTS.get(source.layout.nb_channels, AAC_LARGEST_LAYOUT),
        language=_language_of(source),
    )


def _language_of(stream: AudioStream) -> str | None:
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
