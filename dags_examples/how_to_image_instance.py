"""A folder of images into an instance of ImageSearch by one bulk job, and a search in it."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.bulk_image_index import BulkIndexImagesOperator
from airflow_provider_viapi.operators.imagesearch import SearchImageByPicOperator

with DAG(
    dag_id="how_to_image_instance",
    description="A folder of images into an instance of ImageSearch, and a search",
    tags=["viapi", "image search", "how-to"],
    schedule=None,
    # An instance works on one bulk job at a time.
    max_active_runs=1,
    params={
        "instance_name": Param("demo", type="string", description="Your instance of ImageSearch"),
        "folder": Param(type="string", description="A folder of images, such as s3://media/products/"),
        "staging": Param(type="string", description="A folder in OSS, such as oss://media/imagesearch"),
        "image": Param(type="string", description="An image to look for, such as s3://media/in/cup.png"),
    },
    doc_md=__doc__,
) as dag:
    # [START bulk_index]
    index = BulkIndexImagesOperator(
        task_id="bulk_index",
        instance_name="{{ params.instance_name }}",
        images="{{ params.folder }}",
        staging="{{ params.staging }}",
        deferrable=True,
    )
    search = SearchImageByPicOperator(
        task_id="search_indexed",
        instance_name="{{ params.instance_name }}",
        pic_content="{{ params.image }}",
        num=3,
    )
    index >> search
    # [END bulk_index]
