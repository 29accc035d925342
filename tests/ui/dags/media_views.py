"""Tasks of every kind that the tab shows, against the emulator and S3 on moto's server."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.bulk_image_index import BulkIndexImagesOperator
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import CreateImageDbOperator
from airflow_provider_viapi.operators.metastudio import CreateSpeechOperator
from airflow_provider_viapi.operators.quality import MediaQualityCheckOperator
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator
from airflow_provider_viapi.sensors.vias_alarms import ViasAlarmSensor

PARAMS = {"video_url": "", "bad_url": "", "folder": "", "images": []}

with DAG("landed_film", schedule=None, params=PARAMS, render_template_as_native_obj=True):
    erase = EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url="{{ params.video_url }}",
        by=0.7,
        bh=0.3,
        land_to="{{ params.folder }}/films/",
        deferrable=True,
    )
    ChangeVideoSizeOperator(
        task_id="reframe", video_url=erase.landed["VideoUrl"], width=480, height=480, deferrable=True
    )

with DAG("batch_of_films", schedule=None, params=PARAMS):
    ViapiBatchOperator(
        task_id="erase_all",
        operator=EraseVideoSubtitlesOperator,
        items=[
            {"video_url": "{{ params.bad_url }}" if n in (3, 8) else f"{{{{ params.video_url }}}}?take={n}"}
            for n in range(12)
        ],
        max_failed=2,
        max_in_flight=5,
        deferrable=True,
    )

with DAG("one_film", schedule=None, params=PARAMS):
    ChangeVideoSizeOperator(
        task_id="reframe", video_url="{{ params.video_url }}", width=480, height=480, deferrable=True
    )

with DAG("one_film_on_a_worker", schedule=None, params=PARAMS):
    ChangeVideoSizeOperator(
        task_id="reframe", video_url="{{ params.video_url }}", width=480, height=480, deferrable=False
    )

with DAG("account_usage", schedule=None):
    HuaweiCloudOperator(task_id="resources", action="metastudio.ShowResourceUsage", request={})
    HuaweiCloudOperator(
        task_id="over_time",
        action="metastudio.ShowUsageData",
        request={
            "start_time": "{{ macros.ds_add(dag_run.run_after.strftime('%Y-%m-%d'), -1) }}T00:00:00Z",
            "end_time": "{{ dag_run.run_after.strftime('%Y-%m-%dT%H:%M:%SZ') }}",
        },
    )
    HuaweiCloudOperator(task_id="in_all", action="metastudio.ShowSummaryUsageData", request={})

with DAG("mapped_films", schedule=None, params=PARAMS):
    ChangeVideoSizeOperator.partial(
        task_id="reframe", video_url="{{ params.video_url }}", height=240, deferrable=True
    ).expand(width=[320, 480])

with DAG("indexed_images", schedule=None, params=PARAMS, render_template_as_native_obj=True):
    create = CreateImageDbOperator(task_id="create", name="shelf")
    index = IndexImagesOperator(task_id="index", db_name="shelf", images="{{ params.images }}", max_failed=5)
    create >> index

with DAG("alarms", schedule=None, params=PARAMS):
    ViasAlarmSensor(
        task_id="wait", folder="{{ params.folder }}/alarms/", images_to="{{ params.folder }}/pictures"
    )

with DAG("late_film", schedule=None, params=PARAMS):
    ChangeVideoSizeOperator(
        task_id="reframe",
        video_url="{{ params.video_url }}",
        width=480,
        height=480,
        job_timeout=timedelta(seconds=15),
        retries=5,
        retry_delay=timedelta(seconds=25),
        deferrable=True,
    )

with DAG("checked_film", schedule=None, params=PARAMS):
    erased = EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url="{{ params.video_url }}",
        by=0.7,
        bh=0.3,
        land_to="{{ params.folder }}/checked/",
        deferrable=True,
    )
    branches = [EmptyOperator(task_id=name) for name in ("publish", "ask_editor")]
    (
        MediaQualityCheckOperator(
            task_id="check",
            source=erased.landed["VideoUrl"],
            before="{{ params.video_url }}",
            band=(0, 0.7, 1, 0.3),
            min_ssim=0.5,
            max_black=0.2,
            allowed_hosts=["127.0.0.1"],
            pass_task_ids="publish",
            fail_task_ids="ask_editor",
        )
        >> branches
    )
    MediaQualityCheckOperator(
        task_id="check_strictly", source=erased.landed["VideoUrl"], min_width=4000, min_duration=60
    )

with DAG("bulk_index", schedule=None, params=PARAMS, render_template_as_native_obj=True):
    BulkIndexImagesOperator(
        task_id="index",
        instance_name="demo",
        images="{{ params.images }}",
        staging="oss://team/search",
        deferrable=True,
    )

with DAG("refused_speech", schedule=None):
    CreateSpeechOperator(task_id="speak", text="Hello.", voice_asset_id="a-voice")
