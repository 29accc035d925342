"""A release is refused if its version or its changelog cannot be right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from packaging.version import Version

from release import CHANGELOG, NotReleased, dated, fragments, next_version

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


UNRELEASED = "# Changelog\n\n## 1.4.0 (unreleased)\n\nFirst release.\n"


def test_the_unreleased_section_gets_the_date() -> None:
    changelog = dated(UNRELEASED, Version("1.4.0"), date(2026, 12, 1), [])

    assert changelog == UNRELEASED.replace("unreleased", "2026-12-01")


def test_a_changelog_without_an_unreleased_section_is_left_to_the_fragments() -> None:
    changelog = UNRELEASED.replace("unreleased", "2026-12-01")

    assert dated(changelog, Version("1.5.0"), date(2027, 1, 1), ["+new.feature.md"]) is None


def test_fragments_beside_an_unreleased_section_are_refused() -> None:
    with pytest.raises(NotReleased, match=r"\+new\.feature\.md"):
        dated(UNRELEASED, Version("1.4.0"), date(2026, 12, 1), ["+new.feature.md"])


def test_an_unreleased_section_of_another_version_is_refused() -> None:
    with pytest.raises(NotReleased, match=r"of 1\.4\.0, not of 1\.5\.0"):
        dated(UNRELEASED, Version("1.5.0"), date(2026, 12, 1), [])


def test_fragments_are_found_and_the_readme_is_none(tmp_path: Path) -> None:
    for name in ("README.md", "+new.feature.md", "+old.fix.md"):
        (tmp_path / name).touch()

    assert fragments(tmp_path) == ["+new.feature.md", "+old.fix.md"]


def test_the_changelog_has_one_section_for_each_version() -> None:
    headings = [line for line in CHANGELOG.read_text().splitlines() if line.startswith("## ")]

    assert len({heading.split()[1] for heading in headings}) == len(headings)
