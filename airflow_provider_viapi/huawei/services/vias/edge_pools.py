"""Edge pools: the edge nodes on which algorithms run."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.parameters import StringList
from airflow_provider_viapi.huawei.services.vias.service import SERVICE, identifier, paging
from airflow_provider_viapi.schema import String

POOL_ID = identifier("id", "Id of the edge pool.")

CREATE_EDGE_POOL = Action(
    service=SERVICE,
    name="CreateEdgePool",
    summary="Create an edge pool.",
    method="POST",
    path="/v2/{project_id}/edge-pools",
    in_body=(
        String(name="name", required=True, min_length=1, doc="Name of the edge pool."),
        String(name="description", doc="Description of the edge pool."),
        String(name="ief_service_instance_id", doc="Id of the service instance of IEF."),
        StringList(name="nodes", doc="Ids of the edge nodes."),
    ),
    answer=("id",),
    note="the SDK does not say which fields are required",
)

DELETE_EDGE_POOL = Action(
    service=SERVICE,
    name="DeleteEdgePool",
    summary="Delete an edge pool.",
    method="DELETE",
    path="/v2/{project_id}/edge-pools/{id}",
    in_path=(POOL_ID,),
)

LIST_EDGE_POOLS = Action(
    service=SERVICE,
    name="ListEdgePools",
    summary="List edge pools.",
    method="GET",
    path="/v2/{project_id}/edge-pools",
    in_query=(
        *paging(),
        String(name="name_like", doc="Part of the name."),
        String(name="state", doc="State of the edge pool."),
    ),
    answer=("count", "edge_pools"),
    idempotent=True,
)

SHOW_EDGE_POOL = Action(
    service=SERVICE,
    name="ShowEdgePoolInfo",
    summary="Return an edge pool with its nodes.",
    method="GET",
    path="/v2/{project_id}/edge-pools/{id}",
    in_path=(POOL_ID,),
    answer=(
        *("id", "name", "description", "state", "project_id", "workspace_id", "created_at", "updated_at"),
        "nodes",
    ),
    idempotent=True,
)
