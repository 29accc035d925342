"""Parse the alarms in a message of VIAS, from a webhook, DIS or a file: leniently, with the raw message kept.

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
from datetime import datetime, timezone
from typing import Any

from airflow_provider_viapi.huawei.alarm_events import EVENT_TYPES, UNKNOWN, Alarm, AlarmEvent, Box

MAX_MESSAGE_BYTES = 64 << 20

WATER_LEVEL_ERRORS = (-997, -998, -999)
"""Values of ``water_level`` that are error codes; their meanings were not found."""

_TYPE_NAMES = ("event_type", "eventType", "alarm_type", "alarmtype")
_WORDS = re.compile(r'\\.|"|\b(?:True|False|None)\b')
"""Tokens that show which of Python's words are outside of texts."""

_AS_JSON = {"True": "true", "False": "false", "None": "null"}


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
    found = []
    for line in text.splitlines():
        if line.strip():
            found.append(_loads(line))
            if found[-1] is _NOT_JSON:
                return [text]
    return found or [text]


_NOT_JSON = object()


def _loads(text: str) -> Any:
    # One of the documents' examples has Python's words.
    for read in (json.loads, lambda text: json.loads(_without_pythons_words(text))):
        try:
            return read(text)
        except (ValueError, RecursionError):
            continue
    return _NOT_JSON


def _without_pythons_words(text: str) -> str:
    if not any(word in text for word in _AS_JSON):
        return text
    is_in_text = False

    def replaced(match: re.Match[str]) -> str:
        nonlocal is_in_text
        found = match[0]
        is_in_text ^= found == '"'
        return found if is_in_text else _AS_JSON.get(found, found)

    return _WORDS.sub(replaced, text)


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
        return value if abs(value) < 2**63 else None
    number = _number(value)
    return int(number) if number is not None and number == int(number) and abs(number) < 2**53 else None


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value) or None
