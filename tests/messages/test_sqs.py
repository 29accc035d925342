"""Subscriptions to a topic of SNS through queues of SQS, on moto's server."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from aiobotocore.session import get_session
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given, strategies as st

from airflow_provider_viapi.messages.queues import QueueUrl
from airflow_provider_viapi.messages.sqs import ABANDONED_AFTER, unwrap
from media.moto_s3 import moto_server

POLICY = Path(__file__).parents[2] / "docs" / "security" / "policies" / "aws-job-messages.json"
REGION = "eu-west-1"
KEY: dict[str, Any] = {
    "region_name": REGION,
    "aws_access_key_id": "key",
    "aws_secret_access_key": "secret",
}


@dataclass(frozen=True)
class Account:
    """An account on moto's server, with a topic.

    :param sns: looks into it from outside
    :param key: with which queues are opened
    """

    endpoint: str
    topic: str
    sns: Any
    sqs: Any
    key: Mapping[str, Any] = field(default_factory=lambda: KEY)

    def publish(self, body: str) -> None:
        self.sns.publish(TopicArn=self.topic, Message=body)

    def queues(self) -> list[str]:
        """The URLs of the queues."""
        return list(self.sqs.list_queues().get("QueueUrls", []))

    def subscribed(self) -> list[str]:
        """The ARNs of the queues that are subscribed."""
        found = self.sns.list_subscriptions_by_topic(TopicArn=self.topic)["Subscriptions"]
        return [each["Endpoint"] for each in found]

    def attributes(self, queue: str) -> dict[str, str]:
        return dict(self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"])

    async def connect(
        self, conn_id: str | None, service: str, region: str
    ) -> AbstractAsyncContextManager[Any]:
        assert (conn_id, region) == ("aws_media", REGION)
        client: AbstractAsyncContextManager[Any] = get_session().create_client(
            service, endpoint_url=self.endpoint, **self.key
        )
        return client

    def open(self, topic: str | None = None) -> Any:
        queue = QueueUrl.read(f"sns://aws_media@/?topic={topic or self.topic}")
        assert queue is not None
        return queue.open(self.connect)

    def leave_queue(self, like: str, made_ago: float, used_ago: float) -> str:
        """Make a queue with a subscription, as a process leaves it that is killed; return its URL.

        :param like: URL of a queue of the same topic
        """
        *prefix, made_at, _ = like.rpartition("/")[2].split("-")
        name = "-".join([*prefix, str(int(int(made_at) - made_ago)), uuid.uuid4().hex])
        url = str(self.sqs.create_queue(QueueName=name)["QueueUrl"])
        arn = self.attributes(url)["QueueArn"]
        subscription = self.sns.subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        tags = {
            "viapi-used-at": str(int(time.time() - used_ago)),
            "viapi-subscription": subscription.rpartition(":")[2],
        }
        self.sqs.tag_queue(QueueUrl=url, Tags=tags)
        return url


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_server() as endpoint:
        yield endpoint


@pytest.fixture
def account(endpoint: str) -> Account:
    sns, sqs = (boto3.client(service, endpoint_url=endpoint, **KEY) for service in ("sns", "sqs"))
    for queue in sqs.list_queues().get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=queue)
    topic = sns.create_topic(Name=f"finished-{uuid.uuid4().hex[:8]}")["TopicArn"]
    return Account(endpoint, topic, sns, sqs)


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 60))


def test_every_subscriber_receives_every_message_from_the_moment_it_is_connected(account: Account) -> None:
    async def main() -> None:
        async with account.open() as one, account.open() as other:
            for number in range(12):
                await asyncio.to_thread(account.publish, str(number))
            for bodies in (one, other):
                # A queue of SQS keeps no order.
                assert {await anext(bodies) for _ in range(12)} == {b"%d" % number for number in range(12)}

    run(main())


def test_queue_and_subscription_are_deleted_when_it_is_left(account: Account) -> None:
    async def main() -> None:
        async with account.open():
            (queue,) = account.queues()
            assert account.subscribed() == [account.attributes(queue)["QueueArn"]]
        assert account.queues() == account.subscribed() == []

    run(main())


def test_it_can_be_left_while_it_waits(account: Account) -> None:
    async def main() -> None:
        async def read() -> None:
            async with account.open() as bodies:
                connected.set()
                await anext(bodies)

        connected = asyncio.Event()
        reading = asyncio.ensure_future(read())
        await connected.wait()
        await asyncio.sleep(0.2)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert account.queues() == account.subscribed() == []

    run(main())


def test_only_the_topic_may_send_to_the_queue(account: Account) -> None:
    async def main() -> None:
        async with account.open():
            found = account.attributes(account.queues()[0])
            (statement,) = json.loads(found["Policy"])["Statement"]
            assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
            assert (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", found["QueueArn"])
            assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": account.topic}}

    run(main())


def test_messages_that_were_read_are_deleted(account: Account) -> None:
    async def main() -> None:
        async with account.open() as bodies:
            queue = account.queues()[0]
            for number in range(2):
                await asyncio.to_thread(account.publish, str(number))
                await anext(bodies)
            # The first was deleted before the second was asked for.
            found = account.attributes(queue)
            kept = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
            assert sum(int(found[each]) for each in kept) == 1

    run(main())


def test_a_message_in_an_envelope_is_unwrapped(account: Account) -> None:
    async def main() -> None:
        async with account.open() as bodies:
            account.publish(json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": '{"id": 1}'}))
            assert await anext(bodies) == b'{"id": 1}'

    run(main())


def test_queues_of_killed_processes_are_deleted_and_others_are_not(account: Account) -> None:
    day, recently = 86_400.0, ABANDONED_AFTER / 2

    async def main() -> None:
        async with account.open():
            (like,) = account.queues()
            abandoned = account.leave_queue(like, day, day)
            used = account.leave_queue(like, day, recently)
            young = account.leave_queue(like, recently, day)
            other = account.sqs.create_queue(QueueName=f"other-{uuid.uuid4().hex}")["QueueUrl"]
        async with account.open():
            while abandoned in account.queues() or len(account.subscribed()) > 3:
                await asyncio.sleep(0.05)
            assert {used, young, other} < set(account.queues())

    run(main())


def test_a_topic_that_does_not_exist_raises_and_leaves_no_queue(account: Account) -> None:
    async def main() -> None:
        with pytest.raises(ClientError, match="NotFound"):
            async with account.open(f"{account.topic}-missing"):
                pass
        assert account.queues() == []

    run(main())


def test_a_queue_that_somebody_deletes_raises(account: Account) -> None:
    async def main() -> None:
        with pytest.raises(ClientError, match=r"NonExistentQueue|does not exist"):
            async with account.open() as bodies:
                account.sqs.delete_queue(QueueUrl=account.queues()[0])
                await anext(bodies)

    run(main())


def test_a_server_that_is_not_there_raises() -> None:
    nowhere = Account("http://127.0.0.1:1", f"arn:aws:sns:{REGION}:123456789012:finished", None, None)

    async def main() -> None:
        with pytest.raises((EndpointConnectionError, asyncio.TimeoutError)):
            async with nowhere.open():
                pass

    run(main())


def test_the_policy_in_the_docs_allows_what_a_subscription_calls(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    policy = json.loads(POLICY.read_text())
    for statement in policy["Statement"]:
        # moto compares actions only.
        statement["Resource"] = "*"
    iam = boto3.client("iam", endpoint_url=account.endpoint, **KEY)
    user = {"UserName": f"airflow-{uuid.uuid4().hex}"}
    iam.create_user(**user)
    iam.put_user_policy(**user, PolicyName="job-messages", PolicyDocument=json.dumps(policy))
    made = iam.create_access_key(**user)["AccessKey"]
    key = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}

    async def main() -> None:
        async with replace(account, key={**KEY, **key}).open() as bodies:
            reading = asyncio.ensure_future(anext(bodies))
            await asyncio.wait({reading}, timeout=1)
            assert not reading.done()
            reading.cancel()
            await asyncio.wait({reading})

    with checked_permissions(account.endpoint):
        run(main())

    assert account.queues() == account.subscribed() == []
    assert not [record for record in caplog.records if record.name.startswith("airflow_provider_viapi")]


@contextmanager
def checked_permissions(endpoint: str) -> Iterator[None]:
    """Have moto check the permissions of all calls."""
    requests.post(f"{endpoint}/moto-api/reset-auth", data="0", timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.post(f"{endpoint}/moto-api/reset-auth", data="Infinity", timeout=10).raise_for_status()


@given(st.text())
def test_an_envelope_holds_the_message(message: str) -> None:
    envelope = {"Type": "Notification", "MessageId": "1", "TopicArn": "arn", "Message": message}

    assert unwrap(json.dumps(envelope).encode()) == message.encode(errors="replace")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Type", "Message", "data"]), inner),
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_other_messages_stay_as_they_are(body: bytes) -> None:
    assert unwrap(body) == body
