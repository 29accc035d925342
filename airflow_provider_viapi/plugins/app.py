"""Web application of the plugin: static files, and links to landed files for users who may read the DAG.

The page itself reads all data from Airflow's public REST API with the session of the user who looks at it. Its frame
has the same origin as Airflow's, so a script that got into it would act as that user: the policy below allows only
the page's own scripts.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from airflow_provider_viapi.plugins import STATIC
from airflow_provider_viapi.plugins.file_links import EXPIRES_IN, FileNotLinked, file_link

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https: http:; "
        "media-src https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Headers of every response. Media come from wherever results and sources are."""


def _link_or_reason(
    dag_id: str,
    run_id: Annotated[str, Query(max_length=250)],
    task_id: Annotated[str, Query(max_length=250)],
    address: Annotated[str, Query(max_length=2000)],
    map_index: Annotated[int, Query(ge=-1)] = -1,
) -> str | FileNotLinked:
    try:
        return file_link(address, dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index)
    except FileNotLinked as reason:
        return reason


def create_app() -> FastAPI:
    """Return the application that Airflow's API server mounts."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag

    app = FastAPI(openapi_url=None)

    @app.middleware("http")
    async def add_headers(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    may_read = [
        Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE)),
        Depends(requires_access_dag("GET", DagAccessEntity.XCOM)),
    ]

    @app.get("/files/{dag_id}", dependencies=may_read)
    def link_file(
        link: Annotated[str | FileNotLinked, Depends(_link_or_reason)], response: Response
    ) -> dict[str, Any]:
        """Return a short-lived link to a file in object storage that a task has read or landed."""
        if isinstance(link, FileNotLinked):
            raise HTTPException(link.status, str(link))
        response.headers["Cache-Control"] = "no-store"
        return {"url": link, "expires_in": EXPIRES_IN}

    @app.get("/open/{dag_id}", dependencies=may_read)
    def open_file(link: Annotated[str | FileNotLinked, Depends(_link_or_reason)], address: str) -> Response:
        """Redirect to that link, where *Result* of a task leads; or show the address to copy, and why it has none."""
        headers = {"Cache-Control": "no-store"}
        if isinstance(link, FileNotLinked):
            text = f"{address}\n\nAirflow cannot open this file: {link}.\nCopy its address.\n"
            return PlainTextResponse(text, link.status, headers)
        return RedirectResponse(link, 302, headers)

    app.mount("/", StaticFiles(directory=STATIC, html=True))
    return app
