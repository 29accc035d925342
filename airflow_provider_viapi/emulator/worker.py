"""The work of a worker process: download the sources and do the media work.

Arguments and results are plain values, and every exception is returned as a ``WorkFailure``.
"""

from __future__ import annotations

import base64
import logging
import multiprocessing
import os
import shutil
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
from airflow_provider_viapi.emulator.download import (
    MAX_IMAGE_BYTES,
    fetch,
    localized,
    suffix,
)
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.media_limits import MediaLimits

Transform = Callable[[Mapping[str, Any], Path], Mapping[str, Any]]
"""Media work: reads the local files of a request, writes into an empty folder, returns the result with paths."""

Result = TypeVar("Result")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkFailure:
    """The reason why work failed.

    :param code: the service's error code
    :param message: text for the user
    """

    code: str
    message: str


@dataclass(frozen=True)
class WorkResult:
    """The result of work.

    :param result: plain values, and paths of existing files
    :param sources: the files that were read, by the wire name of the parameter that named each
    """

    result: Mapping[str, Any]
    sources: Mapping[str, Path]


def exit_with_parent() -> None:
    """End this process when its parent ends, and ignore Ctrl-C."""
    # In a terminal Ctrl-C reaches every process; the parent ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("a worker must be a child process")

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="exit-with-parent", daemon=True).start()


def run_transform(
    transform: Transform, parameters: tuple[Parameter, ...], request: Mapping[str, Any], folder: Path
) -> WorkResult | WorkFailure:
    """Process a job.

    :param transform: the media work; a function that can be pickled
    :param parameters: the parameters of the action
    :param request: the action's validated parameters, with the addresses of files
    :param folder: created here; holds sources and results afterwards
    """
    return _catch_failures(partial(_run_transform, transform, parameters, request, folder))


def extract_features(url: str, limits: MediaLimits, folder: Path) -> bytes | WorkFailure:
    """Download and check an image, and return its feature vector: float16, of length 1.

    :param limits: of the action
    :param folder: where the image is stored meanwhile
    """
    return _catch_failures(partial(_extract_features, url, limits, folder))


@dataclass(frozen=True)
class ImageFeatures:
    """Data that ImageSearch stores of an image.

    :param vector: float16, of length 1
    :param region: the part that was used, ``x1,x2,y1,y2`` in pixels
    """

    vector: bytes
    region: str


def describe_image(source: Path | str, region: str | None, folder: Path) -> ImageFeatures | WorkFailure:
    """Check an image by the limits of ImageSearch, and return its features.

    :param source: a file, or its content as Base64
    :param region: the part to use, ``x1,x2,y1,y2`` in pixels; default: all of it
    :param folder: where the image is stored meanwhile
    """
    return _catch_failures(partial(_describe_image, source, region, folder))


def _catch_failures(work: Callable[[], Result]) -> Result | WorkFailure:
    try:
        return work()
    except MediaError as fault:
        return WorkFailure(fault.code, fault.message)
    except Exception as error:
        log.exception("The emulator's media work failed")
        return WorkFailure(
            "InternalError.Algo", f"The emulator's media work failed ({type(error).__name__})."
        )


def _run_transform(
    transform: Transform, parameters: tuple[Parameter, ...], request: Mapping[str, Any], folder: Path
) -> WorkResult:
    sources, results = folder / "sources", folder / "results"
    sources.mkdir(parents=True)
    results.mkdir()
    fetched: dict[str, Path] = {}

    def fetch_one(name: str, url: str, limit: int) -> Path:
        target = sources / f"{len(fetched) + 1}{suffix(url)}"
        fetch(url, target, name=name, code="InvalidFile.Download", limit=limit)
        fetched[name] = target
        return target

    result = dict(transform(localized(request, parameters, fetch_one), results))
    missing = [path.name for path in _files(result) if not path.is_file() or not path.stat().st_size]
    if missing or not result:
        raise RuntimeError(f"the media work did not write all its files: {missing}")
    return WorkResult(result, fetched)


def _files(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(_files, value.values()))
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_files, value))


def _extract_features(url: str, limits: MediaLimits, folder: Path) -> bytes:
    from airflow_provider_viapi.emulator.media.image_features import check_limits, fingerprint

    with tempfile.NamedTemporaryFile(dir=folder) as file:
        image = Path(file.name)
        fetch(url, image, name="ImageUrl", code="InvalidImage.Download", limit=MAX_IMAGE_BYTES)
        check_limits(image, limits)
        return fingerprint(image).astype("float16").tobytes()


def _describe_image(source: Path | str, region: str | None, folder: Path) -> ImageFeatures:
    from airflow_provider_viapi.alibaba.services.imagesearch import LIMITS
    from airflow_provider_viapi.emulator.media.image_features import check_limits, cropped, fingerprint

    with tempfile.NamedTemporaryFile(dir=folder) as file, tempfile.NamedTemporaryFile(dir=folder) as part:
        image = Path(file.name)
        if isinstance(source, Path):
            shutil.copyfile(source, image)
        else:
            image.write_bytes(base64.b64decode(source))
        width, height = check_limits(image, LIMITS)
        used = image
        if region is not None:
            used = Path(part.name)
            cropped(image, region).save(used, "PNG")
        vector = fingerprint(used).astype("float16").tobytes()
    return ImageFeatures(vector, region or f"0,{width},0,{height}")
