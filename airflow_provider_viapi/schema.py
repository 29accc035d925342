"""Parameter types that the actions of every cloud share, and the check of a request against them.

A type takes a value as a DAG author writes it (``0.5``), as a template renders it (``"0.5"``) or as it is sent
(``"0.5"``) and returns it with its proper type, or raises :class:`ValidationError` with what is allowed. Any value at
all may be given: what a type cannot take is an error of the request, never another exception.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.record import Record
from airflow_provider_viapi.redaction import LONGEST_SHOWN, has_password, redact_text, strip_userinfo

INT32 = 2**31 - 1
"""Largest integer that the services' metadata allows."""

INT64 = 2**63 - 1
"""Largest integer of parameters whose range is not documented."""

MAX_ADDRESS = 16_384
"""Characters of an address: about four times as many as one with a long signature has."""

ONLY_CONN_ID = "before the @ only the id of an Airflow connection, which holds user and password"
"""Allowed values where the address of a storage has a password."""

LARGEST_TEXT_OF_DIGITS = 10**512
"""Integers below this are taken for texts of digits, of which native rendering makes numbers.

Python refuses to write integers of thousands of digits.
"""


_DECIMAL = r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,5})?"


def snake_case(wire_name: str) -> str:
    """Return the keyword argument of a wire name: ``VideoUrl``, ``VideoURL`` → ``video_url``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", wire_name).lower()


class ValidationError(Exception):
    """A value that a parameter cannot take; the message says which are allowed."""


class Parameter(Record):
    """Base class of all parameter types.

    :param name: the wire name, such as ``VideoUrl``
    :param required: the service refuses a request without it
    :param doc: description with the unit, for the reference pages
    :param default: what the service assumes when nothing is given, if that is known
    :param note: where descriptions of the API differ, and the source of each
    :param narrows: without it the action changes or deletes more; a mapped task must not leave it out by ``None``
    """

    name: str
    required: bool = False
    doc: str = ""
    default: bool | float | str | None = None
    note: str = ""
    narrows: bool = False

    @property
    def allowed(self) -> str:
        """Description of the allowed values."""
        raise NotImplementedError

    def check(self, value: Any) -> Any:
        """Return the value with its proper type.

        :raises ValidationError: it is not allowed
        """
        raise NotImplementedError

    def redacted_repr(self, value: Any) -> str:
        """Return a value as an error message may show it: short, and without what should stay private."""
        return short_repr(value)


def short_repr(value: Any, limit: int = 80) -> str:
    """Return ``repr()`` of any value without credentials, cut after some characters; without one, its type."""
    try:
        text = repr(value[:LONGEST_SHOWN] if type(value) is str else value)
    except Exception:
        return type(value).__name__
    text = redact_text(text[:LONGEST_SHOWN])
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


class String(Parameter):
    """A string of limited length and, optionally, limited characters.

    :param min_length: fewest characters; default: 0
    :param max_length: most characters; default: no limit
    :param pattern: regular expression that the whole value matches
    :param characters: description of the pattern
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
        value = plain_scalar(value)
        if isinstance(value, int) and not isinstance(value, bool):
            # Native rendering of templates makes a number of a text of digits.
            value = str(value) if abs(value) < LARGEST_TEXT_OF_DIGITS else None
        if not isinstance(value, str):
            raise ValidationError(f"{self.allowed}; it is of type {type(value).__name__}")
        if not is_encodable(value):
            raise ValidationError(self.allowed)
        if len(value) < self.min_length or (self.max_length is not None and len(value) > self.max_length):
            raise ValidationError(self.allowed + (f"; it has {len(value)}" if self.max_length else ""))
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise ValidationError(self.allowed)
        return value


def as_address(value: Any) -> Any:
    """Return the address of a path object, such as an ``ObjectStoragePath``; any other value as it is.

    :param value: an ``ObjectStoragePath`` becomes its URL, with the connection id; a path on disk a ``file://`` URL
    """
    if isinstance(value, str) or not (isinstance(value, os.PathLike) or hasattr(type(value), "joinpath")):
        return value
    text = (
        os.fsdecode(value)
        if isinstance(value, os.PathLike) and not hasattr(type(value), "joinpath")
        else str(value)
    )
    return text if "://" in text else f"file://{Path(text).absolute()}"


STORED = "an address in storage, such as s3://, gs://, abfs://, oss:// or file://"
"""Description of what :func:`stored_address` allows."""


_WITHOUT_BUCKETS = ("file", "local", "memory")


def stored_address(value: Any, opens: Callable[[str], bool], allowed: str) -> str:
    """Return the address of one file in storage.

    :param opens: return true for a scheme (``s3``) that files can be read from
    :param allowed: description of the allowed values, for the message
    :raises ValidationError: it is no such address
    """
    if not isinstance(value, str) or "://" not in value:
        raise ValidationError(
            f"{allowed}; for a file on the worker's disk write file:// before the absolute path"
        )
    scheme, _, rest = value.partition("://")
    if not re.fullmatch("[a-z][a-z0-9+.-]*", scheme) or re.search(r"[\x00-\x1f\x7f]", rest):
        raise ValidationError(allowed)
    if has_password(value):
        raise ValidationError(f"{allowed}; {ONLY_CONN_ID}")
    if not rest.strip("/") or rest.endswith("/"):
        raise ValidationError(f"{allowed}, and it names a file")
    if scheme not in _WITHOUT_BUCKETS and not rest.partition("/")[2].strip("/"):
        raise ValidationError(
            f"{allowed}, and it names a file; {short_repr(rest.rpartition('@')[2])} is only a bucket"
        )
    if rest.endswith(("?", "#")):
        # What reads addresses takes these for the beginning of an empty query, and would read another file.
        raise ValidationError(f"{allowed}, and its name does not end in ? or #")
    if not is_encodable(rest):
        raise ValidationError(f"{allowed}; its name is not encoded in UTF-8: rename the file")
    if not _is_parsable(value):
        raise ValidationError(allowed)
    if ".." in rest.split("/"):
        raise ValidationError(f"{allowed}, without .. in it")
    if not opens(scheme):
        raise ValidationError(f"{allowed}; no installed package supports {scheme}://")
    return value


def _is_parsable(address: str) -> bool:
    """Return whether what opens it can take an address apart; a bracket before the first slash prevents that."""
    try:
        urlsplit(address)
    except ValueError:
        return False
    return True


class Url(Parameter):
    """The address of a file that the service downloads."""

    @property
    def allowed(self) -> str:
        return "an http:// or https:// address of ASCII characters without spaces (percent-encode others)"

    def check(self, value: Any) -> str:
        self._check_length(value)
        if not isinstance(value, str) or not value.isascii() or re.search(r"[\s\x00-\x1f\x7f]", value):
            raise ValidationError(self.allowed)
        try:
            parts = urlsplit(value)
            # The port of a URL is read, and found to be none, when it is asked for.
            usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValidationError(self.allowed)
        return value

    def _check_length(self, value: Any) -> None:
        if isinstance(value, str) and len(value) > MAX_ADDRESS:
            raise ValidationError(
                f"{self.allowed}, of at most {MAX_ADDRESS:,} characters; it has {len(value):,}"
            )

    def redacted_repr(self, value: Any) -> str:
        # A presigned address carries its signature in the query, and any address a password before the host.
        if not isinstance(value, str):
            return super().redacted_repr(value)
        shown = strip_userinfo(value)
        bare, _, query = shown.partition("?")
        # In a storage, a question mark may be part of the name.
        has_query = "=" in query or bare.lower().startswith(("http:", "https:"))
        return super().redacted_repr(bare if has_query else shown)


class Integer(Parameter):
    """An integer; both bounds are included.

    :param minimum: default: the smallest 64-bit integer
    :param maximum: default: the largest 32-bit integer
    """

    minimum: int = -INT64
    maximum: int = INT32

    @property
    def allowed(self) -> str:
        if self.minimum == -INT64:
            return "a whole number" + ("" if self.maximum >= INT32 else f" of at most {self.maximum}")
        if self.maximum in (INT32, INT64):
            return f"a whole number of at least {self.minimum}"
        return f"a whole number from {self.minimum} to {self.maximum}"

    def check(self, value: Any) -> int:
        if isinstance(value, str) and (whole := re.fullmatch(r"([+-]?[0-9]{1,40})(?:\.0*)?", value.strip())):
            value = int(whole[1])
        number = value if isinstance(value, int) else as_float(value)
        if number is None or isinstance(value, bool) or number != number or number in (math.inf, -math.inf):
            raise ValidationError(self.allowed)
        if number != int(number):
            raise ValidationError(self.allowed)
        if not self.minimum <= number <= self.maximum:
            word, bound = ("at least", self.minimum) if number < self.minimum else ("at most", self.maximum)
            is_stated = str(bound) in self.allowed
            raise ValidationError(self.allowed if is_stated else f"{self.allowed}, {word} {bound}")
        return int(number)


class Number(Parameter):
    """A finite number; both bounds are included.

    :param minimum: default: no limit
    :param maximum: default: the largest 32-bit integer
    :param exclusive_minimum: the minimum itself is not allowed
    """

    minimum: float = -math.inf
    maximum: float = INT32
    exclusive_minimum: bool = False

    @property
    def allowed(self) -> str:
        is_open = self.maximum in (INT32, math.inf)
        if math.isinf(self.minimum):
            return "a number" + ("" if is_open else f" of at most {self.maximum:g}")
        lower = "above" if self.exclusive_minimum else "of at least" if is_open else "from"
        return f"a number {lower} {self.minimum:g}" + ("" if is_open else f" to {self.maximum:g}")

    def check(self, value: Any) -> float:
        number = as_float(value)
        # Python's own conversion also takes 0_1, other digits than ASCII's, and words such as infinity.
        if number is None and isinstance(value, str) and re.fullmatch(_DECIMAL, value.strip()):
            number = float(value)
        if number is None or number != number:
            raise ValidationError(self.allowed)
        if number > self.maximum:
            raise ValidationError(self.allowed + ("" if self.maximum != INT32 else f", at most {INT32}"))
        if number < self.minimum or math.isinf(number):
            raise ValidationError(self.allowed)
        if self.exclusive_minimum and number == self.minimum:
            raise ValidationError(self.allowed)
        return number


def plain_scalar(value: Any) -> Any:
    """Return a scalar of NumPy, or a decimal without a fraction, as Python's own type; any other value unchanged."""
    if isinstance(value, Decimal):
        # An exponent of a million would make an integer of a million digits.
        is_short = value.is_finite() and abs(value.adjusted()) < 100
        return int(value) if is_short and value == value.to_integral_value() else value
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    return value


def as_float(value: Any) -> float | None:
    """Return a number of any type (decimal, NumPy's scalars) as a float, anything else as ``None``."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):
        return math.inf


class Boolean(Parameter):
    """True or false, also as a string in any case, since Alibaba's clients send ``True`` and ``true``."""

    @property
    def allowed(self) -> str:
        return "true or false"

    def check(self, value: Any) -> bool:
        value = plain_scalar(value)
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        if not isinstance(value, bool):
            raise ValidationError(self.allowed)
        return value


class Choice(Parameter):
    """One of a fixed set of strings."""

    choices: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(self.choices)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise ValidationError(self.allowed)
        return value


_SCALARS = (String, Url, Integer, Number, Boolean, Choice)

NATIVE_HINT = (
    "a template renders to text; for a list or a mapping set render_template_as_native_obj=True in the DAG, or pass "
    "another task's output"
)
"""Advice for text where a list or a mapping is required."""

NONE_HINT = "if it is a template: it rendered to None, so what it reads, such as an XCom, does not exist"
"""Advice for the text that a template without a value renders to."""


def as_list(value: Any) -> Any:
    """Return the lazy sequence that a mapped task's output is as a list, and any other value unchanged."""
    is_lazy = isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | list | tuple)
    return list(value) if is_lazy else value


def is_iterable(value: Any) -> bool:
    """Return true for what can be iterated over, except texts and mappings."""
    if isinstance(value, str | bytes | bytearray | Mapping):
        return False
    try:
        # An array of NumPy without dimensions has the method, but not the items.
        iter(value)
    except Exception:
        return False
    return True


def is_encodable(text: str) -> bool:
    """Return true unless the text holds surrogates, which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """Return ``; did you mean VideoUrl?`` for the known name that is most like a name, or an empty text."""
    if not isinstance(name, str):
        return ""
    from difflib import get_close_matches

    by_lower = {each.lower(): each for each in known}
    similar = get_close_matches(name[:100].lower(), by_lower, 1)
    return f"; did you mean {by_lower[similar[0]]}?" if similar else ""


def count_repr(value: Any) -> str:
    """Return the number of items of a list, or the type of anything else, for values that are long or private."""
    return f"{len(value)} items" if isinstance(value, list | tuple) else f"of type {type(value).__name__}"


def name_repr(name: Any) -> str:
    """Return a name as an error message shows it: short, and quoted if it is not plain text."""
    return name if isinstance(name, str) and len(name) <= 80 and name.isprintable() else short_repr(name)


def normalized_name(name: str) -> str:
    """Return a name without case and underscores, in which the spellings of one name are equal."""
    return name.replace("_", "").lower()


def check_request(
    action: str,
    parameters: Mapping[str, Parameter],
    request: Mapping[str, Any],
    is_unresolved: Callable[[Any], bool] = lambda value: False,
) -> dict[str, Any]:
    """Return the request with values of their proper types, without those that are ``None``.

    :param action: name of the action, for error messages
    :param parameters: what the action takes, by wire name
    :param request: wire name to value
    :param is_unresolved: recognises a value that is not known yet (a template), which is passed on unchecked
    :raises InvalidRequest: a parameter is unknown, missing or not allowed; the message names it
    """

    def invalid(code: str, message: str) -> InvalidRequest:
        return InvalidRequest(message, code=code, action=action)

    if not isinstance(request, Mapping):
        hint = f" ({NATIVE_HINT})" if isinstance(request, str) else ""
        raise invalid(
            "InvalidParameter",
            f"request is of type {type(request).__name__}; allowed: a mapping of the action's parameters{hint}",
        )
    given = {name: as_list(value) for name, value in request.items() if value is not None}
    for name in given.keys() - parameters.keys():
        known = ", ".join(parameters) or "none"
        hint = did_you_mean(name, parameters)
        raise invalid(
            "InvalidParameter",
            f"{name_repr(name)} is not a parameter of this action{hint or ';'} its parameters are {known}",
        )
    checked = {}
    for name, parameter in parameters.items():
        value = given.get(name)
        if value is None or (parameter.required and isinstance(value, str) and value == ""):
            if parameter.required:
                hint = f" ({NONE_HINT})" if name in request and value is None else ""
                raise invalid("MissingParameter", f"{name} is missing{hint}")
            continue
        try:
            checked[name] = value if is_unresolved(value) else parameter.check(value)
        except ValidationError as allowed:
            shown = parameter.redacted_repr(value)
            hint = _template_hint(parameter, value)
            raise invalid("InvalidParameter", f"{name} is {shown}; allowed: {allowed}{hint}") from None
    return checked


def _template_hint(parameter: Parameter, value: Any) -> str:
    """Return the advice for a text that a template probably rendered to, in parentheses, or an empty text."""
    if not isinstance(value, str):
        return ""
    if value == "None":
        return f" ({NONE_HINT})"
    return "" if isinstance(parameter, _SCALARS) else f" ({NATIVE_HINT})"
