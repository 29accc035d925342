"""Subscriptions of one process, which receives every message: to Redis, an AMQP broker, or Amazon SNS."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from airflow_provider_viapi.messages.sqs import Connect

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a connection."""

CLOSE_TIMEOUT = 1.0
"""Seconds to wait for the end of a connection: the last wait of a poller ends after it."""

HEARTBEAT = 15
"""Seconds without a message after which the connection is checked; it counts as lost after as many again."""

MAX_QUEUED = 10_000
"""Messages that a broker keeps for a process that does not read them; it drops the oldest ones first."""

MAX_UNREAD = 100
"""Messages that a broker sends ahead."""

PACKAGES = {
    **dict.fromkeys(("redis", "rediss"), "redis"),
    **dict.fromkeys(("amqp", "amqps"), "aio_pika"),
    "sns": "aiobotocore",
}
"""Package that subscribes, by the scheme of the URL."""

NAMES = {"redis": "channel", "aio_pika": "exchange", "aiobotocore": "topic"}
"""Query parameter of the URL that names what to subscribe to, by package."""

EXTRAS = {"redis": "job-messages", "aio_pika": "job-messages", "aiobotocore": "sqs"}
"""Extra of this provider that installs a package."""

ALLOWED = (
    "redis://[user:password@]host:port/db?channel=NAME, amqp://user:password@host:port/vhost?exchange=NAME, or"
    " sns://[connection@]/?topic=ARN with the ARN of a standard topic"
)

_TOPIC = re.compile(r"arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}", re.ASCII)


@dataclass(frozen=True)
class QueueUrl:
    """Settings of a URL.

    :param address: the URL without its query
    :param package: the package that subscribes
    :param name: name of the channel or exchange, or ARN of the topic
    :param routing_key: with which an exchange is bound to the queue of the process; ``#`` matches all
    """

    address: str
    package: str
    name: str
    routing_key: str = "#"

    @classmethod
    def read(cls, url: str) -> QueueUrl | None:
        """Return what a URL says; ``None`` if it is not the URL of a queue that can be used."""
        try:
            parts = urlsplit(url)
            package = PACKAGES[parts.scheme]
            query = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
            name, routing_key = query.pop(NAMES[package]), query.pop("routing_key", cls.routing_key)
            is_usable = (
                _is_topic(parts, name) if package == "aiobotocore" else parts.hostname and parts.port != 0
            )
        except (KeyError, ValueError):
            return None
        if not is_usable or query or parts.fragment:
            return None
        return cls(parts._replace(query="").geturl(), package, name, routing_key)

    @property
    def is_installed(self) -> bool:
        """True if the package that subscribes is installed."""
        return find_spec(self.package) is not None

    def open(self, connect: Connect | None = None) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Subscribe, and iterate over the messages; raises what the client raises if the connection is lost.

        :param connect: returns clients of AWS, which a topic needs
        """
        if self.package != "aiobotocore":
            return (_redis if self.package == "redis" else _amqp)(self)
        if connect is None:
            raise ValueError("a topic needs clients of AWS")
        from airflow_provider_viapi.messages.sqs import open_queue

        return open_queue(self.name, unquote(urlsplit(self.address).username or "") or None, connect)


def _is_topic(parts: SplitResult, name: str) -> bool:
    is_connection = parts.netloc in ("", f"{parts.username}@")
    return is_connection and parts.path in ("", "/") and _TOPIC.fullmatch(name) is not None


@asynccontextmanager
async def _redis(url: QueueUrl) -> AsyncIterator[AsyncIterator[bytes]]:
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    client = Redis.from_url(url.address, socket_connect_timeout=CONNECT_TIMEOUT, retry=Retry(NoBackoff(), 0))
    channel = client.pubsub()

    async def subscribe() -> None:
        await channel.subscribe(url.name)
        # The response says that messages arrive from now on.
        await channel.get_message(timeout=CONNECT_TIMEOUT)

    async def read() -> AsyncIterator[bytes]:
        is_checked = False
        while True:
            message = await channel.get_message(timeout=HEARTBEAT)
            if message is None:
                if is_checked:
                    raise ConnectionError("the connection to Redis does not respond")
                await channel.ping()
            elif message["type"] == "message":
                yield message["data"]
            is_checked = message is None

    try:
        await asyncio.wait_for(subscribe(), CONNECT_TIMEOUT)
        yield read()
    finally:
        with suppress(Exception):
            await asyncio.wait_for(channel.aclose(), CLOSE_TIMEOUT)
        with suppress(Exception):
            await asyncio.wait_for(client.aclose(), CLOSE_TIMEOUT)


@asynccontextmanager
async def _amqp(url: QueueUrl) -> AsyncIterator[AsyncIterator[bytes]]:
    import aio_pika

    # Not connect_robust: while it reconnects nobody would know that messages are missing.
    connection = await aio_pika.connect(url.address, timeout=CONNECT_TIMEOUT, heartbeat=HEARTBEAT)

    async def subscribe() -> Any:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=MAX_UNREAD)
        queue = await channel.declare_queue(
            exclusive=True, auto_delete=True, arguments={"x-max-length": MAX_QUEUED}
        )
        await queue.bind(await channel.get_exchange(url.name, ensure=True), url.routing_key)
        return queue

    async def read(queue: Any) -> AsyncIterator[bytes]:
        async with queue.iterator() as messages:
            async for message in messages:
                async with message.process():
                    body = message.body
                yield body

    try:
        yield read(await asyncio.wait_for(subscribe(), CONNECT_TIMEOUT))
    finally:
        with suppress(Exception):
            await asyncio.wait_for(connection.close(), CLOSE_TIMEOUT)
