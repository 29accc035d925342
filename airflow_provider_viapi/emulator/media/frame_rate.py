"""Change the frame rate of a clip by motion-compensated interpolation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import av
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.frames import planes, with_colour, with_planes, working_format
from airflow_provider_viapi.emulator.media.writer import Traits

REPEATED = 3  # the filter returns a frame after it has seen this many more


def interpolate_to_rate(frames: Iterable[VideoFrame], traits: Traits, rate: int) -> Iterator[VideoFrame]:
    """Yield the clip at a constant rate, with frames interpolated along the motion of blocks.

    This is FFmpeg's motion-compensated interpolation, which takes about a tenth of a second for a frame of
    640x360.

    :param frames: of the clip, at least one
    :param traits: of the clip
    :param rate: frames a second, whose times are multiples of 1/rate from now on
    """
    graph, last = _graph(traits, rate), None
    for frame in frames:
        graph.push(frame)
        yield from _ready(graph, traits)
        last = frame
    if last is None:
        return
    period = 1 / traits.frame_rate
    end = last.time + float(period) - 0.5 / rate
    for number in range(1, REPEATED + 1):
        again = with_planes(last, planes(last))
        again.pts = (last.pts or 0) + round(number * period / traits.time_base)
        graph.push(again)
    graph.push(None)
    yield from (frame for frame in _ready(graph, traits) if frame.time < end)


def _graph(traits: Traits, rate: int) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=traits.size[0],
        height=traits.size[1],
        format=VideoFormat(working_format(*traits.size), *traits.size),
        time_base=traits.time_base,
    )
    between, sink = graph.add("minterpolate", fps=str(rate)), graph.add("buffersink")
    source.link_to(between)
    between.link_to(sink)
    graph.configure()
    return graph


def _ready(graph: Graph, traits: Traits) -> Iterator[VideoFrame]:
    while True:
        try:
            yield with_colour(graph.vpull(), traits.colour)
        except (av.BlockingIOError, av.EOFError):
            return
