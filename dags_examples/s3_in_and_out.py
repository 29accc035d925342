"""Erase the subtitles of a video on S3, and store the result on S3 before its link expires.

The service cannot read S3: the task stages the video to VIAPI's temporary storage, or to the bucket in ``staging``.
Each stored video emits an event of the asset alias ``erased``, on which other DAGs can be scheduled.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, AssetAlias, Param

from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

with DAG(
    dag_id="s3_in_and_out",
    description="Erase the subtitles of a video on S3",
    tags=["viapi", "video", "s3"],
    schedule=None,
    params={
        "source": Param(type="string", description="A video with subtitles, such as s3://media/in/film.mp4"),
        "target": Param(type="string", description="A folder, such as s3://media/erased/"),
    },
    doc_md=__doc__,
):
    EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url="{{ params.source }}",
        by=0.7,
        bh=0.3,
        land_to="{{ params.target }}{task_id}-{job_id}{ext}",
        outlets=[AssetAlias("erased")],
        deferrable=True,
    )
