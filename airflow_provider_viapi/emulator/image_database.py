"""What image search keeps: databases of pictures, each picture a vector, in sqlite."""

from __future__ import annotations

import heapq
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_viapi.alibaba.services.imgsearch import CAPACITY
from airflow_provider_viapi.emulator.data_folder import FolderUnusable
from airflow_provider_viapi.emulator.errors import ApiError

_ROWS_AT_ONCE = 4096

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
    """A picture that was found.

    :param data_id: the entry
    :param entity_id: what it shows
    :param image_url: the address it was added from
    :param extra_data: what was added with it
    :param cosine: of the angle between its vector and the one looked for, -1 to 1
    """

    data_id: int
    entity_id: str
    image_url: str
    extra_data: str
    cosine: float


@dataclass(frozen=True)
class Entry:
    """A picture as it is listed.

    :param data_id: the entry
    :param entity_id: what it shows
    :param extra_data: what was added with it
    :param created_at: when, in milliseconds since 1970
    """

    data_id: int
    entity_id: str
    extra_data: str
    created_at: int


class ImageDatabases:
    """All image databases; can be used from several threads. Vectors are float16, of length 1, as bytes.

    :param path: the file they are kept in
    :param capacity: most pictures in one database
    :raises FolderUnusable: the file is something else
    """

    def __init__(self, path: Path, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        try:
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise FolderUnusable(f"{path} cannot be used: {error}") from None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def clear(self) -> None:
        """Delete all databases."""
        with self._lock, self._connection:
            self._connection.execute("DELETE FROM images")
            self._connection.execute("DELETE FROM databases")

    def create(self, name: str) -> None:
        """Make a database.

        :raises ApiError: there is one of that name
        """
        with self._lock, self._connection:
            made = self._connection.execute("INSERT OR IGNORE INTO databases VALUES (?)", (name,))
        if not made.rowcount:
            raise ApiError("InvalidParameter.BadRequest", f"There is an image database {name} already.")

    def names(self) -> list[str]:
        """The names of all databases, in their order."""
        with self._lock:
            return [name for (name,) in self._connection.execute("SELECT name FROM databases ORDER BY name")]

    def check_exists(self, name: str) -> None:
        """Let pass if there is such a database.

        :raises ApiError: there is none
        """
        with self._lock:
            found = self._connection.execute("SELECT 1 FROM databases WHERE name = ?", (name,)).fetchone()
        if not found:
            raise ApiError("InvalidParameter.BadRequest", f"There is no image database {name}.")

    def delete(self, name: str) -> None:
        """Delete a database with all that is in it.

        :raises ApiError: there is no such database
        """
        with self._lock, self._connection:
            self.check_exists(name)
            self._connection.execute("DELETE FROM images WHERE database = ?", (name,))
            self._connection.execute("DELETE FROM databases WHERE name = ?", (name,))

    def add(
        self, name: str, entity_id: str, image_url: str, extra_data: str, vector: bytes, created_at: int
    ) -> int:
        """Add a picture and return the id of its entry.

        :param created_at: now, in milliseconds since 1970
        :raises ApiError: there is no such database, or it is full
        """
        with self._lock, self._connection:
            self._check_room(name)
            entry = self._connection.execute(
                "INSERT INTO images (database, entity_id, image_url, extra_data, vector, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (name, entity_id, image_url, extra_data, vector, created_at),
            )
        return entry.lastrowid or 0

    def delete_entity(self, name: str, entity_id: str) -> int:
        """Delete all pictures of an entity, and return how many there were.

        :raises ApiError: there is no such database
        """
        with self._lock, self._connection:
            self.check_exists(name)
            gone = self._connection.execute(
                "DELETE FROM images WHERE database = ? AND entity_id = ?", (name, entity_id)
            )
        return gone.rowcount

    def page(
        self, name: str, prefix: str, *, descending: bool, after: int | None, offset: int, limit: int
    ) -> tuple[list[Entry], int]:
        """Some entries in the order in which they were added, and how many there are in all.

        :param prefix: how entity ids begin
        :param descending: the latest first
        :param after: only entries behind this one in that order
        :param offset: entries to leave out
        :param limit: most to return
        :raises ApiError: there is no such database
        """
        matching = "FROM images WHERE database = ? AND substr(entity_id, 1, length(?)) = ?"
        named = (name, prefix, prefix)
        beyond, order = ("<", "DESC") if descending else (">", "ASC")
        with self._lock:
            self.check_exists(name)
            (count,) = self._connection.execute(f"SELECT COUNT(*) {matching}", named).fetchone()
            rows = self._connection.execute(
                f"SELECT data_id, entity_id, extra_data, created_at {matching} "
                f"AND (? IS NULL OR data_id {beyond} ?) ORDER BY data_id {order} LIMIT ? OFFSET ?",
                (*named, after, after, limit, offset),
            ).fetchall()
        return [Entry(*row) for row in rows], count

    def search(self, name: str, vector: bytes, limit: int) -> list[Match]:
        """The pictures most like the one with that vector, the best first.

        :param limit: most to return
        :raises ApiError: there is no such database
        """
        with self._lock:
            self.check_exists(name)
            best = heapq.nsmallest(
                limit, ((-cosine, data_id) for data_id, cosine in self._cosines(name, vector))
            )
            return [Match(*self._entry(data_id), cosine=-negative) for negative, data_id in best]

    def _cosines(self, name: str, vector: bytes) -> Iterator[tuple[int, float]]:
        import numpy

        wanted = numpy.frombuffer(vector, numpy.float16).astype(numpy.float32)
        rows = self._connection.execute("SELECT data_id, vector FROM images WHERE database = ?", (name,))
        while block := rows.fetchmany(_ROWS_AT_ONCE):
            data_ids, vectors = zip(*block, strict=True)
            matrix = numpy.frombuffer(b"".join(vectors), numpy.float16).reshape(len(block), -1)
            yield from zip(data_ids, (matrix.astype(numpy.float32) @ wanted).tolist(), strict=True)

    def _entry(self, data_id: int) -> tuple[int, str, str, str]:
        entry: tuple[int, str, str, str] = self._connection.execute(
            "SELECT data_id, entity_id, image_url, extra_data FROM images WHERE data_id = ?", (data_id,)
        ).fetchone()
        return entry

    def _check_room(self, name: str) -> None:
        self.check_exists(name)
        (count,) = self._connection.execute(
            "SELECT COUNT(*) FROM images WHERE database = ?", (name,)
        ).fetchone()
        if count >= self._capacity:
            raise ApiError(
                "InvalidParameter.BadRequest",
                f"The image database {name} holds {count} pictures and is full.",
            )
