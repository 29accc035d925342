"""Limits of the media files that an action reads, whichever cloud it is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.record import Record

MB, GB = 1 << 20, 1 << 30


class MediaLimits(Record):
    """Limits of the files that an action reads; ``None`` or empty means not documented or not limited.

    :param formats: file types by their usual suffix, in lower case: ``mp4``, ``jpeg``
    :param min_bytes: size of the smallest file
    :param max_bytes: size of the largest file
    :param min_pixels: smallest picture size, width and height; an image may be rotated by 90 degrees
    :param max_pixels: largest picture size, likewise
    :param sizes: the only picture sizes that are allowed, likewise
    :param exclusive: the documents say "more than" and "less than": both picture sizes are themselves refused
    :param scaled_above: longest side in pixels above which the service scales the video down instead of refusing it
    :param min_seconds: shortest video or audio
    :param max_seconds: longest video or audio
    :param cut_after: seconds after which the service ignores the rest of a video instead of refusing it
    :param constant_frame_rate: a video with a variable frame rate is refused
    :param upright: an image with an EXIF orientation that rotates it is refused
    :param when: the limits hold only if this field of the same structure has this value
    """

    formats: tuple[str, ...] = ()
    min_bytes: int | None = None
    max_bytes: int | None = None
    min_pixels: tuple[int, int] | None = None
    max_pixels: tuple[int, int] | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    exclusive: bool = False
    scaled_above: int | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    cut_after: float | None = None
    constant_frame_rate: bool = False
    upright: bool = False
    when: tuple[str, str] | None = None

    def applies_to(self, structure: Mapping[str, Any]) -> bool:
        """Return true if the limits hold for the file that a structure names.

        :param structure: the request, or the item of a list that has the address
        """
        return self.when is None or structure.get(self.when[0]) == self.when[1]

    def allows_pixels(self, width: int, height: int) -> bool:
        """Return true if a picture of this size is allowed, upright or landscape."""
        strict = int(self.exclusive)
        size = sorted((width, height))
        if self.sizes and size not in map(sorted, self.sizes):
            return False
        small = sorted(self.min_pixels or (1 - strict, 1 - strict))
        large = sorted(self.max_pixels or (1 << 31, 1 << 31))
        return all(
            least + strict <= side <= most - strict
            for side, least, most in zip(size, small, large, strict=True)
        )

    @property
    def pixels(self) -> str:
        """The allowed picture sizes in words, such as ``more than 128×128 and less than 1024×1024 pixels``."""
        if self.sizes:
            return " or ".join(f"{width}×{height}" for width, height in self.sizes) + " pixels"
        least, most = ("more than", "less than") if self.exclusive else ("at least", "at most")
        bounds = ((least, self.min_pixels), (most, self.max_pixels))
        sizes = [f"{bound} {size[0]}×{size[1]}" for bound, size in bounds if size is not None]
        return " and ".join(sizes) + " pixels" if sizes else ""

    @property
    def description(self) -> str:
        """All limits in words, for the reference pages; empty if none is known."""
        names = {"jpeg": "JPEG", "png": "PNG"}
        formats = [names.get(each, each.upper()) for each in self.formats]
        facts = [
            " or ".join(filter(None, (", ".join(formats[:-1]), *formats[-1:]))),
            f"at least {describe_size(self.min_bytes)}" if self.min_bytes else "",
            f"at most {describe_size(self.max_bytes)}" if self.max_bytes else "",
            self.pixels,
            f"scaled down if a side has more than {self.scaled_above} pixels" if self.scaled_above else "",
            f"at least {_duration(self.min_seconds)}" if self.min_seconds else "",
            f"at most {_duration(self.max_seconds)}" if self.max_seconds else "",
            f"cut off after {_duration(self.cut_after)}" if self.cut_after else "",
            "constant frame rate" if self.constant_frame_rate else "",
            "not turned by its EXIF orientation" if self.upright else "",
        ]
        return ", ".join(filter(None, facts))


def describe_size(size: int) -> str:
    """Return a number of bytes in words, such as ``10 MB``."""
    unit, name = next((unit, name) for unit, name in ((GB, "GB"), (MB, "MB"), (1000, "KB")) if size >= unit)
    return f"{size / unit:g} {name}"


def _duration(seconds: float) -> str:
    unit, name = next(
        ((unit, name) for unit, name in ((3600, "hours"), (60, "minutes")) if seconds % unit == 0),
        (1, "seconds"),
    )
    return f"{seconds / unit:g} {name}"
