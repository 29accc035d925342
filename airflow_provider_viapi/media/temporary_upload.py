"""VIAPI's own temporary storage, for teams without a bucket in Shanghai.

A place is asked for by AuthorizeFileUpload and the file posted there as a form, as Alibaba's SDKs do for requests
with a file. Everybody who knows the address can read it. How long it stays is not documented, and nobody but Alibaba
can remove it.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_viapi.alibaba.services.openplatform import AUTHORIZE_FILE_UPLOAD
from airflow_provider_viapi.alibaba.xml import NotPlainXml, parse
from airflow_provider_viapi.errors import (
    InvalidMedia,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.media.team_bucket import plain_name

if TYPE_CHECKING:
    import httpx

    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.media.source import Source

LARGEST = 5 << 30
"""Bytes of the largest file that OSS takes by a form [OSS, PostObject]."""


def upload_for(product: str, source: Source, hook: ViapiHook) -> str:
    """Upload a file to a place of its own and return its address.

    :param product: the service that is to read it, such as ``videoenhan``
    :raises InvalidMedia: the file is too large for this
    :raises TransientError: the way was lost, or the file changed meanwhile (code ``SourceChanged``)
    """
    if source.size > LARGEST:
        raise InvalidMedia(
            f"{source.shown} has {source.size:,} bytes; allowed without a bucket of your own: {LARGEST:,}",
            code="InvalidFile.Size",
        )
    account = hook.account
    place = hook.call(AUTHORIZE_FILE_UPLOAD, {"Product": product, "RegionId": account.region_id})
    host = f"{place['Bucket']}.{place['Endpoint']}"
    scheme = urlsplit(account.endpoint).scheme if account.endpoint else "https"
    _post(f"{scheme}://{host}/", place, source, verify=account.http.verify, timeout=account.http.timeout)
    source.check_unchanged()
    # Alibaba's SDKs pass it to the service like this, without TLS.
    return f"http://{host}/{quote(place['ObjectKey'])}"


def _post(address: str, place: dict[str, Any], source: Source, *, verify: bool | str, timeout: float) -> None:
    import httpx

    form = {
        "OSSAccessKeyId": place["AccessKeyId"],
        "policy": place["EncodedPolicy"],
        "Signature": place["Signature"],
        "key": place["ObjectKey"],
        "success_action_status": "201",
    }
    trusted: ssl.SSLContext | bool
    trusted = ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify
    try:
        with httpx.Client(verify=trusted, timeout=timeout) as http, source.read() as reader:
            file: Any = (plain_name(source.name), reader, "application/octet-stream")
            answer = http.post(address, data=form, files={"file": file})
    except httpx.HTTPError as error:
        lost = TransientError(f"{source.shown} could not be uploaded ({type(error).__name__})")
    else:
        if answer.status_code == 201:
            return
        lost = _refused(answer, source)  # type: ignore[assignment]
    raise lost


def _refused(answer: httpx.Response, source: Source) -> ServiceError:
    try:
        _, told = parse(answer.content)
        code = str(told.get("Code") or "") if isinstance(told, dict) else ""
    except NotPlainXml:
        code = ""
    kind: type[ServiceError] = InvalidRequest
    if answer.status_code == 403:
        kind = PermissionDenied
    elif answer.status_code >= 500 or answer.status_code in (408, 429) or not code:
        kind = TransientError
    return kind(
        f"the temporary storage refused {source.shown}", code=code or None, http_status=answer.status_code
    )
