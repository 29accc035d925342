"""Interlaced frames: make them progressive, or convert them without mixing their fields."""

from __future__ import annotations

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.frames import FULL_RANGE, colour_of, with_colour, working_format


class InterlacedFrames:
    """Process decoded frames of a stream that may be interlaced; progressive ones pass unchanged.

    :param deinterlace: make one progressive frame of each; otherwise only convert each to 8 bits and 4:2:0,
        field by field, and keep it interlaced
    """

    def __init__(self, *, deinterlace: bool) -> None:
        self._deinterlace = deinterlace
        self._graph: Graph | None = None
        self._kind: tuple[int, int, str] | None = None
        self._like: VideoFrame | None = None

    def push(self, frame: VideoFrame) -> list[VideoFrame]:
        """Return the frames that are ready after this one; deinterlacing delays them by one."""
        kind = frame.width, frame.height, frame.format.name
        flushed = self.flush() if self._graph and kind != self._kind else []
        if self._graph is None:
            if not frame.interlaced_frame or not (self._deinterlace or self._needs_conversion(frame)):
                return [*flushed, frame]
            self._graph, self._kind, self._like = self._open(frame), kind, frame
        self._graph.push(frame)
        return [*flushed, *self._ready()]

    def flush(self) -> list[VideoFrame]:
        """Return the frames that are left."""
        if self._graph is None:
            return []
        self._graph.push(None)
        ready = self._ready()
        self._graph = None
        return ready

    @staticmethod
    def _needs_conversion(frame: VideoFrame) -> bool:
        return not frame.format.is_rgb and frame.format.name != working_format(frame.width, frame.height)

    def _open(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        if self._deinterlace:
            steps = [graph.add("bwdif", mode="send_frame", parity="auto", deint="interlaced")]
        else:
            flags = "bicubic+accurate_rnd+full_chroma_int"
            kept = "full" if colour_of(frame).range == FULL_RANGE else "limited"
            steps = [
                graph.add("scale", interl="1", flags=flags, in_range=kept, out_range=kept),
                graph.add("format", pix_fmts=working_format(frame.width, frame.height)),
            ]
        graph.link_nodes(source, *steps, graph.add("buffersink"))
        graph.configure()
        return graph

    def _ready(self) -> list[VideoFrame]:
        ready: list[VideoFrame] = []
        if self._graph is None or self._like is None:
            return ready
        time_base, colour = self._like.time_base, colour_of(self._like)
        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return ready
            if frame.pts is not None and frame.time_base and time_base:
                frame.pts = round(frame.pts * frame.time_base / time_base)
                frame.time_base = time_base
            ready.append(with_colour(frame, colour))
