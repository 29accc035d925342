"""The kinds of parameters that actions take, and how a value is checked against each.

Every kind takes a value as a DAG author writes it (``0.5``), as a template renders it (``"0.5"``) or as it stands
on the wire (``"0.5"``) and returns it with its proper type, or raises :class:`ValidationError` with what is allowed.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.record import Record

INT32 = 2**31 - 1
"""The largest whole number that the services' metadata has room for."""


class ValidationError(Exception):
    """A value that a parameter cannot take; the words say which are allowed."""


class Parameter(Record):
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

        :raises ValidationError: it is not one of the allowed
        """
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """A value as an error message may show it: short, and without what should stay private."""
        text = repr(value)
        return text if len(text) <= 80 else f"{text[:77]}..."


class String(Parameter):
    """A string of limited length, perhaps of limited characters.

    :param min_length: fewest characters
    :param max_length: most characters
    :param pattern: regular expression that the whole value matches
    :param characters: the pattern in words
    """

    min_length: int = 0
    max_length: int | None = None
    pattern: str | None = None
    characters: str = "any characters"

    @property
    def allowed(self) -> str:
        if self.max_length is None:
            return "a string that is not empty" if self.min_length else "a string"
        return f"{self.min_length} to {self.max_length} characters ({self.characters})"

    def check(self, value: Any) -> str:
        too_long = isinstance(value, str) and self.max_length is not None and len(value) > self.max_length
        if not isinstance(value, str) or len(value) < self.min_length or too_long:
            raise ValidationError(self.allowed)
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise ValidationError(self.allowed)
        return value


def as_address(value: Any) -> Any:
    """Return a path object, such as ``ObjectStoragePath`` or ``pathlib.Path``, as text, and any other value unchanged."""
    if not isinstance(value, os.PathLike):
        return value
    address = str(value)
    return f"file://{address}" if address.startswith("/") else address


class Url(Parameter):
    """An address that the service fetches a file from."""

    @property
    def allowed(self) -> str:
        return "an http:// or https:// address of ASCII characters without spaces (percent-encode others)"

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value.isascii() or re.search(r"[\s\x00-\x1f\x7f]", value):
            raise ValidationError(self.allowed)
        try:
            parts = urlsplit(value)
            usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable:
            raise ValidationError(self.allowed)
        return value

    def show(self, value: Any) -> str:
        # A signed address carries its signature in the query, and may carry a password before the host.
        if not isinstance(value, str):
            return super().show(value)
        bare = re.sub(r"//[^/@]*@", "//", value.partition("?")[0])
        return super().show(bare)


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
            raise ValidationError(self.allowed)
        if not self.minimum <= value <= self.maximum:
            raise ValidationError(self.allowed)
        return value


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
                raise ValidationError(self.allowed) from None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError(self.allowed)
        if not math.isfinite(value) or not self.minimum <= value <= self.maximum:
            raise ValidationError(self.allowed)
        if self.above and value == self.minimum:
            raise ValidationError(self.allowed)
        return float(value)


class Boolean(Parameter):
    """True or false, also in words of any case, since Alibaba's clients send ``True`` and ``true``."""

    @property
    def allowed(self) -> str:
        return "true or false"

    def check(self, value: Any) -> bool:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise ValidationError(self.allowed)
        return value


class Choice(Parameter):
    """One of a few words."""

    choices: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(self.choices)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise ValidationError(self.allowed)
        return value


def check_request(
    action: str,
    parameters: Mapping[str, Parameter],
    request: Mapping[str, Any],
    pending: Callable[[Any], bool] = lambda value: False,
) -> dict[str, Any]:
    """The request with values of their proper types; those that are ``None`` are left out.

    :param action: name of the action, for errors
    :param parameters: what it takes, by wire name
    :param request: wire name to value
    :param pending: tells of a value that it is not known yet (a template), so that it passes as it is
    :raises InvalidRequest: something is unknown, missing or not allowed; the message says which
    """

    def invalid(code: str, message: str) -> InvalidRequest:
        return InvalidRequest(message, code=code, action=action)

    given = {name: value for name, value in request.items() if value is not None}
    for name in given.keys() - parameters.keys():
        known = ", ".join(parameters) or "none"
        raise invalid("InvalidParameter", f"{name} is not a parameter of this action; it has {known}")
    checked = {}
    for name, parameter in parameters.items():
        value = given.get(name)
        if value is None or (value == "" and parameter.required):
            if parameter.required:
                raise invalid("MissingParameter", f"{name} is missing")
            continue
        try:
            checked[name] = value if pending(value) else parameter.check(value)
        except ValidationError as allowed:
            shown = parameter.show(value)
            raise invalid("InvalidParameter", f"{name} is {shown}; allowed: {allowed}") from None
    return checked
