"""Arguments of operators as editors, type checkers and ``help()`` see them."""

from __future__ import annotations

import pydoc
import re
from pathlib import Path

import pytest
from airflow import __version__

from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator, HuaweiCloudOperator
from airflow_provider_viapi.operators.huaweicloud_job_commands import JobCommandOperator
from airflow_provider_viapi.operators.job_arguments import BaseJobOperator
from airflow_provider_viapi.operators.landing_base import LandingOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator
from make_reference import operators, operators_in

AIRFLOW_2 = __version__.startswith("2.")

USAGE = Path(__file__).with_name("typed_usage.py")
JOB = "land_to deferrable job_timeout submit_timeout on_doubt wait_for_completion allowed_hosts".split()  # noqa: SIM905
EVERY = [*operators(), *operators_in("Huawei Cloud", HuaweiCloudOperator)]


def expected_errors() -> dict[int, str]:
    lines = enumerate(USAGE.read_text().splitlines(), start=1)
    return {number: text for number, line in lines if (text := line.partition("# error: ")[2])}


@pytest.mark.skipif(AIRFLOW_2, reason="to mypy, XComArg of Airflow 2 is Any, which accepts every value")
def test_mypy_accepts_right_uses_and_refuses_wrong_ones() -> None:
    api = pytest.importorskip("mypy.api")

    output, problems, _ = api.run(["--strict", "--no-error-summary", "--hide-error-context", str(USAGE)])

    found = {int(line): text for line, text in re.findall(rf"{USAGE.name}:(\d+): error: (.*)", output)}
    assert problems == ""
    assert found.keys() == expected_errors().keys(), output
    assert [text for line, text in expected_errors().items() if text not in found[line]] == []


BASES = {
    LandingOperator: "land_to allowed_hosts",
    BaseJobOperator: "land_to deferrable reuse_results land_manifest",
    ViapiOperator: "task_id land_to staging viapi_conn_id",
    ViapiJobOperator: "task_id land_to staging viapi_conn_id deferrable on_doubt",
    HuaweiCloudOperator: "task_id huaweicloud_conn_id",
    HuaweiCloudJobOperator: "task_id huaweicloud_conn_id land_to deferrable target_state cancel_on_kill",
    JobCommandOperator: "task_id huaweicloud_conn_id target_state wait_for_completion deferrable job_timeout",
}


@pytest.mark.parametrize(("base", "names"), BASES.items(), ids=[each.__name__ for each in BASES])
def test_help_on_a_base_class_lists_each_shared_argument_once(base: type, names: str) -> None:
    listed = re.findall(r":param (\w+):", base.__doc__ or "")

    assert set(names.split()) <= set(listed)
    assert sorted(set(listed)) == sorted(listed)


@pytest.mark.parametrize("operator", EVERY, ids=lambda each: each.__name__)
def test_help_lists_the_shared_arguments(operator: type) -> None:
    page = pydoc.render_doc(operator, renderer=pydoc.plaintext)

    expected = ["task_id", "retries", "pool"]
    if issubclass(operator, ViapiOperator):
        expected += ["viapi_conn_id", "staging"]
    else:
        expected += ["huaweicloud_conn_id"]
    if issubclass(operator, (ViapiJobOperator, HuaweiCloudJobOperator)):
        expected += JOB
    for name in expected:
        assert f":param {name}:" in page
