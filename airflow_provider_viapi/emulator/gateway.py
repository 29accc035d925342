"""The gateway: determine the action of a request, authenticate the caller, check the quota and the parameters.

The checks have the order of the service's gateway. It does not know what an action does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import ListOf, Parameter, Structure, Structured, ValueList
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

    @property
    def job_actions(self) -> set[str]:
        """Names of those that submit jobs."""
        every = (action for versions in self._actions.values() for action in versions.values())
        return {action.name for action in every if action.is_job}

    @property
    def full_names(self) -> set[str]:
        """Full names of the actions that can be called."""
        return {action.full_name for versions in self._actions.values() for action in versions.values()}

    def service_of(self, request: Request) -> str | None:
        """Return the name of the service that a request calls."""
        versions = self._actions.get(request.action, {})
        named = versions.get(request.version) or next(iter(versions.values()), None)
        return None if named is None else named.service.name

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
        name = parameter.name
        if isinstance(parameter, Structured | ValueList) and not (parameter.as_json and name in wire):
            if value := _nested(wire, parameter):
                request[name] = value
        elif name in wire:
            request[name] = wire[name]
    return request


def _nested(wire: Mapping[str, str], parameter: Structured | ValueList) -> Any:
    prefix = f"{parameter.name}."
    inside = {name.removeprefix(prefix): text for name, text in wire.items() if name.startswith(prefix)}
    if isinstance(parameter, Structure):
        return unflatten(inside, parameter.fields)
    numbered: dict[int, dict[str, str]] = {}
    for name, text in inside.items():
        number, _, rest = name.partition(".")
        if re.fullmatch("[1-9][0-9]{0,5}", number):
            numbered.setdefault(int(number), {})[rest] = text
    items = [numbered[number] for number in sorted(numbered)]
    if isinstance(parameter, ListOf):
        return [unflatten(fields, parameter.fields) for fields in items]
    return [fields[""] for fields in items if "" in fields]
