"""The actions that watch jobs; every service with jobs answers them for its own."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, Generation, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import String


def get_async_job_result(service: Service, generations: tuple[Generation, ...] = ("2020", "2025")) -> Action:
    """``GetAsyncJobResult`` as the given service has it."""
    return Action(
        service=service,
        name="GetAsyncJobResult",
        summary="State and, once it is done, result of a job.",
        parameters=(
            String(
                name="JobId",
                required=True,
                min_length=1,
                doc="The RequestId that submitting the job answered.",
            ),
        ),
        result=(
            ResultField("JobId"),
            ResultField("Status", doc="State of the job, in the service's own words."),
            ResultField("Result", doc="The job's result, a JSON document in a string."),
            ResultField("ErrorCode"),
            ResultField("ErrorMessage"),
        ),
        idempotent=True,
        generations=generations,
    )
