"""Results: the end of a job, and the files that its result leads to."""

from __future__ import annotations

import json
import re
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

_LOOKS_APART = 0.1
_PATIENCE = 60.0


def job_result(look: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """The result of a job, once it is there.

    :param look: asks for the job once, and gives ``Data`` of the answer
    """
    ended = job_end(look)
    assert ended["Status"] == "PROCESS_SUCCESS", ended
    return dict(json.loads(ended["Result"]))


def job_end(look: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """The last state of a job, looked for until it neither waits nor is worked on."""
    deadline = time.monotonic() + _PATIENCE
    while (seen := look())["Status"] in ("QUEUING", "PROCESSING"):
        assert time.monotonic() < deadline, f"no end in sight: {seen}"
        time.sleep(_LOOKS_APART)
    return seen


def download(address: str, trusted: bytes | None = None) -> bytes:
    """The file at an address.

    :param trusted: certificate that vouches for an ``https://`` address, in PEM
    """
    context = ssl.create_default_context(cadata=trusted.decode()) if trusted else None
    with urllib.request.urlopen(address, context=context) as answer:
        return bytes(answer.read())


def is_mp4(content: bytes) -> bool:
    """True if a file is an MP4 or a MOV with something in it."""
    return content[4:8] == b"ftyp" and b"mdat" in content and b"moov" in content


def is_jpeg(content: bytes) -> bool:
    """True if a file is a whole JPEG."""
    return content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9")


def is_request_id(text: str | None) -> bool:
    """True if that is an id as the services give them."""
    return re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", text or "") is not None
