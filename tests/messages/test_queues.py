"""Subscriptions to queues: Redis, and RabbitMQ where ``VIAPI_TEST_AMQP`` names one."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import uuid
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from airflow_provider_viapi.messages.queues import QueueUrl
from quota.test_counters import redis_server

AMQP = os.environ.get("VIAPI_TEST_AMQP")
"""Such as ``amqp://guest:guest@127.0.0.1/``."""

Publish = Callable[[bytes], Awaitable[Any]]


@asynccontextmanager
async def redis() -> AsyncIterator[tuple[str, Publish]]:
    from redis.asyncio import Redis

    with redis_server() as port:
        async with Redis(port=port) as client:
            yield (
                f"redis://127.0.0.1:{port}/0?channel=finished",
                lambda body: client.publish("finished", body),
            )


@asynccontextmanager
async def rabbitmq() -> AsyncIterator[tuple[str, Publish]]:
    if AMQP is None:
        pytest.skip("VIAPI_TEST_AMQP names no RabbitMQ")
    aio_pika = pytest.importorskip("aio_pika", reason="aio-pika is not installed")
    name = f"viapi-test-{uuid.uuid4().hex}"
    async with await aio_pika.connect(AMQP) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.FANOUT)
        try:
            yield f"{AMQP}?exchange={name}", lambda body: exchange.publish(aio_pika.Message(body), "")
        finally:
            await exchange.delete()


QUEUES = pytest.mark.parametrize("server", [redis, rabbitmq])


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 60))


@QUEUES
def test_every_subscriber_receives_every_message_from_the_moment_it_is_connected(server: Any) -> None:
    async def main() -> None:
        async with server() as (url, publish):
            queue = QueueUrl.read(url)
            assert queue is not None
            async with queue.open() as one, queue.open() as other:
                for number in range(3):
                    await publish(str(number).encode())
                for bodies in (one, other):
                    assert [await anext(bodies) for _ in range(3)] == [b"0", b"1", b"2"]

    run(main())


@QUEUES
def test_a_subscription_can_be_left_while_it_waits(server: Any) -> None:
    async def main() -> None:
        async with server() as (url, _):
            queue = QueueUrl.read(url)
            assert queue is not None

            async def read() -> None:
                async with queue.open() as bodies:
                    connected.set()
                    await anext(bodies)

            connected = asyncio.Event()
            reading = asyncio.ensure_future(read())
            await connected.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading

    run(main())


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
def test_a_connection_that_is_lost_raises() -> None:
    async def main() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = await asyncio.create_subprocess_exec(
            *("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""), stdout=DEVNULL
        )
        queue = QueueUrl.read(f"redis://127.0.0.1:{port}/0?channel=finished")
        assert queue is not None
        try:
            while not await _listens(port):
                await asyncio.sleep(0.05)
            with pytest.raises(RedisConnectionError):
                async with queue.open() as bodies:
                    server.kill()
                    await anext(bodies)
        finally:
            if server.returncode is None:
                server.kill()
            await server.wait()

    run(main())


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def test_a_server_that_is_not_there_raises_at_once() -> None:
    async def main() -> None:
        queue = QueueUrl.read("redis://127.0.0.1:1/0?channel=finished")
        assert queue is not None
        with pytest.raises(Exception, match="connect"):
            async with queue.open():
                pass

    run(main())


def test_an_exchange_that_does_not_exist_raises() -> None:
    if AMQP is None:
        pytest.skip("VIAPI_TEST_AMQP names no RabbitMQ")
    pytest.importorskip("aio_pika", reason="aio-pika is not installed")

    async def main() -> None:
        queue = QueueUrl.read(f"{AMQP}?exchange=viapi-test-missing")
        assert queue is not None
        with pytest.raises(Exception, match="no exchange"):
            async with queue.open():
                pass

    run(main())
