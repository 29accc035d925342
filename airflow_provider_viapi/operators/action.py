"""What all operators of this provider have in common: an action, its request, and when that is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.operators.context import failing_for_good

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


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


class ViapiOperator(BaseOperator):
    """Call an action that answers at once and return the answer's ``Data``.

    :param request: the action's parameters by wire name; ``None`` means not given. Literal values are checked
        when the DAG is parsed, templated ones after rendering, always before anything is sent.
    :param action: the action, or its name (``imgsearch.ListImageDbs``); the operators of a service have their own
    :param viapi_conn_id: id of the Airflow connection
    """

    template_fields: Sequence[str] = ("request", "viapi_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json"}
    ui_color = "#fff1e5"
    action: Action
    answers_with_job: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "action" in cls.__dict__:
            cls._check_kind(cls.action)

    @classmethod
    def _check_kind(cls, action: Any) -> None:
        if not isinstance(action, Action) or action.is_job is not cls.answers_with_job:
            kind = "a job" if cls.answers_with_job else "an action that answers at once"
            name = action.name if isinstance(action, Action) else repr(action)
            raise TypeError(f"{cls.__name__} needs {kind} as its action; {name} is not one")

    def __init__(
        self,
        *,
        request: Mapping[str, Any],
        action: Action | str | None = None,
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        # Each field of the result is an XCom of its own, which is what ``task.output["VideoUrl"]`` refers to.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if action is not None:
            self.action = services.find(action) if isinstance(action, str) else action
        self._check_kind(getattr(self, "action", None))
        self.request = self.action.check(request, pending=is_templated)
        self.viapi_conn_id = viapi_conn_id

    @cached_property
    def hook(self) -> ViapiHook:
        """The hook that calls."""
        return ViapiHook(self.viapi_conn_id)

    def execute(self, context: Context) -> Any:
        """Check the rendered request, call the action, return its ``Data``."""
        with failing_for_good():
            return self.hook.call(self.action, self.request)["Data"]
