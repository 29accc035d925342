"""Trigger that waits for one job of Huawei Cloud."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.triggers.job import JobTrigger
from airflow_provider_viapi.triggers.task_state import UNSUCCESSFUL


class HuaweiCloudJobTrigger(JobTrigger):
    """Wait for a job of one connection's account; see :class:`~airflow_provider_viapi.triggers.job.JobTrigger`.

    :param huaweicloud_conn_id: id of the connection
    :param goal: the state to wait for instead of the end
    :param scope: the room of a live task
    """

    def __init__(
        self,
        *,
        huaweicloud_conn_id: str = HuaweiCloudHook.default_conn_name,
        goal: str | None = None,
        scope: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.huaweicloud_conn_id = huaweicloud_conn_id
        self.goal = goal
        self.scope = scope

    @property
    def cancel_on_states(self) -> Collection[str]:
        """States of the task with which its job is cancelled.

        A job that continues after its goal is kept when a user marks its task as successful.
        """
        return super().cancel_on_states if self.goal is None else UNSUCCESSFUL

    def hook(self) -> HuaweiCloudHook:
        """Return the hook that polls."""
        return HuaweiCloudHook(self.huaweicloud_conn_id, goal=self.goal, scope=self.scope)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments that rebuild this trigger in any triggerer."""
        path, arguments = super().serialize()
        own = {"huaweicloud_conn_id": self.huaweicloud_conn_id, "goal": self.goal, "scope": self.scope}
        return path, {**arguments, **own}
