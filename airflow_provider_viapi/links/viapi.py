"""Links from a task instance to its job and to its result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator


def job_address(service: str, version: str, job_id: str) -> str:
    """Alibaba's OpenAPI Explorer with the question after a job filled in; no page of a job's own is known."""
    parameters = quote(json.dumps({"JobId": job_id}, separators=(",", ":")), safe="")
    return f"https://api.aliyun.com/api/{service}/{version}/GetAsyncJobResult?params={parameters}"


def _pushed(ti_key: Any, key: str) -> Any:
    from airflow.providers.common.compat.sdk import XCom

    return XCom.get_value(ti_key=ti_key, key=key)


class ViapiJobLink(BaseOperatorLink):
    """To the job in Alibaba's OpenAPI Explorer, from the moment it was accepted."""

    name = "Job at Alibaba Cloud"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """The address, or nothing while there is no job."""
        return str(_pushed(ti_key, "job_link") or "")


class ViapiResultLink(BaseOperatorLink):
    """To the first file of the result, as long as its address lives."""

    name = "Result"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """The address, or nothing while there is no result, or one without files."""
        from airflow_provider_viapi.alibaba import services
        from airflow_provider_viapi.links.result_file import first_file

        return first_file(_pushed(ti_key, "return_value"), operator, services.actions())
