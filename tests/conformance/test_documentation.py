"""Every action has its operator, its entry in the reference and its row in the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import make_reference
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.services import actions
from sample_requests import DONE_BY_THE_EMULATOR, answered_at_once

ROOT = Path(make_reference.__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGE = (ROOT / "docs" / "actions.md").read_text()

WITHOUT_OPERATOR = {
    "GetAsyncJobResult": "the provider calls it while it waits",
    "QueryAsyncJobList": "the provider calls it to list jobs",
    "CancelWaitingAsyncJob": "the provider calls it to cancel a job",
    "SegmentVideoBody": "ViapiJobOperator runs it",
    "TrimDocument": "ViapiJobOperator runs it",
}
"""Actions without an operator of their own, with the reason."""

MARKS = {
    "Real Airflow": [
        *(ROOT / "tests" / "real_airflow").rglob("*.py"),
        *(ROOT / "dags_examples").glob("*.py"),
    ],
}
"""Columns of the README's table, and the files that must use an operator for a mark there."""


def rows() -> dict[str, dict[str, str]]:
    """Return the cells of the README's table of actions, by action and column."""
    table = README[README.index("| Action |") :].partition("\n\n")[0]
    header, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    columns = [re.sub(r"\[\^.\]", "", cell) for cell in header]
    return {cells[0]: dict(zip(columns, cells, strict=True)) for cells in body}


def every_action() -> list[Action]:
    return list(actions().values())


def of_every_name() -> list[Action]:
    return list({action.name: action for action in every_action()}.values())


@pytest.mark.parametrize("action", every_action(), ids=lambda action: action.full_name)
def test_every_action_has_an_operator_except_those_named_here(action: Action) -> None:
    own = [operator.__name__ for operator in make_reference.operators() if operator.action is action]

    assert own == ([] if action.name in WITHOUT_OPERATOR else [f"{action.name}Operator"])


@pytest.mark.parametrize("action", every_action(), ids=lambda action: action.full_name)
def test_every_action_has_its_entry_in_the_reference(action: Action) -> None:
    _, _, of_service = PAGE.partition(f"## {action.service.name}, version {action.service.version}\n")
    entry = of_service.partition("\n## ")[0].partition(f"### {action.name}\n")[2].partition("\n### ")[0]

    assert action.summary in entry
    for parameter in action.parameters:
        assert f"| `{parameter.name}` |" in entry
    assert (action.retired or "") in entry


def test_the_committed_reference_is_what_the_script_generates() -> None:
    assert make_reference.reference() == PAGE
    assert make_reference.error_codes() == make_reference.CODES_PAGE.read_text()


@pytest.mark.parametrize("action", of_every_name(), ids=lambda action: action.name)
def test_every_action_has_its_row_in_the_readme(action: Action) -> None:
    row = rows()[action.name]

    assert row["kind"] == ("job" if action.is_job else "synchronous")
    if action.name not in WITHOUT_OPERATOR:
        assert row["Operator"].startswith(f"`{action.name}Operator`")
    assert ("[^r]" in row["Operator"]) is bool(action.retired)


def test_the_readme_has_no_row_for_anything_else() -> None:
    assert rows().keys() - {action.name for action in every_action()} == {"any action in the service model"}


@pytest.mark.parametrize("column", MARKS)
def test_a_mark_in_the_readme_is_earned_by_a_test_that_uses_the_operator(column: str) -> None:
    used = "\n".join(path.read_text() for path in MARKS[column])

    unearned = [name for name, row in rows().items() if row[column] == "✓" and f"{name}Operator" not in used]

    assert unearned == []


def test_a_mark_for_real_media_is_earned_by_a_run_through_the_emulator() -> None:
    at_once = {operator.action.name for operator, _ in answered_at_once(str, "")}

    marked = {name for name, row in rows().items() if row["Real media"] == "✓"}

    assert marked == DONE_BY_THE_EMULATOR | at_once
