"""Streaming of request bodies to the disk."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from hashlib import md5
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.requests import Request

from airflow_provider_viapi.emulator.errors import ApiError

_CHUNK = 1 << 20


async def receive(request: Request, target: Path) -> str:
    """Write the body of a request to a file; the file is deleted if the body is incomplete.

    :return: the MD5 of the body in upper-case hexadecimal digits, which is its ETag
    :raises ApiError: the body does not match the header Content-MD5
    """
    digest = await _write(request.stream(), target)
    expected = request.headers.get("content-md5")
    if expected and expected != base64.b64encode(bytes.fromhex(digest)).decode():
        target.unlink(missing_ok=True)
        raise ApiError("InvalidDigest", "The Content-MD5 you specified does not match the body.")
    return digest


async def receive_file(upload: UploadFile, target: Path) -> str:
    """Write the file of a form to a file, and return its ETag."""
    return await _write(_chunks(upload), target)


async def _chunks(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(_CHUNK):
        yield chunk


async def _write(chunks: AsyncIterator[bytes], target: Path) -> str:
    digest, buffer = md5(), bytearray()
    file = await asyncio.to_thread(target.open, "wb")
    try:
        async for chunk in chunks:
            buffer += chunk
            if len(buffer) >= _CHUNK:
                digest.update(buffer)
                await asyncio.to_thread(file.write, bytes(buffer))
                buffer.clear()
        digest.update(buffer)
        file.write(buffer)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        file.close()
    return digest.hexdigest().upper()
