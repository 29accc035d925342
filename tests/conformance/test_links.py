"""Relative links and named files in README, CONTRIBUTING and docs exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import make_reference

ROOT = Path(make_reference.__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
CHECKED_FOLDERS = "tests|docs|scripts|benchmarks|dags_examples|constraints"


def text_of(page: Path) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_named_file_of_the_repository_exists(page: Path) -> None:
    named = re.findall(rf"`((?:{CHECKED_FOLDERS})/[\w/.-]+)`", page.read_text())

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_module_in_the_change_tables_of_contributing_exists() -> None:
    tables = (ROOT / "CONTRIBUTING.md").read_text().partition("| to … | open |")[2].partition("\n## ")[0]
    named = re.findall(r"`([\w/]+(?:\.py|/)|scripts/[\w/.]+)`", tables)

    roots = [ROOT, ROOT / "airflow_provider_viapi"]
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []
