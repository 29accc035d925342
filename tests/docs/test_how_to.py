"""The DAG of the how-to pages works: each task runs on the emulator with a real clip."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

import media_samples
from code_blocks import ROOT
from run_task import run_task
from served_folder import ServedFolder

WITHOUT_MODEL = {"anime_style", "merge_face", "merge_face_template"}
"""Tasks whose actions the emulator refuses, because only a neural network can do them."""


def load() -> Any:
    path = ROOT / "dags_examples" / "how_to_video.py"
    spec = importlib.util.spec_from_file_location("how_to_video", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.how_to


TASKS = sorted(load().task_ids)


@pytest.fixture
def params(served: ServedFolder, tmp_path: Path) -> dict[str, str]:
    clip = served.path / "how-to.mp4"
    if not clip.exists():
        media_samples.burn_subtitles(media_samples.big_buck_bunny(), clip, seconds=3, size=(656, 368))
        (served.path / "face.png").write_bytes(media_samples.photographs()["astronaut"].read_bytes())
    return {
        "video": served.address("how-to.mp4"),
        "picture": served.address("face.png"),
        "template_id": "none",
        "target": f"file://{tmp_path}/",
    }


@pytest.mark.parametrize("task_id", TASKS)
def test_each_task_runs_and_stores_its_files(
    task_id: str,
    params: dict[str, str],
    viapi_emulator: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    task = load().get_task(task_id)
    task.render_template_fields({"params": params})

    if task_id in WITHOUT_MODEL:
        with pytest.raises(AirflowFailException, match="emulator"):
            run_task(task)
        return
    result = run_task(task).result

    landed = result.get("landed", {})
    assert bool(landed) == ("{{ params.target }}" in (load().get_task(task_id).land_to or ""))
    assert all(Path(address.removeprefix("file://")).stat().st_size for address in landed.values())


def test_each_task_has_a_page_that_shows_it() -> None:
    pages = {page.stem.replace("-", "_") for page in (ROOT / "docs" / "how-to").glob("*.md")}

    assert set(TASKS) <= pages


@pytest.mark.parametrize("policy", sorted((ROOT / "docs" / "security" / "policies").glob("*.json")), ids=str)
def test_a_policy_names_actions_of_the_service_models(policy: Path) -> None:
    from airflow_provider_viapi.alibaba.services import actions

    known = {f"viapi-{action.service.name}:{action.name}" for action in actions().values()}
    known |= {name.replace("viapi-viapi:", "viapi:") for name in known}
    allowed = [
        name for each in json.loads(policy.read_text())["Statement"] for name in listed(each["Action"])
    ]

    assert allowed
    assert [name for name in allowed if name.startswith("viapi") and name not in known] == []


def listed(action: str | list[str]) -> list[str]:
    return [action] if isinstance(action, str) else action
