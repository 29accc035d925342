"""Classes of the service model: services and actions; the actions themselves are data in ``services``.

Operators check literal values with it when a DAG is parsed and rendered ones before anything is paid, the hook checks
every call, and the emulator checks what arrives as the service would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal

from airflow_provider_viapi.alibaba.parameters import String, before_staging
from airflow_provider_viapi.alibaba.regions import DEFAULT_REGION
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.record import Record
from airflow_provider_viapi.result_fields import ResultField
from airflow_provider_viapi.schema import Parameter, check_request

__all__ = ["Action", "Generation", "Needed", "ResultField", "Service"]

Generation = Literal["2020", "2025"]
"""Description of the API: the documents of 2020 and 2021, or Alibaba's metadata and SDKs of late 2025."""

# How a service reports that it has no such action: the documents, and responses of its gateway that users quote.
_NOT_SERVED = frozenset(
    {"InvalidAction.NotFound", "InvalidApi.NotFound", "InvalidApi.OutOfService", "UnsupportedOperation"}
)


class Service(Record, kw_only=False):
    """One of Alibaba Cloud's services: a host and a version that belong together.

    :param name: first part of the host name
    :param version: date of the API version, sent with every call
    :param regional: the region is the second part of the host name
    :param regions: where it is offered
    :param product: its name in authorizations of uploads; default: ``name``
    """

    name: str
    version: str
    regional: bool = True
    regions: tuple[str, ...] = (DEFAULT_REGION,)
    product: str = ""


class Needed(Record):
    """Parameters that a request must have if another one has a certain value.

    :param when: the other parameter and its value; ``None``: it is not given
    :param names: the parameters
    """

    when: tuple[str, str | bool | None]
    names: tuple[str, ...]


class Action(Record):
    """One action of a service.

    :param service: the service
    :param name: the name on the wire, such as ``EraseVideoSubtitles``
    :param summary: what the action does, in one sentence
    :param parameters: what it takes
    :param needed: parameters that are required only together with a value of another one
    :param result: fields of its ``Data`` (or, of a job, of its result)
    :param result_in_body: they are beside ``RequestId`` instead; clients put them below ``Data`` all the same
    :param is_job: the response is only a job id; the result comes later
    :param idempotent: sending it twice costs and changes nothing more than sending it once
    :param in_query: Alibaba's clients send its parameters in the query string, not in the form
    :param queried: names of the parameters that they send there, if they send others in the form
    :param generations: which descriptions of the API have it
    :param retired: why the service may not have it any more, as a sentence
    :param note: what else the descriptions say or leave open
    :param source: where the model is from, if not from the descriptions that ``generations`` names
    """

    service: Service
    name: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    needed: tuple[Needed, ...] = ()
    result: tuple[ResultField, ...] = ()
    result_in_body: bool = False
    is_job: bool = False
    idempotent: bool = False
    in_query: bool = False
    queried: frozenset[str] = frozenset()
    generations: tuple[Generation, ...] = ("2020", "2025")
    retired: str | None = None
    note: str = ""
    source: str = ""

    @cached_property
    def _by_name(self) -> dict[str, Parameter]:
        return {each.name: each for each in self.parameters}

    @cached_property
    def _json_names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.parameters if getattr(each, "as_json", False))

    def is_in_query(self, name: str) -> bool:
        """Return whether Alibaba's clients send a flat wire parameter in the query string."""
        return self.in_query or name.partition(".")[0] in self.queried

    @property
    def full_name(self) -> str:
        """The name with its service's before it, as jobs and the DAG author's ``action=`` have it."""
        return f"{self.service.name}.{self.name}"

    def with_json(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a checked request with those values as JSON texts that the service takes as such."""
        if not self._json_names:
            return request
        return {
            name: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            if name in self._json_names
            else value
            for name, value in request.items()
        }

    def unserved_because(self, code: str | None) -> str | None:
        """Return why the service has no such action, if that is known and an error response reports it.

        :param code: code of the error response
        """
        return self.retired if code in _NOT_SERVED else None

    def before_staging(self, opens: Callable[[str], bool]) -> Action:
        """Return the action for requests as DAG authors write them, with files in any storage.

        :param opens: return true for the scheme of an address (``s3``) that files can be copied from
        """
        return self.replace(parameters=tuple(before_staging(each, opens) for each in self.parameters))

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
        for rule in self.needed:
            name, value = rule.when
            if checked.get(name) == value and (
                missing := [each for each in rule.names if each not in checked]
            ):
                condition = f"a request without {name}" if value is None else f"{name} {value!r}"
                raise InvalidRequest(
                    f"{', '.join(missing)} missing; {condition} requires {', '.join(rule.names)}",
                    code="MissingParameter",
                    action=self.name,
                )
        return checked


def get_async_job_result(service: Service, generations: tuple[Generation, ...] = ("2020", "2025")) -> Action:
    """Return the action ``GetAsyncJobResult`` of a service."""
    return Action(
        service=service,
        name="GetAsyncJobResult",
        summary="Return the state of a job and, once it has succeeded, its result.",
        parameters=(
            String(
                name="JobId",
                required=True,
                min_length=1,
                doc="RequestId of the response to the job's submission.",
            ),
        ),
        result=(
            ResultField("JobId"),
            ResultField("Status", doc="State of the job."),
            ResultField("Result", doc="Result of the job, a JSON document in a string."),
            ResultField("ErrorCode"),
            ResultField("ErrorMessage"),
        ),
        idempotent=True,
        generations=generations,
    )
