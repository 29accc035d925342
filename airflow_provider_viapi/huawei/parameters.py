"""Parameter types that only Huawei Cloud's actions take: string lists, objects, files in forms."""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from collections.abc import Mapping
from numbers import Integral
from typing import Any

from airflow_provider_viapi.schema import (
    Parameter,
    ValidationError,
    as_address,
    as_float,
    as_list,
    count_repr,
    is_encodable,
    short_repr,
)


class StringList(Parameter):
    """A list of strings that are not empty; a required list is not empty, either.

    :param max_items: most items; default: no limit
    """

    max_items: int | None = None

    @property
    def allowed(self) -> str:
        return "a list of strings" + (f", at most {self.max_items}" if self.max_items is not None else "")

    def check(self, value: Any) -> list[str]:
        if not isinstance(value, list | tuple):
            raise ValidationError(self.allowed)
        if not all(isinstance(item, str) and item and is_encodable(item) for item in value):
            raise ValidationError(self.allowed)
        if self.max_items is not None and len(value) > self.max_items:
            raise ValidationError(f"{self.allowed}; it has {len(value)}")
        if self.required and not value:
            raise ValidationError(f"{self.allowed}, at least one")
        return list(value)

    def redacted_repr(self, value: Any) -> str:
        # The items may be keys of streams, for example.
        return count_repr(value)


class Object(Parameter):
    """A JSON object that is passed on as it is; only the presence of some fields is checked.

    :param required_fields: names of the fields that it must have
    """

    required_fields: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        return "a mapping" + (f" with {', '.join(self.required_fields)}" if self.required_fields else "")

    def check(self, value: Any) -> Any:
        try:
            plain = plain_json(value) if isinstance(value, Mapping) else None
        except RecursionError:
            plain = None
        if not isinstance(plain, dict):
            raise ValidationError(f"{self.allowed}, with values of JSON types only")
        if missing := [name for name in self.required_fields if plain.get(name) is None]:
            raise ValidationError(f"{self.allowed}; {', '.join(missing)} is missing")
        return plain

    def redacted_repr(self, value: Any) -> str:
        # The values may be private, and are long.
        if not isinstance(value, Mapping):
            return type(value).__name__
        names = [name if isinstance(name, str) else short_repr(name) for name in value]
        return f"a mapping of {', '.join(names[:20])}" if names else "an empty mapping"


class ObjectList(Object):
    """A list of such objects."""

    @property
    def allowed(self) -> str:
        return "a list of mappings" + (
            f" with {', '.join(self.required_fields)}" if self.required_fields else ""
        )

    def check(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ValidationError(self.allowed)
        return [super(ObjectList, self).check(item) for item in value]

    def redacted_repr(self, value: Any) -> str:
        return count_repr(value)


class FormFile(Parameter):
    """A JPEG or PNG file that is uploaded in a form; in a request, its content is bytes or Base64."""

    @property
    def allowed(self) -> str:
        return "a JPEG or PNG picture, as bytes or in Base64"

    def check(self, value: Any) -> bytes:
        content = value
        if isinstance(value, str):
            try:
                content = b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                content = None
        if not isinstance(content, bytes) or picture_type(content) is None:
            raise ValidationError(self.allowed)
        return content

    def redacted_repr(self, value: Any) -> str:
        # A picture may show a human, and is long.
        size = f" of {len(value)} characters or bytes" if isinstance(value, str | bytes) else ""
        return f"{type(value).__name__}{size}"


def picture_type(content: bytes) -> str | None:
    """Return the media type of a picture by its first bytes; ``None`` if it is neither JPEG nor PNG."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if content.startswith(b"\x89PNG\r\n\x1a\n") else None


def plain_json(value: Any) -> Any:
    """Return the value in JSON's types: path objects as addresses, lazy sequences as lists, any number as a number.

    :raises ValidationError: it holds something that JSON cannot represent
    :raises RecursionError: it contains itself
    """
    value = as_address(as_list(value))
    if isinstance(value, Mapping):
        return {_key(name): plain_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, str) and not is_encodable(value):
        raise ValidationError("text that UTF-8 can encode")
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        whole = int(value)
        if abs(whole) < 2**63:
            return whole
    number = None if isinstance(value, Integral) else as_float(value)
    if number is not None and math.isfinite(number):
        return number
    raise ValidationError(f"values of JSON types only, not {short_repr(value)}")


def _key(name: Any) -> str:
    if not isinstance(name, str | int | float | None) or not is_encodable(str(name)):
        raise ValidationError(f"values of JSON types only, and names that are text, not {short_repr(name)}")
    return str(name)
