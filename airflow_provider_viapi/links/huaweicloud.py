"""Links to a job of Huawei Cloud and to its result."""

from __future__ import annotations

from urllib.parse import urlencode

from airflow_provider_viapi.links.base import JobLink, ResultLink

_PRODUCTS = {"metastudio": "MetaStudio", "vias": "VIAS"}


def job_address(service: str, show: str, region: str) -> str:
    """Return the page of Huawei's API Explorer for the action that reports a job; no page of a job is known.

    :param service: such as ``vias``
    :param show: name of the action that reports the job
    """
    query = urlencode({"product": _PRODUCTS[service], "api": show, "region": region})
    return f"https://apiexplorer.developer.huaweicloud.com/apiexplorer/doc?{query}"


class HuaweiCloudJobLink(JobLink):
    """Link to the action that reports the job, in Huawei's API Explorer."""

    name = "Job at Huawei Cloud"


class HuaweiCloudResultLink(ResultLink):
    """Link to the first file of the result."""
