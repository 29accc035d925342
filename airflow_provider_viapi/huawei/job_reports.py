"""Read responses about Huawei Cloud's jobs: avatar videos, speech, models, live tasks, and VIAS tasks.

A job's kind (``huawei.model.JobKind``) says which action shows it, which cancels it and what its states mean. A task
may wait for a *target state*, a state before the terminal one: a live task that is on air, a stream task that runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.http_errors import malformed_response
from airflow_provider_viapi.huawei import services
from airflow_provider_viapi.huawei.errors import Reason, read_reason, redact
from airflow_provider_viapi.huawei.model import CONTENT_REFUSED, Action, JobKind, States
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.redaction import MAX_CODE
from airflow_provider_viapi.result_fields import ResultField

VIDEO_LINK = "preview_video_url"
"""Field of a result with the link to a video."""

# Names of the fields that hold the code and message of a failure, besides those of error responses.
_REASONS = (
    ("code", "message"),
    ("job_failed_code", "job_failed_reason"),
    ("block_reason_code", "reason"),
    ("state", "block_reason"),
)


def kind_of(action: str) -> JobKind:
    """Return the kind of the jobs that an action creates.

    :param action: as ``service.Action``
    :raises InvalidRequest: there is no such action, or it creates no jobs
    """
    return services.find(action).job_kind


def parse_submission(action: Action, request: Mapping[str, Any], response: Mapping[str, Any]) -> Job:
    """Return the job that the response to a submission names.

    :param request: the request, which names a live task's room
    :raises ResponseLost: the response names no job, so the outcome of the submission is unknown
    """
    kind = action.job_kind
    job_id = _dig(response, kind.id_in)
    if not isinstance(job_id, str) or not job_id:
        raise malformed_response("has no job id", action=action.name)
    # A VIAS task for each source: the service may accept several with one request.
    listed = response.get("tasks")
    siblings = tuple(str(_dig(each, ("id",))) for each in listed[1:]) if isinstance(listed, list) else ()
    scope = str(request[kind.scope_name]) if kind.scope_name else None
    return Job(job_id, action.full_name, scope, siblings=siblings)


def request_about(job: Job) -> dict[str, str]:
    """Return the parameters that identify a job to the actions that show or cancel it.

    :raises InvalidRequest: the job has no scope (such as a room), which its service needs
    """
    kind = kind_of(job.action)
    if kind.scope_name is None:
        return {kind.id_name: job.id}
    if job.scope is None:
        raise InvalidRequest(
            f"job {job.id} can only be queried with its {kind.scope_name}, which is missing",
            code="MissingParameter",
            action=kind.status_action.name,
        )
    return {kind.id_name: job.id, kind.scope_name: job.scope}


def outcome_of(states: States, state: str, target_state: str | None = None) -> Outcome:
    """Return the outcome that a state means for a task that waits; an unknown state is not terminal.

    :param target_state: a state before the terminal one; a job that has succeeded has passed through it
    """
    if state == target_state or state in states.succeeded:
        return Outcome.SUCCEEDED
    if state in states.failed:
        return Outcome.FAILED
    return Outcome.CANCELLED if state in states.cancelled else Outcome.WAITING


def read_report(job: Job, response: Mapping[str, Any], target_state: str | None = None) -> JobReport:
    """Return the report of a job from the response of the action that shows it, which holds the result as well.

    :raises ResponseLost: the response has no state
    """
    kind = kind_of(job.action)
    state = _dig(response, kind.state_in)
    if not isinstance(state, str) or not state:
        raise malformed_response("has no state", action=kind.status_action.name)
    named = _dig(response, (*kind.state_in[:-1], kind.id_name))
    if isinstance(named, str) and named and named != job.id:
        # Such as from a gateway's cache, or off by one on a shared connection.
        raise malformed_response(f"is about another job than {job.id}", action=kind.status_action.name)
    outcome = outcome_of(kind.states, state, target_state)
    reason = _reason(response, kind) if outcome in (Outcome.FAILED, Outcome.CANCELLED) else Reason()
    return JobReport(
        job_id=job.id,
        state=state,
        outcome=outcome,
        result=kind.status_action.shown(response) if outcome is Outcome.SUCCEEDED else None,
        error_code=reason.code,
        error_message=reason.message,
        is_permanent=state in CONTENT_REFUSED,
        may_continue=outcome is Outcome.FAILED and state in kind.states.may_continue,
    )


def asset_without_link(report: JobReport, kind: JobKind) -> str | None:
    """Return the id of the asset that a video became, if the report has no link to it.

    The reports of avatar videos have none: the service offers no preview of them [SDK, ``OutputAssetInfo``].
    """
    asset = _made_asset(report.result or {}, kind.files)
    if asset is None or asset.get(VIDEO_LINK):
        return None
    return asset.get("asset_id")


def with_asset_link(report: JobReport, kind: JobKind, shown: Mapping[str, Any]) -> JobReport:
    """Return the report with the link to the asset's main file, in the field that other videos have.

    :param shown: response of ``ShowAsset``
    """
    mains = [each for each in shown.get("files") or () if each.get("asset_file_category") == "MAIN"]
    link = next((each["download_url"] for each in mains if each.get("download_url")), None)
    if link is None:
        return report
    result = deepcopy(report.result)
    asset = _made_asset(result or {}, kind.files)
    if asset is not None:
        asset[VIDEO_LINK] = link
    return replace(report, result=result)


def _made_asset(result: Mapping[str, Any], fields: Iterable[ResultField]) -> dict[str, Any] | None:
    """Return the part of a result that describes the asset of a video."""
    for field in fields:
        inner = result.get(field.name)
        if not isinstance(inner, dict):
            continue
        if any(each.name == VIDEO_LINK for each in field.fields):
            return inner
        if (found := _made_asset(inner, field.fields)) is not None:
            return found
    return None


def is_cancelled(report: JobReport, kind: JobKind) -> bool:
    """Return whether a job whose cancellation was refused is cancelled already, such as by a call before."""
    return report.state in (*kind.states.cancelled, *kind.states.cancelling)


def _reason(response: Mapping[str, Any], kind: JobKind) -> Reason:
    about = _dig(response, kind.state_in[:-1])
    if not isinstance(about, Mapping):
        return Reason()
    # VIAS has "error", MetaStudio "error_info"; other structures, such as an algorithm's settings, come last.
    inner = [part for name in ("error", "error_info") if isinstance(part := about.get(name), Mapping)]
    for part in (*inner, about):
        if (reason := read_reason(part)).message:
            return reason
        for code_name, message_name in _REASONS:
            if part.get(message_name):
                return Reason(
                    str(part.get(code_name) or "")[:MAX_CODE] or None, redact(str(part[message_name]))
                )
    # A code alone is more than nothing.
    return next(filter(lambda reason: reason.code, map(read_reason, inner)), Reason())


def _dig(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
