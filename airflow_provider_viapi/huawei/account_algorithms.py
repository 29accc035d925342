"""Algorithms of VIAS that an account has: whether one is among them, its version, and what it accepts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.vias.algorithms import LIST_USER_SERVICES, SHOW_SERVICE_DETAIL
from airflow_provider_viapi.huawei.services.vias.inputs import INPUT_TYPES
from airflow_provider_viapi.huawei.services.vias.outputs import DESTINATIONS
from airflow_provider_viapi.huawei.services.vias.service import LATEST, SERVICE_VERSION
from airflow_provider_viapi.schema import ValidationError

Call = Callable[[Action, Mapping[str, Any]], Mapping[str, Any]]
"""Calls an action, as ``HuaweiCloudHook.call`` does."""

_PAGE_SIZE = 100
_MAX_PAGES = 100

_OUTPUT_TYPES = {*DESTINATIONS, "event_center"}


def pages(
    call: Call, listing: Action, listed: str, request: Mapping[str, Any], page_size: int = _PAGE_SIZE
) -> Iterator[Mapping[str, Any]]:
    """Yield the items of all pages of one of VIAS's lists.

    :param listed: field of the response that holds the items
    """
    for number in range(1, _MAX_PAGES + 1):
        paging = {"is_paged": True, "page_size": page_size, "page_num": number}
        items = call(listing, {**request, **paging}).get(listed)
        found = [each for each in items if isinstance(each, Mapping)] if isinstance(items, list) else []
        yield from found
        if len(found) < page_size:
            return


def find_algorithm(call: Call, service_name: str, action: str) -> Mapping[str, Any]:
    """Return the account's algorithm of that name, as ListUserServices shows it.

    :raises InvalidRequest: the account does not have it; the message names those that it has
    """
    others = []
    for each in pages(call, LIST_USER_SERVICES, "service_list", {}):
        if each.get("service_name") == service_name:
            return each
        others.append(str(each.get("service_name")))
    shown = ", ".join(sorted(others)[:40]) or "none"
    # Only a misspelling: many names have the same beginning and end.
    similar = get_close_matches(service_name, others, 1, cutoff=0.85)
    raise InvalidRequest(
        f"service_name is {service_name!r}, which the account does not have"
        f"{f'; did you mean {similar[0]}?' if similar else ';'} it has: {shown}. Subscribe to the algorithm, "
        "and deploy it if it runs on edge devices",
        code="NoSuchAlgorithm",
        action=action,
    )


def with_version(call: Call, request: Mapping[str, Any], action: str) -> dict[str, Any]:
    """Return the request of a task, or a batch task, with the version of the account's algorithm for ``latest``.

    The response for the algorithm names the kinds of inputs and outputs that it accepts, which are checked, too.

    :raises InvalidRequest: the account lacks the algorithm, its version is not known, or it does not accept the input
        or an output
    """
    if request.get("service_version") != LATEST:
        return dict(request)
    name = str(request["service_name"])
    listed = find_algorithm(call, name, action)
    detail = call(SHOW_SERVICE_DETAIL, {"service_id": str(listed.get("service_id") or "")})
    _check_kinds(detail.get("deployment_constraints"), request, action)
    versions = detail.get("alg_versions")
    candidates = [
        *(listed.get("alg_version"), detail.get("alg_version")),
        *(versions if isinstance(versions, list) else []),
    ]
    for version in candidates:
        if isinstance(version, str) and _is_version(version):
            return {**request, "service_version": version}
    raise InvalidRequest(
        f"service_version of {name} is unknown: neither ListUserServices nor ShowServiceDetail returns one; pass "
        "service_version",
        code="AlgorithmVersionMissing",
        action=action,
    )


def _is_version(text: str) -> bool:
    try:
        return SERVICE_VERSION.check(text) != LATEST
    except ValidationError:
        return False


def _check_kinds(constraints: Any, request: Mapping[str, Any], action: str) -> None:
    if not isinstance(constraints, Mapping):
        return
    source, output = request.get("input"), request.get("output")
    given_inputs = {str(source.get("type"))} if isinstance(source, Mapping) else set()
    given_outputs = (
        {name for name, value in output.items() if value} if isinstance(output, Mapping) else set()
    )
    for name, given, known in (
        ("input", given_inputs, INPUT_TYPES.keys()),
        ("output", given_outputs, _OUTPUT_TYPES),
    ):
        allowed = _texts(constraints.get(f"{name}_types"))
        # The documents do not show these lists; one in other words than the task's is not interpreted.
        if allowed and allowed <= known and (wrong := (given & known) - allowed):
            raise InvalidRequest(
                f"{name} is of type {', '.join(sorted(wrong))}; the algorithm {request['service_name']} allows: "
                f"{', '.join(sorted(allowed))}",
                action=action,
            )


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return set()
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()
