"""Fetching the files that a call names, in a worker process."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba.parameters import ListOf, Parameter, Url
from airflow_provider_viapi.emulator.media.faults import MediaFault

MEDIA_LIMIT = 1 << 30
"""Bytes of the largest file that a job may name."""

PICTURE_LIMIT = 16 << 20
"""Bytes of the largest picture that is fetched at all; those that image search takes are smaller."""

_SILENCE = 30.0
_PATIENCE = 600.0
_CHUNK = 1 << 18


def fetch(url: str, target: Path, *, name: str, code: str, limit: int) -> None:
    """Stream a file from the web to the disk.

    :param url: an HTTP(S) address that this machine can reach
    :param target: where to write it
    :param name: the parameter that names it, for the message of a fault
    :param code: the fault's code, such as ``InvalidFile.Download``
    :param limit: most bytes to take
    :raises MediaFault: it cannot be fetched, is larger than the limit, or takes longer than 10 minutes
    """
    import requests

    deadline = time.monotonic() + _PATIENCE
    try:
        with (
            requests.get(url, stream=True, timeout=_SILENCE) as answer,
            target.open("wb") as file,
        ):
            if answer.status_code != 200:
                raise MediaFault(code, f"{name} was answered with HTTP {answer.status_code}")
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                if file.tell() > limit:
                    raise MediaFault(code, f"{name} is larger than {limit} bytes")
                if time.monotonic() > deadline:
                    raise MediaFault(code, f"{name} did not arrive within {_PATIENCE:.0f} seconds")
    except requests.RequestException as error:
        # The exception's own text holds the address, and with it perhaps a signature.
        raise MediaFault(code, f"{name} cannot be downloaded ({type(error).__name__})") from None


def localized(
    request: Mapping[str, Any],
    parameters: Iterable[Parameter],
    fetch_one: Callable[[str, str], Path],
    prefix: str = "",
) -> dict[str, Any]:
    """The request with a local file in place of every address, also inside lists.

    :param parameters: what the action takes; those of kind ``Url`` are addresses
    :param fetch_one: fetches the file; is given the parameter's name on the wire and the address
    :param prefix: where on the wire the request stands, such as ``FileList.1.``
    """
    local = dict(request)
    for parameter in parameters:
        name = parameter.name
        if isinstance(parameter, Url) and name in local:
            local[name] = fetch_one(f"{prefix}{name}", local[name])
        elif isinstance(parameter, ListOf) and name in local:
            local[name] = [
                localized(item, parameter.fields, fetch_one, f"{prefix}{name}.{number}.")
                for number, item in enumerate(local[name], start=1)
            ]
    return local


def suffix(url: str) -> str:
    """The ending of the file that an address names, such as ``.mp4``, if it has a plain one."""
    ending = Path(urlsplit(url).path).suffix
    return ending if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", ending) else ""
