"""AuthorizeFileUpload: a place for a file and the right to upload it, as Alibaba's clients ask for it first."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.request import Call
from airflow_provider_viapi.emulator.storage.objects import UPLOADS
from airflow_provider_viapi.emulator.storage.post_policy import sign_policy, write_policy

LIFETIME = 60 * 60
"""Seconds for which a file can be uploaded once that was asked for; the documents do not tell the service's."""


class Uploads:
    """Answers AuthorizeFileUpload.

    :param key: what the right to upload is signed with
    :param now: the clock, in Unix time
    """

    def __init__(self, key: AccessKey, now: Callable[[], float]) -> None:
        self._key = key
        self._now = now

    async def authorize_file_upload(self, call: Call) -> dict[str, Any]:
        """A place for a file and the right to upload it there.

        :raises ApiError: the emulator has no address that clients could make of a bucket and an endpoint
        """
        bucket, endpoint = await _bucket_and_endpoint(urlsplit(call.base).netloc)
        object_key = f"{UPLOADS}/{call.parameters['Product']}/{secrets.token_hex(16)}"
        policy = write_policy(object_key, self._now() + LIFETIME)
        return {
            "AccessKeyId": self._key.id,
            "Bucket": bucket,
            "Endpoint": endpoint,
            "ObjectKey": object_key,
            "EncodedPolicy": policy,
            "Signature": sign_policy(policy, self._key),
            "UseAccelerate": False,
        }


async def _bucket_and_endpoint(address: str) -> tuple[str, str]:
    """The two parts of the emulator's own address, which clients join with a dot: ``127`` and ``0.0.1:8765``.

    What would be the bucket's own host does not exist on a laptop, so the bucket stands in the object's key.
    """
    host, colon, port = address.partition(":")
    if "." not in host and not address.startswith("["):
        try:
            host = await asyncio.to_thread(socket.gethostbyname, host)
        except OSError:
            host = ""
    bucket, dot, rest = host.partition(".")
    if not dot or address.startswith("["):
        raise ApiError(
            "InternalError",
            f"Clients join a bucket and an endpoint with a dot, which {address} cannot be made of.",
        )
    return bucket, f"{rest}{colon}{port}"
