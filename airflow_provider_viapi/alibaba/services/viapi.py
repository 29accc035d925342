"""Service viapi, version 2023-01-17: lists, reports and cancels the jobs of all VIAPI services."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service, get_async_job_result
from airflow_provider_viapi.alibaba.parameters import Integer, String

SERVICE = Service(name="viapi", version="2023-01-17")

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE, generations=("2025",))

QUERY_ASYNC_JOB_LIST = Action(
    service=SERVICE,
    name="QueryAsyncJobList",
    summary="List the account's jobs of the last 24 hours, without their results; at most one call in 5 seconds.",
    parameters=(
        String(name="StartTime", doc="Earliest creation time, such as 2023-01-04 00:00:00."),
        String(name="EndTime", doc="Latest creation time, such as 2023-01-04 23:00:00."),
        String(name="JobId", doc="Id of the one job to list."),
        String(name="PopProduct", doc="List only jobs of this service."),
        String(
            name="PopApiName",
            doc="List only jobs of this action; its service must be activated for the account.",
        ),
        String(name="Status", doc="List only jobs in this state."),
        Integer(name="PageNum", minimum=1, doc="Number of the page, from 1."),
        Integer(name="PageSize", minimum=1, maximum=500, doc="Jobs on a page."),
    ),
    result=(
        ResultField("CurrentPage", "integer"),
        ResultField("PageSize", "integer"),
        ResultField("TotalPage", "integer"),
        ResultField("TotalRecord", "integer"),
        ResultField(
            "Result",
            "list",
            counted_by="TotalRecord",
            fields=(
                ResultField("JobId"),
                ResultField("PopProduct", doc="Service of the job."),
                ResultField("PopApiName", doc="Action of the job."),
                ResultField("Status"),
                ResultField("GmtCreate", doc="Time of acceptance; the documents name no time zone."),
                ResultField("StartTime"),
                ResultField("EndTime"),
                ResultField("CallerParentId"),
            ),
        ),
    ),
    idempotent=True,
    generations=("2025",),
)

CANCEL_WAITING_ASYNC_JOB = Action(
    service=SERVICE,
    name="CancelWaitingAsyncJob",
    summary="Cancel a job that is still queued. A job that is already running continues and is billed.",
    parameters=(String(name="JobId", required=True, min_length=1, doc="Job to cancel."),),
    idempotent=True,
    generations=("2025",),
)
