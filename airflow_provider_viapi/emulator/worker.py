"""What runs in a worker process: the files are fetched and the media work is done.

Everything goes in and comes out as plain values: whatever goes wrong here comes back as a ``WorkFailure``.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from airflow_provider_viapi.alibaba.parameters import Parameter
from airflow_provider_viapi.emulator.download import MEDIA_LIMIT, PICTURE_LIMIT, fetch, localized, suffix
from airflow_provider_viapi.emulator.media.faults import MediaFault

Transform = Callable[[Mapping[str, Any], Path], Mapping[str, Any]]
"""Media work: given a request with local files and an empty folder, makes the result, in which files are paths."""

Result = TypeVar("Result")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkFailure:
    """Why work was not done.

    :param code: the service's code for it
    :param message: the same in words for a person
    """

    code: str
    message: str


@dataclass(frozen=True)
class Made:
    """Work that was done.

    :param result: what was made: plain values, and the paths of files, which exist
    :param sources: the files it was made of, by the wire name of the parameter that named each
    """

    result: Mapping[str, Any]
    sources: Mapping[str, Path]


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
) -> Made | WorkFailure:
    """Do a job's work.

    :param transform: the work; a function that another process can import
    :param parameters: what the action takes
    :param request: the action's checked parameters, with the addresses of files
    :param folder: made here; sources and results lie in it afterwards
    """
    return _told(partial(_make_media, transform, parameters, request, folder))


def take_picture(url: str, max_bytes: int, folder: Path) -> bytes | WorkFailure:
    """Fetch and check a picture, and return what tells it from others: a float16 vector of length 1.

    :param max_bytes: the largest picture that is accepted
    :param folder: where the picture may lie meanwhile
    """
    return _told(partial(_take_picture, url, max_bytes, folder))


def _told(work: Callable[[], Result]) -> Result | WorkFailure:
    try:
        return work()
    except MediaFault as fault:
        return WorkFailure(fault.code, fault.message)
    except Exception as error:
        log.exception("The emulator's media work failed")
        return WorkFailure(
            "InternalError.Algo", f"The emulator's media work failed ({type(error).__name__})."
        )


def _make_media(
    transform: Transform, parameters: tuple[Parameter, ...], request: Mapping[str, Any], folder: Path
) -> Made:
    sources, results = folder / "sources", folder / "results"
    sources.mkdir(parents=True)
    results.mkdir()
    fetched: dict[str, Path] = {}

    def fetch_one(name: str, url: str) -> Path:
        target = sources / f"{len(fetched) + 1}{suffix(url)}"
        fetch(url, target, name=name, code="InvalidFile.Download", limit=MEDIA_LIMIT)
        fetched[name] = target
        return target

    result = dict(transform(localized(request, parameters, fetch_one), results))
    missing = [path.name for path in _files(result) if not path.is_file() or not path.stat().st_size]
    if missing or not result:
        raise RuntimeError(f"the work ended without its files: {missing}")
    return Made(result, fetched)


def _files(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(_files, value.values()))
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_files, value))


def _take_picture(url: str, max_bytes: int, folder: Path) -> bytes:
    from airflow_provider_viapi.emulator.media.image_features import check_picture, fingerprint

    with tempfile.NamedTemporaryFile(dir=folder) as file:
        picture = Path(file.name)
        fetch(url, picture, name="ImageUrl", code="InvalidImage.Download", limit=PICTURE_LIMIT)
        check_picture(picture, max_bytes)
        return fingerprint(picture).astype("float16").tobytes()
