"""Operators of batch tasks: one algorithm and one body for many video sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.errors import ServiceError, SubmissionInDoubt, proves_not_accepted
from airflow_provider_viapi.huawei.services.vias import tasks
from airflow_provider_viapi.huawei.services.vias.service import ENDED, LATEST
from airflow_provider_viapi.operators.arguments.checks import as_flag
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.huaweicloud_job_commands import (
    CommandLedger,
    CommandRecord,
    call_repeatedly,
)
from airflow_provider_viapi.operators.task.attempt import attempt_of, choose_store
from airflow_provider_viapi.operators.task.permanent_errors import (
    fail_without_retry,
    huawei_error_is_permanent,
)
from airflow_provider_viapi.operators.vias.task_arguments import alarm_output, with_account_version
from airflow_provider_viapi.task_instance.xcoms import BATCH_TASK_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import (
        Flag,
        HuaweiCloudOptions,
        Integer,
        Object,
        Text,
    )
    from airflow_provider_viapi.operators.vias.task_arguments import Dis, Obs, Webhook

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

    repeatable: ClassVar[bool] = False
    """Calling twice costs and changes nothing more than calling once."""

    def __init__(self, *, allow_partial: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.allow_partial = as_flag("allow_partial", allow_partial, self.action.name)

    def prepare_request(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the request as it is sent."""
        return request

    def execute(self, context: Context) -> Any:
        """Call the action unless an earlier attempt has, and return its response."""
        with fail_without_retry(self._is_permanent):
            request, instance = self.validated_request(), context["ti"]
            log = CommandLedger(choose_store(context, durable=not self.repeatable), attempt_of(context))
            if self.repeatable:
                may_be_done = instance.try_number > 1
                answer: Mapping[str, Any] = self.action.shown(
                    call_repeatedly(self.hook, self.action, request, may_be_done=may_be_done)
                )
            else:
                answer = self._send_once(request, log)
            batch_id = answer.get("id") or request.get("id")
            instance.xcom_push(key=BATCH_TASK_KEY, value=batch_id)
            log.finish()
            self._report_failures(answer, batch_id)
            return answer

    def failures_matter(self, batch_id: str) -> bool:
        """Return whether the task fails if the call failed for some tasks of the batch task."""
        return not self.allow_partial

    def _is_permanent(self, error: ServiceError) -> bool:
        # A retry of a repeatable call may succeed; that of another one finds the recorded response.
        return (error.code == SOME_FAILED and not self.repeatable) or huawei_error_is_permanent(error)

    def _send_once(self, request: Mapping[str, Any], log: CommandLedger) -> Mapping[str, Any]:
        from airflow_provider_viapi.jobs.ledger import request_digest, same_request

        record, digest = log.read(), request_digest(self.action.full_name, request)
        if record is not None and record.answer is None:
            # Whatever is requested now: the earlier call may have created tasks.
            raise self._in_doubt(record.about, log)
        if record is not None and record.answer is not None:
            if same_request(record.digest, digest):
                self.log.info("An earlier attempt has called %s", self.action.name)
                return record.answer
            if "id" in record.answer:
                self.log.warning(
                    "The request has changed since an earlier attempt: batch task %s of that continues and is billed",
                    record.answer["id"],
                )
        # What can fail before the call comes before its record.
        prepared = self.prepare_request(request)
        self.hook.client.make_ready(self.action)
        about = str(request.get("name") or request.get("id"))
        record = CommandRecord(digest, previous_state="", about=about)
        log.write(record)
        try:
            answer = self.action.shown(self.hook.call(self.action, prepared))
        except ServiceError as error:
            if proves_not_accepted(error):
                log.clear()
                raise
            raise self._in_doubt(about, log) from error
        log.write(replace(record, acknowledged=True, answer=answer))
        return answer

    def _in_doubt(self, about: str, log: CommandLedger) -> SubmissionInDoubt:
        # A user who clears the task sends the request again.
        log.finish()
        return SubmissionInDoubt(
            f"the response to {self.action.name} for batch task {about} was lost, so it is unknown whether it was "
            "accepted. Look for it with vias.ListBatchTasks; clear the Airflow task to send it again",
            code="SubmissionInDoubt",
            action=self.action.name,
        )

    def _report_failures(self, answer: Mapping[str, Any], batch_id: Any) -> None:
        failed = answer.get("failed_count")
        reasons = answer.get("error_list")
        named = [str(each)[:500] for each in reasons] if isinstance(reasons, list) else []
        if not failed and not named:
            return
        more = f" and {len(named) - MAX_REASONS} more" if len(named) > MAX_REASONS else ""
        message = (
            f"{failed or len(named)} of {answer.get('total_count')} tasks of batch task {batch_id} failed: "
            f"{'; '.join(named[:MAX_REASONS]) or 'no reason given'}{more}"
            f"{'' if answer.get('succeed_count') == 0 else '. The others are as requested'}"
        )
        if self.failures_matter(batch_id):
            raise ServiceError(message, code=SOME_FAILED, action=self.action.name)
        self.log.warning("%s", message)


class CreateBatchTaskOperator(BatchTaskOperator):
    """Create a task for each of many video sources; return ``id`` and ``succeed_count``.

    The tasks run, and are billed, until they are stopped (:class:`StopBatchTaskOperator`), or deleted.

    :param name: name of the batch task; make it unique, because it is looked for by its name if a response is lost
    :param batch_input: video sources: ``video_source_group``, a list of ``video_source_group_id`` and
        ``video_source_list``, each with ``video_source_id`` and ``target_roi`` (polygons and lines by name)
    :param service_name: algorithm, such as ``c-smoke-and-fire-edge``
    :param webhook: URL that receives alarms, or a mapping with ``url`` and ``headers``
    :param dis: stream of DIS that receives alarms, or a mapping with ``stream_name``
    :param obs: folder that receives alarms, ``obs://bucket/folder``, or a mapping with ``bucket`` and ``path``
    :param event_center: send alarms to the event center
    :param output: all destinations of alarms in one mapping, instead of these four
    :param service_version: version of the algorithm, such as ``1.2``; default: that of the account's algorithm
    :param description: description of the tasks
    :param schedule: times at which the tasks run: ``type``, ``timezone``, ``days_of_week``, ``periods``; weekly only
    :param config: settings of the algorithm in ``common``
    :param is_saved_as_template: save the settings as a template
    :param resource_order_id: order of prepaid resources; required for commercial algorithms
    :param allow_partial: log failures of some tasks as a warning instead of failing; default: false
    """

    action = tasks.CREATE_BATCH_TASK

    def __init__(
        self,
        *,
        name: Text,
        batch_input: Object,
        service_name: Text,
        webhook: Webhook | Text | None = None,
        dis: Dis | Text | None = None,
        obs: Obs | Text | None = None,
        event_center: Flag | None = None,
        output: Object | None = None,
        service_version: Text | None = None,
        description: Text | None = None,
        schedule: Object | None = None,
        config: Object | None = None,
        is_saved_as_template: Flag | None = None,
        resource_order_id: Text | None = None,
        allow_partial: bool = False,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "name": name,
            "batch_input": batch_input,
            "service_name": service_name,
            "output": alarm_output(
                output,
                webhook=webhook,
                dis=dis,
                obs=obs,
                event_center=event_center,
                action=self.action.name,
                required=True,
            ),
            "service_version": LATEST if service_version is None else service_version,
            "description": description,
            "schedule": schedule,
            "config": config,
            "is_saved_as_template": is_saved_as_template,
            "resource_order_id": resource_order_id,
        }
        super().__init__(request=request, allow_partial=allow_partial, **kwargs)

    def prepare_request(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the request with the version of the account's algorithm."""
        return with_account_version(self.hook, request, self.action.name)


class UpdateBatchTaskOperator(BatchTaskOperator):
    """Change the settings of a batch task. What is not given is left as it is, as far as the service allows.

    :param batch_task_id: id of the batch task
    :param name: new name of the batch task
    :param batch_input: video sources, as for :class:`CreateBatchTaskOperator`
    :param webhook: URL that receives alarms, or a mapping with ``url`` and ``headers``
    :param dis: stream of DIS that receives alarms, or a mapping with ``stream_name``
    :param obs: folder that receives alarms, ``obs://bucket/folder``, or a mapping with ``bucket`` and ``path``
    :param event_center: send alarms to the event center
    :param output: all destinations of alarms in one mapping, instead of these four
    :param description: description of the tasks
    :param schedule: times at which the tasks run
    :param config: settings of the algorithm in ``common``
    :param allow_partial: log failures of some tasks as a warning instead of failing; default: false
    """

    action = tasks.UPDATE_BATCH_TASK

    def __init__(
        self,
        *,
        batch_task_id: Text,
        name: Text | None = None,
        batch_input: Object | None = None,
        webhook: Webhook | Text | None = None,
        dis: Dis | Text | None = None,
        obs: Obs | Text | None = None,
        event_center: Flag | None = None,
        output: Object | None = None,
        description: Text | None = None,
        schedule: Object | None = None,
        config: Object | None = None,
        allow_partial: bool = False,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "id": batch_task_id,
            "name": name,
            "batch_input": batch_input,
            "output": alarm_output(
                output,
                webhook=webhook,
                dis=dis,
                obs=obs,
                event_center=event_center,
                action=self.action.name,
                required=False,
            ),
            "description": description,
            "schedule": schedule,
            "config": config,
        }
        super().__init__(request=request, allow_partial=allow_partial, **kwargs)


class StartBatchTaskOperator(BatchTaskOperator):
    """Start all tasks of a batch task; return how many of them were started.

    :param batch_task_id: id of the batch task
    :param allow_partial: log failures of some tasks as a warning instead of failing; default: false
    """

    action = tasks.BATCH_START_STOP_TASK

    def __init__(
        self, *, batch_task_id: Text, allow_partial: bool = False, **kwargs: Unpack[HuaweiCloudOptions]
    ) -> None:
        request = {"id": batch_task_id, "command": "start"}
        super().__init__(request=request, allow_partial=allow_partial, **kwargs)


class StopBatchTaskOperator(BatchTaskOperator):
    """Stop all tasks of a batch task, so that they cost nothing more; return how many of them were stopped.

    The command is safe to repeat. It succeeds also if the service reports failures and no task runs any more, such as
    for tasks that had failed or were stopped before.

    :param batch_task_id: id of the batch task
    :param allow_partial: log failures of some tasks as a warning instead of failing; default: false
    """

    action = tasks.BATCH_START_STOP_TASK
    repeatable = True

    def __init__(
        self, *, batch_task_id: Text, allow_partial: bool = False, **kwargs: Unpack[HuaweiCloudOptions]
    ) -> None:
        request = {"id": batch_task_id, "command": "stop"}
        super().__init__(request=request, allow_partial=allow_partial, **kwargs)

    def failures_matter(self, batch_id: str) -> bool:
        """Return false also if none of the tasks runs."""
        if not super().failures_matter(batch_id):
            return False
        states: dict[str, str] = {}
        page, size = 1, 50
        try:
            while True:
                wanted = {"batch_id": batch_id, "page": page, "page_size": size}
                listed = self.hook.call(tasks.LIST_TASKS, wanted)["tasks"]
                found = {str(each["id"]): str(each["state"]) for each in listed}
                # A service that ignores the number of the page repeats the first one.
                is_last = len(listed) < size or found.keys() <= states.keys()
                states |= found
                if is_last or not set(found.values()) <= set(ENDED):
                    break
                page += 1
        except (ServiceError, LookupError, TypeError) as error:
            self.log.warning("The states of the tasks could not be queried: %s", error)
            return True
        return not states or any(state not in ENDED for state in states.values())


class DeleteBatchTaskOperator(BatchTaskOperator):
    """Delete a batch task and its tasks. The call is safe to repeat.

    :param batch_task_id: id of the batch task
    :param allow_partial: log failures of some tasks as a warning instead of failing; default: false
    """

    action = tasks.DELETE_BATCH_TASK
    repeatable = True

    def __init__(
        self, *, batch_task_id: Text, allow_partial: bool = False, **kwargs: Unpack[HuaweiCloudOptions]
    ) -> None:
        super().__init__(request={"id": batch_task_id}, allow_partial=allow_partial, **kwargs)


class ListBatchTasksOperator(HuaweiCloudOperator):
    """Return batch tasks in ``batch_task_list``, each with the number of its tasks in each state.

    :param name_like: part of the name
    :param task_state: state of a task
    :param video_group: group of video sources
    :param is_paged: split the response into pages
    :param page_size: batch tasks on a page
    :param page_num: number of the page, from 1
    """

    action = tasks.LIST_BATCH_TASKS

    def __init__(
        self,
        *,
        name_like: Text | None = None,
        task_state: Text | None = None,
        video_group: Text | None = None,
        is_paged: Flag | None = None,
        page_size: Integer | None = None,
        page_num: Integer | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "name_like": name_like,
            "task_state": task_state,
            "video_group": video_group,
            "is_paged": is_paged,
            "page_size": page_size,
            "page_num": page_num,
        }
        super().__init__(request=request, **kwargs)
