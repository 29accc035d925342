"""Which file of a result a link leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.results import HasResultFields, fields_of_any, file_urls


def first_file(result: Any, operator: Any, actions: Mapping[str, HasResultFields]) -> str:
    """The address of the first file that a result holds as the service model has it, or nothing.

    :param result: what the task has returned
    :param operator: of the task. Its ``action`` says what the result holds; where that is not known, as in the web
        server of Airflow 2 and of jobs of any kind, it may be the result of any action
    :param actions: all of the cloud's by their full names
    """
    action = getattr(operator, "action", None)
    known = actions[action] if isinstance(action, str) else action
    if not isinstance(result, Mapping):
        return ""
    files = file_urls(result, fields_of_any([known] if known else actions.values()))
    return next((each for each in files.values() if each.startswith(("http://", "https://"))), "")
