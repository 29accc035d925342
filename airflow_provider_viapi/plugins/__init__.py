"""The tab of this provider in Airflow's UI (3.1 and later); see docs/ui.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from airflow.plugins_manager import AirflowPlugin

STATIC = Path(__file__).with_name("static")

URL_PREFIX = "/viapi"


class LazyApp:
    """ASGI application that is built with its first request: every component of Airflow loads plugins."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request."""
        if self._app is None:
            from airflow_provider_viapi.plugins.app import create_app

            self._app = create_app()
        await self._app(scope, receive, send)


def _has_views() -> bool:
    """Return whether this Airflow shows views of plugins beside tasks, which it does from 3.1 on."""
    from importlib.metadata import version

    major, minor = version("apache-airflow-core" if _is_3() else "apache-airflow").split(".")[:2]
    return (int(major), int(minor)) >= (3, 1)


def _is_3() -> bool:
    from importlib.util import find_spec

    return find_spec("airflow.api_fastapi") is not None


def _view(name: str, destination: str, query: str, **more: Any) -> dict[str, Any]:
    # Without a leading slash, so that it works below a path. The pages parse the query themselves.
    return {
        "name": name,
        "href": f"viapi/index.html?{query}",
        "destination": destination,
        "url_route": f"viapi_{destination}",
        "icon": "viapi/icon.svg",
        "icon_dark_mode": "viapi/icon_dark.svg",
        **more,
    }


class ViapiPlugin(AirflowPlugin):
    """Tab ``Media`` of tasks, and ``Storyboard`` of DAG runs; nothing before Airflow 3.1."""

    name = "viapi"
    if _has_views():
        fastapi_apps = [{"app": LazyApp(), "url_prefix": URL_PREFIX, "name": "viapi"}]
        external_views = [
            _view(
                "Media",
                "task_instance",
                "dag_id={DAG_ID}&run_id={RUN_ID}&task_id={TASK_ID}&map_index={MAP_INDEX}",
                # From 3.4 on the tab is shown for these operators only.
                applies_to={"operator_name": json.loads((STATIC / "operators.json").read_text())},
            ),
            _view("Storyboard", "dag_run", "dag_id={DAG_ID}&run_id={RUN_ID}"),
        ]
