"""A connection's form for Airflow before 3.2, which builds it with Flask-AppBuilder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def widgets(fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The form's fields, from those of the provider's metadata; what is secret is not shown while it is typed."""
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
    from wtforms import PasswordField, StringField

    made = {}
    for name, spec in fields.items():
        secret = spec["schema"].get("format") == "password"
        kind, widget = (
            (PasswordField, BS3PasswordFieldWidget) if secret else (StringField, BS3TextFieldWidget)
        )
        made[name] = kind(spec["label"], widget=widget(), description=spec["description"])
    return made
