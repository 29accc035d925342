"""Operator that creates a task: an algorithm that analyses a stream or a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.services.vias import tasks
from airflow_provider_viapi.huawei.services.vias.service import LATEST
from airflow_provider_viapi.operators.arguments.checks import is_template, is_templated
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.vias.task_arguments import (
    STARTED_STATES,
    alarm_output,
    with_account_version,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import Flag, HuaweiCloudJobOptions, Object, Text
    from airflow_provider_viapi.operators.vias.task_arguments import Dis, Obs, Webhook


class CreateViasTaskOperator(HuaweiCloudJobOperator):
    """Analyse a stream or a file with an algorithm, in the cloud or on an edge device.

    A task on a stream runs until it is stopped: wait for ``RUNNING``, and stop it with
    :class:`StopViasTaskOperator`. A task on a file ends: wait for ``SUCCEEDED``. Its id is ``create.job_id``.

    Returns the task: ``id``, ``name``, ``state`` and so on.

    Once this Airflow task has succeeded, the VIAS task continues whatever happens to it. Clearing it after that
    creates another VIAS task.

    :param service_name: algorithm, such as ``c-smoke-and-fire-edge``
    :param name: name of the task; make it unique, because a create whose response was lost is looked up by it
    :param input: source to analyse: ``type``, and ``data``, a list with one source
    :param webhook: URL that receives alarms, or a mapping with ``url`` and ``headers``
    :param dis: stream of DIS that receives alarms, or a mapping with ``stream_name``
    :param obs: folder that receives alarms, ``obs://bucket/folder``, or a mapping with ``bucket`` and ``path``;
        bucket and folder may be templates, but not the whole address, nor can it be another task's output
    :param event_center: send alarms to the event center
    :param output: all destinations of alarms in one mapping, instead of these four
    :param service_version: version of the algorithm, such as ``1.2``; default: that of the account's algorithm
    :param target_state: the state to wait for: ``RUNNING`` or ``SUCCEEDED``; default: ``RUNNING``
    :param description: description of the task
    :param schedule: times at which the task runs: ``type``, ``timezone``, ``days_of_week``, ``periods``; weekly only
    :param config: settings of the algorithm in ``common``; known ones are checked, others are passed on unchanged.
        ``target_roi`` takes polygons and lines by name: ``{"polygons": {"gate": [[0, 0], [9, 0], [9, 9]]}}``
    :param is_saved_as_template: save the settings as a template
    :param resource_order_id: order of prepaid resources; required for commercial algorithms
    """

    action = tasks.CREATE_TASK

    def __init__(
        self,
        *,
        service_name: Text,
        name: Text,
        input: Object,
        webhook: Webhook | Text | None = None,
        dis: Dis | Text | None = None,
        obs: Obs | str | None = None,
        event_center: Flag | None = None,
        output: Object | None = None,
        service_version: Text | None = None,
        target_state: Literal["RUNNING", "SUCCEEDED"] = "RUNNING",
        description: Text | None = None,
        schedule: Object | None = None,
        config: Object | None = None,
        is_saved_as_template: Flag | None = None,
        resource_order_id: Text | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
    ) -> None:
        request = {
            "service_name": service_name,
            "name": name,
            "input": input,
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
        self.action.check_target_state(target_state, STARTED_STATES)
        super().__init__(request=request, target_state=target_state, **kwargs)
        self._refuse_several_sources(self.request["input"])

    @classmethod
    def build_request(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request of an item of a batch, which waits for the end of its task.

        :raises InvalidRequest: an argument is not allowed, or the source is a camera or a stream
        """
        request = super().build_request(arguments)
        source = request["input"]
        if not is_template(source) and _is_endless(source):
            raise InvalidRequest(
                f"input is of type {source['type']}, a camera or a stream, so the task does not end, but a batch "
                "waits for the end of each; allowed: files. For cameras and streams use CreateBatchTaskOperator, or "
                f"map {cls.__name__} with expand_kwargs",
                action=cls.action.name,
            )
        return request

    def validated_request(self) -> dict[str, Any]:
        """Return the rendered request with values of their proper types, and one source."""
        request = super().validated_request()
        self._refuse_several_sources(request["input"])
        return request

    def prepare_request(self, request: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """Return the request with the version of the account's algorithm."""
        prepared = super().prepare_request(request, context)
        return with_account_version(self.hook, prepared, self.action.name)

    def files_for_label(self, request: Mapping[str, Any]) -> Iterable[Any]:
        """Return nothing: the task's name says more than the last part of a stream's address."""
        return ()

    def _refuse_several_sources(self, source: Any) -> None:
        data = source.get("data") if isinstance(source, Mapping) else None
        if isinstance(data, list | tuple) and len(data) > 1:
            raise InvalidRequest(
                f"input is a mapping with {len(data)} sources in data; allowed: one, so give each a task of its own",
                action=self.action.name,
            )


def _is_endless(source: Mapping[str, Any]) -> bool:
    if source["type"] == "url":
        # At an address with http:// or https:// there may be a file.
        data = () if is_template(source["data"]) else source["data"]
        urls = [each.get("url") for each in data if not is_template(each)]
        return not all(is_templated(url) or str(url).lower().startswith("http") for url in urls)
    return source["type"] in ("video_source", "edgecamera", "vcn")
