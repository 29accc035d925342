"""The life of a job, told once; every job operator lives it.

An operator of a service is a class with an ``action`` and typed keyword arguments that become the ``request``;
everything else happens here.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowTaskTimeout, conf

from airflow_provider_viapi.alibaba.errors import (
    InvalidRequest,
    JobFailed,
    JobTimedOut,
    SubmissionInDoubt,
    ViapiError,
    from_dict,
)
from airflow_provider_viapi.jobs.job import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.ledger import Entry, Ledger, digest_of
from airflow_provider_viapi.jobs.submission import OnDoubt, Submission
from airflow_provider_viapi.links.viapi import ViapiJobLink, ViapiResultLink, job_address
from airflow_provider_viapi.operators.action import ViapiOperator, is_templated
from airflow_provider_viapi.operators.context import failing_for_good, jobs_of_other_tasks, ledger_of
from airflow_provider_viapi.triggers.killed import is_over

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

__all__ = ["ViapiJobOperator", "ViapiOperator", "is_templated"]


class ViapiJobOperator(ViapiOperator):
    """Submit a job once, wait for it without holding a worker, return its result.

    The result has the API's own keys, so that ``erase.output["VideoUrl"]`` feeds the next task. The job's id goes to
    the XCom ``job_id`` as soon as it is known, and into Airflow's task state store (3.3 and later), so that a retry
    goes on with the same job instead of paying for another.

    This class itself is the way to an action that has no operator of its own::

        ViapiJobOperator(task_id="reframe", action="videoenhan.ChangeVideoSize", request={"VideoUrl": ...})

    :param deferrable: wait in the triggerer; ``[operators] default_deferrable`` decides unless given
    :param wait_for_completion: with false, return the job's id as soon as it was accepted; ``ViapiJobSensor`` waits
    :param job_timeout: how long a try waits for the job, in all; a day unless given
    :param on_doubt: when it cannot be known whether a job was accepted: ``fail``, so that a person decides, or
        ``resubmit``, which may pay twice
    """

    answers_with_job = True
    operator_extra_links = (ViapiJobLink(), ViapiResultLink())

    def __init__(
        self,
        *,
        deferrable: bool | None = None,
        wait_for_completion: bool = True,
        job_timeout: timedelta = timedelta(days=1),
        on_doubt: OnDoubt = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": wait_for_completion, **kwargs})
        if job_timeout <= timedelta(0):
            raise InvalidRequest(
                f"job_timeout is {job_timeout}; allowed: more than zero", action=self.action.name
            )
        if on_doubt not in ("fail", "resubmit"):
            raise InvalidRequest(
                f"on_doubt is {on_doubt!r}; allowed: fail, resubmit", action=self.action.name
            )
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.wait_for_completion = wait_for_completion
        self.job_timeout = job_timeout
        self.on_doubt = on_doubt

    def execute(self, context: Context) -> Any:
        """Live the life of a job up to the waiting, and to its end unless deferred."""
        with failing_for_good():
            request = self.action.check(self.request)
            if self.action.retired:
                self.log.warning("%s: %s", self.action.name, self.action.retired)
            ledger = ledger_of(context)
            if not ledger.lasts:
                self.log.warning(
                    "This Airflow keeps no task state (3.3 does): a retry would submit the job again"
                )
            deadline = datetime.now(timezone.utc) + min(
                self.job_timeout, self.execution_timeout or self.job_timeout
            )
            job, report = self._take_up(request, ledger, deadline, context)
            context["ti"].xcom_push(key="job_id", value=job.id)
            context["ti"].xcom_push(key="job_link", value=self._link_to(job))
            if not self.wait_for_completion:
                ledger.delivered(context["ti"].max_tries)
                return job.id
            if report is None and self.deferrable:
                self._defer(job, deadline)
            return self._finish(report or self._wait_here(job, deadline, ledger, context), ledger, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on where the trigger left: return the result, or raise why there is none."""
        ledger = ledger_of(context)
        with failing_for_good():
            if "error" in event:
                raise self._given_up(from_dict(event["error"]), ledger)
            return self._finish(JobReport.from_dict(event["report"]), ledger, context)

    def _take_up(
        self, request: dict[str, Any], ledger: Ledger, deadline: datetime, context: Context
    ) -> tuple[Job, JobReport | None]:
        """The job of an earlier try, with a report if it has ended; or else a new one."""
        submission = Submission(
            action=self.action,
            request=request,
            digest=digest_of(self.action.full_name, request),
            client=self.hook.client,
            ledger=ledger,
            claimed=lambda: jobs_of_other_tasks(context),
            on_doubt=self.on_doubt,
            until=deadline,
            try_number=context["ti"].try_number,
            log=self.log,
        )
        entry = ledger.read()
        if entry is None or not self._is_ours(entry, submission.digest, context):
            return submission.submit(), None
        if entry.job_id is None:
            self.log.info("Try %s left a submission without an answer", entry.try_number)
            return submission.settle(entry) or submission.submit(), None
        report = self._look_once(Job(entry.job_id, self.action.full_name), entry)
        if report is None or report.outcome in (Outcome.FAILED, Outcome.CANCELLED):
            return submission.submit(), None
        return Job(entry.job_id, self.action.full_name), report if report.is_final else None

    def _is_ours(self, entry: Entry, digest: str, context: Context) -> bool:
        """Whether an earlier submission is what this try wants; one that is not is cancelled if it still queues."""
        if entry.delivered_within is not None:
            if entry.delivered_within == context["ti"].max_tries and entry.digest == digest:
                return True
            self.log.info("Job %s has delivered before: submitting anew", entry.job_id)
            return False
        if entry.digest == digest:
            return True
        self.log.info("The request has changed since try %s: submitting anew", entry.try_number)
        if entry.job_id is None and self.on_doubt == "fail":
            raise SubmissionInDoubt(
                f"the request has changed since try {entry.try_number}, and what that sent at {entry.signed_at} got "
                "no answer and may be running; on_doubt='resubmit' submits anew",
                code="SubmissionInDoubt",
                action=self.action.name,
            )
        if entry.job_id is not None:
            asyncio.run(self.hook.cancel(Job(entry.job_id, self.action.full_name), self.log))
        return False

    def _look_once(self, job: Job, entry: Entry) -> JobReport | None:
        """How the job of an earlier try stands; ``None`` when the service has forgotten it and that is no matter."""
        try:
            report = self.hook.report(job)
        except InvalidRequest as unknown:
            if self.on_doubt == "resubmit":
                self.log.warning("Job %s is not known any more; submitting anew", job.id)
                return None
            raise SubmissionInDoubt(
                f"job {job.id} of try {entry.try_number} is not known to the service any more ({unknown.code}); "
                "on_doubt='resubmit' submits anew",
                code="SubmissionInDoubt",
                action=self.action.name,
            ) from unknown
        told = "Reattached to job %s of try %s, which is %s"
        if report.outcome in (Outcome.FAILED, Outcome.CANCELLED):
            told = "Job %s of try %s ended as %s; submitting anew"
        self.log.info(told, job.id, entry.try_number, report.state)
        return report

    def _link_to(self, job: Job) -> str:
        service = self.action.service
        return self.hook.account.endpoint or job_address(service.name, service.version, job.id)

    def _defer(self, job: Job, deadline: datetime) -> None:
        from airflow_provider_viapi.triggers.viapi import ViapiJobTrigger

        self.defer(
            trigger=ViapiJobTrigger(
                job_id=job.id,
                action=job.action,
                deadline=deadline.isoformat(),
                viapi_conn_id=self.viapi_conn_id,
            ),
            method_name="execute_complete",
        )

    def _wait_here(self, job: Job, deadline: datetime, ledger: Ledger, context: Context) -> JobReport:
        async def wait() -> JobReport:
            self._waiting = asyncio.ensure_future(self.hook.wait_for(job, until=deadline, log=self.log))
            if self._told_to_stop:
                self._waiting.cancel()
            return await self._waiting

        try:
            return asyncio.run(wait())
        except JobTimedOut as late:
            raise self._given_up(late, ledger) from None
        except AirflowTaskTimeout:
            self._withdraw(job, ledger)
            raise
        except asyncio.CancelledError:
            if is_over(context["ti"]):
                self._withdraw(job, ledger)
        except BaseException:
            # Before Airflow 3 the signal handler that calls on_kill also raises, and not an Exception.
            if self._told_to_stop and is_over(context["ti"]):
                self._withdraw(job, ledger)
            raise
        raise ViapiError(
            f"the task was told to stop while job {job.id} was waited for", action=self.action.name
        )

    _told_to_stop = False
    _waiting: asyncio.Task[JobReport] | None = None

    def on_kill(self) -> None:
        """Stop waiting on this worker; whether the job is cancelled depends on why Airflow ends the task."""
        self._told_to_stop = True
        if self._waiting is not None:
            # Airflow calls this from a signal handler, perhaps while the loop sleeps.
            self._waiting.get_loop().call_soon_threadsafe(self._waiting.cancel)

    def _given_up(self, error: ViapiError, ledger: Ledger) -> ViapiError:
        if isinstance(error, JobTimedOut):
            self._withdraw(Job(error.job_id, self.action.full_name), ledger)
        return error

    def _withdraw(self, job: Job, ledger: Ledger) -> None:
        if asyncio.run(self.hook.cancel(job, self.log)):
            ledger.clear()

    def _finish(self, report: JobReport, ledger: Ledger, context: Context) -> dict[str, Any]:
        try:
            result = report.result_or_raise()
        except JobFailed as failed:
            failed.action = self.action.name
            ledger.clear()
            raise
        self.log.info("Job %s is done: %s", report.job_id, ", ".join(result))
        ledger.delivered(context["ti"].max_tries)
        return result
