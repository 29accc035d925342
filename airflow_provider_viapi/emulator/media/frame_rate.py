"""Change the frame rate of a clip by motion-compensated interpolation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import av
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.frames import picture_format, planes, with_colour, with_planes
from airflow_provider_viapi.emulator.media.writer import Traits

REPEATED = 3  # the filter returns a picture after it has seen this many more


def interpolate_to_rate(pictures: Iterable[VideoFrame], traits: Traits, rate: int) -> Iterator[VideoFrame]:
    """Yield the clip at a constant rate, with pictures interpolated along the motion of blocks.

    This is FFmpeg's motion-compensated interpolation, which takes about a tenth of a second for a picture of
    640x360.

    :param pictures: of the clip, at least one
    :param traits: of the clip
    :param rate: pictures a second, whose times are multiples of 1/rate from now on
    """
    graph, last = _graph(traits, rate), None
    for picture in pictures:
        graph.push(picture)
        yield from _ready(graph, traits)
        last = picture
    if last is None:
        return
    period = 1 / traits.frame_rate
    end = last.time + float(period) - 0.5 / rate
    for number in range(1, REPEATED + 1):
        again = with_planes(last, planes(last))
        again.pts = (last.pts or 0) + round(number * period / traits.time_base)
        graph.push(again)
    graph.push(None)
    yield from (picture for picture in _ready(graph, traits) if picture.time < end)


def _graph(traits: Traits, rate: int) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=traits.size[0],
        height=traits.size[1],
        format=VideoFormat(picture_format(*traits.size), *traits.size),
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
