"""Report of an indexing run: counts, the first failures, and its progress."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, TransientError
from airflow_provider_viapi.image_index.images import Backend, ImageEntry, form_of
from airflow_provider_viapi.schema import snake_case

MAX_FAILURES_KEPT = 20
"""Failures that the report lists one by one; an XCom of 50,000 would help nobody."""

_MAX_MESSAGE_LENGTH = 200

_WHEN_FULL: Mapping[Backend, tuple[str, str]] = {
    "imgsearch": ("ImageDbFull", "Delete images from the database, or use another one"),
    "imagesearch": ("InstanceFull", "Delete images from the instance, or use another one"),
}
"""Code, and what to do, when nothing more can be added."""


@dataclass(frozen=True)
class ImageFailure:
    """An image that is not in the database, and why.

    :param code: the service's, such as ``InvalidImage.Size``
    :param is_transient: another run may add it
    """

    image: ImageEntry
    code: str
    message: str
    is_transient: bool = False

    @classmethod
    def of(cls, image: ImageEntry, error: ServiceError) -> ImageFailure:
        """Return the failure of an image by an error."""
        message = error.message.replace(image.address, image.display_url)
        if len(message) > _MAX_MESSAGE_LENGTH:
            message = f"{message[: _MAX_MESSAGE_LENGTH - 3]}..."
        is_transient = isinstance(error, TransientError)
        return cls(image, error.code or type(error).__name__, message, is_transient)

    def __str__(self) -> str:
        return f"images[{self.image.index}] ({self.image.entity_id}): {self.message} (code {self.code})"

    def as_dict(self) -> dict[str, Any]:
        """Return the failure as plain values."""
        return {
            "index": self.image.index,
            "entity_id": self.image.entity_id,
            "image_url": self.image.display_url,
            "code": self.code,
            "message": self.message,
        }


@dataclass
class IndexingReport:
    """Outcome of an indexing run.

    :param database: name of the image database, or of the instance of ImageSearch
    :param backend: service that has it
    :param images: number of images that were to be in it
    :param found: number that were there before
    :param added: number that were added
    :param is_full: it ended because the database can take no more
    :param failures: the first of those that cannot be added as they are
    :param codes: number of failures by code
    :param transient: how many of them another run may add
    """

    database: str
    backend: Backend
    images: int
    found: int = 0
    added: int = 0
    is_full: bool = False
    failures: list[ImageFailure] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    transient: int = 0

    @property
    def failed(self) -> int:
        """Number that cannot be added as they are."""
        return self.codes.total()

    @property
    def left_out(self) -> int:
        """Number that were not tried because the run ended before."""
        return self.images - self.found - self.added - self.failed

    def fail(self, failure: ImageFailure) -> None:
        """Count a failure, and keep it if it is one of the first."""
        self.codes[failure.code] += 1
        self.transient += failure.is_transient
        if len(self.failures) < MAX_FAILURES_KEPT:
            self.failures.append(failure)

    def check(self, max_failed: int) -> None:
        """Raise if more have failed than may, or the database is full.

        :raises InvalidRequest: the database is full, or too many cannot be added as they are
        :raises TransientError: too many failed, but another run may add some of them
        """
        if self.is_full:
            raise InvalidRequest(
                f"{self.database} is full: of {self.images:,} images {self.added:,} were added, {self.found:,} "
                f"were there, {self.failed:,} failed and {self.left_out:,} were not tried. "
                + _WHEN_FULL[self.backend][1],
                code=_WHEN_FULL[self.backend][0],
                action=ADD_IMAGE.name,
            )
        if self.failed > max_failed:
            kind = TransientError if self.transient else InvalidRequest
            raise kind(
                f"{self.failed:,} of {self.images:,} images failed, max_failed is {max_failed:,}; {self.added:,} "
                f"were added, {self.left_out:,} not tried. The first: {self.failures[0]}",
                code="TooManyFailed",
                action=ADD_IMAGE.name,
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, small however many images there are."""
        return {
            snake_case(form_of(self.backend).container): self.database,
            "images": self.images,
            "added": self.added,
            "found": self.found,
            "failed": self.failed,
            "left_out": self.left_out,
            "is_full": self.is_full,
            "failed_by_code": dict(self.codes.most_common(MAX_FAILURES_KEPT)),
            "failures": [failure.as_dict() for failure in self.failures],
        }


class IndexingProgress:
    """Progress since the last log line, so that a pause or throttling shows.

    :param total: number of images to work through
    :param clock: monotonic time in seconds
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.done = 0
        self._total = total
        self._clock = clock
        self._last_time = clock()
        self._last_done = 0

    def describe(self) -> str:
        """Return a line for the log, such as ``1,200 of 5,000 (24 %), 49.8 a second, about 1 min 16 s left``."""
        now = self._clock()
        seconds = now - self._last_time
        rate = (self.done - self._last_done) / seconds if seconds > 0 else 0.0
        self._last_time, self._last_done = now, self.done
        share = 100 * self.done / self._total if self._total else 100
        left = (
            f"about {_format_duration((self._total - self.done) / rate)} left"
            if rate
            else "no end foreseeable"
        )
        return f"{self.done:,} of {self._total:,} ({share:.0f} %), {rate:.1f} a second, {left}"


def _format_duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
