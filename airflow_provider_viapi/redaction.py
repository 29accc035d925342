"""Signing parameters of presigned URLs, and credentials in any text: one table for digests, redaction and masking.

:func:`stable_url` leaves signatures out of a request's digest, :func:`redact_text` and :func:`redact_url` out of
messages and logs, and :func:`find_secrets` finds the texts that Airflow is to mask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

DIGEST_VERSION = 2
"""Version of what :func:`stable_url` returns; raise it with every change, since stored digests contain its result."""

MIN_SECRET_LENGTH = 5
"""Airflow 3 masks nothing shorter; Airflow 2 would, and so mask every 1 in a log."""


@dataclass(frozen=True)
class SigningScheme:
    """How one vendor signs a URL.

    :param marks: patterns of ``name=value``; the scheme is recognised if each of them matches a query parameter
    :param parameters: pattern of the names that signing adds, which differ from one signature to the next
    :param host: pattern of the hosts where alone the scheme is recognised; any host if empty
    """

    vendor: str
    marks: tuple[re.Pattern[str], ...]
    parameters: re.Pattern[str]
    host: re.Pattern[str] | None = None

    def signs(self, host: str, pairs: Iterable[tuple[str, str]]) -> bool:
        """Return whether a URL with this host and these query parameters is signed in this way."""
        if self.host is not None and not self.host.fullmatch(host):
            return False
        texts = [f"{name}={value}" for name, value in pairs]
        return all(any(mark.fullmatch(text) for text in texts) for mark in self.marks)


def _scheme(
    vendor: str, parameters: str, *, marks: tuple[str, ...] = (), host: str | None = None
) -> SigningScheme:
    # Without marks, the names themselves belong to the vendor alone.
    flags = re.IGNORECASE | re.DOTALL
    return SigningScheme(
        vendor,
        tuple(re.compile(mark, flags) for mark in marks or (f"(?:{parameters})=.*",)),
        re.compile(parameters, flags),
        host and re.compile(host, flags),  # type: ignore[arg-type]
    )


_V4 = "algorithm|credential|date|expires|signedheaders|signedqueries|signature|security-token|content-sha256"
_LIKE_V2 = "expires|signature"

SIGNING_SCHEMES = (
    _scheme(
        "Alibaba Cloud OSS V4",
        "x-oss-(?:signature|signature-version|credential|date|expires|additional-headers|security-token)",
    ),
    _scheme(
        "Alibaba Cloud OSS V1", f"ossaccesskeyid|security-token|{_LIKE_V2}", marks=("ossaccesskeyid=.*",)
    ),
    _scheme("Amazon S3 SigV4", f"x-amz-(?:{_V4}|s3session-token)"),
    _scheme("Amazon S3 SigV2", f"awsaccesskeyid|{_LIKE_V2}", marks=("awsaccesskeyid=.*",)),
    _scheme("Amazon CloudFront", f"key-pair-id|policy|hash-algorithm|{_LIKE_V2}", marks=("key-pair-id=.*",)),
    _scheme("Google Cloud Storage V4", f"x-goog-(?:{_V4})"),
    _scheme("Google Cloud Storage V2", f"googleaccessid|{_LIKE_V2}", marks=("googleaccessid=.*",)),
    _scheme("Google Cloud CDN", f"keyname|urlprefix|{_LIKE_V2}", marks=("keyname=.*", "signature=.*")),
    _scheme(
        "Azure shared access signature",
        "s[vretpis]|sig|srt|spr|sip|sdd|ses|scid|saoid|suoid|sduoid|skoid|sktid|skt|ske|sks|skv|skdutid",
        marks=("sig=.*", "sv=[0-9]{4}.*"),
    ),
    _scheme("Huawei Cloud OBS V4", f"x-obs-(?:{_V4})"),
    _scheme(
        "Huawei Cloud OBS V2", f"accesskeyid|policy|{_LIKE_V2}", marks=("accesskeyid=.*", "signature=.*")
    ),
    _scheme(
        "Tencent Cloud COS",
        "q-(?:sign-algorithm|ak|sign-time|key-time|header-list|url-param-list|signature)|x-cos-security-token",
        marks=("q-sign-algorithm=.*", "q-signature=.*"),
    ),
    _scheme("Tencent Cloud COS", "x-cos-security-token"),
    _scheme("Tencent Cloud COS, in one parameter", "sign", marks=("sign=.*q-sign-algorithm=.*",)),
    _scheme("Volcengine TOS", f"x-tos-(?:{_V4})"),
    _scheme(
        "Baidu BOS", "authorization|x-bce-(?:date|security-token)", marks=("authorization=bce-auth-v.*",)
    ),
    _scheme("Qiniu Kodo", "e|token", marks=("e=[0-9]+", "token=[^:]+:.+")),
    _scheme(
        "Kingsoft KS3 V2",
        f"kssaccesskeyid|security-token|x-kss-security-token|{_LIKE_V2}",
        marks=("kssaccesskeyid=.*",),
    ),
    _scheme("Kingsoft KS3 V4", f"x-kss-(?:{_V4})"),
    _scheme("NetEase NOS", f"nosaccesskeyid|{_LIKE_V2}", marks=("nosaccesskeyid=.*",)),
    _scheme("UCloud US3", f"ucloudpublickey|{_LIKE_V2}", marks=("ucloudpublickey=.*",)),
    _scheme("Backblaze B2", "authorization", host=r"(?:.*\.)?backblazeb2\.com"),
    _scheme("Backblaze B2 behind a CDN", "authorization", marks=(r"authorization=\d_\d+_.+",)),
    _scheme("Akamai", "hdnts|hdnea|hdntl|__token__|__gda__"),
    _scheme("Akamai, under another name", "token", marks=(r"token=(?:.*~)?exp=\d+~.*hmac=.*",)),
    _scheme("Google Media CDN", "edge-cache-token"),
    _scheme("Alibaba Cloud CDN", "auth_key", marks=(r"auth_key=\d+-[^-]+-[^-]+-.+",)),
    _scheme("Tencent Cloud CDN A", "sign", marks=(r"sign=\d+-[^-]+-[^-]+-[0-9a-f]+",)),
    _scheme("Tencent Cloud CDN D", "sign|t", marks=(r"sign=[0-9a-f]{32,64}", r"t=[0-9a-f]{8,10}")),
    _scheme("UpYun", "_upt"),
    _scheme("Tencent Cloud live", "txsecret|txtime", marks=("txsecret=.+",)),
    _scheme("Huawei Cloud live", "hwsecret|hwtime", marks=("hwsecret=.+",)),
    _scheme("Volcengine live", "volcsecret|volctime", marks=("volcsecret=.+",)),
    _scheme("Wangsu", "wssecret|ws(?:abs)?time", marks=("wssecret=.+",)),
    _scheme("Volcengine CDN", "x-expires|x-signature", marks=("x-signature=.+", "x-expires=[0-9]+")),
    _scheme("Bunny CDN, KeyCDN", "token|expires?", marks=(r"token=[\w-]{20,}", "expires?=[0-9]{10}")),
    _scheme("Fastly", "token", marks=("token=[0-9]{10}_(?:0x)?[0-9a-f]{40,64}",)),
    _scheme("Cloudflare", "verify", marks=("verify=[0-9]{10}-.+",)),
    _scheme("SharePoint", "tempauth", marks=("tempauth=.+",)),
    _scheme(
        "JSON Web Token",
        "token|access_token|jwt",
        marks=(r"(?:token|access_token|jwt)=eyJ[\w-]+\.[\w-]+\.[\w-]*",),
    ),
    # What all that sign like S3's V2 have in common, should the key id be missing or under an unknown name.
    _scheme("like S3 SigV2", f"{_LIKE_V2}|security-token", marks=("expires=[0-9]+", "signature=.+")),
)
"""How vendors sign URLs. Names that others use too (``policy``, ``q-…``, ``sv``, ``token``, ``sign``) count only
beside a vendor's own marks. Processing parameters (``x-oss-process``) are part of what a URL means."""

_PUBLIC_PARAMETER = re.compile(
    r"(?i)(?:.*[-_])?(?:expires|date|time|algorithm|version|signature-version|headers|signedheaders|list)"
    r"|e|t|s[vretpis]|srt|spr|sip|sdd|ses|skt|ske|sks|skv|keyname|urlprefix"
)
"""Signing parameters that may be shown: they let nobody in, and say until when a URL is valid."""


def stable_url(url: str) -> str | list[Any]:
    """Return a JSON value that is equal for the same object, whatever its URL is signed with.

    Scheme and host are compared without case, a password and signing parameters are left out, the order of
    parameters with different names does not matter.

    :param url: an HTTP(S) URL; one that cannot be parsed is returned as it is
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    signing = _signing_names(host, pairs)
    lasting = sorted(([*pair] for pair in pairs if pair[0] not in signing), key=lambda pair: pair[0])
    default = {"http": 80, "https": 443}.get(parts.scheme)
    user = parts.username or ""
    return [parts.scheme, user, host, None if port == default else port, parts.path, lasting, parts.fragment]


def _signing_names(host: str, pairs: list[tuple[str, str]]) -> set[str]:
    recognised = [scheme for scheme in SIGNING_SCHEMES if scheme.signs(host, pairs)]
    return {name for name, _ in pairs if any(scheme.parameters.fullmatch(name) for scheme in recognised)}


# The separators as they are, percent-encoded once and twice (a URL inside a URL, a string to sign), and in JSON.
_EQUALS = r"(?:=|%3D|%253D)"
_BEFORE_NAME = r"(?:[?&;\#]|%3F|%26|%253F|%2526|\\u0026)"
_VALUE = r"(?:(?!%26|%2526|\\u0026|\\[nrt\"'])[^&\s\"'<>])+"

_IN_QUERY = re.compile(
    rf"""(?ix) ( {_BEFORE_NAME} (?:amp;)?
        (?: sig | sign | token | auth_key | authorization | policy | key-pair-id | q-ak | hdnts | hdnea | hdntl
          | __token__ | __gda__ | _upt | tempauth | verify | jwt
          | edge-cache-token | googleaccessid | ucloudpublickey | api_?key
          | [\w.-]{{0,40}} (?: credential | password | passwd | secret | token ) ) {_EQUALS} ) {_VALUE}"""
)
"""Parameters whose names are ordinary words elsewhere: redacted inside a query only."""

_ANYWHERE = re.compile(
    rf"""(?ix) ( (?: signature | access_?-?key_?-?id | access_?-?key_?-?secret | secret_?(?:access_?)?key
          | x-(?:oss|amz|goog|tos|obs|kss)-credential | q-ak
          | (?:security|session|sts|oidc|access|refresh|auth|subject)[-_]?token | passw(?:or)?d )
        (?: {_EQUALS} | \\*["'] \s* [:=] \s* \\*["']? | : (?=[^\s/]) ) ) {_VALUE}"""
)
"""Names that mean a credential in whatever text they are found: a query, a string to sign, JSON."""

_HEADER = re.compile(
    r"""(?ix) ( \b (?: (?:proxy-)?authorization | \w[\w-]{0,40}-token | (?:set-)?cookie ) \\*["']? : \s* \\*["']?
        (?: (?:basic|bearer|token|aws|oss|obs) \s+ )? ) (?:(?!\\[nrt"'])[^\s"'<>])+"""
)

_USERINFO = re.compile(r"""(?i)(://)[^\s/?#:@"'<>]*:[^\s/"'<>]+@""")
_USERINFO_ALONE = re.compile(r"""(?i)(\b(?:https?|ftps?|rtsps?|rtmps?|wss?)://)[^\s/?#:@"'<>]+:?@""")

_HIDDEN = r"\1***"


def redact_url(url: str) -> str:
    """Return a URL whose signature, tokens, key ids and ``user:password`` are replaced by ``***``."""
    base, mark, query = url.partition("?")
    try:
        parts = urlsplit(url)
        signing = _signing_names(parts.hostname or "", parse_qsl(query, keep_blank_values=True))
    except ValueError:
        return redact_text(url)
    shown = []
    for pair in query.split("&") if mark else ():
        name, equals, _ = pair.partition("=")
        plain = unquote(name)
        shown.append(
            f"{name}{equals}***" if plain in signing and not _PUBLIC_PARAMETER.fullmatch(plain) else pair
        )
    return redact_text(f"{base}{mark}{'&'.join(shown)}")


def redact_text(text: str) -> str:
    """Return a text in which signatures, tokens, key ids and ``user:password@`` are replaced by ``***``.

    For what others write about our requests: HTTP libraries, storage SDKs, and the services themselves. A gateway
    that refuses a signature quotes the string that it has signed, and in it the security token.
    """
    text = _USERINFO_ALONE.sub(r"\1***@", _USERINFO.sub(r"\1***@", text))
    text = _IN_QUERY.sub(_HIDDEN, _ANYWHERE.sub(_HIDDEN, text))
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

_OFTEN_PRIVATE = re.compile(r"(?i)(.*[-_])?auth|code|sig|sign")
"""The same, in queries."""

_PLAIN = re.compile(r"[A-Za-z]+|\d+")
"""A word or a number, which would be masked wherever else it occurs."""

_PROOF = re.compile(r"(?i)\b(?:apikey|basic|bearer|token)\s+(\S+)$")
"""The credential in a header, after the name of the authentication scheme."""

_ADDRESS = re.compile(r'[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s<>"]+')
_USER = re.compile(r"://([^/?#:]*):([^/]+)@")
_USER_ALONE = re.compile(r"://([^/?#:@]+):?@")
_QUERY = re.compile(r"[?&;#]([^=?&;#]+)=([^&#]+)")

_Judge = Callable[[str], bool]


def find_secrets(value: Any) -> Iterator[str]:
    """Yield the private texts in a value and in all that is inside it, as they are and percent-decoded."""
    for found in _found(value, _nothing):
        for text in dict.fromkeys((found, unquote(found))):
            if len(text) >= MIN_SECRET_LENGTH:
                yield text


def redact_values(value: Any) -> Any:
    """Return JSON values in which the texts that :func:`find_secrets` finds are replaced by ``***``."""
    secrets = sorted(set(find_secrets(value)), key=len, reverse=True)

    def redact(item: Any) -> Any:
        if isinstance(item, Mapping):
            return {name: redact(each) for name, each in item.items()}
        if isinstance(item, list | tuple):
            return [redact(each) for each in item]
        if not isinstance(item, str):
            return item
        for secret in secrets:
            item = item.replace(secret, "***")
        return redact_text(item)

    return redact(value)


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
        for address in _ADDRESS.findall(value) if "://" in value else ():
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
    signing = _signing_in(address)
    for name, value in _QUERY.findall(address):
        may_be = _OFTEN_PRIVATE.fullmatch(name) or _KEY.fullmatch(name)
        signs = unquote(name) in signing and not _PUBLIC_PARAMETER.fullmatch(unquote(name))
        if signs or _PRIVATE.fullmatch(name) or (may_be and _unless_plain(value)):
            yield value


def _signing_in(address: str) -> set[str]:
    try:
        parts: SplitResult = urlsplit(address)
        return _signing_names(parts.hostname or "", parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        return set()


def _nothing(_: str) -> bool:
    return False


def _everything(_: str) -> bool:
    return True


def _unless_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is None
