"""Which images are in the database already: AddImage has no idempotency key, so the database itself is read.

A call that a killed process had sent may be worked on when the next one reads. So where an earlier run seems to have
been interrupted, the database is read again until it no longer changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from airflow_provider_viapi.image_index.database import ImageDatabase
from airflow_provider_viapi.image_index.image import Identity, ImageEntry

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log

SETTLE_SECONDS = 5.0
"""A database that has not grown for so long has no call of an earlier run in flight. How long the service may work on
one is not documented; the emulator takes hundredths of a second."""

MAX_READS = 6
"""After so many reads another task is adding, and waiting would not end."""

READS_FOR_A_LOST_IMAGE = 2
"""An image may take a moment to be listed."""


async def find_missing(
    database: ImageDatabase,
    images: Sequence[ImageEntry],
    *,
    resumed: bool,
    log: Log,
    settle_seconds: float = SETTLE_SECONDS,
) -> list[ImageEntry]:
    """Return the images that are not in the database, in their order.

    :param resumed: an earlier run of the same work was begun
    :param settle_seconds: pause between reads
    """
    held = await database.contents()
    absent = _absent(images, held)
    if not absent or not (resumed or len(absent) < len(images)):
        return absent
    log.info(
        "%s of %s images are in %s already; waiting until it no longer changes, since calls of an earlier run may be "
        "in flight",
        f"{len(images) - len(absent):,}",
        f"{len(images):,}",
        database.name,
    )
    for _ in range(MAX_READS):
        await asyncio.sleep(settle_seconds)
        if await database.count() == held.total():
            return absent
        before, held = held, await database.contents()
        absent = _absent(images, held)
        if held == before:
            return absent
    log.warning("Another task is adding to %s", database.name)
    return absent


async def was_added(
    database: ImageDatabase, image: ImageEntry, settle_seconds: float = SETTLE_SECONDS
) -> bool:
    """Return whether an image whose response was lost is in the database after all."""
    for _ in range(READS_FOR_A_LOST_IMAGE):
        await asyncio.sleep(settle_seconds)
        if await database.holds(image):
            return True
    return False


def _absent(images: Sequence[ImageEntry], held: Collection[Identity]) -> list[ImageEntry]:
    return [image for image in images if image.identity not in held]
