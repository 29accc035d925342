"""What a result holds, and which files: data of the service models of both clouds, and how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class ResultField:
    """A field of an action's result.

    :param name: the key in the result
    :param kind: type of the value; ``file`` is the address of one, ``structure`` a mapping with ``fields``, ``list``
        a list of such, ``integers`` a list of whole numbers
    :param doc: what it is, for the reference pages
    """

    name: str
    kind: Literal["string", "integer", "number", "boolean", "file", "structure", "list", "integers"] = (
        "string"
    )
    doc: str = ""
    fields: tuple[ResultField, ...] = ()


class HasResultFields(Protocol):
    """An action of either cloud, as far as landing and links need to know it."""

    @property
    def name(self) -> str:
        """What errors call it."""
        ...

    @property
    def result(self) -> tuple[ResultField, ...]:
        """What its result holds."""
        ...


def file_urls(result: Mapping[str, Any], fields: Iterable[ResultField]) -> dict[str, str]:
    """The addresses of a result's files by their keys: ``VideoUrl``, inside a list ``Outputs.0.ImageURL``, inside a
    structure ``output_asset_config.cover_url``.

    :param result: the decoded result; a field that is missing or empty is left out
    :param fields: what the result holds, as the service model says
    """
    return dict(_walk(result, tuple(fields), ""))


def has_files(fields: Iterable[ResultField]) -> bool:
    """Whether a result of these fields can hold a file at all."""
    return any(field.kind == "file" or has_files(field.fields) for field in fields)


def is_to_have_files(fields: Iterable[ResultField]) -> bool:
    """Whether a result of these fields without any file lacks something; a list may well be empty."""
    return any(
        field.kind == "file" or (field.kind == "structure" and is_to_have_files(field.fields))
        for field in fields
    )


def has_several_files(fields: Iterable[ResultField]) -> bool:
    """Whether a result of these fields can hold more than one file."""
    return _most_files(fields) > 1


def fields_of_any(actions: Iterable[HasResultFields]) -> tuple[ResultField, ...]:
    """The fields of all these actions, for a result of which it is not known what has made it."""
    return tuple(field for action in actions for field in action.result)


def _most_files(fields: Iterable[ResultField]) -> int:
    """One, or more than that; a list may hold any number."""
    times = {"list": 2}
    return sum(
        1 if field.kind == "file" else times.get(field.kind, 1) * _most_files(field.fields)
        for field in fields
    )


def _walk(
    result: Mapping[str, Any], fields: tuple[ResultField, ...], prefix: str
) -> Iterator[tuple[str, str]]:
    for field in fields:
        value = result.get(field.name)
        if field.kind == "file" and isinstance(value, str) and value:
            # Protocol-relative addresses are those of the HTTPS storage.
            yield f"{prefix}{field.name}", f"https:{value}" if value.startswith("//") else value
        elif field.kind == "structure" and isinstance(value, Mapping):
            yield from _walk(value, field.fields, f"{prefix}{field.name}.")
        elif field.kind == "list" and isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield from _walk(item, field.fields, f"{prefix}{field.name}.{number}.")
