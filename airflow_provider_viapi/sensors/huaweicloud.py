"""Sensors for jobs of Huawei Cloud: any job, models of MetaStudio that take days, live tasks, tasks of VIAS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei import services
from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.huawei.services.vias.tasks import CREATE_TASK
from airflow_provider_viapi.links.job import ResultLink
from airflow_provider_viapi.operators.arguments.checks import (
    as_action,
    as_conn_id,
    as_id,
    is_default,
    is_templated,
)
from airflow_provider_viapi.schema import short_repr
from airflow_provider_viapi.sensors.base import JobSensor

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.huawei.model import Action


class HuaweiCloudJobSensor(JobSensor):
    """Wait until a job has ended, or is in a state, and return what its service reports; fail if it ended badly.

    Takes what :class:`~airflow_provider_viapi.sensors.base.JobSensor` takes, and:

    :param action: the action that created the job, or its name, such as ``metastudio.CreateAsyncTtsJob``
    :param job_id: id of the job, such as ``start.job_id``
    :param target_state: the state to wait for instead of the end
    :param scope: the room of a live task, which needs it
    :param huaweicloud_conn_id: id of the Airflow connection; default: ``huaweicloud_default``
    """

    template_fields: Sequence[str] = ("job_id", "scope", "huaweicloud_conn_id")
    operator_extra_links = (ResultLink(),)
    ui_color = "#fdeaea"

    def __init__(
        self,
        *,
        action: Action | str,
        job_id: str,
        target_state: str | None = None,
        scope: str | None = None,
        huaweicloud_conn_id: str = HuaweiCloudHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(job_id=job_id, **kwargs)
        found = as_action("action", action, services.find)
        if target_state is not None:
            found.check_target_state(target_state)
        if found.job_kind.scope_name is None:
            if scope is not None and not is_default("scope", scope, kwargs):
                raise InvalidRequest(
                    f"scope is {short_repr(scope)}; allowed: no such argument, since {found.full_name} has none",
                    action=found.name,
                )
            scope = None
        elif not is_templated(scope):
            as_id("scope", scope)
        # A trigger has its name alone.
        self.action: str = found.full_name
        self.target_state = target_state
        self.scope = scope
        self.huaweicloud_conn_id = as_conn_id("huaweicloud_conn_id", huaweicloud_conn_id)

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """Hook that polls."""
        return HuaweiCloudHook(self.huaweicloud_conn_id, target_state=self.target_state, scope=self.scope)

    @property
    def job_action(self) -> str:
        """The action that created the job."""
        return self.action

    @property
    def job_scope(self) -> str | None:
        """The room of a live task."""
        return self.scope

    def trigger(self, deadline: str) -> BaseTrigger:
        """Return the trigger that waits for the job."""
        from airflow_provider_viapi.triggers.job import HuaweiCloudJobTrigger

        return HuaweiCloudJobTrigger.of(self.hook, self.job, deadline, cancel_on_kill=False)

    def result_actions(self) -> Iterable[Action]:
        """Return the action that created the job."""
        return (services.find(self.action),)

    def describe(self, state: str) -> str:
        """Return the state, and whether it waits for a review."""
        awaiting_review = state in services.find(self.action).job_kind.states.awaiting_review
        return (
            f"{state}: it waits for a user's review or action, which may take days"
            if awaiting_review
            else state
        )


class ImageModelSensor(HuaweiCloudJobSensor):
    """Wait until an avatar is ready; return the job with its ``asset_id``.

    This takes days: Huawei's staff review the files, and the owner has to confirm the result. Wait with
    ``deferrable=True`` or ``mode="reschedule"``; default of ``timeout``: 7 days.

    :param job_id: id that ``metastudio.Create2dModelTrainingJob`` has returned
    """

    fixed_arguments = frozenset({"action", "scope"})

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        action = metastudio.avatars.CREATE_2D_MODEL_TRAINING_JOB.full_name
        super().__init__(action=action, job_id=job_id, **kwargs)


class VoiceModelSensor(HuaweiCloudJobSensor):
    """Wait until a voice is ready; return the job with its ``asset_id``.

    This takes days: Huawei's staff review the recordings. Wait with ``deferrable=True`` or ``mode="reschedule"``;
    default of ``timeout``: 7 days.

    :param job_id: id that the creating action of any edition has returned
    """

    fixed_arguments = frozenset({"action", "scope"})

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        # The same action reports the jobs of all editions.
        action = metastudio.voices.CREATE_TRAINING_BASIC_JOB.full_name
        super().__init__(action=action, job_id=job_id, **kwargs)


class LiveTaskSensor(HuaweiCloudJobSensor):
    """Wait until a live task is on air, or has ended; return the task.

    :param room_id: id of the live room
    :param job_id: id of the task, such as ``start.job_id``
    :param target_state: the state to wait for: ``PROCESSING`` (on air) or ``SUCCEED`` (ended)
    """

    fixed_arguments = frozenset({"action", "scope"})

    def __init__(
        self, *, room_id: str, job_id: str, target_state: Literal["PROCESSING", "SUCCEED"], **kwargs: Any
    ) -> None:
        action = metastudio.live.START_SMART_LIVE.full_name
        if not is_templated(room_id):
            as_id("room_id", room_id)
        # None would wait for the end.
        metastudio.live.START_SMART_LIVE.check_target_state(target_state, can_return_at_once=False)
        super().__init__(action=action, job_id=job_id, target_state=target_state, scope=room_id, **kwargs)


class ViasTaskSensor(HuaweiCloudJobSensor):
    """Wait until a task is in a state; fail with the service's reason if it fails before.

    Returns the task.

    :param vias_task_id: id of the VIAS task, such as ``create.job_id``
    :param target_state: the state to wait for: ``RUNNING``, ``SUCCEEDED`` or ``STOPPED``; default: ``RUNNING``
    """

    fixed_arguments = frozenset({"action", "job_id", "scope"})

    def __init__(
        self,
        *,
        vias_task_id: str,
        target_state: Literal["RUNNING", "SUCCEEDED", "STOPPED"] = "RUNNING",
        **kwargs: Any,
    ) -> None:
        if not is_templated(vias_task_id):
            as_id("vias_task_id", vias_task_id)
        # None would wait for the end, which a stream never reaches.
        CREATE_TASK.check_target_state(target_state, can_return_at_once=False)
        super().__init__(
            action=CREATE_TASK.full_name, job_id=vias_task_id, target_state=target_state, **kwargs
        )
