"""Avatars and voices after pictures, videos and recordings (MetaStudio), as the how-to pages show them.

Avatars after a video, and voices, take days: people review the files.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.metastudio import (
    AssessVoiceOperator,
    CreateAvatarModelOperator,
    CreatePictureModelByUrlOperator,
    CreatePictureModelOperator,
    CreateVoiceModelOperator,
    TransferAssetOperator,
)
from airflow_provider_viapi.sensors.huaweicloud import ImageModelSensor, VoiceModelSensor

with DAG(
    dag_id="how_to_models",
    description="Avatars and voices of MetaStudio: run the tasks that you need",
    tags=["huaweicloud", "metastudio", "how-to"],
    schedule=None,
    params={
        "photo": Param(type="string", description="A picture of a face, such as s3://team/mei.jpg"),
        "photo_url": Param("", type="string", description="Its HTTP address, which the service reads"),
        "style": Param("system_female_001", type="string", description="Id of a style"),
        "video": Param("", type="string", description="A video of the speaker, as MP4"),
        "recordings": Param("", type="string", description="A ZIP file of recordings"),
        "consent": Param("", type="string", description="The speaker's consent, as a file"),
        "project": Param("", type="string", description="Id of the project that receives assets"),
        "model_job": Param("", type="string", description="Id of a job that trains an avatar"),
        "voice_job": Param("", type="string", description="Id of a job that trains a voice"),
        "target": Param(type="string", description="A folder, such as s3://media/out/"),
    },
    doc_md=__doc__,
) as dag:
    # [START picture_model]
    CreatePictureModelOperator(
        task_id="picture_model",
        file="{{ params.photo }}",
        style_id="{{ params.style }}",
        name="Mei",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END picture_model]

    # [START picture_model_by_url]
    CreatePictureModelByUrlOperator(
        task_id="picture_model_by_url",
        picture_url="{{ params.photo_url }}",
        style_id="{{ params.style }}",
        name="Mei",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END picture_model_by_url]

    # [START avatar]
    CreateAvatarModelOperator(
        task_id="create_avatar",
        name="Mei",
        training_video="{{ params.video }}",
        grant_file="{{ params.consent }}",
        deferrable=True,
    )
    # [END avatar]

    # [START voice]
    assess = AssessVoiceOperator(
        task_id="assess_voice", recordings="{{ params.recordings }}", deferrable=True
    )
    train = CreateVoiceModelOperator(
        task_id="create_voice",
        voice_name="Mei",
        recordings="{{ params.recordings }}",
        authorization_letter="{{ params.consent }}",
        edition="advanced",
        deferrable=True,
    )
    assess >> train
    # [END voice]

    # [START transfer]
    TransferAssetOperator(
        task_id="transfer_asset",
        asset_ids=[train.output["asset_id"]],
        dest_project_id="{{ params.project }}",
        deferrable=True,
    )
    # [END transfer]

    # [START sensors]
    ImageModelSensor(task_id="image_model", job_id="{{ params.model_job }}", deferrable=True)
    VoiceModelSensor(task_id="voice_model", job_id="{{ params.voice_job }}", deferrable=True)
    # [END sensors]
