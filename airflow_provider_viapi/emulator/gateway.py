"""The gateway: determine the action of a request, authenticate the caller, check the quota and the parameters.

The checks have the order of the service's gateway. It does not know what an action does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import ListOf, Parameter
from airflow_provider_viapi.emulator.access_keys import AccessKeys
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.quota import Quota
from airflow_provider_viapi.emulator.request import Call, Request
from airflow_provider_viapi.errors import InvalidRequest


class Gateway:
    """Turn requests into calls.

    :param actions: actions that can be called
    :param access_keys: authenticates callers
    :param quota: limits calls
    """

    def __init__(self, actions: Iterable[Action], access_keys: AccessKeys, quota: Quota) -> None:
        self._actions: dict[str, dict[str, Action]] = {}
        for action in actions:
            self._actions.setdefault(action.name, {}).setdefault(action.service.version, action)
        self._access_keys = access_keys
        self._quota = quota

    def admit(self, request: Request) -> Call:
        """Return the call that a request makes.

        :raises ApiError: the action does not exist, the caller is not authorized, or a parameter is not valid
        """
        action = self._action(request)
        self._access_keys.authenticate(request)
        self._quota.take(action.name)
        names = {parameter.name for parameter in action.parameters}
        wire = {name: text for name, text in request.parameters.items() if name.split(".")[0] in names}
        return Call(request.id, action, _checked(action, wire), wire, request.base)

    @property
    def actions(self) -> Collection[str]:
        """Names of the actions that can be called."""
        return self._actions.keys()

    def service_of(self, action: str) -> str | None:
        """Return the name of the service that has an action of that name."""
        versions = self._actions.get(action, {})
        return next((action.service.name for action in versions.values()), None)

    def _action(self, request: Request) -> Action:
        if not request.action:
            raise ApiError("MissingParameter", "Action is missing; every call needs it.")
        if not request.version:
            raise ApiError("MissingParameter", "Version is missing; every call needs it.")
        versions = self._actions.get(request.action)
        if versions is None:
            raise ApiError("InvalidAction.NotFound", "The emulator has no action of this name.")
        action = versions.get(request.version)
        if action is None:
            raise ApiError(
                "InvalidVersion", f"{request.action} exists only in version {', '.join(versions)}."
            )
        return action


def _checked(action: Action, wire: Mapping[str, str]) -> dict[str, Any]:
    try:
        return action.check(unflatten(wire, action.parameters))
    except InvalidRequest as invalid:
        raise ApiError(invalid.code or "InvalidParameter", f"{invalid.message}.") from None


def unflatten(wire: Mapping[str, str], parameters: Iterable[Parameter]) -> dict[str, Any]:
    """Return the request that flat wire parameters represent: ``Boxes.1.X`` is X of the first item of Boxes.

    Unknown parameters and gaps in the numbering of a list are ignored.
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
