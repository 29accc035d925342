"""Which pictures are in the database already: AddImage has no idempotency key, so the database itself is asked.

A call that a killed process had sent may still be worked on when the next one looks. So where an earlier run seems to
have been broken off, the database is looked at again until it stands still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from airflow_provider_viapi.image_index.database import ImageDatabase
from airflow_provider_viapi.image_index.image import Identity, Picture

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log

SECONDS_TO_STAND_STILL = 5.0
"""A database that has not grown for so long has no call of an earlier run under way. How long the service may work
on one is not documented; the emulator takes hundredths of a second."""

MOST_LOOKS = 6
"""After so many looks somebody else is adding, and waiting on would not end."""


async def missing(
    database: ImageDatabase, pictures: Sequence[Picture], *, resumed: bool, log: Log
) -> list[Picture]:
    """The pictures that are not in the database, in their order.

    :param resumed: an earlier run of the same work was begun
    """
    held = await database.contents()
    absent = _absent(pictures, held)
    if not absent or not (resumed or len(absent) < len(pictures)):
        return absent
    log.info(
        "%s of %s pictures are in %s already; waiting for it to stand still, since calls of an earlier run may "
        "be under way",
        f"{len(pictures) - len(absent):,}",
        f"{len(pictures):,}",
        database.name,
    )
    for _ in range(MOST_LOOKS):
        await asyncio.sleep(SECONDS_TO_STAND_STILL)
        if await database.count() == held.total():
            return absent
        before, held = held, await database.contents()
        absent = _absent(pictures, held)
        if held == before:
            return absent
    log.warning("Somebody else is adding to %s", database.name)
    return absent


LOOKS_FOR_A_LOST_ONE = 2
"""A picture may take a moment to be listed."""


async def arrived(database: ImageDatabase, picture: Picture) -> bool:
    """Whether a picture whose answer was lost is in the database after all."""
    for _ in range(LOOKS_FOR_A_LOST_ONE):
        await asyncio.sleep(SECONDS_TO_STAND_STILL)
        if await database.holds(picture):
            return True
    return False


def _absent(pictures: Sequence[Picture], held: Collection[Identity]) -> list[Picture]:
    return [picture for picture in pictures if picture.identity not in held]
