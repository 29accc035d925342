"""A file in object storage from its beginning to its end: by one answer where the file system gives that.

Asking for one range after the other costs a round trip each, and more on servers that read the whole object for
every range. But a range can be asked for again when the way is lost, so that is what happens then.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, BinaryIO

from fsspec.asyn import AsyncFileSystem, sync


class SequentialFile:
    """Reads a file once, forwards.

    :param fs: the file system
    :param path: the file's name there
    :param by_range: the same file, opened without a cache
    """

    def __init__(self, fs: Any, path: str, by_range: BinaryIO) -> None:
        self._fs, self._by_range, self._at = fs, by_range, 0
        self._answer: Any = None
        if isinstance(fs, AsyncFileSystem):
            with suppress(NotImplementedError, ValueError):
                self._answer = sync(fs.loop, fs.open_async, path, "rb")

    def read(self, size: int = -1) -> bytes:
        """So many bytes; fewer only at the end."""
        content = self._of_the_answer(size) if self._answer is not None else None
        if content is None:
            self._by_range.seek(self._at)
            content = self._by_range.read(size)
        self._at += len(content)
        return content

    def close(self) -> None:
        """Close the connections."""
        self._drop_answer()
        self._by_range.close()

    def _of_the_answer(self, size: int) -> bytes | None:
        try:
            content: bytes = sync(self._fs.loop, _fill, self._answer, size)
        except (FileNotFoundError, PermissionError):
            raise
        except Exception:
            self._drop_answer()
            return None
        return content

    def _drop_answer(self) -> None:
        answer, self._answer = self._answer, None
        # s3fs closes no answer that was not read to its end.
        body = getattr(answer, "r", None)
        if body is not None:
            self._fs.loop.call_soon_threadsafe(body.close)


async def _fill(answer: Any, size: int) -> bytes:
    pieces, missing = [], size
    while missing > 0 and (piece := await answer.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
