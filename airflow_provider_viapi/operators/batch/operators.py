"""Batch operators of each cloud: one task, many jobs of one action."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.arguments.checks import as_action, as_conn_id, is_templated
from airflow_provider_viapi.operators.base import JobOperator
from airflow_provider_viapi.operators.batch.base import BatchOperator
from airflow_provider_viapi.storage_addresses import as_address

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.operators.arguments.options import Address
    from airflow_provider_viapi.triggers.batch import BatchTrigger


def _operator_class(operator: type[JobOperator] | Action | str) -> Any:
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.alibaba.services import find
    from airflow_provider_viapi.operators.viapi import job_operator_of

    action = as_action("operator", operator, find) if isinstance(operator, str) else operator
    if not isinstance(action, Action):
        return action
    if not action.is_job:
        raise InvalidRequest(
            f"{action.full_name} responds at once; a batch runs jobs. Map ViapiOperator over the requests instead",
            action=action.name,
        )
    return job_operator_of(action)


class ViapiBatchOperator(BatchOperator):
    """Run one VIAPI action for many items.

    ::

        ViapiBatchOperator(
            task_id="erase_all",
            operator=EraseVideoSubtitlesOperator,
            items=[{"video_url": "s3://films/1.mp4"}, {"video_url": "s3://films/2.mp4", "by": 0.8}],
            shared={"bh": 0.2},
        )

    An action without an operator of its own is given by its name, or as an ``Action``; its items are requests::

        ViapiBatchOperator(
            task_id="depths",
            operator="threedvision.EstimateMonocularVideoDepth",
            items=[{"request": {"VideoURL": "s3://films/1.mp4"}}, {"request": {"VideoURL": "s3://films/2.mp4"}}],
        )

    Takes what :class:`~airflow_provider_viapi.operators.batch.batch_arguments.BaseBatchOperator` takes, and:

    :param staging: where media are copied that the service cannot read at their address: your own bucket in
        Shanghai, ``oss://bucket/prefix``; default: VIAPI's temporary storage
    :param viapi_conn_id: id of the Airflow connection, whose ``submit_qps`` is the rate of submissions;
        default: ``viapi_default``
    """

    template_fields: Sequence[str] = (*BatchOperator.template_fields, "staging", "viapi_conn_id")
    ui_color = "#fff1e5"

    def __init__(
        self,
        *,
        operator: type[JobOperator] | Action | str,
        staging: Address | None = None,
        viapi_conn_id: str = "viapi_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(operator=_operator_class(operator), **kwargs)
        self.staging: Any = as_address(staging)
        self.viapi_conn_id = as_conn_id("viapi_conn_id", viapi_conn_id)
        if not is_templated(self.staging):
            self.check_inputs()

    @staticmethod
    def operator_base() -> type[JobOperator]:
        """Return the base class of operators that this batch can run."""
        from airflow_provider_viapi.operators.viapi import ViapiJobOperator

        return ViapiJobOperator

    def check_inputs(self) -> None:
        """Refuse a rendered ``staging`` that cannot take copies of the media."""
        from airflow_provider_viapi.media.inputs.request_media import check_staging_location

        # A path object that another task has returned.
        self.staging = as_address(self.staging)
        check_staging_location(self.staging)

    @cached_property
    def hook(self) -> ViapiHook:
        """Hook for ``viapi_conn_id``; reads the connection at its first call."""
        from airflow_provider_viapi.hooks.viapi import ViapiHook

        return ViapiHook(self.viapi_conn_id)

    @staticmethod
    def trigger_class() -> type[BatchTrigger]:
        """Return the class of the trigger that waits for the running jobs."""
        from airflow_provider_viapi.triggers.batch import ViapiBatchTrigger

        return ViapiBatchTrigger

    @property
    def connection(self) -> dict[str, Any]:
        """The connection id under the name that the cloud's operators and triggers have for it."""
        return {"viapi_conn_id": self.viapi_conn_id}

    def cloud_arguments(self) -> dict[str, Any]:
        """Return the destination of staged copies."""
        return {"staging": self.staging}


class HuaweiCloudBatchOperator(BatchOperator):
    """Run one action of MetaStudio or VIAS for many items.

    ::

        HuaweiCloudBatchOperator(
            task_id="speak_all",
            operator=CreateAvatarVideoOperator,
            items=[{"script_id": "s1"}, {"script_id": "s2"}],
            shared={"output_asset_config": {"asset_name": "Spring"}},
        )

    Takes what :class:`~airflow_provider_viapi.operators.batch.batch_arguments.BaseBatchOperator` takes, and:

    :param huaweicloud_conn_id: id of the Airflow connection; default: ``huaweicloud_default``
    """

    template_fields: Sequence[str] = (*BatchOperator.template_fields, "huaweicloud_conn_id")
    ui_color = "#fdeaea"

    def __init__(self, *, huaweicloud_conn_id: str = "huaweicloud_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.huaweicloud_conn_id = as_conn_id("huaweicloud_conn_id", huaweicloud_conn_id)

    @staticmethod
    def operator_base() -> type[JobOperator]:
        """Return the base class of operators that this batch can run."""
        from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator

        return HuaweiCloudJobOperator

    def _check_operator(self, operator: Any) -> None:
        super()._check_operator(operator)
        if operator.action.job_kind.scope_name is not None:
            raise TypeError(
                f"{operator.__name__} starts live tasks, which do not end on their own; map it with expand_kwargs"
            )

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """Hook for ``huaweicloud_conn_id``; reads the connection at its first call."""
        from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook

        return HuaweiCloudHook(self.huaweicloud_conn_id)

    @staticmethod
    def trigger_class() -> type[BatchTrigger]:
        """Return the class of the trigger that waits for the running jobs."""
        from airflow_provider_viapi.triggers.batch import HuaweiCloudBatchTrigger

        return HuaweiCloudBatchTrigger

    @property
    def connection(self) -> dict[str, Any]:
        """The connection id under the name that the cloud's operators and triggers have for it."""
        return {"huaweicloud_conn_id": self.huaweicloud_conn_id}
