"""The DAGs of the how-to pages, and what their tasks need to run on the emulator."""

from __future__ import annotations

import importlib.util
from typing import Any

from airflow.providers.common.compat.sdk import DAG

from code_blocks import ROOT
from run_task import run_task

REFUSED = {
    "how_to_video": {"anime_style", "merge_face", "merge_face_template"},
    "how_to_video_analysis": {
        *("find_video_objects", "read_credits", "read_video_text", "segment_video", "understand_video"),
    },
    "how_to_images": {
        *("blur_faces", "color_black_and_white", "draw_cartoon", "erase_watermark", "extend_style"),
        *("propose_crops", "restore_faces"),
    },
    "how_to_image_analysis": {
        *(
            "cut_out_heads",
            "cut_out_large_object",
            "cut_out_large_people",
            "cut_out_object",
            "cut_out_people",
        ),
        *("cut_out_product", "cut_out_sky", "find_design_parts", "find_main_object", "find_objects"),
        *("moderate_image", "moderate_text", "read_image_text", "recognize_scene", "recognize_style"),
        *("refine_mask", "replace_sky", "score_composition", "tag_image"),
    },
    "how_to_image_instance": set(),
    "how_to_metastudio": set(),
    "how_to_models": set(),
    "how_to_vias": set(),
    "how_to_jobs": set(),
}
"""The DAGs, and of each the tasks whose actions the emulator refuses: only a neural network can do them."""


def load(name: str) -> DAG:
    """Return a DAG of ``dags_examples``, loaded from its file."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "dags_examples" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    dag: DAG = module.dag
    return dag


def tasks() -> list[tuple[str, str]]:
    """Return the name of the DAG and the id of each task."""
    return [(name, task_id) for name in REFUSED for task_id in sorted(load(name).task_ids)]


class Outputs:
    """Outputs of the tasks that have run, read as a task instance reads XComs."""

    def __init__(self) -> None:
        self._by_task: dict[str, dict[str, Any]] = {}

    def put(self, task_id: str, result: Any, pushed: dict[str, Any]) -> None:
        """Record a task's result, each of its fields, and its other XComs."""
        fields = result if isinstance(result, dict) else {}
        self._by_task[task_id] = {**fields, **pushed, "return_value": result}

    def xcom_pull(self, task_ids: str, key: str = "return_value", **_: Any) -> Any:
        """Return an output of a task that has run."""
        return self._by_task[task_ids][key]

    def get_relevant_upstream_map_indexes(self, *_: Any, **__: Any) -> None:
        """Return that no task upstream is mapped; Airflow 2 asks."""


def run(name: str, task_id: str, params: dict[str, Any]) -> Any:
    """Run a task of a DAG after all tasks upstream of it, and return its result."""
    dag, outputs = load(name), Outputs()
    needed = dag.get_task(task_id).get_flat_relative_ids(upstream=True) | {task_id}
    outcome: Any = None
    for task in dag.topological_sort():
        if task.task_id in needed:
            # Airflow 2 reads expanded_ti_count.
            context: Any = {"params": params, "run_id": "manual", "ti": outputs, "expanded_ti_count": None}
            task.render_template_fields(context)
            outcome = run_task(task)
            outputs.put(task.task_id, outcome.result, outcome.pushed)
    return outcome.result
