"""AuthorizeFileUpload: authorizes the upload of a file for a job; Alibaba's clients call it before they upload."""

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
"""Validity of an authorization in seconds; the documents do not name the service's."""


class Uploads:
    """The action AuthorizeFileUpload.

    :param key: signs the policies
    :param now: the clock, in Unix time
    """

    def __init__(self, key: AccessKey, now: Callable[[], float]) -> None:
        self._key = key
        self._now = now

    async def authorize_file_upload(self, call: Call) -> dict[str, Any]:
        """Return a bucket, a key and a signed policy for an upload.

        :raises ApiError: the emulator's address cannot be split into a bucket and an endpoint
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
    """Split the emulator's address into the parts that clients join with a dot: ``127`` and ``0.0.1:8765``.

    The host name of a real bucket would not exist on a laptop, so the bucket is part of the object's key.
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
            f"Clients join bucket and endpoint with a dot; {address} cannot be split that way. Use an IPv4 address.",
        )
    return bucket, f"{rest}{colon}{port}"
