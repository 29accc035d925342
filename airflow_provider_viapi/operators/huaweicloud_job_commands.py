"""Base of operators that start or stop a job of another task, and wait until it has reached the state."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.errors import (
    InvalidRequest,
    ServiceError,
    SubmissionInDoubt,
    from_dict,
    proves_not_accepted,
)
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.operators.arguments.checks import as_duration, as_flag, default_deferrable
from airflow_provider_viapi.operators.arguments.options import JobCommandOptions
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.huaweicloud_command_ledger import CommandLedger, CommandRecord
from airflow_provider_viapi.operators.huaweicloud_repeatable_calls import call_repeatedly
from airflow_provider_viapi.operators.stoppable import StoppableOperator
from airflow_provider_viapi.operators.task.attempt import (
    attempt_of,
    check_retention,
    choose_store,
    counting_in_doubt,
)
from airflow_provider_viapi.operators.task.view import fail_and_show

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.jobs.model import Job, JobReport


class JobCommandOperator(StoppableOperator, HuaweiCloudOperator):
    """Send a command to a job, unless it is not needed any more, and wait until the job has reached the state.

    The job's state is read first, so that a retry does not repeat a command. The job is never cancelled when this
    task is killed or times out.

    Takes what :class:`~airflow_provider_viapi.operators.action_base.ActionOperator` takes, what
    :class:`~airflow_provider_viapi.operators.arguments.options.JobCommandOptions` lists, and:

    :param target_state: state that the job is to reach
    """

    _options: ClassVar[type] = JobCommandOptions
    creating_action: ClassVar[Action]
    """Action that has created the job."""

    durable: ClassVar[bool] = False
    """Record the command for retries: the job's state alone does not show that a command was executed. Without it
    repeating the command must change nothing more."""

    state_lag: ClassVar[float] = 30.0
    """Seconds in which the API may still report the old terminal state after a start command; an assumption."""

    def __init__(
        self,
        *,
        target_state: str,
        wait_for_completion: bool = True,
        deferrable: bool | None = None,
        job_timeout: timedelta | float = timedelta(hours=1),
        **kwargs: Any,
    ) -> None:
        as_flag("wait_for_completion", wait_for_completion)
        super().__init__(**{"multiple_outputs": wait_for_completion, **kwargs})
        self.creating_action.check_target_state(target_state, of=self.action.name)
        self.target_state = target_state
        self.wait_for_completion = wait_for_completion
        self.deferrable = default_deferrable(deferrable, self.action.name)
        self.job_timeout = as_duration("job_timeout", job_timeout, self.action.name)

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """The hook of the connection."""
        return HuaweiCloudHook(self.huaweicloud_conn_id, target_state=self.target_state, scope=self.job.scope)

    @property
    def job(self) -> Job:
        """The job that the command is sent to."""
        from airflow_provider_viapi.jobs.model import Job

        kind, request = self.creating_action.job_kind, self.request
        scope = None if kind.scope_name is None else str(request[kind.scope_name])
        return Job(str(request[kind.id_name]), self.creating_action.full_name, scope)

    def needs_command(self, report: JobReport) -> bool:
        """Return true if a job in this state has neither reached the target state nor is about to."""
        raise NotImplementedError

    def result_of(self, report: JobReport) -> dict[str, Any]:
        """Return the task's result for a job that has reached the target state or a terminal state.

        :raises JobFailed: the state is not the target state
        """
        return report.result_or_raise()

    def execute(self, context: Context) -> Any:
        """Read the job's state, send the command if it is needed, wait for the target state."""
        with fail_and_show(context, self.action_name, self.is_permanent):
            request = self.validated_request()
            ledger = self._command_ledger(context)
            if self.durable and not ledger.is_persistent:
                self.log.warning(
                    "Task state is not durable here: a retry sends the command again if the job has ended meanwhile. "
                    "Use Airflow 3.3 or later, or set [viapi] state_path"
                )
            with counting_in_doubt(self.hook.stats, self.action_name):
                report = self._send_if_needed(request, ledger)
            if not self.wait_for_completion:
                ledger.finish()
                return report.job_id
            if not report.is_final:
                if self.deferrable and not self._stop_requested:
                    self.defer_attempt(context, self._trigger(), "execute_complete")
                waiting = self.hook.wait_for(self.job, deadline=self._deadline(), log=self.log)
                report = self.run_until_stopped(waiting, f"job {self.job.id} was not {self.target_state} yet")
            return self._finish(report, ledger)

    def _command_ledger(self, context: Context) -> CommandLedger:
        return CommandLedger(choose_store(context, durable=self.durable), attempt_of(context))

    def _send_if_needed(self, request: Mapping[str, Any], ledger: CommandLedger) -> JobReport:
        """Return the job's report once the command of this or an earlier attempt is accepted, or none is needed."""
        from airflow_provider_viapi.jobs.ledger import request_digest, same_request
        from airflow_provider_viapi.jobs.model import Outcome

        report = self.hook.report(self.job)
        digest = request_digest(self.action.full_name, request)
        if not self.needs_command(report):
            self.log.info("Job %s is already %s", report.job_id, report.state)
            ledger.acknowledge(CommandRecord(digest, report.state))
            return report
        # A job that has failed gets the command again; one that was stopped since is left stopped.
        has_ended = report.outcome in (Outcome.SUCCEEDED, Outcome.CANCELLED)
        record = ledger.read() if has_ended else None
        if record is not None and not same_request(record.digest, digest):
            record = None
        # A job that has reached its target state is the result of this task, which it has not returned yet.
        if record and report.state != self.target_state and ledger.was_cleared_since_sent(record):
            record = None
        if record is not None and (record.acknowledged or record.previous_state != report.state):
            self.log.info(
                "An earlier attempt has sent the command to job %s, which is %s. Clear the task to send it again",
                report.job_id,
                report.state,
            )
        elif record is not None and report.outcome is Outcome.SUCCEEDED:
            # A user who clears the task sends the command again.
            ledger.finish()
            raise SubmissionInDoubt(
                f"the response to the command that changes job {report.job_id} to {self.target_state} was lost; "
                f"the job is {report.state} as before, and may have run in between. Clear the task to "
                "send the command again",
                action=self.action.name,
            )
        else:
            record = None
            self._send(request, CommandRecord(digest, report.state), ledger)
        may_lag = record is None or record.previous_state == report.state
        return self._wait_for_change(report) if may_lag and self.wait_for_completion else report

    def _check_can_wait(self) -> None:
        """Refuse a command that starts what is billed if the job could not be waited for."""
        check_retention(self.job_timeout)
        if not self.wait_for_completion:
            return
        self.hook.check_can_wait()
        if self.deferrable:
            self._trigger().serialize()
        else:
            self.check_can_poll()

    def _send(self, request: Mapping[str, Any], record: CommandRecord, ledger: CommandLedger) -> None:
        if self.durable:
            # Other commands end what is billed, and are sent in any case.
            self._check_can_wait()
        ledger.write(record)
        try:
            if self.durable:
                self.hook.call(self.action, request)
            else:
                call_repeatedly(self.hook, self.action, request)
        except ServiceError as error:
            if proves_not_accepted(error):
                ledger.clear()
            # A repeated command is refused if the first one, whose response was lost, was executed.
            may_be_done = isinstance(error, InvalidRequest) and not self.durable
            if not may_be_done or self.needs_command(self.hook.report(self.job)):
                raise
        ledger.acknowledge(record)
        self.log.info(
            "Sent the command that changes job %s from %s to %s",
            self.job.id,
            record.previous_state,
            self.target_state,
        )

    def _wait_for_change(self, before: JobReport) -> JobReport:
        """Return the job's report, and not the terminal state that the job is about to leave."""
        report: JobReport = self.hook.report(self.job)
        deadline, pause = time.monotonic() + self.state_lag, 0.25
        while before.is_final and report.state == before.state and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(3.0, 2 * pause)
            report = self.hook.report(self.job)
        return report

    def _deadline(self) -> datetime:
        return datetime.now(timezone.utc) + self.job_timeout

    def _trigger(self) -> BaseTrigger:
        from airflow_provider_viapi.triggers.job import HuaweiCloudJobTrigger

        return HuaweiCloudJobTrigger.of(
            self.hook, self.job, self._deadline().isoformat(), cancel_on_kill=False
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Continue after the trigger: return what is known of the job, or raise why it is not in the target state."""
        from airflow_provider_viapi.jobs.model import JobReport

        with fail_and_show(context, self.action_name, self.is_permanent):
            if "error" in event:
                raise from_dict(event["error"])
            return self._finish(JobReport.from_dict(event["report"]), self._command_ledger(context))

    def _finish(self, report: JobReport, ledger: CommandLedger) -> dict[str, Any]:
        # Also before an error: a user who clears the task sends the command again.
        ledger.finish()
        return self.result_of(report)
