"""Create speech with subtitles and an avatar video from a text, store them, and keep the speech as an asset.

Voice and avatar are assets in MetaStudio, predefined or the team's. Links to results expire after one day; the stored
files remain.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.metastudio import (
    CreateAvatarVideoOperator,
    CreateSpeechOperator,
    UploadAssetOperator,
)

with DAG(
    dag_id="product_to_avatar_video",
    description="Speech, subtitles and an avatar video from a text",
    tags=["huaweicloud", "metastudio"],
    schedule=None,
    params={
        "product": Param("Folding lamp", type="string"),
        "text": Param("A lamp that folds into your pocket.", type="string", description="Text to speak"),
        "voice": Param(type="string", description="Asset id of the voice"),
        "avatar": Param(type="string", description="Asset id of the avatar"),
        "target": Param("s3://media/products/", type="string", description="Folder for the results"),
        "width": Param(1920, type="integer"),
        "height": Param(1080, type="integer"),
    },
    # Keeps numbers inside structures as numbers.
    render_template_as_native_obj=True,
    default_args={"deferrable": True, "retries": 2},
    doc_md=__doc__,
):
    speak = CreateSpeechOperator(
        task_id="speak",
        text="{{ params.text }}",
        voice_asset_id="{{ params.voice }}",
        gen_srt=True,
        land_to="{{ params.target }}",
    )
    keep = UploadAssetOperator(
        task_id="keep",
        source=speak.landed["audio_file_url"],
        asset_name="{{ params.product }}",
        asset_type="AUDIO",
    )
    film = CreateAvatarVideoOperator(
        task_id="film",
        model_asset_id="{{ params.avatar }}",
        voice_config={"voice_asset_id": "{{ params.voice }}"},
        video_config={"width": "{{ params.width }}", "height": "{{ params.height }}", "bitrate": 4000},
        shoot_scripts=[{"sequence_no": 1, "shoot_script": {"text_config": {"text": "{{ params.text }}"}}}],
        output_asset_config={"asset_name": "{{ params.product }}"},
        land_to="{{ params.target }}",
    )
