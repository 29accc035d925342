"""Each operator has a how-to page, and the examples on these pages run on the emulator with real files."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_AVATAR, SYSTEM_CARD, SYSTEM_VOICE
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.transfers.viapi_to_object_storage import ViapiResultToObjectStorageOperator
from code_blocks import ROOT
from how_to_dags import REFUSED, load, run, tasks
from make_reference import public_classes
from served_folder import ServedFolder
from timing import poll_quickly

PAGES = {page.name: page.read_text() for page in (ROOT / "docs" / "how-to").glob("*.md")}


@pytest.fixture
def files(served: ServedFolder) -> ServedFolder:
    clip = served.path / "how-to.mp4"
    if not clip.exists():
        media_samples.burn_subtitles(media_samples.big_buck_bunny(), clip, seconds=2, size=(656, 368))
        for name, photograph in (("image", "coffee"), ("style", "astronaut")):
            with Image.open(media_samples.photographs()[photograph]) as image:
                image.convert("RGB").resize((300, 200)).save(served.path / f"{name}.png")
        mask = Image.new("L", (300, 200))
        mask.paste(255, (100, 50, 160, 120))
        mask.save(served.path / "mask.png")
        (served.path / "face.png").write_bytes(media_samples.photographs()["astronaut"].read_bytes())
    return served


@pytest.fixture
def params(
    files: ServedFolder, tmp_path: Path, viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> dict[str, dict[str, Any]]:
    """Connect Airflow with the emulator, and return the parameters of each DAG."""
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", viapi_emulator.huawei_connection_json())
    poll_quickly(monkeypatch)
    products = tmp_path / "products"
    products.mkdir()
    for name in ("image.png", "face.png"):
        (products / name).write_bytes((files.path / name).read_bytes())
    of_instance = {"instance_name": "demo", "folder": f"file://{products}/", "staging": "oss://media/search"}
    video, image, style = map(files.address, ("how-to.mp4", "image.png", "style.png"))
    shared = {"target": f"file://{tmp_path}/out/", "video": video, "image": image, "text": "A lamp."}
    of_images = {"mask": files.address("mask.png"), "style": style, "sky": style}
    undocumented = {"color_mode": "LogC", "degree": "0.5", "cartoon": "0", "scene": "logo", "label": "spam"}
    metastudio = {"voice": SYSTEM_VOICE, "avatar": SYSTEM_AVATAR, "card": SYSTEM_CARD}
    return {
        "how_to_video": {**shared, "image": files.address("face.png"), "template_id": "none"},
        "how_to_video_analysis": shared,
        "how_to_images": {**shared, **of_images, **undocumented},
        "how_to_image_analysis": {**shared, **of_images, **undocumented},
        "how_to_image_instance": {**of_instance, "image": image},
        "how_to_metastudio": {**shared, **metastudio, "photo": f"file://{files.path}/face.png"},
        "how_to_models": {
            "photo": f"file://{files.path}/face.png",
            "photo_url": files.address("face.png"),
            "style": "system_female_001",
            "target": shared["target"],
        },
        "how_to_vias": {**load("how_to_vias").params, "webhook": "http://127.0.0.1:9"},
        "how_to_jobs": {**shared, **metastudio, "video": f"file://{files.path}/how-to.mp4"},
    }


def prepare(task_id: str, params: dict[str, Any], folder: Path) -> None:
    """Create at the emulator what a task uses and its DAG does not create."""
    if task_id == "delete_face_template":
        added = run("how_to_video", "face_template", {**params, "target": ""})
        params["template_id"] = added["TemplateId"]
    call = HuaweiCloudHook().call
    scenes = [{"sequence_no": 1, "shoot_script": {"text_config": {"text": "A lamp."}}}]
    if task_id == "subtitles":
        script = {"script_name": "lamp", "shoot_scripts": scenes}
        params["script"] = call("metastudio.CreateVideoScripts", script)["script_id"]
    if task_id in ("start_live", "on_air", "stop_live"):
        room = {"room_name": "shop", "scene_scripts": []}
        params["room"] = call("metastudio.CreateSmartLiveRoom", room)["room_id"]
    if task_id == "assess_voice":
        with zipfile.ZipFile(folder / "recordings.zip", "w") as archive:
            archive.writestr("1.wav", b"RIFF")
        params["recordings"] = f"file://{folder}/recordings.zip"
    if task_id == "upload_asset":
        (folder / "music.wav").write_bytes(b"RIFF")
        params["music"] = f"file://{folder}/music.wav"


AWAIT_REVIEW = {"create_avatar", "create_voice", "image_model", "transfer_asset", "voice_model"}
"""Tasks that wait for an answer of people; tests/operators/test_metastudio_models.py runs such ones."""
RUN = [(name, task_id) for name, task_id in tasks() if task_id not in AWAIT_REVIEW]


@pytest.mark.parametrize(("name", "task_id"), RUN)
def test_each_example_runs_and_stores_its_files(
    name: str, task_id: str, params: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    own = params[name]
    prepare(task_id, own, tmp_path)

    if task_id in REFUSED[name]:
        with pytest.raises(AirflowFailException, match="emulator"):
            run(name, task_id, own)
        return
    result = run(name, task_id, own)

    task = load(name).get_task(task_id)
    landed = result.get("landed", {}) if isinstance(result, dict) else {}
    if isinstance(task, ViapiResultToObjectStorageOperator):
        landed = result
    assert bool(landed) == bool(getattr(task, "land_to", None))
    assert all(Path(address.removeprefix("file://")).stat().st_size for address in landed.values())


OPERATORS = [each for kind in ("operators", "sensors", "transfers") for each in public_classes(kind)]


@pytest.mark.parametrize("operator", OPERATORS)
def test_each_operator_is_shown_on_a_how_to_page(operator: Any) -> None:
    texts = [
        text
        for text in PAGES.values()
        if f"`{operator.__name__}`" in text or f".{operator.__name__}`" in text
    ]

    assert texts, f"no page in docs/how-to names {operator.__name__}"
    action = vars(operator).get("action")
    if action is not None:
        inserted = re.compile(rf"\{{action\}} (\w+\.)?{action.name}\n")
        assert any(inserted.search(text) for text in texts)


@pytest.mark.parametrize(("name", "task_id"), tasks())
def test_each_example_is_on_a_page(name: str, task_id: str) -> None:
    source = (ROOT / "dags_examples" / f"{name}.py").read_text()
    snippets = re.findall(r"\[START (\w+)\](.*?)\[END \1\]", source, re.DOTALL)
    [snippet] = [label for label, code in snippets if f'task_id="{task_id}"' in code]

    shown = re.compile(rf"dags_examples/{name}\.py\n(:.*\n)*:start-after: \"\[START {snippet}\]\"\n")
    assert any(shown.search(text) for text in PAGES.values())


@pytest.mark.parametrize("policy", sorted((ROOT / "docs" / "security" / "policies").glob("*.json")), ids=str)
def test_a_policy_names_actions_of_the_service_models(policy: Path) -> None:
    from airflow_provider_viapi.alibaba.services import actions

    prefixes = {"viapi": "viapi", "imagesearch": "imagesearch"}
    known = {
        f"{prefixes.get(action.service.name, f'viapi-{action.service.name}')}:{action.name}"
        for action in actions().values()
    }
    allowed = [
        name for each in json.loads(policy.read_text())["Statement"] for name in listed(each["Action"])
    ]

    assert allowed
    assert [
        name
        for name in allowed
        if not name.startswith(("oss:", "ram:", "sns:", "sqs:")) and name not in known
    ] == []


def listed(action: str | list[str]) -> list[str]:
    return [action] if isinstance(action, str) else action
