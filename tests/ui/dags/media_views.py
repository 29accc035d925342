"""Tasks of every kind that the tab shows, against the emulator and S3 on moto's server."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import CreateImageDbOperator
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
