"""The actions of Huawei Cloud's services, as data: one module (or package) a service."""

from __future__ import annotations

from functools import cache

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action


@cache
def actions() -> dict[str, Action]:
    """All actions of MetaStudio and VIAS, by their full names."""
    from airflow_provider_viapi.huawei.services import metastudio, vias

    return {action.full_name: action for action in (*metastudio.ACTIONS, *vias.ACTIONS)}


def find(full_name: str) -> Action:
    """The action of a full name, such as ``vias.CreateTask``.

    :raises InvalidRequest: there is none
    """
    try:
        return actions()[full_name]
    except KeyError:
        raise InvalidRequest(
            f"{full_name!r} is not an action; allowed: names such as vias.CreateTask or metastudio.CreateAsyncTtsJob",
            code="InvalidAction",
        ) from None
