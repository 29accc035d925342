"""The actions themselves: what a request may be, and what jobs they make."""

from __future__ import annotations

import re
from base64 import b64encode, encodebytes
from typing import Any

import pytest

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import actions, find, metastudio, vias

ALL = tuple(actions().values())
JOBS = [action for action in ALL if action.job is not None]
EACH = pytest.mark.parametrize("action", ALL, ids=lambda action: action.full_name)
EACH_JOB = pytest.mark.parametrize("action", JOBS, ids=lambda action: action.full_name)

SPEECH = {"text": "Good morning", "voice_asset_id": "v1"}
SOURCE = {"video_source_name": "gate", "access_type": "cloud", "type": "rtsp", "type_config": "<x/>"}


def test_an_action_is_found_by_its_full_name() -> None:
    assert find("vias.CreateTask") is vias.tasks.CREATE_TASK
    assert find("metastudio.CreateAsyncTtsJob") is metastudio.speech.CREATE_ASYNC_TTS_JOB
    with pytest.raises(
        InvalidRequest, match=r"'vias\.CreateTasks' is not an action; similar: vias\.CreateTask"
    ):
        find("vias.CreateTasks")


def test_no_two_actions_share_method_and_path() -> None:
    assert len({(action.method, action.path) for action in ALL}) == len(ALL)


@EACH
def test_the_path_has_a_place_for_each_of_its_parameters(action: Action) -> None:
    for path in filter(None, (action.path, action.path_v1)):
        named = set(re.findall(r"{(\w+)}", path))
        assert named - {"project_id"} == {each.name for each in action.in_path}
        assert all(each.required for each in action.in_path)


@EACH
def test_an_action_may_be_a_key(action: Action) -> None:
    assert {action: 1}[action] == 1


@EACH
def test_an_action_and_its_parameters_are_described(action: Action) -> None:
    assert action.summary.endswith(".")
    assert all(each.doc for each in action.parameters)


@EACH
def test_a_question_may_be_asked_again_and_a_create_may_not(action: Action) -> None:
    if action.method == "GET":
        assert action.idempotent
    if action.job is not None:
        assert not action.idempotent


@EACH_JOB
def test_a_jobs_kind_fits_the_actions_it_names(action: Action) -> None:
    kind = action.job
    assert kind is not None
    needed = {kind.id_name} | ({kind.scope_name} if kind.scope_name else set())
    assert {each.name for each in kind.status_action.parameters if each.required} == needed
    if kind.cancel is not None:
        assert {each.name for each in kind.cancel.parameters if each.required} == needed | set(
            kind.cancel_with
        )
    assert kind.id_in[0] in action.response_fields
    assert kind.state_in[0] in kind.status_action.response_fields
    files = {each.name for each in kind.files}
    assert files <= set(kind.status_action.response_fields)
    assert not {*kind.state_in, *files} & {*kind.status_action.private}
    assert len(set(kind.states.all)) == len(kind.states.all)
    assert set(kind.target_states) <= set(kind.states.all)
    assert set(kind.states.awaiting_review) <= set(kind.states.pending)


@pytest.mark.parametrize(
    ("action", "request_", "named"),
    [
        ("metastudio.CreateAsyncTtsJob", {"text": "Hi"}, "voice_asset_id is missing"),
        ("metastudio.CreateAsyncTtsJob", {**SPEECH, "audio_format": "OGG"}, "allowed: one of WAV, MP3"),
        ("metastudio.CreateAsyncTtsJob", {**SPEECH, "priority": 11}, "priority is 11; .* from 0 to 10"),
        ("metastudio.CreateAsyncTtsJob", {**SPEECH, "channels": 3}, "from 1 to 2"),
        ("metastudio.CreateAsyncTtsJob", {**SPEECH, "voice": "x"}, "voice is not a parameter"),
        ("metastudio.CreateAsyncTtsJob", {**SPEECH, "callback_config": {}}, "a mapping with callback_url"),
        (
            "metastudio.CreateAsyncTtsJob",
            {**SPEECH, "callback_config": {"callback_url": {1}}},
            "callback_url is {1}",
        ),
        ("metastudio.CreateAsyncTtsJob", {**SPEECH, "callback_config": {"key": {1}}}, "JSON"),
        (
            "metastudio.CreatePhotoDigitalHumanVideo",
            {"human_image": "/9j/", "shoot_scripts": {}, "output_asset_config": {"asset_name": "n"}},
            "a list of mappings",
        ),
        ("metastudio.ShowAsset", {"asset_id": ""}, "asset_id is missing"),
        ("metastudio.CreateProduct", {"name": "n", "tags": ["t"] * 51}, "at most 50; it has 51"),
        ("metastudio.CreateProduct", {"name": "n", "tags": "t"}, "a list of strings"),
        (
            "metastudio.CreatePictureModelingJob",
            {"file": "R0lGODlh", "style_id": "s", "name": "n"},
            "file is str of 8 characters or bytes; allowed: a JPEG or PNG picture, as bytes or in Base64",
        ),
        ("metastudio.ExecuteTransferAssetAction", {"job_id": "j", "action": "keep"}, "cancel, accept"),
        ("vias.StartStopTask", {"task_id": "t", "command": "pause"}, "one of start, stop"),
        ("vias.ListTasks", {"page_size": 1}, "from 5 to 1000"),
        ("vias.CreateTask", {"service_name": "a/b"}, "service_name is 'a/b'"),
        ("vias.CreateVideoSource", {**SOURCE, "latitude": 91}, "latitude is 91"),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(action: str, request_: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidRequest, match=named):
        find(action).check(request_)


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("Show2DDigitalHumanVideo", "ListDigitalHumanVideo"),
        ("ShowDigitalHumanBusinessCard", "ListDigitalHumanBusinessCard"),
        ("Show2dModelTrainingJob", "List2dModelTrainingJob"),
        ("ShowVoiceTrainingJob", "ListVoiceTrainingJob"),
        ("ShowVideoScript", "ListVideoScripts"),
        ("ShowSmartLive", "ListSmartLive"),
        ("ShowSmartLive", "ListSmartLiveJobs"),
        ("ShowSmartLiveRoom", "ListSmartLiveRooms"),
    ],
)
def test_a_list_shows_no_more_of_an_entry_than_the_action_that_shows_one(one: str, many: str) -> None:
    private = find(f"metastudio.{one}").private
    entry = dict.fromkeys(private, "https://host/x?Signature=a")

    assert private
    assert find(f"metastudio.{many}").shown({"jobs": [{"id": "1", **entry}]}) == {"jobs": [{"id": "1"}]}


def test_a_picture_whose_base64_has_line_breaks_is_taken() -> None:
    picture = b64encode(b"\xff\xd8\xff" + bytes(200))
    wrapped = encodebytes(b"\xff\xd8\xff" + bytes(200)).decode()
    request = {"file": wrapped, "style_id": "s", "name": "n"}

    assert find("metastudio.CreatePictureModelingJob").check(request)["file"] == picture.decode()


def test_what_an_error_shows_of_a_structure_is_its_names_alone() -> None:
    private = {"live_event_callback_config": ["the-signing-key"], "stream_keys": ["the-stream-key", ""]}

    for name, value in private.items():
        with pytest.raises(InvalidRequest) as caught:
            find("metastudio.StartSmartLive").check({"room_id": "r", name: value})
        assert "the-s" not in str(caught.value)


def test_structures_go_through_as_they_are_once_rendered() -> None:
    config = {"algorithm": {"zones": [[{"x": 0.1}]], "unknown": None}, "level": 3}
    request = {
        "service_name": "c-smoke-and-fire-edge",
        "name": "roof",
        "input": {"type": "edgecamera", "data": ({"id": "7"},)},
        "output": {"webhook": {"url": "https://h"}},
        "service_version": "1.0",
        "config": config,
        "is_saved_as_template": "true",
    }

    checked = vias.tasks.CREATE_TASK.check(request)

    assert checked["config"] == config
    assert checked["input"]["data"] == [{"id": "7"}]
    assert checked["is_saved_as_template"] is True


@pytest.mark.parametrize(
    ("action", "parameter", "stated"),
    [
        ("metastudio.StartSmartLive", "interaction_callback_url", ", of at most 2,048 characters"),
        ("metastudio.StartSmartLive", "output_urls", "a list of strings, each an address such as rtmp://"),
        ("metastudio.Create2DDigitalHumanVideo", "video_config", "width (a whole number of at least 0)"),
    ],
)
def test_limits_are_stated(action: str, parameter: str, stated: str) -> None:
    (found,) = (each for each in find(action).parameters if each.name == parameter)

    assert stated in found.allowed


def test_a_limit_is_stated_once_in_an_error() -> None:
    request_ = {"room_id": "r", "interaction_callback_url": f"https://h/{'a' * 3000}"}

    with pytest.raises(InvalidRequest, match=r"others\), of at most 2,048 characters; it has 3,010"):
        find("metastudio.StartSmartLive").check(request_)


def test_xml_of_a_source_is_left_alone() -> None:
    xml = "<VideoSource><url>rtsp://user:pass@h/1</url></VideoSource>"

    assert find("vias.CreateVideoSource").check({**SOURCE, "type_config": xml})["type_config"] == xml
