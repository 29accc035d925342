"""Write ``docs/huawei-actions.md``, the reference of MetaStudio's and VIAS's actions, from the service model."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.huawei.calls import MetaStudio, Vias
from airflow_provider_viapi.huawei.calls.group import Group
from airflow_provider_viapi.huawei.model import Action, JobKind
from airflow_provider_viapi.schema import Parameter

PAGE = Path(__file__).parents[1] / "docs" / "huawei-actions.md"

HEAD = """\
# Huawei Cloud's actions

Written by `scripts/make_huawei_reference.py` from the service model (`airflow_provider_viapi/huawei/services`), by
which hook and emulator check every request. How sure any of it is stands in [huawei.md](huawei.md). Bold parameters
are required. `hook` is a `HuaweiCloudHook`; each method takes the parameters by their names.
"""


def reference() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, name, whole in (("MetaStudio", "metastudio", MetaStudio), ("VIAS", "vias", Vias)):
        parts.append(f"## {title}\n")
        for group, methods in _groups(whole):
            parts.append(f"### {group.replace('_', ' ')}\n")
            parts += [_section(f"hook.{name}.{group}.{method}", action) for method, action in methods]
    return "\n".join(parts)


def _groups(whole: type[MetaStudio] | type[Vias]) -> Iterator[tuple[str, list[tuple[str, Action]]]]:
    called: list[Action] = []

    def call(action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        called.append(action)
        return {}

    for name, group in vars(whole(call)).items():
        assert isinstance(group, Group)
        methods = [each for each in vars(type(group)) if not each.startswith("_")]
        for method in methods:
            bound = getattr(group, method)
            bound(**dict.fromkeys(inspect.signature(bound).parameters))
        yield name, list(zip(methods, called, strict=True))
        called.clear()


def _section(method: str, action: Action) -> str:
    lines = [f"#### `{method}`\n", f"{action.summary} `{action.name}`, {action.method} `{action.path}`"]
    if action.path_v1:
        lines[-1] += f" (v1: `{action.path_v1}`)"
    if action.note:
        lines[-1] += f". Note: {action.note}"
    lines[-1] += "\n"
    if action.parameters:
        lines += ["| parameter | allowed | what |", "|---|---|---|"]
        lines += [_row(each) for each in action.parameters]
        lines.append("")
    if action.answer:
        lines.append(f"Answer: {', '.join(f'`{each}`' for each in action.answer)}\n")
    if action.job:
        lines.append(_job(action.job) + "\n")
    return "\n".join(lines)


def _row(parameter: Parameter) -> str:
    name = f"**`{parameter.name}`**" if parameter.required else f"`{parameter.name}`"
    doc = parameter.doc + (f" {parameter.note[0].upper()}{parameter.note[1:]}." if parameter.note else "")
    return f"| {name} | {parameter.allowed} | {doc} |"


def _job(kind: JobKind) -> str:
    states = kind.states
    told = [f"Goes on: {', '.join(states.going)}", f"done: {', '.join(states.succeeded)}"]
    told += [f"failed: {', '.join(states.failed)}"] if states.failed else []
    told += [f"ended early: {', '.join(states.cancelled)}"] if states.cancelled else []
    cancel = f"; `{kind.cancel.name}` ends it early" if kind.cancel else ""
    goals = f"; may be waited for: {', '.join(kind.goals)}" if kind.goals else ""
    return f"A job, shown by `{kind.show.name}`{cancel}{goals}. {'; '.join(told)}."


if __name__ == "__main__":
    PAGE.write_text(reference())
