"""Allowed values of the parameters of any action, made from its model."""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.huawei.parameters import Object, ObjectList, StringList
from airflow_provider_viapi.huawei.pictures import Picture
from airflow_provider_viapi.scalar_parameters import Boolean, Choice, Integer, Number, WebAddress
from airflow_provider_viapi.schema import Parameter

TEXTS = {
    "service_version": "1.2",
    "start_time": "2024-01-01T00:00:00Z",
    "end_time": "2024-01-02T00:00:00Z",
    "resource_source": "PURCHASED",
}


def value_of(parameter: Parameter) -> Any:
    match parameter:
        case Choice():
            return parameter.choices[0]
        case Boolean():
            return True
        case Integer():
            return min(max(parameter.minimum, 5), parameter.maximum)
        case Number():
            return max(parameter.minimum, 1.5)
        case StringList():
            return [value_of(parameter.item)]
        case ObjectList():
            return [required_of(parameter)]
        case Object():
            known = {
                "output": {"webhook": {"url": "http://127.0.0.1:9"}},
                "card_image_config": {"human_image": b"\x89PNG\r\n\x1a\n"},
                "batch_input": {"video_source_group": [{"video_source_list": [{"video_source_id": "some"}]}]},
            }
            return known.get(parameter.name) or required_of(parameter)
        case Picture():
            return b"\x89PNG\r\n\x1a\n"
        case WebAddress():
            return "http://127.0.0.1:9/some.png"
    return TEXTS.get(parameter.name, "some")


def required_of(parameter: Object) -> dict[str, Any]:
    types = {each.name: each for each in parameter.fields}
    return {name: value_of(types[name]) if name in types else "some" for name in parameter.required_fields}
