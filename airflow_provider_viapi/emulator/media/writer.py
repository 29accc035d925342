"""Write a clip, frames and audio, as MP4 or MOV that plays while it still downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import cast

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from airflow_provider_viapi.emulator.media.audio import Samples
from airflow_provider_viapi.emulator.media.audio_tracks import AudioTraits, EncodedTrack, track_for
from airflow_provider_viapi.emulator.media.containers import METADATA_OPTIONS
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.frames import Colour, working_format

MAX_MISSING_AUDIO = 0.15  # seconds of a track: a codec's delay and one packet
MAX_FRAMES_IN_ORDER = 2  # so few are always encoded in the order shown: a B-frame needs one on each side


@dataclass(frozen=True)
class Codec:
    """An encoder of frames and its settings.

    :param encoder: FFmpeg's name of it
    :param pixel_format: the one that is written (default: the working format of the size)
    :param options: for speed and the like
    :param steady: the options of a constant high quality, used without a bit rate
    :param tag: tag in the container, where players require one of several
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
    """The properties that all frames of a clip share.

    :param size: (width, height) in pixels
    :param pixel_aspect: width of a pixel as it is shown divided by its height
    :param frame_rate: the average, in frames per second
    :param time_base: the unit of presentation times, in seconds
    :param colour: what the numbers mean as colours
    :param interlaced: whether each frame consists of two fields
    """

    size: tuple[int, int]
    pixel_aspect: Fraction
    frame_rate: Fraction
    time_base: Fraction
    colour: Colour
    interlaced: bool = False


class VideoTarget:
    """A clip that is being written; a context manager, and the file is complete when it ends without an error.

    Frames are usually H.264 of 8 bits: 4:2:0, which everything plays, or 4:4:4 (High 4:4:4 Predictive) when
    a side is odd, which FFmpeg and its kin play but browsers may not: 4:2:0 has no odd sizes, and a size that
    was asked for is kept exactly. Every frame is shown at its own time, so a variable rate stays variable.

    ``count`` and ``end`` (seconds) say how many frames were added and when the last of them ends.

    :param path: the file to write, an MP4 or, by its name, a MOV
    :param traits: of the frames that will come
    :param audio: the source's audio streams, all of which are kept
    :param sampled: traits of the tracks whose audio comes as samples
    :param codec: for the frames
    :param bit_rate: of the frames, in bits per second (default: a steady high quality)
    :raises MediaError: when it ends: ``InternalError.Algo`` when the file does not hold all that was added
    """

    def __init__(
        self,
        path: Path,
        traits: Traits,
        audio: Sequence[AudioStream] = (),
        *,
        sampled: Sequence[AudioTraits] = (),
        codec: Codec = H264,
        bit_rate: int | None = None,
    ) -> None:
        self._path, self._period = path, 1 / traits.frame_rate
        self._format = "mov" if path.suffix == ".mov" else "mp4"
        self._container = av.open(str(path), "w", format=self._format, options={"movflags": "+faststart"})
        self._video = self._add_video(traits, codec, bit_rate)
        self._copies = {stream.index: track_for(self._container, stream) for stream in audio}
        self._sampled = [EncodedTrack(self._container, track) for track in sampled]
        self.count, self.end = 0, 0.0

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
        if error is None:
            self._require_complete()

    def add_frame(self, frame: VideoFrame) -> None:
        """Encode the next frame; its time must be later than that of the one before."""
        frame.pict_type = PictureType.NONE  # or the encoder would follow the source's key frames
        self.count += 1
        self.end = float((frame.pts or 0) * (frame.time_base or 0) + self._period)
        self._container.mux(self._video.encode(frame))

    def add_audio(self, packet: Packet[AudioStream]) -> None:
        """Add the next packet of one of the source's audio streams; a damaged one leaves a gap."""
        self._copies[packet.stream.index].add(packet)

    def add_samples(self, samples: Samples, track: int = 0) -> None:
        """Encode the next samples of a track, (channels, samples); they follow those before without a gap."""
        self._sampled[track].add_samples(samples)

    def _finish(self) -> None:
        if self._video.codec_context.is_open:
            packets = self._video.encode(None)
            if self.count <= MAX_FRAMES_IN_ORDER:
                # libx265 up to 4.2 computes decoding times from a delay that it sets only with the third frame.
                # Until then the delay is whatever its memory held, and the muxer refuses most of these times:
                # https://github.com/Multicorewareinc/x265/issues/781
                for packet in packets:
                    packet.dts = packet.pts
            self._container.mux(packets)
        for track in (*self._copies.values(), *self._sampled):
            track.finish()

    def _require_complete(self) -> None:
        """Compare what the file holds with what was added."""
        tracks = [*self._copies.values(), *self._sampled]
        with av.open(str(self._path), **METADATA_OPTIONS) as written:
            video = written.streams.video[0] if written.streams.video else None
            audio = written.streams.audio
            count, ends = 0, {stream.index: 0.0 for stream in written.streams}
            for packet in written.demux():
                if packet.pts is not None and packet.time_base is not None:
                    count += packet.stream is video
                    end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    ends[packet.stream.index] = max(end, ends[packet.stream.index])
            heard = [ends[stream.index] for stream in audio]
        if count != self.count or not count:
            raise MediaError("InternalError.Algo", f"frames were lost: {count} of {self.count} were written")
        given = [track.end for track in tracks if track.end > MAX_MISSING_AUDIO]
        if len(heard) < len(given):
            raise MediaError(
                "InternalError.Algo", f"audio was lost: {len(heard)} of {len(given)} tracks were written"
            )
        if len(heard) == len(tracks):
            for number, (track, end) in enumerate(zip(tracks, heard, strict=True), start=1):
                if end < track.end - MAX_MISSING_AUDIO:
                    raise MediaError(
                        "InternalError.Algo",
                        f"audio of track {number} was lost: {end:.2f} of {track.end:.2f} s were written",
                    )

    def _add_video(self, traits: Traits, codec: Codec, bit_rate: int | None) -> VideoStream:
        options = codec.options if bit_rate else {**codec.options, **codec.steady}
        stream = cast(
            VideoStream,
            self._container.add_stream(codec.encoder, rate=traits.frame_rate, options=dict(options)),
        )
        stream.width, stream.height = traits.size
        stream.pix_fmt = codec.pixel_format or working_format(*traits.size)
        context = stream.codec_context
        context.time_base = traits.time_base
        context.sample_aspect_ratio = traits.pixel_aspect
        context.colorspace, context.color_range = traits.colour.matrix, traits.colour.range
        context.color_primaries, context.color_trc = traits.colour.primaries, traits.colour.transfer
        stream.bit_rate = bit_rate or 0
        if traits.interlaced:
            context.flags |= Flags.interlaced_dct
        if codec.tag:
            stream.codec_context.codec_tag = codec.tag
        return stream
