"""Fields of an action's result, which of them are files, and how the files' addresses are read from a result."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol, get_args

from airflow_provider_viapi.record import Record

Kind = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "file",
    "any",
    "object",
    "list",
    "strings",
    "integers",
    "numbers",
    "files",
]
"""Type of a field's value."""

KINDS: tuple[str, ...] = get_args(Kind)


class ResultField(Record, kw_only=False):
    """A field of an action's result.

    :param name: the key in the result
    :param kind: type of the value: ``file`` is the address of a file, ``any`` is not described further, ``object``
        is a mapping with ``fields``, ``list`` a list of such mappings, ``strings``, ``integers``, ``numbers`` and
        ``files`` are lists of single values; default: ``string``
    :param doc: description for the reference pages
    :param fields: fields of an object or of a list's items
    :param optional: a result without this file is complete
    :param counted_by: field beside a list that holds the number of its items; unless that is 0, a response without
        the list is malformed: it must not pass for an empty one
    """

    name: str
    kind: Kind = "string"
    doc: str = ""
    fields: tuple[ResultField, ...] = ()
    optional: bool = False
    counted_by: str = ""


class HasResultFields(Protocol):
    """An action of either cloud, as far as landing and links need to know it."""

    @property
    def name(self) -> str:
        """Name of the action, for error messages."""
        ...

    @property
    def result(self) -> tuple[ResultField, ...]:
        """Fields of its result."""
        ...


_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_SMALLEST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**63 - 1

MAX_DEPTH = 100
"""Levels of lists and mappings that Airflow's serializers are given."""


def read_json(text: str | bytes, **options: Any) -> Any:
    """Decode JSON of a service into values that can be stored; see :func:`storable`.

    A result with another value could not be stored, although it was paid for.

    :param text: the document; bytes are UTF-8, UTF-16 or UTF-32
    :param options: of :func:`json.loads`
    :raises ValueError, RecursionError: it is not JSON, or too deep
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    return storable(json.loads(text, **options))


def storable(value: Any) -> Any:
    """Return a value of JSON's types as Airflow can send and store it, in XComs and in the events of triggers.

    Neither PostgreSQL nor MessagePack, in which Airflow's processes talk to each other, can hold everything that
    Python reads: NUL and halves of surrogate pairs become U+FFFD, integers of more than 64 bits texts, infinite
    numbers and those that are none ``None``, and what is nested more than 100 levels deep the text of its JSON.
    A triggerer that is given anything else ends, with all its triggers.
    """
    return _storable(value, MAX_DEPTH)


def _storable(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _NOT_STORABLE.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if _SMALLEST_INTEGER <= value <= _LARGEST_INTEGER else str(value)
    if not isinstance(value, list | tuple | Mapping):
        return value
    if not depth:
        return json.dumps(value, default=str)
    if isinstance(value, Mapping):
        return {_storable(name, depth): _storable(item, depth - 1) for name, item in value.items()}
    return [_storable(item, depth - 1) for item in value]


def file_urls(result: Mapping[str, Any], fields: Iterable[ResultField]) -> dict[str, str]:
    """Return the addresses of a result's files by their paths in it.

    A path is ``VideoUrl``, ``Outputs.0.ImageURL`` inside a list, ``output_asset_config.cover_url`` inside an object.

    :param result: the decoded result; a field that is missing or empty is left out
    :param fields: fields of the result
    """
    return dict(_walk(result, tuple(fields), ""))


def has_files(fields: Iterable[ResultField]) -> bool:
    """Return true if a result with these fields can hold a file."""
    return any(field.kind in ("file", "files") or has_files(field.fields) for field in fields)


def lacks_files(result: Mapping[str, Any], fields: Iterable[ResultField]) -> bool:
    """Return true if a result is incomplete: it has none of the files that are not optional; a list may be empty."""
    required = _required(fields)
    return _requires_files(required) and not file_urls(result, required)


def _required(fields: Iterable[ResultField]) -> tuple[ResultField, ...]:
    return tuple(field.replace(fields=_required(field.fields)) for field in fields if not field.optional)


def _requires_files(fields: Iterable[ResultField]) -> bool:
    return any(
        field.kind == "file" or (field.kind == "object" and _requires_files(field.fields)) for field in fields
    )


def has_several_files(fields: Iterable[ResultField]) -> bool:
    """Return true if a result with these fields can hold more than one file."""
    return _most_files(fields) > 1


def fields_of_any(actions: Iterable[HasResultFields]) -> tuple[ResultField, ...]:
    """Return the fields of all actions, for a result whose action is unknown."""
    return tuple(field for action in actions for field in action.result)


def _most_files(fields: Iterable[ResultField]) -> int:
    # A list may hold any number; two is enough to know.
    alone = {"file": 1, "files": 2}
    return sum(
        alone.get(field.kind) or (2 if field.kind == "list" else 1) * _most_files(field.fields)
        for field in fields
    )


def _walk(
    result: Mapping[str, Any], fields: tuple[ResultField, ...], prefix: str
) -> Iterator[tuple[str, str]]:
    for field in fields:
        value = result.get(field.name)
        if field.kind == "file" and isinstance(value, str) and value:
            yield f"{prefix}{field.name}", absolute_address(value)
        elif field.kind == "files" and isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, str) and item:
                    yield f"{prefix}{field.name}.{number}", absolute_address(item)
        elif field.kind == "object" and isinstance(value, Mapping):
            yield from _walk(value, field.fields, f"{prefix}{field.name}.")
        elif field.kind == "list" and isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield from _walk(item, field.fields, f"{prefix}{field.name}.{number}.")


def absolute_address(address: str) -> str:
    """Return an address with its scheme: one that is relative to the protocol is that of the HTTPS storage."""
    return f"https:{address}" if address.startswith("//") else address
