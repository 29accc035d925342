"""Service and action as data types; the actions themselves are data in ``services``.

Operators check literal values with it when a DAG is parsed, and rendered ones before anything is paid; the hook
checks every call; the emulator checks requests as the server would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from airflow_provider_viapi.alibaba.parameters import before_staging
from airflow_provider_viapi.results import ResultField
from airflow_provider_viapi.schema import Parameter, check_request

__all__ = ["Action", "Generation", "ResultField", "Service"]

Generation = Literal["2020", "2025"]
"""Description of the API: the documents of 2020 and 2021, or Alibaba's metadata and SDKs of late 2025."""

# Codes for an unknown action, from the documents and from responses that users quote.
_NOT_SERVED = frozenset(
    {"InvalidAction.NotFound", "InvalidApi.NotFound", "InvalidApi.OutOfService", "UnsupportedOperation"}
)


@dataclass(frozen=True)
class Service:
    """A service of Alibaba Cloud: a host and an API version.

    :param name: first part of the host name
    :param version: API version, a date that is sent with every call
    :param regional: the region is the second part of the host name
    """

    name: str
    version: str
    regional: bool = True


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action of a service.

    :param service: the service that offers it
    :param name: the wire name, such as ``EraseVideoSubtitles``
    :param summary: description in one line
    :param parameters: parameters of a request
    :param result: fields of ``Data`` in the response or, for a job, of its result
    :param is_job: the response holds only a job id; the result comes later
    :param idempotent: calling it twice costs and changes nothing more than calling it once
    :param in_query: Alibaba's clients send its parameters in the query string, not in the form
    :param generations: descriptions of the API that include it
    :param retired: why the service may no longer offer it, for error messages
    :param note: what else the descriptions say or leave open
    """

    service: Service
    name: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    result: tuple[ResultField, ...] = ()
    is_job: bool = False
    idempotent: bool = False
    in_query: bool = False
    generations: tuple[Generation, ...] = ("2020", "2025")
    retired: str | None = None
    note: str = ""
    _by_name: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {each.name: each for each in self.parameters})

    @property
    def full_name(self) -> str:
        """The name after its service's, ``service.Name``, as in jobs and in the operators' ``action``."""
        return f"{self.service.name}.{self.name}"

    def unserved_because(self, code: str | None) -> str | None:
        """Return why the service no longer offers this action, if that is known and an error code says so."""
        return self.retired if code in _NOT_SERVED else None

    def before_staging(self, opens: Callable[[str], bool]) -> Action:
        """Return the same action for a request as its author writes it, with files in any storage.

        :param opens: returns true for the scheme of an address (``s3``) that files can be copied from
        """
        return replace(self, parameters=tuple(before_staging(each, opens) for each in self.parameters))

    def check(
        self, request: Mapping[str, Any], *, is_unresolved: Callable[[Any], bool] = lambda value: False
    ) -> dict[str, Any]:
        """Return the request with values of their proper types, without those that are ``None``.

        :param request: wire name to value
        :param is_unresolved: recognises a value that is not known yet (a template), which is passed on unchecked
        :raises InvalidRequest: a parameter is unknown, missing or not allowed; the message names it
        """
        return check_request(self.name, self._by_name, request, is_unresolved)
