"""Classes of the service model of Huawei Cloud; the actions themselves are data in ``services``.

The hook checks every call with it, operators check literal values when a DAG is parsed, and the emulator checks what
arrives as the service would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.parameters import Object, before_reading
from airflow_provider_viapi.huawei.pictures import Picture
from airflow_provider_viapi.record import Record
from airflow_provider_viapi.result_fields import ResultField
from airflow_provider_viapi.schema import Parameter, check_request, short_repr

Method = Literal["GET", "POST", "PUT", "DELETE"]

PathFamily = Literal["v2", "v1"]
"""The two documented families of VIAS's paths; which of them a region accepts is not known."""


class Service(Record, kw_only=False):
    """One of Huawei Cloud's services.

    :param name: first part of the host name
    :param regions: regions that are known to offer it
    :param repeats_credentials: its responses repeat passwords of cameras and headers of webhooks that were sent
    """

    name: str
    regions: tuple[str, ...] = ()
    repeats_credentials: bool = False


class States(Record):
    """Meaning of the states of a kind of job; any other state is not terminal.

    :param pending: the job is queued, running or on air
    :param awaiting_review: those of them in which a human has to act, perhaps for days
    :param succeeded: the job has succeeded
    :param failed: the job has failed
    :param cancelled: the job was cancelled
    :param cancelling: pending states of a job that has accepted its cancellation
    :param may_continue: failed states that a job may leave again without a command
    """

    pending: tuple[str, ...]
    awaiting_review: tuple[str, ...] = ()
    succeeded: tuple[str, ...]
    failed: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    cancelling: tuple[str, ...] = ()
    may_continue: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every state that is known."""
        return self.pending + self.succeeded + self.failed + self.cancelled


CONTENT_REFUSED = frozenset(
    {
        "BLOCK",
        "BLOCKED",
        "AUTO_VERIFY_FAILED",
        "MANUAL_VERIFY_FAILED",
        "JOB_REJECT",
        "REJECT",
        "AUDIT_FAILED",
        "USER_REVIEW_REJECT",
    }
)
"""Terminal states of jobs whose content, or transfer, was refused; a retry would be refused too."""


class JobKind(Record):
    """Actions and response fields by which the jobs of one kind are followed.

    :param status_action: action that reports a job
    :param cancel: action that ends a job early, if there is one
    :param cancel_with: parameters of ``cancel`` besides the job's id
    :param states: meaning of the states
    :param id_in: path to the job's id in the response of the action that creates it
    :param state_in: path to the state in the response of ``status_action``
    :param id_name: parameter of ``status_action`` and ``cancel`` that takes the id
    :param scope_name: second parameter that locates the job, such as a live task's room
    :param target_states: states that may be waited for instead of the end
    :param files: fields of the response of ``status_action`` that hold URLs of the job's files
    """

    status_action: Action
    cancel: Action | None = None
    cancel_with: Mapping[str, str] = {}
    states: States
    id_in: tuple[str | int, ...] = ("job_id",)
    state_in: tuple[str, ...] = ("state",)
    id_name: str = "job_id"
    scope_name: str | None = None
    target_states: tuple[str, ...] = ()
    files: tuple[ResultField, ...] = ()


class Action(Record):
    """One action of a service.

    :param service: the service
    :param name: name in Huawei's SDKs and documents, such as ``CreateAsyncTtsJob``
    :param summary: what the action does, in one sentence
    :param method: HTTP method
    :param path: path with a ``{name}`` for each parameter in it, ``project_id`` among them
    :param path_v1: the same in the other family of paths, where it is known
    :param in_path: parameters in the path, besides the project
    :param in_query: parameters in the query
    :param in_body: fields of the body, which is JSON
    :param in_form: fields of the body where it is a form (``multipart/form-data``), files among them
    :param response_fields: fields of the response, as far as they are known
    :param private: fields, at any depth of the response, that contain credentials or addresses of personal files;
        they are left out of results
    :param status: HTTP status of a successful response
    :param repeatable: it is idempotent, although its method is not ``GET``
    :param job: kind of the job that the action creates, if it creates one
    :param refine: checks parameters that depend on each other; it takes the action's name, the checked request and
        ``is_unresolved``, and returns the request
    :param note: what else the descriptions say or leave open
    """

    service: Service
    name: str
    summary: str
    method: Method
    path: str
    path_v1: str | None = None
    in_path: tuple[Parameter, ...] = ()
    in_query: tuple[Parameter, ...] = ()
    in_body: tuple[Parameter, ...] = ()
    in_form: tuple[Parameter, ...] = ()
    response_fields: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    status: int = 200
    repeatable: bool = False
    job: JobKind | None = None
    refine: Callable[[str, dict[str, Any], Callable[[Any], bool]], dict[str, Any]] | None = None
    note: str = ""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, in path, query and body."""
        return self.in_path + self.in_query + self.in_body + self.in_form

    @cached_property
    def pictures(self) -> tuple[tuple[str | None, Picture], ...]:
        """The pictures that a request may contain, each after the name of the structure that it is in, if any."""
        own = [(None, each) for each in self.parameters if isinstance(each, Picture)]
        inside = [
            (each.name, picture)
            for each in self.parameters
            if isinstance(each, Object)
            for picture in each.pictures
        ]
        return (*own, *inside)

    def before_reading(self, opens: Callable[[str], bool]) -> Action:
        """Return the action as DAG authors may call it, with addresses of pictures in storage.

        :param opens: return true for a scheme (``s3``) that pictures can be read from
        """
        if not self.pictures:
            return self
        return self.replace(
            in_body=tuple(before_reading(each, opens) for each in self.in_body),
            in_form=tuple(before_reading(each, opens) for each in self.in_form),
        )

    @cached_property
    def _by_name(self) -> dict[str, Parameter]:
        return {each.name: each for each in self.parameters}

    @property
    def full_name(self) -> str:
        """The name with its service's before it, as jobs and the DAG author's ``action=`` have it."""
        return f"{self.service.name}.{self.name}"

    @property
    def idempotent(self) -> bool:
        """True if calling twice costs and changes nothing more than calling once."""
        return self.method == "GET" or self.repeatable

    @property
    def is_job(self) -> bool:
        """True if the response is only a job id and the result comes later."""
        return self.job is not None

    @property
    def job_kind(self) -> JobKind:
        """Kind of the job that the action creates.

        :raises InvalidRequest: it creates none
        """
        if self.job is None:
            raise InvalidRequest(
                f"{self.full_name} does not create a job; use HuaweiCloudOperator",
                code="InvalidAction",
                action=self.name,
            )
        return self.job

    def check_target_state(
        self,
        target_state: Any,
        allowed: Sequence[str] | None = None,
        *,
        can_return_at_once: bool = True,
        of: str | None = None,
    ) -> None:
        """Refuse a state to wait for that is not allowed.

        :param allowed: default: all states of the action's jobs that may be waited for
        :param can_return_at_once: whoever waits has ``wait_for_completion``
        :param of: the action that the message names; default: this one
        :raises InvalidRequest: the message lists the allowed states
        """
        kind = self.job_kind
        allowed = allowed or (*kind.target_states, *kind.states.succeeded)
        if not (isinstance(target_state, str) and target_state in allowed):
            hint = "it cannot be a template"
            if target_state is None and can_return_at_once:
                hint = "to return without waiting, set wait_for_completion=False"
            raise InvalidRequest(
                f"target_state is {short_repr(target_state)}; allowed: {', '.join(allowed)}; {hint}",
                action=of or self.name,
            )

    @property
    def result(self) -> tuple[ResultField, ...]:
        """Fields of its job's result that hold files."""
        return self.job.files if self.job is not None else ()

    def shown(self, response: Mapping[str, Any]) -> dict[str, Any]:
        """Return a response as a task may return it: without credentials, and addresses of personal files."""
        shown: dict[str, Any] = _without(response, self.private) if self.private else dict(response)
        if self.service.repeats_credentials:
            from airflow_provider_viapi.redaction import redact_values

            shown = redact_values(shown)
        return shown

    def path_of(self, family: PathFamily) -> str:
        """Return the path of a family; if only one is known, that one."""
        return self.path_v1 if family == "v1" and self.path_v1 is not None else self.path

    def check(
        self, request: Mapping[str, Any], *, is_unresolved: Callable[[Any], bool] = lambda value: False
    ) -> dict[str, Any]:
        """Return the request with values of their proper types; those that are ``None`` are left out.

        :param request: wire name to value
        :param is_unresolved: returns true for a value that is not known yet (a template), or has such a part; it is
            passed on unchanged, and of it only what is known is checked
        :raises InvalidRequest: a parameter is unknown, missing or not allowed; the message names it
        """
        checked = check_request(self.name, self._by_name, request, is_unresolved)
        for parameter in self.in_path:
            if not is_unresolved(checked[parameter.name]):
                self._check_path_part(parameter.name, checked[parameter.name])
        return checked if self.refine is None else self.refine(self.name, checked, is_unresolved)

    def _check_path_part(self, name: str, value: Any) -> None:
        # "." and ".." would address another action; "None" is a Python None that was formatted as text.
        if isinstance(value, str) and (
            value in (".", "..", "None") or value != value.strip() or "/" in value
        ):
            raise InvalidRequest(
                f"{name} is {short_repr(value)}; allowed: an id, without spaces around it and without slashes",
                action=self.name,
            )


def _without(value: Any, names: tuple[str, ...]) -> Any:
    """Return JSON values, or a text of JSON, without the fields of some names."""
    if isinstance(value, Mapping):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.dumps(_without(json.loads(value), names), ensure_ascii=False)
        except (ValueError, RecursionError):
            return value
    return value
