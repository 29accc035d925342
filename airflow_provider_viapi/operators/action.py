"""What all operators of this provider have in common: an action, its request, and when that is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.media.request_inputs import Media
from airflow_provider_viapi.media.staging import check, check_place
from airflow_provider_viapi.operators.durability import fail_without_retry
from airflow_provider_viapi.operators.templates import is_templated

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

__all__ = ["ViapiOperator", "is_templated"]


class ViapiOperator(BaseOperator):
    """Call an action that answers at once and return the answer's ``Data``.

    :param request: the action's parameters by wire name; ``None`` means not given. Literal values are checked
        when the DAG is parsed, templated ones after rendering, always before anything is sent.
    :param action: the action, or its name (``imgsearch.ListImageDbs``); the operators of a service have their own
    :param staging: where media are copied to that the service cannot read where they are (``s3://``, ``gs://``,
        ``file://`` …): a bucket of the team's in Shanghai, ``oss://bucket/prefix``; VIAPI's temporary storage unless
        given
    :param viapi_conn_id: id of the Airflow connection
    """

    template_fields: Sequence[str] = ("request", "staging", "viapi_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json"}
    ui_color = "#fff1e5"
    action: Action
    is_async: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "action" in cls.__dict__:
            cls._check_kind(cls.action)

    @classmethod
    def _check_kind(cls, action: Any) -> None:
        if not isinstance(action, Action) or action.is_job is not cls.is_async:
            kind = "a job" if cls.is_async else "an action that answers at once"
            name = action.name if isinstance(action, Action) else repr(action)
            raise TypeError(f"{cls.__name__} needs {kind} as its action; {name} is not one")

    def __init__(
        self,
        *,
        request: Mapping[str, Any],
        action: Action | str | None = None,
        staging: str | None = None,
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        # Each field of the result is an XCom of its own, which is what ``task.output["VideoUrl"]`` refers to.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if action is not None:
            self.action = services.find(action) if isinstance(action, str) else action
        self._check_kind(getattr(self, "action", None))
        self.request = check(self.action, request, pending=is_templated)
        if not is_templated(staging):
            check_place(staging)
        self.staging = staging
        self.viapi_conn_id = viapi_conn_id

    @cached_property
    def hook(self) -> ViapiHook:
        """The hook that calls."""
        return ViapiHook(self.viapi_conn_id)

    def validated_request(self) -> dict[str, Any]:
        """The rendered request with values of their proper types.

        :raises InvalidRequest: something is not allowed
        """
        if self.action.retired:
            self.log.warning("%s: %s", self.action.name, self.action.retired)
        check_place(self.staging)
        return check(self.action, self.request)

    def media(self, context: Context, request: Mapping[str, Any]) -> Media:
        """The files that a checked request names."""
        return Media.of(context, request, action=self.action, to=self.staging, hook=self.hook, log=self.log)

    def execute(self, context: Context) -> Any:
        """Check the rendered request, call the action, return its ``Data``."""
        with fail_without_retry():
            media = self.media(context, self.validated_request())
            try:
                return self.hook.call(self.action, media.readable)["Data"]
            finally:
                media.release()
