"""One task per action that reads an image or cuts something out of it, as the how-to pages show them.

The tasks do not depend on each other.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.imageaudit import ScanImageOperator, ScanTextOperator
from airflow_provider_viapi.operators.imageenhan import (
    AssessCompositionOperator,
    AssessExposureOperator,
    AssessSharpnessOperator,
)
from airflow_provider_viapi.operators.imagerecog import (
    DetectImageElementsOperator,
    RecognizeImageColorOperator,
    RecognizeImageStyleOperator,
    RecognizeSceneOperator,
    TaggingImageOperator,
)
from airflow_provider_viapi.operators.imageseg import (
    ChangeSkyOperator,
    RefineMaskOperator,
    SegmentBodyOperator,
    SegmentCommodityOperator,
    SegmentCommonImageOperator,
    SegmentHDBodyOperator,
    SegmentHDCommonImageOperator,
    SegmentHeadOperator,
    SegmentSkyOperator,
)
from airflow_provider_viapi.operators.objectdet import DetectMainBodyOperator, DetectObjectOperator
from airflow_provider_viapi.operators.ocr import RecognizeCharacterOperator

with DAG(
    dag_id="how_to_image_analysis",
    description="One task per action that reads an image: run the one that you need",
    tags=["viapi", "image", "how-to"],
    schedule=None,
    params={
        "image": Param(type="string", description="An image, such as s3://media/in/cover.png"),
        "mask": Param("", type="string", description="A mask of the image"),
        "sky": Param("", type="string", description="An image of another sky"),
        "scene": Param("", type="string", description="What ScanImage checks"),
        "label": Param("", type="string", description="What ScanText checks"),
        "text": Param("A lamp that folds into your pocket.", type="string", description="Text to check"),
        "target": Param(type="string", description="A folder, such as s3://media/out/"),
    },
    doc_md=__doc__,
) as dag:
    # [START score_sharpness]
    AssessSharpnessOperator(task_id="score_sharpness", image_url="{{ params.image }}")
    # [END score_sharpness]

    # [START score_exposure]
    AssessExposureOperator(task_id="score_exposure", image_url="{{ params.image }}")
    # [END score_exposure]

    # [START score_composition]
    AssessCompositionOperator(task_id="score_composition", image_url="{{ params.image }}")
    # [END score_composition]

    # [START tag_image]
    TaggingImageOperator(task_id="tag_image", image_url="{{ params.image }}")
    # [END tag_image]

    # [START recognize_scene]
    RecognizeSceneOperator(task_id="recognize_scene", image_url="{{ params.image }}")
    # [END recognize_scene]

    # [START find_colors]
    RecognizeImageColorOperator(task_id="find_colors", url="{{ params.image }}", color_count=3)
    # [END find_colors]

    # [START recognize_style]
    RecognizeImageStyleOperator(task_id="recognize_style", url="{{ params.image }}")
    # [END recognize_style]

    # [START find_design_parts]
    DetectImageElementsOperator(task_id="find_design_parts", url="{{ params.image }}")
    # [END find_design_parts]

    # [START find_main_object]
    DetectMainBodyOperator(task_id="find_main_object", image_url="{{ params.image }}")
    # [END find_main_object]

    # [START find_objects]
    DetectObjectOperator(task_id="find_objects", image_url="{{ params.image }}")
    # [END find_objects]

    # [START read_image_text]
    RecognizeCharacterOperator(
        task_id="read_image_text",
        image_url="{{ params.image }}",
        min_height=10,
        output_probability=True,
    )
    # [END read_image_text]

    # [START moderate_image]
    ScanImageOperator(
        task_id="moderate_image",
        scene=["{{ params.scene }}"],
        task=[{"DataId": "cover", "ImageURL": "{{ params.image }}"}],
    )
    # [END moderate_image]

    # [START moderate_text]
    ScanTextOperator(
        task_id="moderate_text",
        labels=[{"Label": "{{ params.label }}"}],
        tasks=[{"Content": "{{ params.text }}"}],
    )
    # [END moderate_text]

    # [START cut_out_object]
    SegmentCommonImageOperator(
        task_id="cut_out_object",
        image_url="{{ params.image }}",
        return_form="whiteBK",
        land_to="{{ params.target }}",
    )
    # [END cut_out_object]

    # [START cut_out_large_object]
    SegmentHDCommonImageOperator(
        task_id="cut_out_large_object",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END cut_out_large_object]

    # [START cut_out_people]
    SegmentBodyOperator(
        task_id="cut_out_people",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
    )
    # [END cut_out_people]

    # [START cut_out_large_people]
    SegmentHDBodyOperator(
        task_id="cut_out_large_people",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
    )
    # [END cut_out_large_people]

    # [START cut_out_heads]
    SegmentHeadOperator(
        task_id="cut_out_heads",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
    )
    # [END cut_out_heads]

    # [START cut_out_product]
    SegmentCommodityOperator(
        task_id="cut_out_product",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
    )
    # [END cut_out_product]

    # [START cut_out_sky]
    SegmentSkyOperator(
        task_id="cut_out_sky",
        image_url="{{ params.image }}",
        land_to="{{ params.target }}",
    )
    # [END cut_out_sky]

    # [START replace_sky]
    ChangeSkyOperator(
        task_id="replace_sky",
        image_url="{{ params.image }}",
        replace_image_url="{{ params.sky }}",
        land_to="{{ params.target }}",
    )
    # [END replace_sky]

    # [START refine_mask]
    RefineMaskOperator(
        task_id="refine_mask",
        image_url="{{ params.image }}",
        mask_image_url="{{ params.mask }}",
        land_to="{{ params.target }}",
    )
    # [END refine_mask]
