"""Parameter types of single values: strings, URLs, numbers, booleans, choices; see ``schema``."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from numbers import Integral, Real
from typing import Any
from urllib.parse import unquote, urlsplit

from airflow_provider_viapi.redaction import strip_userinfo
from airflow_provider_viapi.schema import Scalar, ValidationError, is_sendable, plain_text, short_repr

INT32 = 2**31 - 1
"""Largest integer that the services' metadata allows."""

INT64 = 2**63 - 1
"""Largest integer of parameters whose range is not documented."""

MAX_ADDRESS = 16_384
"""Most characters of an address whose length is not documented."""

MAX_HOST = 253
"""Most characters of the name of a host, without the dot at its end."""

MAX_HOST_LABEL = 63
"""Most characters of a part of it, between two dots."""

LARGEST_TEXT_OF_DIGITS = 10**512
"""Integers below this are taken for texts of digits, of which native rendering makes numbers.

Python refuses to write integers of thousands of digits.
"""

_DECIMAL = r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,5})?"


class String(Scalar):
    """A string of limited length and, optionally, limited characters; none has a NUL in it.

    :param min_length: fewest characters without spaces at both ends, so that a blank string is too short; default: 0
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
            value = str(int(value)) if abs(value) < LARGEST_TEXT_OF_DIGITS else None
        if not isinstance(value, str):
            raise ValidationError(f"{self.allowed}; it is of type {type(value).__name__}")
        if not is_sendable(value):
            raise ValidationError(f"{self.allowed}, without NUL" if "\0" in value else self.allowed)
        if len(value.strip()) < self.min_length:
            raise ValidationError(self.allowed + ("; spaces at both ends do not count" if value else ""))
        if self.max_length is not None and len(value) > self.max_length:
            raise ValidationError(f"{self.allowed}; it has {len(value)}")
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise ValidationError(self.allowed)
        return value


class WebAddress(Scalar):
    """An address that the service calls or writes to, such as that of a callback; one that is not required may be "".

    :param max_length: most characters; default: about four times as many as an address with a long signature has
    """

    max_length: int = MAX_ADDRESS

    @property
    def allowed(self) -> str:
        form = "an http:// or https:// address of ASCII characters without spaces (percent-encode others)"
        return form if self.max_length == MAX_ADDRESS else f"{form}{self._limit}"

    @property
    def _limit(self) -> str:
        return f", of at most {self.max_length:,} characters"

    def check(self, value: Any) -> str:
        value = plain_text(value)
        if isinstance(value, str) and value == "" and not self.required:
            # The service may take it for "no address", as in a setting that is left empty.
            return value
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
        if (problem := _host_problem(parts.hostname or "")) is not None:
            raise ValidationError(f"{self.allowed}; {problem}")
        if re.search("%(?![0-9A-Fa-f]{2})", value):
            raise ValidationError(
                f"{self.allowed}; each % in it precedes two hexadecimal digits (write %25 for a % itself)"
            )
        return value

    def _check_length(self, value: Any) -> None:
        if isinstance(value, str) and len(value) > self.max_length:
            raise ValidationError(
                f"{self.allowed.removesuffix(self._limit)}{self._limit}; it has {len(value):,}"
            )

    def redacted_repr(self, value: Any) -> str:
        # The path of a callback, and the name of a stream, may be keys: only scheme and host are shown.
        if not isinstance(value, str):
            return type(value).__name__
        scheme = found[0] if (found := re.match("[A-Za-z][A-Za-z0-9+.-]*://", value)) else ""
        host, *path = re.split("[/?#]", value.removeprefix(scheme), maxsplit=1)
        # What is before the last @ may be a password with any characters.
        host = "" if path and "@" in path[0] else host.rpartition("@")[2]
        return short_repr(f"{scheme}{host}{'/…' if path else ''}")


def _host_problem(host: str) -> str | None:
    """Return why no host can have a name, ``None`` if one can; which characters are usual is not checked."""
    if ":" in host:
        # An IPv6 address.
        return None
    name = unquote(host).removesuffix(".")
    labels = name.split(".")
    if "" in labels:
        return "a part of its host is empty: no dot at the beginning, and no two dots in a row"
    if (longest := max(map(len, labels))) > MAX_HOST_LABEL:
        return f"a part of its host has {longest} characters, and may have {MAX_HOST_LABEL}"
    if len(name) > MAX_HOST:
        return f"its host has {len(name)} characters, and may have {MAX_HOST}"
    return None


class Url(WebAddress):
    """The address of a file that the service downloads."""

    def check(self, value: Any) -> str:
        if isinstance(value, str) and not value:
            raise ValidationError(self.allowed)
        return super().check(value)

    def redacted_repr(self, value: Any) -> str:
        # A presigned address carries its signature in the query, and any address a password before the host.
        if not isinstance(value, str):
            return short_repr(value)
        shown = strip_userinfo(value)
        bare, _, query = shown.partition("?")
        # In a storage, a question mark may be part of the name.
        has_query = "=" in query or bare.lower().startswith(("http:", "https:"))
        return short_repr(bare if has_query else shown)


class Integer(Scalar):
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
        number = _whole(value)
        if number is None:
            raise ValidationError(self.allowed)
        if not self.minimum <= number <= self.maximum:
            word, bound = ("at least", self.minimum) if number < self.minimum else ("at most", self.maximum)
            is_stated = str(bound) in self.allowed
            raise ValidationError(self.allowed if is_stated else f"{self.allowed}, {word} {bound}")
        return number


def _whole(value: Any) -> int | None:
    """Return a number of any type without a fraction as an integer, exactly, anything else as ``None``."""
    value = plain_scalar(value)
    # Not by way of a float, which has 53 bits: NumPy's integers and decimals may have more.
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    number = as_float(value)
    if number is None or not math.isfinite(number) or value != int(number):
        return None
    return int(number)


class Number(Scalar):
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
    """Return a scalar of NumPy, an enumeration's text, or a decimal without a fraction, as Python's own type.

    Any other value is returned unchanged.
    """
    if isinstance(value, Decimal):
        # An exponent of a million would make an integer of a million digits.
        is_short = value.is_finite() and abs(value.adjusted()) < 100
        return int(value) if is_short and value == value.to_integral_value() else value
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    return plain_text(value)


def as_float(value: Any) -> float | None:
    """Return a number of any type (decimal, NumPy's scalars) as a float, anything else as ``None``."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):
        return math.inf


class Boolean(Scalar):
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


class Choice(Scalar):
    """One of a fixed set of strings."""

    choices: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(self.choices)

    def check(self, value: Any) -> str:
        value = plain_text(value)
        if not isinstance(value, str) or value not in self.choices:
            raise ValidationError(self.allowed)
        return value
