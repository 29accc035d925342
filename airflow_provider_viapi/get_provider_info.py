"""What Airflow asks a provider about itself; nothing else is imported for it."""

from __future__ import annotations

from typing import Any

UI_FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": ["schema", "host", "port"],
    "relabeling": {"login": "Access key id", "password": "Access key secret"},
    "placeholders": {"login": "LTAI…", "password": ""},
}


def _field(label: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], **schema}}


CONN_FIELDS: dict[str, dict[str, Any]] = {
    "region_id": _field("Region", "cn-shanghai unless given; the services are offered nowhere else."),
    "security_token": _field("Security token", "For temporary (STS) keys only.", format="password"),
    "credentials": _field(
        "Credentials",
        "Where temporary keys come from, if not login and password; the docs list what each needs.",
        enum=["ram_role_arn", "ecs_ram_role", "oidc_role_arn", "credentials_uri", "default", None],
    ),
    "signature": _field(
        "Signature", "How requests are signed; 1.0 unless given.", enum=["1.0", "ACS3-HMAC-SHA256", None]
    ),
    "endpoint": _field(
        "Endpoint", "One base address for all services, such as the emulator's http://127.0.0.1:8765."
    ),
    "verify": _field("Verify TLS", "true, false, or the path of a bundle of authorities."),
    "timeout": _field("Timeout", "Seconds to wait for an answer, 1 to 600; 30 unless given."),
}


def get_provider_info() -> dict[str, Any]:
    """The provider's metadata, in the form of Airflow's ``provider.yaml`` schema."""
    package = "airflow_provider_viapi"
    return {
        "package-name": "airflow-provider-viapi",
        "name": "Alibaba Cloud VIAPI",
        "description": "Media jobs and image search on Alibaba Cloud VIAPI.",
        "integrations": [
            {
                "integration-name": "Alibaba Cloud VIAPI",
                "external-doc-url": "https://www.alibabacloud.com/product/viapi",
                "tags": ["service"],
            }
        ],
        "hooks": [{"integration-name": "Alibaba Cloud VIAPI", "python-modules": [f"{package}.hooks.viapi"]}],
        "operators": [
            {
                "integration-name": "Alibaba Cloud VIAPI",
                "python-modules": [
                    f"{package}.operators.base",
                    f"{package}.operators.videoenhan",
                    f"{package}.operators.imgsearch",
                    f"{package}.operators.videorecog",
                ],
            }
        ],
        "sensors": [
            {"integration-name": "Alibaba Cloud VIAPI", "python-modules": [f"{package}.sensors.viapi"]}
        ],
        "extra-links": [
            f"{package}.links.viapi.ViapiJobLink",
            f"{package}.links.viapi.ViapiResultLink",
        ],
        "triggers": [
            {"integration-name": "Alibaba Cloud VIAPI", "python-modules": [f"{package}.triggers.viapi"]}
        ],
        "connection-types": [
            {
                "connection-type": "viapi",
                "hook-class-name": f"{package}.hooks.viapi.ViapiHook",
                "hook-name": "Alibaba Cloud VIAPI",
                "ui-field-behaviour": UI_FIELD_BEHAVIOUR,
                "conn-fields": CONN_FIELDS,
            }
        ],
    }
