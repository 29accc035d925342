"""Parameter types that only Huawei Cloud's actions take, whose requests are JSON: string lists and objects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.schema import Parameter, ValidationError, count_repr, is_encodable


class StringList(Parameter):
    """A list of strings that are not empty.

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
            raise ValidationError(f"{self.allowed}; {len(value)} are too many")
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
            raise ValidationError(f"{self.allowed}, of JSON's types throughout")
        if missing := [name for name in self.required_fields if plain.get(name) is None]:
            raise ValidationError(f"{self.allowed}; {', '.join(missing)} is missing")
        return plain

    def redacted_repr(self, value: Any) -> str:
        # The values may be private, and are long.
        if not isinstance(value, Mapping):
            return type(value).__name__
        return f"a mapping of {', '.join(map(str, value))}"


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


def plain_json(value: Any) -> Any:
    """Return the value in JSON's types.

    :raises ValidationError: it holds something that JSON cannot represent
    :raises RecursionError: it contains itself
    """
    if isinstance(value, Mapping):
        return {plain_json(str(name)): plain_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, str) and not is_encodable(value):
        raise ValidationError("text that UTF-8 can encode throughout")
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValidationError(f"JSON's types throughout, not {type(value).__name__}")
