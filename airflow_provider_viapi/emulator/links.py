"""Addresses of results, signed and good for a while, as object storage makes them."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from airflow_provider_viapi.emulator.refusal import Refusal

LIFETIME = 30 * 60
"""Seconds from the end of a job for which its results can be fetched."""

_KEY_ID = "viapi-emulator-files"


class Links:
    """Makes and checks addresses of files, with a secret of its own.

    :param now: the clock, in Unix time
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._secret = secrets.token_bytes(20)

    def sign(self, base: str, job_id: str, name: str, expires: int) -> str:
        """The address of a job's file.

        :param base: the address of the emulator, without a slash at its end
        :param expires: when the address stops working, in Unix time
        """
        query = {
            "Expires": str(expires),
            "OSSAccessKeyId": _KEY_ID,
            "Signature": self._signature(job_id, name, str(expires)),
        }
        return f"{base}/files/{quote(job_id)}/{quote(name)}?{urlencode(query)}"

    def check(self, job_id: str, name: str, query: Mapping[str, str]) -> None:
        """Let an address pass that was made here and has not expired.

        :raises Refusal: 403, it was not or it has
        """
        expires = query.get("Expires", "")
        expected = self._signature(job_id, name, expires)
        if not hmac.compare_digest(expected.encode(), query.get("Signature", "").encode()):
            raise Refusal("SignatureDoesNotMatch", "This address was not made by this emulator.", 403)
        if self._now() > int(expires):
            raise Refusal("AccessDenied", "Request has expired.", 403)

    def _signature(self, job_id: str, name: str, expires: str) -> str:
        text = f"GET\n\n\n{expires}\n/{job_id}/{name}"
        return base64.b64encode(hmac.digest(self._secret, text.encode("utf-8", "replace"), "sha1")).decode()
