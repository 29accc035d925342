"""Package as Airflow and an editor see it."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import airflow
import jsonschema
import pytest
from airflow.providers.common.compat.sdk import BaseOperator

import airflow_provider_viapi
from airflow_provider_viapi.get_provider_info import get_provider_info
from airflow_provider_viapi.operators.provider_task import ProviderTask
from airflow_provider_viapi.operators.viapi import ViapiOperator
from make_reference import operators

OPERATORS = operators()

BEYOND_THE_ACTION = {
    "CreateImageDbOperator": {"if_exists"},
    "DeleteImageDbOperator": {"if_missing"},
    "ListImagesOperator": {"page_size"},
}
"""Keyword arguments that are no parameters of an action but say what the operator does."""

RENAMED = {"params": "text_kinds"}
"""Parameters whose name is an argument of every Airflow operator, and their arguments."""

NOT_THE_AUTHORS = {"ListImagesOperator": {"Token", "Offset"}}
"""Parameters of an action that the operator sets itself."""


def modules() -> list[str]:
    info = get_provider_info()
    return [
        *(
            module
            for kind in ("hooks", "operators", "sensors", "triggers")
            for entry in info[kind]
            for module in entry["python-modules"]
        ),
        *(entry["python-module"] for entry in info["transfers"]),
    ]


def test_airflow_finds_the_provider_by_its_entry_point() -> None:
    (entry,) = [
        entry
        for entry in entry_points(group="apache_airflow_provider")
        if entry.value.startswith("airflow_provider_viapi")
    ]

    assert entry.load()() == get_provider_info()


def test_its_metadata_is_as_airflow_wants_it() -> None:
    schema = Path(airflow.__file__).parent / "provider_info.schema.json"

    jsonschema.validate(get_provider_info(), json.loads(schema.read_text()))


@pytest.mark.parametrize("module", modules())
def test_every_module_that_the_metadata_names_is_there(module: str) -> None:
    assert importlib.import_module(module).__doc__


def test_types_come_with_the_package() -> None:
    assert (Path(airflow_provider_viapi.__file__).parent / "py.typed").exists()


def snake(name: str) -> str:
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return RENAMED.get(snake, snake)


def keywords(operator: type[ViapiOperator]) -> dict[str, inspect.Parameter]:
    return {
        name: parameter
        for name, parameter in inspect.signature(operator.__init__).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_takes_just_what_its_action_takes(operator: type[ViapiOperator]) -> None:
    beyond = BEYOND_THE_ACTION.get(operator.__name__, set())
    own = {name: each for name, each in keywords(operator).items() if name not in beyond}
    left_out = NOT_THE_AUTHORS.get(operator.__name__, set())
    taken = [each for each in operator.action.parameters if each.name not in left_out]

    assert list(own) == [snake(parameter.name) for parameter in taken]
    for parameter in taken:
        if not parameter.required:
            assert own[snake(parameter.name)].default is None


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_argument_becomes_the_parameter_of_its_name(operator: type[ViapiOperator]) -> None:
    beyond = BEYOND_THE_ACTION.get(operator.__name__, set())
    given = {name: "{{ " + name + " }}" for name in keywords(operator) if name not in beyond}

    request = operator(task_id="task", **given).request

    assert {snake(name): value for name, value in request.items()} == given


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operators_docstring_describes_every_argument(operator: type[ViapiOperator]) -> None:
    for name in keywords(operator):
        assert f":param {name}:" in (operator.__doc__ or "")


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operators_docstring_names_what_it_returns(operator: type[ViapiOperator]) -> None:
    for field in operator.action.result:
        assert f"``{field.name}``" in (operator.__doc__ or "")


@pytest.mark.parametrize("module", modules())
def test_every_operator_and_sensor_names_misspellings_and_masks_credentials(module: str) -> None:
    found = vars(importlib.import_module(module))
    own = [kind for kind in found.values() if getattr(kind, "__module__", "") == module]
    exported = [getattr(importlib.import_module(module), name) for name in found.get("__all__", ())]
    for kind in (*own, *exported):
        if isinstance(kind, type) and issubclass(kind, BaseOperator):
            assert issubclass(kind, ProviderTask), kind


@pytest.mark.parametrize("operator", [each for each in OPERATORS if each.action.retired])
def test_an_operator_of_a_retired_action_says_so(operator: type[ViapiOperator]) -> None:
    assert "today's service may refuse it" in " ".join((operator.__doc__ or "").split())


EACH_MODULE = """
import airflow.providers.common.compat.sdk as sdk, importlib, json, os, sys
sdk.BaseOperator, sdk.BaseHook, sdk.conf
import airflow.providers.standard.operators.branch, airflow.triggers.base
before = set(sys.modules)
for module in sys.argv[1:]:
    if os.fork() == 0:
        importlib.import_module(module)
        print(json.dumps([module, sorted(set(sys.modules) - before)]), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def brought() -> dict[str, set[str]]:
    """Top-level packages that each module imports besides Airflow, which is imported once for all of them."""
    command = [sys.executable, "-c", EACH_MODULE, *modules()]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    # Airflow 3.0 logs to the standard output.
    imports = dict(json.loads(line) for line in run.stdout.splitlines() if line.startswith('["'))
    return {module: {name.partition(".")[0] for name in names} for module, names in imports.items()}


@pytest.mark.parametrize("module", modules())
def test_a_module_brings_nothing_heavy_with_it(module: str, brought: dict[str, set[str]]) -> None:
    heavy = {"requests", "httpx", "aiohttp", "numpy", "av", "PIL", "starlette", "tenacity", "xml"}

    assert brought[module].isdisjoint(heavy)


CONSTRUCTED = """
from datetime import timedelta
from airflow_provider_viapi.operators.batch import HuaweiCloudBatchOperator, ViapiBatchOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import AddImageOperator
from airflow_provider_viapi.operators.metastudio import CreateSpeechOperator, UploadAssetOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.sensors.viapi import ViapiJobSensor
from airflow_provider_viapi.transfers.object_storage_to_viapi import ObjectStorageToViapiOperator
from airflow_provider_viapi.transfers.viapi_to_object_storage import ViapiResultToObjectStorageOperator

film = "s3://films@bucket/a.mp4"
EraseVideoSubtitlesOperator(
    task_id="erase", video_url=film, staging="oss://team/staged", land_to="s3://films@bucket/out/",
    deferrable=True, reuse_results=timedelta(days=1), land_manifest=True,
)
ViapiBatchOperator(
    task_id="batch", operator=EraseVideoSubtitlesOperator, items=[{"video_url": film}], land_to="s3://bucket/out/"
)
HuaweiCloudBatchOperator(task_id="speak", operator=CreateSpeechOperator, items="{{ items }}")
AddImageOperator(task_id="add", db_name="covers", entity_id="a", image_url="gs://bucket/a.png")
IndexImagesOperator(task_id="index", db_name="covers", images="s3://bucket/covers/")
UploadAssetOperator(task_id="upload", source=film, asset_name="a", asset_type="VIDEO")
ViapiJobSensor(task_id="wait", job_id="{{ job }}")
ObjectStorageToViapiOperator(task_id="stage", source=film, staging="oss://team/staged")
ViapiResultToObjectStorageOperator(task_id="land", job_id="{{ job }}", land_to="s3://bucket/out/")
"""

NOT_FOR_CONSTRUCTION = (
    *(f"media.inputs.{name}" for name in ("staging", "staging_bucket", "temporary_upload", "source")),
    *(f"media.outputs.{name}" for name in ("atomic_file", "http_download", "landing")),
    *(
        f"jobs.{name}"
        for name in (
            "polling.poller",
            "recovery",
            "submission",
            "submission_record",
            "submit_slot",
            "usage_and_cost",
        )
    ),
    *("fs", "state", "http", "client"),
)


def test_constructing_operators_loads_neither_staging_nor_storage_nor_what_a_task_runs() -> None:
    program = f"{CONSTRUCTED}\nimport sys\nprint('\\n'.join(sys.modules))"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = set(run.stdout.splitlines())
    unwanted = {f"airflow_provider_viapi.{name}" for name in NOT_FOR_CONSTRUCTION}
    assert all(find_spec(name) for name in unwanted)
    assert "airflow_provider_viapi.operators.videoenhan.editing" in loaded
    assert loaded.isdisjoint(unwanted)
    assert "alibabacloud_oss_v2" not in loaded


def test_no_module_of_the_provider_loads_the_emulator() -> None:
    imports = "".join(f"import {module}\n" for module in modules())
    program = f"{imports}import sys\nprint('\\n'.join(sys.modules))"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "airflow_provider_viapi.emulator" not in run.stdout.splitlines()
