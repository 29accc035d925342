"""Media addresses of a request: checks while a DAG is parsed, and which of them have to be staged.

Loads no storage library, so that operators can use it when they are constructed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.parameters import Media, Parameter, Structured
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.media.addresses import as_address, is_http_url, opens
from airflow_provider_viapi.schema import check_request

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.media_parameters import MediaLimits
    from airflow_provider_viapi.alibaba.model import Action

_PLACE = re.compile(
    r"oss://(?:(?P<conn>[\w.-]+)@)?(?P<bucket>[a-z0-9][a-z0-9-]{1,61}[a-z0-9])(?:/(?P<prefix>[A-Za-z0-9._/-]*))?"
)


def check(
    action: Action, request: Mapping[str, Any], *, pending: Callable[[Any], bool] = lambda value: False
) -> dict[str, Any]:
    """Return the request with values of their proper types, as ``Action.check``, where media may be anywhere.

    :param pending: returns true for a value that is not known yet
    :raises InvalidRequest: something is not allowed, such as an address that nothing opens
    """
    addressed = _without_path_objects(action.parameters, request) if isinstance(request, Mapping) else request
    return action.before_staging(opens).check(addressed, is_unresolved=pending)


def check_place(to: str | None) -> None:
    """Refuse what is neither ``None`` nor ``oss://bucket/prefix``.

    :raises InvalidRequest: it has another form
    """
    if to is not None:
        StagingPlace.parse(to)


def check_source(address: str) -> None:
    """Refuse an address that is neither HTTP(S) nor one that staging reads from.

    :raises InvalidRequest: it is neither
    """
    check_request(
        "staging", {"source": Media(name="source", required=True, opens=opens)}, {"source": address}
    )


@dataclass(frozen=True)
class StagingPlace:
    """Place of copies: ``oss://bucket/prefix`` or ``oss://conn@bucket/prefix``.

    :param conn_id: the connection whose key is used; ``None`` for the task's own
    :param bucket: in Shanghai, where the service reads
    :param prefix: beginning of all keys, without slashes around it
    """

    conn_id: str | None
    bucket: str
    prefix: str

    @classmethod
    def parse(cls, address: str) -> StagingPlace:
        """Return the place that an address names.

        :raises InvalidRequest: it has another form
        """
        # A template that renders to a native type may give anything.
        parts = _PLACE.fullmatch(address) if isinstance(address, str) else None
        prefix = (parts["prefix"] or "").strip("/") if parts else ""
        if parts is None or ".." in prefix.split("/") or "//" in prefix:
            bucket = address[6:].partition("/")[0] if str(address).startswith("oss://") else ""
            name = bucket.rpartition("@")[2]
            problem = ""
            if name and not re.fullmatch("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name):
                problem = f"; {name!r} is no name of a bucket: 3 to 63 lowercase letters, digits and hyphens"
            raise InvalidRequest(
                f"staging is {address!r}; allowed: oss://bucket/prefix, with letters, digits and ._-/{problem}",
                code="InvalidParameter",
            )
        return cls(parts["conn"], parts["bucket"], prefix)

    def address_of(self, key: str) -> str:
        """Return the address of an object in the bucket, for tasks that may use the connection."""
        return f"oss://{f'{self.conn_id}@' if self.conn_id else ''}{self.bucket}/{key}"


def files_to_stage(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any]
) -> Iterator[tuple[str, MediaLimits | None, str]]:
    """Yield parameter, limits and address of every file that the service cannot read at its address."""
    return (found for found in media_addresses(parameters, structure) if not is_http_url(found[2]))


def media_addresses(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, MediaLimits | None, str]]:
    """Yield parameter, limits and address of every file of a request."""
    for each in parameters:
        value = structure.get(each.name)
        if value is None:
            continue
        if isinstance(each, Structured):
            for inside, item in each.structures(value):
                yield from media_addresses(each.fields, item, f"{prefix}{inside}")
        elif isinstance(each, Media):
            limits = next((limits for limits in each.limits if limits.applies_to(structure)), None)
            yield f"{prefix}{each.name}", limits, value


def with_addresses(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any], addresses: Mapping[str, str]
) -> dict[str, Any]:
    """Return a request with other addresses in place of those that the service cannot read."""
    replaced = dict(structure)
    for each in parameters:
        value = structure.get(each.name)
        if value is None:
            continue
        if isinstance(each, Structured):
            replaced[each.name] = each.map_structures(
                value, lambda fields, item, _: with_addresses(fields, item, addresses)
            )
        elif isinstance(each, Media):
            replaced[each.name] = addresses.get(value, value)
    return replaced


def _without_path_objects(parameters: tuple[Parameter, ...], structure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with the addresses of path objects in place of these."""
    addressed = dict(structure)
    for each in parameters:
        value = structure.get(each.name)
        if isinstance(each, Media):
            if value is not None:
                addressed[each.name] = as_address(value)
        elif isinstance(each, Structured) and value is not None:
            addressed[each.name] = each.map_structures(
                value, lambda fields, item, _: _without_path_objects(fields, item)
            )
    return addressed
