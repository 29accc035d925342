"""How answers about Huawei Cloud's jobs are read: avatar videos, speech, models, live tasks, and VIAS's tasks.

A job's kind (``huawei.model.JobKind``) says which action shows it, which cancels it and what its states mean; here
answers are read by it. What is waited for may be a *goal* short of the end: a live task that is on air, a stream task
that runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest, ResponseLost, ServiceError
from airflow_provider_viapi.huawei import services
from airflow_provider_viapi.huawei.errors import Reason, read_reason
from airflow_provider_viapi.huawei.model import Action, JobKind, States
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome

# The pairs under which answers about jobs give a reason, besides those of error answers.
_REASONS = (
    ("job_failed_code", "job_failed_reason"),
    ("block_reason_code", "reason"),
    ("state", "block_reason"),
)


def kind_of(action: str) -> JobKind:
    """How jobs of an action are followed.

    :param action: as ``service.Action``
    :raises InvalidRequest: there is no such action, or it makes no jobs
    """
    return services.find(action).job_kind


def submitted(action: Action, request: Mapping[str, Any], answer: Mapping[str, Any]) -> Job:
    """The job that a submission's answer speaks of.

    :param request: what was asked for, which names a live task's room
    :raises ResponseLost: it names no job, so what came of the submission is not known
    :raises ServiceError: it names several tasks, all of which were accepted; the message says which
    """
    kind = action.job_kind
    job_id = _dig(answer, kind.id_in)
    if not isinstance(job_id, str) or not job_id:
        raise ResponseLost("got an answer without a job's id", action=action.name)
    listed = answer.get("tasks")
    if isinstance(listed, list) and len(listed) > 1:
        named = ", ".join(str(_dig(each, ("id",))) for each in listed)
        raise ServiceError(
            f"accepted as {len(listed)} tasks ({named}), which go on; give each source a task of its own",
            code="SeveralTasks",
            action=action.name,
        )
    return Job(job_id, action.full_name, str(request[kind.scope_name]) if kind.scope_name else None)


def request_about(job: Job) -> dict[str, str]:
    """What the actions that show or cancel a job are given to know it by.

    :raises InvalidRequest: the job does not say where it is, which its service has to know
    """
    kind = kind_of(job.action)
    if kind.scope_name is None:
        return {kind.id_name: job.id}
    if job.scope is None:
        raise InvalidRequest(
            f"job {job.id} is found only with its {kind.scope_name}",
            code="MissingParameter",
            action=kind.show.name,
        )
    return {kind.id_name: job.id, kind.scope_name: job.scope}


def outcome_of(states: States, state: str, goal: str | None = None) -> Outcome:
    """What a state means to whoever waits for the goal, or for the end; an unknown one is no end.

    :param goal: a state short of the end; a job that has ended well without being seen in it has passed through
    """
    if state == goal or state in states.succeeded:
        return Outcome.SUCCEEDED
    if state in states.failed:
        return Outcome.FAILED
    return Outcome.CANCELLED if state in states.cancelled else Outcome.WAITING


def read_report(job: Job, answer: Mapping[str, Any], goal: str | None = None) -> JobReport:
    """How a job stands, from the answer of the action that shows it, which is the result once it succeeded.

    :raises ResponseLost: the answer holds no state
    """
    kind = kind_of(job.action)
    state = _dig(answer, kind.state_in)
    if not isinstance(state, str) or not state:
        raise ResponseLost("got an answer without a state", action=kind.show.name)
    outcome = outcome_of(kind.states, state, goal)
    result = {name: value for name, value in answer.items() if name not in kind.private}
    reason = _reason(answer, kind) if outcome in (Outcome.FAILED, Outcome.CANCELLED) else Reason()
    return JobReport(
        job_id=job.id,
        state=state,
        outcome=outcome,
        result=result if outcome is Outcome.SUCCEEDED else None,
        error_code=reason.code,
        error_message=reason.message,
    )


def _reason(answer: Mapping[str, Any], kind: JobKind) -> Reason:
    about = _dig(answer, kind.state_in[:-1])
    parts = [about, about.get("error_info")] if isinstance(about, Mapping) else []
    for part in parts:
        if (reason := read_reason(part)).message:
            return reason
        for code_name, message_name in _REASONS:
            if isinstance(part, Mapping) and part.get(message_name):
                return Reason(str(part.get(code_name) or "") or None, str(part[message_name]))
    return Reason()


def _dig(value: Any, way: tuple[str | int, ...]) -> Any:
    for step in way:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
