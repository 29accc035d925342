"""The kinds of parameters that VIAPI actions take, and how a value is checked against each.

Every kind takes a value as a DAG author writes it (``0.5``), as a template renders it (``"0.5"``) or as it stands
on the wire (``"0.5"``) and returns it with its proper type, or raises :class:`BadValue` with what is allowed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

INT32 = 2**31 - 1
"""The largest whole number that the services' metadata has room for."""


class BadValue(Exception):
    """A value that a parameter cannot take; the words say which are allowed."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What all kinds have in common.

    :param name: the name on the wire, such as ``VideoUrl``
    :param required: the service refuses a request without it
    :param doc: what it is, with its unit, for the reference pages
    :param default: what the service takes when nothing is given, if that is known
    :param note: where the API's generations differ, and who says so
    """

    name: str
    required: bool = False
    doc: str = ""
    default: bool | float | str | None = None
    note: str = ""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        raise NotImplementedError

    def check(self, value: Any) -> Any:
        """The value with its proper type.

        :raises BadValue: it is not one of the allowed
        """
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """A value as an error message may show it: short, and without what should stay private."""
        text = repr(value)
        return text if len(text) <= 80 else f"{text[:77]}..."


@dataclass(frozen=True, kw_only=True)
class Text(Parameter):
    """A string of limited length, perhaps of limited characters.

    :param shortest: fewest characters
    :param longest: most characters
    :param pattern: regular expression that the whole value matches
    :param characters: the pattern in words
    """

    shortest: int = 0
    longest: int | None = None
    pattern: str | None = None
    characters: str = "any characters"

    @property
    def allowed(self) -> str:
        if self.longest is None:
            return "a string that is not empty" if self.shortest else "a string"
        return f"{self.shortest} to {self.longest} characters ({self.characters})"

    def check(self, value: Any) -> str:
        too_long = isinstance(value, str) and self.longest is not None and len(value) > self.longest
        if not isinstance(value, str) or len(value) < self.shortest or too_long:
            raise BadValue(self.allowed)
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise BadValue(self.allowed)
        return value


@dataclass(frozen=True, kw_only=True)
class Url(Parameter):
    """An address that the service fetches a file from."""

    @property
    def allowed(self) -> str:
        return "an http:// or https:// address of ASCII characters without spaces (percent-encode others)"

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value.isascii() or re.search(r"[\s\x00-\x1f\x7f]", value):
            raise BadValue(self.allowed)
        try:
            parts = urlsplit(value)
            usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable:
            raise BadValue(self.allowed)
        return value

    def show(self, value: Any) -> str:
        # A signed address carries its signature in the query, and may carry a password before the host.
        if not isinstance(value, str):
            return super().show(value)
        bare = re.sub(r"//[^/@]*@", "//", value.partition("?")[0])
        return super().show(bare)


@dataclass(frozen=True, kw_only=True)
class Integer(Parameter):
    """A whole number, both bounds included; without a bound of its own it is what fits into 32 bits."""

    minimum: int
    maximum: int = INT32

    @property
    def allowed(self) -> str:
        if self.maximum == INT32:
            return f"a whole number of at least {self.minimum}"
        return f"a whole number from {self.minimum} to {self.maximum}"

    def check(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadValue(self.allowed)
        if not self.minimum <= value <= self.maximum:
            raise BadValue(self.allowed)
        return value


@dataclass(frozen=True, kw_only=True)
class BitRate(Integer):
    """A bit rate in whole megabits; the same in kilobits with a k behind them (``15000k``) is taken as well."""

    @property
    def allowed(self) -> str:
        kilobits = f"{self.minimum * 1000}k to {self.maximum * 1000}k"
        return f"{super().allowed} (megabits), or the same in kilobits, {kilobits} in steps of 1000"

    def check(self, value: Any) -> int:
        if isinstance(value, str) and (kilobits := re.fullmatch(r"([0-9]{1,15})000k", value)):
            value = int(kilobits[1])
        return super().check(value)


@dataclass(frozen=True, kw_only=True)
class Number(Parameter):
    """A finite number, both bounds included.

    :param above: the minimum itself is too little
    """

    minimum: float
    maximum: float = math.inf
    above: bool = False

    @property
    def allowed(self) -> str:
        if math.isinf(self.maximum):
            return f"a number {'above' if self.above else 'of at least'} {self.minimum:g}"
        return f"a number {'above' if self.above else 'from'} {self.minimum:g} to {self.maximum:g}"

    def check(self, value: Any) -> float:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise BadValue(self.allowed) from None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadValue(self.allowed)
        if not math.isfinite(value) or not self.minimum <= value <= self.maximum:
            raise BadValue(self.allowed)
        if self.above and value == self.minimum:
            raise BadValue(self.allowed)
        return float(value)


@dataclass(frozen=True, kw_only=True)
class Boolean(Parameter):
    """True or false, also in words of any case, since Alibaba's clients send ``True`` and ``true``."""

    @property
    def allowed(self) -> str:
        return "true or false"

    def check(self, value: Any) -> bool:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise BadValue(self.allowed)
        return value


@dataclass(frozen=True, kw_only=True)
class Choice(Parameter):
    """One of a few words."""

    choices: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(self.choices)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise BadValue(self.allowed)
        return value


@dataclass(frozen=True)
class AtMost:
    """How many items of a list may have a certain value.

    :param count: so many
    :param value: of this value
    :param field: in this field
    """

    count: int
    value: str
    field: str


@dataclass(frozen=True, kw_only=True)
class ListOf(Parameter):
    """A list of structures with the same fields, flat and counted from 1 on the wire (``Boxes.1.X``).

    :param fields: what an item takes; each item has at least one of them
    :param least: fewest items
    :param most: most items
    :param most_with: most items that have a certain value
    """

    fields: tuple[Parameter, ...]
    least: int = 0
    most: int | None = None
    most_with: tuple[AtMost, ...] = ()

    @property
    def allowed(self) -> str:
        bounds = [f"at least {self.least}"] if self.least else []
        bounds += [f"at most {self.most}"] if self.most is not None else []
        count = " and ".join(bounds) or "a list of"
        shares = "".join(f", at most {each.count} with {each.field} {each.value}" for each in self.most_with)
        return f"{count} mappings of {', '.join(field.name for field in self.fields)}{shares}"

    def check(self, value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list | tuple) or len(value) < self.least:
            raise BadValue(self.allowed)
        if self.most is not None and len(value) > self.most:
            raise BadValue(self.allowed)
        items = [self._check_item(index, item) for index, item in enumerate(value, start=1)]
        for limit in self.most_with:
            count = sum(item.get(limit.field) == limit.value for item in items)
            if count > limit.count:
                raise BadValue(f"{self.allowed}; {count} have {limit.field} {limit.value}")
        return items

    def _check_item(self, index: int, item: Any) -> dict[str, Any]:
        known = {field.name: field for field in self.fields}
        if not isinstance(item, Mapping):
            raise BadValue(f"{self.allowed}; item {index} is something else")
        if unknown := sorted(str(name) for name in item.keys() - known.keys()):
            raise BadValue(f"{self.allowed}; item {index} has {', '.join(unknown)}, which is none of these")
        checked = {}
        for field in self.fields:
            given = item.get(field.name)
            if given is None and field.required:
                raise BadValue(f"{field.name} in every item; item {index} has none")
            if given is None:
                continue
            try:
                checked[field.name] = field.check(given)
            except BadValue as bad:
                shown = field.show(given)
                raise BadValue(f"{bad} for {field.name}; item {index} has {shown}") from None
        if not checked:
            # On the wire an item without fields would be a gap in the numbering.
            raise BadValue(f"{self.allowed}; item {index} is empty")
        return checked

    def show(self, value: Any) -> str:
        return f"{len(value)} items" if isinstance(value, list | tuple) else type(value).__name__
