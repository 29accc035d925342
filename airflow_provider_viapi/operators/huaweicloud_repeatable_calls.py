"""Calls that change nothing more when they are repeated, such as stop and delete; base of operators that delete."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import InvalidRequest, TransientError, proves_not_accepted
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.vias.service import NOT_FOUND
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.task.view import fail_and_show

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

logger = logging.getLogger(__name__)


def call_repeatedly(
    hook: HuaweiCloudHook, action: Action, request: Mapping[str, Any], *, may_be_done: bool = False
) -> dict[str, Any]:
    """Call an action that changes nothing more when repeated, such as stop or delete, until there is a response.

    :param may_be_done: an earlier attempt may have called it
    :returns: the response; empty if what is to be deleted does not exist any more after an earlier call
    """
    from airflow_provider_viapi.retrying import READ, retry_call

    def call() -> dict[str, Any]:
        nonlocal may_be_done
        try:
            return hook.call(action, request)
        except TransientError as error:
            may_be_done = may_be_done or not proves_not_accepted(error)
            raise
        except InvalidRequest as error:
            if may_be_done and action.method == "DELETE" and error.code == NOT_FOUND:
                logger.warning(
                    "%s: the resource does not exist; an earlier call may have deleted it. If none did, check the id "
                    "and the connection's project: %s",
                    action.name,
                    error,
                )
                return {}
            raise

    return retry_call(call, policy=READ, max_seconds=hook.client.retry_seconds, log=logger)


class DeleteResourceOperator(HuaweiCloudOperator):
    """Delete something; a call whose response was lost is repeated, and then it need not exist any more."""

    def execute(self, context: Context) -> Any:
        """Check the rendered request and delete."""
        with fail_and_show(context, self.action_name):
            request, may_be_done = self.validated_request(), context["ti"].try_number > 1
            return self.action.shown(
                call_repeatedly(self.hook, self.action, request, may_be_done=may_be_done)
            )
