"""What Airflow and an editor see of the package."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest

import airflow_provider_viapi
from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.get_provider_info import get_provider_info
from airflow_provider_viapi.operators import imgsearch, videoenhan
from airflow_provider_viapi.operators.base import ViapiOperator

OPERATORS = [
    operator
    for module in (videoenhan, imgsearch)
    for operator in vars(module).values()
    if inspect.isclass(operator)
    and issubclass(operator, ViapiOperator)
    and operator.__module__ == module.__name__
]


def modules() -> list[str]:
    info = get_provider_info()
    return [
        module
        for kind in ("hooks", "operators", "triggers")
        for entry in info[kind]
        for module in entry["python-modules"]
    ]


def test_airflow_finds_the_provider_by_its_entry_point() -> None:
    (entry,) = [
        entry
        for entry in entry_points(group="apache_airflow_provider")
        if entry.value.startswith("airflow_provider_viapi")
    ]

    assert entry.load()() == get_provider_info()


def test_its_metadata_is_as_airflow_wants_it() -> None:
    schema = Path(airflow.__file__).parent / "provider_info.schema.json"

    jsonschema.validate(get_provider_info(), json.loads(schema.read_text()))


@pytest.mark.parametrize("module", modules())
def test_every_module_that_the_metadata_names_is_there(module: str) -> None:
    assert importlib.import_module(module).__doc__


def test_types_come_with_the_package() -> None:
    assert (Path(airflow_provider_viapi.__file__).parent / "py.typed").exists()


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_takes_just_what_its_action_takes(operator: type[ViapiOperator]) -> None:
    signature = inspect.signature(operator.__init__)
    own = {
        name: parameter
        for name, parameter in signature.parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name != "if_exists"
    }

    assert list(own) == [snake(parameter.name) for parameter in operator.action.parameters]
    for parameter in operator.action.parameters:
        keyword = own[snake(parameter.name)]
        assert f":param {keyword.name}:" in (operator.__doc__ or "")
        if not parameter.required:
            assert keyword.default is None


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operators_docstring_names_what_it_returns(operator: type[ViapiOperator]) -> None:
    for field in operator.action.result:
        assert f"``{field.name}``" in (operator.__doc__ or "")


def actions_with_operator() -> list[Action]:
    return [action for action in services.actions().values() if not action.name.startswith(("Get", "List"))]


@pytest.mark.parametrize("action", actions_with_operator(), ids=lambda action: action.name)
def test_every_action_of_the_model_has_its_operator(action: Action) -> None:
    assert [operator.__name__ for operator in OPERATORS if operator.action is action] == [
        f"{action.name}Operator"
    ]


@pytest.mark.parametrize("module", modules())
def test_a_module_brings_nothing_heavy_with_it(module: str) -> None:
    program = (
        "import airflow.providers.common.compat.sdk as sdk, sys\n"
        "sdk.BaseOperator, sdk.BaseHook, sdk.conf\n"
        "import airflow.triggers.base\n"
        "before = set(sys.modules)\n"
        f"import {module}\n"
        "print('\\n'.join(set(sys.modules) - before))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    brought: set[Any] = {name.partition(".")[0] for name in run.stdout.splitlines()}
    assert brought & {"requests", "httpx", "numpy", "av", "PIL", "starlette", "tenacity", "xml"} == set()
