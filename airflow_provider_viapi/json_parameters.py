"""The kinds of parameters that actions take whose requests are JSON: lists of strings, and structures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.schema import Parameter, ValidationError


class StringList(Parameter):
    """A list of strings that are not empty.

    :param most: most items
    """

    most: int | None = None

    @property
    def allowed(self) -> str:
        return "a list of strings" + (f", at most {self.most}" if self.most is not None else "")

    def check(self, value: Any) -> list[str]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise ValidationError(self.allowed)
        if self.most is not None and len(value) > self.most:
            raise ValidationError(f"{self.allowed}; {len(value)} are too many")
        return list(value)

    def show(self, value: Any) -> str:
        # The items may be keys of streams, say.
        return f"{len(value)} items" if isinstance(value, list | tuple) else type(value).__name__


class Object(Parameter):
    """A structure of JSON that goes through as it is, but for fields that have to be there.

    :param needs: the names of those
    """

    needs: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        return "a mapping" + (f" with {', '.join(self.needs)}" if self.needs else "")

    def check(self, value: Any) -> dict[str, Any]:
        plain = plain_json(value) if isinstance(value, Mapping) else None
        if not isinstance(plain, dict):
            raise ValidationError(f"{self.allowed}, of JSON's types throughout")
        if missing := [name for name in self.needs if plain.get(name) is None]:
            raise ValidationError(f"{self.allowed}; {', '.join(missing)} is missing")
        return plain

    def show(self, value: Any) -> str:
        # What is in it may be private, and is long.
        return (
            f"a mapping of {', '.join(map(str, value))}"
            if isinstance(value, Mapping)
            else type(value).__name__
        )


class ObjectList(Object):
    """A list of such structures."""

    @property
    def allowed(self) -> str:
        return "a list of mappings" + (f" with {', '.join(self.needs)}" if self.needs else "")

    def check(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ValidationError(self.allowed)
        return [super(ObjectList, self).check(item) for item in value]

    def show(self, value: Any) -> str:
        return f"{len(value)} items" if isinstance(value, list | tuple) else type(value).__name__


def plain_json(value: Any) -> Any:
    """The value in JSON's types.

    :raises ValidationError: it holds something that JSON has no form for
    """
    if isinstance(value, Mapping):
        return {str(name): plain_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if (
        value is None
        or isinstance(value, str | bool | int)
        or (isinstance(value, float) and math.isfinite(value))
    ):
        return value
    raise ValidationError(f"JSON's types throughout, not {type(value).__name__}")
