"""What Airflow is told to mask of a task's arguments, and what it is not."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_viapi.redaction import find_secrets


@pytest.mark.parametrize(
    ("value", "private"),
    [
        ({"Authorization": "Bearer abc.def"}, ["Bearer abc.def", "abc.def"]),
        ({"X-Api-Key": "k3y-of-ours", "Cookie": "session=42a"}, ["k3y-of-ours", "session=42a"]),
        ({"X-Whatever": "83hf-92", "x-auth": "b-17-c"}, ["83hf-92", "b-17-c"]),
        ({"X-Webhook-Secret": "swordfish"}, ["swordfish"]),
        (["Authorization: Basic dXNlcg=="], ["Authorization: Basic dXNlcg==", "dXNlcg=="]),
        ({"Content-Type": "application/json", "Accept": "text/plain", "User-Agent": "lamp/1.0"}, []),
        ({"X-Debug": "false", "X-Stage": "production", "X-Version": "20240101"}, []),
    ],
)
def test_headers_are_private_but_for_those_that_everybody_sends(value: Any, private: list[str]) -> None:
    assert list(find_secrets({"output": {"webhook": {"headers": value}}})) == private


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("rtsp://admin:PASSWORD1@camera/1", ["admin:PASSWORD1", "PASSWORD1"]),
        ("rtsp://:PASSWORD1@camera/1", [":PASSWORD1", "PASSWORD1"]),
        ("rtsp://admin:p@ss#1?@camera:554/1?x=y", ["admin:p@ss#1?", "p@ss#1?"]),
        ("rtsp://admin:a%2Fb-c@camera", ["admin:a%2Fb-c", "admin:a/b-c", "a%2Fb-c", "a/b-c"]),
        ("rtsp://admin:1234@camera", ["admin:1234"]),
        ("https://alarms:8443/hook?mail=anna@team:b", []),
        ("rtsp://camera:554/1", []),
        ("rtsp://admin@camera/1", []),
        ("https://ghp_abc1@alarms/hook", ["ghp_abc1"]),
        ("https://ghp_abc1:@alarms/hook", ["ghp_abc1"]),
    ],
)
def test_of_an_address_the_password_is_private_alone_and_with_its_user(
    address: str, private: list[str]
) -> None:
    assert list(find_secrets({"input": {"data": [{"url": address}]}})) == private


@pytest.mark.parametrize(
    ("query", "private"),
    [
        ("?site=roof&token=abc-1", ["abc-1"]),
        ("?auth_key=abc-1&apikey=def-2&password=ghi-3", ["abc-1", "def-2", "ghi-3"]),
        ("?AccessKeyId=KEY-7&Expires=1700000000&Signature=a%2Bb%3Dc", ["KEY-7", "a%2Bb%3Dc", "a+b=c"]),
        ("?X-Amz-Credential=KEY-7/2024&X-Amz-Signature=0a1b2c", ["KEY-7/2024", "0a1b2c"]),
        ("?sv=2024-01-01&sig=abc%2F1", ["abc%2F1", "abc/1"]),
        ("?code=zm9-3f2", ["zm9-3f2"]),
        ("#access_token=abc-1", ["abc-1"]),
        ("?code=entrance&sign=exit&auth=false", []),
        ("?page=100000&lang=zh-CN&token=1", []),
    ],
)
def test_of_a_query_what_lets_somebody_in_is_private(query: str, private: list[str]) -> None:
    assert list(find_secrets({"callback_config": {"callback_url": f"https://alarms/hook{query}"}})) == private


def test_addresses_are_found_in_longer_texts() -> None:
    xml = '<source url="rtsp://guard:pass-1@camera/1?a=b&amp;token=abc-2"><name>gate</name></source>'

    assert list(find_secrets([xml])) == ["guard:pass-1", "pass-1", "abc-2"]


def test_what_is_inside_something_private_is_private() -> None:
    request = {
        "room_id": "the-room",
        "output_urls": ["rtmp://push/1"],
        "stream_keys": ["stream-1"],
        "rtc_callback_config": {"key": {"first": "of-two"}, "auth_type": "MSS_A"},
        "secret_key": "abcde",
    }

    assert list(find_secrets(request)) == ["rtmp://push/1", "stream-1", "of-two", "abcde"]


def test_harmless_words_stay_readable() -> None:
    request = {
        "name": "roof",
        "token": "true",
        "key": "1",
        "keyword": "lamps",
        "keys": ["person", "vehicle"],
        "primary_key": "region",
        "monkey": "monkey",
        "header": "Lamps for all",
        "config": {"level": 3, "secret": None, "password": 12345678},
    }

    assert list(find_secrets(request)) == []


def test_nothing_is_found_in_a_large_picture() -> None:
    assert list(find_secrets({"human_image": "A" * 12_000_000})) == []
