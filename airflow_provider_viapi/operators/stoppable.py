"""Base operator that stops when Airflow asks it to, and cancels its jobs if the task has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowTaskTimeout, BaseOperator, TaskDeferred

from airflow_provider_viapi.best_effort import logging_failure
from airflow_provider_viapi.errors import ConfigurationError, StopRequested
from airflow_provider_viapi.task_instance.cancel_decision import TERMINAL, worker_must_cancel

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.batch.ledger import BatchLedger
    from airflow_provider_viapi.jobs.ledger import Ledger

T = TypeVar("T")


class StoppableOperator(BaseOperator):
    """Base of operators that wait on the worker: stop when Airflow asks to, and cancel jobs whose task has ended."""

    _stop_requested = False
    _waiting: asyncio.Task[Any] | None = None

    @property
    def cancel_on_states(self) -> Collection[str]:
        """States of the task with which its jobs are cancelled."""
        return TERMINAL

    def on_kill(self) -> None:
        """Stop submitting and waiting; whether jobs are cancelled depends on the state of the task."""
        self._stop_requested = True
        if self._waiting is not None:
            # Airflow calls this from a signal handler, perhaps while the loop sleeps.
            self._waiting.get_loop().call_soon_threadsafe(self._waiting.cancel)

    def check_can_poll(self) -> None:
        """Refuse a process that cannot wait for a job, before one is paid.

        :raises ConfigurationError: the asynchronous HTTP client cannot be imported, or an event loop runs already
        """
        try:
            import aiohttp  # noqa: F401

            import airflow_provider_viapi.jobs.polling.poller  # noqa: F401
        except ImportError as error:
            raise ConfigurationError(
                f"jobs cannot be polled here ({error}): nothing was submitted. Install the missing package: pip "
                "install aiohttp",
            ) from error
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        raise ConfigurationError(
            f"the task {self.task_id!r} polls in an event loop of its own, and one is running in this thread already "
            "(that of a notebook, for example): nothing was submitted. Run the task in another thread or process, or "
            "set deferrable=True",
        )

    def run_until_stopped(self, coroutine: Coroutine[Any, Any, T], doing: str) -> T:
        """Run a coroutine on this worker.

        :param doing: what it waits for, for the error
        :raises StopRequested: Airflow stops the task
        """

        async def run() -> T:
            self._waiting = waiting = asyncio.ensure_future(coroutine)
            if self._stop_requested:
                waiting.cancel()
            return await waiting

        try:
            return asyncio.run(run())
        except asyncio.CancelledError:
            raise StopRequested(f"the task was stopped while {doing}") from None
        finally:
            self._waiting = None

    @contextmanager
    def cancelling_if_ended(
        self,
        context: Context,
        ledger: Ledger | BatchLedger,
        cancel: Callable[[], object],
        *,
        has_jobs: Callable[[], bool],
    ) -> Iterator[None]:
        """Cancel jobs if the task reaches its ``execution_timeout``, or is stopped and nobody will resume them.

        :param has_jobs: without jobs Airflow is not asked for the state of the task
        """
        try:
            yield
        except TaskDeferred:
            raise
        except BaseException as end:
            # Before Airflow 3 the signal handler that calls on_kill also raises, and not an Exception.
            # What ends the task matters more.
            problem = (
                "It could not be checked whether jobs are to be cancelled, or they could not be (%s): those that run "
                "continue and are billed"
            )
            with logging_failure(self.log, problem):
                if isinstance(end, AirflowTaskTimeout) or (
                    self._stop_requested
                    and has_jobs()
                    and worker_must_cancel(
                        context["ti"],
                        self.cancel_on_states,
                        is_persistent=ledger.is_persistent,
                        survives_clear=ledger.survives_clear,
                    )
                ):
                    cancel()
            raise
