"""Open media files of users and demultiplex them onto one clock that starts at zero."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.format import Flags
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from airflow_provider_viapi.emulator.media.errors import MediaError

# The containers that the service documents, by FFmpeg's names. Anything else, above all a playlist that points to
# other files of this machine, is not opened.
VIDEO_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mxf,mxf_opatom"
AUDIO_CONTAINERS = f"{VIDEO_CONTAINERS},mp3,wav,aac,flac,ogg"

# Titles come in any encoding and are not used; PyAV 19 no longer has the option and always replaces bad bytes.
METADATA_OPTIONS: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
)

# Timestamps of one stream that jump further than this, in seconds, belong to another recording.
MAX_STEP_BACK, MAX_STEP_FORWARD = Fraction(1, 2), Fraction(10)
MAX_PRIMING = Fraction(1, 10)  # seconds of audio before the first frame that only prepare the decoder
MAX_LOOKAHEAD = 200
PROBED_PACKETS = 400


def open_media(path: Path, containers: str) -> InputContainer:
    """Open a file for reading; its content decides what it is, not its name.

    :param containers: FFmpeg's names of the containers that may be opened, separated by commas
    :raises MediaError: ``InvalidFile.Type`` for a file of another kind, ``InvalidFile.Decode`` for one that
        cannot be read at all
    """
    options = {"format_whitelist": containers, "protocol_whitelist": "file"}
    try:
        container: InputContainer = av.open(str(path), "r", options=options, **METADATA_OPTIONS)
        return container
    except FileNotFoundError:
        raise
    except av.ArgumentError as error:  # recognised, and not on the list
        raise MediaError("InvalidFile.Type", "the file is not of a supported type") from error
    except av.FFmpegError as error:
        raise MediaError("InvalidFile.Decode", "the file cannot be read") from error


def find_film_stream(container: InputContainer, path: Path) -> VideoStream | None:
    """Return the video stream that moves: the first with more than one packet, as covers have only one.

    :param path: of the same file, which is opened once more to find out
    :return: None when there is no video stream except covers
    """
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if len(streams) < 2:
        return streams[0] if streams else None
    indices = [stream.index for stream in streams]
    counts: Counter[int] = Counter()
    with open_media(path, VIDEO_CONTAINERS) as probe:
        for number, packet in enumerate(_demuxed(probe, [probe.streams[index] for index in indices])):
            counts[packet.stream.index] += bool(packet.size)
            if counts[indices[0]] > 1 or number > PROBED_PACKETS:
                break
    return next((stream for stream in streams if counts[stream.index] > 1), streams[0])


def stated_duration(container: InputContainer) -> float | None:
    """Return the length that the container states, in seconds; None when it states none."""
    if container.duration is None:
        return None
    # Matroska states the end on its clock, which need not start at zero.
    matroska = container.format.name.startswith("matroska")
    begin = max(0, container.start_time or 0) if matroska else 0
    return (container.duration - begin) / av.time_base


def packets_from_zero(container: InputContainer, streams: Iterable[Any]) -> Iterator[Packet[Any]]:
    """Yield the packets of some streams on a clock that starts at zero, as ``ffmpeg`` does.

    Where the clock of an MPEG stream jumps, because recordings were joined, it is continued. A read error ends
    the packets. The last ones have no content and flush the decoders.
    """
    packets = _demuxed(container, streams)
    origin = _start(container)
    if Flags.ts_discont in Flags(container.format.flags):
        packets = iter(_ContinuedClock(packets))
    for packet in packets:
        _shift(packet, -origin)
        yield packet


def seconds(time: int | None, time_base: Fraction | None) -> Fraction | None:
    """Convert a timestamp to seconds; None when it is not known."""
    return None if time is None or time_base is None else time * Fraction(time_base)


def _demuxed(container: InputContainer, streams: Iterable[Any]) -> Iterator[Packet[Any]]:
    try:
        yield from container.demux(*streams)
    except av.FFmpegError:
        return


def _start(container: InputContainer) -> Fraction:
    """Return when the clock starts, in seconds; sound that is decoded ahead of zero does not count."""
    if container.start_time is None:
        return Fraction(0)
    start = Fraction(container.start_time, av.time_base)
    starts = [
        seconds(stream.start_time, stream.time_base) or Fraction(0) for stream in container.streams.video
    ]
    if start <= 0:
        return min([Fraction(0), *starts])
    return min((at for at in starts if start <= at <= start + MAX_PRIMING), default=start)


def _shift(packet: Packet[Any], by: Fraction) -> None:
    if by and packet.time_base:
        ticks = round(by / Fraction(packet.time_base))
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks


class _ContinuedClock:
    """Continue the clock of packets where it jumps; each part begins when everything before it has ended.

    Streams jump at different places of the file, as packets of one part may lie behind the first ones of the next.
    """

    def __init__(self, packets: Iterator[Packet[Any]]) -> None:
        self._packets = packets
        self._ahead: deque[Packet[Any]] = deque()
        self._shifts = [Fraction(0)]  # of each part
        self._part: dict[int, int] = {}  # of each stream
        self._previous: dict[int, Fraction] = {}
        self._end = Fraction(0)

    def __iter__(self) -> Iterator[Packet[Any]]:
        while (packet := self._ahead.popleft() if self._ahead else next(self._packets, None)) is not None:
            index, decoded = packet.stream.index, _decoded(packet)
            part = self._part.setdefault(index, len(self._shifts) - 1)
            if decoded is not None:
                if _jumps(self._previous.get(index), decoded):
                    if self._is_stray(packet):
                        packet.pts = packet.dts = None
                        yield packet
                        continue
                    part = self._part[index] = part + 1
                    if part == len(self._shifts):
                        self._shifts.append(self._shift_of_next_part(packet))
                self._previous[index] = decoded
            _shift(packet, self._shifts[part])
            self._end = max(self._end, _end(packet))
            yield packet

    def _look_ahead(self) -> Iterator[Packet[Any]]:
        yield from tuple(self._ahead)
        while len(self._ahead) < MAX_LOOKAHEAD and (packet := next(self._packets, None)) is not None:
            self._ahead.append(packet)
            yield packet

    def _is_stray(self, packet: Packet[Any]) -> bool:
        """Return whether only this packet has a wrong time: the next one of its stream follows the one before."""
        for other in self._look_ahead():
            if other.stream is packet.stream and (decoded := _decoded(other)) is not None:
                return not _jumps(self._previous[packet.stream.index], decoded)
        return False

    def _shift_of_next_part(self, first: Packet[Any]) -> Fraction:
        begin, end = _shown(first) or Fraction(0), self._end
        previous = dict(self._previous)
        jumped = {first.stream.index}
        for packet in self._look_ahead():
            index, decoded = packet.stream.index, _decoded(packet)
            if decoded is None:
                continue
            if index not in jumped and _jumps(previous.get(index), decoded):
                jumped.add(index)
            previous[index] = decoded
            if index in jumped:
                begin = min(begin, decoded if (shown := _shown(packet)) is None else shown)
                if jumped >= previous.keys():
                    break
            else:
                end = max(end, _end(packet) + self._shifts[-1])
        return end - begin


def _jumps(previous: Fraction | None, time: Fraction) -> bool:
    return previous is not None and not -MAX_STEP_BACK <= time - previous <= MAX_STEP_FORWARD


def _decoded(packet: Packet[Any]) -> Fraction | None:
    return seconds(packet.dts, packet.time_base)


def _end(packet: Packet[Any]) -> Fraction:
    return (_shown(packet) or Fraction(0)) + (seconds(packet.duration, packet.time_base) or Fraction(0))


def _shown(packet: Packet[Any]) -> Fraction | None:
    return seconds(packet.dts if packet.pts is None else packet.pts, packet.time_base)
