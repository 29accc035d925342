"""Alibaba Cloud OSS for one connection, by Alibaba's SDK: objects, presigned URLs, uploads.

The SDK is the extra ``oss``. It signs with V4 and retries the parts of an upload.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import ConfigurationError, InvalidMedia
from airflow_provider_viapi.fs.oss_errors import sdk, translate_oss_errors
from airflow_provider_viapi.http_session import requests_session
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.account import Account
    from airflow_provider_viapi.hooks.viapi import ViapiHook

MAX_LINK_LIFETIME = timedelta(days=7)
"""Longest validity of a URL that is signed with V4 [OSS, error 0002-00000232]."""

_REGION = re.compile(r"oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com")


@dataclass(frozen=True)
class OssObject:
    """Metadata of an object.

    :param key: its name in its bucket
    :param size: its bytes
    :param etag: differs when the content does
    :param modified: when it was stored
    """

    key: str
    size: int
    etag: str
    modified: datetime | None


@dataclass(frozen=True)
class Place:
    """Location of an account's buckets.

    :param region: such as ``cn-shanghai``
    :param endpoint: the address of OSS there
    :param by_path: the bucket is part of the path, as with the emulator, and not of the host name
    """

    region: str
    endpoint: str
    by_path: bool


def place_of(account: Account, region: str | None = None) -> Place:
    """Return the location of an account's buckets: its endpoint if that is one of OSS or not Alibaba's.

    :param region: field of the connection, which the official provider's connections have
    """
    host = urlsplit(account.endpoint or "").hostname or ""
    if account.endpoint is not None and not host.endswith(".aliyuncs.com"):
        return Place(region or account.region_id, account.endpoint, by_path=True)
    of_oss = _REGION.fullmatch(host)
    if account.endpoint is not None and of_oss is not None:
        return Place(of_oss[1], account.endpoint, by_path=False)
    region = region or account.region_id
    return Place(region, f"https://oss-{region}.aliyuncs.com", by_path=False)


def open_oss(hook: ViapiHook) -> Oss:
    """Return OSS with the key of a hook's connection.

    :raises ConfigurationError: the SDK is not installed, or the connection cannot be used
    """
    account = hook.account
    region = hook.get_connection(hook.viapi_conn_id).extra_dejson.get("region") or None
    if region is not None:
        region = region.strip() if isinstance(region, str) else region
        # It is part of a host name.
        if not isinstance(region, str) or not re.fullmatch("[a-z0-9-]{1,40}", region):
            raise ConfigurationError(
                f"the connection {hook.viapi_conn_id!r} has {short_repr(region, 20)} as region in its extra; "
                "allowed: the region of its buckets, such as cn-shanghai"
            )
    return Oss(account, place_of(account, region))


class Oss:
    """The objects of an account; may be used by several threads.

    :param account: has the access key
    :param place: location of the buckets
    :raises ConfigurationError: the SDK is not installed
    """

    def __init__(self, account: Account, place: Place) -> None:
        self.account = account
        self.place = place
        self._sdk = sdk()
        self._client: Any = self._sdk.Client(
            self._sdk.config.Config(
                region=place.region,
                endpoint=place.endpoint,
                use_path_style=place.by_path,
                # It takes three times the CPU time of all the rest, and TLS checks the data as well.
                disable_upload_crc64_check=True,
                credentials_provider=self._sdk.credentials.CredentialsProviderFunc(self._credentials),
                http_client=self._sdk.transport.RequestsHttpClient(
                    session=requests_session(account.http),
                    connect_timeout=account.http.timeout,
                    readwrite_timeout=account.http.timeout,
                ),
            )
        )

    def _credentials(self) -> Any:
        key = self.account.credentials.current()
        return self._sdk.credentials.Credentials(key.access_key_id, key.access_key_secret, key.security_token)

    def head(self, bucket: str, key: str) -> OssObject | None:
        """Return the metadata of an object; ``None`` if it does not exist."""
        request = self._sdk.HeadObjectRequest(bucket, key)
        try:
            with translate_oss_errors(bucket, key):
                found = self._client.head_object(request)
        except InvalidMedia:
            return None
        return OssObject(key, found.content_length, (found.etag or "").strip('"'), found.last_modified)

    def read(self, bucket: str, key: str, start: int, end: int, *, etag: str | None = None) -> bytes:
        """Return the bytes of an object from ``start`` up to, but without, ``end``.

        :param etag: of the expected content; another one is an error
        """
        request = self._sdk.GetObjectRequest(
            bucket, key, range_header=f"bytes={start}-{end - 1}", if_match=etag and f'"{etag}"'
        )
        with translate_oss_errors(bucket, key):
            content: bytes = self._client.get_object(request).body.content
        return content

    def put(self, bucket: str, key: str, content: bytes = b"") -> None:
        """Store an object with this content."""
        with translate_oss_errors(bucket, key):
            self._client.put_object(self._sdk.PutObjectRequest(bucket, key, body=content))

    def copy(self, bucket: str, source: str, target: str) -> None:
        """Copy an object within its bucket, on the server."""
        request = self._sdk.CopyObjectRequest(bucket, target, source_key=source, source_bucket=bucket)
        with translate_oss_errors(bucket, source):
            self._client.copier().copy(request)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object, if it exists."""
        with translate_oss_errors(bucket, key):
            self._client.delete_object(self._sdk.DeleteObjectRequest(bucket, key))

    def list_objects(
        self, bucket: str, prefix: str, delimiter: str | None = None
    ) -> Iterator[OssObject | str]:
        """Yield the objects whose keys begin with a prefix, and with a delimiter the common prefixes, as strings."""
        request = self._sdk.ListObjectsV2Request(bucket, prefix=prefix, delimiter=delimiter, max_keys=1000)
        with translate_oss_errors(bucket, prefix):
            for page in self._client.list_objects_v2_paginator().iter_page(request):
                for each in page.contents or ():
                    yield OssObject(each.key, each.size, (each.etag or "").strip('"'), each.last_modified)
                for each in page.common_prefixes or ():
                    yield each.prefix

    def presign(self, bucket: str, key: str, lifetime: timedelta) -> str:
        """Return a URL by which anybody can read an object for a time.

        With a temporary key it expires with that key at the latest.

        :param lifetime: at most :data:`MAX_LINK_LIFETIME`
        """
        with translate_oss_errors(bucket, key):
            signed = self._client.presign(
                self._sdk.GetObjectRequest(bucket, key),
                expiration=datetime.now(timezone.utc) + lifetime,
            )
        return str(signed.url)

    def begin(self, bucket: str, key: str) -> Upload:
        """Begin an upload in parts."""
        with translate_oss_errors(bucket, key):
            begun = self._client.initiate_multipart_upload(
                self._sdk.InitiateMultipartUploadRequest(bucket, key)
            )
        return Upload(self._sdk, self._client, bucket, key, begun.upload_id)


class Upload:
    """An upload in parts; nothing of the object is visible until it is complete."""

    def __init__(self, sdk: ModuleType, client: Any, bucket: str, key: str, upload_id: str) -> None:
        self._sdk, self._client = sdk, client
        self._bucket, self._key, self._upload_id = bucket, key, upload_id
        self._etags: dict[int, str] = {}

    def put_part(self, number: int, content: bytes) -> None:
        """Send a part; several threads may.

        :param number: from 1 to 10,000
        :param content: at least 100 KB unless it is the last part
        """
        request = self._sdk.UploadPartRequest(
            self._bucket, self._key, upload_id=self._upload_id, part_number=number, body=content
        )
        with translate_oss_errors(self._bucket, self._key):
            self._etags[number] = self._client.upload_part(request).etag

    def complete(self) -> None:
        """Make the object visible, in place of one that has its name."""
        parts = [self._sdk.UploadPart(number, etag) for number, etag in sorted(self._etags.items())]
        request = self._sdk.CompleteMultipartUploadRequest(
            self._bucket,
            self._key,
            upload_id=self._upload_id,
            complete_multipart_upload=self._sdk.CompleteMultipartUpload(parts=parts),
        )
        with translate_oss_errors(self._bucket, self._key):
            self._client.complete_multipart_upload(request)

    def abort(self) -> None:
        """Discard the parts."""
        request = self._sdk.AbortMultipartUploadRequest(self._bucket, self._key, upload_id=self._upload_id)
        with translate_oss_errors(self._bucket, self._key):
            self._client.abort_multipart_upload(request)
