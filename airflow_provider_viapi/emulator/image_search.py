"""The actions of image search."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.services.imgsearch import REACHED_BY_OFFSET
from airflow_provider_viapi.emulator.errors import ApiError, status_of
from airflow_provider_viapi.emulator.image_database import Entry, ImageDatabases
from airflow_provider_viapi.emulator.request import Call
from airflow_provider_viapi.emulator.worker import WorkFailure, take_picture
from airflow_provider_viapi.emulator.worker_process import WorkerDied, WorkerProcess

LARGEST_ADDED = 2 << 20
"""Bytes of the largest picture that can be added."""

LARGEST_SEARCHED = 3 << 20
"""Bytes of the largest picture that can be looked for."""

PAGE_SIZE = 50
"""Pictures on a page unless the caller says how many; the documents do not tell the service's default."""

_AFTER = "after-"


class ImageSearch:
    """Answers the actions of image search; each of them at once, but none on the event loop.

    Pictures have a worker process of their own, so that nobody waits for one while videos are worked on.

    :param databases: what is kept
    :param folder: where pictures may lie for a moment
    :param now: the clock, in Unix time
    """

    def __init__(self, databases: ImageDatabases, folder: Path, now: Callable[[], float]) -> None:
        self._databases = databases
        self._now = now
        self._folder = folder
        self._process = WorkerProcess()

    async def stop(self) -> None:
        """End all work, whatever state it is in."""
        await self._process.close()

    async def reset(self) -> None:
        """Delete all databases, and end what is being done."""
        self._process.interrupt()
        await asyncio.to_thread(self._databases.clear)
        await self._process.settle()

    async def create_image_db(self, call: Call) -> dict[str, Any]:
        """Make a database.

        :raises ApiError: there is one of that name
        """
        await asyncio.to_thread(self._databases.create, call.parameters["Name"])
        return {}

    async def delete_image_db(self, call: Call) -> dict[str, Any]:
        """Delete a database with all that is in it.

        :raises ApiError: there is none of that name
        """
        await asyncio.to_thread(self._databases.delete, call.parameters["Name"])
        return {}

    async def list_image_dbs(self, call: Call) -> dict[str, Any]:
        """Name all databases."""
        names = await asyncio.to_thread(self._databases.names)
        return {"Data": {"DbList": [{"Name": name} for name in names]}}

    async def add_image(self, call: Call) -> dict[str, Any]:
        """Add a picture to a database.

        :raises ApiError: there is no such database, it is full, or the picture cannot be used
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
            int(self._now() * 1000),
        )
        return {"Data": {"DataId": str(data_id)}}

    async def delete_image(self, call: Call) -> dict[str, Any]:
        """Delete all pictures of an entity.

        :raises ApiError: there is no such database, or no such entity in it
        """
        given = call.parameters
        if not await asyncio.to_thread(self._databases.delete_entity, given["DbName"], given["EntityId"]):
            raise ApiError("InvalidParameter.BadRequest", f"There is no EntityId {given['EntityId']}.")
        return {}

    async def list_images(self, call: Call) -> dict[str, Any]:
        """A page of a database's pictures, in the order in which they were added.

        :raises ApiError: there is no such database, or the page is not one that can be asked for
        """
        given = call.parameters
        offset, limit, token = given.get("Offset", 0), given.get("Limit", PAGE_SIZE), given.get("Token")
        if limit > REACHED_BY_OFFSET or (token is None and offset + limit > REACHED_BY_OFFSET):
            raise ApiError(
                "InvalidParameter",
                f"Offset and Limit reach the first {REACHED_BY_OFFSET} records; go on with Token.",
            )
        entries, count = await asyncio.to_thread(
            self._databases.page,
            given["DbName"],
            given.get("EntityIdPrefix", ""),
            descending=given.get("Order") == "desc",
            after=None if token is None else _read_token(token),
            offset=offset if token is None else 0,
            limit=limit + 1,
        )
        page = entries[:limit]
        goes_on = {"Token": f"{_AFTER}{page[-1].data_id}"} if len(entries) > limit else {}
        return {"Data": {"ImageList": [_listed(entry) for entry in page], **goes_on, "TotalCount": count}}

    async def search_image(self, call: Call) -> dict[str, Any]:
        """Find the pictures of a database that are most like another.

        :raises ApiError: there is no such database, or the picture cannot be used
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
            taken = await self._process.run(take_picture, url, max_bytes, self._folder)
        except WorkerDied:
            raise _failed("InternalError.Algo", "The emulator's worker process died.") from None
        if isinstance(taken, WorkFailure):
            raise _failed(taken.code, taken.message)
        return taken


def _listed(entry: Entry) -> dict[str, Any]:
    return {
        "DataId": str(entry.data_id),
        "EntityId": entry.entity_id,
        "ExtraData": entry.extra_data,
        "CreatedAt": entry.created_at,
        "UpdatedAt": entry.created_at,
    }


def _read_token(token: str) -> int:
    if not re.fullmatch(rf"{_AFTER}[0-9]{{1,18}}", token):
        raise ApiError("InvalidParameter", "This Token is none of the emulator's.")
    return int(token.removeprefix(_AFTER))


def _failed(code: str, message: str) -> ApiError:
    return ApiError(code, message, status_of(code, "imgsearch"))
