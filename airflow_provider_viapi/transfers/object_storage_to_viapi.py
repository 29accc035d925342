"""A file on its way to where VIAPI can read it, as a task of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.media import staging
from airflow_provider_viapi.operators.base import is_templated
from airflow_provider_viapi.operators.durability import fail_without_retry

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class ObjectStorageToViapiOperator(BaseOperator):
    """Copy a file once to where VIAPI can read it, for several tasks that use it.

    Returns an address for their media arguments: ``oss://bucket/key`` of the copy in the team's bucket, of which each
    task makes a link of its own when it submits, so that no signature is stored; without a bucket the address in
    VIAPI's temporary storage. An HTTP(S) address, or an object in Shanghai with a plain name, comes back as it is.

    The copy in the team's bucket stays after the DAG run: who uses it last is not known. Let a lifecycle rule of the
    bucket remove it.

    :param source: ``s3://``, ``gs://``, ``abfs://``, ``oss://``, ``file://`` or whatever object storage opens
    :param staging: the team's bucket in Shanghai, ``oss://bucket/prefix``; VIAPI's temporary storage unless given
    :param service: the service that is to read it, for the temporary storage
    :param viapi_conn_id: id of the Airflow connection
    """

    template_fields: Sequence[str] = ("source", "staging", "viapi_conn_id")
    ui_color = "#fff1e5"

    def __init__(
        self,
        *,
        source: str,
        staging: str | None = None,
        service: str = "videoenhan",
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.staging = staging
        self.service = service
        self.viapi_conn_id = viapi_conn_id
        self._check(pending=is_templated)

    def _check(self, pending: Any = lambda value: False) -> None:
        if not pending(self.source):
            staging.check_source(self.source)
        if not pending(self.staging):
            staging.check_place(self.staging)

    def execute(self, context: Context) -> str:
        """Copy the file unless this DAG run has done so, and return the address."""
        instance = context["ti"]
        with fail_without_retry():
            self._check()
            return staging.stage_file(
                self.source,
                service=self.service,
                to=self.staging,
                hook=ViapiHook(self.viapi_conn_id),
                run=f"{instance.dag_id}/{instance.run_id}",
                holder=f"{instance.task_id}/{instance.map_index}",
                log=self.log,
            )
