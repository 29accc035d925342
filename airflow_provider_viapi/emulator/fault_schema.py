"""Faults as they are described over HTTP: a JSON structure, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from airflow_provider_viapi.emulator.faults import EVERY_ACTION, CallFault, Fault, JobFault
from airflow_provider_viapi.emulator.jobs import LIMIT_RETRY_FAILED, PROCESS_FAILED, TIMEOUT_FAILED

LONGEST = 24 * 60 * 60
"""Seconds that anything can be delayed or held at most."""


class BadFault(ValueError):
    """A description of a fault that makes no sense; the words say why."""


def read_fault(described: object, actions: Collection[str], others: Collection[str] = ()) -> Fault:
    """A fault as it is described.

    :param described: a structure with ``action``, ``times`` and what happens
    :param actions: the names of the actions that there are
    :param others: those of more actions, whose jobs can be let end in any state
    :raises BadFault: the description makes no sense
    """
    given = _structure(described, {"action", "times", "job", "result_expires", *_CALL_CHECKS}, "a fault")
    action = given.get("action")
    if action != EVERY_ACTION and action not in actions and action not in others:
        raise BadFault(
            f"action is {action!r}; it is the name of an action, or {EVERY_ACTION!r} for every one"
        )
    times = given.get("times", 1)
    if times is not None and (type(times) is not int or times < 1):
        raise BadFault(f"times is {times!r}; it is a whole number from 1, or null for until it is cleared")
    call, job = _call_fault(given), _job_fault(given)
    if job is not None and job.state is not None and action not in others:
        _one_of(PROCESS_FAILED, TIMEOUT_FAILED, LIMIT_RETRY_FAILED)("job.state", job.state)
    if call is None and job is None:
        raise BadFault("nothing happens: a fault needs delay, drop, status, code, job or result_expires")
    return Fault(str(action), times, call, job, dict(given))


def _call_fault(given: Mapping[str, Any]) -> CallFault | None:
    fields = {name: check(name, given[name]) for name, check in _CALL_CHECKS.items() if name in given}
    if "drop" in fields and not fields.keys() <= {"drop", "delay"}:
        raise BadFault("drop leaves no answer that status, body, performed, code or message could tell of")
    if "code" in fields and not fields.keys().isdisjoint({"body", "performed"}):
        raise BadFault("code is the service's own answer; body and performed go with a status alone")
    if "message" in fields and "code" not in fields:
        raise BadFault("message goes with code")
    if "status" not in fields and not fields.keys().isdisjoint({"body", "performed"}):
        raise BadFault("body and performed go with status")
    return CallFault(**fields) if fields else None


def _job_fault(given: Mapping[str, Any]) -> JobFault | None:
    described = _structure(given.get("job", {}), _JOB_CHECKS, "job")
    fields = {name: _JOB_CHECKS[name](f"job.{name}", value) for name, value in described.items()}
    if "state" not in fields and not fields.keys().isdisjoint({"code", "message"}):
        raise BadFault("job.code and job.message go with job.state")
    if "result_expires" in given:
        fields["result_expires"] = _seconds("result_expires", given["result_expires"])
    return JobFault(**fields) if fields else None


def _structure(value: object, known: Collection[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadFault(f"{what} is a structure with some of the fields {', '.join(sorted(known))}")
    unknown = value.keys() - set(known)
    if unknown:
        raise BadFault(f"{what} has no field {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
    return value


def _seconds(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST:
        return float(value)
    raise BadFault(f"{name} is {value!r}; it is a number of seconds from 0 to {LONGEST}")


def _status(name: str, value: object) -> int:
    if type(value) is not int or not 200 <= value <= 599 or value in (204, 205, 304):
        raise BadFault(f"{name} is {value!r}; it is an HTTP status from 200 to 599 that comes with a body")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadFault(f"{name} is {value!r}; it is a string")
    return value


def _word(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise BadFault(f"{name} is {value!r}; it is a string that is not empty")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadFault(f"{name} is {value!r}; it is true or false")
    return value


def _one_of(*choices: str) -> Callable[[str, object], str]:
    def check(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise BadFault(f"{name} is {value!r}; it is one of {', '.join(choices)}")
        return value

    return check


_CALL_CHECKS: Mapping[str, Callable[[str, object], Any]] = {
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
    "state": _word,
    "code": _word,
    "message": _text,
}
