"""What an operator's argument is before the task runs: a value, or something that becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_templated(value: Any) -> bool:
    """Whether a value, or one inside it, is known only when the task runs: a Jinja template or an XCom."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(is_templated(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(is_templated(item) for item in value)
    # What Airflow resolves at run time (XComArg and its relatives) can name what it refers to.
    return hasattr(value, "iter_references")
