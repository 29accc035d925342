"""One task per action that changes an image, as the how-to pages show them.

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
    dag_id="how_to_images",
    description="One task per action that changes an image: run the one that you need",
    tags=["viapi", "image", "how-to"],
    schedule=None,
    params={
        "image": Param(type="string", description="An image, such as s3://media/in/cover.png"),
        "mask": Param("", type="string", description="A mask of the image's size, white where it is erased"),
        "style": Param("", type="string", description="Another image, whose colors and style are used"),
        "color_mode": Param("", type="string", description="Mode of EnhanceImageColor"),
        "degree": Param("", type="string", description="Degree of RecolorHDImage"),
        "cartoon": Param("", type="string", description="Index of GenerateCartoonizedImage"),
        "target": Param(type="string", description="A folder, such as s3://media/out/"),
    },
    doc_md=__doc__,
) as dag:
    # [START erase_image_subtitles]
    RemoveImageSubtitlesOperator(
        task_id="erase_image_subtitles",
        image_url="{{ params.image }}",
        by=0.75,  # the band begins at 75 % of the height …
        bh=0.25,  # … and is 25 % high
        land_to="{{ params.target }}",
    )
    # [END erase_image_subtitles]

    # [START erase_watermark]
    RemoveImageWatermarkOperator(
        task_id="erase_watermark",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
    )
    # [END erase_watermark]

    # [START erase_person]
    ErasePersonOperator(
        task_id="erase_person",
        image_url="{{ params.image }}",
        user_mask="{{ params.mask }}",
        land_to="{{ params.target }}",
    )
    # [END erase_person]

    # [START enlarge_image]
    MakeSuperResolutionImageOperator(
        task_id="enlarge_image",
        url="{{ params.image }}",
        upscale_factor=2,
        output_format="jpg",
        output_quality=90,
        land_to="{{ params.target }}",
    )
    # [END enlarge_image]

    # [START enlarge_image_as_job]
    GenerateSuperResolutionImageOperator(
        task_id="enlarge_image_as_job",
        image_url="{{ params.image }}",
        scale=2,
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END enlarge_image_as_job]

    # [START reframe_image]
    ChangeImageSizeOperator(
        task_id="reframe_image",
        url="{{ params.image }}",
        width=240,
        height=240,
        land_to="{{ params.target }}",
    )
    # [END reframe_image]

    # [START propose_crops]
    IntelligentCompositionOperator(
        task_id="propose_crops",
        image_url="{{ params.image }}",
        num_boxes=3,
    )
    # [END propose_crops]

    # [START correct_image_colors]
    EnhanceImageColorOperator(
        task_id="correct_image_colors",
        image_url="{{ params.image }}",
        mode="{{ params.color_mode }}",
        output_format="png",
        land_to="{{ params.target }}",
    )
    # [END correct_image_colors]

    # [START color_black_and_white]
    ColorizeImageOperator(
        task_id="color_black_and_white",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
    )
    # [END color_black_and_white]

    # [START recolor_image]
    RecolorHDImageOperator(
        task_id="recolor_image",
        url="{{ params.image }}",
        mode="REF_PIC",
        ref_url="{{ params.style }}",
        degree="{{ params.degree }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END recolor_image]

    # [START transfer_tones]
    ImitatePhotoStyleOperator(
        task_id="transfer_tones",
        image_url="{{ params.image }}",
        style_url="{{ params.style }}",
        land_to="{{ params.target }}",
    )
    # [END transfer_tones]

    # [START extend_style]
    ExtendImageStyleOperator(
        task_id="extend_style",
        major_url="{{ params.image }}",
        style_url="{{ params.style }}",
        land_to="{{ params.target }}",
    )
    # [END extend_style]

    # [START draw_cartoon]
    GenerateCartoonizedImageOperator(
        task_id="draw_cartoon",
        image_url="{{ params.image }}",
        index="{{ params.cartoon }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END draw_cartoon]

    # [START blur_faces]
    BlurFaceOperator(
        task_id="blur_faces",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
    )
    # [END blur_faces]

    # [START restore_faces]
    EnhanceFaceOperator(
        task_id="restore_faces",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
    )
    # [END restore_faces]
