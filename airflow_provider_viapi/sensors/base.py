"""Base sensor of both clouds: wait for a job that something else has submitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
)

from airflow_provider_viapi.errors import JobFailed, JobTimedOut, ServiceError, TransientError, from_dict
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.links.job import result_address, store_links
from airflow_provider_viapi.operators.arguments.checks import as_id, default_deferrable, is_templated
from airflow_provider_viapi.operators.provider_task import ProviderTask
from airflow_provider_viapi.operators.task.attempt import fail_without_retry
from airflow_provider_viapi.retrying import is_transient

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.hooks.waiting import WaitingHook
    from airflow_provider_viapi.result_fields import HasResultFields

MAX_TIMEOUT = 10 * 365 * 86_400.0
"""Longest wait in seconds that a deadline is computed for."""


class JobSensor(ProviderTask, BaseSensorOperator):
    """Wait until a job has ended and return its result; fail with the service's reason if the job failed.

    The sensor never cancels the job. It behaves as Airflow's sensors do: after ``timeout`` it fails without a retry
    (``AirflowSensorTimeout``); with ``soft_fail`` it is skipped after the timeout, a failed job or a permanent error.

    :param job_id: id of the job
    :param deferrable: wait in the triggerer; default: ``[operators] default_deferrable``. Otherwise
        ``mode="reschedule"`` occupies no worker between two polls.
    :param timeout: seconds until the sensor gives up; default: ``[sensors] default_timeout``, 7 days. A shorter
        ``execution_timeout`` holds also while the sensor is deferred, and a retry then waits again.
    """

    template_fields: Sequence[str] = ("job_id",)

    def __init__(self, *, job_id: str, deferrable: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if not is_templated(job_id):
            as_id("job_id", job_id)
        self.job_id = job_id
        self.deferrable = default_deferrable(deferrable)
        self._last_state: str | None = None

    # What a cloud implements.

    @property
    def hook(self) -> WaitingHook:
        """Hook that polls."""
        raise NotImplementedError

    @property
    def job_action(self) -> str:
        """The action that created the job, as ``service.Action``."""
        raise NotImplementedError

    @property
    def job_scope(self) -> str | None:
        """Scope of the job, such as the room of a live task."""
        return None

    def trigger(self, deadline: str) -> BaseTrigger:
        """Return the trigger that waits for the job.

        :param deadline: ISO 8601 with an offset
        """
        raise NotImplementedError

    def result_actions(self) -> Iterable[HasResultFields]:
        """Return the actions that may have created the job, which say where its files are."""
        raise NotImplementedError

    def describe(self, state: str) -> str:
        """Return what to log about a new state."""
        return state

    # The sensor.

    @property
    def job(self) -> Job:
        """The job to wait for.

        :raises InvalidRequest: ``job_id`` is empty
        """
        return Job(as_id("job_id", self.job_id), self.job_action, self.job_scope)

    def poke(self, context: Context) -> PokeReturnValue:
        """Poll the job once; if it has not ended, and the sensor is deferrable, defer."""
        # Not in execute(): the base class's does all that sensors promise, and Airflow 2 objects to a call of it.
        store_links(self, context)
        with fail_without_retry(self.is_permanent), self._skipping_if_job_failed():
            self.check_rendered()
            report = self._report()
            if report is not None and report.state != self._last_state:
                self._last_state = report.state
                self.log.info("Job %s is %s", report.job_id, self.describe(report.state))
            if report is not None and report.is_final:
                return PokeReturnValue(True, self._finish(report, context))
        if self.deferrable:
            deadline = datetime.now(timezone.utc) + min(
                self._timeout, self.execution_timeout or self._timeout
            )
            self.defer_attempt(context, self.trigger(deadline.isoformat()), "execute_complete")
        return PokeReturnValue(False)

    def _report(self) -> JobReport | None:
        """Return what the service reports now; ``None`` if an error may pass: only the timeout ends the wait."""
        job = self.job
        try:
            return self.hook.report(job)
        except TransientError as error:
            if not is_transient(error):
                raise
            self.log.warning("Job %s could not be polled now, retrying: %s", job.id, error)
            return None

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Continue after the trigger: return the result, or raise why there is none."""
        store_links(self, context)
        try:
            with fail_without_retry(self.is_permanent), self._skipping_if_job_failed():
                if "error" in event:
                    raise from_dict(event["error"])
                return self._finish(JobReport.from_dict(event["report"]), context)
        except JobTimedOut as late:
            limit = self.execution_timeout
            is_sooner = limit is not None and limit < self._timeout
            seconds = limit.total_seconds() if is_sooner and limit else self.timeout
            late.message += f"; the sensor gives up after {seconds:g} seconds, and the job continues"
            if self.soft_fail:
                raise AirflowSkipException(str(late)) from None
            if is_sooner:
                # As after execution_timeout on a worker, a retry waits again.
                raise
            raise AirflowSensorTimeout(str(late)) from None
        except AirflowSkipException:
            raise
        except (AirflowException, ServiceError) as error:
            # The base class does the same for what poke() raises.
            never_fail = getattr(self, "never_fail", False)
            if never_fail or (self.soft_fail and isinstance(error, AirflowException)):
                reason = "never_fail" if never_fail else "soft_fail"
                raise AirflowSkipException(f"Skipped because of {reason}: {error}") from error
            raise

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue as the base class does, but keep the reason of a skip, which it replaces."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowSkipException as skipped:
            if isinstance(skipped.__cause__, AirflowSkipException):
                raise skipped.__cause__ from None
            raise

    @property
    def _timeout(self) -> timedelta:
        return timedelta(seconds=min(float(self.timeout), MAX_TIMEOUT))

    def _finish(self, report: JobReport, context: Context) -> dict[str, Any]:
        result = report.result_or_raise()
        store_links(self, context, result_link=result_address(result, self.result_actions()))
        return result

    @contextmanager
    def _skipping_if_job_failed(self) -> Iterator[None]:
        try:
            yield
        except JobFailed as failed:
            if self.soft_fail:
                raise AirflowSkipException(f"Skipped because of soft_fail: {failed}") from failed
            raise
