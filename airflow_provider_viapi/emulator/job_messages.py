"""A message for each VIAPI job that ends, to a channel of Redis, an exchange of RabbitMQ or a topic of Amazon SNS.

What Alibaba Cloud sends in such messages is not documented. The envelope here is that of CloudEvents; its data are
made up.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

from airflow_provider_viapi.emulator.jobs import Job
from airflow_provider_viapi.errors import ConfigurationError

NAMES = {"redis": "channel", "rediss": "channel", "amqp": "exchange", "amqps": "exchange", "sns": "topic"}
"""Query parameter of the URL that names where messages go, by scheme."""

PAUSE = 1.0
"""Seconds until a queue that failed is connected to again."""

Publish = Callable[[bytes], Awaitable[Any]]

log = logging.getLogger(__name__)


class JobMessageSender:
    """Sends messages to a queue, from one event loop.

    :param url: ``redis://host:port/db?channel=NAME``, ``amqp://user:password@host:port/vhost?exchange=NAME``, or
        ``sns:///?topic=ARN``, with the credentials of AWS's default chain; ``None``: none is sent
    :raises ConfigurationError: it is not such a URL
    """

    def __init__(self, url: str | None) -> None:
        try:
            parts = urlsplit(url or "")
        except ValueError:
            parts = urlsplit("")
        names = parse_qs(parts.query).get(NAMES.get(parts.scheme, ""), [""])
        self._address, self._name = parts._replace(query="").geturl(), names[0]
        self._is_used = url is not None
        is_arn = len(self._name.split(":")) >= 6
        if self._is_used and (not self._name or (parts.scheme == "sns" and not is_arn)):
            raise ConfigurationError(
                "the URL for job messages is not usable; allowed: redis://host:port/db?channel=NAME,"
                " amqp://user:password@host:port/vhost?exchange=NAME or sns:///?topic=ARN"
            )
        self._open = {"amqp": _amqp, "amqps": _amqp, "sns": _sns}.get(parts.scheme, _redis)
        self._messages: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Connect."""
        if self._is_used:
            self._spawn(self._publish_all())

    async def stop(self) -> None:
        """Drop what was not sent yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def follow(self, job: Job | None) -> None:
        """Send a message when a job has ended."""
        if self._is_used and job is not None:
            self._spawn(self._send_end(job))

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_end(self, job: Job) -> None:
        await job.ended.wait()
        # Jobs that were deleted have no time.
        if job.finished_at is not None:
            self._messages.put_nowait(message(job, job.finished_at))

    async def _publish_all(self) -> None:
        unsent = b""
        while True:
            try:
                async with self._open(self._address, self._name) as publish:
                    while True:
                        unsent = unsent or await self._messages.get()
                        await publish(unsent)
                        unsent = b""
            except Exception as error:
                # Its text may quote the URL.
                log.warning("The queue for messages cannot be used, retrying: %s", type(error).__name__)
            await asyncio.sleep(PAUSE)


def message(job: Job, finished_at: float) -> bytes:
    """Return the message about the end of a job."""
    time = datetime.fromtimestamp(finished_at, timezone.utc).isoformat(timespec="milliseconds")
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "viapi-emulator",
        "type": "viapi-emulator:JobFinished",
        "time": time,
        "datacontenttype": "application/json",
        "data": {
            "JobId": job.id,
            "Action": f"{job.action.service.name}.{job.action.name}",
            "Status": job.state,
        },
    }
    return json.dumps(event).encode()


@asynccontextmanager
async def _redis(address: str, channel: str) -> AsyncIterator[Publish]:
    from redis.asyncio import Redis

    client = Redis.from_url(address)
    try:
        yield lambda body: client.publish(channel, body)
    finally:
        with suppress(Exception):
            await client.aclose()


@asynccontextmanager
async def _amqp(address: str, name: str) -> AsyncIterator[Publish]:
    import aio_pika

    connection = await aio_pika.connect(address)
    try:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.FANOUT, durable=True)
        yield lambda body: exchange.publish(aio_pika.Message(body), routing_key="")
    finally:
        with suppress(Exception):
            await connection.close()


@asynccontextmanager
async def _sns(_: str, topic: str) -> AsyncIterator[Publish]:
    from aiobotocore.session import get_session

    region = topic.split(":")[3]
    async with get_session().create_client("sns", region_name=region) as client:
        yield lambda body: client.publish(TopicArn=topic, Message=body.decode())
