"""Operators for live tasks: avatars on air."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.huawei.services.metastudio import live
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.huaweicloud_job_commands import JobCommandOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.jobs.model import JobReport
    from airflow_provider_viapi.operators.arguments.options import (
        HuaweiCloudJobOptions,
        JobCommandOptions,
        Object,
        Text,
        TextList,
    )


class StartLiveOperator(HuaweiCloudJobOperator):
    """Go on air in a live room.

    Waits until the task is on air, where it stays until :class:`StopLiveOperator` or its scripts end it, or waits for
    its end. Its id is ``start.job_id``.

    Returns the task: ``job_id``, ``room_id``, ``state``, ``start_time`` and so on, without the addresses and keys for
    reporting viewers' messages.

    :param room_id: id of the live room
    :param target_state: state to wait for: ``PROCESSING`` (on air) or ``SUCCEED`` (ended); default: ``PROCESSING``
    :param video_config: ``width`` and ``height`` in pixels, ``bitrate`` in kbit/s and optionally others
    :param play_policy: order and repetition of the scripts
    :param output_urls: RTMP URLs that receive the stream; at present one
    :param stream_keys: stream keys of the URLs; masked in Airflow
    :param interaction_callback_url: URL from which the service requests replies to viewers
    :param live_event_callback_config: callback for events of the live task
    :param rtc_callback_config: callback for events of the RTC room
    :param view_mode: ``LANDSCAPE`` or ``VERTICAL``
    :param co_streamer_config: second presenter
    :param job_run_config: prepaid resources to use
    """

    action = live.START_SMART_LIVE

    def __init__(
        self,
        *,
        room_id: Text,
        target_state: Literal["PROCESSING", "SUCCEED"] = "PROCESSING",
        video_config: Object | None = None,
        play_policy: Object | None = None,
        output_urls: TextList | None = None,
        stream_keys: TextList | None = None,
        interaction_callback_url: Text | None = None,
        live_event_callback_config: Object | None = None,
        rtc_callback_config: Object | None = None,
        view_mode: Literal["LANDSCAPE", "VERTICAL"] | XComArg | None = None,
        co_streamer_config: Object | None = None,
        job_run_config: Object | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
    ) -> None:
        request = {
            "room_id": room_id,
            "video_config": video_config,
            "play_policy": play_policy,
            "output_urls": output_urls,
            "stream_keys": stream_keys,
            "interaction_callback_url": interaction_callback_url,
            "live_event_callback_config": live_event_callback_config,
            "rtc_callback_config": rtc_callback_config,
            "view_mode": view_mode,
            "co_streamer_config": co_streamer_config,
            "job_run_config": job_run_config,
        }
        self.action.check_target_state(target_state)
        super().__init__(request=request, target_state=target_state, **kwargs)


class StopLiveOperator(JobCommandOperator):
    """End a live task, and wait until it is ``SUCCEED``; one that has ended is left as it is.

    Returns the task, as :class:`StartLiveOperator` does, also one that has failed or was blocked.

    :param room_id: id of the live room
    :param job_id: id of the task, such as ``start.job_id``
    """

    action = live.STOP_SMART_LIVE
    creating_action = live.START_SMART_LIVE
    fixed_arguments = frozenset({"target_state"})

    def __init__(self, *, room_id: Text, job_id: Text, **kwargs: Unpack[JobCommandOptions]) -> None:
        super().__init__(request={"room_id": room_id, "job_id": job_id}, target_state="SUCCEED", **kwargs)

    def needs_command(self, report: JobReport) -> bool:
        """Return true if the task has not ended."""
        return not report.is_final

    def result_of(self, report: JobReport) -> dict[str, Any]:
        """Return the task, also one that has failed or was blocked."""
        if report.state not in live.LIVE_STATES.failed:
            return super().result_of(report)
        reason = report.error_message or "no reason given"
        self.log.warning("Live task %s has ended as %s: %s", report.job_id, report.state, reason)
        return live.SHOW_SMART_LIVE.shown(self.hook.call(live.SHOW_SMART_LIVE, self.request))
