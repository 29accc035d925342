"""The example that handles alarms of VIAS, on a real Airflow: an alarm's file starts the work on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huawei.test_alarm_messages import MESSAGE, PICTURE
from local_airflow import LocalAirflow

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]
EXAMPLE = Path(__file__).parents[2] / "dags_examples" / "vias_alarms.py"


def test_an_alarm_that_is_stored_starts_the_work_on_it(tmp_path: Path) -> None:
    dags, home, alarms, pictures = (tmp_path / name for name in ("dags", "home", "alarms", "pictures"))
    for folder in (dags, home, alarms):
        folder.mkdir()
    # One run, which is triggered here, and soon.
    once = EXAMPLE.read_text().replace('"@continuous"', "None").replace("poke_interval=30", "poke_interval=2")
    (dags / EXAMPLE.name).write_text(once)

    with LocalAirflow(dags_folder=dags, home=home, environment={}) as airflow:
        conf = {"folder": f"file://{alarms}", "images": f"file://{pictures}"}
        run_id = airflow.trigger("vias_alarms", conf)
        (alarms / "a.json").write_text(json.dumps(MESSAGE))
        state = airflow.wait("vias_alarms", run_id)
        (alarm,) = airflow.xcom("vias_alarms", run_id, "each")

    assert state == "success"
    assert alarm["kind"] == "smoke_and_fire"
    assert Path(alarm["image"].removeprefix("file://")).read_bytes() == PICTURE
