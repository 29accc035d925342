"""Filter expressions of ImageSearch: what is read, what it means, and what is said of those that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.alibaba.filter_expressions import (
    Combination,
    Comparison,
    Condition,
    FilterError,
    comparisons,
    parse,
)
from airflow_provider_viapi.alibaba.services.imagesearch.service import Filter
from airflow_provider_viapi.schema import ValidationError

NUMBERS = st.integers(-(10**12), 10**12)
TEXTS = st.text(st.characters(exclude_characters='"', codec="utf-8"), max_size=8)
ATTRIBUTES = st.fixed_dictionaries(
    {}, optional={"IntAttr": NUMBERS, "IntAttr2": NUMBERS, "StrAttr": TEXTS, "StrAttr4": TEXTS}
)


def values(
    fields: list[str], single: list[str], value: st.SearchStrategy[Any]
) -> st.SearchStrategy[Comparison]:
    one = st.builds(Comparison, st.sampled_from(fields), st.sampled_from(single), st.tuples(value))
    several = st.lists(value, min_size=1, max_size=3).map(tuple)
    return one | st.builds(Comparison, st.sampled_from(fields), st.sampled_from(["in", "not in"]), several)


LEAVES = values(["IntAttr", "IntAttr2"], [">", ">=", "<", "<=", "="], NUMBERS) | values(
    ["StrAttr", "StrAttr4"], ["=", "!="], TEXTS
)


def combined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.builds(
        Combination, st.sampled_from(["AND", "OR"]), st.lists(parts, min_size=2, max_size=3).map(tuple)
    )


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(LEAVES, combined, max_leaves=8)


def meaning(condition: Condition, attributes: dict[str, Any]) -> bool:
    """Result of a condition for an image, by Python's own operators."""
    if isinstance(condition, Combination):
        results = [meaning(part, attributes) for part in condition.parts]
        return all(results) if condition.word == "AND" else any(results)
    value = attributes.get(condition.field)
    wanted = condition.values[0] if condition.operator not in ("in", "not in") else condition.values
    symbol = {"=": "=="}.get(condition.operator, condition.operator)
    return value is not None and bool(eval(f"value {symbol} wanted", {"value": value, "wanted": wanted}))


@given(condition=CONDITIONS)
def test_an_expression_is_read_as_what_it_was_written_from(condition: Condition) -> None:
    assert parse(str(condition)) == condition


@given(condition=CONDITIONS, attributes=ATTRIBUTES)
def test_an_expression_holds_for_the_images_that_it_describes(
    condition: Condition, attributes: dict[str, Any]
) -> None:
    assert parse(str(condition)).holds(attributes) is meaning(condition, attributes)


@given(text=st.text(max_size=60) | st.text('intsr_a=<>!()", 19AND', max_size=40))
def test_any_text_is_read_or_refused_and_never_an_error_of_another_kind(text: str) -> None:
    try:
        assert comparisons(parse(text))
    except FilterError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("int_attr>=100", "int_attr >= 100"),
        ('str_attr!="value1"', 'str_attr != "value1"'),
        ('int_attr=1000 AND str_attr="value1"', 'int_attr = 1000 AND str_attr = "value1"'),
        (
            'intAttr = 1000 AND  intAttr2 = 200 AND strAttr = "str2345" AND strAttr2="str9999"',
            'int_attr = 1000 AND int_attr2 = 200 AND str_attr = "str2345" AND str_attr2 = "str9999"',
        ),
        ("int_attr in (1, 2)", "int_attr in (1, 2)"),
        ("str_attr NOT IN ('a')", 'str_attr not in ("a")'),
    ],
)
def test_the_examples_of_the_documents_are_read(text: str, written: str) -> None:
    assert str(parse(text)) == written


def test_and_binds_more_tightly_than_or() -> None:
    condition = parse("int_attr = 1 OR int_attr = 2 AND int_attr2 = 3")

    assert condition.holds({"IntAttr": 1})
    assert not condition.holds({"IntAttr": 2})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "color = 1",
            "needs int_attr, int_attr2 to int_attr4, str_attr or str_attr2 to str_attr4 at 'color = 1'",
        ),
        ("int_attr5 = 1", "at 'int_attr5 = 1'"),
        ("int_attr != 3", "operators of int_attr: > >= < <= = in and not in at '!= 3'"),
        ('str_attr > "a"', "operators of str_attr: = != in and not in"),
        ("str_attr = red", "needs a text in quotes"),
        ('int_attr = "1"', "needs a whole number"),
        ("int_attr = 1.5", "cannot be read from '1.5'"),
        ("int_attr in 1", "needs a list in parentheses"),
        ("int_attr in (1", "a comma or a closing parenthesis at its end"),
        ("int_attr = 1 and", "at its end"),
        ("int_attr = 1 int_attr = 2", "needs AND or OR at 'int_attr = 2'"),
        ("(int_attr = 1", "a closing parenthesis at its end"),
        ('str_attr = "a', "cannot be read from"),
        ("(" * 60 + "int_attr = 1" + ")" * 60, "more than 50 nested parentheses"),
    ],
)
def test_an_expression_that_cannot_be_read_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Filter(name="Filter").check(text)

    assert said in str(refusal.value)


def test_lists_are_refused_where_an_action_does_not_know_them() -> None:
    with pytest.raises(ValidationError, match="uses the operator in, which this action does not support"):
        Filter(name="Filter", has_lists=False).check("int_attr in (1)")
