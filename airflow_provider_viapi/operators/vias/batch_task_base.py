"""Base of the operators of batch tasks: a call is sent once, and reports which tasks it failed for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.errors import ServiceError, SubmissionInDoubt, proves_not_accepted
from airflow_provider_viapi.operators.arguments.checks import as_flag
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.huaweicloud_command_ledger import CommandLedger, CommandRecord
from airflow_provider_viapi.operators.huaweicloud_repeatable_calls import call_repeatedly
from airflow_provider_viapi.operators.task.attempt import attempt_of, choose_store, counting_in_doubt
from airflow_provider_viapi.operators.task.view import fail_and_show
from airflow_provider_viapi.task_instance.xcoms import BATCH_TASK_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

SOME_FAILED = "BatchTaskPartlyFailed"
"""Error code of a call that failed for some tasks of a batch task."""

MAX_REASONS = 20


class BatchTaskOperator(HuaweiCloudOperator):
    """Call an action on all tasks of a batch task once; fail if it failed for some of them, and name the reasons.

    The call and its response are recorded in the task's state store: a retry does not repeat a call that was
    accepted, and one whose outcome is unknown fails with ``SubmissionInDoubt``. Clearing the Airflow task sends it
    again. Stop and delete are repeated instead.

    The id of the batch task is in the XCom ``batch_task_id`` also if some tasks failed.

    :param allow_partial: log failures of some tasks as a warning instead of failing; default: false
    """

    idempotent: ClassVar[bool] = False
    """Calling twice costs and changes nothing more than calling once."""

    argument_names = (("id", "batch_task_id"),)

    def __init__(self, *, allow_partial: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.allow_partial = as_flag("allow_partial", allow_partial, self.action.name)

    def prepare_request(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the request as it is sent."""
        return request

    def execute(self, context: Context) -> Any:
        """Call the action unless an earlier attempt has, and return its response."""
        with fail_and_show(context, self.action_name, self.is_permanent):
            request, instance = self.validated_request(), context["ti"]
            log = CommandLedger(choose_store(context, durable=not self.idempotent), attempt_of(context))
            if self.idempotent:
                may_be_done = instance.try_number > 1
                response: Mapping[str, Any] = self.action.shown(
                    call_repeatedly(self.hook, self.action, request, may_be_done=may_be_done)
                )
            else:
                with counting_in_doubt(self.hook.stats, self.action_name):
                    response = self._send_once(request, log)
            batch_id = response.get("id") or request.get("id")
            instance.xcom_push(key=BATCH_TASK_KEY, value=batch_id)
            log.finish()
            self._report_failures(response, batch_id)
            return response

    def failures_matter(self, batch_id: str) -> bool:
        """Return whether the task fails if the call failed for some tasks of the batch task."""
        return not self.allow_partial

    @classmethod
    def is_permanent(cls, error: ServiceError) -> bool:
        """Return whether no retry can succeed after an error."""
        # A retry of an idempotent call may succeed; that of another one finds the recorded response.
        return (error.code == SOME_FAILED and not cls.idempotent) or super().is_permanent(error)

    def _send_once(self, request: Mapping[str, Any], log: CommandLedger) -> Mapping[str, Any]:
        from airflow_provider_viapi.jobs.ledger import request_digest, same_request

        record, digest = log.read(), request_digest(self.action.full_name, request)
        if record is not None and record.response is None:
            # Whatever is requested now: the earlier call may have created tasks.
            raise self._in_doubt(record.about, log)
        if record is not None and record.response is not None:
            if same_request(record.digest, digest):
                self.log.info("An earlier attempt has called %s", self.action.name)
                return record.response
            if "id" in record.response:
                self.log.warning(
                    "The request has changed since an earlier attempt: batch task %s of that continues and is billed",
                    record.response["id"],
                )
        # What can fail before the call comes before its record.
        prepared = self.prepare_request(request)
        self.hook.client.make_ready(self.action)
        about = str(request.get("name") or request.get("id"))
        record = CommandRecord(digest, previous_state="", about=about)
        log.write(record)
        try:
            response = self.action.shown(self.hook.call(self.action, prepared))
        except ServiceError as error:
            if proves_not_accepted(error):
                log.clear()
                raise
            raise self._in_doubt(about, log) from error
        log.write(replace(record, acknowledged=True, response=response))
        return response

    def _in_doubt(self, about: str, log: CommandLedger) -> SubmissionInDoubt:
        # A user who clears the task sends the request again.
        log.finish()
        return SubmissionInDoubt(
            f"the response to {self.action.name} for batch task {about} was lost, so it is unknown whether it was "
            "accepted. Look for it with vias.ListBatchTasks; clear the Airflow task to send it again",
            action=self.action.name,
        )

    def _report_failures(self, response: Mapping[str, Any], batch_id: Any) -> None:
        failed = response.get("failed_count")
        reasons = response.get("error_list")
        named = [str(each)[:500] for each in reasons] if isinstance(reasons, list) else []
        if not failed and not named:
            return
        more = f" and {len(named) - MAX_REASONS} more" if len(named) > MAX_REASONS else ""
        message = (
            f"{failed or len(named)} of {response.get('total_count')} tasks of batch task {batch_id} failed: "
            f"{'; '.join(named[:MAX_REASONS]) or 'no reason given'}{more}"
            f"{'' if response.get('succeed_count') == 0 else '. The others are as requested'}"
        )
        if self.failures_matter(batch_id):
            raise ServiceError(message, code=SOME_FAILED, action=self.action.name)
        self.log.warning("%s", message)
