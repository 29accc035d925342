"""The emulator without HTTP: a request in, an answer out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.services import actions
from airflow_provider_viapi.emulator.access import AccessKey, Gatekeeper
from airflow_provider_viapi.emulator.answers import Answer, error_answer, result_answer
from airflow_provider_viapi.emulator.call import Call, Request
from airflow_provider_viapi.emulator.data_folder import DataFolder
from airflow_provider_viapi.emulator.gateway import Gateway
from airflow_provider_viapi.emulator.image_database import ImageDatabases
from airflow_provider_viapi.emulator.image_search import ImageSearch
from airflow_provider_viapi.emulator.job_desk import JobDesk
from airflow_provider_viapi.emulator.refusal import Refusal, not_emulated
from airflow_provider_viapi.emulator.worker import Transform

log = logging.getLogger(__name__)


class Engine:
    """An emulator; used from one event loop.

    :param folder: where it keeps its things
    :param keys: the access keys that may call
    :param transforms: the media work by the name of the action; what is missing here is refused
    :param now: the clock, in Unix time
    """

    def __init__(
        self,
        folder: DataFolder,
        *,
        keys: Iterable[AccessKey],
        transforms: Mapping[str, Transform],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._gatekeeper = Gatekeeper(keys, now)
        self._gateway = Gateway(actions().values(), self._gatekeeper)
        self._databases = ImageDatabases(folder.image_databases)
        self._desk = JobDesk(folder.files, transforms, now)
        self._search = ImageSearch(self._databases, folder.pictures)
        self._handlers: dict[str, Callable[[Call], Awaitable[Mapping[str, Any]]]] = {
            "GetAsyncJobResult": self._desk.look,
            "CreateImageDb": self._search.create_image_db,
            "ListImageDbs": self._search.list_image_dbs,
            "AddImage": self._search.add_image,
            "SearchImage": self._search.search_image,
        }
        self._accepted: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()

    def start(self) -> None:
        """Begin to work on jobs."""
        self._desk.start()

    async def stop(self) -> None:
        """End all work; nothing can be asked afterwards."""
        await self._desk.stop()
        await self._search.stop()
        self._databases.close()

    async def answer(self, request: Request) -> Answer:
        """The answer to a request, whatever it is."""
        name = request.parameters.get("Action", "")
        counted = name if self._gateway.knows(name) else "unknown"
        try:
            content = await self._perform(request)
        except Refusal as refusal:
            self._rejected[counted] += 1
            return error_answer(request, refusal)
        self._accepted[counted] += 1
        return result_answer(request, content)

    def file(self, job_id: str, name: str, query: Mapping[str, str]) -> Path:
        """The file that a link leads to.

        :param query: what the link carries besides
        :raises Refusal: the link is not one of the emulator's, has expired, or its file is gone
        """
        return self._desk.file(job_id, name, query)

    def jobs(self) -> list[dict[str, Any]]:
        """Every job as plain values, the oldest first."""
        return self._desk.describe()

    def calls(self) -> dict[str, dict[str, int]]:
        """How many calls of each action were accepted and rejected; those of no known action are ``unknown``."""
        return {
            name: {"accepted": self._accepted[name], "rejected": self._rejected[name]}
            for name in sorted(self._accepted.keys() | self._rejected.keys())
        }

    async def reset(self) -> None:
        """Forget jobs, calls, nonces and image databases, end running work and delete files."""
        self._gatekeeper.forget_nonces()
        self._accepted.clear()
        self._rejected.clear()
        await asyncio.gather(self._desk.reset(), self._search.reset())

    async def _perform(self, request: Request) -> Mapping[str, Any]:
        try:
            call = self._gateway.admit(request)
            if call.action.is_job:
                return await self._desk.submit(call)
            handler = self._handlers.get(call.action.name)
            if handler is None:
                raise not_emulated(call.action.name)
            return await handler(call)
        except Refusal:
            raise
        except Exception:
            log.exception("A call failed")
            raise Refusal("InternalError", "The emulator failed; its log says why.", 500) from None
