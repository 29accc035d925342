"""Validation of faults as they are described in JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from airflow_provider_viapi.emulator.faults import ANY_ACTION, CallFault, Fault, JobFault
from airflow_provider_viapi.emulator.jobs import LIMIT_RETRY_FAILED, PROCESS_FAILED, TIMEOUT_FAILED
from airflow_provider_viapi.schema import is_encodable

MAX_SECONDS = 24 * 60 * 60
"""Longest delay in seconds."""


class InvalidFault(ValueError):
    """The description of a fault is not valid; the message says why."""


def parse_fault(
    description: object,
    actions: Collection[str],
    huawei_actions: Collection[str] = (),
    *,
    job_actions: Collection[str],
) -> Fault:
    """Validate the description of a fault.

    :param description: an object with ``action``, ``times`` and the effects
    :param actions: names of VIAPI's actions
    :param huawei_actions: names of actions whose jobs may end in any state
    :param job_actions: those of VIAPI's actions that submit jobs
    :raises InvalidFault: the description is not valid
    """
    given = _object(description, {"action", "times", "job", "result_expires", *_CALL_CHECKS}, "a fault")
    action = given.get("action")
    if not isinstance(action, str) or action not in {ANY_ACTION, *actions, *huawei_actions}:
        raise InvalidFault(
            f"action is {action!r}; it must be the name of an action, or {ANY_ACTION!r} for all"
        )
    times = given.get("times", 1)
    if times is not None and (type(times) is not int or times < 1):
        raise InvalidFault(
            f"times is {times!r}; it must be a whole number from 1, or null: until it is cleared"
        )
    call, job = _call_fault(given), _job_fault(given)
    if "job" in given and action not in {ANY_ACTION, *job_actions, *huawei_actions}:
        raise InvalidFault(f"{action} submits no job; remove job, or name an action that submits one")
    if job is not None and job.state is not None and action not in huawei_actions:
        _one_of(PROCESS_FAILED, TIMEOUT_FAILED, LIMIT_RETRY_FAILED)("job.state", job.state)
    if call is None and job is None:
        effects = ", ".join([*_CALL_CHECKS, "job"])
        raise InvalidFault(f"the fault has no effect; add one of {effects} or result_expires")
    return Fault(str(action), times, call, job, dict(given))


def _call_fault(given: Mapping[str, Any]) -> CallFault | None:
    fields = {name: check(name, given[name]) for name, check in _CALL_CHECKS.items() if name in given}
    if not fields:
        return None
    if "drop" in fields and not fields.keys() <= {"drop", "hold", "accept_after", "delay"}:
        raise InvalidFault(
            "drop sends no response; remove it, or remove status, body, performed, code and message"
        )
    if "code" in fields and "body" in fields:
        raise InvalidFault(
            "code is the service's own error; body is only valid with a status and without code"
        )
    if "message" in fields and "code" not in fields:
        raise InvalidFault("message is only valid with code")
    if "body" in fields and "status" not in fields:
        raise InvalidFault("body is only valid with status")
    if "performed" in fields and fields.keys().isdisjoint({"status", "code"}):
        raise InvalidFault("performed is only valid with status or code")
    fault = CallFault(**fields)
    if fault.accept_after and not fault.is_performed:
        raise InvalidFault(
            'accept_after needs a call that is performed; add "performed": true or use drop "after"'
        )
    return fault


def _job_fault(given: Mapping[str, Any]) -> JobFault | None:
    described = _object(given.get("job", {}), _JOB_CHECKS, "job")
    fields = {name: _JOB_CHECKS[name](f"job.{name}", value) for name, value in described.items()}
    if "state" not in fields and not fields.keys().isdisjoint({"code", "message"}):
        raise InvalidFault("job.code and job.message are only valid with job.state")
    if "result_expires" in given:
        fields["result_expires"] = _seconds("result_expires", given["result_expires"])
    return JobFault(**fields) if fields else None


def _object(value: object, known: Collection[str], name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidFault(f"{name} must be an object with some of the fields {', '.join(sorted(known))}")
    unknown = value.keys() - set(known)
    if unknown:
        raise InvalidFault(
            f"{name} has no field {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}"
        )
    return value


def _seconds(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS:
        return float(value)
    raise InvalidFault(f"{name} is {value!r}; it must be a number of seconds from 0 to {MAX_SECONDS}")


def _status(name: str, value: object) -> int:
    if type(value) is not int or not 200 <= value <= 599 or value in (204, 205, 304):
        raise InvalidFault(
            f"{name} is {value!r}; it must be an HTTP status from 200 to 599 that allows a body"
        )
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not is_encodable(value):
        raise InvalidFault(f"{name} is {value!r}; it must be a string that can be encoded as UTF-8")
    return value


def _word(name: str, value: object) -> str:
    if not value:
        raise InvalidFault(f"{name} is {value!r}; it must be a string that is not empty")
    return _text(name, value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidFault(f"{name} is {value!r}; it must be true or false")
    return value


def _one_of(*choices: str) -> Callable[[str, object], str]:
    def check(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise InvalidFault(f"{name} is {value!r}; it must be one of {', '.join(choices)}")
        return value

    return check


_CALL_CHECKS: Mapping[str, Callable[[str, object], Any]] = {
    "hold": _seconds,
    "accept_after": _seconds,
    "delay": _seconds,
    "drop": _one_of("before", "after"),
    "status": _status,
    "body": _text,
    "performed": _flag,
    "code": _word,
    "message": _text,
}
_JOB_CHECKS: Mapping[str, Callable[[str, object], Any]] = {
    "queued": _seconds,
    "processing": _seconds,
    "listed_after": _seconds,
    "state": _word,
    "code": _word,
    "message": _text,
}
