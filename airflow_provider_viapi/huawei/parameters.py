"""Parameter types that only Huawei Cloud's actions take: string lists, objects, files to upload; see ``pictures``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import islice
from numbers import Integral
from typing import Any

from airflow_provider_viapi.huawei.pictures import Picture
from airflow_provider_viapi.scalar_parameters import String, Url, WebAddress, as_float, plain_scalar
from airflow_provider_viapi.schema import (
    Parameter,
    Scalar,
    Unresolved,
    ValidationError,
    as_list,
    count_repr,
    is_sendable,
    name_repr,
    plain_text,
    short_repr,
)
from airflow_provider_viapi.storage_addresses import STORED, as_address, stored_address

_STREAM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]+")

LONGEST_TYPE = 40
"""Most characters of a description that is repeated in that of a mapping with such a field."""


class StreamUrl(WebAddress):
    """The address of a stream, with whatever scheme: a user, a password or a key in it may have any characters."""

    @property
    def allowed(self) -> str:
        return "an address such as rtmp://host/path, without spaces"

    def check(self, value: Any) -> str:
        value = plain_text(value)
        self._check_length(value)
        if not isinstance(value, str) or not _STREAM.fullmatch(value) or not is_sendable(value):
            raise ValidationError(self.allowed)
        return value


class StringList(Parameter):
    """A list of strings that are not blank; a required list is not empty, either.

    :param item: type of the strings
    :param max_items: most items; default: no limit
    """

    item: Scalar = String(name="item", min_length=1)
    max_items: int | None = None

    @property
    def allowed(self) -> str:
        is_plain = self.item is type(self).item
        return self._kind if is_plain else f"{self._kind}, each {self.item.allowed}"

    @property
    def _kind(self) -> str:
        return "a list of strings" + (f", at most {self.max_items}" if self.max_items is not None else "")

    def check(self, value: Any) -> list[str]:
        if not isinstance(value, list | tuple):
            raise ValidationError(self.allowed)
        checked = [self._check_item(number, item) for number, item in enumerate(value, start=1)]
        if self.max_items is not None and len(value) > self.max_items:
            raise ValidationError(f"{self.allowed}; it has {len(value)}")
        if self.required and not value:
            raise ValidationError(f"{self.allowed}, at least one")
        return checked

    def _check_item(self, number: int, item: Any) -> Any:
        if isinstance(item, Unresolved):
            return item
        # The value may be the key of a stream, which no message shows.
        if not isinstance(item, str):
            raise ValidationError(f"{self.allowed}; item {number} is of type {type(item).__name__}")
        try:
            return self.item.check(item)
        except ValidationError as allowed:
            shown = "blank" if not item.strip() else "not"
            raise ValidationError(f"{self._kind}, each {allowed}; item {number} is {shown}") from None

    def redacted_repr(self, value: Any) -> str:
        # The items may be keys of streams, for example.
        return count_repr(value)


class FileToUpload(Url):
    """A file in storage, which an operator uploads.

    :param opens: return true for a scheme (``s3``) that files can be read from
    """

    opens: Callable[[str], bool]

    @property
    def allowed(self) -> str:
        return STORED

    def check(self, value: Any) -> str:
        return stored_address(as_address(value), self.opens, self.allowed)


class Object(Parameter):
    """A JSON object that is passed on as it is; only the presence of some fields, and known types, are checked.

    :param required_fields: names of the fields that it must have
    :param fields: those of its fields whose type is known, required or not
    """

    required_fields: tuple[str, ...] = ()
    fields: tuple[Parameter, ...] = ()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Those of its fields that are pictures."""
        return tuple(each for each in self.fields if isinstance(each, Picture))

    @property
    def allowed(self) -> str:
        return f"a mapping{self._with_fields}"

    @property
    def _with_fields(self) -> str:
        """Required fields with their types; a long description of one is in its own error alone."""
        known = {each.name: each.allowed for each in self.fields}
        described = [
            f"{name} ({known[name]})" if 0 < len(known.get(name, "")) <= LONGEST_TYPE else name
            for name in self.required_fields
        ]
        return f" with {', '.join(described)}" if described else ""

    def check(self, value: Any) -> Any:
        try:
            plain = plain_json(self._with_types(value)) if isinstance(value, Mapping) else None
        except RecursionError:
            plain = None
        if not isinstance(plain, dict):
            raise ValidationError(f"{self.allowed}, with values of JSON types only")
        if missing := [name for name in self.required_fields if plain.get(name) is None]:
            raise ValidationError(f"{self.allowed}; {', '.join(missing)} is missing")
        return plain

    def _with_types(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        checked = {}
        for field in self.fields:
            if (given := as_list(value.get(field.name))) is not None:
                try:
                    checked[field.name] = field.check_known(given)
                except ValidationError as allowed:
                    shown = f"{field.name} is {field.redacted_repr(given)}"
                    raise ValidationError(f"{self.allowed}; {shown}; allowed: {allowed}") from None
        return {**value, **checked} if checked else value

    def redacted_repr(self, value: Any) -> str:
        # The values may be private, and are long.
        if not isinstance(value, Mapping):
            return type(value).__name__
        names = [name_repr(name) for name in islice(value, 20)]
        return f"a mapping of {', '.join(names)}" if names else "an empty mapping"


class ObjectList(Object):
    """A list of such objects."""

    @property
    def allowed(self) -> str:
        return f"a list of mappings{self._with_fields}"

    def check(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ValidationError(self.allowed)
        return [self._check_item(number, item) for number, item in enumerate(value, start=1)]

    def _check_item(self, number: int, item: Any) -> Any:
        if isinstance(item, Unresolved):
            return item
        try:
            return super().check(item)
        except ValidationError as error:
            raise ValidationError(f"{error}; this is about item {number}") from None

    def redacted_repr(self, value: Any) -> str:
        return count_repr(value)


def before_reading(parameter: Parameter, opens: Callable[[str], bool]) -> Parameter:
    """Return the parameter as DAG authors may give it, with addresses of pictures; see :class:`Picture`."""
    if isinstance(parameter, Picture):
        return parameter.replace(opens=opens)
    if isinstance(parameter, Object) and parameter.pictures:
        return parameter.replace(fields=tuple(before_reading(each, opens) for each in parameter.fields))
    return parameter


def plain_json(value: Any, path: str = "") -> Any:
    """Return the value in JSON's types: path objects as addresses, lazy sequences as lists, any number as a number.

    :param path: where the value is, such as ``boxes[0].width``, for the message
    :raises ValidationError: it holds something that JSON cannot represent
    :raises RecursionError: it contains itself
    """
    value = as_address(as_list(value))
    if isinstance(value, Mapping):
        return {
            (key := _key(name, path)): plain_json(
                item, f"{path}.{name_repr(key)}" if path else name_repr(key)
            )
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain_json(item, f"{path}[{index}]") for index, item in enumerate(value)]
    value = plain_scalar(value)
    if isinstance(value, str) and not is_sendable(value):
        raise ValidationError(f"text that UTF-8 can encode, without NUL{_at(path, value)}")
    if value is None or isinstance(value, str | bool | Unresolved):
        return value
    if isinstance(value, Integral):
        whole = int(value)
        if abs(whole) < 2**63:
            return whole
    number = None if isinstance(value, Integral) else as_float(value)
    if number is not None and math.isfinite(number):
        return number
    raise ValidationError(f"values of JSON types only{_at(path, value)}")


def _at(path: str, value: Any) -> str:
    path = path if len(path) <= 100 else f"…{path[-100:]}"
    return f"; {path} is {short_repr(value)}" if path else f", not {short_repr(value)}"


def _key(name: Any, path: str) -> str:
    # Python writes no integers of thousands of digits.
    is_name = isinstance(name, str | float | None) or (isinstance(name, int) and abs(name) < 2**63)
    if not is_name or not is_sendable(str(name)):
        place = f" in {path}" if path else ""
        raise ValidationError(
            f"values of JSON types only, and names that are text, not {short_repr(name)}{place}"
        )
    return str(plain_text(name))
