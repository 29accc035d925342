"""What the groups of calls have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_viapi.huawei.model import Action

Answer = dict[str, Any]
"""A decoded answer, with the API's own keys."""

Call = Callable[[Action, Mapping[str, Any]], Answer]
"""What calls an action: a client's or a hook's method."""


class Group:
    """Actions that belong together.

    :param call: calls them
    """

    def __init__(self, call: Call) -> None:
        self._call = call
