"""Settings of algorithms (``config.common``), regions of interest, and destinations of alarms.

Fields and ranges are from excerpts of Huawei's documents. Only known fields are checked; others are passed on
unchanged, because an algorithm may have more of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.parameters import Object
from airflow_provider_viapi.schema import (
    Boolean,
    Integer,
    Number,
    Parameter,
    String,
    ValidationError,
    as_float,
    short_repr,
)

MAX_POINTS = 1000


class Switch(Parameter):
    """A switch, which is sent as 0 or 1."""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return "true or false, or 1 or 0"

    def check(self, value: Any) -> int:
        """Return 0 or 1."""
        if isinstance(value, str):
            value = {"true": True, "false": False, "1": 1, "0": 0}.get(value.strip().lower())
        if not isinstance(value, int) or value not in (0, 1):
            raise ValidationError(self.allowed)
        return int(value)


class NumberAsText(Number):
    """A number that is sent as text."""

    def check(self, value: Any) -> Any:
        """Return the number as text."""
        super().check(value)
        return str(value)


class RegionsOfInterest(Parameter):
    """Regions of interest: polygons and lines by name, sent as JSON in a text; such a text is passed on unchanged."""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return (
            "a mapping with polygons or lines: each a mapping from its name to a list of points [x, y], at least "
            "three for a polygon and two for a line; or the service's own JSON as text"
        )

    def check(self, value: Any) -> str:
        """Return the service's JSON."""
        if isinstance(value, str) and value:
            return value
        if not isinstance(value, Mapping) or not value or value.keys() - {"polygons", "lines"}:
            raise ValidationError(self.allowed)
        shapes = {
            kind: [
                {"data": self._points(points, fewest), "name": str(name)}
                for name, points in self._named(value.get(kind, {})).items()
            ]
            for kind, fewest in (("polygons", 3), ("lines", 2))
        }
        return json.dumps(shapes, ensure_ascii=False, separators=(",", ":"))

    def _named(self, shapes: Any) -> Mapping[Any, Any]:
        if not isinstance(shapes, Mapping):
            raise ValidationError(self.allowed)
        return shapes

    def _points(self, points: Any, fewest: int) -> list[list[float]]:
        if not isinstance(points, list | tuple) or not fewest <= len(points) <= MAX_POINTS:
            raise ValidationError(self.allowed)
        checked = []
        for point in points:
            pair = list(point) if isinstance(point, list | tuple) else []
            if len(pair) != 2 or any(isinstance(each, bool | str) or as_float(each) is None for each in pair):
                raise ValidationError(self.allowed)
            checked.append([Number(name="coordinate").check(each) for each in pair])
        return checked


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
        for name, needed in (("webhook", "url"), ("dis", "stream_name"), ("obs", "bucket")):
            one = plain.get(name)
            if one is None:
                continue
            if not isinstance(one, dict) or not isinstance(one.get(needed), str) or not one[needed]:
                raise ValidationError(f"{self.allowed}; {name} lacks {needed}")
            headers = one.get("headers")
            if headers is not None and not (isinstance(headers, dict) and len(headers) <= 10):
                raise ValidationError(
                    f"{self.allowed}; the headers of {name} are not a mapping of at most 10"
                )
        if plain.get("event_center") is not None:
            try:
                plain["event_center"] = Boolean(name="event_center").check(plain["event_center"])
            except ValidationError:
                raise ValidationError(f"{self.allowed}; event_center is neither") from None
        return plain


TARGET_ROI = RegionsOfInterest(name="target_roi", doc="Regions of interest.")

COMMON: tuple[Parameter, ...] = (
    Integer(
        name="image_compression_ratio",
        minimum=20,
        maximum=100,
        default=90,
        doc="Quality of an alarm's picture.",
    ),
    Switch(name="render_result_sw", doc="Draw the result into the picture."),
    Switch(name="render_roi_sw", doc="Draw the regions of interest into the picture."),
    TARGET_ROI,
)
"""Settings that nearly all algorithms have."""


def _switches(*names: str) -> tuple[Parameter, ...]:
    return tuple(Switch(name=f"{name}_sw", doc=f"Switch of {name.replace('_', ' ')}.") for name in names)


def _numbers(*names: str) -> tuple[Parameter, ...]:
    return tuple(Number(name=name, doc=f"{name.replace('_', ' ').capitalize()}.") for name in names)


SETTINGS: Mapping[str, tuple[Parameter, ...]] = {
    "c-intrusiondetection": (
        *_switches(*(f"{each}_detection" for each in ("person", "car", "line", "region", "loitering"))),
        *_numbers("detection_min_size", "detection_max_size"),
    ),
    "c-flowcount": (
        *_switches("line_detection", "region_detection", "heatmap_detection"),
        *_numbers("line_count_interval", "region_count_interval"),
        *_numbers("heatmap_detection_interval", "heatmap_point_interval"),
    ),
    "c-crowdcount": (
        *_switches("banner_detection", "density", "visualization_output"),
        NumberAsText(name="banner_threshold", doc="Threshold of banners."),
        NumberAsText(name="alarm_threshold", doc="Threshold of alarms."),
        *_numbers("sampling_time_interval"),
    ),
    "c-smoke-and-fire": (
        *_switches("fire_detection", "smoke_detection"),
        *_numbers("video_sampling_interval"),
    ),
    "c-safetysuitedetection": _switches("hat_detection", "cloth_detection"),
    "c-pose-action-recog": _switches("climb_detection", "fall_detection", "wave_detection", "bend_detection"),
    "c-fire-exit-occupation": _switches("stacking_occupation", "vehicle_occupation", "event_disappear_alert"),
    "w-ponding-detection": _numbers("alert_detection_interval", "ponding_area_ratio_thres"),
    "c-vehicle-statistics": (*_switches("output_image"), *_numbers("count_interval")),
    "c-sharedbicycledetection": (
        Integer(
            name="alert_detection_interval", minimum=1, maximum=3600, doc="Interval of alarms in seconds."
        ),
    ),
    "c-urban-roadside-stall": _switches("roadside_stall_detect"),
    "c-mobile-trash-detect": _switches("trash_detect"),
    "cali-water-ruler-river": (
        String(name="calibration_info", required=True, min_length=1, doc="Calibration of the gauge."),
    ),
}
"""Settings of single algorithms, as far as their names are known, by the name without ``-cloud`` or ``-edge``."""


def check_config(service_name: str | None, config: Mapping[str, Any], action: str) -> dict[str, Any]:
    """Return an algorithm's configuration with known settings in their proper types.

    :param service_name: the algorithm; ``None`` if it is not known
    :param config: with the settings in ``common``
    :raises InvalidRequest: a known setting is not allowed, or one that is required is missing
    """
    common = config.get("common")
    if common is None:
        common = {}
    if not isinstance(common, Mapping):
        raise InvalidRequest(
            f"config.common is {short_repr(common)}; allowed: a mapping of settings",
            code="InvalidParameter",
            action=action,
        )
    name = (service_name or "").removesuffix("-cloud").removesuffix("-edge")
    checked = dict(common)
    for parameter in (*COMMON, *SETTINGS.get(name, ())):
        given = common.get(parameter.name)
        if given is None and not parameter.required:
            continue
        try:
            if given is None:
                raise ValidationError(f"{parameter.allowed}; {name} requires it")
            checked[parameter.name] = parameter.check(given)
        except ValidationError as error:
            raise InvalidRequest(
                f"config.common.{parameter.name} is {parameter.redacted_repr(given)}; allowed: {error}",
                code="InvalidParameter",
                action=action,
            ) from None
    return {**config, "common": checked}
