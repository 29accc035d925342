"""Alibaba Cloud OSS for one connection, by Alibaba's own SDK: objects, links, and its errors in our own tree.

The SDK is the extra ``oss``. It signs with V4 and tries parts of an upload again by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import InvalidMedia
from airflow_provider_viapi.fs.oss_errors import in_our_words, sdk

if TYPE_CHECKING:
    import requests

    from airflow_provider_viapi.alibaba.config import Account
    from airflow_provider_viapi.hooks.viapi import ViapiHook

LONGEST_LINK = timedelta(days=7)
"""How long a link that is signed with V4 can be good [OSS, error 0002-00000232]."""

_REGION = re.compile(r"oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com")


@dataclass(frozen=True)
class OssObject:
    """What OSS tells of an object.

    :param key: its name in its bucket
    :param size: its bytes
    :param etag: tells its content from another
    :param modified: when it was stored
    """

    key: str
    size: int
    etag: str
    modified: datetime | None


@dataclass(frozen=True)
class Place:
    """Where an account's buckets are.

    :param region: such as ``cn-shanghai``
    :param endpoint: the address of OSS there
    :param by_path: the bucket stands in the path, as with the emulator, and not in the host's name
    """

    region: str
    endpoint: str
    by_path: bool


def place_of(account: Account, region: str | None = None) -> Place:
    """Where the buckets of an account are: at its endpoint if that is one of OSS or no address of Alibaba's.

    :param region: what the connection says of it besides, as the official provider's connections do
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
    """OSS with the key of a hook's connection.

    :raises ConfigurationError: the SDK is not installed, or the connection cannot be used
    """
    account = hook.account
    region = hook.get_connection(hook.viapi_conn_id).extra_dejson.get("region")
    return Oss(account, place_of(account, region))


class Oss:
    """The objects that an account can reach; may be used by several threads.

    :param account: whose key
    :param place: where the buckets are
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
                # It takes three times the processor time of all the rest, and TLS checks what arrives as well.
                disable_upload_crc64_check=True,
                credentials_provider=self._sdk.credentials.CredentialsProviderFunc(self._credentials),
                http_client=self._sdk.transport.RequestsHttpClient(
                    session=_session(account.http.verify), readwrite_timeout=account.http.timeout
                ),
            )
        )

    def _credentials(self) -> Any:
        key = self.account.credentials.current()
        return self._sdk.credentials.Credentials(key.access_key_id, key.access_key_secret, key.security_token)

    def head(self, bucket: str, key: str) -> OssObject | None:
        """What there is to tell of an object; ``None`` if there is none."""
        request = self._sdk.HeadObjectRequest(bucket, key)
        try:
            with in_our_words(bucket, key):
                told = self._client.head_object(request)
        except InvalidMedia:
            return None
        return OssObject(key, told.content_length, (told.etag or "").strip('"'), told.last_modified)

    def read(self, bucket: str, key: str, start: int, end: int, *, etag: str | None = None) -> bytes:
        """The bytes of an object from ``start`` up to, but without, ``end``.

        :param etag: of the content that is meant; another one is an error
        """
        request = self._sdk.GetObjectRequest(
            bucket, key, range_header=f"bytes={start}-{end - 1}", if_match=etag and f'"{etag}"'
        )
        with in_our_words(bucket, key):
            content: bytes = self._client.get_object(request).body.content
        return content

    def put(self, bucket: str, key: str, content: bytes = b"") -> None:
        """Store an object whose content is at hand."""
        with in_our_words(bucket, key):
            self._client.put_object(self._sdk.PutObjectRequest(bucket, key, body=content))

    def copy(self, bucket: str, source: str, target: str) -> None:
        """Copy an object within its bucket, on the server."""
        request = self._sdk.CopyObjectRequest(bucket, target, source_key=source, source_bucket=bucket)
        with in_our_words(bucket, source):
            self._client.copier().copy(request)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; that there is none is no error."""
        with in_our_words(bucket, key):
            self._client.delete_object(self._sdk.DeleteObjectRequest(bucket, key))

    def listing(self, bucket: str, prefix: str, delimiter: str | None = None) -> Iterator[OssObject | str]:
        """The objects whose keys begin like that, and the common prefixes, as text, that a delimiter makes."""
        request = self._sdk.ListObjectsV2Request(bucket, prefix=prefix, delimiter=delimiter, max_keys=1000)
        with in_our_words(bucket, prefix):
            for page in self._client.list_objects_v2_paginator().iter_page(request):
                for each in page.contents or ():
                    yield OssObject(each.key, each.size, (each.etag or "").strip('"'), each.last_modified)
                for each in page.common_prefixes or ():
                    yield each.prefix

    def link(self, bucket: str, key: str, lifetime: timedelta) -> str:
        """An address by which anybody can read an object for a time.

        With a temporary key it dies with that key at the latest.

        :param lifetime: at most :data:`LONGEST_LINK`
        """
        with in_our_words(bucket, key):
            signed = self._client.presign(
                self._sdk.GetObjectRequest(bucket, key),
                expiration=datetime.now(timezone.utc) + lifetime,
            )
        return str(signed.url)

    def begin(self, bucket: str, key: str) -> Upload:
        """Begin an object that comes in parts."""
        with in_our_words(bucket, key):
            begun = self._client.initiate_multipart_upload(
                self._sdk.InitiateMultipartUploadRequest(bucket, key)
            )
        return Upload(self._sdk, self._client, bucket, key, begun.upload_id)


class Upload:
    """An object that comes in parts; nothing of it can be seen until it is complete."""

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
        with in_our_words(self._bucket, self._key):
            self._etags[number] = self._client.upload_part(request).etag

    def complete(self) -> None:
        """Make the object of its parts, in the place of one that has its name."""
        parts = [self._sdk.UploadPart(number, etag) for number, etag in sorted(self._etags.items())]
        request = self._sdk.CompleteMultipartUploadRequest(
            self._bucket,
            self._key,
            upload_id=self._upload_id,
            complete_multipart_upload=self._sdk.CompleteMultipartUpload(parts=parts),
        )
        with in_our_words(self._bucket, self._key):
            self._client.complete_multipart_upload(request)

    def abort(self) -> None:
        """Throw the parts away."""
        request = self._sdk.AbortMultipartUploadRequest(self._bucket, self._key, upload_id=self._upload_id)
        with in_our_words(self._bucket, self._key):
            self._client.abort_multipart_upload(request)


def _session(verify: bool | str) -> requests.Session:
    import requests

    class Session(requests.Session):
        def request(self, *args: Any, **kwargs: Any) -> requests.Response:
            # The SDK can only turn the check off, not name a bundle of authorities.
            return super().request(*args, **{**kwargs, "verify": verify})

    session = Session()
    # Otherwise a .netrc would have its password put where the signature belongs.
    session.auth = lambda signed: signed
    return session
