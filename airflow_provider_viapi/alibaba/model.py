"""What a service, an action and a result are; the actions themselves are data in ``services``.

The operators check literal values with it when a DAG is parsed and rendered ones before anything is paid, the
hook checks every call, and the emulator checks what arrives as the server would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from airflow_provider_viapi.alibaba.parameters import before_staging
from airflow_provider_viapi.results import ResultField
from airflow_provider_viapi.schema import Parameter, check_request

__all__ = ["Action", "Generation", "ResultField", "Service"]

Generation = Literal["seed", "today"]
"""A description of the API: the documents of 2020 and 2021, or Alibaba's metadata and SDKs of late 2025."""

# How a service says that it has no such action: the documents, and answers of its gateway that users quote.
_NOT_SERVED = frozenset(
    {"InvalidAction.NotFound", "InvalidApi.NotFound", "InvalidApi.OutOfService", "UnsupportedOperation"}
)


@dataclass(frozen=True)
class Service:
    """One of Alibaba Cloud's services: a host and a version that belong together.

    :param name: first part of the host name
    :param version: date of the API version, sent with every call
    :param regional: the region is the second part of the host name
    """

    name: str
    version: str
    regional: bool = True


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action of a service.

    :param service: whose it is
    :param name: the name on the wire, such as ``EraseVideoSubtitles``
    :param summary: what it does, in a line
    :param parameters: what it takes
    :param result: what its ``Data`` (or, of a job, its result) holds
    :param is_job: the answer is only a job id; the result comes later
    :param repeatable: sending it twice costs and changes nothing more than sending it once
    :param in_query: Alibaba's clients send its parameters in the query string, not in the form
    :param generations: which descriptions of the API have it
    :param retired: why a service of today may not have it, in plain words
    :param note: what else the descriptions say or leave open
    """

    service: Service
    name: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    result: tuple[ResultField, ...] = ()
    is_job: bool = False
    repeatable: bool = False
    in_query: bool = False
    generations: tuple[Generation, ...] = ("seed", "today")
    retired: str | None = None
    note: str = ""
    _by_name: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {each.name: each for each in self.parameters})

    @property
    def full_name(self) -> str:
        """The name with its service's before it, as jobs and the DAG author's ``action=`` have it."""
        return f"{self.service.name}.{self.name}"

    def unserved_because(self, code: str | None) -> str | None:
        """Why the service refuses this action altogether, if that is known and ``code`` says that it does so.

        :param code: that of an error answer
        """
        return self.retired if code in _NOT_SERVED else None

    def before_staging(self, opens: Callable[[str], bool]) -> Action:
        """The same action for a request as its author writes it, with files anywhere.

        :param opens: tells of the scheme of an address (``s3``) that files can be copied from there
        """
        return replace(self, parameters=tuple(before_staging(each, opens) for each in self.parameters))

    def check(
        self, request: Mapping[str, Any], *, pending: Callable[[Any], bool] = lambda value: False
    ) -> dict[str, Any]:
        """The request with values of their proper types; those that are ``None`` are left out.

        :param request: wire name to value
        :param pending: tells of a value that it is not known yet (a template), so that it passes as it is
        :raises InvalidRequest: something is unknown, missing or not allowed; the message says which
        """
        return check_request(self.name, self._by_name, request, pending)
