"""Download the files that a call names, in a worker process."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba.parameters import Parameter, Structured, Url
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media_checks import applicable

MAX_MEDIA_BYTES = 1 << 30
"""Size of the largest file, unless the service model has a limit for the parameter that names it."""

MAX_IMAGE_BYTES = 16 << 20
"""Size of the largest image that is downloaded; the limits of image search are lower."""

_READ_TIMEOUT = 30.0
_TOTAL_TIMEOUT = 600.0
_CHUNK = 1 << 18


def fetch(url: str, target: Path, *, name: str, code: str, limit: int) -> None:
    """Download a file to the disk.

    :param url: an HTTP(S) address that this machine can reach
    :param target: file to write
    :param name: parameter that named the file, for the error message
    :param code: error code, such as ``InvalidFile.Download``
    :param limit: size of the largest file in bytes
    :raises MediaError: the download failed, the file is larger than the limit, or it took longer than 10 minutes
    """
    import requests

    deadline = time.monotonic() + _TOTAL_TIMEOUT
    try:
        with (
            requests.get(url, stream=True, timeout=_READ_TIMEOUT) as response,
            target.open("wb") as file,
        ):
            if response.status_code != 200:
                raise MediaError(code, f"the server of {name} responded with HTTP {response.status_code}")
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                if file.tell() > limit:
                    raise MediaError(code, f"{name} is larger than {limit} bytes")
                if time.monotonic() > deadline:
                    raise MediaError(code, f"{name} was not downloaded within {_TOTAL_TIMEOUT:.0f} seconds")
    except requests.RequestException as error:
        # The text of the exception may contain the address with its signature.
        raise MediaError(code, f"{name} cannot be downloaded ({type(error).__name__})") from None


def localized(
    request: Mapping[str, Any],
    parameters: Iterable[Parameter],
    fetch_one: Callable[[str, str, int], Path],
    prefix: str = "",
) -> dict[str, Any]:
    """Return the request with each address replaced by a local file, lists included.

    :param parameters: parameters of the action; those of type ``Url`` hold addresses
    :param fetch_one: download a file; called with the parameter's name on the wire, the address and
        the size of the largest file in bytes
    :param prefix: wire prefix of the structure, such as ``FileList.1.``
    """
    local = dict(request)
    for parameter in parameters:
        name = parameter.name
        if isinstance(parameter, Url) and name in local:
            local[name] = fetch_one(f"{prefix}{name}", local[name], _max_bytes(parameter, request))
        elif isinstance(parameter, Structured) and name in local:
            local[name] = parameter.map_structures(
                local[name],
                lambda fields, item, inside: localized(item, fields, fetch_one, f"{prefix}{inside}"),
            )
    return local


def _max_bytes(parameter: Parameter, request: Mapping[str, Any]) -> int:
    limits = (each.max_bytes for each in applicable(parameter, request))
    return min((most for most in limits if most is not None), default=MAX_MEDIA_BYTES)


def suffix(url: str) -> str:
    """Return the suffix of the file that an address names, such as ``.mp4``, or an empty string."""
    ending = Path(urlsplit(url).path).suffix
    return ending if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", ending) else ""
