"""The actions of image search."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.bench import Bench, WorkerDied
from airflow_provider_viapi.emulator.call import Call
from airflow_provider_viapi.emulator.image_database import ImageDatabases
from airflow_provider_viapi.emulator.refusal import Refusal
from airflow_provider_viapi.emulator.worker import Fault, take_picture

LARGEST_ADDED = 2 << 20
"""Bytes of the largest picture that can be added."""

LARGEST_SEARCHED = 3 << 20
"""Bytes of the largest picture that can be looked for."""


class ImageSearch:
    """Answers the actions of image search; each of them at once, but none on the event loop.

    Pictures have a worker process of their own, so that nobody waits for one while videos are worked on.

    :param databases: what is kept
    :param folder: where pictures may lie for a moment
    """

    def __init__(self, databases: ImageDatabases, folder: Path) -> None:
        self._databases = databases
        self._folder = folder
        self._bench = Bench()

    async def stop(self) -> None:
        """End all work, whatever state it is in."""
        await self._bench.close()

    async def reset(self) -> None:
        """Delete all databases, and end what is being done."""
        self._bench.interrupt()
        await asyncio.to_thread(self._databases.clear)
        await self._bench.settle()

    async def create_image_db(self, call: Call) -> dict[str, Any]:
        """Make a database.

        :raises Refusal: there is one of that name
        """
        await asyncio.to_thread(self._databases.create, call.parameters["Name"])
        return {}

    async def list_image_dbs(self, call: Call) -> dict[str, Any]:
        """Name all databases."""
        names = await asyncio.to_thread(self._databases.names)
        return {"Data": {"DbList": [{"Name": name} for name in names]}}

    async def add_image(self, call: Call) -> dict[str, Any]:
        """Add a picture to a database.

        :raises Refusal: there is no such database, it is full, or the picture cannot be used
        """
        given = call.parameters
        await asyncio.to_thread(self._databases.check_exists, given["DbName"])
        vector = await self._vector(given["ImageUrl"], LARGEST_ADDED)
        data_id = await asyncio.to_thread(
            self._databases.add,
            given["DbName"],
            given["EntityId"],
            given["ImageUrl"],
            given.get("ExtraData", ""),
            vector,
        )
        return {"Data": {"DataId": str(data_id)}}

    async def search_image(self, call: Call) -> dict[str, Any]:
        """Find the pictures of a database that are most like another.

        :raises Refusal: there is no such database, or the picture cannot be used
        """
        given = call.parameters
        await asyncio.to_thread(self._databases.check_exists, given["DbName"])
        vector = await self._vector(given["ImageUrl"], LARGEST_SEARCHED)
        matches = await asyncio.to_thread(self._matches, given["DbName"], vector, given["Limit"])
        return {"Data": {"MatchList": matches}}

    def _matches(self, database: str, vector: bytes, limit: int) -> list[dict[str, Any]]:
        from airflow_provider_viapi.emulator.media.image_features import score

        return [
            {
                "DataId": str(match.data_id),
                "EntityId": match.entity_id,
                "ExtraData": match.extra_data,
                "ImageUrl": match.image_url,
                "Score": score(match.cosine),
            }
            for match in self._databases.search(database, vector, limit)
        ]

    async def _vector(self, url: str, max_bytes: int) -> bytes:
        try:
            taken = await self._bench.run(take_picture, url, max_bytes, self._folder)
        except WorkerDied:
            raise Refusal("InternalError.Algo", "The emulator's worker process died.", 586) from None
        if isinstance(taken, Fault):
            status = 586 if taken.code == "InternalError.Algo" else 400
            raise Refusal(taken.code, taken.message, status)
        return taken
