"""Live tasks: avatars on air."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import JobKind, States
from airflow_provider_viapi.huawei.services.metastudio.rooms import PRIVATE as PRIVATE_OF_ROOMS
from airflow_provider_viapi.huawei.services.metastudio.service import (
    CREATED_FILTERS,
    JOB,
    LIVE_EVENTS,
    OUTPUT_URLS,
    PAGE,
    SORT,
    VIDEO,
    action,
    choice,
    flag,
    integer,
    names,
    structure,
    structures,
    text,
    texts,
    url,
)

LIVE_STATES = States(
    pending=names("WAITING PROCESSING"), succeeded=("SUCCEED",), failed=names("FAILED BLOCKED")
)
"""PROCESSING is on air, until the task is stopped or its scripts end."""

PRIVATE = (*names("rtc_room_info live_event_report_url"), *PRIVATE_OF_ROOMS)
"""Fields with the tokens of the room, and with the keys of the addresses for events of viewers."""

LIST_SMART_LIVE = action(
    name="ListSmartLive",
    summary="List the live tasks of a room.",
    method="GET",
    path="/v1/{project_id}/smart-live-rooms/{room_id}/smart-live-jobs",
    in_path=(text("room_id", "Id of the live room.", required=True),),
    in_query=(*PAGE, text("state", "State of the live tasks."), *SORT, *CREATED_FILTERS),
    response_fields=names("count smart_live_jobs"),
    private=PRIVATE,
)

SHOW_SMART_LIVE = action(
    name="ShowSmartLive",
    summary="Return a live task.",
    method="GET",
    path="/v1/{project_id}/smart-live-rooms/{room_id}/smart-live-jobs/{job_id}",
    in_path=(text("room_id", "Id of the live room.", required=True), JOB),
    response_fields=names(
        "job_id room_id room_name state duration start_time end_time error_info create_time "
        "lastupdate_time rtc_room_info live_event_report_url live_event_callback_config "
        "rtc_callback_config stream_duration block_reason cover_url co_streamer_config "
        "live_job_log relation_live_platform_info used_resource_type is_ai_mark_on"
    ),
    private=PRIVATE,
)

STOP_SMART_LIVE = action(
    name="StopSmartLive",
    summary="Stop a live task.",
    method="POST",
    path="/v1/{project_id}/smart-live-rooms/{room_id}/smart-live-jobs/{job_id}/stop",
    in_path=(text("room_id", "Id of the live room.", required=True), JOB),
)

EXECUTE_SMART_LIVE_COMMAND = action(
    name="ExecuteSmartLiveCommand",
    summary="Send a command to a live task.",
    method="POST",
    path="/v1/{project_id}/smart-live-rooms/{room_id}/smart-live-jobs/{job_id}/command",
    in_path=(text("room_id", "Id of the live room.", required=True), JOB),
    in_body=(
        choice(
            "command",
            (
                "INSERT_PLAY_SCRIPT",
                "INSERT_PLAY_AUDIO",
                "REWRITE_PLAY_SCRIPT",
                "REWRITE_INTERACTION_RULES",
                "GET_CURRENT_PLAYING_SCRIPTS",
                "SHOW_LAYER",
                "REFRESH_OUTPUT_URL",
                "GET_LIVE_JOB_CONFIG_INFO",
                "CLEAN_UP_INSERT_COMMAND",
                "RESET_EXIT_CONFIG",
            ),
            "Command to execute.",
            required=True,
        ),
        structure("params", "Parameters of the command."),
        structure("review_config", "Settings of the content review."),
    ),
    response_fields=names("command_id command result"),
    private=PRIVATE,
)

LIST_SMART_LIVE_JOBS = action(
    name="ListSmartLiveJobs",
    summary="List the live tasks of all rooms.",
    method="GET",
    path="/v1/{project_id}/smart-live-jobs",
    in_query=(
        *PAGE,
        text("state", "State of the live tasks."),
        *SORT,
        *CREATED_FILTERS,
        text("room_name", "Name of the live room."),
    ),
    response_fields=names("count smart_live_jobs"),
    private=PRIVATE,
)

LIVE_EVENT_REPORT = action(
    name="LiveEventReport",
    summary="Report messages and events of viewers.",
    method="POST",
    path="/v1/{project_id}/smart-live-rooms/{room_id}/smart-live-jobs/{job_id}/live-event-report",
    in_path=(text("room_id", "Id of the live room.", required=True), JOB),
    in_query=(
        text("auth_key", "Authentication key, from the response that names the URL for reports."),
        integer("expires_time", "Time at which auth_key expires.", maximum=2**53),
        flag("refresh_url", "Request a new URL for reports."),
    ),
    in_body=(
        integer("total", "Number of events.", required=True),
        structures(
            "events",
            "Events of the live stream, each with its time.",
            fields=(integer("timestamp", "Time of the event.", required=True, maximum=2**53),),
        ),
        structure("review_config", "Settings of the content review."),
    ),
    response_fields=("live_event_report_url",),
    private=PRIVATE,
)

START_SMART_LIVE = action(
    name="StartSmartLive",
    summary="Start a live task in a live room.",
    method="POST",
    path="/v1/{project_id}/smart-live-rooms/{room_id}/smart-live-jobs",
    in_path=(text("room_id", "Id of the live room.", required=True),),
    in_body=(
        VIDEO,
        structure("play_policy", "Order and repetition of the scripts."),
        OUTPUT_URLS,
        texts("stream_keys", "Stream keys of output_urls; secret."),
        url(
            "interaction_callback_url",
            "URL from which the service requests replies to viewers.",
            max_length=2048,
        ),
        LIVE_EVENTS,
        structure("rtc_callback_config", "Callback for events of the RTC room."),
        choice("view_mode", ("LANDSCAPE", "VERTICAL"), "Orientation of the video: landscape or vertical."),
        structure("co_streamer_config", "Second presenter."),
        structure("job_run_config", "Prepaid resources to use."),
    ),
    response_fields=names(
        "job_id rtc_room_info live_event_report_url live_event_callback_config live_warning_info "
        "limit_duration"
    ),
    private=PRIVATE,
    job=JobKind(
        status_action=SHOW_SMART_LIVE,
        cancel=STOP_SMART_LIVE,
        states=LIVE_STATES,
        scope_name="room_id",
        target_states=("PROCESSING",),
    ),
)
