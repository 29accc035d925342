"""Thresholds of ``MediaQualityCheckOperator``: their ranges, and which of them a measured video does not meet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.arguments.checks import as_flag, as_names, not_allowed
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from airflow_provider_viapi.media.video_quality import Quality

CHECK = "MediaQualityCheck"
"""Name of the check in errors."""

LIMITS: Mapping[str, tuple[str, Literal["least", "most"], float, float]] = {
    "min_duration": ("duration", "least", 0, 1e6),
    "max_duration": ("duration", "most", 0, 1e6),
    "min_width": ("width", "least", 1, 1e5),
    "min_height": ("height", "least", 1, 1e5),
    "min_frame_rate": ("frame_rate", "least", 0, 1e4),
    "max_frame_rate": ("frame_rate", "most", 0, 1e4),
    "max_black": ("black", "most", 0, 1),
    "max_frozen": ("longest_frozen", "most", 0, 1e6),
    "min_loudness": ("loudness", "least", -120, 20),
    "max_loudness": ("loudness", "most", -120, 20),
    "min_ssim": ("ssim", "least", -1, 1),
}
"""Limit: the property, which side it is of, and the range that it may be in."""


class QualityThresholds:
    """Thresholds of a video and its scores; the parameters are described at the operator.

    :param limits: numbers by their names in :data:`LIMITS`; ``None`` for those that are not given
    :raises InvalidRequest: a threshold has another type, is out of range, or contradicts another one
    """

    def __init__(
        self,
        limits: Mapping[str, Any],
        *,
        duration_tolerance: Any,
        video_codecs: Any,
        require_audio: Any,
        min_scores: Any,
        max_scores: Any,
    ) -> None:
        self._limits = {name: limit for name, limit in limits.items() if limit is not None}
        for name, limit in self._limits.items():
            _check_number(name, limit, *LIMITS[name][2:])
        for name, limit in self._limits.items():
            # Of a name without min_ it is the same.
            opposite = name.replace("min_", "max_")
            if limit > (maximum := self._limits.get(opposite, limit)):
                raise invalid(f"{name} is {limit:g}; allowed: at most {opposite}, which is {maximum:g}")
        _check_number("duration_tolerance", duration_tolerance, 0, 1e6)
        self._duration_tolerance = duration_tolerance
        # FFmpeg's names have no capital letters.
        self._video_codecs = [name.lower() for name in as_names("video_codecs", video_codecs, CHECK)]
        self._require_audio = (
            None if require_audio is None else as_flag("require_audio", require_audio, CHECK)
        )
        self._min_scores = _checked_scores("min_scores", min_scores)
        self._max_scores = _checked_scores("max_scores", max_scores)

    @property
    def need_scores(self) -> bool:
        """True if there is a threshold of a score."""
        return bool(self._min_scores or self._max_scores)

    def failures(
        self, quality: Quality, before: Quality | None, scores: Mapping[str, Any] | None
    ) -> list[str]:
        """Return a sentence for each threshold that is not met.

        :param before: the video before it was processed, if it was measured
        :param scores: of another task, if there are any
        """
        return [
            *self._failed_limits(quality),
            *self._failed_comparisons(quality, before),
            *self._failed_scores(scores),
        ]

    def _failed_limits(self, quality: Quality) -> list[str]:
        failures = []
        for name, limit in self._limits.items():
            field, side, *_ = LIMITS[name]
            value = getattr(quality, field)
            if value is None:
                why = "there is no audio track" if field == "loudness" else "nothing is left outside of band"
                failures.append(f"{field} cannot be measured, because {why}")
            elif (value < limit) if side == "least" else (value > limit):
                allowed = f"at {side} {with_unit(field, limit)}"
                failures.append(f"{field} is {with_unit(field, value)}; allowed: {allowed} ({name})")
        if self._video_codecs and quality.video_codec not in self._video_codecs:
            failures.append(
                f"video_codec is {quality.video_codec}; allowed: {', '.join(self._video_codecs)} (video_codecs)"
            )
        return failures

    def _failed_comparisons(self, quality: Quality, before: Quality | None) -> list[str]:
        failures = []
        required = self._require_audio
        if required is None:
            required = before is not None and before.audio_codec is not None
        if required and quality.audio_codec is None:
            failures.append("there is no audio track (require_audio)")
        if before is not None and abs(quality.duration - before.duration) > self._duration_tolerance:
            failures.append(
                f"duration is {quality.duration:.2f} s, before it was {before.duration:.2f} s; allowed: a difference "
                f"of at most {self._duration_tolerance:g} s (duration_tolerance)"
            )
        return failures

    def _failed_scores(self, scores: Mapping[str, Any] | None) -> list[str]:
        if scores is None:
            return []
        failures = []
        for side, limits in (("least", self._min_scores), ("most", self._max_scores)):
            for name, limit in limits.items():
                value = scores.get(name)
                if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                    failures.append(f"the scores have no number {name}")
                elif (value < limit) if side == "least" else (value > limit):
                    failures.append(
                        f"the score {name} is {_plain(value)}; allowed: at {side} {_plain(limit)}"
                    )
        return failures


def with_unit(field: str, value: float) -> str:
    """Return a measured property with its unit, for messages."""
    from airflow_provider_viapi.media.video_quality import UNITS

    return f"{_plain(value)} {UNITS.get(field, '')}".rstrip()


invalid = partial(InvalidRequest, action=CHECK)
"""The error about an argument of the check."""


def _plain(value: float) -> str:
    """Return a number with at most four decimals and without an exponent."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _check_number(name: str, value: Any, minimum: float, maximum: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not minimum <= value <= maximum:
        raise not_allowed(name, value, f"a number from {minimum:g} to {maximum:g}", CHECK)


def _checked_scores(argument: str, limits: Any) -> dict[str, float]:
    if not isinstance(limits, Mapping | None):
        raise not_allowed(argument, limits, "a dictionary of numbers by score", CHECK)
    for name, limit in (limits or {}).items():
        _check_number(f"the score {short_repr(name)}", limit, -1e9, 1e9)
    return dict(limits or {})
