"""Algorithms that the account of the emulator has: all that are known, for the cloud and for edge devices."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.huawei.crud import EDGE_POOL, Records
from airflow_provider_viapi.emulator.huawei.errors import invalid, not_found
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall
from airflow_provider_viapi.huawei.services.vias import ALGORITHMS, algorithms

VERSION = "1.2"
"""Version of every algorithm."""


def _algorithm(name: str, kind: str) -> dict[str, Any]:
    service_name = f"{name}-{kind}"
    identifier = uuid.uuid5(uuid.NAMESPACE_DNS, service_name).hex
    return {
        "alg_id": identifier,
        "service_id": identifier,
        "service_name": service_name,
        "alg_version": VERSION,
        "alg_status": "PUBLISHED" if kind == "cloud" else "UNDEPLOYED",
        "deploy_type": kind,
        "request_mode": "async",
        "description": ALGORITHMS[name],
        "created_at": 1_700_000_000_000,
    }


class AlgorithmActions:
    """The actions of algorithms.

    :param records: stores the edge pools
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._algorithms: dict[str, dict[str, Any]] = {}
        self.reset()

    def reset(self) -> None:
        """Undo all deployments."""
        every = (_algorithm(name, kind) for name in ALGORITHMS for kind in ("cloud", "edge"))
        self._algorithms = {each["alg_id"]: each for each in every}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each action, by the action's name."""
        return {
            algorithms.LIST_USER_SERVICES.name: self._list,
            algorithms.SHOW_SERVICE_DETAIL.name: self._show,
            algorithms.DEPLOY_ALGORITHM.name: self._deploy,
            algorithms.STOP_DEPLOY_ALGORITHM.name: self._stop,
        }

    def _list(self, call: RestCall) -> dict[str, Any]:
        asked = call.parameters
        size, number = asked.get("page_size") or len(self._algorithms), asked.get("page_num") or 1
        wanted = {"service_name": asked.get("name_like", ""), "limit": size, "offset": (number - 1) * size}
        if "alg_status" in asked:
            wanted["alg_status"] = asked["alg_status"]
        total, page = page_of(self._algorithms.values(), wanted)
        return {"count": len(page), "total": total, "service_list": page}

    def _show(self, call: RestCall) -> dict[str, Any]:
        algorithm = self._find(call.parameters["service_id"])
        is_edge = algorithm["deploy_type"] == "edge"
        constraints = {
            "request_mode": "async",
            "input_types": ["video_source", *(("url", "edgecamera", "vcn") if is_edge else ("obs", "url"))],
            "output_types": ["webhook", "dis", "obs", "event_center"],
            "task_config": json.dumps({"common": {}}),
        }
        return {
            **algorithm,
            "alg_name": algorithm["service_name"],
            "alg_versions": [VERSION],
            "deployment_constraints": constraints,
        }

    def _deploy(self, call: RestCall) -> dict[str, Any]:
        algorithm = self._find(call.parameters["alg_id"])
        if algorithm["deploy_type"] != "edge":
            raise invalid("vias", "Only algorithms of edge devices are deployed.")
        self._records.find(EDGE_POOL, str(call.parameters.get("pool_id")))
        algorithm["alg_status"] = "RUNNING"
        return {"alg_name": algorithm["service_name"]}

    def _stop(self, call: RestCall) -> dict[str, Any]:
        algorithm = self._find(call.parameters["alg_id"])
        algorithm["alg_status"] = "UNDEPLOYED"
        return {"alg_id": algorithm["alg_id"]}

    def _find(self, identifier: str) -> dict[str, Any]:
        algorithm = self._algorithms.get(identifier)
        if algorithm is None:
            raise not_found("vias", f"algorithm {identifier}")
        return algorithm
