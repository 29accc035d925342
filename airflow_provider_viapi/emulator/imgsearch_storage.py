"""Storage of the service imgsearch: databases of images, each image a vector, in SQLite."""

from __future__ import annotations

import heapq
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_viapi.alibaba.services.imgsearch import CAPACITY
from airflow_provider_viapi.emulator.data_folder import DataFolderError
from airflow_provider_viapi.emulator.errors import ApiError

_BATCH_SIZE = 4096

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS databases (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS images (
    data_id INTEGER PRIMARY KEY AUTOINCREMENT,
    database TEXT NOT NULL REFERENCES databases,
    entity_id TEXT NOT NULL,
    image_url TEXT NOT NULL,
    extra_data TEXT NOT NULL,
    vector BLOB NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS images_by_database ON images (database, entity_id);
"""


@dataclass(frozen=True)
class Match:
    """An image that a search found.

    :param data_id: id of the entry
    :param entity_id: id of the entity that it shows
    :param image_url: address from which it was added
    :param extra_data: the user's data
    :param cosine: cosine similarity to the searched vector, -1 to 1
    """

    data_id: int
    entity_id: str
    image_url: str
    extra_data: str
    cosine: float


@dataclass(frozen=True)
class Entry:
    """An image in a list.

    :param data_id: id of the entry
    :param entity_id: id of the entity that it shows
    :param extra_data: the user's data
    :param created_at: time of its addition, in milliseconds since 1970
    """

    data_id: int
    entity_id: str
    extra_data: str
    created_at: int


class VectorFile:
    """SQLite file with images and their vectors, used by several threads.

    :param schema: statements that create its tables
    :raises DataFolderError: the file is not a database
    """

    def __init__(self, path: Path, schema: str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        try:
            self._connection.executescript(schema)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise DataFolderError(f"{path} cannot be used: {error}") from None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


class ImageDatabases(VectorFile):
    """All image databases; thread-safe. Vectors are the bytes of float16 numbers, with length 1.

    :param path: SQLite file
    :param capacity: largest number of images in a database
    :raises DataFolderError: the file is not a database
    """

    def __init__(self, path: Path, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        super().__init__(path, _SCHEMA)

    def clear(self) -> None:
        """Delete all databases."""
        with self._lock, self._connection:
            self._connection.execute("DELETE FROM images")
            self._connection.execute("DELETE FROM databases")

    def create(self, name: str) -> None:
        """Create a database.

        :raises ApiError: a database of that name exists
        """
        with self._lock, self._connection:
            created = self._connection.execute("INSERT OR IGNORE INTO databases VALUES (?)", (name,))
        if not created.rowcount:
            raise ApiError("InvalidParameter.BadRequest", f"The image database {name} already exists.")

    def names(self) -> list[str]:
        """Return the names of all databases in alphabetical order."""
        with self._lock:
            return [name for (name,) in self._connection.execute("SELECT name FROM databases ORDER BY name")]

    def check_exists(self, name: str) -> None:
        """Check that a database exists.

        :raises ApiError: there is no such database
        """
        with self._lock:
            found = self._connection.execute("SELECT 1 FROM databases WHERE name = ?", (name,)).fetchone()
        if not found:
            raise ApiError("InvalidParameter.BadRequest", f"The image database {name} does not exist.")

    def delete(self, name: str) -> None:
        """Delete a database and its images.

        :raises ApiError: there is no such database
        """
        with self._lock, self._connection:
            self.check_exists(name)
            self._connection.execute("DELETE FROM images WHERE database = ?", (name,))
            self._connection.execute("DELETE FROM databases WHERE name = ?", (name,))

    def add(
        self, name: str, entity_id: str, image_url: str, extra_data: str, vector: bytes, created_at: int
    ) -> int:
        """Add an image and return the id of its entry.

        :param created_at: current time in milliseconds since 1970
        :raises ApiError: there is no such database, or it is full
        """
        with self._lock, self._connection:
            self._check_capacity(name)
            entry = self._connection.execute(
                "INSERT INTO images (database, entity_id, image_url, extra_data, vector, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (name, entity_id, image_url, extra_data, vector, created_at),
            )
        return entry.lastrowid or 0

    def delete_entity(self, name: str, entity_id: str) -> int:
        """Delete all images of an entity and return their number.

        :raises ApiError: there is no such database
        """
        with self._lock, self._connection:
            self.check_exists(name)
            deleted = self._connection.execute(
                "DELETE FROM images WHERE database = ? AND entity_id = ?", (name, entity_id)
            )
        return deleted.rowcount

    def page(
        self, name: str, prefix: str, *, descending: bool, after: int | None, offset: int, limit: int
    ) -> tuple[list[Entry], int]:
        """Return some entries in the order of their addition, and the number of all entries.

        :param prefix: prefix of the entity ids
        :param descending: newest first
        :param after: only entries that follow this one in that order
        :param offset: number of entries to skip
        :param limit: largest number of entries to return
        :raises ApiError: there is no such database
        """
        matching = "FROM images WHERE database = ? AND substr(entity_id, 1, length(?)) = ?"
        arguments = (name, prefix, prefix)
        beyond, order = ("<", "DESC") if descending else (">", "ASC")
        with self._lock:
            self.check_exists(name)
            (count,) = self._connection.execute(f"SELECT COUNT(*) {matching}", arguments).fetchone()
            rows = self._connection.execute(
                f"SELECT data_id, entity_id, extra_data, created_at {matching} "
                f"AND (? IS NULL OR data_id {beyond} ?) ORDER BY data_id {order} LIMIT ? OFFSET ?",
                (*arguments, after, after, limit, offset),
            ).fetchall()
        return [Entry(*row) for row in rows], count

    def search(self, name: str, vector: bytes, limit: int) -> list[Match]:
        """Return the images that are most similar to a vector, best first.

        :param limit: largest number of images to return
        :raises ApiError: there is no such database
        """
        with self._lock:
            self.check_exists(name)
            rows = self._connection.execute("SELECT data_id, vector FROM images WHERE database = ?", (name,))
            best = heapq.nsmallest(limit, ((-cosine, data_id) for data_id, cosine in cosines(rows, vector)))
            return [Match(*self._entry(data_id), cosine=-negative) for negative, data_id in best]

    def _entry(self, data_id: int) -> tuple[int, str, str, str]:
        entry: tuple[int, str, str, str] = self._connection.execute(
            "SELECT data_id, entity_id, image_url, extra_data FROM images WHERE data_id = ?", (data_id,)
        ).fetchone()
        return entry

    def _check_capacity(self, name: str) -> None:
        self.check_exists(name)
        (count,) = self._connection.execute(
            "SELECT COUNT(*) FROM images WHERE database = ?", (name,)
        ).fetchone()
        if count >= self._capacity:
            raise ApiError(
                "InvalidParameter.BadRequest",
                f"The image database {name} is full: it holds {count} images.",
            )


def cosines(rows: sqlite3.Cursor, vector: bytes) -> Iterator[tuple[int, float]]:
    """Yield the id and the similarity, -1 to 1, of every row to a vector.

    :param rows: ids and vectors
    """
    import numpy

    wanted = numpy.frombuffer(vector, numpy.float16).astype(numpy.float32)
    while block := rows.fetchmany(_BATCH_SIZE):
        ids, vectors = zip(*block, strict=True)
        matrix = numpy.frombuffer(b"".join(vectors), numpy.float16).reshape(len(block), -1)
        yield from zip(ids, (matrix.astype(numpy.float32) @ wanted).tolist(), strict=True)
