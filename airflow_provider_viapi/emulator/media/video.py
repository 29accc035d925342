"""Read a clip frame by frame, and write it again with its frames changed.

Everything streams: one frame, or the few that a change looks ahead, is in memory at a time, never the clip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from heapq import heappop, heappush
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.audio import playable_audio
from airflow_provider_viapi.emulator.media.containers import (
    VIDEO_CONTAINERS,
    find_film_stream,
    open_media,
    packets_from_zero,
    seconds,
    stated_duration,
)
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.frames import as_displayed, colour_of, display_matrix, is_sideways
from airflow_provider_viapi.emulator.media.interlacing import InterlacedFrames
from airflow_provider_viapi.emulator.media.writer import H264, Codec, Traits, VideoTarget

MIN_SIDE, MAX_SIDE = 32, 8192
FULL_HD, ULTRA_HD, EIGHT_K = (1920, 1080), (4096, 2304), (8192, 4320)
"""Limits of size as (longer side, shorter side) in pixels."""

MEGABIT = 1_000_000
RATE_WHEN_UNKNOWN = Fraction(25)

# A file is refused as cut off when more than both is missing of the length that its header states.
MAX_MISSING_SECONDS, MAX_MISSING_SHARE = 0.5, 0.05
MIN_DECODED_SHARE = 0.4  # of the packets of video; two packets may hold one frame's fields
HONEST_HEADERS = frozenset({"mov", "matroska", "flv"})  # containers whose header states the length

AudioPacket: TypeAlias = "Packet[AudioStream]"
Event: TypeAlias = "VideoFrame | AudioPacket"
Item = TypeVar("Item")
Change = Callable[[Iterator[VideoFrame]], Iterator[VideoFrame]]


def rewrite(
    clip: VideoSource,
    target: Path,
    change: Change,
    *,
    traits: Traits | None = None,
    codec: Codec = H264,
    bit_rate: int | None = None,
    until: float | None = None,
) -> None:
    """Write a clip again with its frames changed; their times and the audio are kept.

    :param target: the MP4 or MOV to write
    :param change: yields the new frames, one for each unless the frame rate changes
    :param traits: of the new frames (default: those of the clip)
    :param codec: of the new frames
    :param bit_rate: of the frames in bits per second (default: a steady high quality)
    :param until: leave out what is due at this time or later, in seconds
    :raises MediaError: as :meth:`VideoSource.frames` does; ``InternalError.Algo`` when not everything that was
        read was also written
    """
    traits = traits or clip.traits
    with VideoTarget(target, traits, clip.audio, codec=codec, bit_rate=bit_rate) as written:
        for frame in change(clip.frames(written.add_audio, until=until)):
            written.add_frame(frame)
    same_rate = (traits.frame_rate, traits.time_base) == (clip.traits.frame_rate, clip.traits.time_base)
    missing = abs(clip.end - written.end)
    if (same_rate and written.count != clip.count) or missing > 1.5 / min(
        traits.frame_rate, clip.traits.frame_rate
    ):
        raise MediaError(
            "InternalError.Algo",
            f"frames were lost: {clip.count} ({clip.end:.2f} s) were read, "
            f"{written.count} ({written.end:.2f} s) were written",
        )


def with_neighbours(items: Iterable[Item], reach: int) -> Iterator[tuple[Item, list[Item]]]:
    """Yield every item with those around it, itself included: up to ``reach`` before and as many after."""
    before: deque[Item] = deque(maxlen=reach)
    ahead: deque[Item] = deque()
    for item in items:
        ahead.append(item)
        if len(ahead) > reach:
            yield ahead[0], [*before, *ahead]
            before.append(ahead.popleft())
    while ahead:
        yield ahead[0], [*before, *ahead]
        before.append(ahead.popleft())


class VideoSource:
    """A clip that is being read; a context manager.

    ``traits`` is what all its frames have in common, ``first`` the first of them, ``duration`` the length that
    the container states (seconds, or None), ``audio`` its audio streams. ``count`` and ``end`` (seconds) say how
    many frames were read so far and when the last of them ends.

    :param path: the file; its content decides what it is, not its name
    :param largest: the longer and the shorter side that are accepted, in pixels (default: 8192x4320)
    :param deinterlace: make progressive frames of interlaced ones (default: keep them)
    :raises MediaError: ``InvalidFile.Decode`` when no frame can be decoded, or no audio where there is some;
        ``InvalidFile.Type`` when it is media of another kind (a still, audio, a playlist);
        ``InvalidFile.Content`` when it holds no frame; ``InvalidFile.Resolution`` when a side is shorter than
        32 pixels or the frame larger than ``largest``
    """

    def __init__(self, path: Path, *, largest: tuple[int, int] = EIGHT_K, deinterlace: bool = False) -> None:
        self._largest, self._deinterlace = largest, deinterlace
        self._container = open_media(path, VIDEO_CONTAINERS)
        try:
            video = find_film_stream(self._container, path)
            if video is None:
                raise MediaError("InvalidFile.Type", "the file holds no video")
            self._video = video
            self._prepare_decoder()
            self.audio = playable_audio(self._container.streams.audio)
            if len(self.audio) < len(self._container.streams.audio):
                # A result without one of the tracks would look like a success.
                raise MediaError("InvalidFile.Decode", "the codec of an audio track is not known")
            self.count, self.end = 0, 0.0
            self._packets, self._damaged = 0, False
            self._audio_end = 0.0
            self._decode_times: list[int] | None = [] if self._format == "avi" else None
            self._interlaced: InterlacedFrames | None = None
            self._last_pts: int | None = None
            self._stored_size = (0, 0)
            self._sideways = False
            self._rate = self._video.average_rate or self._video.guessed_rate or RATE_WHEN_UNKNOWN
            self._events = self._read()
            self.first = self._first_frame()
        except BaseException:
            self._container.close()
            raise
        self.traits = self._traits()
        self.duration = stated_duration(self._container)

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def frames(
        self, audio: Callable[[AudioPacket], None] = lambda packet: None, *, until: float | None = None
    ) -> Iterator[VideoFrame]:
        """Yield the frames in the order in which they are shown, each upright and in its working format; once.

        Their times rise strictly, on a clock that starts at zero with the file. A frame that cannot be decoded is
        passed over, as a player does.

        :param audio: called with every packet of :attr:`audio` that lies between the frames
        :param until: leave out the frames and the audio that are due at this time or later, in seconds
        :raises MediaError: ``InvalidFile.Decode`` when the file is cut off, or most frames cannot be decoded
        """
        running: set[Any] = {self._video, *self.audio}
        for stream, event in self._events:
            time = seconds(event.pts, event.time_base)
            if until is not None and time is not None and float(time) >= until:
                running.discard(stream)
                if not running:
                    return
            elif isinstance(event, VideoFrame):
                self.count += 1
                self.end = float((time or 0) + 1 / self._rate)
                yield event
            else:
                audio(event)
        self._require_whole(until)

    @property
    def _format(self) -> str:
        return self._container.format.name.partition(",")[0]

    def _prepare_decoder(self) -> None:
        stream = self._video
        if stream.codec_context is None:
            raise MediaError("InvalidFile.Decode", "the video's codec is not known")
        if not stream.width:
            raise MediaError("InvalidFile.Content", "the video holds no frames")
        self._require_size(stream.width, stream.height)
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"max_pixels": str(MAX_SIDE * MAX_SIDE)}

    def _require_size(self, width: int, height: int) -> None:
        """Refuse a size before anything of that size is decoded."""
        longer, shorter = max(width, height), min(width, height)
        if shorter < MIN_SIDE or longer > self._largest[0] or shorter > self._largest[1]:
            raise MediaError(
                "InvalidFile.Resolution",
                f"the video is {width}x{height}, its sides must have at least {MIN_SIDE} pixels, "
                f"the longer at most {self._largest[0]}, the shorter at most {self._largest[1]}",
            )

    def _require_whole(self, until: float | None) -> None:
        if self._interlaced is None or self.count < MIN_DECODED_SHARE * self._packets:
            raise MediaError(
                "InvalidFile.Decode",
                f"only {self.count} of {self._packets} frames of the video can be decoded",
            )
        if until is not None or self._format not in HONEST_HEADERS:
            return
        if self._video.duration is not None and self._video.time_base is not None:
            stated, read = float(self._video.duration * self._video.time_base), self.end
            read -= float(seconds(self.first.pts, self.first.time_base) or 0)
        elif len(self._container.streams) == 1 + len(self.audio) and self.duration is not None:
            stated, read = self.duration, max(self.end, self._audio_end)
        else:
            return
        if stated - read > max(MAX_MISSING_SECONDS, MAX_MISSING_SHARE * stated):
            raise MediaError(
                "InvalidFile.Decode",
                f"the file is cut off: it states {stated:.2f} s, {read:.2f} s can be read",
            )

    def _first_frame(self) -> VideoFrame:
        read: list[tuple[Any, Event]] = []
        for stream, event in self._events:
            read.append((stream, event))
            if isinstance(event, VideoFrame):
                self._events = chain(read, self._events)
                return event
        if self._damaged:
            raise MediaError("InvalidFile.Decode", "no frame of the video can be decoded")
        raise MediaError("InvalidFile.Content", "the video holds no frames")

    def _traits(self) -> Traits:
        aspect = self._video.sample_aspect_ratio or Fraction(1)
        return Traits(
            size=(self.first.width, self.first.height),
            pixel_aspect=1 / aspect if self._sideways else aspect,
            frame_rate=self._rate,
            time_base=self.first.time_base or 1 / RATE_WHEN_UNKNOWN,
            colour=colour_of(self.first),
            interlaced=self.first.interlaced_frame,
        )

    def _read(self) -> Iterator[tuple[Any, Event]]:
        """Yield frames and packets of audio as they lie in the file."""
        for packet in packets_from_zero(self._container, (self._video, *self.audio)):
            if packet.stream is not self._video:
                if (time := seconds(packet.pts, packet.time_base)) is not None:
                    self._audio_end = max(self._audio_end, float(time))
                yield packet.stream, packet
            elif packet.size:
                for frame in self._decoded(packet):
                    yield self._video, frame
        for frame in self._flushed():
            yield self._video, frame

    def _decoded(self, packet: Packet[Any]) -> Iterator[VideoFrame]:
        self._packets += 1
        if self._decode_times is not None and packet.dts is not None:
            heappush(self._decode_times, packet.dts)
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self._damaged = True
            if self._decode_times and packet.dts in self._decode_times:
                self._decode_times.remove(packet.dts)
            return
        for frame in frames:
            yield from self._displayed(frame)

    def _flushed(self) -> Iterator[VideoFrame]:
        try:
            frames = self._video.codec_context.decode(None)
        except av.FFmpegError:
            frames = []
        for frame in frames:
            frame.time_base = self._video.time_base
            yield from self._displayed(frame)
        for frame in self._interlaced.flush() if self._interlaced else []:
            yield self._dated(frame)

    def _displayed(self, frame: VideoFrame) -> Iterator[VideoFrame]:
        if self._interlaced is None:
            self._require_size(frame.width, frame.height)
            self._stored_size = frame.width, frame.height
            self._sideways = is_sideways(frame)
            # Interlaced H.264 of 4:2:0 cannot have other heights, and its lines cannot become columns.
            unfit = display_matrix(frame) is not None or frame.width % 2 or frame.height % 4
            self._interlaced = InterlacedFrames(deinterlace=self._deinterlace or bool(unfit))
        if self._decode_times:
            # AVI has no presentation times: in the order in which they are shown, frames take the decoding times.
            frame.pts = heappop(self._decode_times)
        for each in self._interlaced.push(frame):
            yield self._dated(each)

    def _dated(self, decoded: VideoFrame) -> VideoFrame:
        """Return a frame as it is displayed; later than the one before, whatever the file says."""
        frame = as_displayed(decoded, *self._stored_size)
        if self._last_pts is None:
            frame.pts = frame.pts or 0
        elif frame.pts is None:
            frame.pts = self._last_pts + max(1, round(1 / (self._rate * (frame.time_base or 1))))
        elif frame.pts <= self._last_pts:
            frame.pts = self._last_pts + 1
        self._last_pts = frame.pts
        return frame
