"""Base of operators that create something with a name, which may exist already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.operators.arguments.checks import as_choice
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.task.view import fail_and_show
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

IfExists = Literal["create", "skip", "fail"]


class CreateNamedOperator(HuaweiCloudOperator):
    """Create a video source, a group or an edge pool, unless there is one of that name; return its id.

    The documents do not say whether the service refuses a name that exists, so the list decides. Two tasks that
    create the same name at the same time may both create it.

    :param if_exists: what to do if the name is used: ``create`` without looking, ``skip`` to return the existing
        id, or ``fail``; default: ``create``
    """

    listing: ClassVar[Action]
    """Action that lists what exists."""
    listed: ClassVar[str]
    """Field of its response that holds the items."""
    name_field: ClassVar[str]
    """Parameter and field with the name."""
    name_filter: ClassVar[str | None] = None
    """Parameter of the list that takes a part of the name, if it has one."""

    def __init__(self, *, if_exists: IfExists = "create", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.if_exists = as_choice("if_exists", if_exists, get_args(IfExists), self.action.name)

    def execute(self, context: Context) -> Any:
        """Create it, or return the id of what has the name."""
        with fail_and_show(context, self.action_name):
            request = self.validated_request()
            existing = [] if self.if_exists == "create" else self._find(request[self.name_field])
            if not existing:
                return self.hook.call(self.action, request)
            id_name = self.action.response_fields[0]
            ids = ", ".join(map(str, existing))
            if self.if_exists == "fail" or len(existing) > 1:
                raise InvalidRequest(
                    f"{self.name_field} {short_repr(request[self.name_field])} exists already ({id_name} {ids}); "
                    + ("delete all but one" if len(existing) > 1 else "if_exists='skip' uses it"),
                    code="AlreadyExists",
                    action=self.action.name,
                )
            self.log.info("%s %s exists already: %s", self.name_field, request[self.name_field], ids)
            return {id_name: existing[0]}

    def _find(self, name: str) -> list[Any]:
        from airflow_provider_viapi.huawei.account_algorithms import pages

        wanted = {self.name_filter: name} if self.name_filter else {}
        return [
            each[self.action.response_fields[0]]
            for each in pages(self.hook.call, self.listing, self.listed, wanted)
            if each.get(self.name_field) == name and each.get(self.action.response_fields[0])
        ]
