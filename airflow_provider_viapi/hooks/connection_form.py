"""Connection forms of both clouds: fields, labels and defaults. Imports nothing, since Airflow reads it at its start.

``get_provider_info`` hands the fields to Airflow, ``connection`` reads and checks what was entered.
"""

from __future__ import annotations

from typing import Any

UI_FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": ["schema", "host", "port"],
    "relabeling": {"login": "Access key id", "password": "Access key secret"},
    "placeholders": {"login": "LTAI…", "password": ""},
}


def _field(label: str, description: str, **schema: Any) -> dict[str, Any]:
    # Airflow's form shows the default as the field's value; without one it would show "null" in some versions.
    return {
        "label": label,
        "description": description,
        "schema": {"type": ["string", "null"], "default": "", **schema},
    }


_ENDPOINT = _field(
    "Endpoint", "One base address for all services, such as the emulator's http://127.0.0.1:8765."
)
_SECURITY_TOKEN = _field("Security token", "For temporary (STS) keys only.", format="password")
_HTTP_FIELDS: dict[str, dict[str, Any]] = {
    "verify": _field(
        "Verify TLS", "true (default), false, or the path of a CA bundle in PEM format.", default="true"
    ),
    "timeout": _field("Timeout", "Seconds to wait for a response, 1 to 600; default: 30.", default="30"),
    "poll_qps": _field(
        "Polls per second",
        "Limit of calls per second for the results of jobs, 0.01 to 1000; default: 10.",
        default="10",
    ),
    "submit_qps": _field(
        "Submissions per second",
        "Limit of submissions per second of each action, 0.01 to 1000; default: 2.",
        default="2",
    ),
    "quota_url": _field(
        "Shared quota",
        "Storage in which all workers and triggerers count their calls, such as redis://redis:6379/1; default: that"
        " of [viapi] quota_url. Airflow's API shows a password in it: rather set the option.",
        format="password",
    ),
}

CONN_FIELDS: dict[str, dict[str, Any]] = {
    "region_id": _field(
        "Region",
        "Default: cn-shanghai, the region of all services. ImageSearch is also offered in other regions.",
        default="cn-shanghai",
    ),
    "security_token": _SECURITY_TOKEN,
    "credentials": _field(
        "Credentials",
        "Source of temporary keys; empty: login and password are the key. docs/connection.md lists the fields that"
        " each source needs.",
        enum=["", "ram_role_arn", "ecs_ram_role", "oidc_role_arn", "credentials_uri", "default"],
    ),
    "signature": _field(
        "Signature", "Signing method; default: 1.0.", enum=["1.0", "ACS3-HMAC-SHA256"], default="1.0"
    ),
    "endpoint": _ENDPOINT,
    **_HTTP_FIELDS,
    "list_jobs": _field(
        "Read the job list",
        "auto (default): start to read the list when four jobs are pending, and use it until none is; always: even"
        " for one; never: not at all.",
        enum=["auto", "always", "never"],
        default="auto",
    ),
}

HUAWEI_UI_FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": ["schema", "host", "port"],
    "relabeling": {"login": "Access key (AK) or IAM user", "password": "Secret key (SK) or password"},
    "placeholders": {"login": "", "password": ""},
}

HUAWEI_CONN_FIELDS: dict[str, dict[str, Any]] = {
    "auth": _field(
        "Authentication",
        "aksk (default): login and password are an access key; password: an IAM user's.",
        enum=["aksk", "password"],
        default="aksk",
    ),
    "domain": _field(
        "Account name",
        "Name of the account that the IAM user belongs to; only with authentication by password.",
    ),
    "region": _field("Region", "Default: cn-north-4.", default="cn-north-4"),
    "project_id": _field("Project id", "Default: queried by the region's name."),
    "security_token": _SECURITY_TOKEN,
    "endpoint": _ENDPOINT,
    "metastudio_endpoint": _field("MetaStudio endpoint", "Base address of MetaStudio alone."),
    "vias_endpoint": _field("VIAS endpoint", "Base address of VIAS alone."),
    "iam_endpoint": _field("IAM endpoint", "Base address of IAM alone."),
    "vias_paths": _field(
        "VIAS paths", "Version of VIAS's paths; default: v2.", enum=["v2", "v1"], default="v2"
    ),
    "app_user_id": _field("Application user", "MetaStudio uses it to separate the users of an application."),
    **_HTTP_FIELDS,
}

_FORMS = {
    "viapi": (UI_FIELD_BEHAVIOUR, CONN_FIELDS),
    "huaweicloud": (HUAWEI_UI_FIELD_BEHAVIOUR, HUAWEI_CONN_FIELDS),
}


def ui_field_behaviour(conn_type: str) -> dict[str, Any]:
    """Return how the form of a connection type shows Airflow's own fields."""
    return {name.replace("-", "_"): value for name, value in _FORMS[conn_type][0].items()}


def form_widgets(conn_type: str) -> dict[str, Any]:
    """Return the further fields of a connection type's form, for Airflow before 3.2: it uses Flask-AppBuilder."""
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
    from wtforms import PasswordField, StringField

    widgets = {}
    for name, spec in _FORMS[conn_type][1].items():
        is_secret = spec["schema"].get("format") == "password"
        kind, widget = (
            (PasswordField, BS3PasswordFieldWidget) if is_secret else (StringField, BS3TextFieldWidget)
        )
        widgets[name] = kind(
            spec["label"],
            widget=widget(),
            description=spec["description"],
            default=spec["schema"].get("default"),
        )
    return widgets
