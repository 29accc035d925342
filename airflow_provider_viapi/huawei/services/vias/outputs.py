"""Destinations of alarms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.huawei.parameters import Object, StringList
from airflow_provider_viapi.scalar_parameters import Boolean, String, WebAddress
from airflow_provider_viapi.schema import Unresolved, ValidationError, did_you_mean

DESTINATIONS: Mapping[str, str] = {"webhook": "url", "dis": "stream_name", "obs": "bucket"}
"""Destinations that are mappings, and the field that each needs; ``event_center`` is true or false."""

MAX_HEADERS = 10

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""Name of a bucket of OBS [OBS, Creating a bucket]."""

_HEADER = String(name="header")


class AlarmOutput(Object):
    """Destinations of alarms; further destinations and fields are passed on unchanged."""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return (
            "a mapping with webhook (url, and up to 10 headers), dis (stream_name), obs (bucket) or event_center "
            "(true or false)"
        )

    def check(self, value: Any) -> Any:
        """Return the destinations."""
        plain = super().check(value)
        for name in plain.keys() - {*DESTINATIONS, "event_center"}:
            if hint := did_you_mean(name, [*DESTINATIONS, "event_center"]):
                raise ValidationError(f"{self.allowed}; {name} is not a destination{hint}")
        for name, needed in DESTINATIONS.items():
            if plain.get(name) is not None:
                plain[name] = _unwrapped(plain[name], needed)
                self._check_destination(name, plain[name], needed)
        if plain.get("event_center") is not None:
            try:
                plain["event_center"] = Boolean(name="event_center").check_known(plain["event_center"])
            except ValidationError:
                raise ValidationError(f"{self.allowed}; event_center must be true or false") from None
        if self.required and not any(plain.values()):
            raise ValidationError(f"{self.allowed}; none is given, so alarms would be lost")
        return plain

    def _check_destination(self, name: str, one: Any, needed: str) -> None:
        if isinstance(one, Unresolved):
            return
        given = one.get(needed) if isinstance(one, dict) else None
        if not isinstance(given, str | Unresolved) or (isinstance(given, str) and not given.strip()):
            raise ValidationError(f"{self.allowed}; {name} lacks {needed}")
        if name == "webhook":
            try:
                WebAddress(name=needed).check_known(given)
            except ValidationError as error:
                raise ValidationError(f"{self.allowed}; the url of webhook must be {error}") from None
        if name == "obs" and isinstance(given, str) and not _BUCKET.fullmatch(given):
            # It is not quoted: before an @ there may be a password.
            raise ValidationError(
                f"{self.allowed}; the bucket of obs must be the name of a bucket alone: 3 to 63 lowercase letters, "
                "digits, dots and hyphens"
            )
        headers = one.get("headers")
        if not isinstance(headers, Unresolved | None):
            if not isinstance(headers, dict) or not 1 <= len(headers) <= MAX_HEADERS:
                raise ValidationError(
                    f"{self.allowed}; the headers of {name} must be a mapping with 1 to {MAX_HEADERS} entries"
                )
            try:
                one["headers"] = {header: _HEADER.check_known(text) for header, text in headers.items()}
            except ValidationError:
                raise ValidationError(f"{self.allowed}; each header of {name} must be a string") from None
        if one.get("data_category") is not None:
            try:
                StringList(name="data_category").check_known(one["data_category"])
            except ValidationError as error:
                raise ValidationError(f"{self.allowed}; data_category of {name} must be {error}") from None


def _unwrapped(destination: Any, needed: str) -> Any:
    # Operators put webhook= and dis= into the field that is needed, unless it is a mapping. Of another task's output
    # or a template, only the run shows that it is one.
    inside = destination.get(needed) if isinstance(destination, dict) and len(destination) == 1 else None
    return inside if isinstance(inside, dict) else destination
