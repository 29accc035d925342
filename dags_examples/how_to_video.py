"""One task per video action, as the how-to pages show them. The tasks do not depend on each other."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.videoenhan import (
    AbstractEcommerceVideoOperator,
    AbstractFilmVideoOperator,
    AddFaceVideoTemplateOperator,
    AdjustVideoColorOperator,
    ChangeVideoSizeOperator,
    DeleteFaceVideoTemplateOperator,
    EnhancePortraitVideoOperator,
    EnhanceVideoQualityOperator,
    EraseVideoLogoOperator,
    EraseVideoSubtitlesOperator,
    GenerateHumanAnimeStyleVideoOperator,
    GenerateVideoOperator,
    InterpolateVideoFrameOperator,
    MergeVideoFaceOperator,
    MergeVideoModelFaceOperator,
    QueryFaceVideoTemplateOperator,
    SuperResolveVideoOperator,
)
from airflow_provider_viapi.operators.videorecog import DetectVideoShotOperator, GenerateVideoCoverOperator

with DAG(
    dag_id="how_to_video",
    description="One task per video action: run the one that you need",
    tags=["viapi", "video", "how-to"],
    schedule=None,
    params={
        "video": Param(type="string", description="A video, such as s3://media/in/film.mp4"),
        "image": Param(type="string", description="A JPEG or PNG image"),
        "template_id": Param("", type="string", description="Id of a face template"),
        "target": Param(type="string", description="A folder, such as s3://media/out/"),
    },
    doc_md=__doc__,
) as dag:
    # [START erase_subtitles]
    EraseVideoSubtitlesOperator(
        task_id="erase_subtitles",
        video_url="{{ params.video }}",
        by=0.7,  # the band begins at 70 % of the height …
        bh=0.3,  # … and is 30 % high
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END erase_subtitles]

    # [START erase_logos]
    EraseVideoLogoOperator(
        task_id="erase_logos",
        video_url="{{ params.video }}",
        boxes=[{"X": 0.02, "Y": 0.02, "W": 0.2, "H": 0.2}],
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END erase_logos]

    # [START reframe]
    ChangeVideoSizeOperator(
        task_id="reframe",
        video_url="{{ params.video }}",
        width=480,
        height=480,
        crop_type="fill",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END reframe]

    # [START super_resolution]
    SuperResolveVideoOperator(
        task_id="super_resolution",
        video_url="{{ params.video }}",
        bit_rate=5,
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END super_resolution]

    # [START adjust_color]
    AdjustVideoColorOperator(
        task_id="adjust_color",
        video_url="{{ params.video }}",
        mode="Rec709",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END adjust_color]

    # [START enhance_quality]
    EnhanceVideoQualityOperator(
        task_id="enhance_quality",
        video_url="{{ params.video }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END enhance_quality]

    # [START frame_rate]
    InterpolateVideoFrameOperator(
        task_id="frame_rate",
        video_url="{{ params.video }}",
        frame_rate=40,
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END frame_rate]

    # [START enhance_portraits]
    EnhancePortraitVideoOperator(
        task_id="enhance_portraits",
        video_url="{{ params.video }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END enhance_portraits]

    # [START generate_video]
    GenerateVideoOperator(
        task_id="generate_video",
        file_list=[
            {"FileName": "front.jpg", "FileUrl": "{{ params.image }}", "Type": "image"},
            {"FileName": "clip.mp4", "FileUrl": "{{ params.video }}", "Type": "video"},
        ],
        width=320,
        height=240,
        duration=5.0,
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END generate_video]

    # [START summarize_product_video]
    AbstractEcommerceVideoOperator(
        task_id="summarize_product_video",
        video_url="{{ params.video }}",
        duration=1.0,
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END summarize_product_video]

    # [START summarize_film]
    AbstractFilmVideoOperator(
        task_id="summarize_film",
        video_url="{{ params.video }}",
        length=2,
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END summarize_film]

    # [START anime_style]
    GenerateHumanAnimeStyleVideoOperator(
        task_id="anime_style",
        video_url="{{ params.video }}",
        cartoon_style="anime",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END anime_style]

    # [START merge_face]
    MergeVideoFaceOperator(
        task_id="merge_face",
        video_url="{{ params.video }}",
        reference_url="{{ params.image }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END merge_face]

    # [START merge_face_template]
    MergeVideoModelFaceOperator(
        task_id="merge_face_template",
        template_id="{{ params.template_id }}",
        face_image_url="{{ params.image }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END merge_face_template]

    # [START face_template]
    AddFaceVideoTemplateOperator(
        task_id="face_template",
        video_url="{{ params.video }}",
        deferrable=True,
    )
    # [END face_template]

    # [START list_face_templates]
    QueryFaceVideoTemplateOperator(task_id="list_face_templates", page_size=100)
    # [END list_face_templates]

    # [START delete_face_template]
    DeleteFaceVideoTemplateOperator(task_id="delete_face_template", template_id="{{ params.template_id }}")
    # [END delete_face_template]

    # [START detect_shots]
    DetectVideoShotOperator(
        task_id="detect_shots",
        video_url="{{ params.video }}",
        deferrable=True,
    )
    # [END detect_shots]

    # [START generate_cover]
    GenerateVideoCoverOperator(
        task_id="generate_cover",
        video_url="{{ params.video }}",
        is_gif=False,
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END generate_cover]
