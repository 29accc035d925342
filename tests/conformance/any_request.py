"""An ordinary request for any action, made from its model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import (
    Boolean,
    Choice,
    Integer,
    ListOf,
    Number,
    Parameter,
    String,
    Structure,
    Url,
    ValueList,
)

TEXTS = {
    "Name": "conformance",
    "DbName": "conformance",
    "OutputFormat": "png",
    "FileName": "clip.mp4",
    "Color": "FF0000",
    "InstanceName": "demo",
    "Filter": "int_attr = 2",
    "Region": "10,200,10,190",
    "BucketName": "bucket",
    "Path": "/folder",
    "Type": "1",
}
"""Texts that are not just any, by the name of the parameter."""


def request_for(action: Action, address: Callable[[str], str]) -> dict[str, Any]:
    """Return a request with all parameters of an action.

    :param address: returns the address of a file by the name of its parameter
    """
    optional = {"StartTime", "EndTime", "Status", "PopProduct", "PopApiName"}
    return {each.name: value_for(each, address) for each in action.parameters if each.name not in optional}


def value_for(parameter: Parameter, address: Callable[[str], str]) -> Any:
    """Return an allowed value of a parameter."""
    match parameter:
        case Url():
            return address(parameter.name)
        case Choice():
            return parameter.choices[0]
        case Boolean():
            return True
        case Integer():
            return min(max(parameter.minimum, 2), parameter.maximum)
        case Number():
            return min(max(parameter.minimum, 0.5), parameter.maximum)
        case String():
            return TEXTS.get(parameter.name, "text" if parameter.pattern is None else "text_1")
        case ListOf() | Structure():
            item = {each.name: value_for(each, address) for each in parameter.fields}
            return [item] * max(1, parameter.min_items) if isinstance(parameter, ListOf) else item
        case ValueList():
            return [value_for(parameter.item, address)] * 2
    raise NotImplementedError(type(parameter))


def flat(request: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a request as Alibaba's SDKs flatten it: lists are counted from 1."""
    found: dict[str, Any] = {}
    for name, value in request.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            found |= flat({str(number): item for number, item in enumerate(value, 1)}, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found
