"""The plugin's own addresses: links to files, for the page and for *Result* of a task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")


Get = Callable[[str], httpx.Response]


@pytest.fixture
def get(monkeypatch: pytest.MonkeyPatch) -> Get:
    """Return a function that requests a path of the application as a user who may read every DAG."""
    security = pytest.importorskip("airflow.api_fastapi.core_api.security")

    def may_read(*_: Any) -> Any:
        return lambda: None

    monkeypatch.setattr(security, "requires_access_dag", may_read)
    from airflow_provider_viapi.plugins.app import create_app

    transport = httpx.ASGITransport(create_app())

    async def request(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://airflow.test") as client:
            return await client.get(path)

    return lambda path: asyncio.run(request(path))


def test_a_result_that_cannot_be_linked_is_answered_with_its_address_and_the_reason(get: Get) -> None:
    query = "run_id=r&task_id=t&address=file:///films/%3Cb%3Eout%3C/b%3E.mp4"

    answer = get(f"/open/d?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text.startswith("file:///films/<b>out</b>.mp4\n")
    assert "only files in object storage can be linked" in answer.text

    for_the_page = get(f"/files/d?{query}")
    assert for_the_page.status_code == 400
    assert for_the_page.json() == {"detail": "only files in object storage can be linked"}
