"""Uses of operators for the type checker; a line that is wrong ends with a comment that names the expected error."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from airflow.providers.common.compat.sdk import Asset

from airflow_provider_viapi.operators.imgsearch import AddImageOperator, ListImageDbsOperator
from airflow_provider_viapi.operators.metastudio import (
    CreateSpeechOperator,
    CreateVoiceModelOperator,
    StopLiveOperator,
    UploadAssetOperator,
)
from airflow_provider_viapi.operators.vias import (
    CreateViasTaskOperator,
    StartViasTaskOperator,
    UpdateViasTaskOperator,
)
from airflow_provider_viapi.operators.videoenhan import (
    ChangeVideoSizeOperator,
    EraseVideoLogoOperator,
    EraseVideoSubtitlesOperator,
    GenerateVideoOperator,
)
from airflow_provider_viapi.operators.videorecog import GenerateVideoCoverOperator

erase = EraseVideoSubtitlesOperator(
    task_id="erase",
    video_url="s3://media/in/film.mp4",
    by=0.7,
    bh="{{ params.height }}",
    land_to="s3://media/out/",
    deferrable=True,
    job_timeout=timedelta(hours=2),
    submit_timeout=60,
    on_doubt="fail",
    allowed_hosts=["nas:9000"],
    staging="oss://bucket/prefix",
    viapi_conn_id="viapi_default",
    wait_for_completion=True,
    pool="videos",
    retries=3,
    retry_delay=timedelta(minutes=1),
    execution_timeout=timedelta(hours=3),
    outlets=[Asset("s3://media/out/")],
    trigger_rule="all_done",
    max_active_tis_per_dag=5,
    map_index_template="{{ task.video_url }}",
    on_failure_callback=print,
    doc_md="Erase subtitles",
)
ChangeVideoSizeOperator(
    task_id="reframe", video_url=erase.landed["VideoUrl"], width=480, height="{{ h }}", crop_type="smart"
)
ChangeVideoSizeOperator(
    task_id="as_chosen", video_url="http://h/a.mp4", width=480, height=480, crop_type=erase.output["CropType"]
)
CreateVoiceModelOperator(task_id="voice", voice_name="v", recordings="s3://b/a.zip", tag="NEWS")
EraseVideoLogoOperator(task_id="logo", video_url=Path("/media/a.mp4"), boxes=[{"X": 0.1, "Y": "{{ y }}"}])
GenerateVideoOperator(
    task_id="generate",
    file_list=[{"FileName": "a.mp4", "FileUrl": erase.landed["VideoUrl"], "Type": "video"}],
)
GenerateVideoCoverOperator(task_id="cover", video_url=erase.landed["VideoUrl"], is_gif="{{ params.gif }}")
AddImageOperator(task_id="add", db_name="covers", entity_id="a", image_url=erase.landed["VideoUrl"])
ListImageDbsOperator(task_id="list", viapi_conn_id="viapi_default", pool="videos")
speak = CreateSpeechOperator(task_id="speak", text="Hello", voice_asset_id="v", cancel_on_kill=False)
UploadAssetOperator(
    task_id="keep", source=speak.landed["audio_file_url"], asset_name="a", asset_type="AUDIO", on_doubt="fail"
)
watch = CreateViasTaskOperator(
    task_id="watch",
    service_name="c-smoke-and-fire-edge",
    name="roof",
    input={"type": "url", "data": [{"url": "rtsp://h"}]},
    webhook={"url": "https://h", "headers": {"X-Key": "k"}},
    obs="obs://media/alarms",
    service_version="1.0",
    huaweicloud_conn_id="huaweicloud_default",
)
StartViasTaskOperator(task_id="start", vias_task_id=watch.job_id, deferrable=True, job_timeout=60)

# fmt: off
EraseVideoSubtitlesOperator(video_url="a")  # error: Missing named argument "task_id"
EraseVideoSubtitlesOperator(task_id="a")  # error: Missing named argument "video_url"
EraseVideoSubtitlesOperator(task_id="a", video_url=5)  # error: Argument "video_url"
EraseVideoSubtitlesOperator(task_id="a", video_url="a", bx=[0.1])  # error: Argument "bx"
EraseVideoSubtitlesOperator(task_id="a", video_url="a", land=True)  # error: Unexpected keyword argument "land"
EraseVideoSubtitlesOperator(task_id="a", video_url="a", job_timeout="1h")  # error: Argument "job_timeout"
EraseVideoSubtitlesOperator(task_id="a", video_url="a", on_doubt="guess")  # error: Argument "on_doubt"
EraseVideoSubtitlesOperator(task_id="a", video_url="a", deferrable="yes")  # error: Argument "deferrable"
ChangeVideoSizeOperator(task_id="a", video_url="a", width=1, height=1, crop_type="x")  # error: Argument "crop_type"
CreateVoiceModelOperator(task_id="a", voice_name="v", recordings="a", tag="SONG")  # error: Argument "tag"
UpdateViasTaskOperator(task_id="a", vias_task_id="t", dis={"stream": "s"})  # error: Argument "dis"
ListImageDbsOperator(task_id="a", land_to="s3://media/")  # error: Unexpected keyword argument "land_to"
StopLiveOperator(task_id="a", room_id="r", job_id="j", land_to="x")  # error: Unexpected keyword argument
