"""Find the code blocks of README, CONTRIBUTING and docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_REASON = re.compile(r"<!-- not run: (.+?) -->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced code block.

    :param line: number of its first line, from 1
    :param language: of the fence; empty if it names none
    :param not_run: the reason in the comment before it, why no test can run it
    """

    page: Path
    line: int
    language: str
    code: str
    not_run: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Return the code blocks of a page; directives such as ``{action}`` are not code."""
    reason = None
    for token in MarkdownIt().parse(page.read_text()):
        if token.type == "html_block":
            found = _REASON.fullmatch(token.content.strip())
            reason = found and found[1]
            continue
        if token.type == "fence" and token.map and not token.info.startswith("{"):
            yield Block(page, token.map[0] + 1, token.info.strip(), token.content, reason)
        reason = None


EVERY_BLOCK = [block for page in PAGES for block in blocks(page)]
