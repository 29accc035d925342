"""Alibaba's client for Node.js, with its calls by GET, all in the address, and by POST."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from clients.results import download, is_mp4, is_request_id, job_result
from clients.running_emulator import ACCESS_KEY_ID, ACCESS_KEY_SECRET, RunningEmulator
from served_folder import ServedFolder

NODE = shutil.which("node")
MODULES = Path(sys.prefix) / "node_modules"
SCRIPT = Path(__file__).with_name("pop_core.js")
CLIP = "http://127.0.0.1:9/clip.mp4"
BOX = {"X": 0.7, "Y": 0.1, "W": 0.2, "H": 0.2}

if NODE is None or not (MODULES / "@alicloud" / "pop-core").is_dir():
    pytest.skip("node or its module @alicloud/pop-core is not there", allow_module_level=True)

Call = Callable[..., dict[str, Any]]


@pytest.fixture(params=["GET", "POST"])
def call(emulator: RunningEmulator, request: pytest.FixtureRequest) -> Call:
    """Calls an action and gives what pop-core answered or raised the last time."""

    def by_node(
        action: str,
        parameters: Mapping[str, Any],
        key: Mapping[str, str] | None = None,
        called: RunningEmulator = emulator,
        times: int = 1,
    ) -> dict[str, Any]:
        key = {"access_key_id": ACCESS_KEY_ID, "access_key_secret": ACCESS_KEY_SECRET, **(key or {})}
        asked = {
            "settings": {
                "endpoint": called.url,
                "apiVersion": "2020-03-20",
                "accessKeyId": key["access_key_id"],
                "accessKeySecret": key["access_key_secret"],
                "securityToken": key.get("security_token"),
            },
            "action": action,
            "parameters": parameters,
            "options": {"method": request.param},
            "times": times,
        }
        ended = subprocess.run(
            [str(NODE), str(SCRIPT)],
            input=json.dumps(asked),
            env={**os.environ, "NODE_PATH": str(MODULES)},
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(json.loads(ended.stdout))

    return by_node


def test_a_logo_is_erased_from_a_video(emulator: RunningEmulator, call: Call, clip: str) -> None:
    boxes = [BOX, {"X": 0, "Y": 0.5, "W": 1, "H": 0.5}]
    job_id = call("EraseVideoLogo", {"VideoUrl": clip, "Boxes": boxes})["answer"]["RequestId"]
    result = job_result(lambda: call("GetAsyncJobResult", {"JobId": job_id})["answer"]["Data"])

    assert is_mp4(download(result["VideoUrl"]))
    wire = emulator.jobs()[0]["request"]
    assert {name: float(wire[name]) for name in wire if name.startswith("Boxes")} == {
        f"Boxes.{number}.{name}": value for number, box in enumerate(boxes, 1) for name, value in box.items()
    }


def test_the_photograph_of_the_same_thing_is_found(call: Call, media: ServedFolder) -> None:
    call("CreateImageDb", {"Name": "shop"})
    for name in ("coffee", "motorcycle_left"):
        photograph = {"ImageUrl": media.address(f"{name}.jpg"), "ExtraData": f"{name} (it's 10 € * 2!) 照片"}
        call("AddImage", {"DbName": "shop", "EntityId": name, **photograph})

    looked_for = {"ImageUrl": media.address("motorcycle_right.jpg"), "Limit": 1}
    (found,) = call("SearchImage", {"DbName": "shop", **looked_for})["answer"]["Data"]["MatchList"]

    assert found["EntityId"] == "motorcycle_left"
    assert found["ExtraData"] == "motorcycle_left (it's 10 € * 2!) 照片"


def test_a_temporary_key_may_call(emulator: RunningEmulator, call: Call) -> None:
    assert call("ListImageDbs", {}, emulator.temporary_key())["answer"]["Data"] == {"DbList": []}


@pytest.mark.parametrize(
    ("action", "parameters", "key", "code"),
    [
        ("ListImageDbs", {}, {"access_key_secret": "guessed"}, "SignatureDoesNotMatch"),
        ("EraseAll", {}, {}, "InvalidAction.NotFound"),
        ("QueryAsyncJobList", {}, {}, "InvalidVersion"),
        ("AbstractFilmVideo", {"VideoUrl": CLIP}, {}, "MissingParameter"),
        (
            "SearchImage",
            {"DbName": "shop", "ImageUrl": "http://127.0.0.1:9/a.jpg", "Limit": 0},
            {},
            "InvalidParameter",
        ),
        ("EraseVideoLogo", {"VideoUrl": CLIP, "Boxes": [BOX, {**BOX, "W": 1.5}]}, {}, "InvalidParameter"),
        ("GetAsyncJobResult", {"JobId": "none"}, {}, "InvalidParameter.BadRequest"),
        ("ListImages", {"DbName": "nowhere"}, {}, "InvalidParameter.BadRequest"),
    ],
)
def test_the_client_raises_its_own_error(
    call: Call, action: str, parameters: dict[str, Any], key: dict[str, str], code: str
) -> None:
    error = call(action, parameters, key)["error"]

    assert (error["code"], error["name"]) == (code, f"{code}Error")
    assert is_request_id(error["requestId"])


def test_a_call_over_the_quota_is_throttled(throttling_emulator: RunningEmulator, call: Call) -> None:
    error = call("ListImageDbs", {}, called=throttling_emulator, times=20)["error"]

    assert error["code"] == "Throttling.User"
    assert is_request_id(error["requestId"])
