"""The media addresses of a request, also those in its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_viapi.alibaba.media_parameters import MediaLimits
from airflow_provider_viapi.alibaba.parameters import ListOf, Media, Parameter
from airflow_provider_viapi.errors import InvalidRequest


def files_elsewhere(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, MediaLimits | None, str]]:
    """Parameter, limits and address of every file that the service cannot read where it is.

    :param prefix: of the parameters' names, for the items of lists
    """
    for each in parameters:
        value = structure.get(each.name)
        if value is None:
            continue
        if isinstance(each, ListOf):
            for index, item in enumerate(value, start=1):
                yield from files_elsewhere(each.fields, item, f"{prefix}{each.name}.{index}.")
        elif isinstance(each, Media) and not is_readable(value):
            limits = next((limits for limits in each.limits if limits.applies_to(structure)), None)
            yield f"{prefix}{each.name}", limits, value


def with_addresses(
    parameters: tuple[Parameter, ...], structure: Mapping[str, Any], readable: Mapping[str, str]
) -> dict[str, Any]:
    """The request with other addresses in the place of those that the service cannot read.

    :param readable: the one to the other
    """
    replaced = dict(structure)
    for each in parameters:
        value = structure.get(each.name)
        if value is None:
            continue
        if isinstance(each, ListOf):
            replaced[each.name] = [with_addresses(each.fields, item, readable) for item in value]
        elif isinstance(each, Media):
            replaced[each.name] = readable.get(value, value)
    return replaced


def is_readable(address: Any) -> bool:
    """Whether the service can fetch what is at an address."""
    if not isinstance(address, str):
        raise InvalidRequest(f"an address is text, not {type(address).__name__}", code="InvalidParameter")
    return address.partition("://")[0].lower() in ("http", "https")
