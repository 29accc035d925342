"""Links to a job of VIAPI and to its result."""

from __future__ import annotations

import json
from urllib.parse import quote

from airflow_provider_viapi.links.base import JobLink, ResultLink


def job_address(service: str, version: str, job_id: str) -> str:
    """Return the page of Alibaba's OpenAPI Explorer that reports a job; a console page of a job is not known."""
    parameters = quote(json.dumps({"JobId": job_id}, separators=(",", ":")), safe="")
    return f"https://api.aliyun.com/api/{service}/{version}/GetAsyncJobResult?params={parameters}"


class ViapiJobLink(JobLink):
    """Link to the job in Alibaba's OpenAPI Explorer."""

    name = "Job at Alibaba Cloud"


class ViapiResultLink(ResultLink):
    """Link to the first file of the result."""
