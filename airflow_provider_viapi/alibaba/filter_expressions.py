"""Filter expressions of ImageSearch: parse one, say what is wrong with it, evaluate it on an image's attributes.

    int_attr >= 100 AND str_attr != "value1" OR int_attr2 in (1, 2)

The operators are those of Alibaba's help page 74416 and SDK. Not documented are the form of the list after ``in``,
whether parentheses group, and which of ``AND`` and ``OR`` binds more tightly: lists are written in parentheses here,
parentheses group, and ``AND`` binds more tightly, as in SQL.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_viapi.redaction import LONGEST_SHOWN, redact_text

MAX_DEPTH = 50
"""Parentheses inside each other; far more than an expression needs."""

_OPERATORS: Mapping[str, tuple[str, ...]] = {
    "int_attr": (">", ">=", "<", "<=", "=", "in", "not in"),
    "str_attr": ("=", "!=", "in", "not in"),
}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"[^"]*"|'[^']*')
      | (?P<number>[+-]?\d+(?![\w.]))
      | (?P<operator>>=|<=|!=|[<>=])
      | (?P<mark>[(),])
      | (?P<word>[A-Za-z_]\w*)
    )""",
    re.X,
)
_FIELD = re.compile(r"(int|str)_?attr_?([234]?)", re.I)

Value = int | str


class FilterError(ValueError):
    """An expression that the service cannot read; the message says what is wrong and where."""


@dataclass(frozen=True)
class Comparison:
    """One condition.

    :param field: ``IntAttr`` or ``StrAttr``, from the second on with its number: ``IntAttr2``
    :param operator: as in the expression, in lower case
    :param values: one, or those of a list
    """

    field: str
    operator: str
    values: tuple[Value, ...]

    def holds(self, attributes: Mapping[str, Any]) -> bool:
        """Return whether it holds; for an image without the attribute, no condition does."""
        value = attributes.get(self.field)
        if value is None:
            return False
        if self.operator in _COMPARE:
            return _COMPARE[self.operator](value, self.values[0])
        return (value in self.values) is (self.operator == "in")

    def __str__(self) -> str:
        values = ", ".join(f'"{each}"' if isinstance(each, str) else str(each) for each in self.values)
        return f"{_attribute(self.field)} {self.operator} " + (
            values if self.operator in _COMPARE else f"({values})"
        )


@dataclass(frozen=True)
class Combination:
    """Conditions that are combined.

    :param word: ``AND`` or ``OR``
    """

    word: str
    parts: tuple[Condition, ...]

    def holds(self, attributes: Mapping[str, Any]) -> bool:
        """Return whether all, or any, of the conditions hold."""
        combine = all if self.word == "AND" else any
        return combine(part.holds(attributes) for part in self.parts)

    def __str__(self) -> str:
        inner = (f"({part})" if isinstance(part, Combination) else str(part) for part in self.parts)
        return f" {self.word} ".join(inner)


Condition = Comparison | Combination


def parse(text: str) -> Condition:
    """Return the condition that an expression describes.

    :raises FilterError: it cannot be read
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                start = position + len(text[position:]) - len(text[position:].lstrip())
                raise FilterError(f"cannot be read from {_excerpt(text, start)}")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind], match.start(kind)))
            position = match.end()
        self._next = 0

    def parse(self) -> Condition:
        if not self._tokens:
            raise FilterError("is empty")
        condition = self._combination("OR", 0)
        if self._next < len(self._tokens):
            raise self._unexpected("AND or OR")
        return condition

    def _combination(self, word: str, depth: int) -> Condition:
        parts = [self._part(word, depth)]
        while self._word(0) == word:
            self._next += 1
            parts.append(self._part(word, depth))
        return parts[0] if len(parts) == 1 else Combination(word, tuple(parts))

    def _part(self, word: str, depth: int) -> Condition:
        if word == "OR":
            return self._combination("AND", depth)
        if not self._take("mark", "("):
            return self._comparison()
        if depth == MAX_DEPTH:
            raise FilterError(f"has more than {MAX_DEPTH} nested parentheses")
        inner = self._combination("OR", depth + 1)
        if not self._take("mark", ")"):
            raise self._unexpected("a closing parenthesis")
        return inner

    def _comparison(self) -> Comparison:
        kind, name, _ = self._peek()
        field = _FIELD.fullmatch(name) if kind == "word" else None
        if field is None:
            raise self._unexpected("int_attr, int_attr2 to int_attr4, str_attr or str_attr2 to str_attr4")
        self._next += 1
        prefix = field[1].lower()
        chosen = self._operator(f"{prefix}_attr")
        value_kind, wanted = (
            ("number", "a whole number") if prefix == "int" else ("text", 'a text in quotes: "value"')
        )
        read_values = self._one if chosen in _COMPARE else self._list
        values = read_values(value_kind, wanted)
        return Comparison(f"{prefix.capitalize()}Attr{field[2]}", chosen, tuple(values))

    def _operator(self, attribute: str) -> str:
        kind, text, _ = self._peek()
        chosen, length = text, 1
        if kind == "word":
            chosen = text.lower()
            if chosen == "not" and self._word(1) == "IN":
                chosen, length = "not in", 2
        allowed = _OPERATORS[attribute]
        if chosen not in allowed:
            raise self._unexpected(
                f"one of the operators of {attribute}: {' '.join(allowed[:-1])} and not in"
            )
        self._next += length
        return chosen

    def _one(self, kind: str, wanted: str) -> list[Value]:
        return [self._value(kind, wanted)]

    def _list(self, kind: str, wanted: str) -> list[Value]:
        if not self._take("mark", "("):
            raise self._unexpected("a list in parentheses")
        values = [self._value(kind, wanted)]
        while self._take("mark", ","):
            values.append(self._value(kind, wanted))
        if not self._take("mark", ")"):
            raise self._unexpected("a comma or a closing parenthesis")
        return values

    def _value(self, kind: str, wanted: str) -> Value:
        found, text, _ = self._peek()
        if found != kind:
            raise self._unexpected(wanted)
        self._next += 1
        # The length bounds the digits that Python has to read.
        return int(text) if kind == "number" else text[1:-1]

    def _take(self, kind: str, text: str) -> bool:
        found = self._peek()[:2] == (kind, text)
        self._next += found
        return found

    def _word(self, ahead: int) -> str:
        kind, text, _ = self._peek(ahead)
        return text.upper() if kind == "word" else ""

    def _peek(self, ahead: int = 0) -> tuple[str, str, int]:
        index = self._next + ahead
        return self._tokens[index] if index < len(self._tokens) else ("end", "", len(self._text))

    def _unexpected(self, wanted: str) -> FilterError:
        kind, _, start = self._peek()
        place = "at its end" if kind == "end" else f"at {_excerpt(self._text, start)}"
        return FilterError(f"needs {wanted} {place}")


def _excerpt(text: str, start: int) -> str:
    # First redacted: half an address does not show that it is one.
    rest = redact_text(text[start : start + LONGEST_SHOWN])
    return repr(rest[:20] + ("…" if len(rest) > 20 else ""))


def _attribute(field: str) -> str:
    return f"{field[:3].lower()}_attr{field[7:]}"


def comparisons(condition: Condition) -> list[Comparison]:
    """Return all single conditions of a condition."""
    if isinstance(condition, Comparison):
        return [condition]
    return [each for part in condition.parts for each in comparisons(part)]


def has_lists(condition: Condition) -> bool:
    """Return whether a condition uses ``in`` or ``not in``."""
    return any(each.operator not in _COMPARE for each in comparisons(condition))
