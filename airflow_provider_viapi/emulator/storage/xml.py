"""XML documents of OSS."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.response_format import xml
from airflow_provider_viapi.emulator.storage.objects import Listing, StoredObject
from airflow_provider_viapi.xml import NotPlainXml, parse


def list_result(bucket: str, query: Mapping[str, str], page: Listing, limit: int) -> bytes:
    """Return a page of a bucket's keys as the response of ListObjectsV2.

    :param query: the query of the request
    """
    encode = quote if query.get("encoding-type") == "url" else str
    content: dict[str, Any] = {
        "Name": bucket,
        "Prefix": encode(query.get("prefix", "")),
        "StartAfter": encode(query.get("start-after", "")),
        "MaxKeys": limit,
        "Delimiter": encode(query.get("delimiter", "")),
        "KeyCount": len(page.objects) + len(page.prefixes),
        "IsTruncated": page.next_start is not None,
        "Contents": [_entry(stored, encode(stored.key)) for stored in page.objects],
        "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in page.prefixes],
    }
    if "encoding-type" in query:
        content["EncodingType"] = "url"
    if "continuation-token" in query:
        content["ContinuationToken"] = query["continuation-token"]
    if page.next_start is not None:
        content["NextContinuationToken"] = page.next_start.encode().hex()
    return xml("ListBucketResult", content)


def start_after(query: Mapping[str, str]) -> str:
    """Return the key after which a page starts.

    :raises ApiError: the token was not issued by :func:`list_result`
    """
    if "continuation-token" not in query:
        return query.get("start-after", "")
    try:
        return bytes.fromhex(query["continuation-token"]).decode()
    except ValueError:
        raise ApiError("InvalidArgument", "The continuation token was not issued by this storage.") from None


def copy_result(copy: StoredObject) -> bytes:
    """Return the response of CopyObject."""
    entry = _entry(copy, copy.key)
    return xml("CopyObjectResult", {name: entry[name] for name in ("LastModified", "ETag")})


def parse_parts(document: bytes) -> list[tuple[int, str]]:
    """Return number and ETag of each part in the request of CompleteMultipartUpload.

    :raises ApiError: the document is malformed
    """
    try:
        root, content = parse(document)
        parts = content["Part"]
        listed = parts if isinstance(parts, list) else [parts]
        if root != "CompleteMultipartUpload":
            raise ValueError
        return [(int(part["PartNumber"]), part["ETag"].strip('"')) for part in listed]
    except (NotPlainXml, KeyError, TypeError, ValueError, AttributeError):
        raise ApiError("MalformedXML", "The document is not a list of parts.") from None


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
