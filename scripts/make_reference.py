"""Write ``docs/actions.md``, the reference of all actions, from the service model and the operators."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from airflow_provider_viapi.alibaba.model import Action, ResultField
from airflow_provider_viapi.alibaba.parameters import ListOf, Parameter, Url
from airflow_provider_viapi.alibaba.services import actions
from airflow_provider_viapi.get_provider_info import get_provider_info
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator

PAGE = Path(__file__).parents[1] / "docs" / "actions.md"

HEAD = """\
# Actions

All that the provider knows of VIAPI's actions, written by `scripts/make_reference.py` from the service model
(`airflow_provider_viapi/alibaba/services`), by which operators, hook and emulator check every request.

*Seed* are the VIAPI documents of 2020 and 2021, *today* is Alibaba's API metadata and SDKs of late 2025. The live
service was not asked. Lists are written as `Boxes[].X`; on the wire their items are counted from 1 (`Boxes.1.X`).

An operator's keyword arguments are the parameters in snake case; names inside lists stay as they are
(`boxes=[{"X": 0.1, …}]`). Exceptions: `CreateImageDbOperator` and `DeleteImageDbOperator` return `Name` and take
`if_exists` and `if_missing` (`"skip"`, the default, or `"fail"`); the `limit` of `SearchImageOperator` is 10 unless
given; `ListImagesOperator` goes through the pages by itself, takes `page_size` (50) instead of Token and Offset, and
its `limit` is the most in all.

An *address* begins with http:// or https:// and has only ASCII characters and no spaces; percent-encode others.
Operators also take one in object storage (`s3://…`, in any script), which is [staged](staging.md) first. The service
reads links to Shanghai OSS best. Links in results are good for 30 minutes.
"""

KNOWN_TO = {
    ("2020", "2025"): "seed and today",
    ("2020",): "only seed",
    ("2025",): "only today",
}


def operators() -> list[type[ViapiOperator]]:
    """The operators of single actions, in the modules that the provider's metadata names."""
    modules = [
        importlib.import_module(name)
        for entry in get_provider_info()["operators"]
        for name in entry["python-modules"]
    ]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, ViapiOperator) and hasattr(value, "action")
    ]


def reference() -> str:
    """The page."""
    by_service = groupby(actions().values(), key=lambda action: action.service)
    parts = [
        f"## {service.name}, version {service.version}\n\n" + "\n".join(_section(each) for each in of_service)
        for service, of_service in by_service
    ]
    return "\n".join([HEAD, *parts])


def how_to_call(action: Action) -> str:
    """What a DAG author uses for an action."""
    own = [operator.__name__ for operator in operators() if operator.action is action]
    if own:
        return f"`{own[0]}`"
    if action.is_job:
        return f'`{ViapiJobOperator.__name__}(action="{action.full_name}", …)`'
    return "called by the provider itself"


def _section(action: Action) -> str:
    kind = "Job" if action.is_job else "At once"
    lines = [
        f"### {action.name}",
        "",
        action.summary,
        "",
        f"{kind} · {KNOWN_TO[action.generations]} · {how_to_call(action)}",
        "",
    ]
    if action.retired:
        lines += [f"**Retired:** {action.retired}.", ""]
    if action.note:
        lines += [action.note, ""]
    if action.parameters:
        lines += ["| parameter | required | allowed | default | what it is |", "|---|---|---|---|---|"]
        lines += [_row(name, each) for name, each in _flat(action.parameters)]
        lines += [""]
    if action.result:
        lines += ["| result | type | what it is |", "|---|---|---|"]
        lines += [f"| `{name}` | {_type(each)} | {each.doc} |" for name, each in _flat_result(action.result)]
        lines += [""]
    return "\n".join(lines)


def _flat(parameters: Iterable[Parameter], prefix: str = "") -> Iterator[tuple[str, Parameter]]:
    for parameter in parameters:
        yield prefix + parameter.name, parameter
        if isinstance(parameter, ListOf):
            yield from _flat(parameter.fields, f"{prefix}{parameter.name}[].")


def _flat_result(fields: Iterable[ResultField], prefix: str = "") -> Iterator[tuple[str, ResultField]]:
    for field in fields:
        yield prefix + field.name, field
        yield from _flat_result(field.fields, f"{prefix}{field.name}[].")


def _row(name: str, parameter: Parameter) -> str:
    default = "" if parameter.default is None else f"`{_written(parameter.default)}`"
    told = f"{parameter.doc} *{parameter.note}*" if parameter.note else parameter.doc
    required = "yes" if parameter.required else ""
    allowed = "an address" if isinstance(parameter, Url) else parameter.allowed
    return f"| `{name}` | {required} | {allowed} | {default} | {told} |"


def _written(value: bool | float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(field: ResultField) -> str:
    words = {"file": "address of a file", "integers": "whole numbers", "integer": "whole number"}
    return words.get(field.kind, field.kind)


if __name__ == "__main__":
    PAGE.write_text(reference())
