"""The object storage over HTTP: objects in buckets, put, read, listed and deleted."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from email.utils import formatdate
from hashlib import md5
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.emulator.storage.auth import StorageRequest
from airflow_provider_viapi.emulator.storage.signature_v1 import presign
from emulator.clock import Clock

KEY = AccessKey()
SUBRESOURCES = ("acl", "continuation-token", "partNumber", "uploadId", "uploads")


class Bucket:
    """A bucket, and an account that signs its requests for it with V1."""

    def __init__(self, url: str, clock: Clock, name: str = "team") -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self.clock, self.name, self.key = clock, name, KEY

    def ask(
        self,
        method: str,
        key: str = "",
        content: bytes = b"",
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> httpx.Response:
        asked = {name.replace("_", "-"): value for name, value in query.items()}
        sent = {"date": formatdate(self.clock(), usegmt=True), **(headers or {})}
        signed = sorted((name, value) for name, value in asked.items() if name in SUBRESOURCES)
        rest = "&".join(f"{name}={value}" if value else name for name, value in signed)
        own = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent) if name.startswith("x-oss-"))
        text = (
            f"{method}\n{sent.get('content-md5', '')}\n{sent.get('content-type', '')}\n{sent['date']}\n"
            f"{own}/{self.name}/{key}{'?' if rest else ''}{rest}"
        )
        proof = base64.b64encode(hmac.digest(self.key.secret.encode(), text.encode(), "sha1")).decode()
        sent["authorization"] = f"OSS {self.key.id}:{proof}"
        return self.http.request(
            method, f"/{self.name}/{key}", params=asked, content=content or None, headers=sent
        )

    def keys(self, **query: str) -> list[str]:
        document = ElementTree.fromstring(self.ask("GET", list_type="2", **query).content)
        return [found.text or "" for found in (*document.iter("Key"), *document.findall("*/Prefix"))]


@pytest.fixture
def bucket(emulator: EmulatorServer, clock: Clock) -> Iterator[Bucket]:
    bucket = Bucket(emulator.url, clock)
    yield bucket
    bucket.http.close()


def error(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, ElementTree.fromstring(answer.content).findtext("Code")


def test_an_object_has_the_content_and_headers_of_its_upload(bucket: Bucket) -> None:
    put = bucket.ask("PUT", "films/影 1.mp4", b"a film", {"content-type": "video/mp4", "x-oss-meta-by": "me"})
    got = bucket.ask("GET", "films/影 1.mp4")

    assert (got.status_code, got.content) == (200, b"a film")
    assert got.headers["etag"] == put.headers["etag"] == f'"{md5(b"a film").hexdigest().upper()}"'
    assert (got.headers["content-type"], got.headers["x-oss-meta-by"]) == ("video/mp4", "me")


@pytest.mark.parametrize(
    ("kind", "is_sandboxed"),
    [
        ("video/mp4", False),
        ("image/png", False),
        ("audio/mpeg", False),
        ("text/html", True),
        ("image/svg+xml", True),
        ("video/mp4, text/html", True),
        ("application/octet-stream", True),
    ],
)
def test_browsers_show_media_and_run_no_script_of_an_upload(
    bucket: Bucket, kind: str, is_sandboxed: bool
) -> None:
    bucket.ask("PUT", "upload", b"<script>alert(1)</script>", {"content-type": kind})

    headers = bucket.ask("GET", "upload").headers

    assert (headers["content-security-policy"] == "sandbox") is is_sandboxed
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("wanted", ["bytes=2-10", "bytes=10-12", "bytes=10-", "bytes=-11", "bytes=4-2"])
def test_the_whole_object_is_sent_for_a_range_that_does_not_lie_in_it(bucket: Bucket, wanted: str) -> None:
    bucket.ask("PUT", "a.mp4", b"0123456789")

    whole = bucket.ask("GET", "a.mp4", headers={"range": wanted})

    assert (whole.status_code, whole.content) == (200, b"0123456789")


def test_a_range_has_its_usual_meaning_if_the_request_says_so(bucket: Bucket) -> None:
    bucket.ask("PUT", "a.mp4", b"0123456789")
    standard = {"x-oss-range-behavior": "standard"}

    part = bucket.ask("GET", "a.mp4", headers={"range": "bytes=8-12", **standard})
    outside = bucket.ask("GET", "a.mp4", headers={"range": "bytes=10-12", **standard})

    assert (part.status_code, part.content, outside.status_code) == (206, b"89", 416)


def test_of_several_ranges_the_first_is_sent(bucket: Bucket) -> None:
    bucket.ask("PUT", "a.mp4", b"0123456789")

    part = bucket.ask("GET", "a.mp4", headers={"range": "bytes=2-4,6-7"})

    assert (part.status_code, part.content) == (206, b"234")


def test_a_range_and_the_size_of_an_object_can_be_read(bucket: Bucket) -> None:
    bucket.ask("PUT", "a.mp4", b"0123456789")

    part = bucket.ask("GET", "a.mp4", headers={"range": "bytes=2-4"})
    head = bucket.ask("HEAD", "a.mp4")

    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "10")


def test_the_last_put_counts(bucket: Bucket) -> None:
    for content in (b"first", b"second"):
        bucket.ask("PUT", "a.txt", content)

    assert bucket.ask("GET", "a.txt").content == b"second"


def test_a_large_object_comes_back_whole(bucket: Bucket) -> None:
    content = bytes(range(256)) * (5 << 12)

    bucket.ask("PUT", "large", content)

    assert bucket.ask("GET", "large").content == content


def test_a_deleted_object_is_gone_and_can_be_deleted_again(bucket: Bucket) -> None:
    bucket.ask("PUT", "a.txt", b"text")

    assert [bucket.ask("DELETE", "a.txt").status_code for _ in range(2)] == [204, 204]
    assert error(bucket.ask("GET", "a.txt")) == (404, "NoSuchKey")
    assert bucket.keys() == []


def test_content_with_another_md5_is_not_stored(bucket: Bucket) -> None:
    wrong = base64.b64encode(md5(b"other").digest()).decode()

    assert error(bucket.ask("PUT", "a.txt", b"text", {"content-md5": wrong})) == (400, "InvalidDigest")
    assert error(bucket.ask("GET", "a.txt")) == (404, "NoSuchKey")


def test_keys_are_listed_in_order_below_a_prefix_and_up_to_a_delimiter(bucket: Bucket) -> None:
    for key in ("b/2", "a", "b/1", "b/c/1", "b/c/2", "z"):
        bucket.ask("PUT", key, b"x")

    assert bucket.keys() == ["a", "b/1", "b/2", "b/c/1", "b/c/2", "z"]
    assert bucket.keys(prefix="b/") == ["b/1", "b/2", "b/c/1", "b/c/2"]
    assert bucket.keys(prefix="b/", delimiter="/") == ["b/1", "b/2", "b/c/"]
    assert bucket.keys(start_after="b/2") == ["b/c/1", "b/c/2", "z"]


def test_a_list_continues_after_its_previous_page(bucket: Bucket) -> None:
    for key in ("a", "b/1", "b/2", "c", "影"):
        bucket.ask("PUT", key, b"x")

    pages: list[list[str]] = []
    query: dict[str, str] = {"delimiter": "/", "max_keys": "1", "encoding_type": "url"}
    while True:
        document = ElementTree.fromstring(bucket.ask("GET", list_type="2", **query).content)
        pages.append([found.text or "" for found in (*document.iter("Key"), *document.findall("*/Prefix"))])
        if document.findtext("IsTruncated") == "false":
            break
        query["continuation_token"] = document.findtext("NextContinuationToken") or ""

    assert pages == [["a"], ["b/"], ["c"], ["%E5%BD%B1"]]
    assert error(bucket.ask("GET", list_type="2", continuation_token="mine")) == (400, "InvalidArgument")


def in_parts(bucket: Bucket, named: tuple[int, ...], **contents: bytes) -> tuple[str, bytes]:
    """Upload parts; return the id of the upload, and the document that completes it with some of them."""
    upload = (
        ElementTree.fromstring(bucket.ask("POST", "a.mp4", uploads="").content).findtext("UploadId") or ""
    )
    etags = {
        int(number[1:]): bucket.ask("PUT", "a.mp4", content, uploadId=upload, partNumber=number[1:]).headers[
            "etag"
        ]
        for number, content in contents.items()
    }
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etags[number]}</ETag></Part>" for number in named
    )
    return upload, f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()


def test_an_object_can_come_in_parts(bucket: Bucket) -> None:
    hello = b"hello ".ljust(100 << 10)
    upload, document = in_parts(bucket, (1, 2), n2=b"world", n1=hello, n3=b"not named")

    completed = bucket.ask("POST", "a.mp4", document, uploadId=upload)

    assert completed.status_code == 200
    assert bucket.ask("GET", "a.mp4").content == hello + b"world"
    assert error(bucket.ask("POST", "a.mp4", document, uploadId=upload)) == (404, "NoSuchUpload")


def test_only_the_last_part_may_be_small(bucket: Bucket) -> None:
    upload, document = in_parts(bucket, (1, 2), n1=bytes((100 << 10) - 1), n2=b"end")

    assert error(bucket.ask("POST", "a.mp4", document, uploadId=upload)) == (400, "EntityTooSmall")
    assert bucket.ask("DELETE", "a.mp4", uploadId=upload).status_code == 204


@pytest.mark.parametrize("number", ["0", "10001", "one", ""])
def test_the_number_of_a_part_is_from_1_to_10000(bucket: Bucket, number: str) -> None:
    upload, _ = in_parts(bucket, ())

    refused = bucket.ask("PUT", "a.mp4", b"x", uploadId=upload, partNumber=number)

    assert error(refused) == (400, "InvalidArgument")


@pytest.mark.parametrize("key", ["/a.mp4", "k" * 1024])
def test_a_key_that_oss_does_not_take_is_refused(bucket: Bucket, key: str) -> None:
    assert error(bucket.ask("PUT", key, b"x")) == (400, "InvalidObjectName")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>0</ETag></Part></CompleteMultipartUpload>",
         "InvalidPart"),
        (b"<CompleteMultipartUpload/>", "MalformedXML"),
        (b"<Other/>", "MalformedXML"),
        (b"not xml", "MalformedXML"),
    ],
)  # fmt: skip
def test_parts_that_were_not_uploaded_complete_nothing(bucket: Bucket, document: bytes, code: str) -> None:
    upload = (
        ElementTree.fromstring(bucket.ask("POST", "a.mp4", uploads="").content).findtext("UploadId") or ""
    )
    bucket.ask("PUT", "a.mp4", b"part", uploadId=upload, partNumber="1")

    assert error(bucket.ask("POST", "a.mp4", document, uploadId=upload)) == (400, code)
    assert bucket.ask("DELETE", "a.mp4", uploadId=upload).status_code == 204
    assert error(bucket.ask("DELETE", "a.mp4", uploadId=upload)) == (404, "NoSuchUpload")


def test_nobody_reads_or_writes_without_a_signature(bucket: Bucket) -> None:
    bucket.ask("PUT", "a.txt", b"text")

    for method in ("GET", "PUT", "DELETE", "POST"):
        assert error(bucket.http.request(method, "/team/a.txt")) == (403, "AccessDenied")
    assert error(bucket.http.get("/team", params={"list-type": "2"})) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (AccessKey("nobody", "x"), "InvalidAccessKeyId"),
        (AccessKey("viapi-emulator", "wrong"), "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_key_is_refused(bucket: Bucket, key: AccessKey, code: str) -> None:
    bucket.key = key

    assert error(bucket.ask("PUT", "a.txt", b"text")) == (403, code)


def test_a_temporary_key_needs_its_token_here_too(
    bucket: Bucket, emulator: EmulatorServer, clock: Clock
) -> None:
    issued = emulator.sts(seconds=60)
    bucket.key = AccessKey(issued["access_key_id"], issued["access_key_secret"])
    token = {"x-oss-security-token": issued["security_token"]}

    assert error(bucket.ask("PUT", "a.txt", b"text")) == (403, "InvalidSecurityToken")
    assert bucket.ask("PUT", "a.txt", b"text", token).status_code == 200
    clock.time += 60
    assert error(bucket.ask("PUT", "a.txt", b"text", token)) == (403, "InvalidSecurityToken")


def test_a_presigned_address_is_read_by_anybody_until_it_expires(bucket: Bucket, clock: Clock) -> None:
    bucket.ask("PUT", "a.txt", b"text")
    request = StorageRequest("GET", "team", "a.txt", "", {})
    address = presign(str(bucket.http.base_url).rstrip("/"), request, KEY, int(clock()) + 60)

    in_time = httpx.get(address)
    clock.time += 61
    too_late = httpx.get(address)

    assert in_time.text == "text"
    assert error(too_late) == (403, "AccessDenied")


@pytest.mark.parametrize("name", ["viapi-results", "viapi-uploads"])
def test_the_emulators_own_buckets_are_not_written_to(bucket: Bucket, name: str) -> None:
    bucket.name = name

    assert error(bucket.ask("PUT", "a.txt", b"text")) == (403, "AccessDenied")
    assert error(bucket.ask("DELETE", "a.txt")) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("method", "key", "query"),
    [("GET", "a.txt", {"acl": ""}), ("GET", "", {}), ("POST", "a.txt", {}), ("DELETE", "", {})],
)
def test_unsupported_operations_are_refused_as_such(
    bucket: Bucket, method: str, key: str, query: dict[str, Any]
) -> None:
    assert error(bucket.ask(method, key, **query)) == (501, "NotImplemented")


def test_a_reset_forgets_objects(bucket: Bucket, emulator: EmulatorServer) -> None:
    bucket.ask("PUT", "a.txt", b"text")

    emulator.reset()

    assert error(bucket.ask("GET", "a.txt")) == (404, "NoSuchKey")
    assert bucket.ask("PUT", "a.txt", b"text").status_code == 200
