"""The waiting for a VIAPI job."""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.triggers.job import JobTrigger


class ViapiJobTrigger(JobTrigger):
    """Waits for a job of one connection's account; see :class:`~airflow_provider_viapi.triggers.job.JobTrigger`.

    :param viapi_conn_id: id of the connection
    """

    def __init__(self, *, viapi_conn_id: str = ViapiHook.default_conn_name, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.viapi_conn_id = viapi_conn_id

    def hook(self) -> ViapiHook:
        """The hook that asks."""
        return ViapiHook(self.viapi_conn_id)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments to make this trigger again, in any triggerer."""
        path, arguments = super().serialize()
        return path, {**arguments, "viapi_conn_id": self.viapi_conn_id}
