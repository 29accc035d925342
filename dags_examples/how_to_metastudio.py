"""Speech, videos, business cards, live streams and assets of MetaStudio, as the how-to pages show them."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.metastudio import (
    CreateAvatarVideoOperator,
    CreateBusinessCardOperator,
    CreatePhotoVideoOperator,
    CreateSpeechOperator,
    CreateSubtitlesOperator,
    StartLiveOperator,
    StopLiveOperator,
    UploadAssetOperator,
)
from airflow_provider_viapi.sensors.huaweicloud import LiveTaskSensor

with DAG(
    dag_id="how_to_metastudio",
    description="Operators of MetaStudio: run the tasks that you need",
    tags=["huaweicloud", "metastudio", "how-to"],
    schedule=None,
    params={
        "text": Param("A lamp that folds into your pocket.", type="string", description="Text to speak"),
        "voice": Param(type="string", description="Asset id of the voice"),
        "avatar": Param(type="string", description="Asset id of the avatar"),
        "photo": Param(type="string", description="A portrait, such as s3://team/anna.jpg"),
        "card": Param("", type="string", description="Asset id of a business card's template"),
        "script": Param("", type="string", description="Id of a script"),
        "room": Param("", type="string", description="Id of a live room"),
        "music": Param("", type="string", description="An audio file, such as s3://media/in/music.mp3"),
        "target": Param(type="string", description="A folder, such as s3://media/out/"),
    },
    doc_md=__doc__,
) as dag:
    # [START speech]
    CreateSpeechOperator(
        task_id="speech",
        text="{{ params.text }}",
        voice_asset_id="{{ params.voice }}",
        speed=100,
        gen_srt=True,  # also subtitles
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END speech]

    # [START avatar_video]
    CreateAvatarVideoOperator(
        task_id="avatar_video",
        model_asset_id="{{ params.avatar }}",
        voice_config={"voice_asset_id": "{{ params.voice }}"},
        video_config={"width": 1280, "height": 720, "bitrate": 2000},
        shoot_scripts=[{"sequence_no": 1, "shoot_script": {"text_config": {"text": "{{ params.text }}"}}}],
        output_asset_config={"asset_name": "lamp"},
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END avatar_video]

    # [START photo_video]
    CreatePhotoVideoOperator(
        task_id="photo_video",
        human_image="{{ params.photo }}",
        voice_config={"voice_asset_id": "{{ params.voice }}"},
        shoot_scripts=[{"shoot_script": {"text_config": {"text": "{{ params.text }}"}}}],
        output_asset_config={"asset_name": "anna"},
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END photo_video]

    # [START subtitles]
    CreateSubtitlesOperator(
        task_id="subtitles",
        script_id="{{ params.script }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END subtitles]

    # [START business_card]
    CreateBusinessCardOperator(
        task_id="business_card",
        card_templet_asset_id="{{ params.card }}",
        card_text_config={"name": "Anna", "company": "Lamps"},
        card_image_config={"human_image": "{{ params.photo }}"},
        introduction_type="TEXT",
        introduction_text="{{ params.text }}",
        voice_asset_id="{{ params.voice }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END business_card]

    # [START upload_asset]
    UploadAssetOperator(
        task_id="upload_asset",
        source="{{ params.music }}",
        asset_name="theme",
        asset_type="MUSIC",
        deferrable=True,
    )
    # [END upload_asset]

    # [START live]
    start = StartLiveOperator(
        task_id="start_live",
        room_id="{{ params.room }}",
        target_state="PROCESSING",  # on air
        job_timeout=timedelta(minutes=30),
        deferrable=True,
    )
    # Another DAG can wait, too, if it knows the ids of the room and of the job.
    on_air = LiveTaskSensor(
        task_id="on_air",
        room_id="{{ params.room }}",
        job_id=start.job_id,
        target_state="PROCESSING",
        deferrable=True,
    )
    stop = StopLiveOperator(
        task_id="stop_live", room_id="{{ params.room }}", job_id=start.job_id, deferrable=True, retries=10
    )
    # The teardown stops the stream also if a task between the two fails.
    start >> on_air >> stop.as_teardown(setups=start)
    # [END live]
