"""Error classes: which one an error code maps to, pickling, and which errors prove that nothing was accepted."""

from __future__ import annotations

import json
import pickle
from datetime import datetime
from typing import Any

import pytest

from airflow_provider_viapi import errors
from airflow_provider_viapi.alibaba.errors import VIAPI_CODES, classify
from airflow_provider_viapi.alibaba.job_reports import read_report
from airflow_provider_viapi.errors import ServiceError, from_dict, proves_not_accepted
from airflow_provider_viapi.huawei.errors import classify as classify_huawei
from airflow_provider_viapi.jobs.model import Job
from airflow_provider_viapi.operators.task.attempt import is_permanent


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("Throttling", 400, errors.Throttled),
        ("Throttling.User", 429, errors.Throttled),
        ("Throttling.Api", 400, errors.Throttled),
        ("ServiceUnavailable", 503, errors.TransientError),
        ("InternalError", 500, errors.TransientError),
        ("InternalError.Algo", 586, errors.TransientError),
        ("InternalError.Busy", 500, errors.TransientError),
        ("InternalError.Timeout", 500, errors.TransientError),
        ("SignatureDoesNotMatch", 400, errors.CredentialsRejected),
        ("IncompleteSignature", 403, errors.CredentialsRejected),
        ("InvalidTimeStamp.Expired", 400, errors.CredentialsRejected),
        ("InvalidAccessKeyId.NotFound", 404, errors.CredentialsRejected),
        ("MissingAccessKeyId", 400, errors.CredentialsRejected),
        ("InvalidSecurityToken.Expired", 400, errors.CredentialsRejected),
        ("SignatureNonceUsed", 400, errors.ServiceError),
        ("Forbidden.RAM", 403, errors.PermissionDenied),
        ("AuthFailed", 403, errors.PermissionDenied),
        ("InvalidApi.NotPurchase", 400, errors.PermissionDenied),
        ("InvalidApi.ForbiddenInvoke", 400, errors.PermissionDenied),
        ("InvalidParameter", 400, errors.InvalidRequest),
        ("InvalidParameter.BadRequest", 400, errors.InvalidRequest),
        ("MissingParameter", 400, errors.InvalidRequest),
        ("InvalidFile.Region", 400, errors.InvalidMedia),
        ("InvalidImage.Download", 400, errors.InvalidMedia),
        ("InvalidVideoUrl.Region", 400, errors.InvalidMedia),
        ("SomethingNew", 400, errors.InvalidRequest),
        ("SomethingNew", 200, errors.ServiceError),
        ("SomethingNew", 499, errors.TransientError),
        ("SomethingNew", 429, errors.Throttled),
        ("SomethingNew", 502, errors.TransientError),
        ("SomethingNew", 403, errors.PermissionDenied),
    ],
)
def test_a_code_decides_the_class_and_the_status_only_where_the_code_is_unknown(
    code: str, status: int, kind: type[ServiceError]
) -> None:
    assert classify(code, status) is kind


TRANSIENT = {
    "InternalServerError",
    "InternalServerError.Model",
    "InternalServerError.Algo",
    "InternalServerError.Busy",
    "InternalError.Algo",
}
"""Codes that the documents call errors of the server."""

DOCUMENTED_CODES = pytest.mark.parametrize(
    "code", [*{each.code: None for each in VIAPI_CODES}, "UnsupportedOperation"]
)


def test_the_table_has_every_row_of_the_documents() -> None:
    assert len(VIAPI_CODES) == 20


@DOCUMENTED_CODES
@pytest.mark.parametrize("status", [200, 400, 403, 404, 500, 503, 586])
def test_a_documented_code_has_one_class_at_every_status(code: str, status: int) -> None:
    kind = classify(code, status)

    if code in TRANSIENT:
        assert kind is errors.TransientError
    elif code.startswith("InvalidFile"):
        assert kind is errors.InvalidMedia
    else:
        assert kind is errors.InvalidRequest


@DOCUMENTED_CODES
def test_a_job_that_failed_with_a_documented_code_is_retried_only_if_the_server_failed(code: str) -> None:
    response = {"Data": {"Status": "PROCESS_FAILED", "ErrorCode": code}}

    with pytest.raises(errors.JobFailed) as raised:
        read_report(Job("J", "videoenhan.EraseVideoSubtitles"), response).result_or_raise()

    assert is_permanent(raised.value) is (code not in TRANSIENT)


ONE_OF_EACH = [
    errors.Throttled("slow down", code="Throttling", request_id="R", http_status=429, action="A"),
    errors.JobFailed(
        "it failed", job_id="J", state="PROCESS_FAILED", is_permanent=True, code="InvalidFile.Decode"
    ),
    errors.JobTimedOut("too late", job_id="J", action="A"),
    errors.InvalidRequest("BX is 2"),
]


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_and_a_trigger_event(error: ServiceError) -> None:
    pickled = pickle.loads(pickle.dumps(error))
    restored = from_dict(json.loads(json.dumps(error.as_dict())))

    for copy in (pickled, restored):
        assert type(copy) is type(error)
        assert copy.__dict__ == error.__dict__
        assert str(copy) == str(error)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ConfigurationError, "ConfigurationError"),
        (errors.InvalidRequest, "InvalidParameter"),
        (errors.StateError, "StateError"),
        (errors.StateConflict, "StateConflict"),
        (errors.SubmissionInDoubt, "SubmissionInDoubt"),
        (errors.BatchFailed, "BatchFailed"),
        (errors.ServiceError, None),
        (errors.TransientError, None),
    ],
)
def test_an_error_has_its_classs_code_unless_it_has_another_or_none(
    kind: type[ServiceError], code: str | None
) -> None:
    assert kind("no").code == code
    assert kind("no", code="Other").code == "Other"
    without = kind("no", code=None)
    assert without.code is None
    assert from_dict(without.as_dict()).code is None


def test_an_event_of_a_later_version_is_still_an_error_of_the_tree() -> None:
    error = from_dict({"class": "NotThereYet", "message": "new", "code": "New"})

    assert type(error) is ServiceError
    assert error.code == "New"


def test_the_text_names_action_code_status_and_request_id() -> None:
    assert str(ONE_OF_EACH[0]) == "A: slow down (code Throttling, HTTP 429, request id R)"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = [
        line.split()[-1] if line.strip() == "ServiceError" else line.strip(" │├└─").split()[0]
        for line in (errors.__doc__ or "").splitlines()
        if "──" in line or line.strip() == "ServiceError"
    ]

    tree = [
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, ServiceError)
    ]
    assert sorted(drawn) == sorted(tree)


@pytest.mark.parametrize(
    ("error", "is_refusal"),
    [
        (errors.InvalidRequest("BX is 2", http_status=400, code="InvalidParameter"), True),
        (errors.InvalidMedia("not readable", http_status=400), True),
        (errors.CredentialsRejected("wrong secret", http_status=400), True),
        (errors.PermissionDenied("not enabled", http_status=403), True),
        (errors.Throttled("too fast", http_status=503, code="Throttling"), True),
        (errors.ConnectionFailed("no connection"), True),
        (errors.ConfigurationError("no key"), True),
        (errors.ServiceError("an unknown refusal", http_status=409, code="SomethingNew"), True),
        (errors.ServiceError("the nonce was used", http_status=400, code="SignatureNonceUsed"), False),
        (errors.ServiceError("it was used again", http_status=400, code="SignatureNonceUsed.Repeat"), False),
        (errors.ServiceError("no response was read"), False),
        (errors.ResponseLost("no response"), False),
        (errors.TransientError("it failed", http_status=500, code="InternalError"), False),
        (errors.TransientError("too slow", http_status=504, code="InternalError.Timeout"), False),
        (errors.TransientError("later", http_status=503, code="ServiceUnavailable"), False),
        (errors.TransientError("too slow", http_status=408, code="Timeout"), False),
        (errors.InvalidRequest("timed out", http_status=408, code="RequestTimeout"), False),
        (errors.SubmissionInDoubt("unknown"), False),
        (errors.JobFailed("it failed", job_id="J", state="PROCESS_FAILED", http_status=400), False),
    ],
    ids=lambda value: (
        f"{type(value).__name__}-{value.code}" if isinstance(value, ServiceError) else str(value)
    ),
)
def test_only_a_refusal_before_any_work_proves_that_nothing_was_accepted(
    error: ServiceError, is_refusal: bool
) -> None:
    assert proves_not_accepted(error) is is_refusal


@pytest.mark.parametrize("cloud", [classify, classify_huawei])
@pytest.mark.parametrize(
    "code",
    [
        "OperationFailed",
        "TaskFailed",
        "AlgorithmError",
        "NetworkError",
        "UpstreamError",
        "RpcError",
        "DBError",
        "AlreadySubmitted",
        "JobAlreadyExists",
        "RequestInProgress",
        "DuplicateJob",
        "RequestReplayed",
        "NonceUsed",
        "RetryLater",
        "DeadlineExceeded",
        "Aborted",
        "BadGateway",
        "Error",
        "Unknown",
        "NoResponse",
        "SystemMaintenance",
        "CircuitBreakerOpen",
        "OutOfMemory",
    ],
)
def test_an_unknown_code_that_means_a_failure_or_a_repetition_proves_no_refusal(
    cloud: Any, code: str
) -> None:
    assert not proves_not_accepted(cloud(code, 400)("failed", code=code, http_status=400))


@pytest.mark.parametrize("cloud", [classify, classify_huawei])
@pytest.mark.parametrize(
    "code", ["SomethingNew", "UserNotExists", "ModelNotFound", "TaskLimitExceeded", "JobIdMissing"]
)
def test_another_unknown_code_with_an_error_of_the_client_proves_a_refusal(cloud: Any, code: str) -> None:
    assert proves_not_accepted(cloud(code, 400)("refused", code=code, http_status=400))


DEADLINE = "2026-07-05T12:00:00+00:00"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({}, f"job J had not ended at the deadline {DEADLINE}"),
        (
            {"set_by": "job_timeout=0:01:00"},
            f"job J had not ended at the deadline {DEADLINE} (job_timeout=0:01:00)",
        ),
        (
            {"has_ended": True},
            f"job J has ended, but its result could not be fetched: the deadline was {DEADLINE}",
        ),
    ],
)
def test_the_error_of_a_job_that_is_late_names_job_action_and_deadline(how: Any, message: str) -> None:
    deadline = datetime.fromisoformat(DEADLINE)

    error = errors.JobTimedOut.at_deadline("J", "videoenhan.EraseVideoSubtitles", deadline, **how)

    assert str(error) == f"EraseVideoSubtitles: {message}"
    assert error.job_id == "J"
