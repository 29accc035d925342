"""Writing a clip: pictures and their sound, in an MP4 or MOV that plays while it still downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from airflow_provider_viapi.emulator.media.audio import LAYOUT, RATE, Samples
from airflow_provider_viapi.emulator.media.frames import Colour, picture_format

# What players find in an MP4 and know how to play; other sound becomes AAC.
COPIED_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"})
AAC_SAMPLE_RATES = frozenset({16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000})
AAC_LAYOUTS = frozenset({"mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"})


@dataclass(frozen=True)
class Codec:
    """How pictures are encoded.

    :param encoder: FFmpeg's name of it
    :param pixel_format: the only one that is written; when None, the picture format of the size
    :param options: for speed and the like
    :param steady: the options of a steady high quality, for when no bit rate is asked for
    :param tag: what the container calls it, where players insist on one of several names
    """

    encoder: str
    pixel_format: str | None
    options: Mapping[str, str]
    steady: Mapping[str, str]
    tag: str | None = None


H264 = Codec("libx264", None, {"preset": "veryfast"}, {"crf": "18"})
HEVC = Codec(
    "libx265", None, {"preset": "ultrafast", "x265-params": "log-level=error"}, {"crf": "20"}, tag="hvc1"
)
PRORES = Codec("prores_ks", "yuv422p10le", {"profile": "standard"}, {})


@dataclass(frozen=True)
class Traits:
    """What is the same for all pictures of a clip.

    :param size: (width, height) in pixels
    :param pixel_aspect: how much wider than high a pixel is shown
    :param frame_rate: the average, in frames per second
    :param time_base: the unit of presentation times, in seconds
    :param colour: what the numbers mean as colours
    """

    size: tuple[int, int]
    pixel_aspect: Fraction
    frame_rate: Fraction
    time_base: Fraction
    colour: Colour


class VideoTarget:
    """A clip that is being written; a context manager, and the file is whole when it ends well.

    Pictures are usually H.264 of 8 bits: 4:2:0, which everything plays, or 4:4:4 (High 4:4:4 Predictive) when
    a side is odd, which FFmpeg and its kin play but browsers may not: 4:2:0 has no odd sizes, and a size that
    was asked for is kept exactly. Every picture is shown at its own time, so a variable rate stays variable.

    :param path: the file to write, an MP4 or, when so called, a MOV
    :param traits: of the pictures that will come
    :param audio: the source's audio streams, all of which are kept
    :param sound: whether there will be sound that comes as samples
    :param codec: for the pictures
    :param bit_rate: of the pictures, in bits per second; when None, whatever a steady high quality takes
    """

    def __init__(
        self,
        path: Path,
        traits: Traits,
        audio: Sequence[AudioStream] = (),
        *,
        sound: bool = False,
        codec: Codec = H264,
        bit_rate: int | None = None,
    ) -> None:
        container = "mov" if path.suffix == ".mov" else "mp4"
        self._container = av.open(str(path), "w", format=container, options={"movflags": "+faststart"})
        self._video = self._add_video(traits, codec, bit_rate)
        self._audio = {stream.index: self._add_audio(stream) for stream in audio}
        self._sound = self._container.add_stream("aac", rate=RATE) if sound else None
        self._sound_length = 0

    def __enter__(self) -> VideoTarget:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            self._container.close()

    def add_picture(self, picture: VideoFrame) -> None:
        """Encode the next picture; its time must be later than that of the one before."""
        picture.pict_type = PictureType.NONE  # or the encoder would follow the source's key frames
        self._container.mux(self._video.encode(picture))

    def add_audio(self, packet: Packet[AudioStream]) -> None:
        """Copy the next packet of one of the source's audio streams, or encode what is in it as AAC.

        A damaged packet leaves a gap in the sound.
        """
        stream = self._audio[packet.stream.index]
        with suppress(av.FFmpegError):
            if not _is_copied(packet.stream):
                for frame in packet.decode():
                    self._container.mux(stream.encode(frame))
            elif packet.dts is not None:
                packet.stream = stream
                self._container.mux(packet)

    def add_sound(self, samples: Samples) -> None:
        """Encode the next samples, (channels, samples) at 48 kHz; they follow those before without a gap."""
        if self._sound is None:
            raise ValueError("the clip was opened without sound")
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", LAYOUT)
        frame.rate, frame.pts, frame.time_base = RATE, self._sound_length, Fraction(1, RATE)
        self._sound_length += samples.shape[1]
        self._container.mux(self._sound.encode(frame))

    def _finish(self) -> None:
        if self._video.codec_context.is_open:
            self._container.mux(self._video.encode(None))
        made = [] if self._sound is None else [self._sound]
        for stream in (*self._audio.values(), *made):
            if stream.codec_context.is_encoder and stream.codec_context.is_open:
                with suppress(av.FFmpegError):
                    self._container.mux(stream.encode(None))

    def _add_video(self, traits: Traits, codec: Codec, bit_rate: int | None) -> VideoStream:
        options = codec.options if bit_rate else {**codec.options, **codec.steady}
        stream = cast(
            VideoStream,
            self._container.add_stream(codec.encoder, rate=traits.frame_rate, options=dict(options)),
        )
        stream.width, stream.height = traits.size
        stream.pix_fmt = codec.pixel_format or picture_format(*traits.size)
        context = stream.codec_context
        context.time_base = traits.time_base
        context.sample_aspect_ratio = traits.pixel_aspect
        context.colorspace, context.color_range = traits.colour.matrix, traits.colour.range
        context.color_primaries, context.color_trc = traits.colour.primaries, traits.colour.transfer
        stream.bit_rate = bit_rate or 0
        if codec.tag:
            stream.codec_context.codec_tag = codec.tag
        return stream

    def _add_audio(self, source: AudioStream) -> AudioStream:
        if _is_copied(source):
            return self._container.add_stream_from_template(source)
        rate = source.rate if source.rate in AAC_SAMPLE_RATES else 48000
        stream = self._container.add_stream("aac", rate=rate)
        stream.layout = source.layout.name if source.layout.name in AAC_LAYOUTS else "stereo"
        return stream


def _is_copied(stream: AudioStream) -> bool:
    return stream.codec_context.codec.canonical_name in COPIED_SOUND
