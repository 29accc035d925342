"""Base of operators whose request has an algorithm's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.vias.settings import TARGET_ROI, check_config
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.schema import ValidationError


class AlgorithmSettings(HuaweiCloudOperator):
    """Check the algorithm's settings in ``config``, and send regions of interest as JSON in a text."""

    @staticmethod
    def check_request(
        action: Action, request: Mapping[str, Any], is_unresolved: Callable[[Any], bool]
    ) -> dict[str, Any]:
        """Return a request with values of their proper types."""
        checked = action.check(request, is_unresolved=is_unresolved)
        name, config = checked.get("service_name"), checked.get("config")
        if isinstance(config, Mapping) and not is_unresolved(config):
            known = name if isinstance(name, str) and not is_unresolved(name) else None
            checked["config"] = check_config(known, config, action.name)
        batch_input = checked.get("batch_input")
        if isinstance(batch_input, Mapping) and not is_unresolved(batch_input):
            checked["batch_input"] = _with_regions(batch_input, action.name)
        return checked


def _with_regions(value: Any, action: str) -> Any:
    if isinstance(value, list):
        return [_with_regions(each, action) for each in value]
    if not isinstance(value, Mapping):
        return value
    found = {name: _with_regions(each, action) for name, each in value.items() if name != "target_roi"}
    if value.get("target_roi") is not None:
        try:
            found["target_roi"] = TARGET_ROI.check(value["target_roi"])
        except ValidationError as error:
            raise InvalidRequest(
                f"target_roi in batch_input is of type {type(value['target_roi']).__name__}; allowed: {error}",
                code="InvalidParameter",
                action=action,
            ) from None
    return found
