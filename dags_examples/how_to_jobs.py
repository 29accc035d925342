"""Actions by name, jobs of other programs, and files into and out of the service, as the how-to pages show them."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator, HuaweiCloudOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator
from airflow_provider_viapi.sensors.huaweicloud import HuaweiCloudJobSensor
from airflow_provider_viapi.sensors.viapi import ViapiJobSensor
from airflow_provider_viapi.transfers.object_storage_to_viapi import ObjectStorageToViapiOperator
from airflow_provider_viapi.transfers.viapi_to_object_storage import ViapiResultToObjectStorageOperator

with DAG(
    dag_id="how_to_jobs",
    description="Actions by name, and jobs that other tasks wait for",
    tags=["viapi", "huaweicloud", "how-to"],
    schedule=None,
    params={
        "video": Param(type="string", description="A video, such as s3://media/in/film.mp4"),
        "image": Param(type="string", description="An image, such as s3://media/in/cover.png"),
        "voice": Param(type="string", description="Asset id of a voice in MetaStudio"),
        "target": Param(type="string", description="A folder, such as s3://media/out/"),
    },
    doc_md=__doc__,
) as dag:
    # [START any_action]
    ViapiOperator(
        task_id="any_action",
        action="imagerecog.RecognizeImageColor",
        request={"Url": "{{ params.image }}", "ColorCount": 3},
    )
    # [END any_action]

    # [START any_job]
    ViapiJobOperator(
        task_id="any_job",
        action="videorecog.DetectVideoShot",
        request={"VideoUrl": "{{ params.video }}"},
        deferrable=True,
    )
    # [END any_job]

    # [START any_huawei_action]
    HuaweiCloudOperator(
        task_id="any_huawei_action",
        action="metastudio.ListAssets",
        request={"asset_type": "VOICE_MODEL", "limit": 10},
    )
    # [END any_huawei_action]

    # [START any_huawei_job]
    speak = HuaweiCloudJobOperator(
        task_id="any_huawei_job",
        action="metastudio.CreateAsyncTtsJob",
        request={"text": "A lamp.", "voice_asset_id": "{{ params.voice }}"},
        wait_for_completion=False,
    )
    # [END any_huawei_job]

    # [START wait_for_huawei_job]
    HuaweiCloudJobSensor(
        task_id="wait_for_huawei_job",
        action="metastudio.CreateAsyncTtsJob",
        job_id=speak.job_id,
        deferrable=True,
    )
    # [END wait_for_huawei_job]

    # [START copy_in]
    bring = ObjectStorageToViapiOperator(task_id="copy_in", source="{{ params.video }}")
    # [END copy_in]

    # [START submit_and_wait]
    submit = ChangeVideoSizeOperator(
        task_id="submit",
        video_url=bring.output,
        width=240,
        height=240,
        wait_for_completion=False,
    )
    wait = ViapiJobSensor(task_id="wait_for_job", job_id=submit.output, deferrable=True)
    # [END submit_and_wait]

    # [START copy_out]
    ViapiResultToObjectStorageOperator(
        task_id="copy_out",
        result=wait.output,
        job_id=submit.output,  # requests the result again if a link has expired
        land_to="{{ params.target }}",
    )
    # [END copy_out]
