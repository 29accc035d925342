"""A subscription of one process to a topic of Amazon SNS, through an SQS queue of its own.

The queue is deleted with the subscription. A process that is killed leaves its queue behind. Processes tag their
queues every hour, and delete those that nobody has tagged for hours.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from airflow_provider_viapi.redaction import describe_error

logger = logging.getLogger(__name__)

Connect = Callable[[str | None, str, str], Awaitable[AbstractAsyncContextManager[Any]]]
"""Returns an aiobotocore client for an Airflow connection (``None``: the default credentials), service and region."""

PREFIX = "viapi-job-messages-"
"""Beginning of the names of all queues."""

CONNECT_TIMEOUT = 20.0
"""Seconds to wait until the queue exists and is subscribed: five calls."""

CLOSE_TIMEOUT = 3.0
"""Seconds to wait until both are deleted: the last wait of a poller ends after it."""

WAIT = 20
"""Seconds that SQS waits for a message before it answers that there is none; SQS allows no more."""

RETENTION = 300
"""Seconds for which SQS keeps a message for a process that does not read it."""

TAG_INTERVAL = 3600.0
"""Seconds between two tags of a queue that is in use."""

ABANDONED_AFTER = 6 * TAG_INTERVAL
"""Seconds since its last tag after which a queue is deleted; a process that still uses it makes another one."""


@asynccontextmanager
async def open_queue(
    topic: str, conn_id: str | None, connect: Connect
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Subscribe to a topic, and iterate over the messages; raises what the client raises.

    :param topic: ARN of the topic
    :param conn_id: Airflow connection with the credentials; ``None``: those of the default chain
    """
    region = topic.split(":")[3]
    async with AsyncExitStack() as stack:
        sqs, sns = [
            await stack.enter_async_context(await connect(conn_id, service, region))
            for service in ("sqs", "sns")
        ]
        queue = _Queue(sqs, sns, topic)
        stack.push_async_callback(queue.delete)
        await asyncio.wait_for(queue.subscribe(), CONNECT_TIMEOUT)
        tagging = asyncio.ensure_future(queue.tag_and_clean_up())
        stack.callback(tagging.cancel)
        yield queue.read()


class _Queue:
    def __init__(self, sqs: Any, sns: Any, topic: str) -> None:
        self._sqs = sqs
        self._sns = sns
        self._topic = topic
        # The same for all queues of the topic.
        self._prefix = f"{PREFIX}{hashlib.sha256(topic.encode()).hexdigest()[:8]}-"
        self._url: str | None = None
        self._subscription: str | None = None

    async def subscribe(self) -> None:
        name = f"{self._prefix}{int(time.time())}-{uuid.uuid4().hex}"
        attributes = {"MessageRetentionPeriod": str(RETENTION)}
        made = await self._sqs.create_queue(QueueName=name, Attributes=attributes, tags=_tags())
        self._url = made["QueueUrl"]
        found = await self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        arn = found["Attributes"]["QueueArn"]
        policy = json.dumps(_policy(arn, self._topic))
        await self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        subscribed = await self._sns.subscribe(
            TopicArn=self._topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )
        self._subscription = subscribed["SubscriptionArn"]
        # Whoever deletes an abandoned queue also deletes its subscription.
        await self._sqs.tag_queue(QueueUrl=self._url, Tags=_tags(self._subscription))

    async def read(self) -> AsyncIterator[bytes]:
        while True:
            # A longer wait than the service's is a connection that broke silently.
            response = await asyncio.wait_for(
                self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=WAIT),
                WAIT + CONNECT_TIMEOUT,
            )
            messages = response.get("Messages", [])
            for message in messages:
                yield unwrap(message["Body"].encode(errors="replace"))
            if messages:
                read = [
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ]
                await self._sqs.delete_message_batch(QueueUrl=self._url, Entries=read)

    async def delete(self) -> None:
        await self._delete(self._url, self._subscription)

    async def _delete(self, url: str | None, subscription: str | None) -> None:
        calls = []
        if url is not None:
            calls.append(self._sqs.delete_queue(QueueUrl=url))
        if subscription is not None:
            calls.append(self._sns.unsubscribe(SubscriptionArn=subscription))
        deleting = asyncio.gather(*calls, return_exceptions=True)
        try:
            errors = [
                each
                for each in await asyncio.wait_for(deleting, CLOSE_TIMEOUT)
                if isinstance(each, Exception)
            ]
        except asyncio.TimeoutError as error:
            errors = [error]
        if errors:
            logger.warning(
                "The queue %s, or its subscription, was not deleted: %s", url, describe_error(errors[0])
            )

    async def tag_and_clean_up(self) -> None:
        while True:
            try:
                await self._sqs.tag_queue(QueueUrl=self._url, Tags=_tags())
                await self._delete_abandoned()
            except Exception as error:
                logger.info("Cannot delete the queues of killed processes: %s", describe_error(error))
            await asyncio.sleep(TAG_INTERVAL)

    async def _delete_abandoned(self) -> None:
        """Delete the queues of killed processes, and their subscriptions."""
        before = time.time() - ABANDONED_AFTER
        async for page in self._sqs.get_paginator("list_queues").paginate(QueueNamePrefix=self._prefix):
            for url in page.get("QueueUrls", []):
                made_at = url.rpartition("/")[2].removeprefix(self._prefix).partition("-")[0]
                # Of most queues, the name says that they are young.
                if url == self._url or _time(made_at) > before:
                    continue
                tags = (await self._sqs.list_queue_tags(QueueUrl=url)).get("Tags", {})
                if _time(tags.get("viapi-used-at")) <= before:
                    subscription = tags.get("viapi-subscription")
                    await self._delete(url, subscription and f"{self._topic}:{subscription}")


def _tags(subscription: str | None = None) -> dict[str, str]:
    # A tag has at most 256 characters, so it holds the end of the ARN; the rest is that of the topic.
    found = {"viapi-subscription": subscription.rpartition(":")[2]} if subscription else {}
    return {"viapi-used-at": str(int(time.time())), **found}


def _time(text: str | None) -> float:
    """Return a time in a name or tag; 0 if there is none."""
    return float(text) if text and text.isdecimal() else 0.0


def _policy(queue: str, topic: str) -> dict[str, Any]:
    """Return the policy that lets the topic, and nobody else, send messages to a queue."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        ],
    }


def unwrap(body: bytes) -> bytes:
    """Return the message in an envelope of SNS, which a topic fed by another one may send; others as they are."""
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if isinstance(envelope, dict) and envelope.get("Type") == "Notification" and "TopicArn" in envelope:
        message = envelope.get("Message")
        if isinstance(message, str):
            return message.encode(errors="replace")
    return body
