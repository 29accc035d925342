"""What became of the pictures: counts, and the first of those that failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, TransientError
from airflow_provider_viapi.image_index.image import Picture

FAILURES_KEPT = 20
"""How many failures are told one by one; an XCom of 50,000 would help nobody."""

_LONGEST_MESSAGE = 200


@dataclass(frozen=True)
class Failure:
    """A picture that is not in the database, and why.

    :param code: the service's, such as ``InvalidImage.Size``
    :param passes: another run may add it
    """

    picture: Picture
    code: str
    message: str
    passes: bool = False

    @classmethod
    def of(cls, picture: Picture, error: ServiceError) -> Failure:
        """What an error says about a picture."""
        message = error.message.replace(picture.address, picture.shown)
        if len(message) > _LONGEST_MESSAGE:
            message = f"{message[: _LONGEST_MESSAGE - 3]}..."
        passes = isinstance(error, TransientError)
        return cls(picture, error.code or type(error).__name__, message, passes)

    def __str__(self) -> str:
        return f"images[{self.picture.index}] ({self.picture.entity_id}): {self.message} (code {self.code})"

    def as_dict(self) -> dict[str, Any]:
        """The failure as plain values."""
        return {
            "index": self.picture.index,
            "entity_id": self.picture.entity_id,
            "image_url": self.picture.shown,
            "code": self.code,
            "message": self.message,
        }


@dataclass
class IndexingReport:
    """How an indexing went.

    :param database: the image database
    :param images: how many pictures were to be in it
    :param found: how many were there before
    :param added: how many were added
    :param is_full: it ended because the database has no more room
    :param failures: the first of those that cannot be added as they are
    :param codes: how many failed with which code
    :param passing: how many of them another run may add
    """

    database: str
    images: int
    found: int = 0
    added: int = 0
    is_full: bool = False
    failures: list[Failure] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    passing: int = 0

    @property
    def failed(self) -> int:
        """How many cannot be added as they are."""
        return self.codes.total()

    @property
    def left_out(self) -> int:
        """How many were not tried because it ended before."""
        return self.images - self.found - self.added - self.failed

    def fail(self, failure: Failure) -> None:
        """Count a failure, and keep it if it is one of the first."""
        self.codes[failure.code] += 1
        self.passing += failure.passes
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append(failure)

    def check(self, max_failed: int) -> None:
        """Let pass if no more have failed than may, and none is left out.

        :raises InvalidRequest: the database is full, or too many cannot be added as they are
        :raises TransientError: too many failed, but another run may add some of them
        """
        if self.is_full:
            raise InvalidRequest(
                f"{self.database} is full: of {self.images:,} pictures {self.added:,} were added, {self.found:,} "
                f"were there, {self.failed:,} failed and {self.left_out:,} found no room",
                code="ImageDbFull",
                action=ADD_IMAGE.name,
            )
        if self.failed > max_failed:
            kind = TransientError if self.passing else InvalidRequest
            raise kind(
                f"{self.failed:,} of {self.images:,} pictures failed, max_failed is {max_failed:,}; {self.added:,} "
                f"were added, {self.left_out:,} not tried. The first: {self.failures[0]}",
                code="TooManyFailed",
                action=ADD_IMAGE.name,
            )

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, small however many pictures there are."""
        return {
            "db_name": self.database,
            "images": self.images,
            "added": self.added,
            "found": self.found,
            "failed": self.failed,
            "left_out": self.left_out,
            "is_full": self.is_full,
            "failed_by_code": dict(self.codes.most_common(FAILURES_KEPT)),
            "failures": [failure.as_dict() for failure in self.failures],
        }
