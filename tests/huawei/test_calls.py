"""Every action as a method: none is missing, and each takes what its action takes."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from airflow_provider_viapi.huawei import calls
from airflow_provider_viapi.huawei.calls import MetaStudio, Vias
from airflow_provider_viapi.huawei.calls.group import Group
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import actions, metastudio, vias

Called = list[tuple[Action, Mapping[str, Any]]]


def methods(called: Called) -> Iterator[tuple[str, Any]]:
    """Every method of every group, by its full name."""

    def call(action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        called.append((action, dict(request)))
        return {}

    for whole in (MetaStudio(call), Vias(call)):
        for group, made in vars(whole).items():
            assert isinstance(made, Group)
            for name, method in inspect.getmembers(made, inspect.ismethod):
                if not name.startswith("_"):
                    yield f"{type(whole).__name__}.{group}.{name}", method


def arguments(method: Any) -> dict[str, bool]:
    """The names of a method's arguments, and whether each has to be given."""
    taken = {}
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            typed = str(parameter.annotation).removeprefix("Unpack[").removesuffix("]")
            fields = inspect.getmodule(method).__dict__[typed].__annotations__
            taken |= {each: "Required[" in str(said) for each, said in fields.items()}
        else:
            taken[name] = parameter.default is parameter.empty
    return taken


CALLED: Called = []
METHODS = dict(methods(CALLED))


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_what_its_action_takes(name: str) -> None:
    method, taken = METHODS[name], arguments(METHODS[name])
    CALLED.clear()

    method(**{each: f"the {each}" for each in taken})

    ((action, request),) = CALLED
    assert set(request) <= {each.name for each in action.parameters}
    assert {each: request[each] for each in taken} == {each: f"the {each}" for each in taken}
    if name not in ("Vias.tasks.start", "Vias.tasks.stop", "Vias.groups.list"):
        assert taken == {each.name: each.required for each in action.parameters}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_what_it_does(name: str) -> None:
    assert (METHODS[name].__doc__ or "").strip().endswith(".")


def test_every_action_is_one_method() -> None:
    CALLED.clear()
    for method in METHODS.values():
        method(**dict.fromkeys(arguments(method), "x"))

    count = Counter(action.full_name for action, _ in CALLED)
    assert set(count) <= set(actions())
    assert {name for name, times in count.items() if times > 1} == {vias.tasks.START_STOP_TASK.full_name}


def test_starting_and_stopping_are_two_methods() -> None:
    CALLED.clear()

    METHODS["Vias.tasks.start"]("t1")
    METHODS["Vias.tasks.stop"]("t1")

    assert [request["command"] for _, request in CALLED] == ["start", "stop"]


def test_the_groups_are_named_in_the_docstring() -> None:
    for whole in (MetaStudio, Vias):
        groups = vars(whole(lambda action, request: {}))
        assert all(f":ivar {group}:" in (whole.__doc__ or "") for group in groups)


def test_the_example_in_the_docstring_is_a_call() -> None:
    asked: Called = []
    studio = MetaStudio(lambda action, request: asked.append((action, request)) or {})

    studio.videos.create(script_id="s", output_asset_config={"asset_name": "Spring"})

    assert "studio.videos.create(script_id" in (calls.__doc__ or "")
    assert asked[0][0] is metastudio.videos.CREATE_2D_DIGITAL_HUMAN_VIDEO
