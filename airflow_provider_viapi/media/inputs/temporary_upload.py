"""VIAPI's own temporary storage, for teams without a bucket in Shanghai.

AuthorizeFileUpload returns a key, and the file is posted there as a form, as Alibaba's SDKs do for requests with a
file. Anybody who knows the address can read it. How long it stays is not documented, and only Alibaba can remove it.
"""

from __future__ import annotations

import secrets
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_viapi.errors import (
    InvalidMedia,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.http_errors import certificate_error, malformed_response
from airflow_provider_viapi.media.inputs.source import READ_AHEAD
from airflow_provider_viapi.media.inputs.staging_bucket import ascii_name
from airflow_provider_viapi.xml import NotPlainXml, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.http_settings import HttpSettings
    from airflow_provider_viapi.media.inputs.source import CountingReader, Source

GRANTED = ("Bucket", "Endpoint", "ObjectKey", "AccessKeyId", "EncodedPolicy", "Signature")
"""Fields of the response that permits an upload."""

UPLOADED = (200, 201, 204)
"""Status of a response to an upload; 201 is requested [OSS, PostObject]."""

MAX_BYTES = 5 << 30
"""Size limit of a file that is posted to OSS as a form [OSS, PostObject]."""


def upload_for(
    product: str, source: Source, hook: ViapiHook, authorize: Callable[[dict[str, Any]], dict[str, Any]]
) -> str:
    """Upload a file under a key of its own and return its address.

    :param product: the service that is to read it, such as ``videoenhan``
    :param authorize: calls AuthorizeFileUpload
    :raises InvalidMedia: the file is too large for this
    :raises ConfigurationError: the certificate of the storage is not trusted
    :raises TransientError: the connection broke, the permission to upload is incomplete, or the file changed
        meanwhile (code ``SourceChanged``)
    """
    if source.size > MAX_BYTES:
        raise InvalidMedia(
            f"{source.display_url} has {source.size:,} bytes; allowed without a bucket of your own: "
            f"{MAX_BYTES:,}. Give staging=oss://bucket/prefix",
            code="InvalidFile.Size",
        )
    account = hook.account
    grant = authorize({"Product": product, "RegionId": account.region_id})
    if not all(isinstance(grant.get(name), str) and grant[name] for name in GRANTED):
        raise malformed_response(f"does not have all of {', '.join(GRANTED)}", action="AuthorizeFileUpload")
    host = f"{grant['Bucket']}.{grant['Endpoint']}"
    scheme = urlsplit(account.endpoint).scheme if account.endpoint else "https"
    _post(f"{scheme}://{host}/", grant, source, account.http)
    source.check_unchanged()
    # Alibaba's SDKs pass it to the service like this, without TLS.
    return f"http://{host}/{quote(grant['ObjectKey'])}"


def _post(address: str, grant: dict[str, Any], source: Source, settings: HttpSettings) -> None:
    import requests

    from airflow_provider_viapi.http_session import requests_session

    form = {
        "OSSAccessKeyId": grant["AccessKeyId"],
        "policy": grant["EncodedPolicy"],
        "Signature": grant["Signature"],
        "key": grant["ObjectKey"],
        "success_action_status": "201",
    }
    failure: ServiceError
    try:
        with requests_session(settings) as session, source.read() as reader:
            body: Any = FormWithFile(form, ascii_name(source.name), reader, source.size)
            headers = {"Content-Type": body.content_type}
            response = session.post(address, data=body, headers=headers, allow_redirects=False)
    except requests.RequestException as error:
        failure = certificate_error(error, address, settings) or TransientError(
            f"{source.display_url} could not be uploaded to {address} ({type(error).__name__})"
        )
    else:
        if response.status_code in UPLOADED:
            return
        failure = _refusal(response, source)
    raise failure


class FormWithFile:
    """The body of a form (multipart/form-data) whose last field is a file, read while it is sent.

    requests would read the whole file into memory first. It asks for the length, so that it sends no chunks, which
    OSS refuses, and then reads.

    :param file: is read once, from its beginning
    :param size: bytes of the file
    """

    def __init__(self, fields: Mapping[str, str], name: str, file: CountingReader, size: int) -> None:
        boundary = secrets.token_hex(16)
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="'
        texts = [f'{part}{field}"\r\n\r\n{value}\r\n' for field, value in fields.items()]
        texts.append(f'{part}file"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n')
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._before = BytesIO("".join(texts).encode())
        self._file = file
        self._after = BytesIO(f"\r\n--{boundary}--\r\n".encode())
        self.len = len(self._before.getvalue()) + size + len(self._after.getvalue())

    def read(self, size: int) -> bytes:
        """Return up to so many bytes; none at the end.

        :raises TransientError: the file has changed; with the code ``SourceChanged``
        """
        return self._before.read(size) or self._file.read(max(size, READ_AHEAD)) or self._after.read(size)


def _refusal(response: requests.Response, source: Source) -> ServiceError:
    try:
        _, fields = parse(response.content)
        code = str(fields.get("Code") or "") if isinstance(fields, dict) else ""
    except NotPlainXml:
        code = ""
    kind: type[ServiceError] = InvalidRequest
    if response.status_code == 403:
        kind = PermissionDenied
    elif response.status_code >= 500 or response.status_code in (408, 429) or not code:
        kind = TransientError
    return kind(
        f"the temporary storage refused {source.display_url}",
        code=code or None,
        http_status=response.status_code,
    )
