"""How vendors sign URLs: the parts of a URL that differ from one signature to the next.

:func:`stable_url` leaves them out of a request's digest, and :func:`signature_spans` finds those that are secret.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

DIGEST_VERSION = 3
"""Version of what :func:`stable_url` returns; raise it with every change, since stored digests contain its result."""


_FLAGS = re.IGNORECASE | re.DOTALL


@dataclass(frozen=True)
class SigningScheme:
    """How one vendor signs a URL.

    The patterns are compiled when a URL is first compared with them: compiling all of them takes about 10 ms, which
    files that define DAGs would pay at each parse.

    :param parameters: pattern of the names that signing adds, which differ from one signature to the next
    :param marks: patterns of ``name=value``; the scheme is recognised if each of them matches a query parameter;
        without marks, the names themselves belong to the vendor alone
    :param host: pattern of the hosts where alone the scheme is recognised; any host if ``None``
    """

    vendor: str
    parameters: str
    marks: tuple[str, ...] = ()
    host: str | None = None

    @cached_property
    def names(self) -> re.Pattern[str]:
        """The compiled pattern of the names that signing adds."""
        return re.compile(self.parameters, _FLAGS)

    @cached_property
    def _marks(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(mark, _FLAGS) for mark in self.marks or (f"(?:{self.parameters})=.*",))

    def signs(self, host: str, pairs: Iterable[tuple[str, str]]) -> bool:
        """Return whether a URL with this host and these query parameters is signed in this way."""
        if self.host is not None and not re.fullmatch(self.host, host, _FLAGS):
            return False
        texts = [f"{name}={value}" for name, value in pairs]
        return all(any(mark.fullmatch(text) for text in texts) for mark in self._marks)


_V4 = "algorithm|credential|date|expires|signedheaders|signedqueries|signature|security-token|content-sha256"
_LIKE_V2 = "expires|signature"

SIGNING_SCHEMES = (
    SigningScheme(
        "Alibaba Cloud OSS V4",
        "x-oss-(?:signature|signature-version|credential|date|expires|additional-headers|security-token)",
    ),
    SigningScheme(
        "Alibaba Cloud OSS V1", f"ossaccesskeyid|security-token|{_LIKE_V2}", marks=("ossaccesskeyid=.*",)
    ),
    SigningScheme("Amazon S3 SigV4", f"x-amz-(?:{_V4}|s3session-token)"),
    SigningScheme("Amazon S3 SigV2", f"awsaccesskeyid|{_LIKE_V2}", marks=("awsaccesskeyid=.*",)),
    SigningScheme(
        "Amazon CloudFront", f"key-pair-id|policy|hash-algorithm|{_LIKE_V2}", marks=("key-pair-id=.*",)
    ),
    SigningScheme("Google Cloud Storage V4", f"x-goog-(?:{_V4})"),
    SigningScheme("Google Cloud Storage V2", f"googleaccessid|{_LIKE_V2}", marks=("googleaccessid=.*",)),
    SigningScheme("Google Cloud CDN", f"keyname|urlprefix|{_LIKE_V2}", marks=("keyname=.*", "signature=.*")),
    SigningScheme(
        "Azure shared access signature",
        "s[vretpis]|sig|srt|spr|sip|sdd|ses|scid|saoid|suoid|sduoid|skoid|sktid|skt|ske|sks|skv|skdutid",
        # Without a version before 2012.
        marks=("sig=.*", "sv=[0-9]{4}.*|se=[0-9]{4}-.*"),
    ),
    SigningScheme("Huawei Cloud OBS V4", f"x-obs-(?:{_V4})"),
    SigningScheme(
        "Huawei Cloud OBS V2", f"accesskeyid|policy|{_LIKE_V2}", marks=("accesskeyid=.*", "signature=.*")
    ),
    SigningScheme(
        "Tencent Cloud COS",
        "q-(?:sign-algorithm|ak|sign-time|key-time|header-list|url-param-list|signature)|x-cos-security-token",
        marks=("q-sign-algorithm=.*", "q-signature=.*"),
    ),
    SigningScheme("Tencent Cloud COS", "x-cos-security-token"),
    SigningScheme("Tencent Cloud COS, in one parameter", "sign", marks=("sign=.*q-sign-algorithm=.*",)),
    SigningScheme("Volcengine TOS", f"x-tos-(?:{_V4})"),
    SigningScheme(
        "Baidu BOS", "authorization|x-bce-(?:date|security-token)", marks=("authorization=bce-auth-v.*",)
    ),
    SigningScheme("Qiniu Kodo", "e|token", marks=("e=[0-9]+", "token=[^:]+:.+")),
    SigningScheme(
        "Kingsoft KS3 V2",
        f"kssaccesskeyid|security-token|x-kss-security-token|{_LIKE_V2}",
        marks=("kssaccesskeyid=.*",),
    ),
    SigningScheme("Kingsoft KS3 V4", f"x-kss-(?:{_V4})"),
    SigningScheme("NetEase NOS", f"nosaccesskeyid|{_LIKE_V2}", marks=("nosaccesskeyid=.*",)),
    SigningScheme("UCloud US3", f"ucloudpublickey|{_LIKE_V2}", marks=("ucloudpublickey=.*",)),
    SigningScheme("Backblaze B2", "authorization", host=r"(?:.*\.)?backblazeb2\.com"),
    SigningScheme("Backblaze B2 behind a CDN", "authorization", marks=(r"authorization=\d_\d+_.+",)),
    SigningScheme("Akamai", "hdnts|hdnea|hdntl|__token__|__gda__"),
    SigningScheme("Akamai, under another name", "token", marks=(r"token=(?:.*~)?exp=\d+~.*hmac=.*",)),
    SigningScheme("Google Media CDN", "edge-cache-token"),
    SigningScheme("Alibaba Cloud CDN", "auth_key", marks=(r"auth_key=\d+-[^-]+-[^-]+-.+",)),
    SigningScheme("Alibaba Cloud VOD", "mtshlsuritoken"),
    SigningScheme(
        "Huawei Cloud CDN C2",
        "auth_key|time(?:stamp)?",
        marks=("auth_key=[0-9a-f]{32,64}", "time(?:stamp)?=.+"),
    ),
    SigningScheme("Huawei Cloud live, encrypted", "auth_info"),
    SigningScheme(
        "Tencent Cloud VOD", "t|exper|rlimit|us|sign", marks=("us=.+", "t=[0-9a-f]{8}", "sign=[0-9a-f]{32}")
    ),
    SigningScheme("Bilibili", "deadline|upsig", marks=("upsig=.+",)),
    SigningScheme("imgix", "s|expires", marks=("s=[0-9a-f]{32}",), host=r".*\.imgix\.net"),
    SigningScheme("imgix, under another name", "s|expires", marks=("s=[0-9a-f]{32}", "expires=[0-9]{10}")),
    SigningScheme("ImageKit", "ik-[st]", marks=("ik-s=.+",)),
    SigningScheme("Facebook", "oh|oe", marks=("oh=.+", "oe=[0-9a-f]{8}")),
    SigningScheme("Cloudflare Images, JW Player", "exp|sig", marks=("exp=[0-9]{10}", "sig=.+")),
    SigningScheme("Vimeo", "exp|hmac", marks=("exp=[0-9]{10}", "hmac=.+")),
    SigningScheme("Firebase", "token", marks=("alt=media", "token=[0-9a-f-]{20,}")),
    SigningScheme("Dropbox", "rlkey|st", marks=("rlkey=.+",)),
    SigningScheme("Wowza", "wowzatoken(?:hash|starttime|endtime)", marks=("wowzatokenhash=.+",)),
    SigningScheme("Nimble", "wmsauthsign"),
    SigningScheme("Edgio", "ec_token"),
    SigningScheme("CDN77", "secure", marks=(r"secure=[\w-]{20,},[0-9]{10}",)),
    SigningScheme("nginx, Gcore", "md5|expires", marks=(r"md5=[\w-]{20,}", "expires=[0-9]{10}")),
    SigningScheme("nginx, in short", "st|e", marks=(r"st=[\w-]{20,}", "e=[0-9]{10}")),
    SigningScheme("Kingsoft CDN", "k|t", marks=("k=[0-9a-f]{32}", "t=[0-9]{10}")),
    SigningScheme("Tencent Cloud CDN A", "sign", marks=(r"sign=\d+-[^-]+-[^-]+-[0-9a-f]+",)),
    SigningScheme("Tencent Cloud CDN D", "sign|t", marks=(r"sign=[0-9a-f]{32,64}", r"t=[0-9a-f]{8,10}")),
    SigningScheme("UpYun", "_upt"),
    SigningScheme("Tencent Cloud live", "txsecret|txtime", marks=("txsecret=.+",)),
    SigningScheme("Huawei Cloud live", "hwsecret|hwtime", marks=("hwsecret=.+",)),
    SigningScheme("Volcengine live", "volcsecret|volctime", marks=("volcsecret=.+",)),
    SigningScheme("Wangsu", "wssecret|ws(?:abs)?time", marks=("wssecret=.+",)),
    SigningScheme("Volcengine CDN", "x-expires|x-signature", marks=("x-signature=.+", "x-expires=[0-9]+")),
    SigningScheme("Bunny CDN, KeyCDN", "token|expires?", marks=(r"token=[\w-]{20,}", "expires?=[0-9]{10}")),
    SigningScheme("Fastly", "token", marks=("token=[0-9]{10}_(?:0x)?[0-9a-f]{40,64}",)),
    SigningScheme("Cloudflare", "verify", marks=("verify=[0-9]{10}-.+",)),
    SigningScheme("SharePoint", "tempauth", marks=("tempauth=.+",)),
    SigningScheme(
        "JSON Web Token",
        "token|access_token|jwt",
        marks=(r"(?:token|access_token|jwt)=eyJ[\w-]+\.[\w-]+\.[\w-]*",),
    ),
    # What all that sign like S3's V2 have in common, should the key id be missing or under an unknown name.
    SigningScheme("like S3 SigV2", f"{_LIKE_V2}|security-token", marks=("expires=[0-9]+", "signature=.+")),
)
"""How vendors sign URLs. Names that others use too (``policy``, ``q-…``, ``sv``, ``token``, ``sign``) count only
beside a vendor's own marks. Processing parameters (``x-oss-process``) are part of what a URL means."""

_HOUR = r"20[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9][0-2][0-9][0-5][0-9]"
_SECOND = r"(?:1[0-9]{9}|[5-7][0-9a-f]{7})"

_SIGNED_PATHS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Alibaba, Tencent, Huawei, Volcengine and Baidu CDN, kinds B and C: a time and a hash before the file's path.
        rf"^/(?:{_HOUR}|1[0-9]{{9}})/(?P<secret>[0-9a-f]{{32}}|[0-9a-f]{{64}})(?=/)",
        rf"^/(?P<secret>[0-9a-f]{{32}}|[0-9a-f]{{64}})/{_SECOND}(?=/)",
        # Akamai, Bunny, Cloudinary, Oracle.
        r"/(?:\w+=)?(?:st=[0-9]+~)?exp=[0-9]+~[^?#]*?(?P<secret>hmac=[0-9a-f]+)(?=/)",
        r"/bcdn_(?P<secret>token=[^/]+)(?=/)",
        r"/s--(?P<secret>[\w-]{8,})--(?=/)",
        r"/p/(?P<secret>[\w-]{20,})(?=/n/[^/]+/b/)",
    )
)
"""Parts of paths that sign."""

_STREAM_ID = re.compile(
    r"(?i),(?:tx|hw|volc|ws)(?:(?:abs)?time=[^,]*|secret=(?P<secret>[^,]*))|\?auth_key=(?P<key>[^,]*)"
)
"""Signing parameters inside the ``streamid`` of SRT, which is no query."""

_TOKEN_IN_PATH = re.compile(r"/(?P<secret>eyJ[\w-]+\.[\w-]+\.[\w-]+)(?=/|$)")
"""A JSON Web Token, which may be all that names the file."""

_MAX_NESTED = 3
"""Depth to which addresses inside addresses are looked at."""

_CHANGING_CLAIMS = frozenset({"exp", "iat", "nbf", "jti", "auth_time"})

_PUBLIC_PARAMETER = re.compile(
    r"(?i)(?:.*[-_])?(?:expires|date|time|algorithm|version|signature-version|headers|signedheaders|list)"
    r"|e|t|s[vretpis]|srt|spr|sip|sdd|ses|skt|ske|sks|skv|keyname|urlprefix"
)
"""Signing parameters that may be shown: they let nobody in, and say until when a URL is valid."""


def stable_url(url: str, *, depth: int = 0) -> str | list[Any]:
    """Return a JSON value that is equal for the same object, whatever its URL is signed with.

    Scheme and host are compared without case, a password and signing parameters are left out, the order of
    parameters with different names does not matter.

    :param url: an HTTP(S) URL; one that cannot be parsed is returned as it is
    :param depth: how many URLs it is inside of
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    # Bytes that are not UTF-8, such as GBK, stay distinct.
    pairs = parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
    signing = _signing_names(host, pairs)
    lasting: list[list[Any]] = [
        [name, _stable_value(value, depth)] for name, value in pairs if name not in signing
    ]
    lasting += ([name, _claims(value)] for name, value in pairs if name in signing and _claims(value))
    lasting.sort(key=lambda pair: pair[0])
    default = {"http": 80, "https": 443}.get(parts.scheme)
    user, path = parts.username or "", parts.path
    for pattern in _SIGNED_PATHS:
        path = pattern.sub("", path)
    path = _TOKEN_IN_PATH.sub(lambda token: f"/{_claims(token['secret']) or token['secret']}", path)
    fragment = _STREAM_ID.sub("", parts.fragment) if parts.fragment.startswith("!::") else parts.fragment
    return [parts.scheme, user, host, None if port == default else port, path, lasting, fragment]


def _stable_value(value: str, depth: int) -> Any:
    if depth < _MAX_NESTED and re.match(r"(?i)https?://", value):
        return stable_url(value, depth=depth + 1)
    return _STREAM_ID.sub("", value) if value.startswith("#!::") else value


def _claims(token: str) -> dict[str, Any] | None:
    """Return what a JSON Web Token says besides times: it may be what names the file; ``None`` if it is none."""
    payload = token.split(".")[1] if token.startswith("eyJ") and token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    return {name: value for name, value in claims.items() if name not in _CHANGING_CLAIMS}


def _signing_names(host: str, pairs: list[tuple[str, str]]) -> set[str]:
    recognised = [scheme for scheme in SIGNING_SCHEMES if scheme.signs(host, pairs)]
    return {name for name, _ in pairs if any(scheme.names.fullmatch(name) for scheme in recognised)}


# The separators as they are, percent-encoded once and twice (a URL inside a URL, a string to sign), and in JSON.


QUERY_PARAMETER = re.compile(r"[?&;#]([^=?&;#]+)=([^&#]+)")
_BEFORE_PATH = re.compile(r"[^:/?#]+://[^/?#]*(?=/)")


def signature_spans(url: str) -> Iterator[tuple[int, int]]:
    """Yield where in a URL that is signed there are signatures and tokens."""
    signing = _signing_in(url)
    for match in QUERY_PARAMETER.finditer(url):
        name = unquote(match[1])
        # Azure's st is a time, others' is a hash.
        is_public = _PUBLIC_PARAMETER.fullmatch(name) and (name != "st" or match[2].startswith("20"))
        if name in signing and not is_public:
            yield match.span(2)
    for match in _STREAM_ID.finditer(url) if "#!::" in url else ():
        yield from (match.span(group) for group in ("secret", "key") if match[group])
    if beginning := _BEFORE_PATH.match(url):
        path = url[beginning.end() :]
        for pattern in (*_SIGNED_PATHS, _TOKEN_IN_PATH):
            for match in pattern.finditer(path):
                yield tuple(beginning.end() + at for at in match.span("secret"))  # type: ignore[misc]


def _signing_in(address: str) -> set[str]:
    try:
        parts = urlsplit(address)
        return _signing_names(parts.hostname or "", parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        return set()
