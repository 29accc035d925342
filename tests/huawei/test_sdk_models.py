"""The service model of MetaStudio against the models of Huawei's Python SDK.

``sdk_models.json`` holds the SDK's facts; ``scripts/read_huawei_models.py`` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.parameters import Object, ObjectList, StringList
from airflow_provider_viapi.huawei.pictures import Picture
from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.scalar_parameters import Boolean, Choice, Integer, String, Url, WebAddress
from airflow_provider_viapi.schema import Parameter

FACTS = json.loads(Path(__file__).with_name("sdk_models.json").read_text())["operations"]

HEADERS_OF_THE_ACCOUNT = {"X-App-UserId"}
"""One value for all calls of an account, so no action has it as a parameter."""

HEADERS_LEFT_OUT = {
    "X-Request-Id": "the caller's own id of a call, of which nothing depends",
    "X-MSS-Authorization": "an older way to prove oneself, without a description",
    "x-mss-auth-key": "the same as auth_key in the query",
    "x-mss-expires-time": "the same as expires_time in the query",
}

WORDS = {"JobTag", "CreateType", "TransferTypeEnum", "ShortJobType"}
"""Types of the SDK's that are enumerations of words."""


def kind_of(parameter: Parameter, *, in_form: bool = False) -> str:
    """The type of a parameter, in the SDK's words where it has a plain one."""
    plain: Mapping[type[Parameter], str] = {
        Boolean: "bool",
        Integer: "int",
        String: "str",
        Choice: "str",
        Url: "str",
        WebAddress: "str",
        StringList: "list[str]",
        ObjectList: "list[structure]",
        Object: "structure",
        Picture: "file" if in_form else "str",
    }
    return plain[type(parameter)]


def kind_said(said: str) -> str:
    """The SDK's type, its models as structures and its enumerations as strings."""
    if said in ("bool", "int", "str", "list[str]", "file"):
        return said
    if said in WORDS:
        return "str"
    if said == "list[SupportedServiceEnum]":
        return "list[str]"
    return "list[structure]" if said.startswith("list[") else "structure"


def described(
    parameters: Iterable[Parameter], *, in_form: bool = False
) -> dict[str, tuple[str, bool, list[str]]]:
    return {
        each.name: (
            kind_of(each, in_form=in_form),
            each.required,
            sorted(each.required_fields) if isinstance(each, Object) else [],
        )
        for each in parameters
    }


def said(facts: Mapping[str, Any]) -> dict[str, tuple[str, bool, list[str]]]:
    return {
        name: (kind_said(each["type"]), each["required"], sorted(each["needs"]))
        for name, each in facts.items()
    }


def test_every_action_is_one_of_the_sdks() -> None:
    assert {action.name for action in metastudio.ACTIONS} == set(FACTS)


@pytest.mark.parametrize("action", metastudio.ACTIONS, ids=lambda action: action.name)
def test_method_path_and_parameters_are_those_of_the_sdk(action: Action) -> None:
    facts = FACTS[action.name]

    assert (action.method, action.path) == (facts["method"], facts["path"])
    assert described(action.in_path) == said(facts["in_path"])
    assert described(action.in_query) == said(facts["in_query"])
    assert described(action.in_body) == said(facts["in_body"])
    assert described(action.in_form, in_form=True) == said(facts.get("in_form", {}))
    assert facts["in_header"].keys() <= HEADERS_OF_THE_ACCOUNT | HEADERS_LEFT_OUT.keys()


@pytest.mark.parametrize("action", metastudio.ACTIONS, ids=lambda action: action.name)
def test_an_answers_fields_are_those_of_the_sdk(action: Action) -> None:
    assert sorted(action.response_fields) == sorted(FACTS[action.name]["answer"])
