"""Open media files of users and demultiplex them onto one clock that starts at zero."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median_low
from typing import Any

import av
from av.container import InputContainer
from av.format import Flags
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from airflow_provider_viapi.emulator.media.faults import MediaFault

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
MAX_PRIMING = Fraction(1, 10)  # seconds of audio before the first picture that only prepare the decoder
MIN_LOOKAHEAD, MAX_LOOKAHEAD = 8, 200
PROBED_PACKETS = 400


def open_media(path: Path, containers: str) -> InputContainer:
    """Open a file for reading; its content decides what it is, not its name.

    :param containers: FFmpeg's names of the containers that may be opened, separated by commas
    :raises MediaFault: ``InvalidFile.Type`` for a file of another kind, ``InvalidFile.Decode`` for one that
        cannot be read at all
    """
    options = {"format_whitelist": containers, "protocol_whitelist": "file"}
    try:
        container: InputContainer = av.open(str(path), "r", options=options, **METADATA_OPTIONS)
        return container
    except FileNotFoundError:
        raise
    except av.ArgumentError as error:  # recognised, and not on the list
        raise MediaFault("InvalidFile.Type", "the file is not of a supported type") from error
    except av.FFmpegError as error:
        raise MediaFault("InvalidFile.Decode", "the file cannot be read") from error


def film_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the video stream that moves: the first with more than one packet, as covers have only one.

    :param path: of the same file, which is opened once more to find out
    :raises MediaFault: ``InvalidFile.Type`` when there is no video stream but covers
    """
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise MediaFault("InvalidFile.Type", "the file holds no video")
    if len(streams) == 1:
        return streams[0]
    indices = [stream.index for stream in streams]
    counts: Counter[int] = Counter()
    with open_media(path, VIDEO_CONTAINERS) as probe:
        for number, packet in enumerate(_demuxed(probe, [probe.streams[index] for index in indices])):
            counts[packet.stream.index] += bool(packet.size)
            if counts[indices[0]] > 1 or number > PROBED_PACKETS:
                break
    return next((stream for stream in streams if counts[stream.index] > 1), streams[0])


def packets_from_zero(container: InputContainer, streams: Iterable[Any]) -> Iterator[Packet[Any]]:
    """Yield the packets of some streams on a clock that starts at zero, as ``ffmpeg`` does.

    Where the clock of an MPEG stream jumps, because recordings were joined, it is continued. A read error ends
    the packets. The last ones have no content and flush the decoders.
    """
    packets = _demuxed(container, streams)
    origin = _start(container)
    if Flags.ts_discont in Flags(container.format.flags):
        packets = _continued(packets)
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


def _continued(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Continue the clock of packets where it jumps; each part begins when everything before it has ended."""
    shift = Fraction(0)
    previous: dict[int, Fraction] = {}
    ends: dict[int, Fraction] = {}
    ahead: deque[Packet[Any]] = deque()
    while packet := ahead.popleft() if ahead else next(packets, None):
        index, decoded = packet.stream.index, seconds(packet.dts, packet.time_base)
        if decoded is not None:
            step = decoded - previous.get(index, decoded)
            if not -MAX_STEP_BACK <= step <= MAX_STEP_FORWARD:
                missing = ends.keys() - {index} - {each.stream.index for each in ahead}
                while (missing or len(ahead) < MIN_LOOKAHEAD) and len(ahead) < MAX_LOOKAHEAD:
                    if (following := next(packets, None)) is None:
                        break
                    ahead.append(following)
                    missing.discard(following.stream.index)
                shift = max(ends.values()) - _begin_of_part([packet, *ahead])
                previous.clear()
            previous[index] = decoded
        _shift(packet, shift)
        if (shown := _shown(packet)) is not None:
            length = seconds(packet.duration, packet.time_base) or Fraction(0)
            ends[index] = max(shown + length, ends.get(index, shown))
        yield packet


def _begin_of_part(part: list[Packet[Any]]) -> Fraction:
    """Return the earliest time of some packets; stray ones, which are damaged, lose theirs."""
    times = [time for packet in part if (time := _shown(packet)) is not None]
    typical = median_low(times)
    for packet in part:
        time = _shown(packet)
        if time is not None and abs(time - typical) > MAX_STEP_FORWARD:
            packet.pts = packet.dts = None
    return min(time for time in times if abs(time - typical) <= MAX_STEP_FORWARD)


def _shown(packet: Packet[Any]) -> Fraction | None:
    return seconds(packet.dts if packet.pts is None else packet.pts, packet.time_base)
