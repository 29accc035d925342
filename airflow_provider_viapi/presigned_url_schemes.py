"""Table of the schemes by which vendors sign URLs; ``presigned_urls`` applies it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

_FLAGS = re.IGNORECASE | re.DOTALL


@dataclass(frozen=True)
class SigningScheme:
    """Scheme by which one vendor signs a URL.

    The patterns are compiled when a URL is first compared with them: compiling all of them takes more than 10 ms,
    which a file that defines a DAG would pay each time it is parsed.

    :param parameters: pattern of the names that signing adds, which differ from one signature to the next
    :param marks: patterns of ``name=value``; the scheme is recognised if each of them matches a query parameter;
        default: the names themselves, if they belong to the vendor alone
    :param host: pattern of the hosts where alone the scheme is recognised; default: any
    :param path: the same of paths
    """

    vendor: str
    parameters: str
    marks: tuple[str, ...] = ()
    host: str | None = None
    path: str | None = None

    @cached_property
    def names(self) -> re.Pattern[str]:
        """The compiled pattern of the names that signing adds."""
        return re.compile(self.parameters, _FLAGS)

    @cached_property
    def _marks(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(mark, _FLAGS) for mark in self.marks or (f"(?:{self.parameters})=.*",))

    def signs(self, host: str, path: str, pairs: Iterable[tuple[str, str]]) -> bool:
        """Return whether a URL with this host, path and query parameters is signed in this way."""
        if self.host is not None and not re.fullmatch(self.host, host, _FLAGS):
            return False
        if self.path is not None and not re.fullmatch(self.path, path, _FLAGS):
            return False
        texts = [f"{name}={value}" for name, value in pairs]
        if not all(_may_match(mark, texts) for mark in self.marks):
            return False
        return bool(texts) and all(any(mark.fullmatch(text) for text in texts) for mark in self._marks)


def _may_match(mark: str, texts: list[str]) -> bool:
    """Return false if a pattern begins with a plain name that no parameter has; that need not be compiled."""
    name, equals, _ = mark.partition("=")
    is_plain = equals and "|" not in mark and name.replace("_", "").replace("-", "").isalnum()
    return not is_plain or any(text[: len(name) + 1].lower() == f"{name}=" for text in texts)


_V4 = "algorithm|credential|date|expires|signedheaders|signedqueries|signature|security-token|content-sha256"
_LIKE_V2 = "expires|signature"
_SIGNATURE = "sig|sign|signature|hmac"
_EXPIRY = "expires?|exp|expiry|expires?_?at|expirationtimestamp|deadline"
_NAMELESS = (
    r"(?=[\w-]*[g-zG-Z])(?=[\w-]*[0-9])[\w-]{32,}"
    r"|(?!(?:[0-9a-f]{40}|[0-9a-f]{64})(?:=|$))[0-9a-f]{33,}"
)
"""A long parameter without a value, which is no digest of the file; beside the file's own name in the path."""

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
        "Tencent Cloud VOD", "t|rlimit|us|sign", marks=("us=.+", "t=[0-9a-f]{8}", "sign=[0-9a-f]{32}")
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
    SigningScheme("CDN77", "secure", marks=(r"secure=[\w-]{20,}={0,2},[0-9]{10}",)),
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
    SigningScheme(
        "Alibaba Cloud OSS V2", "x-oss-access-key-id|security-token", marks=("x-oss-signature=.+",)
    ),
    SigningScheme("OpenStack Swift", "temp_url_(?:sig|expires)", marks=("temp_url_sig=.+",)),
    SigningScheme(
        "Lumen", "encoded|hash|token|[se]time", marks=("encoded=0?[0-9a-f]{20}", r"[se]time=\d{14}")
    ),
    SigningScheme(
        "Lumen V2", "hash|token|nv[ab]", marks=("(?:hash|token)=[0-9a-f]{20,}", r"nv[ab]=\d{10,14}")
    ),
    SigningScheme("Lumen, in one parameter", "token", marks=(r"token=(?:.*~)?nv[ab]=\d+~.*hash=.*",)),
    SigningScheme("Limelight", "h|e|cf", marks=("h=[0-9a-f]{32}", "e=[0-9]{10}")),
    SigningScheme(
        "CacheFly, Leaseweb", "token|signature|ttl", marks=("(?:token|signature)=.{20,}", "ttl=[0-9]{10}")
    ),
    SigningScheme("nginx, by HMAC", "st|ts|e", marks=(r"st=[\w-]{20,}", "ts=[0-9]{10}", "e=[0-9]+")),
    SigningScheme("Flussonic", "token", marks=(r"token=[0-9a-f]{40}-.+-\d{10}(?:-\d{10})?",)),
    SigningScheme("Cloudinary, Brightcove, Kaltura", "__cld_token__|bcov_auth|fastly_token"),
    SigningScheme("Kaltura", "ks", marks=(r"ks=(?:djJ8|djF8|[\w-]{60,}).*",)),
    SigningScheme("Discord", "ex|is|hm", marks=("hm=[0-9a-f]{64}", "ex=[0-9a-f]{8}")),
    SigningScheme("Vimeo, by profile", "s", marks=("s=[0-9a-f]{40}", r"profile_id=\d+")),
    SigningScheme("Youku, Tencent Video", "vkey|psid|expire", marks=(r"vkey=[\w%+/=-]{20,}",)),
    SigningScheme("Sina", "ssig|expires", marks=("ssig=.+",)),
    SigningScheme("Douyu", "wsauth"),
    SigningScheme("iQIYI", "dis_[kt]", marks=("dis_k=[0-9a-f]{32}",)),
    SigningScheme("Twitch", "sig|token", marks=("sig=[0-9a-f]{40}", r"token=\{.*")),
    SigningScheme("GitHub", "token", host=r"raw\.githubusercontent\.com"),
    # Whoever holds an access token may read many files: it never names one.
    SigningScheme("OAuth", "(?:access|oauth|private|job)_token"),
    SigningScheme(
        "Edgio, without a name",
        _NAMELESS,
        marks=(f"(?:{_NAMELESS})=",),
        path=r".*\.(?!php|aspx?|jsp|cgi|do$)[A-Za-z0-9]{2,4}",
    ),
    SigningScheme(
        "a signature beside a time",
        f"{_SIGNATURE}|{_EXPIRY}",
        marks=(rf"(?:{_SIGNATURE})=[\w%+/=.:~-]{{10,}}", rf"(?:{_EXPIRY})=1[0-9]{{9}}(?:[0-9]{{3}})?"),
    ),
    # What all that sign like S3's V2 have in common, should the key id be missing or under an unknown name.
    SigningScheme("like S3 SigV2", f"{_LIKE_V2}|security-token", marks=("expires=[0-9]+", "signature=.+")),
)
"""Schemes by which vendors sign URLs. Names that others use too (``policy``, ``q-…``, ``sv``, ``token``, ``sign``)
count only beside a vendor's own marks. Processing parameters (``x-oss-process``) are part of what a URL means."""

_MINUTE = r"20[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9][0-2][0-9][0-5][0-9](?:[0-5][0-9])?"
_SECOND = r"(?:1[0-9]{9}|[5-7][0-9a-f]{7})"

_SIGNED_PATHS = (
    # Alibaba, Tencent, Huawei, Volcengine and Baidu CDN, kinds B and C: a time and a hash before the file's path.
    rf"^/(?:{_MINUTE}|1[0-9]{{9}})/(?P<secret>[0-9a-f]{{32}}|[0-9a-f]{{64}})(?=/)",
    rf"^(?:/disk)?/(?P<secret>[0-9a-f]{{32}}|[0-9a-f]{{64}})/{_SECOND}(?=/)",
    # CDN77, CacheFly.
    r"^/(?P<secret>[\w-]{20,}={0,2}),1[0-9]{9}(?=/)",
    r"^/ps_ttl:[0-9]+:(?P<secret>[0-9a-f]{32})(?=/)",
    # Vimeo, Thumbor, Kaltura.
    r"^/1[0-9]{9}-0x(?P<secret>[0-9a-f]{40})(?=/)",
    r"^/(?P<secret>[\w-]{27}=)(?=/)",
    r"/ks/(?P<secret>dj[JF]8[\w-]{20,})(?=/)",
    # Akamai, Bunny, Cloudinary, Oracle.
    r"/(?:\w+=)?(?:st=[0-9]+~)?exp=[0-9]+~[^?#]*?(?P<secret>hmac=[0-9a-f]+)(?=/)",
    r"/bcdn_(?P<secret>token=[^/]+)(?=/)",
    r"/s--(?P<secret>[\w-]{8,})--(?=/)",
    r"/p/(?P<secret>[\w-]{20,})(?=/n/[^/]+/b/)",
)
"""Parts of paths that sign."""

TOKEN_IN_PATH = re.compile(r"/(?P<secret>eyJ[\w-]+\.[\w-]+\.[\w-]+)(?=/|$)")
"""A JSON Web Token, which may be all that names the file."""

_SECRET_PATHS = (
    # nginx: as likely a file's own id.
    rf"/(?P<secret>[\w-]{{22}})/{_SECOND}(?=/)",
    # Telegram, Dropbox, OneDrive, Box, Airtable: these name the file as well.
    r"^/(?:file/)?bot\d+:(?P<secret>[\w-]{20,})(?=/)",
    r"^/cd/0/(?:get|inline)/(?P<secret>[\w-]{30,})(?=/|$)",
    r"^/y4m(?P<secret>[\w-]{30,})(?=/|$)",
    r"^/d/1/b1!(?P<secret>[\w!.-]{30,})(?=/|$)",
    r"^/v3/u/\d+/\d+/1[0-9]{12}/(?P<secret>[\w/-]{20,})(?=/)",
)
"""Parts of paths that let whoever knows them read the file, and that differ from one file to the next."""

_MAY_BE_SIGNED = re.compile(r"[\w!.-]{13}|[=~]|--")
"""Text that each of these patterns needs."""


def signed_paths(path: str) -> tuple[re.Pattern[str], ...]:
    """Return patterns of parts that sign a path; none, and nothing is compiled, if the path cannot contain one."""
    return _compiled(_SIGNED_PATHS, re.IGNORECASE) if _MAY_BE_SIGNED.search(path) else ()


def secret_paths(path: str) -> tuple[re.Pattern[str], ...]:
    """Return patterns of parts of a path that let whoever knows them read the file; see :func:`signed_paths`."""
    return (TOKEN_IN_PATH, *(_compiled(_SECRET_PATHS) if _MAY_BE_SIGNED.search(path) else ()))


@cache
def _compiled(patterns: tuple[str, ...], flags: int = 0) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, flags) for pattern in patterns)
