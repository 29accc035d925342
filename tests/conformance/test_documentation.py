"""Every action has its entry in the reference, every service its row in the README, every operator its own text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import make_operators
import make_reference
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.services import actions, hand_written

ROOT = Path(make_reference.__file__).parents[1]


@pytest.mark.parametrize("action", hand_written().values(), ids=lambda action: action.full_name)
def test_every_action_of_a_service_that_is_described_has_an_operator_except_those_the_provider_calls(
    action: Action,
) -> None:
    own = [operator.__name__ for operator in make_reference.operators() if operator.action is action]

    expected = [] if action.name in make_reference.CALLED_BY_THE_PROVIDER else [f"{action.name}Operator"]
    assert own == expected


@pytest.mark.parametrize("operator", make_reference.operators())
def test_an_operator_is_named_after_its_action(operator: type) -> None:
    assert operator.__name__ == f"{operator.action.name}Operator"  # type: ignore[attr-defined]


@pytest.mark.parametrize("action", actions().values(), ids=lambda action: action.full_name)
def test_every_action_has_its_entry_in_the_reference(action: Action) -> None:
    page = (ROOT / "docs" / "actions" / f"{action.service.name}.md").read_text()
    entry = page.partition(f"\n### {action.name}\n")[2].partition("\n### ")[0]

    assert action.summary in entry
    for parameter in action.parameters:
        assert f"| `{parameter.name}` |" in entry
    assert (action.retired or "") in entry


def test_the_committed_reference_is_what_the_script_generates() -> None:
    for path, text in make_reference.pages().items():
        assert path.read_text() == text, path.name
    assert make_reference.readme() == make_reference.README.read_text()
    assert make_reference.error_codes() == make_reference.CODES_PAGE.read_text()
    assert make_reference.configuration() == make_reference.CONFIGURATION_PAGE.read_text()
    assert make_reference.registry() == make_reference.REGISTRY.read_text()


@pytest.mark.parametrize(
    "code", re.findall(r"code `([\w.]+)`", (ROOT / "docs" / "troubleshooting.md").read_text())
)
def test_a_code_that_the_troubleshooting_page_names_is_on_the_page_of_codes(code: str) -> None:
    assert f"| `{code}` |" in make_reference.CODES_PAGE.read_text()


@pytest.mark.parametrize(
    "path", make_operators.generated(), ids=lambda path: f"{path.parent.name}.{path.stem}"
)
def test_the_committed_operators_are_what_the_script_generates(path: Path) -> None:
    assert path.read_text() == make_operators.generated()[path], "run make operators"


def test_the_readme_counts_the_actions_of_every_service() -> None:
    rows = [row for row in make_reference.readme().splitlines() if row.startswith("| [")]
    counted = {row.split("]")[0].removeprefix("| ["): int(row.split("|")[3]) for row in rows}

    of_services = [action.service.name for action in actions().values()]
    assert counted == {name: of_services.count(name) for name in of_services}
