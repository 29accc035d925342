"""Credentials in any text, redacted or masked.

:func:`redact_text`, :func:`redact_url` and :func:`describe_error` leave them out of messages and logs,
:func:`find_secrets` finds the texts that Airflow is to mask. Which parts of a URL sign it is in ``presigned_urls``,
the same table as for digests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from airflow_provider_viapi.presigned_urls import QUERY_PARAMETER, signature_spans

MIN_SECRET_LENGTH = 5
"""Airflow 3 masks nothing shorter; Airflow 2 would, and so mask every 1 in a log."""


LONGEST_SHOWN = 4096
"""Characters of a value that are searched for credentials before a message shows its beginning."""

_EQUALS = r"(?:=|%3D|%253D)"
_BEFORE_NAME = r"(?:[?&;\#]|%3F|%26|%253F|%2526)"
_VALUE = r"(?:(?!%26|%2526|\\[nrt\"'])[^&\s\"'<>])+"

_ESCAPED = re.compile(r"\\{1,4}u00(26|27|3[cde])", re.IGNORECASE)
"""Characters that JSON libraries escape although JSON does not require it: Gson does so with = and & in addresses."""

_IN_QUERY = re.compile(
    rf"""(?ix) ( {_BEFORE_NAME} (?:amp;)?
        (?: sig | sign | token | auth_key | authorization | policy | key-pair-id | q-ak | hdnts | hdnea | hdntl
          | __token__ | __gda__ | _upt | tempauth | verify | jwt
          | edge-cache-token | googleaccessid | ucloudpublickey | api_?key
          | temp_url_sig | [ls]sig | [vp]key | encfilekey | wsauth | bcov_auth | hmac | ks | tokenid | passcode
          | [\w.-]{{0,40}} (?: credential | password | passwd | secret | token ) ) {_EQUALS} ) {_VALUE}"""
)
"""Parameters whose names are ordinary words elsewhere: redacted inside a query only."""

_KNOWN_BEGINNING = r"(?:xox[a-z]-|gh[a-z]_|github_pat_|glpat-|AIza|ya29\.)"
"""Beginnings of the tokens of Slack, GitHub, GitLab and Google, whatever the parameter's name."""

_OPAQUE_IN_QUERY = re.compile(
    rf"""(?ix) ( {_BEFORE_NAME} (?:amp;)? (?:
        [\w.-]{{0,40}}? (?: key | auth | code | hash | mac | md5 | pwd | encoded ) {_EQUALS}
        (?= [\w.~+/:|-]{{0,60}} [0-9] ) (?= [\w.~+/:|-]{{16}} )
      | [hkst] {_EQUALS} (?= [0-9a-f]{{32}} )
      | [\w.-]{{1,40}} {_EQUALS} (?= {_KNOWN_BEGINNING} ) ) ) {_VALUE}"""
)
"""Likewise, redacted only if the value is a long one with digits in it, as signatures and tokens are."""

_VALUE_AHEAD = r"(?= [^\s]{0,80}? [0-9] | [^\s]{1,400} [ \t]{0,3} (?: $ | [\r\n,;] ) )"
"""A word with a digit in it, or the last one of a line: not the first word of a sentence about a password."""

_ANYWHERE = re.compile(
    rf"""(?ix) ( (?: signature | access_?-?key_?-?id | access_?-?key_?-?secret | secret_?(?:access_?)?key
          | x-(?:oss|amz|goog|tos|obs|kss)-credential | q-ak
          | (?:security|session|sts|oidc|access|refresh|auth|subject)[-_]?token | passw(?:or)?d )
        (?: {_EQUALS} | \\*["'] \s* [:=] \s* \\*["']? | : (?=[^\s/]) | : [ \t]{{1,3}} {_VALUE_AHEAD} ) ) {_VALUE}"""
)
"""Names that mean a credential in whatever text they are found: a query, a string to sign, JSON."""

_HEADER = re.compile(
    r"""(?ix) ( \b (?: (?:proxy-)?authorization | \w[\w-]{0,40}-token | (?:set-)?cookie ) \\*["']? : \s* \\*["']?
        (?: (?:basic|bearer|token|aws|oss|obs) \s+ )? ) (?:(?!\\[nrt"'])[^\s"'<>])+"""
)

_USERINFO = re.compile(r"""(?i)(://)[^\s/?#:@"'<>]*:[^\s/"'<>]+@""")
_USERINFO_WITH_SLASH = re.compile(
    r"""(://)(?!arn:)[^\s/?#:@\[\]"'<>]*:(?![0-9]{0,5}(?:[/?#\s"'<>]|$))[^\s"'<>]{1,256}@"""
)
"""A password with a slash in it: what follows the first colon is no port."""

_NETWORK = r"https?|ftps?|rtsps?|rtmp[a-z]{0,2}|srt|webrtc|artc|wss?"
"""Protocols with users; in an address of object storage the connection's id is in their place."""

_USERINFO_ALONE = re.compile(rf"""(?i)(\b(?:{_NETWORK})://)[^\s/?#:@"'<>]+:?@""")

_HIDDEN = r"\1***"


def redact_url(url: str) -> str:
    """Return a URL whose signature, tokens, key ids and ``user:password`` are replaced by ``***``."""
    return _redact_names(_redact_signature(url))


def _redact_signature(url: str) -> str:
    shown, end = [], 0
    for start, stop in sorted(signature_spans(url)):
        if start >= end:
            shown += [url[end:start], "***"]
            end = stop
    return "".join((*shown, url[end:]))


def redact_text(text: str) -> str:
    """Return a text in which signatures, tokens, key ids and ``user:password@`` are replaced by ``***``.

    For what others write about our requests: HTTP libraries, storage SDKs, and the services themselves. A gateway
    that refuses a signature quotes the string that it has signed, and in it the security token.
    """
    if "\\u00" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if "://" in text:
        text = _ADDRESS_IN_TEXT.sub(lambda found: _redact_signature(found[0]), text)
    if "%2f%2f" in text.lower():
        text = _ENCODED_ADDRESS.sub(_redact_encoded, text)
    return _redact_names(text)


_PASSWORD = re.compile(
    # As in a URL, or with a slash in the password, so that what follows the user is no port (nor an ARN of Amazon).
    r"[^:/]*://(?:[^/@:]*:[^/]*@|(?!arn:)[^/?#:@\[]*:(?![0-9]{0,5}(?:[/?#]|$))[^@]*@)"
)


def has_password(address: str) -> bool:
    """Return whether ``user:password@`` precedes the host of an address."""
    return _PASSWORD.match(address) is not None


def strip_userinfo(address: str) -> str:
    """Return an address as a message may show it: without what precedes the host, and without signatures."""
    beginning = address[:LONGEST_SHOWN]
    found = _PASSWORD.match(beginning)
    scheme, separator, rest = beginning.partition("://")
    if found is not None:
        rest = beginning[found.end() :]
    if not separator:
        # Perhaps an address whose scheme is misspelled.
        return redact_text(re.sub(r"[^\s/@:]{1,256}:[^\s/@]{1,256}@", "***@", beginning))
    return redact_text(f"{scheme}{separator}{re.sub('^[^/]*@', '', rest)}")


MAX_MESSAGE = 2000
"""Most characters of a service's message in an error."""

MAX_CODE = 200
"""Most characters of its code and ids."""


def redact_message(message: object, redact: Callable[[str], str] = redact_text) -> str:
    """Return what a service says about a failure, redacted and of limited length.

    :param redact: redacts a text
    """
    # First shortened: a text of megabytes is not searched for signatures.
    text = redact(str(message)[: 4 * MAX_MESSAGE])
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"


MAX_DESCRIPTION = 500
"""Most characters of an exception's text in :func:`describe_error`."""


def describe_error(error: BaseException) -> str:
    """Return type and text of any library's exception, without credentials and without queries of addresses."""
    text = re.sub(r"[?]\S+", "?***", redact_text(str(error)))
    return f"{type(error).__name__}: {text[:MAX_DESCRIPTION]}"


def _redact_encoded(found: re.Match[str]) -> str:
    plain = unquote(found[0])
    redacted = _redact_signature(plain)
    return found[0] if redacted == plain else quote(redacted, safe="*")


def _redact_names(text: str) -> str:
    for each in (_USERINFO, _USERINFO_WITH_SLASH, _USERINFO_ALONE):
        text = each.sub(r"\1***@", text)
    text = _IN_QUERY.sub(_HIDDEN, _ANYWHERE.sub(_HIDDEN, text))
    text = _OPAQUE_IN_QUERY.sub(_HIDDEN, text)
    return _HEADER.sub(_HIDDEN, text)


_PRIVATE = re.compile(
    r"""(?ix) stream_keys | output_urls | type_config
    | (.*[-_])? ( cookies? | authorization | credentials? )
    | .* ( token | secret | password | passwd | passphrase | (api|access|auth|private|secret) [-_]? key ) s?
    | .* ( signature | access_?key_?id )"""
)
"""Names whose texts, and those of all that is inside, are private."""

_HARMLESS_HEADER = re.compile(r"(?i)accept.*|cache-control|connection|content-.*|date|host|user-agent")

_KEY = re.compile(r"(?i)(.*[-_])?keys?")
"""Names of credentials that are harmless words as well."""

_OFTEN_PRIVATE = re.compile(
    r"(?i).*auth|code|(.*_)?sig|[ls]sig|sign|[vp]key|encfilekey|.*hash|hmac|mac|md5|ks|tokenid|pwd|passcode|encoded|hm"
)
"""Likewise, in queries."""

_PLAIN = re.compile(r"[A-Za-z]+|\d+")
"""A word or a number, which would be masked wherever else it occurs."""

_PROOF = re.compile(r"(?i)\b(?:apikey|basic|bearer|token)\s+(\S+)$")
"""The credential in a header, after the name of the authentication scheme."""

_ADDRESS = re.compile(r'[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s<>"]+')
_ADDRESS_IN_TEXT = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s<>"'\\]*[^\s<>"'\\.,:;!)\]}]""")
"""Likewise, without the punctuation that follows it in a sentence or in JSON."""

_ENCODED_ADDRESS = re.compile(r"""(?i)[A-Z][A-Z0-9+.-]{0,20}%3A%2F%2F[^\s<>"'\\&]+""")

_USER = re.compile(r"://([^/?#:]*):([^/]+)@")
_USER_ALONE = re.compile(rf"(?i)^(?:{_NETWORK})://([^/?#:@]+):?@")

_Judge = Callable[[str], bool]


def find_secrets(value: Any) -> Iterator[str]:
    """Yield the private texts in a value and in all that is inside it, as they are and percent-decoded."""
    for found in _found(value, _nothing):
        for text in dict.fromkeys((found, unquote(found))):
            if len(text) >= MIN_SECRET_LENGTH:
                yield text


def redact_values(value: Any, *, longest: int | None = None) -> Any:
    """Return JSON values in which the texts that :func:`find_secrets` finds are replaced by ``***``.

    :param longest: characters of a text that are kept; default: all
    """
    secrets = sorted(set(find_secrets(value)), key=len, reverse=True)

    def redact(item: Any) -> Any:
        if isinstance(item, Mapping):
            return {str(name): redact(each) for name, each in item.items()}
        if isinstance(item, list | tuple):
            return [redact(each) for each in item]
        if not isinstance(item, str):
            return item
        for secret in secrets:
            item = item.replace(secret, "***")
        if longest is not None and len(item) > longest:
            item = f"{item[:longest]}…"
        return redact_text(item)

    return redact(value)


def _found(value: Any, judge: _Judge) -> Iterator[str]:
    # Not by recursion, and each container once: a value may be nested deeply, or contain itself.
    pending, seen = [(value, judge)], set()
    while pending:
        value, judge = pending.pop()
        if isinstance(value, str):
            if judge(value):
                yield value
                yield from _PROOF.findall(value)
            for address in _ADDRESS.findall(value) if "://" in value else ():
                yield from _found_in_address(address)
        elif isinstance(value, Mapping | list | tuple) and (id(value), judge) not in seen:
            seen.add((id(value), judge))
            if isinstance(value, Mapping):
                inside = [(item, _judge_inside(name, judge)) for name, item in value.items()]
            else:
                inside = [(item, judge) for item in value]
            pending.extend(reversed(inside))


def _judge_inside(name: Any, around: _Judge) -> _Judge:
    name = name if isinstance(name, str) else ""
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
    signatures = [address[start:stop] for start, stop in signature_spans(address)]
    yield from signatures
    for name, value in QUERY_PARAMETER.findall(address):
        may_be = _OFTEN_PRIVATE.fullmatch(name) or _KEY.fullmatch(name)
        is_private = _PRIVATE.fullmatch(name) or re.match(_KNOWN_BEGINNING, value)
        if value not in signatures and (is_private or (may_be and _unless_plain(value))):
            yield value
    for nested in _ENCODED_ADDRESS.findall(address):
        for secret in _found_in_address(unquote(nested)):
            # As it is inside the other address, and as whoever decodes that sees it.
            yield quote(secret, safe="")
            yield secret


def _nothing(_: str) -> bool:
    return False


def _everything(_: str) -> bool:
    return True


def _unless_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is None
