"""Classes of VIAS's alarms, as ``alarm_messages`` returns them: kinds, the objects that were seen, the picture."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

EVENT_TYPES: Mapping[int, str] = {
    75008: "vehicle",
    75010: "high_altitude_vehicles",
    75012: "speeding",
    196609: "intrusion",
    196610: "loitering",
    327680: "abandoned_object",
    393216: "smoke_and_fire",
    458752: "on_duty",
    524288: "crowd",
    589824: "safety_suite",
    655360: "bicycle",
    720896: "smoking",
    786432: "phone",
    851968: "climbing",
    851969: "falling",
    1048576: "mask",
    1114112: "stall",
    1179648: "fire_passage_objects",
    1179649: "fire_passage_vehicle",
    1179664: "e_bike",
    1310720: "trash",
    1376256: "non_motor_vehicle",
    1507328: "trash_can",
    1638400: "advertisement",
    1769472: "high_altitude_crowd",
    1900544: "waterlogging",
    2031616: "mobile_trash",
    2228224: "messy_piles",
    2293760: "umbrella",
    2359296: "clothes_airing",
    2424832: "manhole_cover",
    2490368: "construction_waste",
    2621440: "dynamic_manhole_cover",
    33816579: "water_gauge",
    33882113: "vessel",
    34013185: "drainage_outlet",
    34078721: "cyanobacteria",
}
"""Kinds of alarms by ``event_type``. Not found: people flow, fights, abnormal parking, trash overflow, attributes,
wrong-way driving, floating debris."""

UNKNOWN = "unknown"

MAX_RAW = 64 << 10
"""Bytes of a message, without its pictures, that is part of an XCom."""

MAX_TEXT = 4096
"""Characters of a text in an XCom."""

MAX_ITEMS = 200
"""Items of a list in an XCom."""

_IMAGE_STARTS = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG", ".png"), (b"BM", ".bmp"))


@dataclass(frozen=True)
class Box:
    """Rectangle around an object, in the message's own unit, which the documents' excerpts do not name."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class AlarmEvent:
    """An object or incident of an alarm.

    :param detection_id: id of the object
    :param category: its category
    :param state: its state; of smoke and fire: 1 fire, 2 smoke
    :param bounding_box: where it is
    :param polygon: the region of interest that it is in, as x and y of each point
    :param polygon_name: name of that region
    :param plate_id: number plate of a vehicle
    :param water_level: reading of a water gauge; ``None`` if it could not be read
    :param water_level_error: error code of a water gauge instead of a reading
    :param fields: all fields, as they arrived
    """

    detection_id: str | None = None
    category: str | None = None
    state: int | None = None
    bounding_box: Box | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    polygon_name: str | None = None
    plate_id: str | None = None
    water_level: float | None = None
    water_level_error: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Alarm:
    """An alarm.

    :param event_type: number of the kind
    :param kind: one of :data:`EVENT_TYPES`, or ``unknown``
    :param task_id: VIAS task that raised it
    :param stream_id: stream in which it was seen
    :param message_id: id of the message
    :param at: when it was raised
    :param events: what was seen
    :param problems: what could not be read, in words
    :param raw: the message, as it arrived: decoded JSON, or text if it is not JSON
    """

    event_type: int | None
    kind: str
    task_id: str | None = None
    stream_id: str | None = None
    message_id: str | None = None
    at: datetime | None = None
    events: tuple[AlarmEvent, ...] = ()
    problems: tuple[str, ...] = ()
    raw: Any = field(default=None, repr=False)

    @property
    def image(self) -> bytes | None:
        """The picture of the alarm; ``None`` if there is none or it is not Base64."""
        encoded = self.raw.get("image_base64") if isinstance(self.raw, Mapping) else None
        if not isinstance(encoded, str) or not encoded:
            return None
        _, _, after = encoded.rpartition("base64,")
        try:
            return base64.b64decode("".join(after.split()), validate=True) or None
        except (binascii.Error, ValueError):
            return None

    @property
    def image_suffix(self) -> str:
        """Suffix of the picture's file by its first bytes: ``.jpg``, ``.png``, ``.bmp``, or ``.bin``."""
        start = self.image or b""
        return next((suffix for magic, suffix in _IMAGE_STARTS if start.startswith(magic)), ".bin")

    def as_dict(self) -> dict[str, Any]:
        """Return the alarm in JSON's types for an XCom, with the raw message but without pictures.

        Texts have at most :data:`MAX_TEXT` characters, lists at most :data:`MAX_ITEMS` items, and a message of more
        than :data:`MAX_RAW` bytes is left out; ``problems`` says so.
        """
        raw, problems = _shortened(self.raw), list(self.problems)
        if len(json.dumps(raw, default=str)) > MAX_RAW:
            raw = None
            problems.append(
                f"the message has more than {MAX_RAW} bytes without its pictures, and is not in raw"
            )
        return {
            "event_type": self.event_type,
            "kind": self.kind,
            "task_id": self.task_id,
            "stream_id": self.stream_id,
            "message_id": self.message_id,
            "at": self.at.isoformat() if self.at else None,
            "events": [_shortened(_event_dict(event)) for event in self.events[:MAX_ITEMS]],
            "problems": problems,
            "raw": raw,
        }


def _shortened(value: Any) -> Any:
    """Return a value of JSON's types without pictures, and with texts and lists of a limited length."""
    if isinstance(value, Mapping):
        return {name: _shortened(each) for name, each in value.items() if name != "image_base64"}
    if isinstance(value, list | tuple):
        return [_shortened(each) for each in value[:MAX_ITEMS]]
    return value[:MAX_TEXT] if isinstance(value, str) else value


def _event_dict(event: AlarmEvent) -> dict[str, Any]:
    box = event.bounding_box
    return {
        **{
            name: value for name, value in vars(event).items() if name != "fields" and value not in (None, ())
        },
        **({"bounding_box": vars(box)} if box else {}),
        **({"polygon": [list(point) for point in event.polygon]} if event.polygon else {}),
    }
