"""Operators of batch tasks: one algorithm and one body for many video sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.huawei.services.vias import tasks
from airflow_provider_viapi.huawei.services.vias.service import ENDED, LATEST
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.vias.batch_task_base import BatchTaskOperator
from airflow_provider_viapi.operators.vias.task_arguments import alarm_output, with_account_version

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import (
        Flag,
        HuaweiCloudOptions,
        Integer,
        Object,
        Text,
    )
    from airflow_provider_viapi.operators.vias.task_arguments import Dis, Obs, Webhook


class CreateBatchTaskOperator(BatchTaskOperator):
    """Create a task for each of many video sources; return ``id`` and ``succeed_count``.

    The tasks run, and are billed, until they are stopped (:class:`StopBatchTaskOperator`), or deleted.

    :param name: name of the batch task; make it unique, because it is looked for by its name if a response is lost
    :param batch_input: video sources: ``video_source_group``, a list of ``video_source_group_id`` and
        ``video_source_list``, each with ``video_source_id`` and ``target_roi`` (polygons and lines by name)
    :param service_name: algorithm, such as ``c-smoke-and-fire-edge``
    :param webhook: URL that receives alarms, or a mapping with ``url`` and ``headers``
    :param dis: stream of DIS that receives alarms, or a mapping with ``stream_name``
    :param obs: folder that receives alarms, ``obs://bucket/folder``, or a mapping with ``bucket`` and ``path``;
        bucket and folder may be templates, but not the whole address, nor can it be another task's output
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
        obs: Obs | str | None = None,
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
    :param obs: folder that receives alarms, ``obs://bucket/folder``, or a mapping with ``bucket`` and ``path``;
        bucket and folder may be templates, but not the whole address, nor can it be another task's output
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
        obs: Obs | str | None = None,
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
    idempotent = True

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
    idempotent = True

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
