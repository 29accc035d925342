"""Index a folder of photographs in object storage, and search it for the ones most similar to a photograph."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import CreateImageDbOperator, SearchImageOperator

with DAG(
    dag_id="index_images",
    description="Index a folder of photographs and search it",
    tags=["viapi", "image search"],
    schedule=None,
    # Two runs at the same time would find the same images missing, and both add them.
    max_active_runs=1,
    params={
        "db_name": "photographs",
        "folder": Param("s3://media/photographs/", type="string", description="Folder of the photographs"),
        "query": Param(type="string", format="uri", description="Photograph to search for"),
    },
    doc_md=__doc__,
):
    create_db = CreateImageDbOperator(task_id="create_db", name="{{ params.db_name }}")

    index = IndexImagesOperator(
        task_id="index", db_name=create_db.output["Name"], images="{{ params.folder }}", fit=True
    )
    search = SearchImageOperator(
        task_id="search", db_name=create_db.output["Name"], image_url="{{ params.query }}", limit=5
    )
    index >> search
