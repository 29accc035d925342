"""The kinds of parameters that only Alibaba Cloud's actions take; those of any cloud are in ``parameters``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_viapi.alibaba.media_parameters import MediaLimits
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
)

__all__ = [
    "INT32",
    "AtMost",
    "BitRate",
    "Boolean",
    "Choice",
    "Integer",
    "ListOf",
    "Media",
    "Number",
    "Parameter",
    "String",
    "Url",
    "ValidationError",
    "before_staging",
]


@dataclass(frozen=True, kw_only=True)
class Media(Url):
    """The address of a file that the service reads.

    :param limits: what the file may be, as far as that is documented
    :param opens: tells of the scheme of any other address (``s3``) that staging can copy the file from there; on
        the wire there are only addresses that the service can read
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
    """A bit rate in whole megabits; the same in kilobits with a k behind them (``15000k``) is taken as well."""

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
            raise ValidationError(self.allowed)
        if self.most is not None and len(value) > self.most:
            raise ValidationError(self.allowed)
        items = [self._check_item(index, item) for index, item in enumerate(value, start=1)]
        for limit in self.most_with:
            count = sum(item.get(limit.field) == limit.value for item in items)
            if count > limit.count:
                raise ValidationError(f"{self.allowed}; {count} have {limit.field} {limit.value}")
        return items

    def _check_item(self, index: int, item: Any) -> dict[str, Any]:
        known = {field.name: field for field in self.fields}
        if not isinstance(item, Mapping):
            raise ValidationError(f"{self.allowed}; item {index} is something else")
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
                shown = field.show(given)
                raise ValidationError(f"{bad} for {field.name}; item {index} has {shown}") from None
        if not checked:
            # On the wire an item without fields would be a gap in the numbering.
            raise ValidationError(f"{self.allowed}; item {index} is empty")
        return checked

    def show(self, value: Any) -> str:
        return f"{len(value)} items" if isinstance(value, list | tuple) else type(value).__name__


def before_staging(parameter: Parameter, opens: Callable[[str], bool]) -> Parameter:
    """The parameter as an author fills it in, before its files are where the service can read them.

    :param opens: tells of a scheme (``s3``) that files can be copied from there
    """
    if isinstance(parameter, Media):
        return replace(parameter, opens=opens)
    if isinstance(parameter, ListOf):
        return replace(parameter, fields=tuple(before_staging(field, opens) for field in parameter.fields))
    return parameter
