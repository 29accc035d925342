"""Alibaba's clients of the services whose models are data: what each sends for every action, and their results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from Tea.exceptions import TeaException

from clients.models import Modelled, flat, modelled, request_of
from clients.results import download, job_result
from clients.running_emulator import RunningEmulator
from clients.tea_clients import config
from scripted_server import Answer, Request, responding
from served_folder import ServedFolder

ACTIONS = list(modelled())


class Listener:
    """Keeps the parameters of the last request.

    :param host: its address
    """

    host = ""

    def respond(self, request: Request) -> Answer:
        self.query = request.query
        self.form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        headers = {"Content-Type": "application/json"}
        return Answer(body={"RequestId": "1", "Message": "", "Data": {}}, headers=headers)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener = Listener()
    with responding(listener.respond) as url:
        listener.host = url.removeprefix("http://")
        yield listener


def same(sent: dict[str, str], expected: dict[str, str]) -> bool:
    """True if two sets of parameters are the same; a JSON text may be written otherwise."""
    if sent.keys() != expected.keys():
        return False
    return all(
        sent[name] == text or (text[:1] in "[{" and json.loads(sent[name]) == json.loads(text))
        for name, text in expected.items()
    )


@pytest.mark.parametrize("action", ACTIONS, ids=str)
def test_a_client_sends_the_parameters_of_the_model_where_the_model_says(
    action: Modelled, listener: Listener, _emulator: RunningEmulator
) -> None:
    client = action.module("client").Client(config(_emulator, endpoint=listener.host))
    request = request_of(action, "https://media.example/file")

    action.call(client, request)

    expected = flat(action, request)
    in_query = bool(action.model.get("query"))
    assert same(listener.query if in_query else listener.form, expected), (
        listener.query,
        listener.form,
        expected,
    )
    assert (listener.form if in_query else listener.query) == {}


REAL = [
    ("videorecog.EvaluateVideoQuality", {"VideoUrl": "clip.mp4"}, ["JsonUrl", "PdfUrl"]),
    ("videorecog.DetectVideoShot", {"VideoUrl": "clip.mp4"}, []),
    ("imageenhan.RecolorHDImage", {"Url": "coffee.jpg", "Degree": "1"}, ["ImageList.0"]),
]
SET: dict[str, dict[str, Any]] = {
    "videoseg.SegmentVideoBody": {"VideoUrl": "https://media.example/people.mp4"},
    "ocr.RecognizeVideoCharacter": {
        "Height": 360,
        "Frames": [{"Timestamp": 1, "Elements": [{"Text": "EXIT"}]}],
    },
    "imageseg.SegmentHDCommonImage": {"ImageUrl": "https://media.example/cut.png"},
    "objectdet.DetectVideoIPCObject": {"Width": 640, "Frames": []},
    "imagerecog.TaggingAdImage": {"TagInfo": {"brand": "none"}},
    "threedvision.EstimateMonocularVideoDepth": {"DepthUrl": "https://media.example/depth.zip"},
    "imageprocess.SegmentLymphNode": {"ResultURL": "https://media.example/mask.zip"},
}
AT_ONCE: dict[str, dict[str, Any]] = {
    "ocr.RecognizeCharacter": {"Results": [{"Text": "EXIT", "Probability": 0.9}]},
    "imageseg.SegmentCommonImage": {"ImageURL": "https://media.example/cut.png"},
    "objectdet.DetectMainBody": {"Location": {"X": 1, "Y": 2, "Width": 3, "Height": 4}},
    "imagerecog.TaggingImage": {"Tags": [{"Value": "cup", "Confidence": 99.5}]},
    "facebody.DetectFace": {"FaceCount": 2, "FaceProbabilityList": [0.9, 0.8]},
    "imageaudit.ScanImage": {"Results": [{"DataId": "1", "SubResults": [{"Suggestion": "pass"}]}]},
    "goodstech.ClassifyCommodity": {"Categories": [{"CategoryName": "cup", "Score": 0.9}]},
    "threedvision.EstimateMonocularImageDepth": {"DepthMapUrl": "https://media.example/depth.png"},
    "imageprocess.DetectSkinDisease": {"BodyPart": "arm", "ImageQuality": 0.5},
}


def named(full_name: str) -> Modelled:
    return next(action for action in ACTIONS if str(action) == full_name)


def result_of(action: Modelled, client: Any, job_id: str) -> dict[str, Any]:
    request = action.module("models").GetAsyncJobResultRequest(job_id=job_id)
    return dict(job_result(lambda: client.get_async_job_result(request).body.data.to_map()))


@pytest.mark.parametrize(("name", "files", "links"), REAL, ids=[name for name, *_ in REAL])
def test_a_job_ends_with_its_files(
    name: str,
    files: dict[str, str],
    links: list[str],
    emulator: RunningEmulator,
    media: ServedFolder,
    signature: str,
) -> None:
    action = named(name)
    client = action.module("client").Client(config(emulator, signature))
    request = {
        key: media.address(value) if value.endswith(("mp4", "jpg")) else value for key, value in files.items()
    }

    result = result_of(action, client, str(action.call(client, request)["RequestId"]))

    assert result
    for path in links:
        name, _, number = path.partition(".")
        assert download(result[name][int(number)] if number else result[name])


@pytest.mark.parametrize("name", SET)
def test_a_job_of_every_other_service_ends_with_the_result_that_was_set(
    name: str, emulator: RunningEmulator
) -> None:
    action = named(name)
    client = action.module("client").Client(config(emulator))
    emulator.set_result(name, SET[name])

    submitted = action.call(client, request_of(action, "https://media.example/file"))

    assert result_of(action, client, str(submitted["RequestId"])) == SET[name]


def test_pictures_are_processed_at_once(
    emulator: RunningEmulator, media: ServedFolder, signature: str
) -> None:
    erase, size = named("imageenhan.RemoveImageSubtitles"), named("imageenhan.ChangeImageSize")
    client = erase.module("client").Client(config(emulator, signature))
    picture = media.address("coffee.jpg")

    erased = erase.call(client, {"ImageURL": picture, "BY": 0.5, "BH": 0.5})["Data"]
    sized = size.call(client, {"Url": picture, "Width": 120, "Height": 80})["Data"]

    assert download(erased["ImageURL"])[:8] == b"\x89PNG\r\n\x1a\n"
    assert download(sized["Url"])[:8] == b"\x89PNG\r\n\x1a\n"
    assert set(sized["RetainLocation"]) == {"X", "Y", "Width", "Height"}


@pytest.mark.parametrize("name", AT_ONCE)
def test_every_other_service_answers_at_once_with_the_result_that_was_set(
    name: str, emulator: RunningEmulator
) -> None:
    action = named(name)
    client = action.module("client").Client(config(emulator))
    emulator.set_result(name, AT_ONCE[name])

    data = action.call(client, request_of(action, "https://media.example/file"))["Data"]

    assert contains(data, AT_ONCE[name])


def contains(given: Any, expected: Any) -> bool:
    """True if a value has all that another has; the clients add lists that are empty."""
    if isinstance(expected, dict):
        return all(name in given and contains(given[name], value) for name, value in expected.items())
    if isinstance(expected, list):
        return len(given) == len(expected) and all(map(contains, given, expected))
    return bool(given == expected)


def test_work_that_only_the_service_can_do_is_refused_with_a_code(emulator: RunningEmulator) -> None:
    action = named("imagerecog.RecognizeScene")
    client = action.module("client").Client(config(emulator))

    with pytest.raises(TeaException) as refusal:
        action.call(client, {"ImageURL": "https://media.example/file"})

    assert refusal.value.code == "InvalidApi.ForbiddenInvoke"
    assert "emulator does not implement" in str(refusal.value)
