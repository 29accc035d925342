"""Links from a task instance to its job and its result: one XCom per link, which Airflow's UI reads.

Airflow 3 itself calls ``get_link`` at the end of each process of a task, also when it defers, and stores the result
under ``xcom_key``. Reading a link that does not exist yet costs a call and an ERROR line, and storing it again
another call. So a task stores its links itself, as soon as they are known, under the key that the UI reads; see
:func:`store_links`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode

from airflow.providers.common.compat.sdk import BaseOperatorLink

from airflow_provider_viapi.best_effort import logging_failure
from airflow_provider_viapi.result_fields import HasResultFields, fields_of_any, file_urls
from airflow_provider_viapi.task_instance.xcoms import JOB_LINK_KEY, RESULT_LINK_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context


class StoredLink(BaseOperatorLink):
    """Base of links whose address is an XCom of the task."""

    key: ClassVar[str]
    """Key of the XCom."""

    @property
    def xcom_key(self) -> str:
        """Key under which Airflow 3 reads the link."""
        return self.key

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address, or an empty text if the task has not stored one."""
        from airflow.providers.common.compat.sdk import XCom

        return str(XCom.get_value(ti_key=ti_key, key=self.key) or "")


class JobLink(StoredLink):
    """Link to the job, from the moment it was accepted."""

    key = JOB_LINK_KEY


class ResultLink(StoredLink):
    """Link to the first file of the result: where it was landed, else its address at the service.

    From Airflow 3.1 on, a landed file in object storage is opened by the plugin (see :func:`openable`).
    """

    name = "Result"
    key = RESULT_LINK_KEY


def store_links(task: BaseOperator, context: Context, **addresses: str) -> None:
    """Store links of a running task; call it once, without addresses, before the task may defer or fail.

    A link that cannot be stored is logged: what the task has paid for must not be lost for it.

    :param addresses: by key, such as ``result_link``; empty ones are not stored
    """
    # What the task does itself, Airflow need not do again at the end of the process.
    others = (link for link in task.operator_extra_links if not isinstance(link, StoredLink))
    task.operator_extra_links = tuple(others)
    for key, address in addresses.items():
        if address:
            with logging_failure(task.log, "The link %s could not be stored: %s", key):
                context["ti"].xcom_push(key=key, value=openable(address, context["ti"]))


def openable(address: str, task_instance: Any) -> str:
    """Return the address that a browser opens for a file: the plugin's for a file in object storage.

    The plugin redirects users who may read the DAG to a link that works for ten minutes. Its address is relative to
    Airflow's, which a worker need not know. Other addresses are returned unchanged, and before Airflow 3.1 all are.
    """
    from airflow import __version__

    from airflow_provider_viapi.media.storages import storage_of

    has_plugin = tuple(int(part) for part in __version__.split(".")[:2]) >= (3, 1)
    if not has_plugin or not storage_of(address.partition("://")[0]).signs:
        return address
    query = {
        "run_id": task_instance.run_id,
        "task_id": task_instance.task_id,
        "map_index": task_instance.map_index,
        "address": address,
    }
    return f"viapi/open/{quote(task_instance.dag_id, safe='')}?{urlencode(query)}"


def result_address(
    result: Any, actions: Iterable[HasResultFields], landed: Mapping[str, str] | None = None
) -> str:
    """Return the address of the first file of a result, or an empty text.

    :param result: what the task returns
    :param actions: the action that created the result, or all that may have
    :param landed: addresses where files were stored, by their keys in the result
    """
    files = file_urls(result, fields_of_any(actions)) if isinstance(result, Mapping) else {}
    if landed:
        return next((landed[key] for key in files if key in landed), next(iter(landed.values())))
    return next((url for url in files.values() if url.startswith(("http://", "https://"))), "")


_PRODUCTS = {"metastudio": "MetaStudio", "vias": "VIAS"}


def huaweicloud_job_address(service: str, show: str, region: str) -> str:
    """Return the page of Huawei's API Explorer for the action that reports a job; no page of a job is known.

    :param service: such as ``vias``
    :param show: name of the action that reports the job
    """
    query = urlencode({"product": _PRODUCTS[service], "api": show, "region": region})
    return f"https://apiexplorer.developer.huaweicloud.com/apiexplorer/doc?{query}"


class HuaweiCloudJobLink(JobLink):
    """Link to the action that reports the job, in Huawei's API Explorer."""

    name = "Job at Huawei Cloud"


def viapi_job_address(service: str, version: str, job_id: str) -> str:
    """Return the page of Alibaba's OpenAPI Explorer that reports a job; a console page of a job is not known."""
    return viapi_action_address(service, version, "GetAsyncJobResult", {"JobId": job_id})


def viapi_action_address(product: str, version: str, action: str, request: Mapping[str, Any]) -> str:
    """Return the page of Alibaba's OpenAPI Explorer that calls an action with a request."""
    parameters = quote(json.dumps(request, separators=(",", ":")), safe="")
    return f"https://api.aliyun.com/api/{product}/{version}/{action}?params={parameters}"


class ViapiJobLink(JobLink):
    """Link to the job in Alibaba's OpenAPI Explorer."""

    name = "Job at Alibaba Cloud"
