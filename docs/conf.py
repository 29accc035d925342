"""Sphinx configuration of the documentation site: ``make docs`` builds it into ``docs/_build/html``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_extensions")]

from airflow_provider_viapi import __version__  # noqa: E402  # the path is extended first

project = "airflow-provider-viapi"
author = "airflow-provider-viapi contributors"
copyright = "airflow-provider-viapi contributors"
release = version = __version__

extensions = ["myst_parser", "autoapi.extension", "sphinx_copybutton", "viapi_model"]
exclude_patterns = ["_build", "_extensions"]
suppress_warnings = ["autoapi.python_import_resolution"]

# Pages of the repository are read on a code host too, so that their links are plain Markdown.
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 4

# The reference is read from the source without importing it, so that building it needs no Airflow.
autoapi_dirs = [str(ROOT / "airflow_provider_viapi")]
# Only what DAG authors import; the rest is internal.
autoapi_ignore = [
    *(
        f"*/airflow_provider_viapi/{name}/*"
        for name in ("alibaba", "emulator", "fs", "huawei", "image_index")
    ),
    *(f"*/airflow_provider_viapi/{name}/*" for name in ("jobs", "media", "state")),
    *(
        f"*/airflow_provider_viapi/{name}.py"
        for name in ("client", "http", "http_errors", "http_settings", "record")
    ),
]
autoapi_root = "reference/api"
autoapi_add_toctree_entry = False
autoapi_options = ["members", "undoc-members", "show-inheritance", "show-module-summary"]
autoapi_member_order = "bysource"
autoapi_keep_files = False

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = []
templates_path = []
