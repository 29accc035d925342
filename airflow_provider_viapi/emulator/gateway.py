"""The gateway: which action a request calls, who calls it, and with what; pure, with a clock that is given.

Its checks come in the order of the service's: the action, the caller (``access``), the parameters (the service
model). It knows nothing of what an action does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_viapi.alibaba.errors import InvalidRequest
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import ListOf, Parameter
from airflow_provider_viapi.emulator.access import Gatekeeper
from airflow_provider_viapi.emulator.call import Call, Request
from airflow_provider_viapi.emulator.refusal import Refusal


class Gateway:
    """Turns requests into calls.

    :param actions: those that can be called
    :param gatekeeper: knows who may call
    """

    def __init__(self, actions: Iterable[Action], gatekeeper: Gatekeeper) -> None:
        self._actions: dict[str, dict[str, Action]] = {}
        for action in actions:
            self._actions.setdefault(action.name, {}).setdefault(action.service.version, action)
        self._gatekeeper = gatekeeper

    def admit(self, request: Request) -> Call:
        """The call that a request makes.

        :raises Refusal: the action does not exist, the caller may not call, or a parameter is not right
        """
        action = self._action(request.parameters)
        self._gatekeeper.authenticate(request)
        names = {parameter.name for parameter in action.parameters}
        wire = {name: text for name, text in request.parameters.items() if name.split(".")[0] in names}
        return Call(request.id, action, _checked(action, wire), wire, request.base)

    def knows(self, action: str) -> bool:
        """Whether there is an action of that name."""
        return action in self._actions

    def _action(self, parameters: Mapping[str, str]) -> Action:
        for name in ("Action", "Version"):
            if not parameters.get(name):
                raise Refusal("MissingParameter", f"{name} is missing; every call needs it.")
        versions = self._actions.get(parameters["Action"])
        if versions is None:
            raise Refusal("InvalidAction.NotFound", "The emulator knows no action of this name.", 404)
        action = versions.get(parameters["Version"])
        if action is None:
            raise Refusal(
                "InvalidVersion", f"{parameters['Action']} exists in version {', '.join(versions)} only."
            )
        return action


def _checked(action: Action, wire: Mapping[str, str]) -> dict[str, Any]:
    try:
        return action.check(unflatten(wire, action.parameters))
    except InvalidRequest as invalid:
        raise Refusal(invalid.code or "InvalidParameter", f"{invalid.message}.") from None


def unflatten(wire: Mapping[str, str], parameters: Iterable[Parameter]) -> dict[str, Any]:
    """The request that flat wire parameters make: ``Boxes.1.X`` is X in the first item of the list Boxes.

    What is none of the given parameters is left out, and so are gaps in the numbering of a list.
    """
    request: dict[str, Any] = {}
    for parameter in parameters:
        if isinstance(parameter, ListOf):
            if items := _items(wire, parameter):
                request[parameter.name] = items
        elif parameter.name in wire:
            request[parameter.name] = wire[parameter.name]
    return request


def _items(wire: Mapping[str, str], parameter: ListOf) -> list[dict[str, Any]]:
    numbered: dict[int, dict[str, str]] = {}
    for name, text in wire.items():
        position = re.fullmatch(rf"{re.escape(parameter.name)}\.([1-9][0-9]{{0,5}})\.(.+)", name)
        if position is not None:
            numbered.setdefault(int(position[1]), {})[position[2]] = text
    return [unflatten(fields, parameter.fields) for _, fields in sorted(numbered.items())]
