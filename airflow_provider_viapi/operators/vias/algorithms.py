"""Operators of algorithms, and of the edge pools that algorithms are deployed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from airflow_provider_viapi.huawei.services.vias import algorithms
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.huaweicloud_repeatable_calls import DeleteResourceOperator
from airflow_provider_viapi.operators.vias.named_resources import CreateNamedOperator

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import (
        Flag,
        HuaweiCloudOptions,
        Integer,
        Object,
        Text,
        TextList,
    )


class ListAlgorithmsOperator(HuaweiCloudOperator):
    """Return the algorithms of the account in ``service_list``, each with ``service_name`` and ``alg_version``.

    :param name_like: part of the name
    :param alg_status: states of the algorithms
    :param is_paged: split the response into pages
    :param page_size: algorithms on a page
    :param page_num: number of the page, from 1
    """

    action = algorithms.LIST_USER_SERVICES

    def __init__(
        self,
        *,
        name_like: Text | None = None,
        alg_status: TextList | None = None,
        is_paged: Flag | None = None,
        page_size: Integer | None = None,
        page_num: Integer | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "name_like": name_like,
            "alg_status": alg_status,
            "is_paged": is_paged,
            "page_size": page_size,
            "page_num": page_num,
        }
        super().__init__(request=request, **kwargs)


class QueryAlgorithmOperator(HuaweiCloudOperator):
    """Return an algorithm: its versions, and in ``deployment_constraints`` its inputs, outputs and configuration.

    :param service_id: id of the service, from :class:`ListAlgorithmsOperator`
    """

    action = algorithms.SHOW_SERVICE_DETAIL

    def __init__(self, *, service_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"service_id": service_id}, **kwargs)


class DeployAlgorithmOperator(HuaweiCloudOperator):
    """Deploy an algorithm on an edge pool; return ``alg_name``.

    :param alg_id: id of the algorithm, from :class:`ListAlgorithmsOperator`
    :param pool_id: id of the edge pool
    :param stream_count: number of streams to deploy for, from 0
    :param deploy_config: configuration of the deployment; it is passed on unchanged
    :param envs: environment variables
    """

    action = algorithms.DEPLOY_ALGORITHM

    def __init__(
        self,
        *,
        alg_id: Text,
        pool_id: Text | None = None,
        stream_count: Integer | None = None,
        deploy_config: Object | None = None,
        envs: Object | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "alg_id": alg_id,
            "pool_id": pool_id,
            "stream_count": stream_count,
            "deploy_config": deploy_config,
            "envs": envs,
        }
        super().__init__(request=request, **kwargs)


class StopAlgorithmOperator(HuaweiCloudOperator):
    """Stop the deployment of an algorithm; return ``alg_id``.

    :param alg_id: id of the algorithm
    """

    action = algorithms.STOP_DEPLOY_ALGORITHM

    def __init__(self, *, alg_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"alg_id": alg_id}, **kwargs)


class CreateEdgePoolOperator(CreateNamedOperator):
    """Create an edge pool; return ``id``.

    :param name: name of the edge pool
    :param nodes: ids of the edge nodes
    :param description: description of the edge pool
    :param ief_service_instance_id: id of the service instance of IEF
    :param if_exists: what to do if there is an edge pool of that name: ``create`` another without looking (the
        service decides), ``skip`` to return its id, or ``fail``; default: ``create``
    """

    action = algorithms.CREATE_EDGE_POOL
    listing = algorithms.LIST_EDGE_POOLS
    listed = "edge_pools"
    name_field = "name"
    name_filter = "name_like"

    def __init__(
        self,
        *,
        name: Text,
        nodes: TextList,
        description: Text | None = None,
        ief_service_instance_id: Text | None = None,
        if_exists: Literal["create", "skip", "fail"] = "create",
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "name": name,
            "description": description,
            "ief_service_instance_id": ief_service_instance_id,
            "nodes": nodes,
        }
        super().__init__(request=request, if_exists=if_exists, **kwargs)


class DeleteEdgePoolOperator(DeleteResourceOperator):
    """Delete an edge pool.

    :param pool_id: id of the edge pool
    """

    action = algorithms.DELETE_EDGE_POOL
    argument_names = (("id", "pool_id"),)

    def __init__(self, *, pool_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"id": pool_id}, **kwargs)


class QueryEdgePoolOperator(HuaweiCloudOperator):
    """Return an edge pool with its ``nodes``.

    :param pool_id: id of the edge pool
    """

    action = algorithms.SHOW_EDGE_POOL
    argument_names = (("id", "pool_id"),)

    def __init__(self, *, pool_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"id": pool_id}, **kwargs)


class ListEdgePoolsOperator(HuaweiCloudOperator):
    """Return the edge pools in ``edge_pools``.

    :param name_like: part of the name
    :param state: state of the edge pools
    :param is_paged: split the response into pages
    :param page_size: edge pools on a page
    :param page_num: number of the page, from 1
    """

    action = algorithms.LIST_EDGE_POOLS

    def __init__(
        self,
        *,
        name_like: Text | None = None,
        state: Text | None = None,
        is_paged: Flag | None = None,
        page_size: Integer | None = None,
        page_num: Integer | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "name_like": name_like,
            "state": state,
            "is_paged": is_paged,
            "page_size": page_size,
            "page_num": page_num,
        }
        super().__init__(request=request, **kwargs)
