"""Fail on words that the project does not use; ``make lint`` runs it over code, docs and tests.

    python scripts/check_words.py [PATH ...]

Without arguments it checks ``paths`` of ``[tool.check_words]`` in pyproject.toml. A line that contains ``words: ok``
is skipped: a quotation, a name of Python's API, or a test of this script. This script is skipped as well, since it
lists the words. JSON is never checked: it is the vendors' wording.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import tomllib

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = {".md", ".py", ".toml", ".sh", ".ts", ".tsx", ".yaml", ".yml"}
NAMES = {"Makefile", "run"}
ESCAPE = "words: ok"

# A phrase may be wrapped, in a comment too, or be part of a snake_case name.
GAP = r"[\s_#]+"
DETERMINERS = (
    "a|an|the|each|every|this|that|next|first|last|later|earlier|previous|another|one|two|all|own|per"
)

BANNED: dict[str, str] = {
    # pattern: what to write instead
    r"told": "log, report, return, instruct, pass",
    # Except tell() of file objects.
    r"tell(?:s|ing)?(?!\()": "log, report, return, show, distinguish",
    r"anew": "again, retry, resubmit",
    r"unless given": "default: …",
    r"a person|persons": "a user",
    r"stands?(?!-?alone)|standing": "is, is stored, is listed; placeholder",
    r"lest": "so that … not",
    r"heed(?:s|ed)?": "follow, react to",
    r"ask(?:s|ed|ing)? after": "poll, query",
    r"for good": "permanently, without retry",
    r"seen to": "handled",
    r"(?:is|was|were|be|not) to be had": "unavailable, available",
    r"(?:go|goes|gone|going|went) on with": "resume, continue",
    r"by itself": "individually, automatically",
    r"the way of": "the path of",
    r"made of": "consists of, created from",
    r"(?:take|takes|taken|taking|took) up": "resume, collect",
    r"(?:came|come|comes|become|becomes|became) of": "result, outcome",
    r"(?:is|are|no|has|have|found no) room": "space, capacity",
    r"(?<!-)lived": "exists, lasts",
    r"liv(?:e|es|ing) through": "use the same",
    rf"(?:{DETERMINERS}) tr(?:y|ies)(?!:)": "attempt",
    rf"(?:{DETERMINERS}) looks?": "list request, check",
    r"(?<!in\s)(?<!in_)(?<!In)(?<!on_)doubts?": "unknown outcome; SubmissionInDoubt and on_doubt are names",
    r"in vain": "without success",
    r"mend(?:s|ed|ing)?": "fix",
    r"whence|hence|thereof|wherein": "a plain sentence",
    r"worth while": "worth",
    r"give(?:s|n)? way": "back off, slow down",
}
PATTERNS = {
    re.compile(rf"(?<![A-Za-z])(?:{pattern.replace(' ', GAP)})(?![A-Za-z])", re.IGNORECASE): instead
    for pattern, instead in BANNED.items()
}
PATTERNS[re.compile(r'(?m)(?:^##+ |""")(?:What|Whether|Where|How|The same)\b(?!-)')] = (
    "begin with an imperative or a noun phrase"
)


class Finding(NamedTuple):
    """One banned word in a file."""

    line: int
    word: str
    instead: str


def findings(text: str) -> list[Finding]:
    """Return the banned words of a text, in the order of its lines."""
    lines = text.splitlines()
    found = []
    for pattern, instead in PATTERNS.items():
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if ESCAPE not in lines[line - 1]:
                found.append(Finding(line, " ".join(match[0].split()), instead))
    return sorted(found)


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files to check below the paths."""
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            is_text = file.is_file() and (file.suffix in SUFFIXES or file.name in NAMES)
            if is_text and file.resolve() != Path(__file__).resolve():
                yield file


def main(arguments: list[str]) -> int:
    """Print every finding as ``file:line: word``; return 1 if there is any."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["check_words"]
    total = 0
    for file in files(map(Path, arguments) if arguments else [ROOT / each for each in settings["paths"]]):
        shown = file.resolve().relative_to(ROOT) if file.resolve().is_relative_to(ROOT) else file
        for finding in findings(file.read_text()):
            total += 1
            print(f"{shown}:{finding.line}: {finding.word!r} (instead: {finding.instead})")
    if total:
        print(f"{total} words that this project does not use; see CONTRIBUTING.md, Language")
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
