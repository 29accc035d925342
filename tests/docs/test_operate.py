"""The files of docs/operate: the Helm values use names that the chart has, the dashboard metrics that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from airflow_provider_viapi.get_provider_info import get_provider_info
from airflow_provider_viapi.jobs import metrics

FOLDER = Path(__file__).parents[2] / "docs" / "operate"
VALUES = yaml.safe_load((FOLDER / "kubernetes-values.yaml").read_text())
# Names and types in the chart's values.schema.json (apache/airflow, commit 002e5532), which rejects other names, and
# those under workers.celery in the release notes of version 1.20.
CHART: dict[str, Any] = {
    "executor": str,
    "airflowVersion": str,
    "airflowLocalSettings": str,
    "images": {"airflow": {"repository": str, "tag": str, "digest": str, "pullPolicy": str}},
    "env": [{"name": str, "value": str}],
    "secret": [{"envName": str, "secretName": str, "secretKey": str}],
    "workers": {"celery": {"replicas": int, "terminationGracePeriodSeconds": int}},
    "triggerer": {
        "replicas": int,
        "terminationGracePeriodSeconds": int,
        "resources": {"requests": {"cpu": str, "memory": str}, "limits": {"cpu": str, "memory": str}},
    },
    # Mappings of the statsd-exporter.
    "statsd": {"extraMappings": [{"match": str, "name": str, "ttl": str}]},
}
RESUMABLE = {"fresh_submit", "reconnect_success", "already_succeeded", "terminal_resubmit"}


def fits(value: Any, allowed: Any) -> bool:
    if isinstance(allowed, dict):
        return isinstance(value, dict) and all(
            name in allowed and fits(each, allowed[name]) for name, each in value.items()
        )
    if isinstance(allowed, list):
        return isinstance(value, list) and all(fits(each, allowed[0]) for each in value)
    return type(value) is allowed


def test_the_helm_values_have_names_and_types_of_the_chart() -> None:
    assert fits(VALUES, CHART)
    assert VALUES["images"]["airflow"]["pullPolicy"] in ("Always", "Never", "IfNotPresent")


def test_the_options_of_the_helm_values_exist() -> None:
    names = [each["name"] for each in VALUES["env"]] + [each["envName"] for each in VALUES["secret"]]
    options = get_provider_info()["config"]["viapi"]["options"]

    own = {name.removeprefix("AIRFLOW__VIAPI__").lower() for name in names if "__VIAPI__" in name}
    assert own == {"state_path", "quota_url"}
    assert own <= set(options)


def queries() -> list[str]:
    dashboard = json.loads((FOLDER / "grafana.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("query", queries())
def test_the_dashboard_asks_for_metrics_that_exist(query: str) -> None:
    own = {
        value for name, value in vars(metrics).items() if name.isupper() and str(value).startswith("viapi.")
    }
    known = {f"airflow_{name.replace('.', '_')}" for name in own}
    known |= {f"airflow_resumable_job_{decision}" for decision in RESUMABLE}

    asked = re.findall(r"(airflow_\w+)(?:\((.+?)\))?", query)
    assert asked
    for name, alternatives in asked:
        assert {f"{name}{each}".rstrip("_") for each in alternatives.split("|")} <= known


@pytest.mark.parametrize("query", [each for each in queries() if "rate(" in each or "increase(" in each])
def test_rates_of_several_metrics_keep_their_names_as_labels(query: str) -> None:
    # rate() and increase() drop the name: Prometheus refuses several series that differ in nothing else.
    for function in re.findall(r"(?:rate|increase)\((.{14})", query):
        assert function == "label_replace("
