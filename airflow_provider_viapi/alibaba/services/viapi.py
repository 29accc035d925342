"""Service viapi, version 2023-01-17: watches the jobs of all VIAPI services."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Service
from airflow_provider_viapi.alibaba.services.jobs import get_async_job_result

SERVICE = Service("viapi", "2023-01-17")

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE)
