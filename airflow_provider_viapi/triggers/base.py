"""Base of the triggers that wait for jobs: one event, and no queued jobs are left behind if a user ends the task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.result_fields import storable
from airflow_provider_viapi.task_instance.cancellation import run_shielded

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.base import CloudHook


class WaitTrigger(BaseTrigger):
    """Wait for jobs of one connection's account, then fire one event.

    The event holds what the wait has returned, or ``error`` (see ``errors``). Airflow stores the arguments in its
    database: they name a connection and never hold a key.
    """

    argument_names: ClassVar[tuple[str, ...]]
    """Arguments that rebuild the trigger; each is an attribute."""

    def hook(self) -> CloudHook:
        """Return the hook that polls."""
        raise NotImplementedError

    async def wait(self) -> dict[str, Any]:
        """Wait, and return what the event holds."""
        raise NotImplementedError

    async def cancel_if_ended(self) -> None:
        """Cancel queued jobs if a user ended the task, or cleared it and its next attempt does not find the jobs."""
        raise NotImplementedError

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments that rebuild this trigger in any triggerer."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {name: getattr(self, name) for name in self.argument_names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event."""
        try:
            event = await self.wait()
        except asyncio.CancelledError:
            # Before 3.3 Airflow has no on_kill: the state of the task shows why the trigger is stopped.
            if not hasattr(BaseTrigger, "on_kill"):
                await self.on_kill()
            raise
        except ServiceError as error:
            event = {"error": error.as_dict()}
        yield TriggerEvent(storable(event))

    async def on_kill(self) -> None:
        """Cancel queued jobs that nobody waits for any more; see :meth:`cancel_if_ended`."""
        await run_shielded(self.cancel_if_ended())
