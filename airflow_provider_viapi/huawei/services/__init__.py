"""Actions of Huawei Cloud's services as data, one module (or package) per service."""

from __future__ import annotations

from functools import cache

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.schema import short_repr


@cache
def actions() -> dict[str, Action]:
    """Return all actions of MetaStudio and VIAS by their full names."""
    from airflow_provider_viapi.huawei.services import metastudio, vias

    return {action.full_name: action for action in (*metastudio.ACTIONS, *vias.ACTIONS)}


def find(full_name: Action | str) -> Action:
    """Return the action of a full name, such as ``vias.CreateTask``; an action is returned as it is.

    :raises InvalidRequest: there is none; the message lists similar names
    """
    if isinstance(full_name, Action):
        return full_name
    if not isinstance(full_name, str):
        raise InvalidRequest(
            f"action is of type {type(full_name).__name__}; allowed: an action or its name, such as vias.CreateTask",
            code="InvalidAction",
        )
    try:
        return actions()[full_name]
    except KeyError:
        from difflib import get_close_matches

        similar = ", ".join(get_close_matches(full_name[:100], actions(), 3, 0))
        raise InvalidRequest(
            f"{short_repr(full_name)} is not an action; similar: {similar}", code="InvalidAction"
        ) from None
