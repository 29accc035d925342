"""Links from a task instance to its job at Huawei Cloud and to its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from airflow.providers.common.compat.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

_PRODUCTS = {"metastudio": "MetaStudio", "vias": "VIAS"}


def job_address(service: str, show: str, region: str) -> str:
    """Huawei's API Explorer with the question after a job; no page of a job's own is known.

    :param service: such as ``vias``
    :param show: name of the action that shows the job
    """
    query = urlencode({"product": _PRODUCTS[service], "api": show, "region": region})
    return f"https://apiexplorer.developer.huaweicloud.com/apiexplorer/doc?{query}"


def _pushed(ti_key: Any, key: str) -> Any:
    from airflow.providers.common.compat.sdk import XCom

    return XCom.get_value(ti_key=ti_key, key=key)


class HuaweiCloudJobLink(BaseOperatorLink):
    """To where a job is asked after, from the moment it was accepted."""

    name = "Job at Huawei Cloud"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """The address, or nothing while there is no job."""
        return str(_pushed(ti_key, "job_link") or "")


class HuaweiCloudResultLink(BaseOperatorLink):
    """To the first file of the result, as long as its address lives."""

    name = "Result"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """The address, or nothing while there is no result, or one without files."""
        from airflow_provider_viapi.huawei import services
        from airflow_provider_viapi.links.result_file import first_file

        return first_file(_pushed(ti_key, "return_value"), operator, services.actions())
