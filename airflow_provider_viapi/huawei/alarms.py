"""Alarms of VIAS, as they arrive at a webhook or in DIS, and as files: read leniently, with the raw message kept.

The envelope and the event types are from excerpts of Huawei's documents. Some of their examples deviate from it: the
water gauge and the drainage outlet have other fields, one has Python's ``False``, one misspells ``event_type``. So no
field is required, and what cannot be read is ``None`` and named in ``problems``.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
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

SMOKE_AND_FIRE_STATES: Mapping[int, str] = {1: "fire", 2: "smoke"}

WATER_LEVEL_ERRORS = (-997, -998, -999)
"""Values of ``water_level`` that are error codes; their meanings were not found."""

MAX_MESSAGE_BYTES = 64 << 20

_TYPE_NAMES = ("event_type", "eventType", "alarm_type", "alarmtype")
_LITERALS = re.compile(r'"(?:\\.|[^"\\])*"|\b(True|False|None)\b')
_AS_JSON = {"True": "true", "False": "false", "None": "null"}
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
        """Return the alarm in JSON's types for an XCom, with the raw message but without the picture."""
        raw = self.raw
        if isinstance(raw, Mapping) and "image_base64" in raw:
            raw = {name: value for name, value in raw.items() if name != "image_base64"}
        return {
            "event_type": self.event_type,
            "kind": self.kind,
            "task_id": self.task_id,
            "stream_id": self.stream_id,
            "message_id": self.message_id,
            "at": self.at.isoformat() if self.at else None,
            "events": [_event_dict(event) for event in self.events],
            "problems": list(self.problems),
            "raw": raw,
        }


def parse_alarms(message: bytes | str | Mapping[str, Any] | list[Any]) -> list[Alarm]:
    """Return the alarms of a message: one, a list of them, one in each line, or the records of a DIS response.

    Never raises for what a message holds: what is not an alarm is returned as one of kind ``unknown``, with the
    message in ``raw``.

    :param message: body of a webhook's request, content of a file, or decoded JSON
    """
    if isinstance(message, bytes):
        if len(message) > MAX_MESSAGE_BYTES:
            problem = f"the message has {len(message)} bytes; at most {MAX_MESSAGE_BYTES} are read"
            return [Alarm(None, UNKNOWN, problems=(problem,))]
        message = message.decode("utf-8-sig", "replace")
    documents = _documents(message) if isinstance(message, str) else [message]
    alarms = [alarm for document in documents for alarm in _alarms_in(document)]
    return alarms or [Alarm(None, UNKNOWN, problems=("the message holds no alarm",), raw=message)]


def _documents(text: str) -> list[Any]:
    if (document := _loads(text)) is not _NOT_JSON:
        return [document]
    lines = [line for line in text.splitlines() if line.strip()]
    found = [_loads(line) for line in lines]
    return [text] if not found or _NOT_JSON in found else found


_NOT_JSON = object()


def _loads(text: str) -> Any:
    for attempt in (text, None):
        # One of the documents' examples has Python's words.
        content = _LITERALS.sub(_literal, text) if attempt is None else attempt
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            continue
    return _NOT_JSON


def _literal(match: re.Match[str]) -> str:
    return _AS_JSON[match[1]] if match[1] else match[0]


def _alarms_in(document: Any) -> Iterator[Alarm]:
    if isinstance(document, list):
        for each in document:
            yield _alarm(each)
    elif isinstance(document, Mapping) and isinstance(document.get("records"), list):
        for record in document["records"]:
            yield from _alarms_in(_record(record))
    else:
        yield _alarm(document)


def _record(record: Any) -> Any:
    data = record.get("data") if isinstance(record, Mapping) else None
    if not isinstance(data, str):
        return record
    for text in (data, _decoded(data)):
        if text is not None and isinstance(document := _loads(text), Mapping):
            # Records are not searched for further records.
            return [document]
    return record


def _decoded(data: str) -> str | None:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _alarm(raw: Any) -> Alarm:
    if not isinstance(raw, Mapping):
        return Alarm(None, UNKNOWN, problems=("the message is not a JSON object",), raw=raw)
    problems: list[str] = []
    number = _integer(next((raw[name] for name in _TYPE_NAMES if name in raw), None))
    if number is None:
        problems.append("event_type is missing or not a number")
    moment = _moment(raw.get("timestamp"))
    if moment is None:
        problems.append("timestamp is missing or not a time")
    events = tuple(_event(each, raw) for each in _event_set(raw))
    if not events:
        problems.append("data.event_set is missing or empty")
    alarm = Alarm(
        number,
        EVENT_TYPES.get(number, UNKNOWN) if number is not None else UNKNOWN,
        _text(raw.get("task_id")),
        _text(raw.get("stream_id")),
        _text(raw.get("message_id")),
        moment,
        events,
        tuple(problems),
        raw,
    )
    if raw.get("image_base64") and alarm.image is None:
        return Alarm(**{**vars(alarm), "problems": (*problems, "image_base64 is not Base64")})
    return alarm


def _event_set(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    data = raw.get("data")
    if isinstance(data, str):
        data = _loads(data)
    listed = data.get("event_set") if isinstance(data, Mapping) else data
    if listed is None and isinstance(data, Mapping) and data:
        listed = [data]
    if isinstance(listed, Mapping):
        listed = [listed]
    if not isinstance(listed, list):
        listed = [raw] if "water_level" in raw else []
    return [each for each in listed if isinstance(each, Mapping)]


def _event(fields: Mapping[str, Any], raw: Mapping[str, Any]) -> AlarmEvent:
    data = raw.get("data")
    places = (fields, data if isinstance(data, Mapping) else {}, raw)
    level = _number(next((each["water_level"] for each in places if "water_level" in each), None))
    is_error = level in WATER_LEVEL_ERRORS
    return AlarmEvent(
        _text(fields.get("detection_id")),
        _text(fields.get("category")),
        _integer(fields.get("state")),
        _box(fields.get("bounding_box")),
        _points(fields.get("polygon")),
        _text(fields.get("polygon_name")),
        _text(fields.get("plate_id")),
        None if is_error else level,
        int(level) if is_error and level is not None else None,
        {name: value for name, value in fields.items() if name != "image_base64"},
    )


def _event_dict(event: AlarmEvent) -> dict[str, Any]:
    box = event.bounding_box
    return {
        **{
            name: value for name, value in vars(event).items() if name != "fields" and value not in (None, ())
        },
        **({"bounding_box": vars(box)} if box else {}),
        **({"polygon": [list(point) for point in event.polygon]} if event.polygon else {}),
    }


def _box(value: Any) -> Box | None:
    sides = [_number(value.get(name)) for name in "xywh"] if isinstance(value, Mapping) else [None]
    if isinstance(value, list) and len(value) == 4:
        sides = [_number(each) for each in value]
    x, y, w, h = (*sides, None, None, None)[:4]
    return None if x is None or y is None or w is None or h is None else Box(x, y, w, h)


def _points(value: Any) -> tuple[tuple[float, float], ...]:
    points = []
    for each in value if isinstance(value, list) else ():
        pair = (each.get("x"), each.get("y")) if isinstance(each, Mapping) else each
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            return ()
        x, y = _number(pair[0]), _number(pair[1])
        if x is None or y is None:
            return ()
        points.append((x, y))
    return tuple(points)


def _moment(value: Any) -> datetime | None:
    number = _number(value)
    if number is None:
        try:
            parsed = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else None
        except ValueError:
            return None
        return parsed if parsed is None or parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)
    # Documented in seconds; a number of that size can only be milliseconds.
    seconds = number / 1000 if abs(number) > 1e11 else number
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 2**64 else None
    number = _number(value)
    return int(number) if number is not None and number == int(number) and abs(number) < 2**53 else None


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value) or None
