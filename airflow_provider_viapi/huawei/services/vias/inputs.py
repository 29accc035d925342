"""Inputs of tasks and batch tasks: sources, groups of sources, schedules.

Types and fields are those of Huawei's Java SDK; the form of schedules is from excerpts of the documents. Types and
fields that are not known are passed on unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_viapi.huawei.parameters import Object, StreamUrl
from airflow_provider_viapi.huawei.services.vias.settings import TARGET_ROI
from airflow_provider_viapi.scalar_parameters import Integer
from airflow_provider_viapi.schema import Unresolved, ValidationError, did_you_mean, known_items, short_repr

INPUT_TYPES: Mapping[str, str | None] = {
    "video_source": "video_source_id",
    "obs": "bucket",
    "url": "url",
    "edgecamera": "id",
    "vcn": None,
    "restful": None,
}
"""Types of input, and the field of ``data`` that names the source, where one type has only one."""

_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d|24:00:00")

_STREAM = StreamUrl(name="url")

_DAY = Integer(name="day", minimum=1, maximum=7)


class TaskInput(Object):
    """The source of a task: its type, and ``data`` that names it."""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return (
            "a mapping with type (video_source, url, obs and others) and data, a list of mappings that name the "
            "source, such as [{'video_source_id': '…'}]"
        )

    def check(self, value: Any) -> Any:
        """Return the source."""
        plain = super().check(value)
        kind, data = plain["type"], plain.get("data")
        if not isinstance(kind, str | Unresolved) or not kind:
            raise ValidationError(f"{self.allowed}; type is {short_repr(kind)}")
        if kind not in INPUT_TYPES and (hint := did_you_mean(kind, INPUT_TYPES)):
            raise ValidationError(f"{self.allowed}; type is {short_repr(kind)}{hint}")
        named_by = None if isinstance(kind, Unresolved) else INPUT_TYPES.get(kind)
        if isinstance(data, Unresolved) or (data is None and named_by is None):
            return plain
        if not _are_mappings(data):
            raise ValidationError(f"{self.allowed}; data is not a list of mappings")
        if named_by is not None:
            if not data:
                raise ValidationError(f"{self.allowed}; data is empty")
            for each in known_items(data):
                each[named_by] = _identifier(self.allowed, named_by, each.get(named_by), "data")
                if named_by == "url":
                    self._check_stream(each[named_by])
        return plain

    def _check_stream(self, address: Any) -> None:
        try:
            _STREAM.check_known(address)
        except ValidationError as allowed:
            shown = _STREAM.redacted_repr(address)
            raise ValidationError(f"{self.allowed}; url of data is {shown}; allowed: {allowed}") from None


class BatchInput(Object):
    """The sources of a batch task, by group, each with regions of interest."""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return (
            "a mapping with video_source_group, a list of mappings with video_source_group_id and video_source_list, "
            "which is a list of mappings with video_source_id"
        )

    def check(self, value: Any) -> Any:
        """Return the sources, with regions of interest as JSON in a text."""
        plain = super().check(value)
        groups = plain["video_source_group"]
        if isinstance(groups, Unresolved):
            return plain
        if not _are_mappings(groups):
            raise ValidationError(f"{self.allowed}; video_source_group is not a list of mappings")
        if not groups:
            raise ValidationError(f"{self.allowed}; video_source_group is empty")
        seen = set()
        for source in self._sources(groups):
            name = source["video_source_id"]
            if source.get("target_roi") is not None:
                try:
                    source["target_roi"] = TARGET_ROI.check_known(source["target_roi"])
                except ValidationError as error:
                    raise ValidationError(f"{self.allowed}; as target_roi of {name}, {error}") from None
            identity = (name, source.get("target_roi"))
            if identity in seen:
                raise ValidationError(
                    f"{self.allowed}; the source {name} is listed twice, and would be analysed and billed twice"
                )
            seen.add(identity)
        return plain

    def _sources(self, groups: list[Any]) -> Iterator[dict[str, Any]]:
        for number, group in enumerate(groups, 1):
            listed = group if isinstance(group, Unresolved) else group.get("video_source_list")
            if isinstance(listed, Unresolved):
                continue
            if listed is None and group.get("video_source_group_id"):
                # Whether the service then takes all sources of the group is not documented.
                continue
            if not _are_mappings(listed):
                raise ValidationError(
                    f"{self.allowed}; video_source_list of group {number} is not a list of mappings"
                )
            if not listed:
                raise ValidationError(f"{self.allowed}; video_source_list of group {number} is empty")
            for source in known_items(listed):
                given = source.get("video_source_id")
                source["video_source_id"] = _identifier(
                    self.allowed, "video_source_id", given, f"video_source_list of group {number}"
                )
                yield source


class Schedule(Object):
    """Times at which a task runs."""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return (
            "a mapping with type (weekly), timezone (+08:00), days_of_week (numbers from 1 to 7) and periods, a list "
            "of lists of mappings with begin_at and end_at (hh:mm:ss)"
        )

    def check(self, value: Any) -> Any:
        """Return the schedule."""
        plain = super().check(value)
        zone, days, periods = (plain.get(name) for name in ("timezone", "days_of_week", "periods"))
        # Some pages of the documents have monthly.
        if not isinstance(plain["type"], Unresolved) and plain["type"] not in ("weekly", "monthly"):
            raise ValidationError(f"{self.allowed}; type is {short_repr(plain['type'])}")
        if not isinstance(zone, Unresolved | None) and not (
            isinstance(zone, str) and _OFFSET.fullmatch(zone)
        ):
            raise ValidationError(f"{self.allowed}; timezone is {short_repr(zone)}")
        if not isinstance(days, Unresolved | None):
            try:
                if not isinstance(days, list | tuple):
                    raise TypeError
                plain["days_of_week"] = [_DAY.check_known(each) for each in days]
            except (ValidationError, TypeError):
                raise ValidationError(f"{self.allowed}; days_of_week is {short_repr(days)}") from None
        if not isinstance(periods, Unresolved | None):
            for each in self._periods(periods):
                if not all(_is_time(each.get(name)) for name in ("begin_at", "end_at")):
                    raise ValidationError(f"{self.allowed}; periods has {short_repr(each)}")
        return plain

    def _periods(self, periods: Any) -> Iterator[dict[str, Any]]:
        if not isinstance(periods, list) or not all(isinstance(each, list | Unresolved) for each in periods):
            raise ValidationError(f"{self.allowed}; periods is not a list of lists")
        for group in known_items(periods):
            for period in known_items(group):
                if not isinstance(period, dict):
                    raise ValidationError(f"{self.allowed}; periods has {short_repr(period)}")
                yield period


def _is_time(value: Any) -> bool:
    return isinstance(value, Unresolved) or (isinstance(value, str) and _TIME.fullmatch(value) is not None)


def _are_mappings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict | Unresolved) for each in value)


def _identifier(allowed: str, name: str, value: Any, place: str) -> Any:
    if isinstance(value, Unresolved):
        return value
    # Native rendering of templates makes a number of a text of digits.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or text.strip() in ("", "None"):
        raise ValidationError(f"{allowed}; {place} lacks {name}")
    return text
