"""Live tasks: avatars on air."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.job_control import JobCommandOperator

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import JobReport


class StartLiveOperator(HuaweiCloudJobOperator):
    """Go on air in a live room.

    Waits until the task is on air, which it then stays until :class:`StopLiveOperator` or its scripts end it; or
    waits for its end. Its id is ``start.job_id``.

    Returns what is known of the task: ``job_id``, ``room_id``, ``state``, ``start_time`` and so on. Addresses and
    keys by which viewers' words are reported are left out.

    :param room_id: the live room
    :param wait_for: ``PROCESSING``: until it is on air; ``SUCCEED``: until it has ended; ``None``: not at all
    :param video_config: ``width`` and ``height`` in pixels, ``bitrate`` in kbit/s, and perhaps more
    :param play_policy: how often and in which order scripts are played
    :param output_urls: RTMP addresses that the stream goes to; one, for now
    :param stream_keys: stream keys that go with the addresses; masked wherever Airflow shows them
    :param interaction_callback_url: who is asked for replies to viewers
    :param live_event_callback_config: whom to tell what happens on air
    :param rtc_callback_config: whom to tell what happens in the RTC room
    :param view_mode: ``LANDSCAPE`` or ``VERTICAL``
    :param co_streamer_config: a second person on air
    :param job_run_config: which prepaid places are used
    """

    action = metastudio.live.START_SMART_LIVE

    def __init__(
        self,
        *,
        room_id: str,
        wait_for: Literal["PROCESSING", "SUCCEED"] | None = "PROCESSING",
        video_config: Mapping[str, Any] | None = None,
        play_policy: Mapping[str, Any] | None = None,
        output_urls: Sequence[str] | None = None,
        stream_keys: Sequence[str] | None = None,
        interaction_callback_url: str | None = None,
        live_event_callback_config: Mapping[str, Any] | None = None,
        rtc_callback_config: Mapping[str, Any] | None = None,
        view_mode: Literal["LANDSCAPE", "VERTICAL"] | None = None,
        co_streamer_config: Mapping[str, Any] | None = None,
        job_run_config: Mapping[str, Any] | None = None,
        **kwargs: Any,
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
        goal = "PROCESSING" if wait_for is None else wait_for
        super().__init__(request=request, goal=goal, wait_for_completion=wait_for is not None, **kwargs)


class StopLiveOperator(JobCommandOperator):
    """End a live task; one that has ended well already is left as it is.

    Returns what is known of the task, as :class:`StartLiveOperator` does.

    :param room_id: the live room
    :param job_id: the task, such as ``start.job_id``
    :param wait_for: ``SUCCEED``: until it has ended; ``None``: not at all
    """

    action = metastudio.live.STOP_SMART_LIVE
    made_by = metastudio.live.START_SMART_LIVE

    def __init__(
        self, *, room_id: str, job_id: str, wait_for: Literal["SUCCEED"] | None = "SUCCEED", **kwargs: Any
    ) -> None:
        super().__init__(
            request={"room_id": room_id, "job_id": job_id},
            goal="SUCCEED",
            wait_for_completion=wait_for is not None,
            **kwargs,
        )

    def has_to_be_told(self, report: JobReport) -> bool:
        """Whether there is anything to stop."""
        return not report.is_final
