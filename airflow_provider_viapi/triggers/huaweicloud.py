"""The waiting for a job of Huawei Cloud's."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.triggers.job import JobTrigger
from airflow_provider_viapi.triggers.task_state import UNSUCCESSFUL


class HuaweiCloudJobTrigger(JobTrigger):
    """Waits for a job of one connection's account; see :class:`~airflow_provider_viapi.triggers.job.JobTrigger`.

    :param huaweicloud_conn_id: id of the connection
    :param goal: the state that is waited for instead of the end
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
        """The states of its task with which the job ends too.

        A job that is to go on after its goal goes on when a person says that the task has done its work.
        """
        return super().cancel_on_states if self.goal is None else UNSUCCESSFUL

    def hook(self) -> HuaweiCloudHook:
        """The hook that asks."""
        return HuaweiCloudHook(self.huaweicloud_conn_id, goal=self.goal, scope=self.scope)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments to make this trigger again, in any triggerer."""
        path, arguments = super().serialize()
        own = {"huaweicloud_conn_id": self.huaweicloud_conn_id, "goal": self.goal, "scope": self.scope}
        return path, {**arguments, **own}
