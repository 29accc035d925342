"""What an action of Huawei Cloud is; the actions themselves are data in ``services``.

The hook checks every call with it, operators check literal values when a DAG is parsed, and the emulator checks what
arrives as the service would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.results import ResultField
from airflow_provider_viapi.schema import Parameter, check_request

Method = Literal["GET", "POST", "PUT", "DELETE"]

PathFamily = Literal["v2", "v1"]
"""The two descriptions of VIAS's paths; which of them a region accepts is not known."""


@dataclass(frozen=True)
class Service:
    """One of Huawei Cloud's services.

    :param name: first part of the host name
    :param regions: where it is offered, as far as is known
    """

    name: str
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class States:
    """What the states of a kind of job mean, in the service's words; any other state is not an end.

    :param going: the job waits, is worked on or is on air
    :param by_people: of those, the ones in which a person has to do something, for days perhaps
    :param succeeded: it ended well
    :param failed: it ended badly
    :param cancelled: somebody ended it
    """

    going: tuple[str, ...]
    by_people: tuple[str, ...] = ()
    succeeded: tuple[str, ...]
    failed: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every state that is known."""
        return self.going + self.succeeded + self.failed + self.cancelled


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """How a job is followed that an action has made.

    :param show: the action that tells how it stands
    :param cancel: the action that ends it early, if there is one
    :param cancel_with: what that has to be given besides the job
    :param states: what its states mean
    :param id_in: the way to the job's id in the answer of the action that made it
    :param state_in: the way to the state in the answer of ``show``
    :param id_name: the parameter of ``show`` and ``cancel`` that takes the id
    :param scope_name: a second one, for where the job is: a live task's room, say
    :param goals: states that may be waited for instead of the end
    :param files: where in the answer of ``show`` the addresses of the job's files stand
    :param private: fields of that answer that prove who one is, so that they are not handed on
    """

    show: Action
    cancel: Action | None = None
    cancel_with: Mapping[str, str] = field(default_factory=dict, hash=False)
    states: States
    id_in: tuple[str | int, ...] = ("job_id",)
    state_in: tuple[str, ...] = ("state",)
    id_name: str = "job_id"
    scope_name: str | None = None
    goals: tuple[str, ...] = ()
    files: tuple[ResultField, ...] = ()
    private: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action of a service.

    :param service: whose it is
    :param name: the name in Huawei's SDKs and documents, such as ``CreateAsyncTtsJob``
    :param summary: what it does, in a line
    :param method: of HTTP
    :param path: with a ``{name}`` for each parameter in it, ``project_id`` among them
    :param path_v1: the same in the other family of paths, where that is known
    :param in_path: parameters in the path, besides the project
    :param in_query: parameters in the query
    :param in_body: fields of the body, which is JSON
    :param answer: the answer's fields, as far as they are known
    :param status: of an answer that says that it was done
    :param idempotent: calling twice costs and changes nothing more than calling once
    :param job: how the job is followed that it makes, if it makes one
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
    answer: tuple[str, ...] = ()
    status: int = 200
    idempotent: bool = False
    job: JobKind | None = None
    note: str = ""
    _by_name: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        every = {each.name: each for each in self.parameters}
        if len(every) != len(self.parameters):
            raise ValueError(f"{self.name} has two parameters of one name")
        object.__setattr__(self, "_by_name", every)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it takes, wherever that goes."""
        return self.in_path + self.in_query + self.in_body

    @property
    def full_name(self) -> str:
        """The name with its service's before it, as jobs and the DAG author's ``action=`` have it."""
        return f"{self.service.name}.{self.name}"

    @property
    def is_job(self) -> bool:
        """Whether the answer is only a job id; the result comes later."""
        return self.job is not None

    @property
    def job_kind(self) -> JobKind:
        """How the job is followed that it makes.

        :raises InvalidRequest: it makes none
        """
        if self.job is None:
            raise InvalidRequest(f"{self.full_name} makes no job", code="InvalidAction", action=self.name)
        return self.job

    def check_goal(self, goal: str | None) -> None:
        """Refuse a goal that its jobs do not have.

        :raises InvalidRequest: it is none of theirs; the message says which are
        """
        kind = self.job_kind
        allowed = (*kind.goals, *kind.states.succeeded)
        if goal is not None and goal not in allowed:
            raise InvalidRequest(
                f"the state to wait for is {goal!r}; allowed: {', '.join(allowed)}",
                code="InvalidParameter",
                action=self.name,
            )

    @property
    def result(self) -> tuple[ResultField, ...]:
        """What the result of its job holds, as far as files are concerned."""
        return self.job.files if self.job is not None else ()

    def path_of(self, family: PathFamily) -> str:
        """The path in a family; where only one is known, that."""
        return self.path_v1 if family == "v1" and self.path_v1 is not None else self.path

    def check(
        self, request: Mapping[str, Any], *, is_unresolved: Callable[[Any], bool] = lambda value: False
    ) -> dict[str, Any]:
        """Return the request with values of their proper types, without those that are ``None``.

        :param request: wire name to value
        :param is_unresolved: recognises a value that is not known yet (a template), which is passed on unchecked
        :raises InvalidRequest: a parameter is unknown, missing or not allowed; the message names it
        """
        return check_request(self.name, self._by_name, request, is_unresolved)
