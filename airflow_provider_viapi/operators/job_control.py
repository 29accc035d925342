"""Telling a job that another task has made to start or stop, and waiting until it has done so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import conf

from airflow_provider_viapi.errors import (
    InvalidRequest,
    ResponseLost,
    ServiceError,
    SubmissionInDoubt,
    from_dict,
)
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.operators.durability import fail_without_retry
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator, is_permanent

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.ledger import Store
    from airflow_provider_viapi.jobs.model import Job, JobReport

KEY = "huaweicloud_told"
"""Under which a deployed task finds what its earlier try has told, so it never changes."""

STATE_LAG = 30.0
"""For so long a job may show the end that it was in before it was told to start; how long it takes is not known."""


@dataclass(frozen=True)
class Told:
    """What a try has told a job.

    :param request: which job, and what
    :param was: the state in which the try found it
    :param heard: the service has said so, or nothing had to be told
    :param closed_within: once the task has ended, how many tries it then had in all: a person who clears it grants
        it more, a worker that dies before Airflow knows of the end does not
    """

    request: Mapping[str, Any]
    was: str
    heard: bool = False
    closed_within: int | None = None


class Memory:
    """What one task has told, written down where its next try finds it.

    :param store: keeps it
    :param max_tries: how many tries the task has in all
    """

    def __init__(self, store: Store, max_tries: int) -> None:
        self._store = store
        self._max_tries = max_tries

    @property
    def lasts(self) -> bool:
        """Whether what is written now will be there for the next try."""
        from airflow_provider_viapi.jobs.ledger import InMemoryStore

        return not isinstance(self._store, InMemoryStore)

    def read(self, request: Mapping[str, Any]) -> Told | None:
        """What an earlier try has told, if that was the same and nobody has cleared the task after its end."""
        stored = self._store.get(KEY)
        told = Told(**stored) if stored else None
        if told is None or told.request != request or told.closed_within not in (None, self._max_tries):
            return None
        return told

    def write(self, told: Told) -> None:
        """Keep it; nothing may be told unless this returns."""
        self._store.set(KEY, asdict(told))

    def close(self) -> None:
        """Note that the task ends; see :class:`Told` for why the note stays."""
        if stored := self._store.get(KEY):
            self.write(replace(Told(**stored), closed_within=self._max_tries))

    def forget(self) -> None:
        """Nothing was told after all."""
        self._store.delete(KEY)


class JobCommandOperator(HuaweiCloudOperator):
    """Tell a job something, unless it is done already, and wait until the job is as it was told.

    It looks first, so that a retry whose earlier try was heard tells nothing twice. The job is never cancelled by
    what happens to this task.

    Takes what :class:`~airflow_provider_viapi.operators.huaweicloud.HuaweiCloudOperator` takes, and:

    :param goal: the state that the job is to come to
    :param wait_for_completion: with false, return as soon as the job was told
    :param deferrable: wait in the triggerer; ``[operators] default_deferrable`` decides unless given
    :param job_timeout: how long to wait for the state; an hour unless given
    """

    made_by: ClassVar[Action]
    """The action that has made the job."""

    is_remembered: ClassVar[bool] = False
    """Whether a look is not enough for a retry, since the job may have done by then all that it was told."""

    def __init__(
        self,
        *,
        goal: str,
        wait_for_completion: bool = True,
        deferrable: bool | None = None,
        job_timeout: timedelta = timedelta(hours=1),
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": wait_for_completion, **kwargs})
        self.made_by.check_goal(goal)
        if job_timeout <= timedelta(0):
            raise InvalidRequest(
                f"job_timeout is {job_timeout}; allowed: more than zero", action=self.action.name
            )
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.goal = goal
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.job_timeout = job_timeout

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """The hook that calls."""
        return HuaweiCloudHook(self.huaweicloud_conn_id, goal=self.goal, scope=self.job.scope)

    @property
    def job(self) -> Job:
        """The job that is told."""
        from airflow_provider_viapi.jobs.model import Job

        kind, request = self.made_by.job_kind, self.request
        scope = None if kind.scope_name is None else str(request[kind.scope_name])
        return Job(str(request[kind.id_name]), self.made_by.full_name, scope)

    def has_to_be_told(self, report: JobReport) -> bool:
        """Whether a job that stands so is neither as it is to be nor on its way there."""
        raise NotImplementedError

    def result_of(self, report: JobReport) -> dict[str, Any]:
        """What the task returns of a job that has come to its goal or to an end.

        :raises JobFailed: the end is not what the job was to come to
        """
        return report.result_or_raise()

    def execute(self, context: Context) -> Any:
        """Look, tell, wait."""
        with fail_without_retry(is_permanent):
            request = self.validated_request()
            memory = self._memory(context)
            if self.is_remembered and not memory.lasts:
                self.log.warning(
                    "This Airflow keeps no task state (3.3 does): a retry tells a job again that has ended meanwhile"
                )
            report = self._take_up(request, memory)
            if not self.wait_for_completion:
                memory.close()
                return report.job_id
            if not report.is_final:
                deadline = datetime.now(timezone.utc) + self.job_timeout
                if self.deferrable:
                    self._defer(deadline)
                report = asyncio.run(self.hook.wait_for(self.job, until=deadline, log=self.log))
            return self._finish(report, memory)

    def _memory(self, context: Context) -> Memory:
        from airflow_provider_viapi.jobs.ledger import InMemoryStore

        store: Any = context.get("task_state_store") if self.is_remembered else None
        return Memory(InMemoryStore() if store is None else store, context["ti"].max_tries)

    def _take_up(self, request: Mapping[str, Any], memory: Memory) -> JobReport:
        """How the job stands once it knows what it is to do, from this try or an earlier one."""
        from airflow_provider_viapi.jobs.model import Outcome

        report = self.hook.report(self.job)
        if not self.has_to_be_told(report):
            self.log.info("Job %s is %s already", report.job_id, report.state)
            memory.write(Told(request, report.state, heard=True))
            return report
        before = memory.read(request) if report.outcome is Outcome.SUCCEEDED else None
        if before is None:
            self._tell(request, report, memory)
        elif before.heard or before.was != report.state:
            self.log.info("An earlier try has told job %s; it is %s", report.job_id, report.state)
        else:
            # So that a person who clears the task has the job told anew.
            memory.close()
            raise SubmissionInDoubt(
                f"job {report.job_id} was told to become {self.goal} and no answer came; it is {report.state} as "
                "before, and may have been that anew; clear the task to tell it again",
                code="SubmissionInDoubt",
                action=self.action.name,
            )
        may_lag = before is None or before.was == report.state
        return self._heeded(report) if may_lag and self.wait_for_completion else report

    def _tell(self, request: Mapping[str, Any], report: JobReport, memory: Memory) -> None:
        told = Told(request, report.state)
        memory.write(told)
        try:
            self.hook.call(self.action, request)
        except ServiceError as error:
            if not isinstance(error, ResponseLost):
                memory.forget()
            raise
        memory.write(replace(told, heard=True))
        self.log.info("Told job %s, which was %s, to become %s", report.job_id, report.state, self.goal)

    def _heeded(self, before: JobReport) -> JobReport:
        """How the job stands after it was told; not the end that it is about to leave."""
        from tenacity import Retrying, retry_if_result, stop_after_delay, wait_exponential

        def still_there(report: JobReport) -> bool:
            return before.is_final and report.state == before.state

        def last(state: Any) -> JobReport:
            report: JobReport = state.outcome.result()
            return report

        looking = Retrying(
            retry=retry_if_result(still_there),
            wait=wait_exponential(multiplier=0.25, max=3),
            stop=stop_after_delay(STATE_LAG),
            retry_error_callback=last,
        )
        return looking(self.hook.report, self.job)

    def _defer(self, deadline: datetime) -> None:
        from airflow_provider_viapi.triggers.huaweicloud import HuaweiCloudJobTrigger

        job = self.job
        self.defer(
            trigger=HuaweiCloudJobTrigger(
                job_id=job.id,
                action=job.action,
                deadline=deadline.isoformat(),
                cancel_on_kill=False,
                huaweicloud_conn_id=self.huaweicloud_conn_id,
                goal=self.goal,
                scope=job.scope,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on where the trigger left: return what is known of the job, or raise why it is not as it was told."""
        from airflow_provider_viapi.jobs.model import JobReport

        with fail_without_retry(is_permanent):
            if "error" in event:
                raise from_dict(event["error"])
            return self._finish(JobReport.from_dict(event["report"]), self._memory(context))

    def _finish(self, report: JobReport, memory: Memory) -> dict[str, Any]:
        result = self.result_of(report)
        memory.close()
        return result
