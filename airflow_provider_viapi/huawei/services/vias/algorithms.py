"""Algorithms that an account has, their deployment on edge pools, and the names that are known."""

from __future__ import annotations

from airflow_provider_viapi.huawei.parameters import Object, StringList
from airflow_provider_viapi.huawei.services.vias.service import action, identifier, paging
from airflow_provider_viapi.scalar_parameters import Integer, String

ALGORITHMS = {
    "c-flowcount": "people flow counting",
    "c-intrusiondetection": "intrusion detection",
    "c-staffonduty": "on-duty inspection for key positions",
    "c-abandon-detection": "abandoned object detection",
    "c-crowdcount": "crowd density monitoring",
    "c-safetysuitedetection": "work gear and helmet detection",
    "c-smoke-and-fire": "smoke and fire detection",
    "c-fightdetect": "fight detection",
    "c-sharedbicycledetection": "shared bicycle detection",
    "c-event-action-recog": "individual behavior detection",
    "c-pose-action-recog": "individual action detection",
    "c-wear-mask-recog": "mask detection",
    "c-traffic-abnormal-park": "abnormal parking detection",
    "c-vehicle-detection": "vehicle detection",
    "c-fire-exit-occupation": "fire passage obstruction detection",
    "c-non-motor-detection": "non-motorized vehicle detection",
    "c-trash-abnormal-detect": "trash can anomaly detection",
    "c-urban-trash-overflow": "overflowing garbage can detection in cities",
    "c-object-attri-recog": "target attribute recognition",
    "c-helmet-elec-recog": "e-bike rider helmet detection",
    "c-urban-umbrella": "umbrella violation detection",
    "c-urban-sign-detect": "advertisement violation detection",
    "c-urban-stacking": "messy piles detection",
    "c-urban-drying": "clothes airing violation detection",
    "c-urban-dregs": "littering construction waste detection",
    "c-urban-manholecover-miss": "missing manhole cover detection",
    "c-mobile-manholecover": "missing manhole cover detection from a dynamic perspective",
    "c-mobile-trash-detect": "urban mobile trash detection",
    "c-urban-roadside-stall": "urban roadside stall detection",
    "c-urban-soil-exposure": "exposed bare soil detection",
    "c-retrograde-detection": "wrong-way driving detection (edge only)",
    "c-vehicle-statistics": "vehicle counting at high altitudes (edge only)",
    "ship-intrusion": "vessel intrusion detection",
    "floating": "floating debris detection",
    "drainage-recognition": "drainage outlet monitoring",
    "cali-water-ruler-river": "river water level gauge reading",
    "w-ponding-detection": "waterlogging detection",
}
"""Known algorithms; ``-cloud`` or ``-edge`` is appended to form a ``service_name``, such as ``c-flowcount-edge``.

The names are from excerpts of Huawei's documents, which do not show every name with both endings. Not found: crowd
counting and speeding detection at high altitudes, urban trash detection. Any other name may be given: the action
``vias.ListUserServices`` lists those of an account.
"""

ALGORITHM_ID = identifier("alg_id", "Id of the algorithm.")

LIST_USER_SERVICES = action(
    name="ListUserServices",
    summary="List the algorithms of the account.",
    method="GET",
    path="/v2/{project_id}/algorithm/services/user",
    in_query=(
        *paging(),
        String(name="name_like", doc="Part of the name."),
        StringList(name="alg_status", doc="States of the algorithm."),
    ),
    response_fields=("count", "service_list", "total"),
)

SHOW_SERVICE_DETAIL = action(
    name="ShowServiceDetail",
    summary="Return an algorithm with its inputs, outputs and configuration.",
    method="GET",
    path="/v2/{project_id}/algorithm/services/{service_id}",
    in_path=(identifier("service_id", "Id of the service, from ListUserServices."),),
    response_fields=(
        *(
            "service_id",
            "service_name",
            "logo",
            "function_version",
            "release_flag",
            "description",
            "created_at",
        ),
        *("updated_at", "release_at", "api", "pool_id", "alg_name", "alg_id", "request_mode", "package_name"),
        *(
            "package_id",
            "alg_version",
            "alg_versions",
            "diagram",
            "service_api_list",
            "deployment_constraints",
        ),
        *("company", "tags", "deploy_type", "alg_class", "alg_status", "error_msg"),
    ),
)

DEPLOY_ALGORITHM = action(
    name="DeployAlgorithm",
    summary="Deploy an algorithm on an edge pool.",
    method="POST",
    path="/v2/{project_id}/algorithm/{alg_id}/deploy",
    in_path=(ALGORITHM_ID,),
    in_body=(
        String(name="pool_id", doc="Id of the edge pool."),
        Integer(name="stream_count", minimum=0, doc="Number of streams to deploy for."),
        Object(name="deploy_config", doc="Configuration of the deployment; it is passed on unchanged."),
        Object(name="envs", doc="Environment variables."),
    ),
    response_fields=("alg_name",),
    note="the SDK does not state which fields are required",
)

STOP_DEPLOY_ALGORITHM = action(
    name="StopDeployAlgorithm",
    summary="Stop the deployment of an algorithm.",
    method="PUT",
    path="/v2/{project_id}/algorithm/{alg_id}/deploy/stop",
    in_path=(ALGORITHM_ID,),
    response_fields=("alg_id",),
)


POOL_ID = identifier("id", "Id of the edge pool.")

CREATE_EDGE_POOL = action(
    name="CreateEdgePool",
    summary="Create an edge pool.",
    method="POST",
    path="/v2/{project_id}/edge-pools",
    in_body=(
        String(name="name", required=True, min_length=1, doc="Name of the edge pool."),
        String(name="description", doc="Description of the edge pool."),
        String(name="ief_service_instance_id", doc="Id of the service instance of IEF."),
        StringList(name="nodes", required=True, doc="Ids of the edge nodes."),
    ),
    response_fields=("id",),
)

DELETE_EDGE_POOL = action(
    name="DeleteEdgePool",
    summary="Delete an edge pool.",
    method="DELETE",
    path="/v2/{project_id}/edge-pools/{id}",
    in_path=(POOL_ID,),
)

LIST_EDGE_POOLS = action(
    name="ListEdgePools",
    summary="List edge pools.",
    method="GET",
    path="/v2/{project_id}/edge-pools",
    in_query=(
        *paging(),
        String(name="name_like", doc="Part of the name."),
        String(name="state", doc="State of the edge pool."),
    ),
    response_fields=("count", "edge_pools"),
)

SHOW_EDGE_POOL = action(
    name="ShowEdgePoolInfo",
    summary="Return an edge pool with its nodes.",
    method="GET",
    path="/v2/{project_id}/edge-pools/{id}",
    in_path=(POOL_ID,),
    response_fields=(
        *("id", "name", "description", "state", "project_id", "workspace_id", "created_at", "updated_at"),
        "nodes",
    ),
)
