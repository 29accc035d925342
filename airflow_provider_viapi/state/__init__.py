"""Durable stores of a task's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.ledger import Store


def open_store(context: Any) -> Store:
    """Return the store of the running task instance."""
    from airflow_provider_viapi.jobs.ledger import InMemoryStore

    store: Store | None = context.get("task_state_store")
    return InMemoryStore() if store is None else store
