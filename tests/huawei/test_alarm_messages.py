"""Reading of VIAS's alarms, whatever arrives."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.huawei.alarm_events import EVENT_TYPES, UNKNOWN, Alarm, Box
from airflow_provider_viapi.huawei.alarm_messages import parse_alarms

PICTURE = b"\xff\xd8\xff\xe0 a picture"
MESSAGE = {
    "event_type": 393216,
    "task_id": "t1",
    "stream_id": "s1",
    "timestamp": 1_750_000_000,
    "message_id": "6f7f9a6e-0f5e-4e0c-9c57-6a9a2a3f3a10",
    "image_base64": base64.b64encode(PICTURE).decode(),
    "data": {
        "event_set": [
            {
                "detection_id": 7,
                "category": "fire",
                "state": 1,
                "bounding_box": {"x": 1, "y": 2, "w": 30, "h": 40.5},
                "polygon": [[0, 0], [10, 0], [10, 10]],
                "polygon_name": "roof",
            }
        ]
    },
}


def test_an_alarm_is_read_with_its_events_and_its_picture() -> None:
    (alarm,) = parse_alarms(json.dumps(MESSAGE).encode())

    (event,) = alarm.events
    assert (alarm.event_type, alarm.kind, alarm.task_id) == (393216, "smoke_and_fire", "t1")
    assert alarm.at == datetime(2025, 6, 15, 15, 6, 40, tzinfo=timezone.utc)
    assert (event.detection_id, event.state, event.bounding_box) == ("7", 1, Box(1, 2, 30, 40.5))
    assert (event.polygon_name, len(event.polygon)) == ("roof", 3)
    assert (alarm.image, alarm.image_suffix, alarm.problems) == (PICTURE, ".jpg", ())
    assert alarm.raw == MESSAGE


@pytest.mark.parametrize("number", EVENT_TYPES)
def test_every_known_event_type_has_a_kind(number: int) -> None:
    (alarm,) = parse_alarms({**MESSAGE, "event_type": str(number)})

    assert (alarm.event_type, alarm.kind) == (number, EVENT_TYPES[number])


def test_what_an_xcom_holds_is_json_and_has_no_picture() -> None:
    (alarm,) = parse_alarms(MESSAGE)

    described = json.loads(json.dumps(alarm.as_dict()))

    assert described["events"][0]["bounding_box"] == {"x": 1, "y": 2, "w": 30, "h": 40.5}
    assert described["raw"]["message_id"] == MESSAGE["message_id"]
    assert "image_base64" not in json.dumps(described)


def test_an_xcom_holds_no_picture_at_any_depth_and_no_message_of_any_length() -> None:
    data = {"event_set": [{"state": 1, "image_base64": "A" * 100}], "note": "x" * 10_000}
    (alarm,) = parse_alarms({**MESSAGE, "data": data})
    (long,) = parse_alarms("no alarm " * 100_000)
    (wide,) = parse_alarms({**MESSAGE, "data": {str(number): "x" * 100 for number in range(5000)}})

    described = alarm.as_dict()
    assert "image_base64" not in json.dumps(described)
    assert len(described["raw"]["data"]["note"]) == 4096
    assert len(json.dumps(long.as_dict())) < 10_000
    assert wide.as_dict()["raw"] is None
    assert "not in raw" in wide.as_dict()["problems"][-1]


@pytest.mark.parametrize(
    ("message", "event_type"),
    [
        ('{"alarmtype": 2293760, "data": {"event_set": [{"state": 1}]}}', 2293760),
        ('{"event_type": 34013185, "data": {"event_set": [{"is_on": False, "note": "False"}]}}', 34013185),
        ('{"event_type": 99, "data": "{\\"event_set\\": [{}]}"}', 99),
        ('{"event_type": 99, "data": {"event_set": {"state": 1}}}', 99),
    ],
)
def test_deviations_of_the_documents_examples_are_read(message: str, event_type: int) -> None:
    (alarm,) = parse_alarms(message)

    assert alarm.event_type == event_type
    assert len(alarm.events) == 1


def test_pythons_words_are_replaced_outside_of_texts_only() -> None:
    (alarm,) = parse_alarms('{"a": True, "b": "True \\" None", "c": [None]}')

    assert alarm.raw == {"a": True, "b": 'True " None', "c": [None]}


@pytest.mark.parametrize(("level", "reading", "error"), [(12.5, 12.5, None), (-998, None, -998)])
@pytest.mark.parametrize("place", ["event", "data", "message"])
def test_a_water_level_is_a_reading_or_an_error(
    level: float, reading: float | None, error: int | None, place: str
) -> None:
    found = {"water_level": level}
    message: dict[str, Any] = {
        "event": {"data": {"event_set": [found]}},
        "data": {"data": {**found, "event_set": [{}]}},
        "message": found,
    }[place]

    ((event,),) = [alarm.events for alarm in parse_alarms({"event_type": 33816579, **message})]

    assert (event.water_level, event.water_level_error) == (reading, error)


@pytest.mark.parametrize(
    "message",
    [
        json.dumps([MESSAGE, MESSAGE]),
        f"{json.dumps(MESSAGE)}\n{json.dumps(MESSAGE)}\n",
        {"records": [{"data": base64.b64encode(json.dumps(MESSAGE).encode()).decode()}] * 2},
    ],
    ids=["list", "lines", "records"],
)
def test_several_alarms_of_a_message_are_separated(message: Any) -> None:
    assert [alarm.kind for alarm in parse_alarms(message)] == ["smoke_and_fire"] * 2


@pytest.mark.parametrize("message", [b"", b"\xff\xfe", "no JSON", "[]", "5", b"[" * 100_000, [None], {}])
def test_what_is_no_alarm_is_kept_and_named(message: Any) -> None:
    alarms = parse_alarms(message)

    assert {alarm.kind for alarm in alarms} == {UNKNOWN}
    assert all(alarm.problems for alarm in alarms)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "message", ['{"a": True, "data": "' + '\\"a' * 500_000, 'True "\\\n' * 300_000, '"\\' * 500_000 + " None"]
)
def test_a_large_message_that_is_cut_off_is_read_at_once(message: str) -> None:
    (alarm,) = parse_alarms(message)

    assert alarm.kind == UNKNOWN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from([*MESSAGE, "alarmtype", "event_set", "records", "water_level", "x", "y", "w"])
            | st.sampled_from(["bounding_box", "polygon", "state", "detection_id"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(JSON | st.binary() | st.text() | JSON.map(json.dumps) | JSON.map(lambda value: [value]))
def test_any_message_becomes_alarms_that_an_xcom_can_hold(message: Any) -> None:
    alarms = parse_alarms(message)

    assert alarms
    for alarm in alarms:
        assert isinstance(alarm, Alarm)
        assert alarm.kind in {*EVENT_TYPES.values(), UNKNOWN}
        json.dumps(alarm.as_dict())
        assert alarm.image is None or isinstance(alarm.image_suffix, str)


@given(
    st.sampled_from(sorted(EVENT_TYPES)),
    st.integers(min_value=0, max_value=4_000_000_000),
    st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 4), min_size=1, max_size=5),
)
def test_what_follows_the_documents_is_read_in_full(
    event_type: int, timestamp: int, boxes: list[tuple[float, float, float, float]]
) -> None:
    events = [{"bounding_box": dict(zip("xywh", box, strict=True))} for box in boxes]
    message = {**MESSAGE, "event_type": event_type, "timestamp": timestamp, "data": {"event_set": events}}

    (alarm,) = parse_alarms(json.dumps(message))

    assert not alarm.problems
    assert alarm.at is not None
    assert alarm.at.timestamp() == timestamp
    assert [event.bounding_box for event in alarm.events] == [Box(*box) for box in boxes]
