"""Which file of a result a link leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from airflow_provider_viapi.result_fields import ResultField


class HasResult(Protocol):
    """An action of either cloud, as far as links need to know it."""

    @property
    def result(self) -> tuple[ResultField, ...]:
        """What its result holds."""
        ...


def first_file(result: Any, operator: Any, actions: Mapping[str, HasResult]) -> str:
    """The address of the first file that a result holds as the service model has it, or nothing.

    :param result: what the task has returned
    :param operator: of the task. Its ``action`` says what the result holds; where that is not known, as in the web
        server of Airflow 2 and of jobs of any kind, it may be the result of any action
    :param actions: all of the cloud's by their full names
    """
    action = getattr(operator, "action", None)
    known = actions[action] if isinstance(action, str) else action
    fields = [field for each in ([known] if known else actions.values()) for field in each.result]
    addresses = _files(result, fields)
    return next((each for each in addresses if each.startswith(("http://", "https://"))), "")


def _files(value: Any, fields: Iterable[ResultField]) -> Iterator[str]:
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, Mapping):
            for field in fields:
                inner = part.get(field.name)
                if field.kind != "file":
                    yield from _files(inner, field.fields)
                elif isinstance(inner, str):
                    yield inner
