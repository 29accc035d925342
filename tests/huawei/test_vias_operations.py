"""The service model of VIAS against the operations and models of Huawei's Java SDK.

``vias_operations.json`` holds the SDK's facts: method, path, place and type of each field, fields of the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.parameters import Object, ObjectList
from airflow_provider_viapi.huawei.services import find, vias
from airflow_provider_viapi.huawei.services.vias.settings import NumberAsText
from airflow_provider_viapi.scalar_parameters import String
from airflow_provider_viapi.schema import Parameter
from huawei.test_sdk_models import kind_of

FACTS = json.loads(Path(__file__).with_name("vias_operations.json").read_text())
EACH = pytest.mark.parametrize("action", vias.ACTIONS, ids=lambda action: action.name)


def type_of(parameter: Parameter) -> str:
    if isinstance(parameter, NumberAsText | String):
        return "str"
    is_structure = isinstance(parameter, Object) and not isinstance(parameter, ObjectList)
    return "structure" if is_structure else kind_of(parameter)


def of(action: Action) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = FACTS["operations"][action.name]
    return facts


def test_every_operation_of_the_sdk_is_in_the_model_and_callable_by_name() -> None:
    assert {action.name for action in vias.ACTIONS} == FACTS["operations"].keys()
    assert all(find(f"vias.{name}").name == name for name in FACTS["operations"])
    assert all(find(action) is action for action in vias.ACTIONS)


def test_every_region_of_the_sdk_is_known() -> None:
    assert set(FACTS["regions"]) <= set(vias.SERVICE.regions)


@EACH
def test_method_and_path_are_those_of_the_sdk(action: Action) -> None:
    assert (action.method, action.path) == (of(action)["method"], of(action)["path"])


@EACH
def test_parameters_have_the_places_and_types_of_the_sdk(action: Action) -> None:
    places = {"path": action.in_path, "query": action.in_query, "body": action.in_body}

    ours = {each.name: [place, type_of(each)] for place, group in places.items() for each in group}

    assert ours == of(action)["parameters"]


@EACH
def test_the_fields_of_the_answer_are_those_of_the_sdk(action: Action) -> None:
    assert sorted(action.response_fields) == sorted(of(action)["answer"])


def test_the_algorithms_are_those_that_documents_name() -> None:
    assert len(vias.ALGORITHMS) == 37
    name = vias.tasks.CREATE_TASK.in_path[0]
    for prefix in vias.ALGORITHMS:
        assert name.check(f"{prefix}-cloud") and name.check(f"{prefix}-edge")


def test_coordinates_are_sent_as_text() -> None:
    source = {"video_source_name": "gate", "access_type": "cloud", "type": "rtsp", "type_config": "<x/>"}

    checked = find("vias.CreateVideoSource").check(source | {"latitude": 59.3, "longitude": "18"})

    assert (checked["latitude"], checked["longitude"]) == ("59.3", "18")
