"""A release is refused if its version cannot be right."""

from __future__ import annotations

import pytest

from release import NotReleased, next_version

CURRENT = '__version__ = "1.4.0"\n'


@pytest.mark.parametrize("text", ["1.4.0", "1.4.1", "2.0.0rc1"])
def test_a_version_that_is_not_older_is_accepted(text: str) -> None:
    assert str(next_version(text, CURRENT, ["v1.3.0"])) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("next", "not a version"),
        ("1.3.9", "older than"),
        ("1.4.0rc1", "older than"),
        ("1.5.0", "exists already"),
    ],
)
def test_a_version_that_cannot_be_right_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotReleased, match=reason):
        next_version(text, CURRENT, ["v1.5.0"])
