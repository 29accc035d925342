"""The XML documents of OSS, as it writes and reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from airflow_provider_viapi.alibaba.xml import NotPlainXml, parse
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.responses import xml
from airflow_provider_viapi.emulator.storage.objects import Listing, StoredObject


def listing(bucket: str, asked: Mapping[str, str], page: Listing, limit: int) -> bytes:
    """A page of a bucket's keys, as ListObjectsV2 answers it.

    :param asked: the request's query
    """
    encode = quote if asked.get("encoding-type") == "url" else str
    content: dict[str, Any] = {
        "Name": bucket,
        "Prefix": encode(asked.get("prefix", "")),
        "StartAfter": encode(asked.get("start-after", "")),
        "MaxKeys": limit,
        "Delimiter": encode(asked.get("delimiter", "")),
        "KeyCount": len(page.objects) + len(page.prefixes),
        "IsTruncated": page.next_start is not None,
        "Contents": [_entry(stored, encode(stored.key)) for stored in page.objects],
        "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in page.prefixes],
    }
    if "encoding-type" in asked:
        content["EncodingType"] = "url"
    if "continuation-token" in asked:
        content["ContinuationToken"] = asked["continuation-token"]
    if page.next_start is not None:
        content["NextContinuationToken"] = page.next_start.encode().hex()
    return xml("ListBucketResult", content)


def start_of(asked: Mapping[str, str]) -> str:
    """The key behind which a page begins.

    :raises ApiError: the token is none that :func:`listing` gave
    """
    if "continuation-token" not in asked:
        return asked.get("start-after", "")
    try:
        return bytes.fromhex(asked["continuation-token"]).decode()
    except ValueError:
        raise ApiError("InvalidArgument", "The continuation token is none of this storage's.") from None


def copied(copy: StoredObject) -> bytes:
    """What CopyObject answers."""
    entry = _entry(copy, copy.key)
    return xml("CopyObjectResult", {name: entry[name] for name in ("LastModified", "ETag")})


def parts_of(document: bytes) -> list[tuple[int, str]]:
    """Number and ETag of each part that completes an upload.

    :raises ApiError: the document has another form
    """
    try:
        root, content = parse(document)
        parts = content["Part"]
        listed = parts if isinstance(parts, list) else [parts]
        if root != "CompleteMultipartUpload":
            raise ValueError
        return [(int(part["PartNumber"]), part["ETag"].strip('"')) for part in listed]
    except (NotPlainXml, KeyError, TypeError, ValueError, AttributeError):
        raise ApiError("MalformedXML", "The document is no list of parts.") from None


def _entry(stored: StoredObject, key: str) -> dict[str, Any]:
    modified = datetime.fromtimestamp(stored.modified, timezone.utc)
    return {
        "Key": key,
        "LastModified": modified.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "ETag": f'"{stored.etag}"',
        "Type": "Normal",
        "Size": stored.size,
        "StorageClass": "Standard",
    }
