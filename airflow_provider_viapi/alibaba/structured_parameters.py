"""Parameter types that hold several values: structures, lists of structures, lists of values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airflow_provider_viapi.record import Record
from airflow_provider_viapi.schema import (
    Parameter,
    Unresolved,
    ValidationError,
    count_repr,
    did_you_mean,
    known_items,
    name_repr,
)


class AtMost(Record):
    """Limit on the number of items of a list that have a certain value.

    :param count: largest number of such items
    :param value: the value
    :param field: the field that has it
    """

    count: int
    value: str
    field: str


Change = Callable[[tuple[Parameter, ...], Mapping[str, Any], str], dict[str, Any]]


class Structured(Parameter):
    """Base class of parameters that consist of structures.

    :param fields: fields of each structure
    :param as_json: it is sent as one JSON text
    """

    fields: tuple[Parameter, ...]
    as_json: bool = False

    def structures(self, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the structures of a value, each with the prefix of its fields such as ``Boxes.1.``."""
        raise NotImplementedError

    def map_structures(self, value: Any, change: Change) -> Any:
        """Return a value with its structures changed; what has another form stays as it is.

        :param change: is given the fields, a structure, and the prefix of its fields as :meth:`structures` yields it
        """
        raise NotImplementedError

    def _check_structure(self, value: Any, of: str, each: str) -> dict[str, Any]:
        """Return a structure with fields of their proper types.

        :param of: the structure in error messages, such as ``item 2``
        :param each: all such structures in error messages, such as ``every item``
        """
        known = {field.name: field for field in self.fields}
        if not isinstance(value, Mapping):
            raise ValidationError(f"{self.allowed}; {of} is of type {type(value).__name__}")
        if unknown := sorted(name_repr(name) for name in value.keys() - known.keys()):
            raise ValidationError(
                f"{self.allowed}; {of} has {', '.join(unknown[:20])}, which is not one of these fields"
                f"{did_you_mean(unknown[0], known)}"
            )
        checked = {}
        for field in self.fields:
            given = value.get(field.name)
            if given is None and field.required:
                raise ValidationError(f"{field.name} in {each}; it is missing in {of}")
            if given is None:
                continue
            try:
                checked[field.name] = field.check_known(given)
            except ValidationError as bad:
                shown = field.redacted_repr(given)
                raise ValidationError(f"{bad} for {field.name}; {of} has {shown}") from None
        if not checked:
            # On the wire a structure without fields would be a gap in the numbering.
            raise ValidationError(f"{self.allowed}; {of} is empty")
        return checked

    def redacted_repr(self, value: Any) -> str:
        return count_repr(value)


class Structure(Structured):
    """A structure, flat on the wire (``Clothes.MaxNum``)."""

    @property
    def allowed(self) -> str:
        return f"a mapping of {', '.join(field.name for field in self.fields)}"

    def check(self, value: Any) -> dict[str, Any]:
        return self._check_structure(decoded(value, self.as_json), "it", "it")

    def structures(self, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if isinstance(value, Mapping):
            yield f"{self.name}.", value

    def map_structures(self, value: Any, change: Change) -> Any:
        return change(self.fields, value, f"{self.name}.") if isinstance(value, Mapping) else value


class ListOf(Structured):
    """List of structures with the same fields, flat and counted from 1 on the wire (``Boxes.1.X``).

    :param fields: fields of an item; each item has at least one of them
    :param min_items: fewest items
    :param max_items: most items
    :param most_with: limits of the items that have a certain value
    :param item_rule: return what is allowed instead if a checked item's fields, some of which may be
        :class:`~airflow_provider_viapi.schema.Unresolved`, contradict each other, else ``None``
    """

    min_items: int = 0
    max_items: int | None = None
    most_with: tuple[AtMost, ...] = ()
    item_rule: Callable[[Mapping[str, Any]], str | None] | None = None

    @property
    def allowed(self) -> str:
        count = _count(self.min_items, self.max_items)
        shares = "".join(f", at most {each.count} with {each.field} {each.value}" for each in self.most_with)
        return f"{count} mappings of {', '.join(field.name for field in self.fields)}{shares}"

    def check(self, value: Any) -> list[Any]:
        value = decoded(value, self.as_json)
        if not isinstance(value, list | tuple) or not _is_within(len(value), self.min_items, self.max_items):
            raise ValidationError(self.allowed)
        items = [self._check_item(index, item) for index, item in enumerate(value, start=1)]
        for limit in self.most_with:
            count = sum(item.get(limit.field) == limit.value for item in known_items(items))
            if count > limit.count:
                raise ValidationError(f"{self.allowed}; {count} items have {limit.field} {limit.value}")
        return items

    def _check_item(self, index: int, item: Any) -> Any:
        if isinstance(item, Unresolved):
            return item
        checked = self._check_structure(item, f"item {index}", "every item")
        if self.item_rule is not None and (problem := self.item_rule(checked)):
            raise ValidationError(f"{problem}; item {index} does not comply")
        return checked

    def structures(self, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for number, item in enumerate(value if isinstance(value, list | tuple) else (), start=1):
            if isinstance(item, Mapping):
                yield f"{self.name}.{number}.", item

    def map_structures(self, value: Any, change: Change) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [
            change(self.fields, item, f"{self.name}.{number}.") if isinstance(item, Mapping) else item
            for number, item in enumerate(value, start=1)
        ]


class ValueList(Parameter):
    """List of single values, counted from 1 on the wire (``Labels.1``).

    :param item: type of the values
    :param min_items: fewest items
    :param max_items: most items
    :param as_json: it is sent as one JSON text
    """

    item: Parameter
    min_items: int = 0
    max_items: int | None = None
    as_json: bool = False

    @property
    def allowed(self) -> str:
        return f"{_count(self.min_items, self.max_items)} values, each {self.item.allowed}"

    def check(self, value: Any) -> list[Any]:
        value = decoded(value, self.as_json)
        if not isinstance(value, list | tuple) or not _is_within(len(value), self.min_items, self.max_items):
            raise ValidationError(self.allowed)
        checked = []
        for number, item in enumerate(value, start=1):
            try:
                checked.append(self.item.check_known(item))
            except ValidationError:
                shown = self.item.redacted_repr(item)
                raise ValidationError(f"{self.allowed}; item {number} is {shown}") from None
        return checked

    def redacted_repr(self, value: Any) -> str:
        return count_repr(value)


def decoded(value: Any, as_json: bool) -> Any:
    """Return the value of a JSON text for a parameter that is sent as one, and any other value unchanged."""
    if not as_json or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _count(fewest: int, most: int | None) -> str:
    bounds = [f"at least {fewest}"] if fewest else []
    bounds += [f"at most {most}"] if most is not None else []
    return " and ".join(bounds) or "a list of"


def _is_within(number: int, fewest: int, most: int | None) -> bool:
    return fewest <= number and (most is None or number <= most)
