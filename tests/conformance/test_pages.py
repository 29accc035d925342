"""docs/errors.md, docs/connection.md and docs/huawei.md list exactly what the code has."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import make_reference
from airflow_provider_viapi import errors
from airflow_provider_viapi.hooks.connection_form import CONN_FIELDS, HUAWEI_CONN_FIELDS

ROOT = Path(make_reference.__file__).parents[1]
ERRORS = (ROOT / "docs" / "errors.md").read_text()
PACKAGE = ROOT / "airflow_provider_viapi"
SOURCES = [
    path.read_text() for path in PACKAGE.rglob("*.py") if "emulator" not in path.relative_to(PACKAGE).parts
]


def first_column(page: str, heading: str) -> list[str]:
    """Return the words in backquotes in the first column of the table under a heading."""
    table = page[page.index(heading) :].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def test_every_class_of_the_tree_has_a_row() -> None:
    tree = {
        name for name, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, Exception)
    }

    assert set(first_column(ERRORS, "| class | when |")) == tree


def test_every_code_that_the_provider_raises_has_a_row() -> None:
    documented = tuple(code.rstrip("…") for code in first_column(ERRORS, "| code | class |"))
    raised = {
        code
        for source in SOURCES
        for written in re.findall(r'\bcode=((?:error\.code or )?"[A-Za-z.]+"|[A-Z_]+)', source)
        for code in (written.split('"')[1:2] or re.findall(rf'^{written} = "([A-Za-z.]+)"', source, re.M))
    }

    assert {code for code in raised if not code.startswith(documented)} == set()


@pytest.mark.parametrize("code", first_column(ERRORS, "| code | class |"))
def test_every_documented_code_is_one_that_the_provider_raises(code: str) -> None:
    prefix = code.rstrip("…")

    assert any(f'"{prefix}' in source for source in SOURCES)


def test_the_form_of_the_connection_is_described_field_by_field() -> None:
    page = (ROOT / "docs" / "connection.md").read_text()

    described = set(first_column(page, "| field | meaning |"))

    # The kind of credentials, with its settings, has no field: it goes into extra as JSON.
    assert described == CONN_FIELDS.keys() | {"credentials"}


def test_the_form_of_the_huawei_connection_is_described_field_by_field() -> None:
    page = (ROOT / "docs" / "huawei.md").read_text()

    assert [name for name in HUAWEI_CONN_FIELDS if f"`{name}`" not in page] == []
