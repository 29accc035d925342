"""Which texts in a task's arguments may let somebody in, so that Airflow is told to mask them; knows no Airflow.

Names tell, of fields, of headers and in the queries of addresses; of an address also its user's password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

SHORTEST = 5
"""Airflow 3 masks nothing shorter; Airflow 2 would, and so mask every 1 in a log."""

_PRIVATE = re.compile(
    r"""(?ix) stream_keys | output_urls | type_config
    | (.*[-_])? ( cookies? | authorization | credentials? )
    | .* ( token | secret | password | passwd | passphrase | (api|access|auth|private|secret) [-_]? key ) s?
    | .* ( signature | access_?key_?id )"""
)
"""Names whose texts, and those of all that is inside, are private."""

_HARMLESS_HEADER = re.compile(r"(?i)accept.*|cache-control|connection|content-.*|date|host|user-agent")

_KEY = re.compile(r"(?i)(.*[-_])?keys?")
"""Names that proofs have, and harmless words as well."""

_OFTEN_PRIVATE = re.compile(r"(?i)(.*[-_])?auth|code|sig|sign")
"""The same, in queries."""

_PLAIN = re.compile(r"[A-Za-z]+|\d+")
"""A word or a number, which would be masked wherever else it stands."""

_PROOF = re.compile(r"(?i)\b(?:apikey|basic|bearer|token)\s+(\S+)$")
"""What stands in a header after the word that says how one proves who one is."""

_ADDRESS = re.compile(r'://[^\s<>"]+')
_USER = re.compile(r"://([^/?#:]*):([^/]+)@")
_USER_ALONE = re.compile(r"://([^/?#:@]+):?@")
_QUERY = re.compile(r"[?&;#]([^=?&;#]+)=([^&#]+)")

_Judge = Callable[[str], bool]


def find_secrets(value: Any) -> Iterator[str]:
    """The private texts in a value and in all that is inside it, as they stand there and without percent signs."""
    for found in _found(value, _nothing):
        for text in dict.fromkeys((found, unquote(found))):
            if len(text) >= SHORTEST:
                yield text


def _found(value: Any, judge: _Judge) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _found(item, _judge_inside(str(name), judge))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _found(item, judge)
    elif isinstance(value, str):
        if judge(value):
            yield value
            yield from _PROOF.findall(value)
        for address in _ADDRESS.findall(value):
            yield from _found_in_address(address)


def _judge_inside(name: str, around: _Judge) -> _Judge:
    if around is _everything or _PRIVATE.fullmatch(name):
        return _everything
    if _KEY.fullmatch(name):
        return _unless_plain
    if around is _unless_plain:
        return _nothing if _HARMLESS_HEADER.fullmatch(name) else _unless_plain
    return _unless_plain if re.fullmatch(r"(?i)(.*[-_])?headers", name) else _nothing


def _found_in_address(address: str) -> Iterator[str]:
    for user, password in _USER.findall(address):
        yield f"{user}:{password}"
        yield password
    for token in _USER_ALONE.findall(address):
        if _unless_plain(token):
            yield token
    for name, value in _QUERY.findall(address):
        may_be = _OFTEN_PRIVATE.fullmatch(name) or _KEY.fullmatch(name)
        if _PRIVATE.fullmatch(name) or (may_be and _unless_plain(value)):
            yield value


def _nothing(_: str) -> bool:
    return False


def _everything(_: str) -> bool:
    return True


def _unless_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is None
