"""Storage of ImageSearch: instances with images, each an identity, attributes and a vector, in SQLite."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.filter_expressions import Condition
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.imgsearch_storage import VectorFile, cosines

CAPACITY = 100_000
"""Images that an instance holds: those of the smallest that is sold."""

GENERIC_CATEGORY = 88888888
"""Category of everything in instances that are not for products."""

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    product_id TEXT NOT NULL,
    pic_name TEXT NOT NULL,
    category INTEGER NOT NULL,
    attributes TEXT NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (instance, product_id, pic_name)
);
"""


@dataclass(frozen=True)
class Item:
    """An image of an instance.

    :param product_id: id of what it shows
    :param pic_name: its name among the images of that
    :param category: its category
    :param attributes: ``CustomContent``, ``IntAttr`` … ``StrAttr4``, those that it has
    :param id: increases with each addition
    """

    product_id: str
    pic_name: str
    category: int
    attributes: dict[str, Any]
    id: int = 0

    def describe(self) -> dict[str, Any]:
        """Return the image as responses have it."""
        return {
            "ProductId": self.product_id,
            "PicName": self.pic_name,
            "CategoryId": self.category,
            **self.attributes,
        }


class ImageInstances(VectorFile):
    """All instances; thread-safe. Vectors are the bytes of float16 numbers, with length 1.

    :param path: SQLite file
    :param names: of the instances, which no call can make
    :param capacity: largest number of images in an instance
    :raises DataFolderError: the file is not a database
    """

    def __init__(self, path: Path, names: Iterable[str], capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self._names = tuple(names)
        super().__init__(path, _SCHEMA)

    def clear(self) -> None:
        """Delete all images."""
        with self._lock, self._connection:
            self._connection.execute("DELETE FROM items")

    def check_exists(self, name: str) -> None:
        """Check that an instance exists.

        :raises ApiError: there is no such instance
        """
        if name not in self._names:
            raise ApiError(
                "InvalidInstance",
                f"The specified instance name is invalid. The emulator has {', '.join(self._names)}; "
                "viapi-emulator --image-instance NAME adds one.",
            )

    def count(self, name: str) -> int:
        """Return the number of images of an instance."""
        with self._lock:
            (count,) = self._connection.execute(
                "SELECT COUNT(*) FROM items WHERE instance = ?", (name,)
            ).fetchone()
        return int(count)

    def put(self, name: str, item: Item, vector: bytes) -> None:
        """Add an image, or replace the one with its identity.

        :raises ApiError: the instance is full
        """
        with self._lock, self._connection:
            if self.get(name, item.product_id, item.pic_name) is None and self.count(name) >= self.capacity:
                raise ApiError("InstanceStatusError", f"The instance {name} is full.", 409)
            self._connection.execute(
                "INSERT OR REPLACE INTO items (instance, product_id, pic_name, category, attributes, vector) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (name, item.product_id, item.pic_name, item.category, json.dumps(item.attributes), vector),
            )

    def update(self, name: str, item: Item) -> None:
        """Change the attributes of an image."""
        with self._lock, self._connection:
            self._connection.execute(
                "UPDATE items SET attributes = ? WHERE id = ?", (json.dumps(item.attributes), item.id)
            )

    def get(self, name: str, product_id: str, pic_name: str) -> Item | None:
        """Return an image, or ``None``."""
        return next(self.of_product(name, product_id, pic_name), None)

    def of_product(self, name: str, product_id: str, pic_name: str | None = None) -> Iterator[Item]:
        """Yield the images of a product, or the one with a name."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, product_id, pic_name, category, attributes FROM items "
                "WHERE instance = ? AND product_id = ? "
                "AND (? IS NULL OR pic_name = ?) ORDER BY id",
                (name, product_id, pic_name, pic_name),
            ).fetchall()
        yield from map(_item, rows)

    def all(self, name: str, condition: Condition | None = None) -> Iterator[Item]:
        """Yield the images of an instance that meet a condition, in the order of their addition."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, product_id, pic_name, category, attributes FROM items WHERE instance = ? ORDER BY id",
                (name,),
            ).fetchall()
        yield from (
            item for item in map(_item, rows) if condition is None or condition.holds(item.attributes)
        )

    def delete(self, items: Iterable[Item]) -> None:
        """Delete images."""
        with self._lock, self._connection:
            self._connection.executemany("DELETE FROM items WHERE id = ?", [(item.id,) for item in items])

    def vector(self, item: Item) -> bytes:
        """Return the vector of an image."""
        with self._lock:
            (vector,) = self._connection.execute(
                "SELECT vector FROM items WHERE id = ?", (item.id,)
            ).fetchone()
        return bytes(vector)

    def search(self, name: str, vector: bytes, accepts: Callable[[Item], bool]) -> list[tuple[float, Item]]:
        """Return the cosines and images that are most similar to a vector, best first, at most 500.

        :param accepts: return whether an image may be returned
        """
        with self._lock:
            items = {item.id: item for item in self.all(name)}
            scored = cosines(
                self._connection.execute("SELECT id, vector FROM items WHERE instance = ?", (name,)), vector
            )
            best = heapq.nsmallest(
                MAX_RESULTS, ((-cosine, found) for found, cosine in scored if accepts(items[found]))
            )
        return [(-negative, items[found]) for negative, found in best]


MAX_RESULTS = 500
"""Results of a search, whatever its pages."""


def _item(row: tuple[Any, ...]) -> Item:
    found, product_id, pic_name, category, attributes = row
    return Item(product_id, pic_name, category, json.loads(attributes), found)
