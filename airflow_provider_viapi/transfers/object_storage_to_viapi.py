"""Staging of one file as a task of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.media.inputs.request_media import check_source_address, check_staging_location
from airflow_provider_viapi.operators.arguments.checks import as_conn_id, is_templated, not_allowed
from airflow_provider_viapi.operators.provider_task import ProviderTask
from airflow_provider_viapi.operators.task.view import fail_and_show
from airflow_provider_viapi.schema import plain_text
from airflow_provider_viapi.storage_addresses import as_address

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class ObjectStorageToViapiOperator(ProviderTask, BaseOperator):
    """Copy a file once to where VIAPI can read it, for several tasks that use it.

    Returns an address for their media arguments: ``oss://bucket/key`` of the copy in the team's bucket, which each
    task presigns when it submits, so that no signature is stored; without a bucket the address in VIAPI's temporary
    storage. An HTTP(S) address is returned as it is, and so is an object in a bucket in Shanghai whose key has only
    ASCII letters, digits, ``.``, ``_``, ``-`` and ``/``.

    The copy in the team's bucket stays after the DAG run, since its last user is not known. Let a lifecycle rule of
    the bucket remove it.

    :param source: ``s3://``, ``gs://``, ``abfs://``, ``oss://``, ``file://`` or any address that Airflow's
        ``ObjectStoragePath`` opens, or such a path object
    :param staging: the team's bucket in Shanghai, ``oss://bucket/prefix``; default: VIAPI's temporary storage
    :param service: the service that is to read it, for the temporary storage; default: ``videoenhan``
    :param viapi_conn_id: id of the Airflow connection; default: ``viapi_default``
    """

    template_fields: Sequence[str] = ("source", "staging", "viapi_conn_id")
    ui_color = "#fff1e5"

    def __init__(
        self,
        *,
        source: Any,
        staging: Any = None,
        service: str = "videoenhan",
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = as_address(source)
        self.staging = as_address(staging)
        self.service: str = plain_text(service)
        self.viapi_conn_id = as_conn_id("viapi_conn_id", viapi_conn_id)
        self._check(is_unresolved=is_templated)

    def _check(self, is_unresolved: Any = lambda value: False) -> None:
        _check_service(self.service)
        if not is_unresolved(self.source):
            check_source_address(self.source, name="source", action="ObjectStorageToViapi")
        if not is_unresolved(self.staging):
            check_staging_location(self.staging)

    def execute(self, context: Context) -> str:
        """Copy the file unless this DAG run has done so, and return the address."""
        from airflow_provider_viapi.media.inputs.staging import Staging

        with fail_and_show(context):
            self.check_rendered()
            self.source, self.staging = as_address(self.source), as_address(self.staging)
            self._check()
            staging = Staging.of_task(context, ViapiHook(self.viapi_conn_id), to=self.staging, log=self.log)
            return staging.stage_file(self.source, self.service)


def _check_service(service: Any) -> None:
    if isinstance(service, str) and service in services.SERVICES:
        return
    # Users' own models may have other services.
    if not isinstance(service, str) or service not in {each.partition(".")[0] for each in services.actions()}:
        raise not_allowed("service", service, f"{', '.join(services.SERVICES)}; it cannot be a template")
