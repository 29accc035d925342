"""Records of a submission, and the identity of a request."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.jobs.attempt_context import Attempt
from airflow_provider_viapi.jobs.backend import Identity
from airflow_provider_viapi.jobs.ledger import Delivery, Ledger, request_digest
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.state.stores import MemoryStore

NONCE = RequestNonce("n-1", datetime(2026, 11, 20, 7, 15, 50, 123456, tzinfo=timezone(timedelta(hours=8))))
WHO = Identity("account", "https://h", "key-id")
ERASE = "videoenhan.EraseVideoSubtitles"


class JsonStore(MemoryStore):
    """Keeps what JSON can keep, as a database does."""

    def get(self, key: str) -> Any:
        kept = super().get(key)
        return None if kept is None else json.loads(kept)

    def set(self, key: str, value: Any) -> None:
        super().set(key, json.dumps(value))


def test_the_next_attempt_reads_what_was_sent() -> None:
    store = JsonStore()

    Ledger(store).record_intent("digest", NONCE, WHO, try_number=1)

    entry = Ledger(store).read()
    assert entry is not None
    assert (entry.digest, entry.request_nonce, entry.try_number, entry.job_id) == ("digest", NONCE, 1, None)


def test_the_job_completes_its_intent() -> None:
    store = JsonStore()
    ledger = Ledger(store)

    ledger.record_job(ledger.record_intent("digest", NONCE, WHO, try_number=1), "J-1")

    entry = Ledger(store).read()
    assert entry is not None
    assert (entry.job_id, entry.request_nonce, entry.delivery) == ("J-1", NONCE, None)


def test_a_delivery_is_recorded_with_its_attempt() -> None:
    store = JsonStore()
    ledger = Ledger(store)
    ledger.record_job(ledger.record_intent("digest", NONCE, WHO, try_number=1), "J-1")

    ledger.mark_delivered(Attempt(1, 3, clear_number=2))

    entry = Ledger(store).read()
    assert entry is not None
    assert (entry.job_id, entry.delivery) == ("J-1", Delivery(1, 3, 2))


def test_a_cleared_ledger_is_empty() -> None:
    store = JsonStore()
    Ledger(store).record_intent("digest", NONCE, WHO, try_number=1)

    Ledger(store).clear()

    assert Ledger(store).read() is None


def test_a_ledger_in_memory_is_not_persistent() -> None:
    assert not Ledger(MemoryStore()).is_persistent


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://oss/a.mp4?Expires=1&OSSAccessKeyId=x&Signature=s", "http://oss/a.mp4?Expires=2&Signature=t"),
        ("https://s3/a.mp4?X-Amz-Date=1&X-Amz-Signature=s&v=3", "https://s3/a.mp4?v=3&X-Amz-Date=2"),
        ("https://cdn/a.mp4?auth_key=1-0-0-md5", "https://cdn/a.mp4?auth_key=2-0-0-other"),
        ("https://gcs/a.mp4?X-Goog-Signature=1", "https://gcs/a.mp4"),
        (
            "https://azure/a.mp4?sv=2024&se=1&sig=s&sp=r&sr=b",
            "https://azure/a.mp4?sv=2025&se=2&sig=t&sp=r&sr=b",
        ),
    ],
)
def test_the_same_object_signed_again_is_the_same_request(one: str, other: str) -> None:
    assert request_digest(ERASE, {"VideoUrl": one}) == request_digest(ERASE, {"VideoUrl": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"VideoUrl": "http://h/a.mp4"}, {"VideoUrl": "http://h/b.mp4"}),
        ({"VideoUrl": "http://h/a.mp4?version=1"}, {"VideoUrl": "http://h/a.mp4?version=2"}),
        ({"VideoUrl": "http://h/a.mp4"}, {"VideoUrl": "https://h/a.mp4"}),
        (
            {"VideoUrl": "http://oss/a?x-oss-process=image/resize,w_10&Expires=1"},
            {"VideoUrl": "http://oss/a?x-oss-process=image/resize,w_900&Expires=1"},
        ),
        ({"VideoUrl": "http://h/a.mp4?st=10"}, {"VideoUrl": "http://h/a.mp4?st=20"}),
        ({"VideoUrl": "http://h/a.mp4", "BX": 0.1}, {"VideoUrl": "http://h/a.mp4", "BX": 0.2}),
        ({"VideoUrl": "http://h/a.mp4"}, {"VideoUrl": "http://h/a.mp4", "BX": 0.0}),
        ({"Boxes": [{"X": 0.1}]}, {"Boxes": [{"X": 0.1}, {"X": 0.1}]}),
    ],
)
def test_any_other_difference_is_another_request(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert request_digest(ERASE, one) != request_digest(ERASE, other)


def test_the_action_is_part_of_the_request() -> None:
    assert request_digest(ERASE, {}) != request_digest("videoenhan.ChangeVideoSize", {})


@given(st.dictionaries(st.text(), st.text() | st.floats(allow_nan=False) | st.integers()))
def test_the_order_of_parameters_does_not_matter(request: dict[str, Any]) -> None:
    backwards = dict(reversed(request.items()))

    assert request_digest(ERASE, request) == request_digest(ERASE, backwards)


@pytest.mark.parametrize(
    "address",
    [
        "rtmp://push.example/live/a?txSecret={s}&txTime={s}",
        "RTSP://u:{s}@camera.example/a?auth_key=17{n}-0-0-{s}",
        " https://oss.example/a.mp4?Expires={n}&OSSAccessKeyId=k&Signature={s}",
        "srt://media.example:9000?wsSecret={s}&wsTime={n}",
    ],
)
def test_an_address_of_any_kind_that_was_signed_again_is_the_same_request(address: str) -> None:
    one, other = (address.format(s=f"{n}abc", n=1_700_000_000 + n) for n in (1, 2))

    assert request_digest(ERASE, {"Urls": [{"Url": one}]}) == request_digest(
        ERASE, {"Urls": [{"Url": other}]}
    )


def test_addresses_that_differ_in_bytes_that_are_no_utf_8_are_different_requests() -> None:
    one, other = (
        request_digest("a.B", {"VideoUrl": f"https://h/film?name={name}"}) for name in ("%D6%D0", "%B9%FA")
    )

    assert one != other
