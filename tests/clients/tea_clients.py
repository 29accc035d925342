"""Settings by which Alibaba's current clients, which call themselves Tea, use the emulator."""

from __future__ import annotations

from typing import Any, TypeVar

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions

from clients.running_emulator import ACCESS_KEY_ID, ACCESS_KEY_SECRET, RunningEmulator

AnyClient = TypeVar("AnyClient", bound=Client)

_ALGORITHMS = {"ACS3-HMAC-SHA256": None, "1.0": "v2"}


def config(emulator: RunningEmulator, signature: str = "ACS3-HMAC-SHA256", **settings: str | None) -> Config:
    """Settings of a client that calls the emulator.

    :param signature: which one it is to sign with
    :param settings: others, or other ones
    """
    return Config(
        **{
            "access_key_id": ACCESS_KEY_ID,
            "access_key_secret": ACCESS_KEY_SECRET,
            "region_id": "cn-shanghai",
            "endpoint": emulator.host,
            "protocol": "http",
            "signature_algorithm": _ALGORITHMS[signature],
            **settings,
        }
    )


def with_upload_endpoint(client: AnyClient, settings: Config) -> AnyClient:
    """The client, asking for uploads where its settings say.

    ``Config`` takes ``open_platform_endpoint``, and the clients read it, but what they share loses it on the way.
    Nothing else of a client is touched.
    """
    client._open_platform_endpoint = settings.open_platform_endpoint
    return client


def call(client: Client, action: str, version: str, **parameters: Any) -> dict[str, Any]:
    """Call any action, also one that the service does not have, as every Tea client can.

    :param client: whose endpoint, key and signature are used
    :param version: of the service
    """
    params = Params(
        action=action,
        version=version,
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    return dict(client.call_api(params, OpenApiRequest(body=parameters), RuntimeOptions())["body"])
