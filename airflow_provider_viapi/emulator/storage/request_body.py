"""The body of a request, streamed to the disk."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from hashlib import md5
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.requests import Request

from airflow_provider_viapi.emulator.errors import ApiError

_AT_ONCE = 1 << 20


async def receive(request: Request, target: Path) -> str:
    """Write the body of a request to a file; nothing is left of it when it does not come whole.

    :return: the MD5 of it in capital hex digits, which is its ETag
    :raises ApiError: it is not what the header Content-MD5 says
    """
    digest = await _write(request.stream(), target)
    told = request.headers.get("content-md5")
    if told and told != base64.b64encode(bytes.fromhex(digest)).decode():
        target.unlink(missing_ok=True)
        raise ApiError("InvalidDigest", "The Content-MD5 you specified does not match what arrived.")
    return digest


async def receive_file(upload: UploadFile, target: Path) -> str:
    """Write the file of a form to a file, and return its ETag."""
    return await _write(_pieces(upload), target)


async def _pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    while piece := await upload.read(_AT_ONCE):
        yield piece


async def _write(pieces: AsyncIterator[bytes], target: Path) -> str:
    digest, waiting = md5(), bytearray()
    file = await asyncio.to_thread(target.open, "wb")
    try:
        async for piece in pieces:
            waiting += piece
            if len(waiting) >= _AT_ONCE:
                digest.update(waiting)
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        digest.update(waiting)
        file.write(waiting)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        file.close()
    return digest.hexdigest().upper()
