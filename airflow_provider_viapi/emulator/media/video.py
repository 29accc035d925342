"""Reading a clip picture by picture, and writing it anew with its pictures changed.

Everything streams: one picture, or the few that a change looks ahead, is in memory at a time, never the clip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.format import Flags
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from airflow_provider_viapi.emulator.media.containers import WITH_PICTURES, open_media
from airflow_provider_viapi.emulator.media.faults import MediaFault
from airflow_provider_viapi.emulator.media.frames import as_picture, colour_of
from airflow_provider_viapi.emulator.media.writer import Traits, VideoTarget

SMALLEST_SIDE, LARGEST_SIDE = 32, 8192
FULL_HD = (1920, 1080)
MEGABIT = 1_000_000
RATE_WHEN_UNKNOWN = Fraction(25)

AudioPacket: TypeAlias = "Packet[AudioStream]"
Event: TypeAlias = "VideoFrame | AudioPacket"
Item = TypeVar("Item")
Timed = TypeVar("Timed", VideoFrame, "Packet[Any]")
Change = Callable[[Iterator[VideoFrame]], Iterator[VideoFrame]]


def rewrite(source: Path, target: Path, change: Change) -> None:
    """Write a clip anew as MP4, its pictures changed, their times and the sound kept.

    :param source: the clip to read
    :param target: the MP4 to write
    :param change: is given the pictures one by one and yields what takes their place, in the same size
    :raises MediaFault: as :class:`VideoSource` does
    """
    with VideoSource(source) as clip, VideoTarget(target, clip.traits, clip.audio) as written:
        for picture in change(clip.pictures(written.add_audio)):
            written.add_picture(picture)


def require_within(largest: tuple[int, int], clip: VideoSource) -> None:
    """Refuse a clip that is larger, upright or lying, than (longer side, shorter side) in pixels.

    :raises MediaFault: ``InvalidFile.Resolution``
    """
    sides = sorted(clip.traits.size, reverse=True)
    if sides[0] > largest[0] or sides[1] > largest[1]:
        raise MediaFault(
            "InvalidFile.Resolution",
            f"the video is {sides[0]}x{sides[1]}, at most {largest[0]}x{largest[1]} is supported",
        )


def with_neighbours(items: Iterable[Item], reach: int) -> Iterator[tuple[Item, list[Item]]]:
    """Every item with those around it, itself among them: up to ``reach`` before and as many after."""
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

    ``traits`` is what all its pictures have in common, ``first`` the first of them, ``duration`` how long the
    container says that it lasts (seconds, or None), ``bit_rate`` that of the whole file (bits per second),
    ``audio`` its streams of sound.

    :param path: the file; what it is shows from its content, not from its name
    :raises MediaFault: ``InvalidFile.Decode`` when no picture can be made of it, ``InvalidFile.Type`` when it
        is media of another kind (a still, a sound, a playlist), ``InvalidFile.Content`` when it holds no
        picture, ``InvalidFile.Resolution`` when a side is not within 32-8192 pixels
    """

    def __init__(self, path: Path) -> None:
        self._container = open_media(path, WITH_PICTURES)
        try:
            self._video = _stream_of_pictures(self._container)
            self.audio = tuple(s for s in self._container.streams.audio if s.codec_context and s.rate)
            self._origin = _arbitrary_origin(self._container)
            self._last_pts: int | None = None
            self._stored_size: tuple[int, int] | None = None
            self._damaged = False
            self._events = self._read()
            self.first = self._first_picture()
        except BaseException:
            self._container.close()
            raise
        self.traits = self._traits()
        self.bit_rate = self._container.bit_rate
        length = self._container.duration
        self.duration = None if length is None else length / av.time_base

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def pictures(
        self, audio: Callable[[AudioPacket], None] = lambda packet: None, *, until: float | None = None
    ) -> Iterator[VideoFrame]:
        """The pictures in the order in which they are shown, each upright and in its picture format; once.

        Their times are the container's, and rise strictly. Only MPEG streams, whose clock starts anywhere,
        are moved to start at zero. A frame that cannot be decoded is passed over, as a player does.

        :param audio: is called with every packet of :attr:`audio` that lies between the pictures
        :param until: leave out the pictures and the sound that are due at this time or later, in seconds
        """
        running = {self._video.index, *(stream.index for stream in self.audio)}
        for index, event in self._events:
            if until is not None and _seconds(event) >= until:
                running.discard(index)
                if not running:
                    return
            elif isinstance(event, VideoFrame):
                yield event
            else:
                audio(event)

    def _first_picture(self) -> VideoFrame:
        read: list[tuple[int, Event]] = []
        for index, event in self._events:
            read.append((index, event))
            if isinstance(event, VideoFrame):
                self._events = chain(read, self._events)
                return event
        if self._damaged:
            raise MediaFault("InvalidFile.Decode", "no picture of the video can be decoded")
        raise MediaFault("InvalidFile.Content", "the video holds no pictures")

    def _traits(self) -> Traits:
        width, height = self.first.width, self.first.height
        aspect = self._video.sample_aspect_ratio or Fraction(1)
        return Traits(
            size=(width, height),
            pixel_aspect=1 / aspect if (width, height) != self._stored_size else aspect,
            frame_rate=self._video.average_rate or self._video.guessed_rate or RATE_WHEN_UNKNOWN,
            time_base=self.first.time_base or 1 / RATE_WHEN_UNKNOWN,
            colour=colour_of(self.first),
        )

    def _read(self) -> Iterator[tuple[int, Event]]:
        """Pictures and packets of sound as they lie in the file, on one clock."""
        for packet in self._packets():
            if packet.stream_index == self._video.index:
                for picture in self._decoded(packet):
                    yield self._video.index, picture
            else:
                yield packet.stream_index, self._on_clock(packet)

    def _packets(self) -> Iterator[Packet[Any]]:
        try:
            yield from self._container.demux(self._video, *self.audio)
        except av.FFmpegError:
            self._damaged = True

    def _decoded(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        try:
            return [self._in_order(self._on_clock(self._picture(frame))) for frame in packet.decode()]
        except av.FFmpegError:
            self._damaged = True
            return []

    def _picture(self, frame: VideoFrame) -> VideoFrame:
        self._stored_size = self._stored_size or (frame.width, frame.height)
        return as_picture(frame, *self._stored_size)

    def _on_clock(self, event: Timed) -> Timed:
        if self._origin and event.time_base is not None:
            offset = round(self._origin / event.time_base)
            event.pts = None if event.pts is None else event.pts - offset
            event.dts = None if event.dts is None else event.dts - offset
        return event

    def _in_order(self, picture: VideoFrame) -> VideoFrame:
        """The picture, later than the one before even where the file gives it no time or an earlier one."""
        if self._last_pts is None:
            picture.pts = picture.pts or 0
        elif picture.pts is None or picture.pts <= self._last_pts:
            picture.pts = self._last_pts + 1
        self._last_pts = picture.pts
        return picture


def _stream_of_pictures(container: InputContainer) -> VideoStream:
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise MediaFault("InvalidFile.Type", "the file holds no video")
    stream = streams[0]
    if stream.codec_context is None:
        raise MediaFault("InvalidFile.Decode", "the video's codec is not known")
    if not stream.width:
        raise MediaFault("InvalidFile.Content", "the video holds no pictures")
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (stream.width, stream.height)):
        raise MediaFault(
            "InvalidFile.Resolution",
            f"the video is {stream.width}x{stream.height}, its sides must be {SMALLEST_SIDE}-{LARGEST_SIDE}",
        )
    stream.thread_type = "AUTO"
    return stream


def _arbitrary_origin(container: InputContainer) -> Fraction:
    """Where the clock of an MPEG stream happens to start, in seconds; 0 for files whose zero is meant."""
    if Flags.ts_discont not in Flags(container.format.flags) or container.start_time is None:
        return Fraction(0)
    return Fraction(container.start_time, av.time_base)


def _seconds(event: Event) -> float:
    if event.pts is None or event.time_base is None:
        return 0.0
    return float(event.pts * event.time_base)
