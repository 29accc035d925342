"""The service model and the operators against the request and answer models of Alibaba's Python SDKs.

``sdk_models.json`` holds the SDKs' facts; ``scripts/make_conformance_facts.py`` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.model import Action, ResultField
from airflow_provider_viapi.alibaba.parameters import (
    ListOf,
    Parameter,
)
from airflow_provider_viapi.alibaba.services import find, hand_written
from airflow_provider_viapi.operators.viapi import ViapiOperator
from conformance.parameter_types import type_of
from make_reference import operators
from test_provider import BEYOND_THE_ACTION, NOT_THE_AUTHORS, keywords

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("sdk_models.json").read_text())

ACTIONS = [find(name) for name in FACTS]
"""The actions of the facts: all that are modelled by hand, and those of other services that documents name."""

DIFFERENT: Mapping[tuple[str, str, str], str] = {
    ("viapi.QueryAsyncJobList", "PageNum", "type"): "a page's number, sent as text like everything",
    ("viapi.QueryAsyncJobList", "PageSize", "type"): "a count, sent as text like everything",
    **{
        (
            f"imagesearch.SearchImageBy{what}",
            "ScoreThreshold",
            "type",
        ): "a number, sent as text like everything"
        for what in ("Pic", "Name", "Text")
    },
}
"""Action, parameter and what of it is another than in the SDK: why."""

RESULT_TYPES: Mapping[str, Any] = {"file": "string", "list": "array", "integers": "array"}


def differences(parameters: Iterable[Parameter], facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and kind of everything in which parameters differ from the facts about them."""
    ours = {parameter.name: parameter for parameter in parameters}
    yield from ((name, "missing in the model") for name in facts.keys() - ours.keys())
    yield from ((name, "unknown to the SDK") for name in ours.keys() - facts.keys())
    for name in ours.keys() & facts.keys():
        parameter, said = ours[name], facts[name]
        if said["type"] != type_of(parameter):
            yield name, "type"
        # Older SDKs do not say of any parameter whether it is required.
        if parameter.required != said.get("required", parameter.required):
            yield name, "required"
        if isinstance(parameter, ListOf):
            for field, what in differences(parameter.fields, said["items"]):
                yield f"{name}.{field}", what


def types(result: Iterable[ResultField]) -> dict[str, Any]:
    """The type of each field, of a list that of its items."""
    return {
        field.name: types(field.fields)
        if field.kind in ("list", "object")
        else f"{field.kind.removesuffix('s')}[]"
        if field.kind in ("strings", "integers")
        else RESULT_TYPES.get(field.kind, field.kind)
        for field in result
    }


def types_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: types_of(each["fields"])
        if each.get("fields")
        else each["type"]
        if "items" not in each
        else f"{each['items']}[]"
        if isinstance(each["items"], str)
        else types_of(each["items"])
        for name, each in facts.items()
    }


def request_of(operator: type[ViapiOperator]) -> dict[str, Any]:
    """Request of an operator that is given every argument."""
    beyond = BEYOND_THE_ACTION.get(operator.__name__, set())
    given = {name: "{{ " + name + " }}" for name in keywords(operator) if name not in beyond}
    return dict(operator(task_id="task", **given).request)


def test_the_facts_are_of_every_action_that_is_modelled_by_hand() -> None:
    # Its answer has no Data; what it holds is checked by staging against the emulator.
    assert hand_written().keys() - {"openplatform.AuthorizeFileUpload"} <= FACTS.keys()


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.full_name)
def test_parameters_are_those_of_the_sdk_but_for_differences_with_a_reason(action: Action) -> None:
    found = set(differences(action.parameters, FACTS[action.full_name]["request"]))

    assert found == {(name, what) for full_name, name, what in DIFFERENT if full_name == action.full_name}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.full_name)
def test_results_are_those_of_the_sdk(action: Action) -> None:
    assert types(action.result) == types_of(FACTS[action.full_name]["result"])


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.full_name)
def test_version_and_place_of_the_parameters_are_those_of_the_sdk(action: Action) -> None:
    facts = FACTS[action.full_name]

    assert action.service.version == facts["version"]
    for name, parameter in facts["request"].items():
        assert parameter["in"] == ("query" if action.is_in_query(name) else "body"), name


@pytest.mark.parametrize("operator", [each for each in operators() if each.action.full_name in FACTS])
def test_an_operator_sends_the_keys_that_the_sdk_sends(operator: type[ViapiOperator]) -> None:
    sent = request_of(operator).keys()
    left_out = NOT_THE_AUTHORS.get(operator.__name__, set())

    assert sent | left_out == FACTS[operator.action.full_name]["request"].keys()
    assert sent & left_out == set()


def test_no_difference_is_listed_for_an_action_that_is_not_there() -> None:
    assert {full_name for full_name, *_ in DIFFERENT} <= FACTS.keys()
