"""Trigger that waits for one VIAPI job."""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.triggers.job import JobTrigger


class ViapiJobTrigger(JobTrigger):
    """Wait for a job of one connection's account; see :class:`~airflow_provider_viapi.triggers.job.JobTrigger`.

    :param viapi_conn_id: id of the connection
    """

    def __init__(self, *, viapi_conn_id: str = ViapiHook.default_conn_name, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.viapi_conn_id = viapi_conn_id

    def hook(self) -> ViapiHook:
        """Return the hook that polls."""
        return ViapiHook(self.viapi_conn_id)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments that rebuild this trigger in any triggerer."""
        path, arguments = super().serialize()
        return path, {**arguments, "viapi_conn_id": self.viapi_conn_id}
