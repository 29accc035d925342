"""Actions of the VIAPI services as data, one module (or package) per service.

Facts are from the VIAPI documents of 2020 and 2021 (marked *2020*) and Alibaba's API metadata and SDKs of late 2025
(marked *2025*); where they differ, a parameter's ``note`` has both. Facts that neither states are not in the model.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.schema import short_repr

_SERVICES = ("videoenhan", "imgsearch", "videorecog", "videoseg", "ocr", "viapi")


@cache
def _actions_of(service: str) -> dict[str, Action]:
    module = import_module(f"{__name__}.{service}")
    values = (getattr(module, name) for name in getattr(module, "__all__", vars(module)))
    return {value.full_name: value for value in values if isinstance(value, Action)}


def actions() -> dict[str, Action]:
    """Return every action in the model by ``service.Name``, such as ``videoenhan.EraseVideoSubtitles``."""
    return {name: action for service in _SERVICES for name, action in _actions_of(service).items()}


def find(name: str) -> Action:
    """Return the action of that name.

    :param name: ``service.Name``, or ``Name`` alone if only one service has it
    :raises InvalidRequest: no action has that name, or several have; the message lists similar names
    """
    if not isinstance(name, str):
        raise InvalidRequest(
            f"action is of type {type(name).__name__}; allowed: an action or its name, such as "
            "videoenhan.GenerateVideo",
            code="InvalidAction",
        )
    service, _, _ = name.partition(".")
    known = _actions_of(service) if service in _SERVICES else actions()
    if name in known:
        return known[name]
    matches = [action for action in known.values() if action.name == name]
    if len(matches) != 1:
        from difflib import get_close_matches

        similar = [action.full_name for action in matches] or get_close_matches(name[:100], actions(), 5, 0)
        raise InvalidRequest(
            f"{short_repr(name)} does not name one action of the service model; similar: "
            f"{', '.join(sorted(similar))}",
            code="InvalidAction",
        )
    return matches[0]
