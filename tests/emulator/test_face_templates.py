"""Templates of faces, and work that the emulator needs a trained model do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

import media_samples
from airflow_provider_viapi.emulator import face_templates
from airflow_provider_viapi.emulator.server import EmulatorServer
from conftest import ServedFolder
from emulator.clock import Clock
from emulator.signing_caller import Caller


@pytest.fixture(scope="module")
def face_emulator(session_clock: Clock) -> Iterator[EmulatorServer]:
    with EmulatorServer(transforms=face_templates.WORK, now=session_clock) as server:
        yield server


@pytest.fixture
def emulator(face_emulator: EmulatorServer) -> EmulatorServer:
    face_emulator.reset()
    return face_emulator


@pytest.fixture(scope="module")
def video(served: ServedFolder) -> Callable[[int, int], str]:
    def make(width: int, height: int) -> str:
        name = f"{width}x{height}.mp4"
        media_samples.burn_subtitles(
            media_samples.big_buck_bunny(), served.path / name, seconds=0.2, size=(width, height)
        )
        return served.address(name)

    return make


def add(caller: Caller, video_url: str, **more: Any) -> dict[str, Any]:
    job_id = caller.call("AddFaceVideoTemplate", VideoURL=video_url, **more)["RequestId"]
    return caller.result(job_id)


def template_of(caller: Caller, video_url: str) -> str:
    return str(json.loads(add(caller, video_url)["Result"])["TemplateId"])


def templates(caller: Caller, **asked: Any) -> list[str]:
    elements = caller.call("QueryFaceVideoTemplate", **asked)["Data"]["Elements"]
    return [element["TemplateId"] for element in elements]


def test_a_template_is_kept_with_its_video(
    caller: Caller, clock: Clock, served: ServedFolder, video: Callable[[int, int], str]
) -> None:
    template = template_of(caller, video(640, 360))
    clock.time += 3600

    (element,) = caller.call("QueryFaceVideoTemplate", method="GET")["Data"]["Elements"]

    address = element.pop("TemplateURL")
    assert element == {
        "TemplateId": template,
        "UserId": "1000000000000000",
        "CreateTime": "2027-01-15 16:00:00",
        "UpdateTime": "2027-01-15 16:00:00",
    }
    assert httpx.get(address).content == (served.path / "640x360.mp4").read_bytes()
    clock.time += 30 * 60 + 1
    assert httpx.get(address).status_code == 403


def test_templates_are_listed_in_pages_or_by_id_until_they_are_deleted(
    caller: Caller, video: Callable[[int, int], str]
) -> None:
    address = video(640, 360)
    ids = [template_of(caller, address) for _ in range(3)]

    assert templates(caller, PageNo=1, PageSize=2) == ids[:2]
    assert templates(caller, PageNo=2, PageSize=2) == ids[2:]
    assert templates(caller, TemplateId=ids[1]) == [ids[1]]
    caller.call("DeleteFaceVideoTemplate", TemplateId=ids[1])
    assert templates(caller) == [ids[0], ids[2]]
    assert caller.call("QueryFaceVideoTemplate", TemplateId=ids[1])["Data"] == {"Total": 2, "Elements": []}
    assert caller.refused("DeleteFaceVideoTemplate", TemplateId=ids[1]) == (
        400,
        "InvalidParameter.BadRequest",
    )


def test_a_reset_forgets_templates(
    caller: Caller, emulator: EmulatorServer, video: Callable[[int, int], str]
) -> None:
    template_of(caller, video(640, 360))

    emulator.reset()

    assert templates(caller) == []


def test_a_video_that_is_too_small_is_no_template(caller: Caller, video: Callable[[int, int], str]) -> None:
    ended = add(caller, video(320, 180))

    assert (ended["Status"], ended["ErrorCode"]) == ("PROCESS_FAILED", "InvalidFile.Resolution")
    assert templates(caller) == []


def test_templates_for_several_faces_are_refused(caller: Caller, video: Callable[[int, int], str]) -> None:
    ended = add(caller, video(640, 360), VideoScene="multi")

    assert (ended["Status"], ended["ErrorCode"]) == ("PROCESS_FAILED", "InvalidApi.ForbiddenInvoke")
    assert "does not detect faces" in ended["ErrorMessage"]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("GenerateHumanAnimeStyleVideo", {"VideoUrl": "{video}", "CartoonStyle": "anime"}),
        ("MergeVideoFace", {"VideoURL": "{video}", "ReferenceURL": "{video}"}),
        ("MergeVideoModelFace", {"TemplateId": "a", "FaceImageURL": "{video}"}),
    ],
)
def test_jobs_that_need_a_trained_model_are_accepted_and_fail(
    caller: Caller, video: Callable[[int, int], str], action: str, parameters: dict[str, str]
) -> None:
    address = video(320, 180)
    given = {name: text.format(video=address) for name, text in parameters.items()}

    ended = caller.result(caller.call(action, **given)["RequestId"])

    assert ended.keys() == {"JobId", "Status", "ErrorCode", "ErrorMessage"}
    assert (ended["Status"], ended["ErrorCode"]) == ("PROCESS_FAILED", "InvalidApi.ForbiddenInvoke")
    assert "needs a trained model" in ended["ErrorMessage"]
