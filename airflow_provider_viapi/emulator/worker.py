"""What runs in a worker process: the files are fetched and the media work is done.

Everything goes in and comes out as plain values: whatever goes wrong here comes back as a ``Fault``.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from airflow_provider_viapi.alibaba.parameters import Parameter
from airflow_provider_viapi.emulator.download import MEDIA_LIMIT, PICTURE_LIMIT, fetch, localized, suffix
from airflow_provider_viapi.emulator.media.faults import MediaFault

Transform = Callable[[Mapping[str, Any], Path], Mapping[str, Path]]
"""Media work: given a request with local files and an empty folder, makes files, by the result's fields."""

Result = TypeVar("Result")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fault:
    """Why work was not done.

    :param code: the service's code for it
    :param message: the same in words for a person
    """

    code: str
    message: str


def live_with_parent() -> None:
    """Let this process live as long as the one that started it: not longer, and not shorter for a Ctrl-C."""
    # In a terminal Ctrl-C reaches every process; ending this one is left to the one that started it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("a worker is a child process")

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="live-with-parent", daemon=True).start()


def make_media(
    transform: Transform, parameters: tuple[Parameter, ...], request: Mapping[str, Any], folder: Path
) -> dict[str, Path] | Fault:
    """Do a job's work.

    :param transform: the work; a function that another process can import
    :param parameters: what the action takes
    :param request: the action's checked parameters, with the addresses of files
    :param folder: made here; sources lie in it meanwhile, and results for good
    :returns: files that exist, by the names of the result's fields
    """
    return _told(partial(_make_media, transform, parameters, request, folder))


def take_picture(url: str, max_bytes: int, folder: Path) -> bytes | Fault:
    """Fetch and check a picture, and return what tells it from others: a float16 vector of length 1.

    :param max_bytes: the largest picture that is accepted
    :param folder: where the picture may lie meanwhile
    """
    return _told(partial(_take_picture, url, max_bytes, folder))


def _told(work: Callable[[], Result]) -> Result | Fault:
    try:
        return work()
    except MediaFault as fault:
        return Fault(fault.code, fault.message)
    except Exception as error:
        log.exception("The emulator's media work failed")
        return Fault("InternalError.Algo", f"The emulator's media work failed ({type(error).__name__}).")


def _make_media(
    transform: Transform, parameters: tuple[Parameter, ...], request: Mapping[str, Any], folder: Path
) -> dict[str, Path]:
    sources, results = folder / "sources", folder / "results"
    sources.mkdir(parents=True)
    results.mkdir()
    numbers = count(1)

    def fetch_one(name: str, url: str) -> Path:
        target = sources / f"{next(numbers)}{suffix(url)}"
        fetch(url, target, name=name, code="InvalidFile.Download", limit=MEDIA_LIMIT)
        return target

    files = dict(transform(localized(request, parameters, fetch_one), results))
    missing = [name for name, path in files.items() if not path.is_file() or not path.stat().st_size]
    if missing or not files:
        raise RuntimeError(f"the work ended without its files: {missing}")
    shutil.rmtree(sources)
    return files


def _take_picture(url: str, max_bytes: int, folder: Path) -> bytes:
    from airflow_provider_viapi.emulator.media.image_features import check_picture, fingerprint

    with tempfile.NamedTemporaryFile(dir=folder) as file:
        picture = Path(file.name)
        fetch(url, picture, name="ImageUrl", code="InvalidImage.Download", limit=PICTURE_LIMIT)
        check_picture(picture, max_bytes)
        return fingerprint(picture).astype("float16").tobytes()
