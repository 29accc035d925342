"""How vendors sign URLs: the table that ``signed_urls`` uses, for digests and for redaction."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class SigningScheme:
    """How one vendor signs a URL.

    :param marks: patterns of ``name=value``; the scheme is recognised if each of them matches a query parameter
    :param parameters: pattern of the names that signing adds, which differ from one signature to the next
    :param host: pattern of the hosts where alone the scheme is recognised; default: any
    :param path: the same of paths
    """

    vendor: str
    marks: tuple[re.Pattern[str], ...]
    parameters: re.Pattern[str]
    host: re.Pattern[str] | None = None
    path: re.Pattern[str] | None = None

    def signs(self, host: str, path: str, pairs: Iterable[tuple[str, str]]) -> bool:
        """Return whether a URL with this host, path and query parameters is signed in this way."""
        if self.host is not None and not self.host.fullmatch(host):
            return False
        if self.path is not None and not self.path.fullmatch(path):
            return False
        texts = [f"{name}={value}" for name, value in pairs]
        return all(any(mark.fullmatch(text) for text in texts) for mark in self.marks)


def _scheme(
    vendor: str,
    parameters: str,
    *,
    marks: tuple[str, ...] = (),
    host: str | None = None,
    path: str | None = None,
) -> SigningScheme:
    # Without marks, the names themselves belong to the vendor alone.
    flags = re.IGNORECASE | re.DOTALL
    return SigningScheme(
        vendor,
        tuple(re.compile(mark, flags) for mark in marks or (f"(?:{parameters})=.*",)),
        re.compile(parameters, flags),
        None if host is None else re.compile(host, flags),
        None if path is None else re.compile(path, flags),
    )


_V4 = "algorithm|credential|date|expires|signedheaders|signedqueries|signature|security-token|content-sha256"
_LIKE_V2 = "expires|signature"
_SIGNATURE = "sig|sign|signature|hmac"
_EXPIRY = "expires?|exp|expiry|expires?_?at|expirationtimestamp|deadline"
_NAMELESS = (
    r"(?=[\w-]*[g-zG-Z])(?=[\w-]*[0-9])[\w-]{32,}|(?![0-9a-f]{40}(?:[0-9a-f]{24})?(?:=|$))[0-9a-f]{33,}"
)
"""A long parameter without a value, which is no digest of the file; beside the file's own name in the path."""

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
        # Without a version before 2012.
        marks=("sig=.*", "sv=[0-9]{4}.*|se=[0-9]{4}-.*"),
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
    _scheme("Alibaba Cloud VOD", "mtshlsuritoken"),
    _scheme(
        "Huawei Cloud CDN C2",
        "auth_key|time(?:stamp)?",
        marks=("auth_key=[0-9a-f]{32,64}", "time(?:stamp)?=.+"),
    ),
    _scheme("Huawei Cloud live, encrypted", "auth_info"),
    _scheme(
        "Tencent Cloud VOD", "t|exper|rlimit|us|sign", marks=("us=.+", "t=[0-9a-f]{8}", "sign=[0-9a-f]{32}")
    ),
    _scheme("Bilibili", "deadline|upsig", marks=("upsig=.+",)),
    _scheme("imgix", "s|expires", marks=("s=[0-9a-f]{32}",), host=r".*\.imgix\.net"),
    _scheme("imgix, under another name", "s|expires", marks=("s=[0-9a-f]{32}", "expires=[0-9]{10}")),
    _scheme("ImageKit", "ik-[st]", marks=("ik-s=.+",)),
    _scheme("Facebook", "oh|oe", marks=("oh=.+", "oe=[0-9a-f]{8}")),
    _scheme("Cloudflare Images, JW Player", "exp|sig", marks=("exp=[0-9]{10}", "sig=.+")),
    _scheme("Vimeo", "exp|hmac", marks=("exp=[0-9]{10}", "hmac=.+")),
    _scheme("Firebase", "token", marks=("alt=media", "token=[0-9a-f-]{20,}")),
    _scheme("Dropbox", "rlkey|st", marks=("rlkey=.+",)),
    _scheme("Wowza", "wowzatoken(?:hash|starttime|endtime)", marks=("wowzatokenhash=.+",)),
    _scheme("Nimble", "wmsauthsign"),
    _scheme("Edgio", "ec_token"),
    _scheme("CDN77", "secure", marks=(r"secure=[\w-]{20,}={0,2},[0-9]{10}",)),
    _scheme("nginx, Gcore", "md5|expires", marks=(r"md5=[\w-]{20,}", "expires=[0-9]{10}")),
    _scheme("nginx, in short", "st|e", marks=(r"st=[\w-]{20,}", "e=[0-9]{10}")),
    _scheme("Kingsoft CDN", "k|t", marks=("k=[0-9a-f]{32}", "t=[0-9]{10}")),
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
    _scheme("Alibaba Cloud OSS V2", "x-oss-access-key-id|security-token", marks=("x-oss-signature=.+",)),
    _scheme("OpenStack Swift", "temp_url_(?:sig|expires)", marks=("temp_url_sig=.+",)),
    _scheme("Lumen", "encoded|hash|token|[se]time", marks=("encoded=0?[0-9a-f]{20}", r"[se]time=\d{14}")),
    _scheme("Lumen V2", "hash|token|nv[ab]", marks=("(?:hash|token)=[0-9a-f]{20,}", r"nv[ab]=\d{10,14}")),
    _scheme("Lumen, in one parameter", "token", marks=(r"token=(?:.*~)?nv[ab]=\d+~.*hash=.*",)),
    _scheme("Limelight", "h|e|cf", marks=("h=[0-9a-f]{32}", "e=[0-9]{10}")),
    _scheme(
        "CacheFly, Leaseweb", "token|signature|ttl", marks=("(?:token|signature)=.{20,}", "ttl=[0-9]{10}")
    ),
    _scheme("nginx, by HMAC", "st|ts|e", marks=(r"st=[\w-]{20,}", "ts=[0-9]{10}", "e=[0-9]+")),
    _scheme("Flussonic", "token", marks=(r"token=[0-9a-f]{40}-.+-\d{10}(?:-\d{10})?",)),
    _scheme("Cloudinary, Brightcove, Kaltura", "__cld_token__|bcov_auth|fastly_token"),
    _scheme("Kaltura", "ks", marks=(r"ks=(?:djJ8|djF8|[\w-]{60,}).*",)),
    _scheme("Discord", "ex|is|hm", marks=("hm=[0-9a-f]{64}", "ex=[0-9a-f]{8}")),
    _scheme("Vimeo, by profile", "s", marks=("s=[0-9a-f]{40}", r"profile_id=\d+")),
    _scheme("Youku, Tencent Video", "vkey|psid|expire", marks=(r"vkey=[\w%+/=-]{20,}",)),
    _scheme("Sina", "ssig|expires", marks=("ssig=.+",)),
    _scheme("Douyu", "wsauth"),
    _scheme("iQIYI", "dis_[kt]", marks=("dis_k=[0-9a-f]{32}",)),
    _scheme("Twitch", "sig|token", marks=("sig=[0-9a-f]{40}", r"token=\{.*")),
    _scheme("GitHub", "token", host=r"raw\.githubusercontent\.com"),
    # Whoever holds an access token may read many files: it never names one.
    _scheme("OAuth", "(?:access|oauth|private|job)_token"),
    _scheme(
        "Edgio, without a name",
        _NAMELESS,
        marks=(f"(?:{_NAMELESS})=",),
        path=r".*\.[A-Za-z0-9]{2,4}",
    ),
    _scheme(
        "a signature beside a time",
        f"{_SIGNATURE}|{_EXPIRY}",
        marks=(rf"(?:{_SIGNATURE})=[\w%+/=.:~-]{{10,}}", rf"(?:{_EXPIRY})=1[0-9]{{9}}(?:[0-9]{{3}})?"),
    ),
    # What all that sign like S3's V2 have in common, should the key id be missing or under an unknown name.
    _scheme("like S3 SigV2", f"{_LIKE_V2}|security-token", marks=("expires=[0-9]+", "signature=.+")),
)
"""How vendors sign URLs. Names that others use too (``policy``, ``q-…``, ``sv``, ``token``, ``sign``) count only
beside a vendor's own marks. Processing parameters (``x-oss-process``) are part of what a URL means."""

_MINUTE = r"20[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9][0-2][0-9][0-5][0-9](?:[0-5][0-9])?"
_SECOND = r"(?:1[0-9]{9}|[5-7][0-9a-f]{7})"

SIGNED_PATHS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
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
)
"""Parts of paths that sign."""

TOKEN_IN_PATH = re.compile(r"/(?P<secret>eyJ[\w-]+\.[\w-]+\.[\w-]+)(?=/|$)")
"""A JSON Web Token, which may be all that names the file."""

SECRET_PATHS = (
    TOKEN_IN_PATH,
    # nginx: as likely a file's own id.
    re.compile(rf"/(?P<secret>[\w-]{{22}})/{_SECOND}(?=/)"),
    # Telegram, Dropbox, OneDrive, Box, Airtable: these name the file as well.
    re.compile(r"^/(?:file/)?bot\d+:(?P<secret>[\w-]{20,})(?=/)"),
    re.compile(r"^/cd/0/(?:get|inline)/(?P<secret>[\w-]{30,})(?=/|$)"),
    re.compile(r"^/y4m(?P<secret>[\w-]{30,})(?=/|$)"),
    re.compile(r"^/d/1/b1!(?P<secret>[\w!.-]{30,})(?=/|$)"),
    re.compile(r"^/v3/u/\d+/\d+/1[0-9]{12}/(?P<secret>[\w/-]{20,})(?=/)"),
)
"""Parts of paths that let whoever knows them read the file, and that differ from one file to the next."""
