"""Airflow shows this provider's connection forms, also beside another package that registers the same type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.hooks.connection_form import CONN_FIELDS, HUAWEI_CONN_FIELDS

FORMS = """
import json
from importlib.metadata import version

if version("apache-airflow").startswith("2."):
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    forms = {
        kind: {
            "name": manager.hooks[kind].hook_name,
            "standard": sorted(manager.field_behaviours[kind]["relabeling"]),
            "extra": sorted(
                name.rpartition("__")[2]
                for name in manager.connection_form_widgets
                if name.startswith(f"extra__{kind}__")
            ),
        }
        for kind in ("viapi", "huaweicloud")
    }
else:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    forms = {}
    for form in HookMetaService.hook_meta_data():
        if form.connection_type in ("viapi", "huaweicloud"):
            titles = form.standard_fields.model_dump(exclude_none=True)
            forms[form.connection_type] = {
                "name": form.hook_name,
                "standard": sorted(name for name, field in titles.items() if field.get("title")),
                "extra": sorted(form.extra_fields),
            }
print("FORMS " + json.dumps(forms))
"""

OTHER_PACKAGE = '''
from airflow.hooks.base import BaseHook

class OtherHook(BaseHook):
    conn_name_attr = "huaweicloud_conn_id"
    conn_type = "huaweicloud"
    hook_name = "Huawei Cloud of the other package"

def get_provider_info():
    """Return what apache-airflow-providers-huawei 1.7.0 registers, as far as connections are concerned."""
    return {
        "package-name": "apache-airflow-providers-huawei",
        "name": "Huawei Cloud",
        "description": "Other package",
        "connection-types": [
            {"hook-class-name": "other_huawei.OtherHook", "connection-type": "huaweicloud"}
        ],
    }
'''


def forms(folder: Path) -> tuple[dict[str, Any], str]:
    """Return the forms that Airflow builds in a process of its own, and its log.

    :param folder: further folder of packages
    """
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", FORMS], env=environment, check=True, capture_output=True, text=True
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("FORMS ")]
    return json.loads(line.removeprefix("FORMS ")), done.stdout + done.stderr


def install_other_package(folder: Path) -> None:
    (folder / "other_huawei.py").write_text(OTHER_PACKAGE)
    info = folder / "apache_airflow_providers_huawei-1.7.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: apache-airflow-providers-huawei\nVersion: 1.7.0\n"
    )
    (info / "entry_points.txt").write_text(
        "[apache_airflow_provider]\nprovider_info = other_huawei:get_provider_info\n"
    )


@pytest.mark.skipif(
    AIRFLOW_VERSION == (3, 0) and find_spec("flask_appbuilder") is None,
    reason="Airflow 3.0 shows the fields of a form only with Flask-AppBuilder",
)
@pytest.mark.parametrize("with_other_package", [False, True])
def test_airflow_shows_all_fields_of_both_clouds(tmp_path: Path, with_other_package: bool) -> None:
    if with_other_package:
        install_other_package(tmp_path)

    shown, log = forms(tmp_path)

    assert ("'huaweicloud' has been already registered" in log) is with_other_package
    assert shown["viapi"]["name"] == "Alibaba Cloud VIAPI"
    assert shown["huaweicloud"]["name"] == "Huawei Cloud"
    assert set(CONN_FIELDS) <= set(shown["viapi"]["extra"])
    assert set(HUAWEI_CONN_FIELDS) <= set(shown["huaweicloud"]["extra"])
    assert all({"login", "password"} <= set(form["standard"]) for form in shown.values())
