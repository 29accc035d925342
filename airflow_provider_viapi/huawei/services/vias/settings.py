"""Settings of algorithms (``config.common``) and regions of interest.

Fields and ranges are from excerpts of Huawei's documents. Only known fields are checked; others are passed on
unchanged, because an algorithm may have more of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.parameters import Object
from airflow_provider_viapi.scalar_parameters import Integer, Number, String, as_float
from airflow_provider_viapi.schema import (
    NATIVE_HINT,
    Parameter,
    Unresolved,
    ValidationError,
    plain_text,
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
        """Return the number as text, as its author wrote it, without spaces around it."""
        super().check(value)
        return str(plain_text(value)).strip()


class RegionsOfInterest(Parameter):
    """Regions of interest: polygons and lines by name, sent as JSON in a text; such a text is passed on unchanged."""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return (
            "a mapping with polygons or lines: each a mapping from its name to a list of points [x, y], at least "
            "three for a polygon and two for a line; or the service's own JSON as text"
        )

    def check(self, value: Any) -> Any:
        """Return the service's JSON; :class:`Unresolved` if something in it is not known yet."""
        if isinstance(value, str):
            return self._own_json(value)
        if not isinstance(value, Mapping) or value.keys() - {"polygons", "lines"}:
            raise ValidationError(self.allowed)
        shapes = {
            kind: self._shapes(value.get(kind), kind, fewest)
            for kind, fewest in (("polygons", 3), ("lines", 2))
        }
        if not any(shapes.values()):
            raise ValidationError(f"{self.allowed}; there is no polygon and no line")
        try:
            return json.dumps(shapes, ensure_ascii=False, separators=(",", ":"))
        except TypeError:
            return Unresolved(value)

    def _own_json(self, text: str) -> str:
        try:
            is_object = isinstance(json.loads(text), dict)
        except (ValueError, RecursionError):
            is_object = False
        if not is_object:
            raise ValidationError(f"{self.allowed}; this text is not a JSON object ({NATIVE_HINT})")
        return text

    def _shapes(self, shapes: Any, kind: str, fewest: int) -> Any:
        if isinstance(shapes, Unresolved):
            return shapes
        if not isinstance(shapes, Mapping | None):
            raise ValidationError(f"{self.allowed}; {kind} is of type {type(shapes).__name__}")
        return [
            {"data": self._points(points, fewest, f"{kind[:-1]} {short_repr(name)}"), "name": str(name)}
            for name, points in (shapes or {}).items()
        ]

    def _points(self, points: Any, fewest: int, which: str) -> Any:
        if isinstance(points, Unresolved):
            return points
        if not isinstance(points, list | tuple) or not fewest <= len(points) <= MAX_POINTS:
            count = f"has {len(points)} points" if isinstance(points, list | tuple) else "is not a list"
            raise ValidationError(f"{self.allowed}; {which} {count}; allowed: {fewest} to {MAX_POINTS}")
        return [self._point(point, which) for point in points]

    def _point(self, point: Any, which: str) -> Any:
        if isinstance(point, Unresolved):
            return point
        pair = list(point) if isinstance(point, list | tuple) else []
        if len(pair) != 2 or not all(isinstance(each, Unresolved) or _is_number(each) for each in pair):
            raise ValidationError(f"{self.allowed}; {which} has the point {short_repr(point)}")
        return [Number(name="coordinate").check_known(each) for each in pair]


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool | str) and as_float(value) is not None


class AlgorithmConfig(Object):
    """Settings of an algorithm in ``common``; :func:`check_config` checks them."""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return "a mapping with common, a mapping of settings"

    def check(self, value: Any) -> Any:
        """Return the configuration."""
        plain = super().check(value)
        common = plain.get("common")
        if misplaced := sorted(_KNOWN & plain.keys()):
            raise ValidationError(f"{self.allowed}; it has {', '.join(misplaced)} outside of common")
        if not isinstance(common, dict | Unresolved | None):
            hint = f" ({NATIVE_HINT})" if isinstance(common, str) else ""
            raise ValidationError(f"{self.allowed}; common is of type {type(common).__name__}{hint}")
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


_KNOWN = {parameter.name for group in (COMMON, *SETTINGS.values()) for parameter in group}


def known_settings(service_name: str | None) -> tuple[Parameter, ...]:
    """Return the settings of an algorithm that are known; of no algorithm those that nearly all have."""
    name = (service_name or "").removesuffix("-cloud").removesuffix("-edge")
    return (*COMMON, *SETTINGS.get(name, ()))


def check_config(service_name: str | None, config: Any, action: str) -> Any:
    """Return an algorithm's configuration with known settings in their proper types.

    :param service_name: the algorithm; ``None`` if it is not known
    :param config: a mapping with the settings in ``common``, or ``None`` if there are none; it, or what is in it, may
        be :class:`Unresolved`
    :raises InvalidRequest: a known setting is not allowed, or one that is required is missing
    """
    common = config if isinstance(config, Unresolved) else (config or {}).get("common") or {}
    if isinstance(common, Unresolved):
        return config
    checked = dict(common)
    for parameter in known_settings(service_name):
        given = common.get(parameter.name)
        if given is None and not parameter.required:
            continue
        if given is None:
            raise InvalidRequest(
                f"config.common.{parameter.name} is missing; {service_name} requires it",
                code="MissingParameter",
                action=action,
            )
        try:
            checked[parameter.name] = parameter.check_known(given)
        except ValidationError as error:
            raise InvalidRequest(
                f"config.common.{parameter.name} is {parameter.redacted_repr(given)}; allowed: {error}",
                action=action,
            ) from None
    return {**(config or {}), "common": checked} if checked else config


def similar_settings(service_name: str, config: Any) -> dict[str, str]:
    """Return the settings in a configuration that are not known, but similar to known ones: name to known name."""
    from difflib import get_close_matches

    known = {parameter.name for parameter in known_settings(service_name)}
    common = config.get("common") if isinstance(config, Mapping) else None
    unknown = [name for name in common if name not in known] if isinstance(common, Mapping) else []
    matches = {name: get_close_matches(name, known, 1, cutoff=0.9) for name in unknown}
    return {name: found[0] for name, found in matches.items() if found}
