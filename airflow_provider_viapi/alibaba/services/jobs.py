"""The action that reports a job's state and result; every service with jobs has it for its own jobs."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, Generation, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import String


def get_async_job_result(service: Service, generations: tuple[Generation, ...] = ("2020", "2025")) -> Action:
    """Return the action ``GetAsyncJobResult`` of a service."""
    return Action(
        service=service,
        name="GetAsyncJobResult",
        summary="Return the state of a job and, once it has succeeded, its result.",
        parameters=(
            String(
                name="JobId",
                required=True,
                min_length=1,
                doc="RequestId of the answer to the job's submission.",
            ),
        ),
        result=(
            ResultField("JobId"),
            ResultField("Status", doc="State of the job."),
            ResultField("Result", "any", doc="Result of the job, a JSON document in a string."),
            ResultField("ErrorCode"),
            ResultField("ErrorMessage"),
        ),
        idempotent=True,
        generations=generations,
    )
