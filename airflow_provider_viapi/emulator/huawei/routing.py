"""Which action a method and a path call, by the service model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.huawei.errors import refusal
from airflow_provider_viapi.huawei.model import Action


class Paths:
    """The paths of actions, in every family that is known of each.

    :param actions: those that can be called
    """

    def __init__(self, actions: Iterable[Action]) -> None:
        known = [
            (action, path) for action in actions for path in {action.path, action.path_v1 or action.path}
        ]
        # A path in words comes before one with a name in their place.
        known.sort(key=lambda each: each[1].count("{"))
        self._known = [(action, re.compile(_pattern(path))) for action, path in known]

    def find(self, method: str, path: str) -> tuple[Action, dict[str, str]]:
        """The action, and what the path says of its parameters, the project among them.

        :param path: as it was sent, percent-encoded
        :raises ApiError: there is none
        """
        for action, pattern in self._known:
            found = pattern.fullmatch(path) if action.method == method else None
            if found is not None:
                return action, {name: unquote(value) for name, value in found.groupdict().items()}
        raise self._nothing()

    def name_of(self, method: str, path: str) -> str:
        """The name of the action, or an empty one if there is none."""
        try:
            return self.find(method, path)[0].name
        except ApiError:
            return ""

    @staticmethod
    def _nothing() -> ApiError:
        return refusal("APIGW.0101", "The API does not exist or has not been published in the environment")


def _pattern(path: str) -> str:
    words = re.split(r"\{(\w+)\}", path)
    return "".join(f"(?P<{word}>[^/]+)" if place % 2 else re.escape(word) for place, word in enumerate(words))
