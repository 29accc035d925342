"""Signing parameters leave a URL's stable form, and credentials leave messages; Airflow masks what is private."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings, strategies as st

from airflow_provider_viapi.presigned_url_schemes import SIGNING_SCHEMES
from airflow_provider_viapi.presigned_urls import stable_url
from airflow_provider_viapi.redaction import describe_error, find_secrets, redact_text, redact_url

# Parameters that each vendor's signing adds; {s} differs from one signing to the next and is secret, {n} is a time.
SIGNED_BY = {
    "OSS V1": "Expires={n}&OSSAccessKeyId=LTAI{s}&Signature={s}",
    "OSS V1, temporary key": "Expires={n}&OSSAccessKeyId=STS.{s}&Signature={s}&security-token={s}",
    "OSS V4": "x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date={n}&x-oss-expires=60"
    "&x-oss-credential=LTAI{s}%2F20260101&x-oss-signature={s}&x-oss-security-token={s}",
    "S3 SigV2": "AWSAccessKeyId=AKIA{s}&Expires={n}&Signature={s}&x-amz-security-token={s}",
    "S3 SigV4": "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA{s}%2F2026&X-Amz-Date={n}"
    "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Security-Token={s}&X-Amz-Signature={s}",
    "GCS V2": "GoogleAccessId=me%40{s}&Expires={n}&Signature={s}",
    "GCS V4": "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential={s}&X-Goog-Date={n}&X-Goog-Expires=60"
    "&X-Goog-SignedHeaders=host&X-Goog-Signature={s}",
    "Azure": "sv=2024-11-04&st={n}&se={n}&sr=b&sp=r&spr=https&sig={s}",
    "Azure, user delegation": "sv=2024-11-04&se={n}&sr=b&sp=r&skoid={n}&sktid={n}&skt={n}&ske={n}&sks=b&skv=2024"
    "&sig={s}",
    "CloudFront, canned": "Expires={n}&Signature={s}&Key-Pair-Id=K{s}",
    "CloudFront, custom": "Policy=ey{s}&Signature={s}&Key-Pair-Id=K{s}",
    "Alibaba CDN": "auth_key={n}-0-0-{s}",
    "OBS": "AccessKeyId=AK{s}&Expires={n}&Signature={s}",
    "OBS, temporary key": "AccessKeyId=AK{s}&Expires={n}&x-obs-security-token={s}&Signature={s}",
    "OBS, policy": "AccessKeyId=AK{s}&Policy=ey{s}&Signature={s}",
    "COS": "q-sign-algorithm=sha1&q-ak=AKID{s}&q-sign-time={n};{n}&q-key-time={n};{n}&q-header-list=host"
    "&q-url-param-list=&q-signature={s}",
    "COS, temporary key": "q-sign-algorithm=sha1&q-ak=AKID{s}&q-sign-time={n};{n}&q-key-time={n};{n}"
    "&q-header-list=host&q-url-param-list=&q-signature={s}&x-cos-security-token={s}",
    "COS, in one parameter": "sign=q-sign-algorithm%3Dsha1%26q-ak%3DAKID{s}%26q-signature%3D{s}",
    "TOS": "X-Tos-Algorithm=TOS4-HMAC-SHA256&X-Tos-Credential=AK{s}&X-Tos-Date={n}&X-Tos-Expires=60"
    "&X-Tos-SignedHeaders=host&X-Tos-Security-Token={s}&X-Tos-Signature={s}",
    "BOS": "authorization=bce-auth-v1%2F{s}%2F2026-01-01T00%3A00%3A00Z%2F60%2F%2F{s}",
    "BOS, temporary key": "authorization=bce-auth-v1%2F{s}%2F2026%2F60%2F%2F{s}&x-bce-security-token={s}",
    "Qiniu": "e={n}&token=ak{s}:{s}",
    "KS3": "KSSAccessKeyId=AK{s}&Expires={n}&Signature={s}",
    "B2": "Authorization=3_20260101_{s}_dnld",
    "Akamai": "hdnts=st={n}~exp={n}~acl=/*~hmac={s}",
    "Akamai, under another name": "token=exp={n}~acl=/*~hmac={s}",
    "Tencent live": "txSecret={s}&txTime=6{n}",
    "Huawei live": "hwSecret={s}&hwTime=6{n}",
    "Volcengine live": "volcSecret={s}&volcTime={n}",
    "Wangsu": "wsSecret={s}&wsTime={n}",
    "Volcengine CDN": "x-expires={n}&x-signature={s}",
    "Bunny CDN": "token={s}&expires={n}",
    "Fastly": "token={n}_{s}{s}",
    "Cloudflare": "verify={n}-{s}",
    "SharePoint": "tempauth=v1.{s}",
    "JSON Web Token": "token=eyJ{s}.eyJ{s}.{s}",
    "Alibaba VOD": "auth_key={n}-0-0-{s}&MtsHlsUriToken={s}",
    "Azure, before versions": "se=2026-01-01T{n}&sr=b&sp=r&sig={s}",
    "Huawei CDN C2": "auth_key={s}&timestamp={n}",
    "Huawei live, encrypted": "auth_info={s}.{s}",
    "Tencent VOD": "t=6a{n:.6}&us={s}&sign={s}",
    "S3 SigV4, Express": "X-Amz-S3session-Token={s}&X-Amz-Algorithm=AWS4&X-Amz-Credential=AK{s}&X-Amz-Date={n}"
    "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={s}",
    "imgix": "expires={n}&s={s}",
    "ImageKit": "ik-t={n}&ik-s={s}{s}",
    "Facebook": "oh={s}&oe=6A{n:.6}",
    "Cloudflare Images": "exp={n}&sig={s}",
    "Vimeo": "exp={n}&hmac={s}",
    "Dropbox": "rlkey={s}&st={s}",
    "Wowza": "wowzatokenhash={s}&wowzatokenendtime={n}",
    "Bilibili": "deadline={n}&upsig={s}",
    "Kingsoft CDN": "k={s}&t={n}",
    "CDN77": "secure={s},{n}",
    "nginx": "md5={s}&expires={n}",
    "nginx, in short": "st={s}&e={n}",
    "OSS V2": "x-oss-signature-version=OSS2&x-oss-access-key-id=LTAI{s}&x-oss-expires={n}&x-oss-signature={s}"
    "&security-token={s}",
    "Swift": "temp_url_sig={s}&temp_url_expires={n}",
    "Lumen": "stime={n}0000&etime={n}0000&encoded=0{s:.20}&token={s}",
    "Lumen V2": "nva={n}&hash=0{s}",
    "Lumen, in one parameter": "token=nva={n}~dirs=2~hash=0{s}",
    "Limelight": "e={n}&h={s}",
    "CacheFly": "ttl={n}&token={s}",
    "Leaseweb": "ttl={n}&signature={s}",
    "nginx, by HMAC": "st={s}&ts={n}&e=3600",
    "Flussonic": "token={s}{s:.8}-{s}-{n}",
    "Cloudinary": "__cld_token__=exp={n}~hmac={s}",
    "Brightcove": "fastly_token={s}{s}",
    "Kaltura": "ks=djJ8{s}",
    "Discord": "ex=6a{n:.6}&is=6a{n:.6}&hm={s}{s}",
    "Youku": "expire=18000&psid={s}&vkey={s}",
    "Sina": "Expires={n}&ssig={s}",
    "Douyu": "wsAuth={s}",
    "iQIYI": "dis_k={s}&dis_t={n}",
    "Twitch": "sig={s}{s:.8}&token=%7B%22expires%22%3A{n}%7D",
    "OAuth": "access_token=ya29.{s}",
    "Edgio, without a name": "z{s}z",
    "Edgio, in hexadecimal": "{s}{s}{s}",
    "a signature beside a time": "expires={n}&sign={s}",
    "a signature beside milliseconds": "expirationTimestamp={n}000&signature={s}",
    "capital letters": "EXPIRES={n}&OSSACCESSKEYID=LTAI{s}&SIGNATURE={s}",
}
BASES = ("https://media.example/a.mp4", "http://bucket.example:8080/folder/%E4%B8%AD.mp4")

# A hash without a letter does not occur.
signatures = st.text("0123456789abcdef", min_size=31, max_size=31).map(lambda digits: f"{digits}f")
times = st.integers(1_600_000_000, 1_900_000_000)
own_parameters = st.dictionaries(
    st.sampled_from(
        ["versionId", "response-content-type", "x-oss-process", "policy", "page", "q-name", "sr"]
    ),
    st.text("abcXYZ019/,_", max_size=8),
    max_size=3,
)


def sign(url: str, vendor: str, signature: str, moment: int) -> str:
    added = SIGNED_BY[vendor].format(s=signature, n=str(moment))
    return f"{url}{'&' if '?' in url else '?'}{added}"


def with_parameters(url: str, parameters: dict[str, str]) -> str:
    query = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    return f"{url}?{query}" if query else url


@pytest.mark.parametrize("vendor", SIGNED_BY)
@settings(max_examples=10)
@given(
    base=st.sampled_from(BASES),
    own=own_parameters,
    first=signatures,
    second=signatures,
    at=times,
    later=times,
)
def test_the_stable_form_of_a_url_does_not_depend_on_its_signature(
    vendor: str, base: str, own: dict[str, str], first: str, second: str, at: int, later: int
) -> None:
    # CloudFront's and OBS's own "policy", and Azure's "sr", are signing parameters beside those vendors' marks.
    url = with_parameters(base, {name: own[name] for name in own if name not in ("policy", "sr")})

    assert (
        stable_url(sign(url, vendor, first, at))
        == stable_url(sign(url, vendor, second, later))
        == stable_url(url)
    )


@pytest.mark.parametrize("vendor", SIGNED_BY)
@settings(max_examples=10)
@given(own=own_parameters, other=own_parameters, signature=signatures, at=times)
def test_signed_urls_of_different_objects_stay_different(
    vendor: str, own: dict[str, str], other: dict[str, str], signature: str, at: int
) -> None:
    own, other = ({n: v for n, v in each.items() if n not in ("policy", "sr")} for each in (own, other))
    one, two = with_parameters(BASES[0], own), with_parameters(BASES[0], other)

    same = stable_url(sign(one, vendor, signature, at)) == stable_url(sign(two, vendor, signature, at))
    assert same == (own == other)


SIGNED_PATHS = {
    "Firebase": "https://storage.example/v0/b/bucket/o/film.mp4?alt=media&token={s}",
    "CDN, kind B": "https://cdn.example/202601{d}1200/{s}/dir/film.mp4?a=1",
    "CDN, kind B, with seconds": "https://cdn.example/17{d}000000/{s}{s}/dir/film.mp4?a=1",
    "CDN, kind C": "https://cdn.example/{s}/6a{d}ab12/dir/film.mp4?a=1",
    "Akamai": "https://cdn.example/hdntl=exp=17{d}000000~acl=%2f*~hmac={s}/dir/film.mp4?a=1",
    "Bunny": "https://cdn.example/bcdn_token={s}&expires=17{d}000000&token_path=%2F/dir/film.mp4?a=1",
    "Cloudinary": "https://cdn.example/demo/authenticated/s--{s}--/dir/film.mp4?a=1",
    "Oracle": "https://objectstorage.example/p/{s}/n/ns/b/bucket/o/film.mp4?a=1",
    "NetEase": "https://cdn.example/202601{d}120000/{s}/dir/film.mp4?a=1",
    "Yandex": "https://cdn.example/disk/{s}{s}/6a{d}ab12/dir/film.mp4?a=1",
    "CDN77": "https://cdn.example/{s}==,17{d}000000/dir/film.mp4?a=1",
    "CacheFly": "https://cdn.example/ps_ttl:17{d}000000:{s}/dir/film.mp4?a=1",
    "Vimeo": "https://cdn.example/17{d}000000-0x{s}12345678/dir/film.mp4?a=1",
    "Vimeo, by profile": "https://cdn.example/film.mp4?s={s}12345678&profile_id=175",
    "Kaltura": "https://cdn.example/format/url/ks/djJ8{s}/dir/film.mp4?a=1",
    "SRT of Tencent": "srt://push.example:9000?streamid=#!::h=push.example,r=live/s,txSecret={s},txTime=6a{d}ab12",
    "SRT of Alibaba": "srt://push.example:1105?streamid=#!::h=push.example,r=/a/s?auth_key=17{d}-0-0-{s},m=publish",
    "inside another": "https://proxy.example/get?url=https%3A%2F%2Fb.example%2Fa.mp4%3FExpires%3D17{d}000000"
    "%26OSSAccessKeyId%3Dk%26Signature%3D{s}",
}


@pytest.mark.parametrize("form", SIGNED_PATHS.values(), ids=SIGNED_PATHS)
def test_signatures_outside_the_query_are_left_out_and_redacted(form: str) -> None:
    one, two = form.format(s="1a" * 16, d="12"), form.format(s="2b" * 16, d="27")

    assert stable_url(one) == stable_url(two)
    assert stable_url(one) != stable_url(
        one.replace("film", "other").replace("a.mp4", "b.mp4").replace("/s", "/t")
    )
    assert "1a" * 16 not in redact_url(one)
    assert "1a" * 16 not in redact_text(f"cannot fetch '{one}', HTTP 403")


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example/film.mp4?{s}",
        "https://cdn.example/film.mp4?{s}&page=2",
        "https://cdn.example/film.mp4?hash={s}",
        "https://cdn.example/film.mp4?camHash={s}&camEndTime=1790000000",
        "https://cdn.example/film.mp4?key={s}&t=1790000000",
        "https://cdn.example/film.mp4?t=xoxe-1-{s}",
        "https://cdn.example/film.mp4?lsig={s}",
        "https://cdn.example/film.mp4?pkey={s}",
        "https://cdn.example/film.mp4?encfilekey={s}",
        "https://cdn.example/film.mp4?subscription-key={s}",
        "https://cdn.example/film.mp4?code={s}",
        "https://cdn.example/film.mp4?auth={s}",
        "https://cdn.example/film.mp4?mac={s}&exp=1790000000",
        "https://cdn.example/rec?pwd={s}",
        "https://cdn.example/s/{s:.22}/1790000000/film.mp4",
        "https://api.example/file/bot1234567890:{s}/film.mp4",
        "https://uc1.example/cd/0/get/{s}/file",
        "https://public.example/y4m{s}/film.mp4",
        "https://dl.example/d/1/b1!{s}/download",
        "https://v5.example/v3/u/1/1/1790000000000/{s}/film.mp4",
    ],
)
def test_what_may_sign_is_redacted_and_masked_but_makes_another_request(url: str) -> None:
    one, other = url.format(s="1aZ0" * 8), url.format(s="2bZ0" * 8)
    secret = "1aZ0" * 5

    assert secret not in redact_url(one)
    assert secret not in redact_text(f"cannot fetch '{one}', HTTP 403")
    assert any(secret in found for found in find_secrets({"VideoUrl": one}))
    assert redact_url(one).startswith(f"https://{one.split('/')[2]}/")
    # A parameter without a name signs only as a whole query beside the name of a file.
    assert stable_url(one) != stable_url(other) or "?1aZ0" in one


def test_a_signature_inside_another_address_is_masked_as_it_is_written_there_and_decoded() -> None:
    outer = "https://proxy.example/get?u=https%3A%2F%2Fb.example%2Fa%3Fsv%3D2024-11-04%26se%3D2026%26sig%3Dab%252B12345"

    assert {"ab%2B12345", "ab%252B12345", "ab+12345"} <= set(find_secrets({"VideoUrl": outer}))


def test_a_token_that_names_the_file_is_part_of_what_a_url_means() -> None:
    def token(**claims: Any) -> str:
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return f"eyJhbGciOiJIUzI1NiJ9.{payload}.{'ab' * 20}{claims['exp']}"

    for form in ("https://h/get?token={}", "https://h/{}/manifest/video.mpd"):
        first, again, other = (
            stable_url(form.format(token(sub=sub, exp=exp))) for sub, exp in (("a", 1), ("a", 2), ("b", 1))
        )
        assert first == again != other
        assert "ab" * 20 not in redact_text(form.format(token(sub="a", exp=1)))
        # A token that holds only times says nothing about the file.
        assert stable_url(form.format(token(exp=1))) == stable_url(form.format(token(exp=2)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://shop/film?name=%D6%D0", "https://shop/film?name=%B9%FA"),
        (
            "https://shop/film?hash=" + "1a" * 16 + "&t=1790000000",
            "https://shop/film?hash=" + "2b" * 16 + "&t=1790000000",
        ),
        ("https://shop/film?s=" + "1a" * 16, "https://shop/film?s=" + "2b" * 16),
        ("https://shop/get?" + "1az" * 16, "https://shop/get?" + "2bz" * 16),
        ("https://shop/film.mp4?" + "1a" * 32, "https://shop/film.mp4?" + "2b" * 32),
        ("https://shop/get.php?" + "1az" * 16, "https://shop/get.php?" + "2bz" * 16),
        ("https://shop/get.aspx?" + "1az" * 16, "https://shop/get.aspx?" + "2bz" * 16),
        (
            "https://shop/film.mp4?t=5f000000&exper=60&us=a&sign=" + "1a" * 16,
            "https://shop/film.mp4?t=5f000000&exper=300&us=a&sign=" + "1a" * 16,
        ),
        (
            "https://shop/film?ts=1790000000&sign=abcdefghijk",
            "https://shop/film?ts=1790000001&sign=abcdefghijk",
        ),
        (
            "https://shop/film?key=" + "1a" * 16 + "&t=1790000000",
            "https://shop/film?key=" + "2b" * 16 + "&t=1790000000",
        ),
        (
            "https://shop/1aZ0-1aZ0-1aZ0-1aZ0-ab/1790000000/a",
            "https://shop/2aZ0-1aZ0-1aZ0-1aZ0-ab/1790000000/a",
        ),
        ("https://shop/ks/folder-of-many-films-1/a", "https://shop/ks/folder-of-many-films-2/a"),
        ("https://shop/" + "1a" * 16 + "/film.mp4", "https://shop/" + "2b" * 16 + "/film.mp4"),
        ("https://shop/get?url=http://a/1.mp4", "https://shop/get?url=http://a/2.mp4"),
        ("https://shop/film?policy=gold", "https://shop/film?policy=silver"),
        ("https://shop/film?q-name=cats", "https://shop/film?q-name=dogs"),
        ("https://shop/film?token=1", "https://shop/film?token=2"),
        ("https://shop/film?sign=leo", "https://shop/film?sign=virgo"),
        ("https://shop/film?e=1&t=2", "https://shop/film?e=2&t=2"),
        ("https://shop/film?expires=never", "https://shop/film?expires=soon"),
        ("https://shop/film?authorization=public", "https://shop/film?authorization=private"),
        ("https://shop/film?verify=yes", "https://shop/film?verify=no"),
        ("https://shop/film?token=eyes", "https://shop/film?token=ears"),
        ("https://shop/film?token=abc&expires=soon", "https://shop/film?token=abc&expires=late"),
        ("https://shop/film?sv=1&sig=a", "https://shop/film?sv=1&sig=b"),
        ("https://shop/film?q-sign-time=1", "https://shop/film?q-sign-time=2"),
        ("https://shop/film?key-pair=1&policy=a", "https://shop/film?key-pair=1&policy=b"),
        ("https://shop/film?wsTime=1", "https://shop/film?wsTime=2"),
        ("https://oss/a?x-oss-process=image/resize,w_1&x-oss-date=1", "https://oss/a?x-oss-date=1"),
        ("https://oss/a.mp4", "https://oss/A.mp4"),
        ("https://oss/a.mp4", "http://oss/a.mp4"),
        ("https://oss/a.mp4", "https://oss:8443/a.mp4"),
        ("https://oss/a.mp4?a=1&a=2", "https://oss/a.mp4?a=2&a=1"),
    ],
)
def test_parameters_without_a_vendors_marks_make_another_request(one: str, other: str) -> None:
    assert stable_url(one) != stable_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTPS://OSS.example/a.mp4?Expires=1&OSSAccessKeyId=k&Signature=s", "https://oss.example/a.mp4"),
        ("https://oss.example:443/a.mp4", "https://oss.example/a.mp4"),
        ("https://u:first@oss.example/a.mp4", "https://u:second@oss.example/a.mp4"),
        ("https://oss/a.mp4?b=2&a=1", "https://oss/a.mp4?a=1&b=2"),
    ],
)
def test_the_stable_form_ignores_case_of_the_host_passwords_and_order(one: str, other: str) -> None:
    assert stable_url(one) == stable_url(other)


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://h:port/a", "https://h/?%zz=%", "https://h/\ud800?a=\ud800"]
)
def test_the_stable_form_of_odd_urls_is_a_json_value(url: str) -> None:
    assert json.dumps(stable_url(url))


@pytest.mark.parametrize("vendor", SIGNED_BY)
@settings(max_examples=10)
@given(base=st.sampled_from(BASES), signature=signatures, at=times)
def test_no_vendors_signature_is_left_in_a_redacted_url_or_text(
    base: str, vendor: str, signature: str, at: int
) -> None:
    url = sign(base, vendor, signature, at)

    assert signature not in redact_url(url)
    assert signature not in redact_text(f"InvalidFile.Download: cannot fetch '{url}', HTTP 403")
    assert signature not in redact_text(json.dumps({"Message": f"cannot fetch {url}"}))
    assert signature not in redact_text(f"GET /?VideoUrl={quote(url, safe='')}&Version=1")
    assert base in redact_text(f"InvalidFile.Download: cannot fetch '{url}', HTTP 403")


@pytest.mark.parametrize("vendor", SIGNED_BY)
@settings(max_examples=10)
@given(signature=signatures, at=times)
def test_every_vendors_signature_is_masked(vendor: str, signature: str, at: int) -> None:
    url = sign(BASES[0], vendor, signature, at)

    assert any(signature in secret for secret in find_secrets({"VideoUrl": url}))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no way to https://anna:p@ss#1@host/a?b=c today", "no way to https://***@host/a?b=c today"),
        ("no way to https://ghp_abc1@host/a", "no way to https://***@host/a"),
        ("rtsp://:s3cret@camera:554/1", "rtsp://***@camera:554/1"),
        ("s3://my_conn@bucket/key", "s3://my_conn@bucket/key"),
        ("http://alarms:8443/hook?mail=anna@team:b", "http://alarms:8443/hook?mail=anna@team:b"),
        ("x-acs-security-token:CAIS/to+ken==\nhost:h", "x-acs-security-token:***\nhost:h"),
        ("x-acs-security-token:CAIS/to+ken==\\nhost:h", "x-acs-security-token:***\\nhost:h"),
        (
            "server string to sign is:POST&%2F&AccessKeyId%3DLTAI1%26SecurityToken%3DCAIS%252F%26Version%3D1",
            "server string to sign is:POST&%2F&AccessKeyId%3D***%26SecurityToken%3D***%26Version%3D1",
        ),
        ('{"SecurityToken": "CAIS", "Code": "Success"}', '{"SecurityToken": "***", "Code": "Success"}'),
        ('{\\"AccessKeySecret\\":\\"abc\\"}', '{\\"AccessKeySecret\\":\\"***\\"}'),
        ("{'password': 'abc', 'user': 'anna'}", "{'password': '***', 'user': 'anna'}"),
        ("Authorization: Bearer abc.def rest", "Authorization: Bearer *** rest"),
        (
            "https://h/a.mp4?X-Amz-Expires=60&X-Amz-Signature=ab1",
            "https://h/a.mp4?X-Amz-Expires=60&X-Amz-Signature=***",
        ),
        ("The Signature does not match: check the key", "The Signature does not match: check the key"),
        ("https://shop/film?page=2&lang=zh-CN", "https://shop/film?page=2&lang=zh-CN"),
    ],
)
def test_credentials_in_a_text_are_redacted_and_the_rest_stays_readable(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@pytest.mark.parametrize("vendor", SIGNED_BY)
@pytest.mark.parametrize("backslashes", [1, 2])
def test_an_address_in_which_gson_escaped_characters_is_redacted_like_any_other(
    vendor: str, backslashes: int
) -> None:
    address = f"https://b/a.mp4?{SIGNED_BY[vendor].format(s='0123456789abcdef' * 2, n='1700000000')}"
    text = f'download failed: {{"url":"{address}"}}'
    escaped = text.replace("=", "\\u003d").replace("&", "\\u0026").replace("\\", "\\" * backslashes)

    assert redact_text(escaped) == redact_text(escaped.replace("u003d", "u003D")) == redact_text(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SecurityToken: CAISabc123", "SecurityToken: ***"),
        ("AccessKeySecret: abcdefgh", "AccessKeySecret: ***"),
        ("login: me, password: hunter, wrong", "login: me, password: *** wrong"),
        ("password: hunter2 is wrong", "password: *** is wrong"),
        ("Signature:  abc\nnext", "Signature:  ***\nnext"),
        ("InvalidSecurityToken: The token has expired", "InvalidSecurityToken: The token has expired"),
        ("wrong password: it must be changed", "wrong password: it must be changed"),
    ],
)
def test_a_credential_after_its_name_and_a_blank_is_redacted(text: str, shown: str) -> None:
    assert redact_text(text) == shown


def test_a_large_text_is_redacted_quickly() -> None:
    started = time.process_time()

    for text in ("A" * 3_000_000, "a-" * 1_500_000, "&a=b" * 500_000, "token " * 500_000, "://" * 500_000):
        redact_text(text)
    for text in (
        "password: " * 300_000,
        "password: a" + " " * 1_000_000,
        "\\" * 1_000_000,
        "\\u003d" * 300_000,
    ):
        redact_text(text)

    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("value", "private"),
    [
        ({"Authorization": "Bearer abc.def"}, ["Bearer abc.def", "abc.def"]),
        ({"X-Api-Key": "k3y-of-ours", "Cookie": "session=42a"}, ["k3y-of-ours", "session=42a"]),
        ({"X-Whatever": "83hf-92", "x-auth": "b-17-c"}, ["83hf-92", "b-17-c"]),
        ({"X-Webhook-Secret": "swordfish"}, ["swordfish"]),
        (["Authorization: Basic dXNlcg=="], ["Authorization: Basic dXNlcg==", "dXNlcg=="]),
        ({"Content-Type": "application/json", "Accept": "text/plain", "User-Agent": "lamp/1.0"}, []),
        ({"X-Debug": "false", "X-Stage": "production", "X-Version": "20240101"}, []),
    ],
)
def test_headers_are_private_but_for_those_that_everybody_sends(value: Any, private: list[str]) -> None:
    assert list(find_secrets({"output": {"webhook": {"headers": value}}})) == private


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("rtsp://admin:PASSWORD1@camera/1", ["admin:PASSWORD1", "PASSWORD1"]),
        ("rtsp://:PASSWORD1@camera/1", [":PASSWORD1", "PASSWORD1"]),
        ("rtsp://admin:p@ss#1?@camera:554/1?x=y", ["admin:p@ss#1?", "p@ss#1?"]),
        ("rtsp://admin:a%2Fb-c@camera", ["admin:a%2Fb-c", "admin:a/b-c", "a%2Fb-c", "a/b-c"]),
        ("rtsp://admin:1234@camera", ["admin:1234"]),
        ("https://alarms:8443/hook?mail=anna@team:b", []),
        ("rtsp://camera:554/1", []),
        ("rtsp://admin@camera/1", []),
        ("https://ghp_abc1@alarms/hook", ["ghp_abc1"]),
        ("https://ghp_abc1:@alarms/hook", ["ghp_abc1"]),
        ("rtmps://key_1@push/live", ["key_1"]),
        ("s3://aws_default@media/films/a.mp4", []),
        ("oss://viapi_default@team/", []),
        ("sftp://files_2@folder/a.mp4", []),
        ("s3://key:s3cret-1@media/", ["key:s3cret-1", "s3cret-1"]),
    ],
)
def test_of_an_address_the_password_is_private_alone_and_with_its_user(
    address: str, private: list[str]
) -> None:
    assert list(find_secrets({"input": {"data": [{"url": address}]}})) == private


@pytest.mark.parametrize(
    ("query", "private"),
    [
        ("?site=roof&token=abc-1", ["abc-1"]),
        ("?auth_key=abc-1&apikey=def-2&password=ghi-3", ["abc-1", "def-2", "ghi-3"]),
        ("?AccessKeyId=KEY-7&Expires=1700000000&Signature=a%2Bb%3Dc", ["KEY-7", "a%2Bb%3Dc", "a+b=c"]),
        ("?X-Amz-Credential=KEY-7/2024&X-Amz-Signature=0a1b2c", ["KEY-7/2024", "0a1b2c"]),
        ("?sv=2024-01-01&sig=abc%2F1", ["abc%2F1", "abc/1"]),
        ("?code=zm9-3f2", ["zm9-3f2"]),
        ("#access_token=abc-1", ["abc-1"]),
        ("?code=entrance&sign=exit&auth=false", []),
        ("?page=100000&lang=zh-CN&token=1", []),
    ],
)
def test_of_a_query_what_lets_somebody_in_is_private(query: str, private: list[str]) -> None:
    assert list(find_secrets({"callback_config": {"callback_url": f"https://alarms/hook{query}"}})) == private


def test_addresses_are_found_in_longer_texts() -> None:
    xml = '<source url="rtsp://guard:pass-1@camera/1?a=b&amp;token=abc-2"><name>gate</name></source>'

    assert list(find_secrets([xml])) == ["guard:pass-1", "pass-1", "abc-2"]


def test_what_is_inside_something_private_is_private() -> None:
    request = {
        "room_id": "the-room",
        "output_urls": ["rtmp://push/1"],
        "stream_keys": ["stream-1"],
        "rtc_callback_config": {"key": {"first": "of-two"}, "auth_type": "MSS_A"},
        "secret_key": "abcde",
    }

    assert list(find_secrets(request)) == ["rtmp://push/1", "stream-1", "of-two", "abcde"]


def test_harmless_words_stay_readable() -> None:
    request = {
        "name": "roof",
        "token": "true",
        "key": "1",
        "keyword": "lamps",
        "keys": ["person", "vehicle"],
        "primary_key": "region",
        "monkey": "monkey",
        "header": "Lamps for all",
        "config": {"level": 3, "secret": None, "password": 12345678},
    }

    assert list(find_secrets(request)) == []


def test_nothing_is_found_in_a_large_picture() -> None:
    assert list(find_secrets({"human_image": "A" * 12_000_000})) == []


NAMES = sorted(
    {name for scheme in SIGNING_SCHEMES for mark in scheme.marks for name in re.findall(r"[\w-]+(?==)", mark)}
)
VALUES = ("", "1", "1764400000", "a" * 32, "0" * 40, "bce-auth-v1/x", "2024-11-04", "media", "exp=1~hmac=0")


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4), st.booleans())
def test_a_scheme_is_recognised_by_all_of_its_marks(pairs: list[tuple[str, str]], upper: bool) -> None:
    if upper:
        pairs = [(name.upper(), value) for name, value in pairs]
    texts = [f"{name}={value}" for name, value in pairs]
    for scheme in SIGNING_SCHEMES:
        if scheme.marks and scheme.host is None and scheme.path is None:
            expected = all(
                any(re.fullmatch(mark, text, re.IGNORECASE | re.DOTALL) for text in texts)
                for mark in scheme.marks
            )
            assert scheme.signs("h", "/p", pairs) is expected, scheme.vendor


def test_an_address_that_a_library_quotes_is_shown_without_its_query() -> None:
    quoted = "403 for https://user:p4ss@b.test/a?sv=2024-11-04&sig=s3cr3t-value&name=Ann, retried"

    assert describe_error(OSError(quoted)) == "OSError: 403 for https://***@b.test/a?*** retried"


def test_the_text_of_an_error_is_of_limited_length() -> None:
    assert len(describe_error(ValueError("x" * 10_000))) < 600
