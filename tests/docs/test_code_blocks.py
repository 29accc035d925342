"""Every code block in README, CONTRIBUTING and docs works, or says why no test runs it."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, Connection, task
from PIL import Image

import media_samples
from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_VOICE
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.operators import (
    batch,
    huaweicloud,
    imgsearch,
    metastudio,
    viapi,
    vias,
    videoenhan,
)
from code_blocks import EVERY_BLOCK, PAGES, Block
from served_folder import ServedFolder

NEED_AIRFLOW_3 = {"events"}


def of(language: str) -> list[Block]:
    return [block for block in EVERY_BLOCK if block.language == language and block.not_run is None]


@pytest.mark.parametrize("block", EVERY_BLOCK, ids=str)
def test_every_block_names_its_language_and_is_run_or_says_why_not(block: Block) -> None:
    assert block.language, f"{block}: name a language: text for output, bash for commands"
    assert block.language in ("python", "json", "bash", "text") or block.not_run, (
        f"{block}: no test runs {block.language}; write <!-- not run: reason --> before it"
    )


@pytest.fixture
def names(viapi_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Names that the pages may use without an import, inside a DAG and beside an emulator."""
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", viapi_emulator.huawei_connection_json())

    def output() -> list[Any]:
        return []

    modules = (batch, huaweicloud, imgsearch, metastudio, vias, videoenhan, viapi)
    found = {name: getattr(module, name) for module in modules for name in operators_of(module)}
    list_videos = task(task_id="list_videos")(output)
    return {**found, "list_videos": list_videos, "addresses": ["https://media.example/1.mp4"], "DAG": DAG}


def operators_of(module: Any) -> list[str]:
    return [name for name in getattr(module, "__all__", vars(module)) if name.endswith("Operator")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_blocks_of_a_page_run_in_order(
    page: Path, names: dict[str, Any], viapi_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.stem in NEED_AIRFLOW_3 and AIRFLOW_VERSION < (3, 0):
        pytest.skip("the page is about what Airflow 3 has")
    fixtures = {"viapi_emulator": viapi_emulator, "monkeypatch": monkeypatch}
    for block in of("python"):
        if block.page == page:
            code = "\n" * block.line + block.code
            with DAG(f"docs_{block.line}"):
                exec(compile(code, str(page), "exec"), names)
            for name in [name for name in names if name.startswith("test_")]:
                names.pop(name)(**fixtures)


def test_the_task_functions_of_the_pages_return_what_they_say(
    names: dict[str, Any], served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Image.open(media_samples.photographs()["coffee"]) as picture:
        picture.convert("RGB").resize((200, 150)).save(served.path / "cup.jpg")
    url, content = served.address("cup.jpg"), b64encode((served.path / "cup.jpg").read_bytes()).decode()
    functions = task_functions(names)
    with EmulatorServer(image_instances=("shop",)) as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", emulator.connection_json())
        call = ViapiHook().call
        call("CreateImageDb", {"Name": "covers"})
        call("AddImage", {"DbName": "covers", "EntityId": "cup", "ImageUrl": url})
        image = {"InstanceName": "shop", "ProductId": "cup", "PicName": "cup.jpg", "IntAttr": 2026}
        call("imagesearch.AddImage", {**image, "PicContent": content})

        (similar,) = functions.pop("find_similar")(url)
        (recent,) = functions.pop("recent")()
    voices = functions.pop("voices")()

    assert similar["EntityId"] == "cup"
    assert recent["ProductId"] == "cup"
    assert SYSTEM_VOICE in {voice["asset_id"] for voice in voices}
    assert not functions, "call these functions, too"


def task_functions(names: dict[str, Any]) -> dict[str, Any]:
    """The functions that the pages decorate with ``@task`` at the top of a block."""
    found = {}
    for block in of("python"):
        if re.search("^@task", block.code, re.MULTILINE):
            own = {**names, "task": task}
            with DAG(f"functions_{block.line}"):
                exec(compile(block.code, str(block), "exec"), own)
            found |= {name: each.function for name, each in own.items() if hasattr(each, "function")}
    del found["list_videos"]
    return found


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_a_json_block_is_json_and_a_connection_in_it_is_read(
    block: Block, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = json.loads(block.code)

    if "conn_type" in value:
        connection = Connection(
            conn_id="docs",
            **{key: each for key, each in value.items() if key != "extra"},
            extra=json.dumps(value.get("extra", {})),
        )
        assert connection.conn_type in ("viapi", "huaweicloud")
