"""Parameter types that only Alibaba Cloud's actions take, and the limits of the media files that they name.

The limits are from Alibaba's API metadata of late 2025 and the VIAPI documents of 2020 and 2021. A megabyte is
counted as 2²⁰ bytes, since no document says which is meant: a file that is refused here is too large by either count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_viapi.schema import (
    INT32,
    Boolean,
    Choice,
    Integer,
    Number,
    Parameter,
    String,
    Url,
    ValidationError,
    count_repr,
)

__all__ = [
    "GB",
    "INT32",
    "MB",
    "AtMost",
    "BitRate",
    "Boolean",
    "Choice",
    "Integer",
    "ListOf",
    "Media",
    "MediaLimits",
    "Number",
    "Parameter",
    "String",
    "Url",
    "ValidationError",
    "before_staging",
]

MB, GB = 1 << 20, 1 << 30


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """Limits of a file that an action reads; what is not given is unknown or not limited.

    :param formats: types by their usual file extension, in lower case: ``mp4``, ``jpeg``
    :param max_bytes: size of the largest file
    :param min_bytes: size of the smallest file
    :param min_side: fewest pixels of each side of an image
    :param max_side: most pixels of each side of an image
    :param when: name and value of a field of the same object; the limits apply only with that value
    """

    formats: tuple[str, ...] = ()
    max_bytes: int | None = None
    min_bytes: int | None = None
    min_side: int | None = None
    max_side: int | None = None
    when: tuple[str, str] | None = None

    def hold_for(self, item: Mapping[str, Any]) -> bool:
        """Return true if the limits apply to the file that a request, or an item of a list in it, names."""
        return self.when is None or item.get(self.when[0]) == self.when[1]


@dataclass(frozen=True, kw_only=True)
class Media(Url):
    """The address of a file that the service reads.

    :param limits: limits of the file, as far as they are documented
    :param opens: returns true for the scheme of an address (``s3``) that staging can copy a file from; ``None`` in a
        request as it is sent, which holds only addresses that the service can read
    """

    limits: tuple[MediaLimits, ...] = ()
    opens: Callable[[str], bool] | None = None

    @property
    def allowed(self) -> str:
        if self.opens is None:
            return super().allowed
        return (
            f"{super().allowed}; or one in object storage, such as s3://, gs://, abfs://, oss:// or file://"
        )

    def check(self, value: Any) -> str:
        scheme, colon, rest = value.partition("://") if isinstance(value, str) else ("", "", "")
        if self.opens is None or not colon or scheme.lower() in ("http", "https"):
            return super().check(value)
        if not re.fullmatch("[a-z][a-z0-9+.-]*", scheme) or re.search(r"[\x00-\x1f\x7f]", rest):
            raise ValidationError(self.allowed)
        if not rest.strip("/") or rest.endswith("/"):
            raise ValidationError(f"{self.allowed}, and it names a file")
        if ".." in rest.split("/"):
            raise ValidationError(f"{self.allowed}, without .. in it")
        if not self.opens(scheme):
            raise ValidationError(f"{self.allowed}; nothing that is installed opens {scheme}://")
        return str(value)


@dataclass(frozen=True, kw_only=True)
class BitRate(Integer):
    """A bit rate in whole megabits; kilobits followed by a k (``15000k``) are accepted as well."""

    @property
    def allowed(self) -> str:
        kilobits = f"{self.minimum * 1000}k to {self.maximum * 1000}k"
        return f"{super().allowed} (megabits), or the same in kilobits, {kilobits} in steps of 1000"

    def check(self, value: Any) -> int:
        if isinstance(value, str) and (kilobits := re.fullmatch(r"([0-9]{1,15})000k", value)):
            value = int(kilobits[1])
        return super().check(value)


@dataclass(frozen=True)
class AtMost:
    """Limit of the number of items of a list that have a certain value.

    :param count: most items
    :param value: the value
    :param field: name of the field that has it
    """

    count: int
    value: str
    field: str


@dataclass(frozen=True, kw_only=True)
class ListOf(Parameter):
    """A list of objects with the same fields, sent flat and counted from 1 (``Boxes.1.X``).

    :param fields: fields of an item; each item has at least one of them
    :param min_items: fewest items; default: 0
    :param max_items: most items; default: no limit
    :param max_with: limits of items with a certain value
    """

    fields: tuple[Parameter, ...]
    min_items: int = 0
    max_items: int | None = None
    max_with: tuple[AtMost, ...] = ()

    @property
    def allowed(self) -> str:
        bounds = [f"at least {self.min_items}"] if self.min_items else []
        bounds += [f"at most {self.max_items}"] if self.max_items is not None else []
        count = " and ".join(bounds) or "a list of"
        shares = "".join(f", at most {each.count} with {each.field} {each.value}" for each in self.max_with)
        return f"{count} mappings of {', '.join(field.name for field in self.fields)}{shares}"

    def check(self, value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list | tuple) or len(value) < self.min_items:
            raise ValidationError(self.allowed)
        if self.max_items is not None and len(value) > self.max_items:
            raise ValidationError(self.allowed)
        items = [self._check_item(index, item) for index, item in enumerate(value, start=1)]
        for limit in self.max_with:
            count = sum(item.get(limit.field) == limit.value for item in items)
            if count > limit.count:
                raise ValidationError(f"{self.allowed}; {count} have {limit.field} {limit.value}")
        return items

    def _check_item(self, index: int, item: Any) -> dict[str, Any]:
        known = {field.name: field for field in self.fields}
        if not isinstance(item, Mapping):
            raise ValidationError(f"{self.allowed}; item {index} is of type {type(item).__name__}")
        if unknown := sorted(str(name) for name in item.keys() - known.keys()):
            raise ValidationError(
                f"{self.allowed}; item {index} has {', '.join(unknown)}, which is none of these"
            )
        checked = {}
        for field in self.fields:
            given = item.get(field.name)
            if given is None and field.required:
                raise ValidationError(f"{field.name} in every item; item {index} has none")
            if given is None:
                continue
            try:
                checked[field.name] = field.check(given)
            except ValidationError as bad:
                shown = field.redacted_repr(given)
                raise ValidationError(f"{bad} for {field.name}; item {index} has {shown}") from None
        if not checked:
            # On the wire an item without fields would be a gap in the numbering.
            raise ValidationError(f"{self.allowed}; item {index} is empty")
        return checked

    def redacted_repr(self, value: Any) -> str:
        return count_repr(value)


def before_staging(parameter: Parameter, opens: Callable[[str], bool]) -> Parameter:
    """Return the parameter as an author fills it in, before its files are where the service can read them.

    :param opens: returns true for the scheme of an address (``s3``) that files can be copied from
    """
    if isinstance(parameter, Media):
        return replace(parameter, opens=opens)
    if isinstance(parameter, ListOf):
        return replace(parameter, fields=tuple(before_staging(field, opens) for field in parameter.fields))
    return parameter
