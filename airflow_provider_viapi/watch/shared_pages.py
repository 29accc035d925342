"""One reading of a list for all watchers of it in a triggerer.

From Airflow 3.3.2 on, Airflow shares it, and says when the events are stored (:func:`make_producer`). On older
versions the watchers of one event loop share it here (:func:`shared_pages`), and nothing says when events are stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from airflow_provider_viapi.watch.cursor import Page

if TYPE_CHECKING:
    from airflow.triggers.shared_stream import SharedStreamProducer

logger = logging.getLogger(__name__)

Pages = AsyncGenerator[Page, None]


class _Reading:
    """One reading, and the queues of those who follow it."""

    def __init__(self, pages: Pages) -> None:
        self.queues: set[asyncio.Queue[Page | BaseException]] = set()
        self._pages = pages
        self.task = asyncio.create_task(self._distribute())

    async def _distribute(self) -> None:
        end: BaseException = RuntimeError("the reading of the list has ended")
        try:
            async with aclosing(self._pages) as pages:
                async for page in pages:
                    for queue in self.queues:
                        queue.put_nowait(page)
        except Exception as error:
            end = error
        finally:
            for queue in self.queues:
                queue.put_nowait(end)


_readings: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _Reading]] = WeakKeyDictionary()


@asynccontextmanager
async def shared_pages(key: Hashable, open_pages: Callable[[], Pages]) -> AsyncIterator[AsyncIterator[Page]]:
    """Enter the event loop's reading of a list; the last watcher ends it.

    :param key: identifies the list
    :param open_pages: begins the reading for its first watcher
    """
    readings = _readings.setdefault(asyncio.get_running_loop(), {})
    reading = readings.get(key)
    if reading is None or reading.task.done():
        reading = readings[key] = _Reading(open_pages())
    queue: asyncio.Queue[Page | BaseException] = asyncio.Queue()
    reading.queues.add(queue)

    async def follow() -> AsyncIterator[Page]:
        while True:
            page = await queue.get()
            if isinstance(page, BaseException):
                raise page
            yield page

    try:
        yield follow()
    finally:
        reading.queues.discard(queue)
        if not reading.queues:
            if readings.get(key) is reading:
                del readings[key]
            reading.task.cancel()
            await asyncio.gather(reading.task, return_exceptions=True)


def can_confirm() -> bool:
    """Return whether this Airflow shares readings and says when the events made from them are stored."""
    try:
        from airflow.triggers import shared_stream
    except ImportError:
        return False
    return hasattr(shared_stream, "AdvanceItem")


def make_producer(open_pages: Callable[[], Pages]) -> SharedStreamProducer:
    """Return what Airflow distributes pages from; it confirms them once their events are stored.

    :param open_pages: begins the reading
    """
    from airflow.triggers.shared_stream import AdvanceItem, SharedStreamProducer

    class PageProducer(SharedStreamProducer):
        async def open_stream(self) -> AsyncIterator[tuple[Page, Page]]:
            async with aclosing(open_pages()) as pages:
                async for page in pages:
                    confirming = replace(page, confirms=True, when_stored=[])
                    yield confirming, confirming

        async def advance(self, batch: Sequence[AdvanceItem]) -> None:
            for page, outcome in batch:
                await _call_all(page, stored=outcome.failed == 0 and outcome.rejected == 0)

    return PageProducer()


async def _call_all(page: Any, *, stored: bool) -> None:
    for call in page.when_stored:
        try:
            await call(stored)
        except Exception:
            # The next page's events are confirmed together with these.
            logger.exception("Cannot record which entries were delivered")
