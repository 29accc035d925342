"""Models in JSON files: what they make, and what is refused with which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.parameters import ListOf, Media, Structure, ValueList
from airflow_provider_viapi.alibaba.rpc import decode, encode
from airflow_provider_viapi.alibaba.service_model_files import ModelFile
from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest
from airflow_provider_viapi.http import HttpResponse
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials

ACTION: dict[str, Any] = {
    "summary": "Do it.",
    "job": True,
    "parameters": {
        "VideoUrl": {"type": "file", "required": True, "formats": ["mp4"], "max_pixels": [1920, 1080]},
        "Strength": {"type": "integer", "minimum": 1, "maximum": 5, "default": 3},
        "Codec": {"type": "choice", "choices": ["h264", "hevc"]},
        "Name": {"type": "string", "max_length": 3, "pattern": "[a-z]*", "characters": "a to z"},
        "Boxes": {"type": "list", "fields": {"X": "number!", "Image": "file"}, "max_items": 2},
        "Labels": {"type": "list", "items": "string", "json": True},
        "Area": {"type": "object", "fields": {"W": "integer"}},
    },
    "result": {
        "VideoUrl": "file",
        "Covers": {"type": "list", "items": "file"},
        "Score": {"type": "object", "fields": {"Mean": "number"}},
    },
}


def read(tmp_path: Path, **changes: Any) -> ModelFile:
    document = {"service": "videoplus", "version": "2026-01-01", "actions": {"DoIt": ACTION}, **changes}
    path = tmp_path / "model.json"
    path.write_text(json.dumps(document))
    return ModelFile(path)


def test_a_file_makes_actions_that_check_requests(tmp_path: Path) -> None:
    action = read(tmp_path).action("DoIt")

    checked = action.check(
        {
            "VideoUrl": "https://h/a.mp4",
            "Strength": "4",
            "Boxes": [{"X": "0.5"}],
            "Labels": ["a", "b"],
            "Area": {"W": 3},
        }
    )

    assert checked["Strength"] == 4
    assert checked["Boxes"] == [{"X": 0.5}]
    assert action.with_json(checked)["Labels"] == '["a","b"]'
    assert action.full_name == "videoplus.DoIt"
    assert action.is_job
    kinds = {each.name: type(each) for each in action.parameters}
    assert (kinds["VideoUrl"], kinds["Boxes"], kinds["Labels"], kinds["Area"]) == (
        Media,
        ListOf,
        ValueList,
        Structure,
    )
    assert [field.kind for field in action.result] == ["file", "files", "object"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (
            {"VideoUrl": "https://h/a.mp4", "Strength": 6},
            "Strength is 6; allowed: a whole number from 1 to 5",
        ),
        ({"VideoUrl": "https://h/a.mp4", "Codec": "vp9"}, "allowed: one of h264, hevc"),
        (
            {"VideoUrl": "https://h/a.mp4", "Boxes": [{"x": 1}]},
            "item 1 has x, which is not one of these fields; did you mean X?",
        ),
        (
            {"VideoUrl": "https://h/a.mp4", "Boxes": [{"Image": "https://h/a"}]},
            "X in every item; it is missing in item 1",
        ),
        ({"VideoUrl": "https://h/a.mp4", "Labels": [1.5]}, "item 1 is 1.5"),
        ({"VideoUrl": "https://h/a.mp4", "Area": {"W": "wide"}}, "a whole number for W; it has 'wide'"),
    ],
)
def test_a_request_beyond_the_model_is_refused(tmp_path: Path, request_: Any, said: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read(tmp_path).action("DoIt").check(request_)

    assert said in str(refusal.value)


def test_parameters_are_sent_and_results_are_read_where_the_file_says(tmp_path: Path) -> None:
    own = {
        "result_in_body": True,
        "queried": ["Lowest"],
        "parameters": {"Text": "string", "Lowest": "number"},
        "result": {"Found": "integer"},
    }
    action = read(tmp_path, actions={"FindIt": own}).action("FindIt")
    key = Credentials("id", "secret")

    request = action.check({"Text": "a cup", "Lowest": 0.5})
    sent = encode(action, request, Account(key, endpoint="http://127.0.0.1"), key, RequestNonce.new())
    answer = decode(action, HttpResponse(200, b'{"RequestId": "r", "Code": 0, "Found": 3}'))

    assert dict(parse_qsl(urlsplit(sent.url).query))["Lowest"] == "0.5"
    assert "Lowest" not in dict(parse_qsl((sent.body or b"").decode()))
    assert answer["Data"]["Found"] == 3


def with_parameter(model: Any) -> dict[str, Any]:
    return {"actions": {"DoIt": {"parameters": {"P": model}}}}


def queried(names: Any) -> dict[str, Any]:
    return {"actions": {"DoIt": {"parameters": {"P": "string"}, "queried": names}}}


def nested(depth: int) -> Any:
    model: Any = "string"
    for _ in range(depth):
        model = {"type": "object", "fields": {"B": model}}
    return model


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service": "../etc"}, "service is '../etc'; allowed: first part of the host name"),
        ({"version": "v1"}, "version is 'v1'; allowed: a date"),
        ({"regional": "no"}, "regional is 'no'; allowed: true or false"),
        ({"action": {}}, "the file has 'action'; did you mean actions?"),
        ({"actions": []}, "actions is '[]'; allowed: a mapping"),
        ({"actions": {"Do It": {}}}, "name of an action is 'Do It'"),
        ({"actions": {"DoIt": {"jobs": True}}}, "DoIt has 'jobs'; did you mean job?"),
        ({"actions": {"DoIt": {"job": "yes"}}}, "DoIt.job is 'yes'; allowed: true or false"),
        ({"actions": {"DoIt": {"summary": 5}}}, "DoIt.summary is '5'; allowed: a text"),
        ({"actions": {"DoIt": {"result_in_body": 1}}}, "DoIt.result_in_body is '1'; allowed: true or false"),
        (
            {"actions": {"DoIt": {"result_in_body": True, "job": True}}},
            "DoIt.result_in_body is 'True'; allowed: false for a job",
        ),
        (queried("P"), "DoIt.queried is 'P'; allowed: a list of its parameters (P)"),
        (queried(["Q"]), "allowed: a list of its parameters (P)"),
        (queried([["P"]]), "allowed: a list of its parameters (P)"),
        ({"actions": {"DoIt": {"queried": ["P"]}}}, "a list of its parameters (it has none)"),
        (with_parameter("video"), "DoIt.P: type is 'video'; allowed: one of string, integer"),
        (with_parameter({"doc": "?"}), "DoIt.P: type is 'None'"),
        (with_parameter({"type": "integer", "minimun": 1}), "'minimun'; did you mean minimum?"),
        (with_parameter({"type": "integer", "minimum": "1"}), "DoIt.P: minimum is '1'; allowed: a number"),
        (with_parameter({"type": "choice"}), "DoIt.P: choices is 'None'; allowed: a list of texts"),
        (with_parameter({"type": "string", "pattern": "("}), "DoIt.P is not valid"),
        (with_parameter({"type": "list"}), "DoIt.P: items is 'None'"),
        (with_parameter({"type": "list", "items": "file"}), "for a list of files or structures give fields"),
        (
            with_parameter({"type": "object", "fields": {}}),
            "DoIt.P: fields is '{}'; allowed: at least one field",
        ),
        (with_parameter({"type": "file", "max_pixels": 5}), "max_pixels is '5'; allowed: [width, height]"),
        (with_parameter({"type": "file", "formats": "mp4"}), "formats is 'mp4'; allowed: a list of suffixes"),
        ({"actions": {"DoIt": {"result": {"V": "video"}}}}, "DoIt result.V: type is 'video'"),
        (
            with_parameter({"type": "string", "max_length": "10"}),
            "DoIt.P: max_length is '10'; allowed: a whole",
        ),
        (
            with_parameter({"type": "string", "min_length": -1}),
            "min_length is '-1'; allowed: a whole number from 0",
        ),
        (
            with_parameter({"type": "string", "required": "false"}),
            "required is 'false'; allowed: true or false",
        ),
        (with_parameter({"type": "string", "doc": 5}), "DoIt.P: doc is '5'; allowed: a text"),
        (with_parameter({"type": "string", "pattern": 5}), "DoIt.P: pattern is '5'; allowed: a text"),
        (
            with_parameter({"type": "string", "default": [1]}),
            "DoIt.P: default is '[1]'; allowed: a single value",
        ),
        (with_parameter({"type": "integer", "maximum": float("inf")}), "maximum is 'inf'; allowed: a number"),
        (
            with_parameter({"type": "integer", "minimum": 5, "maximum": 1}),
            "DoIt.P: minimum is '5'; allowed: at most maximum, which is 1",
        ),
        (
            with_parameter({"type": "file", "max_bytes": "5MB"}),
            "max_bytes is '5MB'; allowed: a whole number of",
        ),
        (with_parameter({"type": "file", "max_seconds": "60"}), "max_seconds is '60'; allowed: a number of"),
        (with_parameter({"type": "file", "exclusive": 1}), "exclusive is '1'; allowed: true or false"),
        (
            with_parameter({"type": "list", "items": "string", "json": "false"}),
            "json is 'false'; allowed: true",
        ),
        (
            with_parameter({"type": "list", "items": "string", "max_items": 1.5}),
            "max_items is '1.5'; allowed: a",
        ),
        (with_parameter(nested(400)), "allowed: fields that are nested 20 deep at most"),
        (
            {"actions": {"DoIt": {"result": {"V": nested(400)}}}},
            "allowed: fields that are nested 20 deep at most",
        ),
        (
            {"actions": {"DoIt": {"result": {"V": {"type": "file", "optional": 1}}}}},
            "optional is '1'; allowed: true",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_what_is_allowed(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read(tmp_path, **changes).actions()

    assert said in str(refusal.value)
    assert "model.json" in str(refusal.value)


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000])
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)

    with pytest.raises(ConfigurationError, match=r"model\.json"):
        ModelFile(tmp_path / "model.json")


def test_a_path_that_does_not_exist_and_an_action_in_two_files_are_refused(tmp_path: Path) -> None:
    places = iter([f"{tmp_path}/none", f"{tmp_path}"])
    for name in ("a", "b"):
        document = {"service": "videoplus", "version": "2026-01-01", "actions": {"DoIt": ACTION}}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    try:
        services.read_user_models_from(lambda: next(places))
        with pytest.raises(ConfigurationError, match="which does not exist"):
            services.find("videoplus.DoIt")
        with pytest.raises(ConfigurationError, match=r"videoplus\.DoIt is also in another file"):
            services.find("videoplus.DoIt")
    finally:
        services.read_user_models_from(lambda: None)


@pytest.mark.parametrize("path", ["~nobody-of-this-name/models", "/models\0x", "x" * 5000])
def test_a_path_that_cannot_be_one_is_refused(path: str) -> None:
    try:
        services.read_user_models_from(lambda: path)
        with pytest.raises(ConfigurationError, match=r"\[viapi\] models_path is") as refusal:
            services.find("videoplus.DoIt")
    finally:
        services.read_user_models_from(lambda: None)

    assert len(str(refusal.value)) < 600


def test_an_action_of_a_user_replaces_the_providers_of_the_same_name(tmp_path: Path) -> None:
    own = {"RemoveImageSubtitles": {"parameters": {"ImageURL": "file!", "Mode": "string"}}}
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"service": "imageenhan", "version": "2019-09-30", "actions": own}))
    try:
        services.read_user_models_from(lambda: str(path))
        changed = services.find("imageenhan.RemoveImageSubtitles")
        other = services.find("imageenhan.RemoveImageWatermark")
    finally:
        services.read_user_models_from(lambda: None)

    assert [each.name for each in changed.parameters] == ["ImageURL", "Mode"]
    assert other.source.startswith("alibabacloud-imageenhan20190930")
    assert len(services.find("imageenhan.RemoveImageSubtitles").parameters) == 5


@pytest.mark.parametrize("service", services.SERVICES)
def test_every_model_of_the_package_is_valid_and_names_its_source(service: str) -> None:
    own = [action for action in services.actions().values() if action.service.name == service]

    assert own
    assert all(action.source or action.generations for action in own)
