"""The life of a job, told once, and what all operators of this provider have in common.

An operator of a service is a class with an ``action`` and typed keyword arguments that become the ``request``;
everything else happens here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator, conf

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.errors import (
    AnswerLost,
    InvalidRequest,
    JobFailed,
    SubmissionInDoubt,
    from_dict,
)
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.job import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.viapi import submitted

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


def is_templated(value: Any) -> bool:
    """Whether a value, or one inside it, is known only when the task runs: a Jinja template or an XCom."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(is_templated(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(is_templated(item) for item in value)
    # What Airflow resolves at run time (XComArg and its relatives) can name what it refers to.
    return hasattr(value, "iter_references")


class ViapiOperator(BaseOperator):
    """Call an action that answers at once and return the answer's ``Data``.

    :param request: the action's parameters by wire name; ``None`` means not given. Literal values are checked
        when the DAG is parsed, templated ones after rendering, always before anything is sent.
    :param action: the action, or its name (``imgsearch.ListImageDbs``); the operators of a service have their own
    :param viapi_conn_id: id of the Airflow connection
    """

    template_fields: Sequence[str] = ("request", "viapi_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json"}
    ui_color = "#fff1e5"
    action: Action
    answers_with_job: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "action" in cls.__dict__:
            cls._check_kind(cls.action)

    @classmethod
    def _check_kind(cls, action: Any) -> None:
        if not isinstance(action, Action) or action.is_job is not cls.answers_with_job:
            kind = "a job" if cls.answers_with_job else "an action that answers at once"
            name = action.name if isinstance(action, Action) else repr(action)
            raise TypeError(f"{cls.__name__} needs {kind} as its action; {name} is not one")

    def __init__(
        self,
        *,
        request: Mapping[str, Any],
        action: Action | str | None = None,
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        # Each field of the result is an XCom of its own, which is what ``task.output["VideoUrl"]`` refers to.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if action is not None:
            self.action = services.find(action) if isinstance(action, str) else action
        self._check_kind(getattr(self, "action", None))
        self.request = self.action.check(request, pending=is_templated)
        self.viapi_conn_id = viapi_conn_id

    @cached_property
    def hook(self) -> ViapiHook:
        """The hook that calls."""
        return ViapiHook(self.viapi_conn_id)

    def execute(self, context: Context) -> Any:
        """Check the rendered request, call the action, return its ``Data``."""
        return self.hook.call(self.action, self.request)["Data"]


class ViapiJobOperator(ViapiOperator):
    """Submit a job, wait for it without holding a worker, return its result.

    The result has the API's own keys, so that ``erase.output["VideoUrl"]`` feeds the next task. The job's id goes
    to the XCom ``job_id`` as soon as it is known.

    This class itself is the way to an action that has no operator of its own::

        ViapiJobOperator(task_id="reframe", action="videoenhan.ChangeVideoSize", request={"VideoUrl": ...})

    :param deferrable: wait in the triggerer; ``[operators] default_deferrable`` decides unless given
    :param job_timeout: how long after its submission the job may take, in all; a day unless given
    """

    answers_with_job = True

    def __init__(
        self,
        *,
        deferrable: bool | None = None,
        job_timeout: timedelta = timedelta(days=1),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if job_timeout <= timedelta(0):
            raise InvalidRequest(
                f"job_timeout is {job_timeout}; allowed: more than zero", action=self.action.name
            )
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.job_timeout = job_timeout

    def execute(self, context: Context) -> Any:
        """Live the life of a job up to the waiting, and to its end unless deferred."""
        request = self.action.check(self.request)
        job = self._submit(request)
        context["ti"].xcom_push(key="job_id", value=job.id)
        deadline = datetime.now(timezone.utc) + self.job_timeout
        if self.deferrable:
            self._defer(job, deadline)
        return self._finish(asyncio.run(self.hook.wait_for(job, until=deadline, log=self.log)))

    def _submit(self, request: dict[str, Any]) -> Job:
        try:
            answer = self.hook.call(self.action, request)
        except AnswerLost as lost:
            raise SubmissionInDoubt(
                f"the job may have been accepted all the same ({lost.message}); look for it in the console "
                "before running this task again, which would pay for another",
                code="SubmissionInDoubt",
                http_status=lost.http_status,
                action=lost.action,
            ) from lost
        job = submitted(self.action, answer)
        self.log.info("Submitted job %s (%s)", job.id, job.action)
        return job

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

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on where the trigger left: return the result, or raise why there is none."""
        if "error" in event:
            raise from_dict(event["error"])
        return self._finish(JobReport.from_dict(event["report"]))

    def _finish(self, report: JobReport) -> dict[str, Any]:
        if report.outcome is not Outcome.SUCCEEDED:
            raise JobFailed(
                f"job {report.job_id} ended as {report.state}: {report.error_message or 'no reason given'}",
                job_id=report.job_id,
                state=report.state,
                code=report.error_code,
                action=self.action.name,
            )
        self.log.info("Job %s is done: %s", report.job_id, ", ".join(report.result or ()))
        return dict(report.result or {})
