"""Write ``docs/huawei-actions.md``, the reference of MetaStudio's and VIAS's actions, from the service model."""

from __future__ import annotations

from pathlib import Path

from airflow_provider_viapi.huawei.model import Action, JobKind
from airflow_provider_viapi.huawei.services import metastudio, vias
from airflow_provider_viapi.schema import Parameter

METASTUDIO = (
    *("assets", "files", "scripts", "videos", "cards", "rooms"),
    *("live", "products", "images", "voices", "speech", "vocabulary"),
)

PAGE = Path(__file__).parents[1] / "docs" / "huawei-actions.md"

HEAD = """\
# Huawei Cloud's actions

Written by `scripts/make_huawei_reference.py` from the service model (`airflow_provider_viapi/huawei/services`), by
which hook and emulator check every request. [huawei.md](huawei.md) says how reliable each source is. Bold parameters
are required. Call an action by its name: `HuaweiCloudHook().call("vias.ShowTask", {"task_id": "…"})`.
"""


def reference() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for title, modules in (("MetaStudio", [getattr(metastudio, name) for name in METASTUDIO]), ("VIAS", (vias.tasks, vias.sources))):
        parts.append(f"## {title}\n")
        for module in modules:
            parts.append(f"### {module.__name__.rpartition('.')[2]}\n")
            parts += [_section(each) for each in vars(module).values() if isinstance(each, Action)]
    return "\n".join(parts)


def _section(action: Action) -> str:
    lines = [f"#### `{action.full_name}`\n", f"{action.summary} {action.method} `{action.path}`"]
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
    parts = [f"Goes on: {', '.join(states.going)}", f"done: {', '.join(states.succeeded)}"]
    parts += [f"failed: {', '.join(states.failed)}"] if states.failed else []
    parts += [f"ended early: {', '.join(states.cancelled)}"] if states.cancelled else []
    cancel = f"; `{kind.cancel.name}` ends it early" if kind.cancel else ""
    goals = f"; may be waited for: {', '.join(kind.goals)}" if kind.goals else ""
    return f"A job, shown by `{kind.show.name}`{cancel}{goals}. {'; '.join(parts)}."


if __name__ == "__main__":
    PAGE.write_text(reference())
