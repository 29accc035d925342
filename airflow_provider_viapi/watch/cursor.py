"""Find in a list that is read again and again, in pages, what was not delivered yet: each entry once.

Pure functions over plain values: what a page shows goes in, what to deliver comes out, and the state in between is a
JSON object of bounded size. A page is any part of the list, in any order, and may be incomplete; an entry that one
reading misses is found by the next.

What was handed out counts as delivered only when :meth:`Cursor.confirm` says that it was stored. An entry that was
handed out when the process ended was perhaps stored: it is delivered again, marked as ``redelivered``.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

StartFrom = Literal["now", "listed"]
"""Entries that a watcher without a state delivers of those listed already: none, or all."""

MAX_UNCONFIRMED = 200
"""Entries that are handed out before the first of them is confirmed. Airflow stores the events of a trigger one after
the other and sends no heartbeat meanwhile."""

MAX_REMEMBERED = 4000
"""Entries that are remembered: 64 kB in the form of :meth:`Cursor.state`, which Airflow warns above."""

_VERSION = 1
_ENTRY = struct.Struct(">QI")
_UNKNOWN = 2**32 - 1
"""Moment of an entry that has none."""


@dataclass(frozen=True)
class ListEntry:
    """One entry of a list.

    :param key: identifies it; equal keys are one entry
    :param moment: when it came to be, in seconds since any fixed time; ``None`` if the list does not say
    :param fields: what is known of it, in JSON's types
    """

    key: str
    moment: int | None
    fields: Mapping[str, Any] = field(default_factory=dict, compare=False)
    digest: int = field(init=False, repr=False)
    """The key in 64 bits, computed where the list is read: that may be a thread."""

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.key.encode("utf-8", "surrogatepass")).digest()
        object.__setattr__(self, "digest", int.from_bytes(digest[:8], "big"))


@dataclass(frozen=True, eq=False)
class Page:
    """A part of a list, as it was read.

    :param entries: what it shows
    :param is_first: it begins a reading of the whole list
    :param is_last: it ends a reading of the whole list
    :param source: identifies the list, such as a digest of the account
    :param problem: why nothing could be read, in words; the page then has no source. With a source: what of the list
        is left out
    :param confirms: whoever distributes the page calls ``when_stored``
    :param when_stored: called with true once the events that were made from the page are stored, with false if
        that is not known
    """

    entries: Sequence[ListEntry] = ()
    is_first: bool = True
    is_last: bool = True
    source: str = ""
    problem: str | None = None
    confirms: bool = False
    when_stored: list[Callable[[bool], Awaitable[None]]] = field(default_factory=list)


@dataclass(frozen=True)
class NewEntry:
    """An entry that is handed out.

    :param redelivered: it was handed out before, and whether that was stored is not known
    """

    entry: ListEntry
    redelivered: bool


class Cursor:
    """Entries of a list that were delivered.

    :param state: of an earlier cursor; default: none
    :param start_from: without a state, or with another source: ``now`` delivers only what is not listed at first,
        ``listed`` everything
    :param wants: chooses entries; others count as delivered, so that a changed choice delivers nothing old
    :param kept: entries are forgotten when they are so many seconds older than the newest; default: never
    :param recognizes: another source is the same list if it shows an entry that is known, as the account of another
        key does; default: another source is another list
    :raises ValueError: the state is not one
    """

    def __init__(
        self,
        state: Mapping[str, Any] | None = None,
        *,
        start_from: StartFrom = "now",
        wants: Callable[[ListEntry], bool] = lambda _: True,
        kept: int | None = None,
        recognizes: bool = False,
    ) -> None:
        self._start_from = start_from
        self._wants = wants
        self._kept = kept
        self._recognizes = recognizes
        self._source: str | None = None
        self._seen: dict[int, int] = {}
        self._unconfirmed: dict[int, int] = {}
        self._uncertain: set[int] = set()
        self._floor: int | None = None
        self._listed: dict[int, int] | None = None
        self._shown: set[int] = set()
        self._is_complete = False
        self.is_changed = False
        """The state differs from what :meth:`state` returned last."""
        if state:
            self._load(state)

    def take(self, page: Page) -> list[NewEntry]:
        """Return what to deliver now, oldest first."""
        if page.problem is not None and not page.source:
            return []
        if page.is_first:
            self._shown = set()
        self._shown |= {entry.digest for entry in page.entries}
        if page.source != self._source and not self._begin(page):
            return []
        if page.is_first:
            self._is_complete = True
        found = {entry.digest: entry for entry in page.entries}
        new = {digest: entry for digest, entry in found.items() if not self._is_known(digest, entry)}
        for digest in [digest for digest, entry in new.items() if not self._wants(entry)]:
            self._remember(self._seen, digest, new.pop(digest).moment)
        in_order = sorted(new, key=lambda digest: _age(new[digest]))
        room = max(0, MAX_UNCONFIRMED - len(self._unconfirmed))
        taken = [(digest, new[digest]) for digest in in_order[:room]]
        for digest, entry in taken:
            self._remember(self._unconfirmed, digest, entry.moment)
        self._is_complete &= len(taken) == len(new)
        if page.is_last and self._is_complete:
            self._forget_old()
        return [NewEntry(entry, digest in self._uncertain) for digest, entry in taken]

    def confirm(self, deliveries: Collection[NewEntry]) -> None:
        """Record that the events about these deliveries were stored."""
        for each in deliveries:
            digest = each.entry.digest
            if digest in self._unconfirmed:
                self._seen[digest] = self._unconfirmed.pop(digest)
                self._uncertain.discard(digest)
                self.is_changed = True

    def state(self) -> dict[str, Any]:
        """Return what a cursor needs to continue, in JSON's types; empty before the list was read once."""
        self.is_changed = False
        if self._source is None:
            return {}
        unsure = dict.fromkeys(self._uncertain, 0) | self._unconfirmed
        return {
            "version": _VERSION,
            "source": self._source,
            "floor": self._floor,
            "delivered": _pack(self._seen),
            "unconfirmed": _pack(unsure),
        }

    def _load(self, state: Mapping[str, Any]) -> None:
        try:
            if state["version"] != _VERSION:
                raise ValueError(f"version {state['version']!r}")
            self._source = str(state["source"])
            self._floor = None if state["floor"] is None else int(state["floor"])
            self._seen = dict(_unpack(state["delivered"]))
            self._uncertain = {digest for digest, _ in _unpack(state["unconfirmed"])}
        except (KeyError, TypeError, ValueError, struct.error) as error:
            raise ValueError(
                f"this is not the state of a cursor of version {_VERSION} ({error}); delete it, and the watcher"
                " begins as a new one"
            ) from None

    def _begin(self, page: Page) -> bool:
        """Read a list that is not known yet once; return true when entries of it can be delivered."""
        if self._source is None and self._start_from == "listed":
            self._source = page.source
            return True
        if page.is_first:
            self._listed = {}
        if self._listed is None:
            # A reading that began before this watcher did.
            return False
        for entry in page.entries:
            self._remember(self._listed, entry.digest, entry.moment)
        if page.is_last:
            known = (*self._seen, *self._uncertain) if self._recognizes else ()
            if not any(digest in self._listed for digest in known):
                self._seen = self._listed if self._start_from == "now" else {}
                self._unconfirmed, self._uncertain, self._floor = {}, set(), None
            self._source, self._listed, self.is_changed = page.source, None, True
            self._forget_old()
        return False

    def _is_known(self, digest: int, entry: ListEntry) -> bool:
        if digest in self._seen or digest in self._unconfirmed:
            return True
        is_old = self._floor is not None and entry.moment is not None and entry.moment <= self._floor
        return is_old and digest not in self._uncertain

    def _remember(self, where: dict[int, int], digest: int, moment: int | None) -> None:
        where[digest] = _UNKNOWN if moment is None else min(max(moment, 0), _UNKNOWN - 1)
        self.is_changed = True

    def _forget_old(self) -> None:
        """Forget entries that cannot be new any more, after a reading that left nothing to deliver."""
        # What was handed out before this process began and is listed no more cannot be delivered.
        self._uncertain &= self._unconfirmed.keys()
        by_age = sorted(self._seen.items(), key=self._order_of_forgetting)
        old = by_age[: max(0, len(by_age) - MAX_REMEMBERED)]
        if self._kept is not None:
            newest = max((moment for _, moment in by_age if moment != _UNKNOWN), default=0)
            old += [each for each in by_age[len(old) :] if each[1] < newest - self._kept]
        for digest, moment in old:
            del self._seen[digest]
            if moment != _UNKNOWN:
                self._floor = max(self._floor or 0, moment)

    def _order_of_forgetting(self, each: tuple[int, int]) -> tuple[int, int]:
        digest, moment = each
        if moment != _UNKNOWN:
            return 1, moment
        # Nothing but the memory of it keeps an entry without a moment from being new, as long as it is listed.
        return (2 if digest in self._shown else 0), moment


def _age(entry: ListEntry) -> int:
    return _UNKNOWN if entry.moment is None else entry.moment


def _pack(entries: Mapping[int, int]) -> str:
    return base64.b64encode(b"".join(_ENTRY.pack(*each) for each in sorted(entries.items()))).decode()


def _unpack(text: str) -> Iterator[tuple[int, int]]:
    yield from _ENTRY.iter_unpack(base64.b64decode(text, validate=True))
