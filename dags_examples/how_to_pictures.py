"""One task per action that changes a picture, as the how-to pages show them.

The tasks do not depend on each other.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.facebody import BlurFaceOperator, EnhanceFaceOperator
from airflow_provider_viapi.operators.imageenhan import (
    ChangeImageSizeOperator,
    ColorizeImageOperator,
    EnhanceImageColorOperator,
    ErasePersonOperator,
    ExtendImageStyleOperator,
    GenerateCartoonizedImageOperator,
    GenerateSuperResolutionImageOperator,
    ImitatePhotoStyleOperator,
    IntelligentCompositionOperator,
    MakeSuperResolutionImageOperator,
    RecolorHDImageOperator,
    RemoveImageSubtitlesOperator,
    RemoveImageWatermarkOperator,
)

with DAG(
    dag_id="how_to_pictures",
    description="One task per action that changes a picture: run the one that you need",
    tags=["viapi", "image", "how-to"],
    schedule=None,
    params={
        "picture": Param(type="string", description="A picture, such as s3://media/in/cover.png"),
        "mask": Param(
            "", type="string", description="A mask of the picture's size, white where it is erased"
        ),
        "style": Param("", type="string", description="Another picture, whose colors and style are used"),
        "color_mode": Param("", type="string", description="Mode of EnhanceImageColor"),
        "degree": Param("", type="string", description="Degree of RecolorHDImage"),
        "cartoon": Param("", type="string", description="Index of GenerateCartoonizedImage"),
        "target": Param(type="string", description="A folder, such as s3://media/out/"),
    },
    doc_md=__doc__,
) as dag:
    # [START erase_picture_subtitles]
    RemoveImageSubtitlesOperator(
        task_id="erase_picture_subtitles",
        image_url="{{ params.picture }}",
        by=0.75,  # the band begins at 75 % of the height …
        bh=0.25,  # … and is 25 % high
        land_to="{{ params.target }}",
    )
    # [END erase_picture_subtitles]

    # [START erase_watermark]
    RemoveImageWatermarkOperator(
        task_id="erase_watermark",
        image_url="{{ params.picture }}",
        land_to="{{ params.target }}",
    )
    # [END erase_watermark]

    # [START erase_person]
    ErasePersonOperator(
        task_id="erase_person",
        image_url="{{ params.picture }}",
        user_mask="{{ params.mask }}",
        land_to="{{ params.target }}",
    )
    # [END erase_person]

    # [START enlarge_picture]
    MakeSuperResolutionImageOperator(
        task_id="enlarge_picture",
        url="{{ params.picture }}",
        upscale_factor=2,
        output_format="jpg",
        output_quality=90,
        land_to="{{ params.target }}",
    )
    # [END enlarge_picture]

    # [START enlarge_picture_as_job]
    GenerateSuperResolutionImageOperator(
        task_id="enlarge_picture_as_job",
        image_url="{{ params.picture }}",
        scale=2,
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END enlarge_picture_as_job]

    # [START reframe_picture]
    ChangeImageSizeOperator(
        task_id="reframe_picture",
        url="{{ params.picture }}",
        width=240,
        height=240,
        land_to="{{ params.target }}",
    )
    # [END reframe_picture]

    # [START propose_crops]
    IntelligentCompositionOperator(
        task_id="propose_crops",
        image_url="{{ params.picture }}",
        num_boxes=3,
    )
    # [END propose_crops]

    # [START correct_picture_colors]
    EnhanceImageColorOperator(
        task_id="correct_picture_colors",
        image_url="{{ params.picture }}",
        mode="{{ params.color_mode }}",
        output_format="png",
        land_to="{{ params.target }}",
    )
    # [END correct_picture_colors]

    # [START color_black_and_white]
    ColorizeImageOperator(
        task_id="color_black_and_white",
        image_url="{{ params.picture }}",
        land_to="{{ params.target }}",
    )
    # [END color_black_and_white]

    # [START recolor_picture]
    RecolorHDImageOperator(
        task_id="recolor_picture",
        url="{{ params.picture }}",
        mode="REF_PIC",
        ref_url="{{ params.style }}",
        degree="{{ params.degree }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END recolor_picture]

    # [START transfer_tones]
    ImitatePhotoStyleOperator(
        task_id="transfer_tones",
        image_url="{{ params.picture }}",
        style_url="{{ params.style }}",
        land_to="{{ params.target }}",
    )
    # [END transfer_tones]

    # [START extend_style]
    ExtendImageStyleOperator(
        task_id="extend_style",
        major_url="{{ params.picture }}",
        style_url="{{ params.style }}",
        land_to="{{ params.target }}",
    )
    # [END extend_style]

    # [START draw_cartoon]
    GenerateCartoonizedImageOperator(
        task_id="draw_cartoon",
        image_url="{{ params.picture }}",
        index="{{ params.cartoon }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END draw_cartoon]

    # [START blur_faces]
    BlurFaceOperator(
        task_id="blur_faces",
        image_url="{{ params.picture }}",
        land_to="{{ params.target }}",
    )
    # [END blur_faces]

    # [START restore_faces]
    EnhanceFaceOperator(
        task_id="restore_faces",
        image_url="{{ params.picture }}",
        land_to="{{ params.target }}",
    )
    # [END restore_faces]
