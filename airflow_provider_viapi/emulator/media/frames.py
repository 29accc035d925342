"""Frames of video as numpy arrays: planes, colours and orientation.

A *working format* here is one of two: ``yuv420p`` when width and height are even, and ``yuv444p`` otherwise,
because 4:2:0 H.264 cannot have an odd side. Both hold 8 bits a sample in three planes: Y, U and V.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from PIL import Image

from airflow_provider_viapi.emulator.media.hdr import HDR_TRANSFERS, hdr_to_sdr

Plane = npt.NDArray[np.uint8]

EXACT = 0x40000 | 0x2000
"""FFmpeg's flags ``accurate_rnd`` and ``full_chr_h_int``, for which PyAV has no names before version 18."""

SMOOTH = Interpolation.BICUBIC | EXACT
"""The scaling of frames: bicubic, and without the drift in colour of quicker rounding."""

MAX_IMAGE_WIDTH = 8192
FULL_RANGE = 2
NEUTRAL_CHROMA = 128
"""The chroma sample of greys."""


@dataclass(frozen=True)
class Colour:
    """The colour tags of a frame: code points of ITU-T H.273, ``2`` (range ``0``) when not known.

    A clip without tags is read as FFmpeg reads it: BT.601, limited range.
    """

    matrix: int
    range: int
    primaries: int
    transfer: int


BT_709 = Colour(matrix=1, range=1, primaries=1, transfer=1)
"""The colours of HD video, in limited range."""


def colour_of(frame: VideoFrame) -> Colour:
    """Return the colour tags of a frame; the ``yuvj`` formats of old cameras are full range by name."""
    full_range = frame.format.name.startswith("yuvj")
    return Colour(
        matrix=frame.colorspace,
        range=FULL_RANGE if full_range else frame.color_range,
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
    )


def working_format(width: int, height: int) -> str:
    """Return the pixel format in which a frame of this size is processed and encoded."""
    return "yuv444p" if width % 2 or height % 2 else "yuv420p"


def planes(frame: VideoFrame) -> list[Plane]:
    """Return views, not copies, of a frame's planes; each of shape (rows, columns) without padding."""
    return [
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    ]


def chroma_step(frame: VideoFrame) -> int:
    """Return how many luma samples share one of chroma in each direction: 1 or 2."""
    return 2 if frame.format.name == "yuv420p" else 1


def chroma_slice(frame: VideoFrame, samples: slice) -> slice:
    """Return the chroma samples of some rows or columns, which must start at an even one."""
    step = chroma_step(frame)
    return slice(samples.start // step, -(-samples.stop // step))


def cropped(frame: VideoFrame, rows: slice, columns: slice) -> VideoFrame:
    """Return a part of a frame; it must start at an even row and column where chroma is shared."""
    luma, *chroma = planes(frame)
    shared = chroma_slice(frame, rows), chroma_slice(frame, columns)
    return with_planes(frame, [luma[rows, columns], *(plane[shared] for plane in chroma)])


def with_planes(frame: VideoFrame, changed: Sequence[Plane]) -> VideoFrame:
    """Return a new frame with the given planes and the times and colour tags of another.

    :param changed: Y, U and V; chroma as large as luma, or half as large in both directions (rounded up)
    """
    height, width = changed[0].shape
    made = VideoFrame(width, height, "yuv444p" if changed[1].shape == changed[0].shape else "yuv420p")
    for target, source in zip(planes(made), changed, strict=True):
        target[:] = source
    return with_colour(with_times(made, frame), colour_of(frame))


def with_times(frame: VideoFrame, like: VideoFrame) -> VideoFrame:
    """Copy the presentation time of another frame; return the frame."""
    frame.pts, frame.time_base, frame.duration = like.pts, like.time_base, like.duration
    return frame


def with_colour(frame: VideoFrame, colour: Colour) -> VideoFrame:
    """Set the colour tags of a frame, without converting it; return the frame."""
    frame.colorspace, frame.color_range = colour.matrix, colour.range
    frame.color_primaries, frame.color_trc = colour.primaries, colour.transfer
    return frame


def as_displayed(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    """Return a decoded frame as a player shows it, in its working format.

    It is scaled when a stream changed its size on the way, turned and mirrored in quarter turns as its display
    matrix says, and shown on white where it is transparent. YUV keeps its colour tags; RGB becomes BT.601,
    limited range.

    :param width: of the stream as stored, in pixels, before any turn
    :param height: likewise
    """
    matrix = display_matrix(frame)
    if any(component.is_alpha for component in frame.format.components) or frame.format.has_palette:
        frame = _on_white(frame)
    converted = _converted(frame, width, height)
    return converted if matrix is None else _upright(converted, matrix)


def display_matrix(frame: VideoFrame) -> npt.NDArray[np.int32] | None:
    """Return the display matrix of a frame, None when it is shown as stored."""
    side_data: Any = frame.side_data  # a mapping by name, which the library's stubs do not say
    matrix = side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return None
    values = np.frombuffer(memoryview(matrix), np.int32).reshape(3, 3)
    return None if values[0, 0] > 0 and values[1, 1] > 0 else values


def is_sideways(frame: VideoFrame) -> bool:
    """Return whether a frame is turned by 90 degrees to be shown, so that its width becomes its height."""
    matrix = display_matrix(frame)
    return matrix is not None and bool(matrix[0, 0] == 0 and matrix[1, 1] == 0)


def _on_white(frame: VideoFrame) -> VideoFrame:
    colours = frame.to_ndarray(format="rgba").astype(np.uint16)
    alpha = colours[..., 3:]
    if frame.format.name == "bgra" and not alpha.any():  # uncompressed AVI leaves the fourth byte unused
        alpha = np.full_like(alpha, 255)
    opaque = (colours[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    made = VideoFrame.from_ndarray(np.ascontiguousarray(opaque.astype(np.uint8)), "rgb24")
    return with_times(made, frame)


def _converted(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    rgb_matrix = 0  # of H.273; old decoders also give it to grey images
    if frame.format.is_rgb or frame.colorspace == rgb_matrix:
        matrix, source_range, target_range = Colorspace.ITU601.value, None, ColorRange.MPEG.value
    else:
        matrix = frame.colorspace
        source_range = target_range = colour_of(frame).range
    return frame.reformat(
        width,
        height,
        working_format(width, height),
        interpolation=SMOOTH,
        dst_colorspace=matrix,
        src_color_range=source_range,
        dst_color_range=target_range,
    )


def _upright(frame: VideoFrame, matrix: npt.NDArray[np.int32]) -> VideoFrame:
    if matrix[0, 0] == 0 and matrix[1, 1] == 0:
        turned = [plane.T for plane in planes(frame)]
        mirror_rows, mirror_columns = matrix[0, 1] < 0, matrix[1, 0] < 0
    else:
        turned = planes(frame)
        mirror_rows, mirror_columns = matrix[1, 1] < 0, matrix[0, 0] < 0
    rows = slice(None, None, -1 if mirror_rows else 1)
    columns = slice(None, None, -1 if mirror_columns else 1)
    return with_planes(frame, [plane[rows, columns] for plane in turned])


def rgb(frame: VideoFrame) -> npt.NDArray[np.uint8]:
    """Return a frame's colours for an SDR screen: (rows, columns, RGB), full range, by its colour tags.

    HDR (PQ and HLG) is tone-mapped to BT.709.
    """
    colours = frame.to_ndarray(format="rgb24")
    if frame.color_trc in HDR_TRANSFERS:
        table = hdr_to_sdr(HDR_TRANSFERS[frame.color_trc])
        colours = np.asarray(Image.fromarray(colours).filter(table))
    return np.asarray(colours, np.uint8)


def shown_image(frame: VideoFrame, pixel_aspect: Fraction) -> Image.Image:
    """Return a frame for an SDR screen with square pixels: its height is kept, its width adapted.

    :param pixel_aspect: width of a pixel as it is shown divided by its height
    """
    image = Image.fromarray(rgb(frame))
    width = min(MAX_IMAGE_WIDTH, max(1, round(image.width * pixel_aspect)))
    return image if width == image.width else image.resize((width, image.height), Image.Resampling.LANCZOS)


def from_rgb(colours: npt.NDArray[np.uint8], colour: Colour) -> VideoFrame:
    """Return a 4:4:4 frame, without a time, of (rows, columns, RGB).

    :param colour: the colour tags of the frame
    """
    made = VideoFrame.from_ndarray(np.ascontiguousarray(colours), "rgb24").reformat(
        format="yuv444p",
        interpolation=SMOOTH,
        dst_colorspace=colour.matrix,
        dst_color_range=colour.range,
    )
    return with_colour(made, colour)
