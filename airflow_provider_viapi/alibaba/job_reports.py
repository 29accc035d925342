"""Read what VIAPI reports about jobs: states, results, and the entries of the job list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.errors import fails_again, media_advice
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.http_errors import malformed_response
from airflow_provider_viapi.jobs.backend import Ending
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.redaction import MAX_CODE, redact_message, redact_text
from airflow_provider_viapi.result_fields import absolute_address, read_json

STATES: Mapping[str, Outcome] = {
    "QUEUING": Outcome.WAITING,
    "PROCESSING": Outcome.WAITING,
    "PROCESS_SUCCESS": Outcome.SUCCEEDED,
    "PROCESS_FAILED": Outcome.FAILED,
    "TIMEOUT_FAILED": Outcome.FAILED,
    "LIMIT_RETRY_FAILED": Outcome.FAILED,
    "JOB_CANCELED": Outcome.CANCELLED,
}
"""Meaning of the states in the documentation of videoenhan. An unknown state counts as waiting, never as terminal."""

LIST_TIME_ZONES = (timezone(timedelta(hours=8)), timezone.utc)
"""The job list shows times without a zone and the documents name none: China's or UTC, whichever fits."""


def result_action(job: Job) -> Action:
    """Return the action that reports a job: of the service that created it, or ``viapi``'s for unknown services."""
    service_name, _, _ = str(job.action).partition(".")
    try:
        return services.find(f"{service_name}.GetAsyncJobResult")
    except InvalidRequest:
        # Asked at the service viapi, every service's job can be read: user-defined actions need no further action.
        return services.find("viapi.GetAsyncJobResult")


def read_report(job: Job, response: Mapping[str, Any]) -> JobReport:
    """Decode the response of ``GetAsyncJobResult``.

    :raises ResponseLost: the response has no state
    :raises ServiceError: a job that succeeded has no readable result
    """
    data = response["Data"]
    state = data.get("Status")
    if not state:
        raise malformed_response("has no state", action="GetAsyncJobResult")
    named = data.get("JobId")
    if named and str(named).lower() != job.id.lower():
        # Such as from a gateway's cache, or off by one on a shared connection.
        raise malformed_response(f"is about another job than {job.id}", action="GetAsyncJobResult")
    outcome = STATES.get(state, Outcome.WAITING)
    has_failed = outcome in (Outcome.FAILED, Outcome.CANCELLED)
    code = str(data.get("ErrorCode") or "")[:MAX_CODE] or None if has_failed else None
    return JobReport(
        job_id=job.id,
        state=state,
        outcome=outcome,
        result=_read_result(data.get("Result"), job.id) if outcome is Outcome.SUCCEEDED else None,
        error_code=code,
        error_message=_error_message(data) if has_failed else None,
        is_permanent=fails_again(code),
    )


def _error_message(data: Mapping[str, Any]) -> str | None:
    # It may quote the presigned address of a staged file.
    message = redact_message(data.get("ErrorMessage") or "")
    advice = media_advice(str(data.get("ErrorCode") or ""))
    return "; ".join(filter(None, (message, advice))) or None


def _read_result(document: Any, job_id: str) -> dict[str, Any]:
    """Return the result of a finished job: a JSON object in a string, or the object itself.

    :raises ServiceError: it is something else; waiting longer would not change it
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    result = document
    if isinstance(document, str):
        with suppress(ValueError, RecursionError):
            result = read_json(document, parse_constant=refuse)
    if isinstance(result, dict) and _is_json(result):
        with suppress(RecursionError):
            return {name: _with_schemes(name, value) for name, value in result.items()}
    # First shortened: a text of megabytes is not searched for signatures.
    shown = redact_text(_text_of(document)[:2000])[:200]
    raise ServiceError(
        f"job {job_id} has succeeded, but its Result is not a JSON object: {shown!r}. It was paid for; "
        "ask the service's support about it",
        code="UnreadableResult",
        action="GetAsyncJobResult",
    )


def _with_schemes(name: str, value: Any) -> Any:
    """Return a value of a result whose links all have their scheme: one document shows a link that begins with //.

    The fields of the action are not known here, so that a link is recognized by its name or its host.
    """
    if isinstance(value, dict):
        return {key: _with_schemes(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_schemes(name, item) for item in value]
    is_link = isinstance(value, str) and (name.lower().endswith("url") or ".aliyuncs.com/" in value)
    return absolute_address(value) if is_link else value


def _is_json(value: Any) -> bool:
    """Return whether every JSON parser accepts the value: Python's writes and reads NaN and infinity, too."""
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return False
    return True


def _text_of(document: Any) -> str:
    try:
        return document if isinstance(document, str) else json.dumps(document)
    except (ValueError, RecursionError):
        return f"a {type(document).__name__}"


def read_ending(listed: Mapping[str, Any], now: datetime) -> Ending | None:
    """Return when a listed job ended. The list shows full seconds and no time zone, so the nearest zone counts."""
    try:
        ended = datetime.fromisoformat(listed["EndTime"]).replace(tzinfo=None)
    except (KeyError, TypeError, ValueError):
        return None
    since = (abs((now - ended.replace(tzinfo=zone)).total_seconds()) for zone in LIST_TIME_ZONES)
    try:
        took = (ended - datetime.fromisoformat(listed["GmtCreate"]).replace(tzinfo=None)).total_seconds()
    except (KeyError, TypeError, ValueError):
        return Ending(min(since), None)
    return Ending(min(since), max(0.0, took))


def read_finished(listed: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the list says about a job that has ended; ``None`` if it has not, or has no id."""
    outcome = STATES.get(listed.get("Status", ""), Outcome.WAITING)
    if outcome is Outcome.WAITING or not listed.get("JobId"):
        return None
    return {
        "job_id": str(listed["JobId"]),
        "action": f"{listed.get('PopProduct', '')}.{listed.get('PopApiName', '')}",
        "state": listed["Status"],
        "outcome": outcome.value,
        "created_at": listed.get("GmtCreate") or None,
        "started_at": listed.get("StartTime") or None,
        "ended_at": listed.get("EndTime") or None,
    }
