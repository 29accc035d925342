"""Write ``docs/huawei-actions.md``, the reference of MetaStudio's and VIAS's actions, from the service model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from airflow_provider_viapi.huawei.model import Action, JobKind
from airflow_provider_viapi.huawei.services import metastudio, vias
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.schema import Parameter
from make_reference import operators_in

PAGE = Path(__file__).parents[1] / "docs" / "huawei-actions.md"

HEAD = """\
# Actions of Huawei Cloud

Look up the parameters of an action of MetaStudio or VIAS, the fields of its response, and the states of its job.
Under each heading are the HTTP request and, if the action has one, its operator. If it has none, call it by its
name: see [Any action](how-to/any-action.md#an-action-of-huawei-cloud), or [the hook](huawei.md#the-hook).

* **Parameters** in bold are required. An operator takes most parameters under the same names. Its docstring lists
  the differences, such as `vias_task_id` instead of `task_id`.
* **Response** lists the known top-level fields of the response. **Results of tasks leave out** lists the fields, at
  any depth, that a task does not return, because they are secret; the hook returns them.
* **Job**: the action only starts a job, which continues after the response. A job operator waits until the job is in
  one of the states after *succeeded*, *failed* or *cancelled*, and returns the response of the action that is named
  here.
* **Other states to wait for** are values of `target_state` of `HuaweiCloudJobOperator` and of typed operators.

`make reference` generates this page from the service model in `airflow_provider_viapi/huawei/services`. Operators,
hook and emulator check requests with the same model. [Sources of the facts](huawei.md#sources-of-the-facts) lists
what it was compared with.
"""

_CHAPTERS = {"metastudio": "MetaStudio", "vias": "VIAS"}


def reference() -> str:
    """Return the page."""
    parts = [HEAD]
    for service in (metastudio, vias):
        parts.append(f"## {_CHAPTERS[service.SERVICE.name]}\n")
        parts += [_section(action) for action in service.ACTIONS]
    return "\n".join(parts)


def _section(action: Action) -> str:
    names = sorted(
        {each.__name__ for each in operators_in("Huawei Cloud", HuaweiCloudOperator) if each.action is action}
    )
    own = f" · {', '.join(f'`{name}`' for name in names)}" if names else ""
    v1 = f" (v1: `{action.path_v1}`)" if action.path_v1 else ""
    lines = [f"### {action.name}\n", f"{action.summary}\n", f"{action.method} `{action.path}`{v1}{own}\n"]
    if action.note:
        lines.append(f"Note: {action.note}.\n")
    if action.parameters:
        lines += ["| parameter | allowed | description |", "|---|---|---|"]
        lines += [_row(each) for each in action.parameters]
        lines.append("")
    if action.response_fields:
        lines.append(f"Response: {_listed(action.response_fields)}\n")
    if action.private:
        lines.append(f"Results of tasks leave out: {_listed(action.private)}\n")
    if action.job:
        lines.append(_job(action.job) + "\n")
    return "\n".join(lines)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def _row(parameter: Parameter) -> str:
    name = f"**`{parameter.name}`**" if parameter.required else f"`{parameter.name}`"
    doc = parameter.doc + (f" {parameter.note[0].upper()}{parameter.note[1:]}." if parameter.note else "")
    return f"| {name} | {parameter.allowed} | {doc} |"


def _job(kind: JobKind) -> str:
    states = kind.states
    groups = (
        ("running", states.pending),
        ("succeeded", states.succeeded),
        ("failed", states.failed),
        ("cancelled", states.cancelled),
    )
    named = "; ".join(f"{name}: {', '.join(each)}" for name, each in groups if each)
    cancel = f"; `{kind.cancel.name}` cancels it" if kind.cancel else ""
    others = f" Other states to wait for: {', '.join(kind.target_states)}." if kind.target_states else ""
    return f"Job: `{kind.status_action.name}` returns its state{cancel}. States: {named}.{others}"


if __name__ == "__main__":
    PAGE.write_text(reference())
