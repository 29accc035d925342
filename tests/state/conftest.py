"""Contexts of task instances, and a state path on each kind of storage."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from media.moto_s3 import bucket, moto_endpoint

__all__ = ["bucket", "moto_endpoint"]


def context(
    task_id: str = "erase",
    *,
    dag_id: str = "films",
    run_id: str = "manual__2026-01-01T00:00:00+00:00",
    map_index: int = -1,
    try_number: int = 1,
    **more: Any,
) -> Any:
    """Return the context of a task instance, as far as the stores use it."""
    instance = SimpleNamespace(
        dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index, try_number=try_number
    )
    return {"ti": instance, **more}


@pytest.fixture
def use_state_path(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return what sets ``[viapi] state_path``."""

    def use(path: str) -> str:
        monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", path)
        return path

    return use


@pytest.fixture(scope="session", autouse=True)
def memory_storage() -> None:
    """Let Airflow open ``memory://``: a storage whose fsspec file system has no conditional replacement."""
    from fsspec.implementations.memory import MemoryFileSystem

    try:
        from airflow.sdk.io import attach
    except ImportError:
        from airflow.io.store import attach
    attach("memory", fs=MemoryFileSystem())


@pytest.fixture(params=["file", "s3", "memory"])
def state_path(request: pytest.FixtureRequest, tmp_path: Path, use_state_path: Callable[[str], str]) -> str:
    """Return an empty folder on a shared volume, in S3, or on a file system without conditional writes."""
    if request.param == "s3":
        return use_state_path(f"{request.getfixturevalue('bucket').url}/state")
    if request.param == "memory":
        return use_state_path(f"memory://state-{uuid.uuid4().hex}/viapi")
    return use_state_path(f"file://{tmp_path}/state")
