"""The kinds of parameters in the words of Alibaba's metadata and SDKs."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_viapi.alibaba.parameters import (
    Boolean,
    Choice,
    Integer,
    ListOf,
    Number,
    Parameter,
    String,
    Url,
)

_TYPES: Mapping[type[Parameter], str] = {
    String: "string",
    Url: "string",
    Choice: "string",
    Integer: "integer",
    Number: "number",
    Boolean: "boolean",
    ListOf: "array",
}


def type_of(parameter: Parameter) -> str:
    """The type of a parameter."""
    return next(_TYPES[kind] for kind in type(parameter).__mro__ if kind in _TYPES)
