"""Sources, groups, tasks, batch tasks, algorithms and edge pools of VIAS, as the how-to pages show them.

The tasks of a section follow each other, from creation to deletion.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, Param, chain

from airflow_provider_viapi.operators.vias import (
    CreateBatchTaskOperator,
    CreateEdgePoolOperator,
    CreateViasTaskOperator,
    CreateVideoGroupOperator,
    CreateVideoSourceOperator,
    DeleteBatchTaskOperator,
    DeleteEdgePoolOperator,
    DeleteViasTaskOperator,
    DeleteVideoGroupOperator,
    DeleteVideoSourceOperator,
    DeployAlgorithmOperator,
    ListAlgorithmsOperator,
    ListBatchTasksOperator,
    ListEdgePoolsOperator,
    ListViasTasksOperator,
    ListVideoGroupsOperator,
    ListVideoSourcesOperator,
    QueryAlgorithmOperator,
    QueryEdgePoolOperator,
    QueryViasTaskOperator,
    QueryVideoGroupOperator,
    QueryVideoSourceOperator,
    StartBatchTaskOperator,
    StartViasTaskOperator,
    StopAlgorithmOperator,
    StopBatchTaskOperator,
    StopViasTaskOperator,
    UpdateBatchTaskOperator,
    UpdateViasTaskOperator,
    UpdateVideoGroupOperator,
    UpdateVideoSourceOperator,
)
from airflow_provider_viapi.sensors.huaweicloud import ViasTaskSensor

with DAG(
    dag_id="how_to_vias",
    description="Operators of VIAS: copy the section that you need",
    tags=["huaweicloud", "vias", "how-to"],
    schedule=None,
    params={
        "camera": Param(
            "<config/>", type="string", description="Address and credentials of a camera, as XML"
        ),
        "stream": Param("rtsp://camera.example/roof", type="string", description="Address of a stream"),
        "webhook": Param("https://team.example/alarms", type="string", description="Address for alarms"),
        "algorithm": Param("c-smoke-and-fire-edge", type="string", description="Name of an algorithm"),
        "nodes": Param(["node-1"], type="array", description="Ids of edge nodes"),
    },
    # Keeps the list of nodes a list.
    render_template_as_native_obj=True,
    doc_md=__doc__,
) as dag:
    # [START sources]
    gate = CreateVideoSourceOperator(
        task_id="create_source",
        video_source_name="gate",
        access_type="edge",
        type="rtsp",
        type_config="{{ params.camera }}",  # masked in Airflow
        if_exists="skip",
    )
    rename_source = UpdateVideoSourceOperator(
        task_id="update_source", video_source_id=gate.output["video_source_id"], video_source_name="yard"
    )
    show_source = QueryVideoSourceOperator(
        task_id="query_source", video_source_id=gate.output["video_source_id"]
    )
    list_sources = ListVideoSourcesOperator(task_id="list_sources")
    # [END sources]

    # [START groups]
    doors = CreateVideoGroupOperator(
        task_id="create_group",
        video_group_name="doors",
        access_type="edge",
        video_source_ids=[gate.output["video_source_id"]],
        if_exists="skip",
    )
    rename_group = UpdateVideoGroupOperator(
        task_id="update_group", video_group_id=doors.output["video_group_id"], video_group_name="yards"
    )
    show_group = QueryVideoGroupOperator(task_id="query_group", video_group_id=doors.output["video_group_id"])
    list_groups = ListVideoGroupsOperator(task_id="list_groups", name="yard")
    # [END groups]

    # [START tasks]
    watch = CreateViasTaskOperator(
        task_id="create_task",
        service_name="{{ params.algorithm }}",
        name="roof-{{ run_id }}",  # a different name in each run
        input={"type": "url", "data": [{"url": "{{ params.stream }}"}]},
        output={"webhook": {"url": "{{ params.webhook }}"}},
        target_state="RUNNING",
        job_timeout=timedelta(minutes=30),
        deferrable=True,
    )
    stop = StopViasTaskOperator(task_id="stop_task", vias_task_id=watch.job_id, deferrable=True, retries=10)
    change = UpdateViasTaskOperator(
        task_id="update_task", vias_task_id=watch.job_id, description="Smoke on the roof"
    )
    start = StartViasTaskOperator(
        task_id="start_task", vias_task_id=watch.job_id, target_state="RUNNING", deferrable=True
    )
    show = QueryViasTaskOperator(task_id="query_task", vias_task_id=watch.job_id)
    # [END tasks]

    # [START task_state]
    running = ViasTaskSensor(
        task_id="task_state", vias_task_id=watch.job_id, target_state="RUNNING", deferrable=True
    )
    # [END task_state]

    # [START delete_task]
    list_tasks = ListViasTasksOperator(task_id="list_tasks", task_state="RUNNING", page_size=50)
    delete = DeleteViasTaskOperator(task_id="delete_task", vias_task_id=watch.job_id)
    # [END delete_task]

    # [START batch_tasks]
    night = CreateBatchTaskOperator(
        task_id="create_batch",
        name="night-{{ run_id }}",
        service_name="{{ params.algorithm }}",
        batch_input={
            "video_source_group": [
                {
                    "video_source_group_id": doors.output["video_group_id"],
                    "video_source_list": [{"video_source_id": gate.output["video_source_id"]}],
                },
            ]
        },
        output={"webhook": {"url": "{{ params.webhook }}"}},
    )
    rename_batch = UpdateBatchTaskOperator(
        task_id="update_batch", batch_task_id=night.output["id"], description="From dusk to dawn"
    )
    stop_batch = StopBatchTaskOperator(task_id="stop_batch", batch_task_id=night.output["id"])
    start_batch = StartBatchTaskOperator(task_id="start_batch", batch_task_id=night.output["id"])
    list_batches = ListBatchTasksOperator(task_id="list_batches", name_like="night")
    delete_batch = DeleteBatchTaskOperator(task_id="delete_batch", batch_task_id=night.output["id"])
    # [END batch_tasks]

    # [START delete_sources]
    delete_group = DeleteVideoGroupOperator(
        task_id="delete_group", video_group_id=doors.output["video_group_id"]
    )
    delete_source = DeleteVideoSourceOperator(
        task_id="delete_source", video_source_id=gate.output["video_source_id"]
    )
    # [END delete_sources]

    # [START algorithms]
    algorithms = ListAlgorithmsOperator(task_id="list_algorithms", name_like="{{ params.algorithm }}")
    algorithm = QueryAlgorithmOperator(
        task_id="query_algorithm",
        service_id="{{ ti.xcom_pull(task_ids='list_algorithms')['service_list'][0]['service_id'] }}",
    )
    # [END algorithms]

    # [START edge_pools]
    roof = CreateEdgePoolOperator(
        task_id="create_pool", name="roof", nodes="{{ params.nodes }}", if_exists="skip"
    )
    deploy = DeployAlgorithmOperator(
        task_id="deploy_algorithm",
        alg_id="{{ ti.xcom_pull(task_ids='list_algorithms')['service_list'][0]['alg_id'] }}",
        pool_id=roof.output["id"],
    )
    show_pool = QueryEdgePoolOperator(task_id="query_pool", pool_id=roof.output["id"])
    list_pools = ListEdgePoolsOperator(task_id="list_pools")
    undeploy = StopAlgorithmOperator(
        task_id="stop_algorithm",
        alg_id="{{ ti.xcom_pull(task_ids='list_algorithms')['service_list'][0]['alg_id'] }}",
    )
    delete_pool = DeleteEdgePoolOperator(task_id="delete_pool", pool_id=roof.output["id"])
    # [END edge_pools]

    chain(gate, rename_source, show_source, list_sources, doors, rename_group, show_group, list_groups, night)
    chain(watch, stop, change, start, running, show, list_tasks, delete)
    chain(
        night, rename_batch, stop_batch, start_batch, list_batches, delete_batch, delete_group, delete_source
    )
    chain(algorithms, algorithm, roof, deploy, show_pool, list_pools, undeploy, delete_pool)
