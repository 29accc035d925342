"""One file of a result on its way from its link to its place, over as many connections as that takes.

Imported only where a file lands.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import requests
from airflow.providers.common.compat.sdk import ObjectStoragePath
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential, wait_random

from airflow_provider_viapi.alibaba.errors import classify
from airflow_provider_viapi.errors import InvalidRequest, ResultExpired, ServiceError, TransientError
from airflow_provider_viapi.media.atomic_file import Draft
from airflow_provider_viapi.media.download import Changed, Download, LinkExpired, download, link_ended_at

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log

MAX_STALLED_ATTEMPTS = 5
"""Attempts in a row that come no farther than those before, after which a download is given up."""

FIRST_PAUSE = 0.5
"""Seconds before a broken download is taken up again; each further pause is twice as long, up to 10."""

# What OSS says of a link that has ended, and of a file that was deleted with it; other codes mean something else.
_OF_EXPIRY = frozenset({None, "AccessDenied", "NoSuchKey"})


class Arrival:
    """A file that is to land.

    :param session: fetches it
    :param key: where in the result it stands, for messages
    :param final: the address at which it lands
    :param is_own: no other result's file can have that name
    :param log: told what becomes of it
    """

    def __init__(self, session: requests.Session, key: str, final: str, is_own: bool, log: Log) -> None:
        self._session = session
        self._key = key
        self._final = final
        self._is_own = is_own
        self._log = log
        self._path = _open_path(final)
        self._draft = Draft(self._path)
        self._length: int | None = None
        self._version: str | None = None
        self._farthest = 0
        self._fruitless = 0

    def land(self, address: str, ask_again: Callable[[], dict[str, str]]) -> dict[str, str]:
        """Bring the file to its place, and return all links anew if they had to be asked for again.

        :param address: the link to the file
        :param ask_again: gives the links of the result anew by their keys, or none
        :raises ResultExpired: neither link works
        """
        began = time.monotonic()
        renewed: dict[str, str] = {}
        with self._draft as draft:
            try:
                is_there = self._fetch(address)
            except LinkExpired as dead:
                if self._is_own and _standing(self._path) is not None:
                    self._log.info("The link to %s does not work any more", self._key)
                    is_there = True
                else:
                    renewed = self._ask(ask_again, address, dead)
                    is_there = self._fetch_renewed(renewed[self._key])
            if is_there:
                self._log.info("%s is at %s already", self._key, self._final)
            else:
                length = draft.length
                draft.keep()
                told = "Landed %s at %s: %s bytes in %.1f s"
                self._log.info(told, self._key, self._final, length, time.monotonic() - began)
        return renewed

    def _ask(
        self, ask_again: Callable[[], dict[str, str]], address: str, dead: LinkExpired
    ) -> dict[str, str]:
        self._log.info(
            "The link to %s does not work any more (%s): asking for the result again", self._key, dead
        )
        renewed = ask_again()
        if self._key not in renewed:
            raise self._error_of(address, dead) from None
        return renewed

    def _fetch_renewed(self, address: str) -> bool:
        try:
            return self._fetch(address)
        except LinkExpired as dead:
            raise self._error_of(address, dead) from None

    def _error_of(self, address: str, dead: LinkExpired) -> ServiceError:
        if dead.code not in _OF_EXPIRY:
            kind = classify(str(dead.code), dead.status)
            return kind(f"the link to {self._key} was refused", code=dead.code, http_status=dead.status)
        ended = link_ended_at(address)
        age = None if ended is None else (datetime.now(timezone.utc) - ended).total_seconds()
        when = "has ended" if age is None or age < 0 else f"has ended {_words(age)} ago"
        return ResultExpired(
            f"the link to {self._key} {when}, and the file cannot be had any more",
            age=age,
            code=dead.code or "ResultExpired",
            http_status=dead.status,
        )

    def _fetch(self, address: str) -> bool:
        """Fill the draft with the whole file; true instead if the file is at its place already.

        :raises LinkExpired: the link does not work (any more)
        """
        trying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=wait_exponential(multiplier=FIRST_PAUSE, max=10) + wait_random(0, FIRST_PAUSE),
            stop=lambda state: self._fruitless >= MAX_STALLED_ATTEMPTS,
            before_sleep=self._tell,
            reraise=True,
        )
        return trying(self._attempt, address)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        self._log.warning("%s broke off after %s bytes: %s", self._key, self._draft.length, error)

    def _attempt(self, address: str) -> bool:
        there = self._draft.length if self._version else 0
        self._fruitless += 1
        try:
            with download(self._session, address, offset=there, version=self._version) as source:
                if source.offset == 0:
                    if self._is_there(source):
                        return True
                    self._begin(source)
                elif (source.offset, source.length) != (there, self._length):
                    raise Changed("the file has changed while it was fetched")
                for chunk in source.chunks():
                    self._draft.write(chunk)
                    if self._draft.length > self._farthest:
                        self._farthest, self._fruitless = self._draft.length, 0
        except Changed:
            self._draft.begin_again()
            self._version = None
            raise
        self._check_length()
        return False

    def _begin(self, source: Download) -> None:
        self._draft.begin_again()
        self._length, self._version = source.length, source.version

    def _is_there(self, source: Download) -> bool:
        standing = _standing(self._path)
        if standing is None or source.length is None or standing.length != source.length:
            return False
        if self._is_own:
            return True
        made, written = source.modified, standing.written
        return made is not None and written is not None and written >= made

    def _check_length(self) -> None:
        length = self._draft.length
        if self._length is not None and length < self._length:
            raise TransientError(f"{self._key} ended after {length} of {self._length} bytes")
        if length == 0:
            raise ServiceError(f"{self._key} is empty: it has 0 bytes", code="EmptyResult")


@dataclass(frozen=True)
class _Standing:
    length: int
    written: datetime | None


def _standing(path: ObjectStoragePath) -> _Standing | None:
    """The file that is at a place, if there is one that is not empty and that we may look at."""
    fs, name = path.fs, path.path
    fs.invalidate_cache()
    try:
        told = fs.info(name)
        if told.get("type") != "file" or not told.get("size"):
            return None
        return _Standing(int(told["size"]), _written(fs.modified(name)))
    except (FileNotFoundError, PermissionError):
        return None
    except NotImplementedError:
        return _Standing(int(told["size"]), None)


def _written(moment: datetime) -> datetime:
    # fsspec's file systems give UTC, some without saying so.
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _open_path(final: str) -> ObjectStoragePath:
    try:
        path = ObjectStoragePath(final)
        path.fs  # noqa: B018
    except (ValueError, ImportError) as error:
        raise InvalidRequest(
            f"the place to land at is {final!r}, which this Airflow cannot open: {error}",
            code="InvalidParameter",
        ) from None
    return path


def _words(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
