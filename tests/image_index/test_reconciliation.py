"""Calls that an earlier run may still have under way are waited for."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass

import pytest

from airflow_provider_viapi.image_index.images import Identity, ImageEntry
from airflow_provider_viapi.image_index.imgsearch_database import MAX_READS, ImageDatabase

LOG = logging.getLogger("indexing")
IMAGES = [ImageEntry(index, "http://h/a.png", f"e{index}") for index in range(5)]


@dataclass
class Growing(ImageDatabase):
    """A database into which calls of a process that was killed still arrive, one per list request.

    :param held: entity ids that are in it
    :param under_way: those that arrive, in their order
    :param counts: whether it says how many entries it has
    """

    held: list[str]
    under_way: list[str]
    counts: bool = True
    looks: int = 0
    name: str = "covers"

    async def contents(self) -> Counter[Identity]:
        self.looks += 1
        return Counter((entity, "") for entity in self.held)

    async def count(self) -> int | None:
        self.arrive()
        return len(self.held) if self.counts else None

    async def holds(self, image: ImageEntry) -> bool:
        self.arrive()
        return image.entity_id in self.held

    def arrive(self) -> None:
        self.held += self.under_way[:1]
        del self.under_way[:1]


def absent(database: ImageDatabase, *, resumed: bool = False) -> list[int]:
    left = asyncio.run(database.missing(IMAGES, resumed=resumed, log=LOG, settle_seconds=0.01))
    return [image.index for image in left]


@pytest.mark.parametrize("counts", [True, False])
def test_what_arrives_late_is_not_missing(counts: bool) -> None:
    assert absent(Growing(["e0"], ["e1", "e3"], counts)) == [2, 4]


def test_an_earlier_run_of_which_nothing_has_arrived_yet_is_waited_for() -> None:
    assert absent(Growing([], ["e0"]), resumed=True) == [1, 2, 3, 4]


def test_a_first_run_does_not_wait() -> None:
    database = Growing(["other"], ["e0"])

    assert absent(database) == [0, 1, 2, 3, 4]
    assert database.looks == 1


def test_what_is_all_there_is_not_waited_for() -> None:
    assert absent(Growing([image.entity_id for image in IMAGES], ["x"]), resumed=True) == []


def test_somebody_else_who_goes_on_adding_is_not_waited_for_for_ever() -> None:
    database = Growing(["e0"], [f"x{number}" for number in range(100)])

    assert absent(database) == [1, 2, 3, 4]
    assert database.looks == MAX_READS + 1


@pytest.mark.parametrize(
    ("under_way", "there"), [(["e1"], True), (["x", "e1"], True), (["x", "y", "e1"], False)]
)
def test_a_lost_one_is_looked_for_twice(under_way: list[str], there: bool) -> None:
    database = Growing([], under_way)

    assert asyncio.run(database.was_added(IMAGES[1], 0.01)) is there
