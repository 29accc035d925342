"""The service model against Alibaba's API metadata of late 2025: names, types, ranges, what is required or a job.

``metadata.json`` holds the metadata's facts; ``scripts/make_conformance_facts.py`` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.model import Action, ResultField
from airflow_provider_viapi.alibaba.parameters import (
    INT32,
    Choice,
    Integer,
    ListOf,
    Number,
    Parameter,
    String,
)
from airflow_provider_viapi.alibaba.services import actions
from conformance.parameter_types import type_of

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("metadata.json").read_text())
SERVICES = {name.partition(".")[0] for name in FACTS}

SAME_NAME = "the name of the database that CreateImageDb made"
SAME_ENTITY = "the id that AddImage was given"

DIFFERENT: Mapping[tuple[str, str, str], str] = {
    ("videoenhan.SuperResolveVideo", "BitRate", "stated range"): "the seed accepts up to 100 as well",
    ("videoenhan.SuperResolveVideo", "BitRate", "default"): "only the text has it: 10",
    ("videoenhan.AdjustVideoColor", "VideoBitrate", "default"): "only the text has it: 20",
    ("videoenhan.AdjustVideoColor", "VideoCodec", "default"): "only the text has it: h264",
    ("videoenhan.AdjustVideoColor", "VideoFormat", "default"): "only the text has it: mp4",
    ("videoenhan.AdjustVideoColor", "Mode", "default"): "only the text has it: LogC",
    ("videoenhan.AdjustVideoColor", "Mode", "choices"): "Rec709 is in a table beside the parameter",
    ("videoenhan.EraseVideoSubtitles", "BX", "default"): "only the text has it: 0",
    ("videoenhan.EraseVideoSubtitles", "BY", "default"): "only the text has it: 0.75",
    ("videoenhan.EraseVideoSubtitles", "BW", "default"): "only the text has it: 1",
    ("videoenhan.EraseVideoSubtitles", "BH", "default"): "only the text has it: 0.25",
    ("videoenhan.EnhanceVideoQuality", "FrameRate", "default"): "only the text has it: 50",
    ("videoenhan.EnhanceVideoQuality", "Bitrate", "default"): "only the text has it: 20",
    ("videoenhan.InterpolateVideoFrame", "FrameRate", "default"): "only the text has it: 50",
    ("videoenhan.InterpolateVideoFrame", "Bitrate", "default"): "only the text has it: 20",
    ("videoenhan.AddFaceVideoTemplate", "VideoScene", "default"): "only the text has it: single",
    ("videoenhan.GenerateVideo", "Scene", "default"): "only the text has it: costume",
    ("videoenhan.GenerateVideo", "Style", "default"): "only the text has it: normal",
    ("videoenhan.GenerateVideo", "Duration", "default"): "only the text has it: 20",
    ("videoenhan.GenerateVideo", "SmartEffect", "default"): "only the text has it: true",
    ("videoenhan.GenerateVideo", "PuzzleEffect", "default"): "only the text has it: false",
    ("videoenhan.GenerateVideo", "Mute", "default"): "only the text has it: false",
    ("videoenhan.GenerateVideo", "Duration", "range"): "its text says 5 at least and 60 at most",
    (
        "videoenhan.GenerateVideo",
        "FileList",
        "most",
    ): "its text says 5 videos, 40 images and 1 audio: 46, not 300",
    ("imgsearch.SearchImage", "Limit", "minimum"): "none are asked for with 0; text and seed begin at 1",
    ("imgsearch.SearchImage", "Limit", "stated range"): "1 to 1000 in the seed and in the metadata's schema",
    ("imgsearch.SearchImage", "DbName", "range"): SAME_NAME,
    ("imgsearch.ListImages", "DbName", "range"): SAME_NAME,
    ("imgsearch.DeleteImage", "DbName", "range"): SAME_NAME,
    ("imgsearch.DeleteImageDb", "Name", "range"): SAME_NAME,
    ("imgsearch.DeleteImage", "EntityId", "range"): SAME_ENTITY,
    ("imgsearch.ListImages", "EntityIdPrefix", "range"): "how such an id begins, so it is no longer than one",
    ("imgsearch.ListImages", "Limit", "range"): "a page without records would never end",
    ("imgsearch.ListImages", "Offset", "range"): "there is nothing before the first record",
    ("viapi.QueryAsyncJobList", "PageNum", "type"): "a page's number, sent as text like everything",
    ("viapi.QueryAsyncJobList", "PageNum", "range"): "there is no page before the first",
    ("viapi.QueryAsyncJobList", "PageSize", "type"): "a count, sent as text like everything",
    ("viapi.QueryAsyncJobList", "PageSize", "range"): "its text says 500 at most",
}
"""Action, parameter and what of it is another than in the metadata: why."""


def bounds(parameter: Parameter) -> tuple[float | None, float | None]:
    if isinstance(parameter, String) and parameter.max_length is not None:
        return parameter.min_length, parameter.max_length
    if isinstance(parameter, Integer):
        return parameter.minimum, None if parameter.maximum == INT32 else parameter.maximum
    if isinstance(parameter, Number):
        return parameter.minimum, parameter.maximum
    return None, None


def differences(parameters: Iterable[Parameter], facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and kind of everything in which parameters differ from the facts about them."""
    ours = {parameter.name: parameter for parameter in parameters}
    yield from ((name, "missing in the model") for name in facts.keys() - ours.keys())
    yield from ((name, "unknown to the metadata") for name in ours.keys() - facts.keys())
    for name in ours.keys() & facts.keys():
        parameter, said = ours[name], facts[name]
        yield from ((name, what) for what in different(parameter, said))
        if isinstance(parameter, ListOf):
            for field, what in differences(parameter.fields, said.get("items", {})):
                yield f"{name}.{field}", what


def different(parameter: Parameter, said: Mapping[str, Any]) -> Iterator[str]:
    if said["type"] != type_of(parameter):
        yield "type"
    if parameter.required != said["required"]:
        yield "required"
    if parameter.default != default_of(said):
        yield "default"
    if isinstance(parameter, ListOf) and parameter.max_items != said.get("maxItems"):
        yield "most"
    if isinstance(parameter, Choice) and not set(parameter.choices) <= set(said["words"]):
        yield "choices"
    least, most = bounds(parameter)
    schema, stated = (said.get("minimum"), said.get("maximum")), said.get("stated_range")
    if (least, most) != (None, None) and schema == (None, None) and stated is None:
        yield "range"
    yield from (
        what
        for what, our, their in zip(("minimum", "maximum"), (least, most), schema, strict=True)
        if their is not None and our != their
    )
    if stated is not None and [least, most] != stated:
        yield "stated range"


def default_of(said: Mapping[str, Any]) -> Any:
    text = said.get("default")
    if text is None or said["type"] == "string":
        return text
    return json.loads(text)


def names(result: Iterable[ResultField]) -> dict[str, Any]:
    return {field.name: names(field.fields) for field in result}


def path_variables(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: path_variables(each.get("items", {})) for name, each in facts.items()}


def of_today() -> list[Action]:
    return [action for name, action in actions().items() if name in FACTS]


def test_the_model_has_every_action_of_the_metadata_and_says_of_no_other_that_it_is_todays() -> None:
    ours = {name for name, each in actions().items() if name.partition(".")[0] in SERVICES}

    assert ours >= FACTS.keys()
    assert {name for name in ours if "2025" in actions()[name].generations} == FACTS.keys()


def test_an_action_that_todays_service_may_not_have_says_so() -> None:
    for action in (each for each in actions().values() if each.generations):
        assert bool(action.retired) is ("2025" not in action.generations), action.full_name


@pytest.mark.parametrize("action", of_today(), ids=lambda action: action.full_name)
def test_parameters_are_those_of_the_metadata_but_for_differences_with_a_reason(action: Action) -> None:
    found = set(differences(action.parameters, FACTS[action.full_name]["parameters"]))

    assert found == {(name, what) for full_name, name, what in DIFFERENT if full_name == action.full_name}


@pytest.mark.parametrize("action", of_today(), ids=lambda action: action.full_name)
def test_results_have_the_fields_of_the_metadata(action: Action) -> None:
    assert names(action.result) == path_variables(FACTS[action.full_name]["result"])


@pytest.mark.parametrize("action", of_today(), ids=lambda action: action.full_name)
def test_version_place_of_the_parameters_and_kind_of_answer_are_those_of_the_metadata(action: Action) -> None:
    facts = FACTS[action.full_name]
    places = {parameter["in"] for parameter in facts["parameters"].values()}

    assert action.service.version == facts["version"]
    assert action.is_job is facts["asynchronous"]
    assert places <= {"query" if action.in_query else "formData"}


def test_no_difference_is_listed_for_an_action_that_is_not_there() -> None:
    assert {name for name, _, _ in DIFFERENT} <= {action.full_name for action in of_today()}
