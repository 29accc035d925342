"""Change colours by a 3-D lookup table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.frames import Colour, with_colour, with_times

Colours = npt.NDArray[np.float64]

STEPS = 33


def write_lut(path: Path, change: Callable[[Colours], Colours]) -> None:
    """Write a 3-D lookup table in the ``.cube`` format.

    :param path: the file to write
    :param change: new colours for (..., RGB) from 0 to 1, in the same range
    """
    blue, green, red = np.meshgrid(*[np.linspace(0, 1, STEPS)] * 3, indexing="ij")  # red changes fastest
    changed = np.clip(change(np.stack([red, green, blue], axis=-1)), 0, 1)
    np.savetxt(path, changed.reshape(-1, 3), "%.6f", header=f"LUT_3D_SIZE {STEPS}", comments="")


def apply_lut(
    frames: Iterable[VideoFrame], cube: Path, pixel_format: str, colour: Colour
) -> Iterator[VideoFrame]:
    """Change the colours of frames by a lookup table, computed at 16 bits.

    :param frames: all of one size and working format
    :param cube: as :func:`write_lut` writes it
    :param pixel_format: of the new frames
    :param colour: of the new frames
    """
    graph: Graph | None = None
    for frame in frames:
        deep = frame.reformat(format="gbrp16le")
        graph = graph or _graph(deep, cube)
        graph.push(deep)
        changed = graph.vpull()
        changed.colorspace = colour.matrix  # PyAV before 18 takes that of BT.2020 from here only
        made = changed.reformat(
            format=pixel_format, dst_colorspace=colour.matrix, dst_color_range=colour.range
        )
        yield with_colour(with_times(made, frame), colour)


def _graph(like: VideoFrame, cube: Path) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=like.width, height=like.height, format=like.format, time_base=like.time_base
    )
    table, sink = graph.add("lut3d", file=str(cube), interp="tetrahedral"), graph.add("buffersink")
    source.link_to(table)
    table.link_to(sink)
    graph.configure()
    return graph
