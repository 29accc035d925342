"""Indexing against an emulator, as a program without Airflow does it.

Runs as a command too, for a test that kills it: endpoint, name of the database, and the list of images as JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.client import open_async_client
from airflow_provider_viapi.image_index.images import ImageEntry, parse_images
from airflow_provider_viapi.image_index.imgsearch_database import ImageDatabase
from airflow_provider_viapi.image_index.indexer import Indexer, IndexingTiming
from airflow_provider_viapi.image_index.report import IndexingReport
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.renewable_credentials import Credentials

QUICK = IndexingTiming(retry_seconds=3.0, settle_seconds=0.3)


def account(endpoint: str) -> Account:
    """The emulator's account."""
    return Account(Credentials("viapi-emulator", "viapi-emulator-secret"), endpoint=endpoint)


@asynccontextmanager
async def as_it_is(image: ImageEntry) -> AsyncIterator[str]:
    """The service can read every address."""
    yield image.address


async def _index(
    endpoint: str,
    name: str,
    images: Any,
    *,
    max_failed: int,
    qps: float,
    resumed: bool,
    log: Any,
    timing: IndexingTiming,
    kind: type[ImageDatabase],
) -> IndexingReport:
    async with await open_async_client(account(endpoint)) as client:
        database = kind(client, name, read_qps=100)
        indexer = Indexer(database, RateLimiter(qps), as_it_is, max_failed=max_failed, log=log, timing=timing)
        return await indexer.run(parse_images(images), resumed=resumed)


def index(
    endpoint: str,
    name: str,
    images: Any,
    *,
    max_failed: int = 0,
    qps: float = 200,
    resumed: bool = False,
    log: Any = None,
    timing: IndexingTiming = QUICK,
    kind: type[ImageDatabase] = ImageDatabase,
) -> IndexingReport:
    """Have the images in the database.

    :param kind: class of the database that is used
    """
    log = log or logging.getLogger("indexing")
    return asyncio.run(
        _index(
            endpoint,
            name,
            images,
            max_failed=max_failed,
            qps=qps,
            resumed=resumed,
            log=log,
            timing=timing,
            kind=kind,
        )
    )


def fill(emulator_database: Path, name: str, count: int) -> None:
    """Put entries into the emulator's own file, which is quicker than by calls."""
    connection = sqlite3.connect(emulator_database)
    with connection:
        connection.executemany(
            "INSERT INTO images (database, entity_id, image_url, extra_data, vector, created_at) "
            "VALUES (?, ?, 'http://h/a.png', '', x'00', 0)",
            ((name, f"filler_{number}") for number in range(count)),
        )
    connection.close()


if __name__ == "__main__":
    index(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), qps=100)
