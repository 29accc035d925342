"""The retry policy waits after overload, fails on permanent errors, and changes nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_provider_viapi.errors import (
    CredentialsRejected,
    InvalidRequest,
    JobFailed,
    PermissionDenied,
    ServiceError,
    SubmissionInDoubt,
    Throttled,
    TransientError,
)
from airflow_provider_viapi.huawei.job_reports import read_report
from airflow_provider_viapi.jobs.model import Job

retry_policy = pytest.importorskip(
    "airflow_provider_viapi.operators.retry_policy",
    reason="retry policies need Airflow 3.3",
    exc_type=ImportError,
)


@pytest.mark.parametrize(
    ("error", "action", "delay"),
    [
        (Throttled("too many"), "retry", timedelta(minutes=5)),
        (JobFailed("gave up", job_id="J", state="LIMIT_RETRY_FAILED"), "retry", timedelta(minutes=5)),
        (JobFailed("no", job_id="J", state="PROCESS_FAILED"), "default", None),
        (JobFailed("no", job_id="J", state="PROCESS_FAILED", is_permanent=True), "fail", None),
        (InvalidRequest("no"), "fail", None),
        (PermissionDenied("no"), "fail", None),
        (CredentialsRejected("a rotated key may be accepted"), "default", None),
        (SubmissionInDoubt("unknown"), "default", None),
        (TransientError("later"), "default", None),
        (ServiceError("what"), "default", None),
        (ServiceError("two jobs for one request", code="SeveralJobs"), "fail", None),
    ],
)
def test_each_error_has_its_decision(error: ServiceError, action: str, delay: timedelta | None) -> None:
    decision = retry_policy.ViapiRetryPolicy().evaluate(error, 1, 3)

    assert decision.action.value in (action, "reschedule" if action == "retry" else action)
    assert decision.retry_delay == delay


@pytest.mark.parametrize(
    ("state", "code", "action"),
    [("FAILED", "MSS.40001001", "default"), ("BLOCK", "MSS.50030004", "fail"), ("BLOCK", None, "fail")],
)
def test_a_failed_job_of_huawei_cloud_is_judged_by_its_state(
    state: str, code: str | None, action: str
) -> None:
    job = Job("j1", "metastudio.Create2DDigitalHumanVideo")
    response = {"state": state, "error_info": {"error_code": code, "error_msg": "no"}}
    with pytest.raises(JobFailed) as raised:
        read_report(job, response).result_or_raise()

    decision = retry_policy.ViapiRetryPolicy().evaluate(raised.value, 1, 3)

    assert decision.action.value == action


def test_the_policy_survives_serialization() -> None:
    policy = retry_policy.ViapiRetryPolicy(timedelta(seconds=90))

    assert retry_policy.ViapiRetryPolicy.deserialize(policy.serialize()).busy_delay == timedelta(seconds=90)
