"""Every supported Airflow loads the example DAGs with watchers, also Airflow 2, which has none."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from airflow_database import AIRFLOW_VERSION

EXAMPLES = Path(__file__).parents[1] / "dags_examples"


@pytest.mark.parametrize("example", ["land_finished_jobs", "new_sources", "vias_alarm_events"])
def test_an_example_with_a_watcher_loads_and_defines_no_dag_before_airflow_3(example: str) -> None:
    names = runpy.run_path(str(EXAMPLES / f"{example}.py"))

    assert (names["AssetWatcher"] is None) is (AIRFLOW_VERSION < (3,))
