"""The life of a job, told once; every operator that has a job done lives it, whichever cloud does it.

A cloud's base class (``operators.viapi`` for VIAPI) says how its jobs are asked for and by which trigger they are
waited for; an operator of a service adds typed keyword arguments. Everything else happens here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowTaskTimeout, BaseOperator, XComArg, conf

from airflow_provider_viapi.errors import (
    InvalidRequest,
    JobFailed,
    JobTimedOut,
    ResultExpired,
    ServiceError,
    from_dict,
)
from airflow_provider_viapi.media.asset_events import report_assets
from airflow_provider_viapi.operators.durability import fail_without_retry, is_permanent, open_ledger
from airflow_provider_viapi.triggers.task_state import OVER, is_over

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.jobs.backend import JobHook
    from airflow_provider_viapi.jobs.ledger import Ledger
    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.jobs.taking_up import OnDoubt, Submitting
    from airflow_provider_viapi.results import HasResultFields


@dataclass(frozen=True)
class Landed:
    """The addresses under which a task's files will have landed, by their keys in the result."""

    operator: BaseOperator

    def __getitem__(self, key: str) -> XComArg:
        """The address of one file."""
        return XComArg(self.operator, key=f"landed.{key}")


class JobOperator(BaseOperator):
    """Have a job accepted once, wait for it without holding a worker, return its result.

    The job's id goes to the XCom ``job_id`` as soon as it is known, and into Airflow's task state store (3.3 and
    later), so that a retry goes on with the same job instead of paying for another.

    :param deferrable: wait in the triggerer; ``[operators] default_deferrable`` decides unless given
    :param wait_for_completion: with false, return the job's id as soon as it was accepted; a sensor waits
    :param job_timeout: how long a try waits for the job, in all; a day unless given
    :param on_doubt: when it cannot be known whether a job was accepted: ``fail``, so that a person decides, or
        ``resubmit``, which may pay twice
    :param land_to: where the result's files are brought before their links end: a folder (ends with ``/``) of any
        storage that Airflow's ``ObjectStoragePath`` opens, or the name of one file, with placeholders such as
        ``{task_id}``, ``{map_index}``, ``{key}`` and ``{job_id}``. The result gains ``landed``, where each file lies.
    """

    def __init__(
        self,
        *,
        deferrable: bool | None = None,
        wait_for_completion: bool = True,
        job_timeout: timedelta = timedelta(days=1),
        on_doubt: OnDoubt = "fail",
        land_to: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": wait_for_completion, **kwargs})
        if job_timeout <= timedelta(0):
            raise InvalidRequest(
                f"job_timeout is {job_timeout}; allowed: more than zero", action=self._short_name
            )
        if on_doubt not in ("fail", "resubmit"):
            raise InvalidRequest(
                f"on_doubt is {on_doubt!r}; allowed: fail, resubmit", action=self._short_name
            )
        if land_to is not None and not wait_for_completion:
            raise InvalidRequest(
                "land_to is given although wait_for_completion is false; only a task that waits has a result to land",
                action=self._short_name,
            )
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.wait_for_completion = wait_for_completion
        self.job_timeout = job_timeout
        self.on_doubt = on_doubt
        self.land_to = land_to
        self._landed: dict[str, str] = {}

    @property
    def job_hook(self) -> JobHook:
        """The hook that calls."""
        raise NotImplementedError

    @property
    def action_name(self) -> str:
        """What is done, as ``service.Action``."""
        raise NotImplementedError

    def is_permanent(self, error: ServiceError) -> bool:
        """Whether no retry can mend an error."""
        return is_permanent(error)

    @property
    def cancel_on_states(self) -> Collection[str]:
        """The states of the task with which a job ends too that is still waited for."""
        return OVER

    @property
    def _short_name(self) -> str:
        return self.action_name.rpartition(".")[2]

    def validated_request(self) -> dict[str, Any]:
        """What is asked for, rendered and checked; nothing has been paid yet.

        :raises InvalidRequest: it cannot be
        """
        raise NotImplementedError

    def _check_place(self, action: HasResultFields) -> None:
        """Refuse a rendered place to land at that will not do for an action's result, or that nothing here opens."""
        if self.land_to is not None:
            from airflow_provider_viapi.media import landing

            landing.check(self.land_to, action)
            landing.check_opens(self.land_to)

    def submission(
        self, request: Mapping[str, Any], ledger: Ledger, deadline: datetime, context: Context
    ) -> Submitting:
        """What has the job accepted."""
        raise NotImplementedError

    def trigger(self, job: Job, deadline: datetime) -> BaseTrigger:
        """What waits for the job in the triggerer."""
        raise NotImplementedError

    def job_link(self, job: Job) -> str:
        """Where a person sees the job."""
        raise NotImplementedError

    def release_inputs(self, context: Context) -> None:
        """Clear away what was made for the job alone; called at least once, perhaps in another process."""

    def land(self, result: Mapping[str, Any], job: Job, context: Context) -> dict[str, str]:
        """Bring the result's files to ``land_to`` and return where each lies."""
        raise NotImplementedError

    @property
    def landed(self) -> Landed:
        """Where the files will lie, for tasks downstream: ``erase.landed["VideoUrl"]``."""
        return Landed(self)

    def execute(self, context: Context) -> Any:
        """Live the life of a job up to the waiting, and to its end unless deferred."""
        with fail_without_retry(self.is_permanent):
            request = self.validated_request()
            ledger = open_ledger(context)
            if not ledger.lasts:
                self.log.warning(
                    "This Airflow keeps no task state (3.3 does): a retry would submit the job again"
                )
            deadline = datetime.now(timezone.utc) + min(
                self.job_timeout, self.execution_timeout or self.job_timeout
            )
            try:
                job, report = self._take_up(request, ledger, deadline, context)
            except ServiceError:
                if ledger.read() is None:
                    # Nothing was accepted and nothing is in doubt, so nobody will read what was made for the job.
                    self.release_inputs(context)
                raise
            context["ti"].xcom_push(key="job_id", value=job.id)
            context["ti"].xcom_push(key="job_link", value=self.job_link(job))
            if not self.wait_for_completion:
                ledger.delivered(context["ti"].max_tries)
                return job.id
            if report is None and self.deferrable and not self._told_to_stop:
                self.defer(trigger=self.trigger(job, deadline), method_name="execute_complete")
            return self._finish(report or self._wait_here(job, deadline, ledger, context), ledger, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on where the trigger left: return the result, or raise why there is none."""
        from airflow_provider_viapi.jobs.model import JobReport

        ledger = open_ledger(context)
        with fail_without_retry(self.is_permanent):
            if "error" in event:
                raise self._given_up(from_dict(event["error"]), ledger, context)
            return self._finish(JobReport.from_dict(event["report"]), ledger, context)

    def _job(self, job_id: str) -> Job:
        from airflow_provider_viapi.jobs.model import Job

        return Job(job_id, self.action_name)

    def _take_up(
        self, request: Mapping[str, Any], ledger: Ledger, deadline: datetime, context: Context
    ) -> tuple[Job, JobReport | None]:
        """The job of an earlier try, with a report if it has ended; or else a new one."""
        from airflow_provider_viapi.jobs.taking_up import TakingUp

        return TakingUp(
            self.submission(request, ledger, deadline, context),
            look=self.job_hook.report,
            cancel=lambda job: asyncio.run(self.job_hook.cancel(job, self.log)),
            max_tries=context["ti"].max_tries,
        ).job()

    def _wait_here(self, job: Job, deadline: datetime, ledger: Ledger, context: Context) -> JobReport:
        async def wait() -> JobReport:
            self._waiting = asyncio.ensure_future(self.job_hook.wait_for(job, until=deadline, log=self.log))
            if self._told_to_stop:
                self._waiting.cancel()
            return await self._waiting

        try:
            return asyncio.run(wait())
        except JobTimedOut as late:
            raise self._given_up(late, ledger, context) from None
        except AirflowTaskTimeout:
            self._withdraw(job, ledger, context)
            raise
        except asyncio.CancelledError:
            if is_over(context["ti"], self.cancel_on_states):
                self._withdraw(job, ledger, context)
        except BaseException:
            # Before Airflow 3 the signal handler that calls on_kill also raises, and not an Exception.
            if self._told_to_stop and is_over(context["ti"], self.cancel_on_states):
                self._withdraw(job, ledger, context)
            raise
        finally:
            self._waiting = None
        raise ServiceError(
            f"the task was told to stop while job {job.id} was waited for", action=self._short_name
        )

    _told_to_stop = False
    _waiting: asyncio.Task[JobReport] | None = None

    def on_kill(self) -> None:
        """Stop waiting on this worker; whether the job is cancelled depends on why Airflow ends the task."""
        self._told_to_stop = True
        if self._waiting is not None:
            # Airflow calls this from a signal handler, perhaps while the loop sleeps.
            self._waiting.get_loop().call_soon_threadsafe(self._waiting.cancel)

    def _given_up(self, error: ServiceError, ledger: Ledger, context: Context) -> ServiceError:
        if isinstance(error, JobTimedOut):
            self._withdraw(self._job(error.job_id), ledger, context)
        return error

    def _withdraw(self, job: Job, ledger: Ledger, context: Context) -> None:
        if asyncio.run(self.job_hook.cancel(job, self.log)):
            ledger.clear()
            self.release_inputs(context)

    def _finish(self, report: JobReport, ledger: Ledger, context: Context) -> dict[str, Any]:
        self.release_inputs(context)
        try:
            result = report.result_or_raise()
        except JobFailed as failed:
            failed.action = self._short_name
            ledger.clear()
            raise
        self.log.info("Job %s is done: %s", report.job_id, ", ".join(result))
        if self.land_to is not None:
            result["landed"] = self._land(result, self._job(report.job_id), ledger, context)
        ledger.delivered(context["ti"].max_tries)
        return result

    def _land(self, result: Mapping[str, Any], job: Job, ledger: Ledger, context: Context) -> dict[str, str]:
        try:
            self._landed = self.land(result, job, context)
        except ResultExpired:
            # Retries would meet the same dead links; a person who clears the task has the job done anew.
            ledger.delivered(context["ti"].max_tries)
            raise
        for key, address in self._landed.items():
            context["ti"].xcom_push(key=f"landed.{key}", value=address)
        report_assets(context, self.outlets, self._landed, job_id=job.id)
        return self._landed
