"""The actions of the service imgsearch: image databases."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.alibaba.services.imgsearch import REACHED_BY_OFFSET
from airflow_provider_viapi.emulator.errors import ApiError, status_of
from airflow_provider_viapi.emulator.imgsearch_storage import Entry, ImageDatabases
from airflow_provider_viapi.emulator.request import Call
from airflow_provider_viapi.emulator.worker import WorkFailure, extract_features
from airflow_provider_viapi.emulator.worker_process import WorkerDied, WorkerProcess

PAGE_SIZE = 50
"""Default number of images on a page; the documents do not name the service's default."""

_AFTER = "after-"


class ImageSearch:
    """The actions of image search. They respond synchronously, and none blocks the event loop.

    Images have their own worker process, so that they do not wait for videos.

    :param databases: storage of the vectors
    :param folder: where downloaded images are stored while they are read
    :param now: the clock, in Unix time
    """

    def __init__(self, databases: ImageDatabases, folder: Path, now: Callable[[], float]) -> None:
        self._databases = databases
        self._now = now
        self._folder = folder
        self._process = WorkerProcess()

    async def stop(self) -> None:
        """Stop all work."""
        await self._process.close()

    async def reset(self) -> None:
        """Delete all databases and stop running work."""
        self._process.interrupt()
        await asyncio.to_thread(self._databases.clear)
        await self._process.wait_closed()

    async def create_image_db(self, call: Call) -> dict[str, Any]:
        """Create a database.

        :raises ApiError: a database of that name exists
        """
        await asyncio.to_thread(self._databases.create, call.parameters["Name"])
        return {}

    async def delete_image_db(self, call: Call) -> dict[str, Any]:
        """Delete a database and its images.

        :raises ApiError: there is no such database
        """
        await asyncio.to_thread(self._databases.delete, call.parameters["Name"])
        return {}

    async def list_image_dbs(self, call: Call) -> dict[str, Any]:
        """List all databases."""
        names = await asyncio.to_thread(self._databases.names)
        return {"Data": {"DbList": [{"Name": name} for name in names]}}

    async def add_image(self, call: Call) -> dict[str, Any]:
        """Add an image to a database.

        :raises ApiError: there is no such database, it is full, or the image cannot be used
        """
        given = call.parameters
        await asyncio.to_thread(self._databases.check_exists, given["DbName"])
        vector = await self._vector(call)
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
        """Delete all images of an entity.

        :raises ApiError: there is no such database, or no such entity in it
        """
        given = call.parameters
        if not await asyncio.to_thread(self._databases.delete_entity, given["DbName"], given["EntityId"]):
            raise ApiError("InvalidParameter.BadRequest", f"EntityId {given['EntityId']} does not exist.")
        return {}

    async def list_images(self, call: Call) -> dict[str, Any]:
        """Return a page of a database's images in the order of their addition.

        :raises ApiError: there is no such database, or Offset, Limit or Token is not valid
        """
        given = call.parameters
        offset, limit, token = given.get("Offset", 0), given.get("Limit", PAGE_SIZE), given.get("Token")
        if limit > REACHED_BY_OFFSET or (token is None and offset + limit > REACHED_BY_OFFSET):
            raise ApiError(
                "InvalidParameter",
                f"Offset and Limit reach only the first {REACHED_BY_OFFSET} records; use Token for the others.",
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
        next_token = {"Token": f"{_AFTER}{page[-1].data_id}"} if len(entries) > limit else {}
        return {
            "Data": {"ImageList": [_describe(entry) for entry in page], **next_token, "TotalCount": count}
        }

    async def search_image(self, call: Call) -> dict[str, Any]:
        """Find the images of a database that are most similar to an image.

        :raises ApiError: there is no such database, or the image cannot be used
        """
        given = call.parameters
        await asyncio.to_thread(self._databases.check_exists, given["DbName"])
        vector = await self._vector(call)
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

    async def _vector(self, call: Call) -> bytes:
        url, action = call.parameters["ImageUrl"], call.action
        (limits,) = (each.limits[0] for each in action.parameters if isinstance(each, Media))
        try:
            vector = await self._process.run(extract_features, url, limits, self._folder)
        except WorkerDied:
            raise _failed("InternalError.Algo", "The emulator's worker process died.") from None
        if isinstance(vector, WorkFailure):
            raise _failed(vector.code, vector.message)
        return vector


def _describe(entry: Entry) -> dict[str, Any]:
    return {
        "DataId": str(entry.data_id),
        "EntityId": entry.entity_id,
        "ExtraData": entry.extra_data,
        "CreatedAt": entry.created_at,
        "UpdatedAt": entry.created_at,
    }


def _read_token(token: str) -> int:
    if not re.fullmatch(rf"{_AFTER}[0-9]{{1,18}}", token):
        raise ApiError("InvalidParameter", "This Token was not issued by the emulator.")
    return int(token.removeprefix(_AFTER))


def _failed(code: str, message: str) -> ApiError:
    return ApiError(code, message, status_of(code, "imgsearch"))
