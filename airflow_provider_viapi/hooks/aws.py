"""Asynchronous clients of AWS for an Airflow connection, through Airflow's amazon provider."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_viapi.messages.sqs import Connect


def aws_connect() -> Connect | None:
    """Return the function that opens a client; ``None`` if the amazon provider is not installed."""
    try:
        return _client if find_spec("airflow.providers.amazon.aws") else None
    except ModuleNotFoundError:
        return None


async def _client(conn_id: str | None, service: str, region: str) -> AbstractAsyncContextManager[Any]:
    # The first import takes more than a second.
    await asyncio.to_thread(_hook_class)
    hook = _hook_class()(aws_conn_id=conn_id, client_type=service, region_name=region)
    client: AbstractAsyncContextManager[Any] = await hook.get_async_conn()
    return client


def _hook_class() -> Any:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    return AwsBaseHook
