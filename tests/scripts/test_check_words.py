"""The word check: it finds banned words in prose, names and wrapped comments, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from check_words import files, findings


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The service told us.", "told"),  # words: ok
        ("def test_it_is_told_once() -> None: ...", "told"),  # words: ok
        ("seconds, 30 unless given", "unless given"),  # words: ok
        ("# a task that is gone on\n    # with later", "gone on # with"),  # words: ok
        ("the next try resumes the job", "next try"),  # words: ok
        ("an author settles the doubt", "doubt"),  # words: ok
        ('def f():\n    """What a batch knows."""', '"""What'),  # words: ok
        ("# Page\n\n## How jobs are polled\n", "## How"),
    ],
)
def test_a_banned_word_is_found_in_prose_names_and_wrapped_comments(text: str, word: str) -> None:
    assert [finding.word for finding in findings(text)] == [word]


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    call()",
        "raise SubmissionInDoubt(on_doubt='fail')",
        "a submission in doubt",
        "an outstanding, short-lived request of a standalone intelligence",
        "he told us  # words: ok",
        "file.tell()",
        '"""Return what a batch knows."""',
        "# How the emulator does it is another matter",
        "## How-to guides",
    ],
)
def test_field_terms_syntax_and_escaped_lines_pass(text: str) -> None:
    assert findings(text) == []


def test_a_finding_names_the_line_and_what_to_write() -> None:
    (finding,) = findings("one\ntwo anew\n")  # words: ok

    assert (finding.line, finding.instead) == (2, "again, retry, resubmit")


def test_only_text_files_are_checked(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("model.json", "folder/page.md"):
        (tmp_path / name).write_text("text")

    assert list(files([tmp_path])) == [tmp_path / "folder" / "page.md"]
