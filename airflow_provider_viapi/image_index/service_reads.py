"""Reads of an image database or of an instance: at a rate of their own, and retried while the service fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import Throttled
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.retrying import READ, aretry_call

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.client import AsyncClient
    from airflow_provider_viapi.alibaba.model import Action

RETRY_SECONDS = 120.0
"""Seconds over which a read is retried while the service throttles or fails."""


class ServiceReads:
    """Calls that read, from one event loop.

    :param client: calls the service
    :param qps: calls per second; the service's quota holds per action, so calls that add have their own
    """

    def __init__(self, client: AsyncClient, qps: float) -> None:
        self._client = client
        self._limiter = RateLimiter(qps)

    async def read(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the field ``Data`` of a response.

        :raises ServiceError: the service refuses, or still fails after two minutes
        """
        return await aretry_call(
            lambda: self._read_once(action, request), policy=READ, max_seconds=RETRY_SECONDS
        )

    async def _read_once(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        await self._limiter.wait()
        try:
            response = await self._client.call_once(action, request)
        except Throttled:
            self._limiter.on_throttled()
            raise
        self._limiter.on_success()
        data: dict[str, Any] = response["Data"]
        return data
