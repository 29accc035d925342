"""The job ids of messages: which settings are refused, and what a hostile message cannot do."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.messages.job_messages import MAX_BYTES, MAX_JOBS, JobMessageQueue
from airflow_provider_viapi.messages.queues import QueueUrl

URL = "redis://127.0.0.1:6379/0?channel=finished"


def job_ids(body: Any, expression: str = "data.JobId") -> list[str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return list(JobMessageQueue(URL, expression).job_ids(raw))


@pytest.mark.parametrize(
    ("expression", "body", "found"),
    [
        ("data.JobId", {"data": {"JobId": "J-1"}}, ["J-1"]),
        ("data.JobId || job_id", {"job_id": "J-1"}, ["J-1"]),
        ("jobs[?state=='done'].id", {"jobs": [{"id": "J-1", "state": "done"}, {"id": "J-2"}]}, ["J-1"]),
        ("@", "J-1", ["J-1"]),
        ("id", {"id": 12345678901234567890}, ["12345678901234567890"]),
    ],
)
def test_the_expression_finds_one_job_or_several(expression: str, body: Any, found: list[str]) -> None:
    assert job_ids(body, expression) == found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"not json",
        b"[" * 60_000,
        b'{"data": {"JobId": "' + b"x" * MAX_BYTES + b'"}}',
        {"data": {"JobId": None}},
        {"data": {"JobId": True}},
        {"data": {"JobId": {"a": 1}}},
        {"data": {"JobId": ""}},
        {"data": {"JobId": "x" * 1000}},
        {"data": {"JobId": 1e300}},
        {"data": {"JobId": 10**200}},
        {"other": 1},
        [],
        None,
    ],
)
def test_a_message_without_a_job_is_ignored(body: Any) -> None:
    assert job_ids(body) == []


def test_an_expression_that_fails_for_a_message_ignores_it() -> None:
    assert job_ids({"id": 5}, "to_number(length(id))") == []


def test_a_message_names_a_limited_number_of_jobs() -> None:
    names = [str(number) for number in range(5000)]

    assert job_ids(names, "@") == names[:MAX_JOBS]


def test_ignored_messages_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    messages = JobMessageQueue(URL, "data.JobId")

    for body in (b"no json", b"{}", b"x" * (MAX_BYTES + 1)):
        messages.job_ids(body)

    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "is not JSON; it is ignored" in record.getMessage()


@pytest.mark.parametrize(
    "url",
    [
        "redis://secret-word@h:6379/0",
        "redis://h?channel=",
        "redis://h:6379/0?exchange=secret-word",
        "redis://h:6379/0?channel=a&other=1",
        "redis://h:99999999/0?channel=a",
        "redis:///0?channel=a",
        "amqp://u:secret-word@h/?channel=a",
        "sqs://h/?queue=a",
        "sns://aws_default@/?topic=secret-word",
        "sns://aws_default@/?topic=arn:aws:sns:eu-west-1:123456789012:finished.fifo",
        "sns://aws_default@/?topic=arn:aws:sqs:eu-west-1:123456789012:finished",
        "sns://aws_default@/?topic=arn:aws:sns:eu-west-1:123456789012:finished&channel=a",
        "sns://aws_default:secret-word@/?topic=arn:aws:sns:eu-west-1:123456789012:finished",
        "sns://aws_default@h/?topic=arn:aws:sns:eu-west-1:123456789012:finished",
        "sns://aws_default@/media?topic=arn:aws:sns:eu-west-1:123456789012:finished",
        "https://u:secret-word@h/?channel=a",
        "secret-word",
    ],
)
def test_a_url_of_no_queue_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"job_messages_url in the section \[viapi\]") as refused:
        JobMessageQueue(url, "data.JobId")

    assert "secret-word" not in str(refused.value)
    assert "?channel=NAME" in str(refused.value)


@pytest.mark.parametrize("expression", ["data.", "[", "unknown(", "a b"])
def test_an_expression_that_is_none_is_refused(expression: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"job_messages_id_expression .* is not a JMESPath expression"
    ):
        JobMessageQueue(URL, expression)


def test_a_url_of_an_exchange_may_name_a_routing_key() -> None:
    queue = QueueUrl.read("amqps://user:pw@h:5671/media?exchange=events&routing_key=viapi.%23")

    assert queue is not None
    assert (queue.address, queue.name, queue.routing_key) == (
        "amqps://user:pw@h:5671/media",
        "events",
        "viapi.#",
    )


TOPIC = "arn:aws-cn:sns:cn-north-1:123456789012:viapi_finished-1"


@pytest.mark.parametrize("url", ["sns://aws_media@/", "sns://aws_media@", "sns:///", "sns://"])
def test_a_url_of_a_topic_may_name_a_connection(url: str) -> None:
    queue = QueueUrl.read(f"{url}?topic={TOPIC}")

    assert queue is not None
    assert queue.name == TOPIC


def test_a_topic_without_the_amazon_provider_names_the_extra() -> None:
    with pytest.raises(ConfigurationError, match=r"airflow-provider-viapi\[sqs\]"):
        JobMessageQueue(f"sns:///?topic={TOPIC}", "data.JobId", connect=None)
