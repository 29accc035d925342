"""The actions of the model: what they take and refuse, for all of them and for those that the API changed."""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings, strategies as st

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import (
    Boolean,
    Choice,
    Integer,
    ListOf,
    Number,
    Parameter,
    String,
    Structure,
    Url,
    ValueList,
)
from airflow_provider_viapi.alibaba.rpc import flatten
from airflow_provider_viapi.alibaba.services import imgsearch, videoenhan
from airflow_provider_viapi.alibaba.services.imagesearch.images import Threshold
from airflow_provider_viapi.alibaba.services.imagesearch.service import Filter, Region
from airflow_provider_viapi.alibaba.signing import canonical_query
from airflow_provider_viapi.emulator.gateway import unflatten
from airflow_provider_viapi.errors import InvalidRequest

ACTIONS = list(services.actions().values())
DESCRIBED = list(services.hand_written().values())
OF_THE_SDKS = [action for action in ACTIONS if action not in DESCRIBED and action.parameters]
"""Actions whose models are data; their parameters are of few kinds, so that they share the examples."""
VIDEO = "http://h/a.mp4"
WORDS = st.lists(
    st.sampled_from([*"abcdefghijklmnopqrstuvwxyz0123456789", "%2B"]), min_size=1, max_size=60
).map("".join)


def allowed(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Values of a parameter's own type that it takes."""
    match parameter:
        case Url():
            return st.builds("{}://{}/{}".format, st.sampled_from(["http", "HTTPS"]), WORDS, WORDS)
        case Filter():
            return st.sampled_from(["int_attr >= 5", 'str_attr != "a" OR int_attr2=1', "strAttr = 'b'"])
        case Region():
            return st.sampled_from(["0,1,0,1", "20,200,40,240"])
        case Threshold():
            return st.integers(0, 100).map(lambda hundredths: hundredths / 100)
        case String(pattern=str(pattern)):
            return st.from_regex(pattern, fullmatch=True).filter(
                lambda text: (
                    "\0" not in text
                    and parameter.min_length <= len(text.strip())
                    and len(text) <= (parameter.max_length or len(text))
                )
            )
        case String():
            texts = st.text(
                st.characters(codec="utf-8", exclude_characters="\0"),
                min_size=parameter.min_length,
                max_size=parameter.max_length,
            )
            return texts.filter(lambda text: len(text.strip()) >= parameter.min_length)
        case Choice():
            return st.sampled_from(parameter.choices)
        case Integer():
            return st.integers(parameter.minimum, parameter.maximum)
        case Number():
            most = None if math.isinf(parameter.maximum) else parameter.maximum
            return st.floats(
                None if math.isinf(parameter.minimum) else parameter.minimum,
                most,
                exclude_min=parameter.exclusive_minimum,
                allow_infinity=False,
                allow_nan=False,
            )
        case Boolean():
            return st.booleans()
        case ListOf():
            items = request_of(parameter.fields).filter(bool)
            items = items.map(fitting_suffix) if parameter.item_rule else items
            return st.lists(items, min_size=parameter.min_items or 1, max_size=3).filter(
                lambda chosen: all(
                    sum(item.get(limit.field) == limit.value for item in chosen) <= limit.count
                    for limit in parameter.most_with
                )
            )
        case Structure():
            return request_of(parameter.fields).filter(bool)
        case ValueList():
            return st.lists(allowed(parameter.item), min_size=parameter.min_items or 1, max_size=3)
    raise NotImplementedError(type(parameter))


def fitting_suffix(item: dict[str, str]) -> dict[str, str]:
    suffix = {"video": "mp4", "image": "jpg", "audio": "mp3"}[item["Type"]]
    return item | {"FileName": f"{item['FileName'].replace('.', '_')}.{suffix}"}


def one_of_its_kind(action: Action, data: st.DataObject) -> Action:
    """Return any action of the SDKs in place of the first of them, and others unchanged."""
    return data.draw(st.sampled_from(OF_THE_SDKS)) if action is OF_THE_SDKS[0] else action


NOT_TEXT = st.sampled_from([0.5, True, ["a"], {"a": 1}, "\ud800", "a\0"])


def refused(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Values that a parameter does not take: just beyond its bounds, or of another kind."""
    match parameter:
        case Url():
            return st.sampled_from(["ftp://h/a", "http://h/视频.mp4", "http://h/a b", "a.mp4", 5])
        case String(max_length=int(max_length)):
            bad = [st.text("a", min_size=max_length + 1, max_size=max_length + 9), NOT_TEXT]
            bad += [st.text("a", max_size=parameter.min_length - 1)] if parameter.min_length > 1 else []
            if pattern := parameter.pattern:
                strange = st.text("A-Ä $", min_size=2, max_size=max_length)
                bad += [strange.filter(lambda text: not re.fullmatch(pattern, text))]
            return st.one_of(bad)
        case String():
            return NOT_TEXT
        case Choice():
            return st.text(min_size=1).filter(lambda word: word not in parameter.choices)
        case Integer():
            below, above = st.integers(max_value=parameter.minimum - 1), st.integers(parameter.maximum + 1)
            return st.one_of(below, above)
        case Number():
            beyond = st.sampled_from([math.nan, math.inf, -math.inf, parameter.maximum + 1])
            if math.isinf(parameter.minimum):
                return beyond
            too_little = st.floats(max_value=parameter.minimum, exclude_max=not parameter.exclusive_minimum)
            return st.one_of(too_little, beyond)
        case Boolean():
            return st.sampled_from(["yes", 1, 0, "0"])
        case ListOf():
            return st.sampled_from([[{}], [{"Colour": "red"}], ["a"], {"X": 1}, "a"])
        case Structure():
            return st.sampled_from([{}, {"Colour": "red"}, ["a"], "a", 5])
        case ValueList():
            return st.sampled_from([[{}], [["a"]], {"X": 1}, "a", 5])
    raise NotImplementedError(type(parameter))


def request_of(parameters: tuple[Parameter, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Requests with all required parameters and some of the others."""
    return st.fixed_dictionaries(
        {each.name: allowed(each) for each in parameters if each.required},
        optional={each.name: allowed(each) for each in parameters if not each.required},
    )


@pytest.mark.parametrize("action", [*DESCRIBED, *OF_THE_SDKS[:1]], ids=lambda action: action.full_name)
@given(data=st.data())
@settings(max_examples=40)
def test_a_request_within_the_model_is_taken_and_survives_the_way_to_the_service(
    action: Action, data: st.DataObject
) -> None:
    action = one_of_its_kind(action, data)
    request = data.draw(request_of(action.parameters))
    for name in (name for rule in action.needed for name in rule.names if name not in request):
        request[name] = data.draw(allowed(next(each for each in action.parameters if each.name == name)))

    checked = action.check(request)
    body = canonical_query(flatten(action.with_json(checked)))
    arrived = unflatten(dict(parse_qsl(body, keep_blank_values=True)), action.parameters)

    assert checked == request
    assert action.check(arrived) == request


@pytest.mark.parametrize(
    "action",
    [*(each for each in DESCRIBED if each.parameters), *OF_THE_SDKS[:1]],
    ids=lambda action: action.full_name,
)
@given(data=st.data())
@settings(max_examples=40)
def test_a_request_with_one_value_that_is_not_allowed_is_refused_and_the_parameter_named(
    action: Action, data: st.DataObject
) -> None:
    action = one_of_its_kind(action, data)
    request = data.draw(request_of(action.parameters))
    parameter = data.draw(st.sampled_from(action.parameters))
    request[parameter.name] = data.draw(refused(parameter))

    with pytest.raises(InvalidRequest) as refusal:
        action.check(request)

    assert refusal.value.message.startswith(f"{parameter.name} is ")
    assert refusal.value.action == action.name


@pytest.mark.parametrize(
    ("action", "missing"),
    [(action, each) for action in DESCRIBED for each in action.parameters if each.required],
    ids=lambda value: getattr(value, "full_name", None) or value.name,
)
@given(data=st.data())
@settings(max_examples=5)
def test_a_request_without_what_is_required_is_refused_and_the_parameter_named(
    action: Action, missing: Parameter, data: st.DataObject
) -> None:
    request = data.draw(request_of(action.parameters))
    del request[missing.name]

    with pytest.raises(InvalidRequest, match=f"{missing.name} is missing") as refusal:
        action.check(request)

    assert refusal.value.code == "MissingParameter"


@pytest.mark.parametrize("action", DESCRIBED, ids=lambda action: action.full_name)
def test_every_parameter_says_what_it_is_and_what_it_takes(action: Action) -> None:
    assert action.summary.endswith(".")
    for parameter in action.parameters:
        assert parameter.doc.endswith(".")
        assert parameter.allowed
        if parameter.default is not None:
            assert parameter.check(parameter.default) == parameter.default


@pytest.mark.parametrize(
    ("given_value", "sent"), [("15000k", "15"), (15, "15"), ("15", "15"), ("8000k", "8"), ("200000k", "200")]
)
def test_a_bit_rate_may_be_written_as_in_2020_and_as_today(given_value: Any, sent: str) -> None:
    request = videoenhan.ADJUST_VIDEO_COLOR.check({"VideoUrl": VIDEO, "VideoBitrate": given_value})

    assert flatten(request)["VideoBitrate"] == sent


@pytest.mark.parametrize(
    "refused_value", ["7000k", "201000k", "15500k", "15000K", "k", "15M", 7, 201, "0.000k"]
)
def test_a_bit_rate_beyond_its_range_or_between_its_steps_is_refused(refused_value: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"VideoBitrate is .*8000k to 200000k"):
        videoenhan.ADJUST_VIDEO_COLOR.check({"VideoUrl": VIDEO, "VideoBitrate": refused_value})


def test_what_only_the_documents_of_2020_allow_or_only_todays_is_taken() -> None:
    videoenhan.ADJUST_VIDEO_COLOR.check({"VideoUrl": VIDEO})
    videoenhan.SUPER_RESOLVE_VIDEO.check({"VideoUrl": VIDEO, "BitRate": 100})
    videoenhan.GENERATE_VIDEO.check({"FileList": files(1, "image"), "Scene": "keeporder"})
    imgsearch.SEARCH_IMAGE.check({"DbName": "default", "ImageUrl": VIDEO, "Limit": 1000})
    imgsearch.ADD_IMAGE.check({"DbName": "default", "EntityId": "001", "ImageUrl": VIDEO})


def files(count: int, kind: str) -> list[dict[str, str]]:
    suffix = {"video": "mp4", "image": "jpg", "audio": "mp3"}[kind]
    names = [f"{number}.{suffix}" for number in range(count)]
    return [{"FileName": name, "FileUrl": f"http://h/{name}", "Type": kind} for name in names]


def test_material_up_to_its_limits_is_taken() -> None:
    material = files(5, "video") + files(40, "image") + files(1, "audio")

    assert videoenhan.GENERATE_VIDEO.check({"FileList": material}) == {"FileList": material}


@pytest.mark.parametrize(("count", "kind", "most"), [(6, "video", 5), (41, "image", 40), (2, "audio", 1)])
def test_material_beyond_its_limits_is_refused_with_the_limit(count: int, kind: str, most: int) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        videoenhan.GENERATE_VIDEO.check({"FileList": files(3, "image") + files(count, kind)})

    held = count + 3 if kind == "image" else count
    assert f"at most {most} with Type {kind}" in refusal.value.message
    assert refusal.value.message.endswith(f"{held} items have Type {kind}")


def test_no_material_at_all_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="FileList is 0 items; allowed: at least 1"):
        videoenhan.GENERATE_VIDEO.check({"FileList": []})


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"FileName": "a", "FileUrl": VIDEO}, "Type in every item; it is missing in item 2"),
        ({"FileName": "a", "FileUrl": VIDEO, "Type": "text"}, "item 2 has 'text'"),
        (
            {"FileName": "a", "FileUrl": "ftp://h/a?Signature=secret", "Type": "image"},
            "item 2 has 'ftp://h/a'",
        ),
        ({"FileName": "", "FileUrl": VIDEO, "Type": "image"}, "item 2 has ''"),
        (
            {"FileName": "a", "FileUrl": VIDEO, "Type": "image", "Size": 1},
            "item 2 has Size, which is not one of these fields",
        ),
    ],
)
def test_an_error_names_the_invalid_item_of_the_material_and_the_reason(
    item: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest, match="FileList is 2 items") as refusal:
        videoenhan.GENERATE_VIDEO.check({"FileList": [*files(1, "image"), item]})

    assert said in refusal.value.message
    assert "secret" not in refusal.value.message


@pytest.mark.parametrize(
    "action", [each for each in ACTIONS if each.retired], ids=lambda action: action.full_name
)
@pytest.mark.parametrize(
    "code", ["InvalidAction.NotFound", "UnsupportedOperation", "InvalidApi.OutOfService"]
)
def test_that_a_service_does_not_know_a_retired_action_has_a_reason(action: Action, code: str) -> None:
    assert action.unserved_because(code) == action.retired
    assert action.unserved_because("Throttling.User") is None
    assert action.unserved_because(None) is None


def test_for_an_action_of_today_there_is_no_such_reason() -> None:
    assert videoenhan.CHANGE_VIDEO_SIZE.unserved_because("InvalidAction.NotFound") is None


SEED = {
    "videoenhan": "AbstractEcommerceVideo AbstractFilmVideo EraseVideoSubtitles EraseVideoLogo ChangeVideoSize "
    "SuperResolveVideo AdjustVideoColor GenerateVideo GetAsyncJobResult",
    "imgsearch": "CreateImageDb ListImageDbs AddImage ListImages SearchImage DeleteImageDb DeleteImage",
    "videorecog": "DetectVideoShot GenerateVideoCover GetAsyncJobResult",
    "videoseg": "SegmentVideoBody GetAsyncJobResult",
    "ocr": "TrimDocument GetAsyncJobResult",
}
"""The actions that the documents of 2020 and 2021 describe or, of the last three services, name."""


def test_every_action_of_the_documents_of_2020_is_in_the_model_and_marked_as_theirs() -> None:
    theirs = {action.full_name for action in ACTIONS if "2020" in action.generations}
    named = {f"{service}.{name}" for service, names in SEED.items() for name in names.split()}

    assert named <= services.actions().keys()
    assert theirs == {name for name in named if name in services.hand_written()}


def test_an_action_is_found_by_its_name() -> None:
    assert services.find("GenerateVideo") is videoenhan.GENERATE_VIDEO
    assert services.find("ocr.TrimDocument").full_name == "ocr.TrimDocument"
    assert services.find(videoenhan.GENERATE_VIDEO) is videoenhan.GENERATE_VIDEO
    with pytest.raises(InvalidRequest, match=r"ocr\.GetAsyncJobResult.*videoseg\.GetAsyncJobResult"):
        services.find("GetAsyncJobResult")


@pytest.mark.parametrize(
    "action", [each for each in ACTIONS if each.is_job], ids=lambda action: action.full_name
)
def test_every_service_reports_its_jobs_in_its_own_version(action: Action) -> None:
    asked = services.find(f"{action.service.name}.GetAsyncJobResult")

    assert asked.service == action.service
