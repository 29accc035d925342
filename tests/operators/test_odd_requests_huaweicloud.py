"""Odd requests for Huawei Cloud: each is refused with parameter, value and what is allowed, and nothing is sent."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei import services
from airflow_provider_viapi.huawei.services.vias.settings import NumberAsText
from airflow_provider_viapi.operators import vias
from airflow_provider_viapi.operators.metastudio import (
    CreateAvatarVideoOperator,
    CreatePictureModelByUrlOperator,
    TransferAssetOperator,
)
from airflow_provider_viapi.sensors.huaweicloud import ViasTaskSensor
from operators.huawei_tasks import FILM, SPEAK, WATCH, Store, accepted, connect, in_haste
from run_task import run_task

LISTED = {"video_source_id": "1"}
BATCH: dict[str, Any] = {
    "name": "night",
    "service_name": "c-flowcount-edge",
    "service_version": "1.2",
    "output": {"event_center": True},
    "batch_input": {"video_source_group": [{"video_source_list": [LISTED]}]},
}
FLAT = {"polygons": {"gate": [[0, 0], [1, 1]]}}


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


def source(kind: Any, *data: Any) -> dict[str, Any]:
    return {"input": {"type": kind, "data": list(data)}}


def sources(*listed: Any) -> dict[str, Any]:
    return {"batch_input": {"video_source_group": [{"video_source_list": list(listed)}]}}


def settings(name: str, **common: Any) -> dict[str, Any]:
    return {"service_name": name, "config": {"common": common}}


def webhook(**fields: Any) -> dict[str, Any]:
    return {"output": {"webhook": {"url": "https://h/alarms", **fields}}}


TASKS: list[tuple[dict[str, Any], str]] = [
    ({"input": {"type": "url"}}, "data is not a list of mappings"),
    (source("url"), "data is empty"),
    (source("url", "rtsp://h/1"), "data is not a list of mappings"),
    (source("url", {"bucket": "b"}), "data lacks url"),
    (source("url", {"url": "C:\\a.mp4"}), "url of data is .*; allowed: an address such as rtmp://host/path"),
    (source("obs", {"path": "a.mp4"}), "data lacks bucket"),
    (source("edgecamera", {"id": ""}), "data lacks id"),
    (source("video-source", LISTED), "type is 'video-source'; did you mean video_source"),
    (source(7, LISTED), "type is 7"),
    ({"output": {}}, "none is given, so alarms would be lost"),
    ({"output": {"event_center": False, "dis": None}}, "none is given"),
    ({"output": {"webook": {"url": "https://h"}}}, "webook is not a destination; did you mean webhook"),
    (webhook(url="nonsense"), "the url of webhook must be an http:// or https:// address"),
    (webhook(headers={}), "headers of webhook must be a mapping with 1 to 10 entries"),
    (webhook(headers={"X": ["a"]}), "each header of webhook must be a string"),
    (webhook(data_category="result"), "data_category of webhook must be a list of strings"),
    ({"schedule": {}}, "schedule is an empty mapping.*type is missing"),
    ({"schedule": {"type": "weekly", "days_of_week": [8]}}, r"days_of_week is \[8\]"),
    ({"schedule": {"type": "weekly", "days_of_week": 1}}, "days_of_week is 1"),
    ({"schedule": {"type": "weekly", "days_of_week": "135"}}, "days_of_week is '135'"),
    ({"schedule": {"type": "daily"}}, "type is 'daily'"),
    ({"schedule": {"type": 5}}, "type is 5"),
    ({"schedule": {"type": "weekly", "timezone": "+99:99"}}, r"timezone is '\+99:99'"),
    (
        {"schedule": {"type": "weekly", "periods": [[{"begin_at": "24:59:59", "end_at": "24:00:00"}]]}},
        "periods has {'begin_at': '24:59:59'",
    ),
    ({"schedule": {"type": "weekly", "timezone": "Asia/Shanghai"}}, "timezone is 'Asia/Shanghai'"),
    ({"schedule": {"type": "weekly", "periods": [{"begin_at": "08:00:00"}]}}, "not a list of lists"),
    ({"schedule": {"type": "weekly", "periods": [[{"begin_at": "8", "end_at": "9"}]]}}, "periods has"),
    ({"service_name": "c-flowcount"}, "allowed: c-flowcount-cloud or c-flowcount-edge"),
    ({"service_name": "cali-water-ruler-river-edge"}, "calibration_info is missing; .* requires it"),
    ({"config": {"fire_detection_sw": True}}, "it has fire_detection_sw outside of common"),
    ({"config": {"common": "{}"}}, "common is of type str .*render_template_as_native_obj"),
    (settings("c-flowcount-edge", target_roi=FLAT), "polygon 'gate' has 2 points; allowed: 3 to 1000"),
    (settings("c-flowcount-edge", target_roi={"polygons": {}}), "there is no polygon and no line"),
    (settings("c-flowcount-edge", target_roi={"lines": [[0, 0], [1, 1]]}), "lines is of type list"),
    (settings("c-flowcount-edge", target_roi={"lines": {"a": [[0, 0], [1]]}}), r"has the point \[1\]"),
    (settings("c-flowcount-edge", target_roi=str(FLAT)), "not a JSON object .*render_template_as_native_obj"),
]


@pytest.mark.parametrize(("changed", "named"), TASKS)
def test_an_odd_task_is_refused_by_its_operator_and_by_the_hook(
    emulator: EmulatorServer, changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        vias.CreateViasTaskOperator(task_id="watch", **{**WATCH, **changed})
    with pytest.raises(InvalidRequest, match=named):
        HuaweiCloudHook().call("vias.CreateTask", {**WATCH, **changed})

    assert emulator.calls() == {}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"batch_input": {}}, "batch_input is an empty mapping.*video_source_group is missing"),
        ({"batch_input": {"video_source_group": []}}, "video_source_group is empty"),
        ({"batch_input": {"video_source_group": {"a": 1}}}, "video_source_group is not a list of mappings"),
        ({"batch_input": {"video_source_group": [{}]}}, "video_source_list of group 1 is not a list"),
        (sources(), "video_source_list of group 1 is empty"),
        (sources("1"), "video_source_list of group 1 is not a list of mappings"),
        (sources({"id": "1"}), "video_source_list of group 1 lacks video_source_id"),
        (
            sources(LISTED, {"video_source_id": 1}),
            "the source 1 is listed twice, and would be .* billed twice",
        ),
        (sources({**LISTED, "target_roi": FLAT}), "as target_roi of 1, .*polygon 'gate' has 2 points"),
    ],
)
def test_an_odd_batch_task_is_refused_by_its_operator_and_by_the_hook(
    emulator: EmulatorServer, changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        vias.CreateBatchTaskOperator(task_id="batch", **{**BATCH, **changed})
    with pytest.raises(InvalidRequest, match=named):
        HuaweiCloudHook().call("vias.CreateBatchTask", {**BATCH, **changed})

    assert emulator.calls() == {}


def test_a_batch_task_of_a_thousand_sources_without_one_that_exists_says_so(emulator: EmulatorServer) -> None:
    many = sources(*({"video_source_id": f"s{number}"} for number in range(1001)))

    with pytest.raises(AirflowFailException, match=r"1001 of 1001 tasks .* and 981 more") as caught:
        run_task(vias.CreateBatchTaskOperator(task_id="batch", **{**BATCH, **many}), Store())

    assert "The others" not in str(caught.value)


@pytest.mark.parametrize("odd", ["None", "..", ".", "../../tasks", "a/b"])
def test_an_odd_id_never_becomes_the_address_of_another_action(emulator: EmulatorServer, odd: str) -> None:
    tasks = (
        vias.DeleteViasTaskOperator,
        vias.QueryViasTaskOperator,
        vias.StopViasTaskOperator,
        ViasTaskSensor,
    )
    for kind in tasks:
        with DAG("dag", schedule=None):
            task = kind(task_id="task", vias_task_id="{{ id }}")
        task.render_template_fields({"id": odd})  # type: ignore[arg-type]

        with pytest.raises(
            AirflowFailException, match=r"(task|job)_id is .*; allowed: (an id, without|a value)"
        ):
            run_task(task, Store())

    assert emulator.calls() == {}


def test_a_setting_that_seems_misspelled_is_sent_and_logged(
    emulator: EmulatorServer, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"common": {"smoke_detecton_sw": 1, "a_new_one": 2}}

    run_task(vias.CreateViasTaskOperator(task_id="watch", **WATCH, config=config), Store())

    assert emulator.jobs()[0]["request"]["config"] == config
    assert "config.common.smoke_detecton_sw of c-smoke-and-fire-edge is not known" in caplog.text
    assert "did you mean smoke_detection_sw?" in caplog.text
    assert "a_new_one" not in caplog.text


def test_a_literal_version_stays_text_where_templates_render_natively(emulator: EmulatorServer) -> None:
    with DAG("dag", schedule=None, render_template_as_native_obj=True):
        task = vias.CreateViasTaskOperator(
            task_id="watch", **{**WATCH, "name": "{{ name }}", "service_version": "1.10"}
        )
    task.render_template_fields({"name": "007"})  # type: ignore[arg-type]

    run_task(task, Store())

    request = emulator.jobs()[0]["request"]
    assert (request["name"], request["service_version"]) == ("007", "1.10")


def test_a_version_of_none_is_looked_up_as_if_it_was_left_out(emulator: EmulatorServer) -> None:
    run_task(vias.CreateViasTaskOperator(task_id="watch", **{**WATCH, "service_version": None}), Store())

    assert emulator.jobs()[0]["request"]["service_version"] == "1.2"


def test_the_similar_algorithm_of_the_account_is_named(emulator: EmulatorServer) -> None:
    batch = {**BATCH, "service_name": "c-flowcuont-edge", "service_version": None}

    with pytest.raises(AirflowFailException, match=r"CreateBatchTask: .*did you mean c-flowcount-edge\?"):
        run_task(vias.CreateBatchTaskOperator(task_id="batch", **batch), Store())

    assert accepted(emulator, "CreateBatchTask") == 0


def test_no_message_shows_the_password_of_a_camera() -> None:
    with pytest.raises(InvalidRequest, match="type_config is of type dict") as caught:
        vias.CreateVideoSourceOperator(
            task_id="source",
            video_source_name="gate",
            access_type="edge",
            type="rtsp",
            type_config={"password": "s3cr3t"},  # type: ignore[arg-type]
        )

    assert "s3cr3t" not in str(caught.value)


def test_a_picture_without_an_address_and_a_transfer_of_nothing_are_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"picture_url is 'a\.png'; allowed: an http:// or https://"):
        CreatePictureModelByUrlOperator(task_id="mei", picture_url="a.png", style_id="s", name="Mei")
    with pytest.raises(InvalidRequest, match=r"asset_ids is 0 items; allowed: a list .* at least one"):
        TransferAssetOperator(task_id="give", asset_ids=[], dest_project_id="p")


def test_the_word_none_is_no_id() -> None:
    with pytest.raises(InvalidRequest, match="asset_id is 'None'; allowed: an id"):
        services.find("metastudio.DeleteAsset").check({"asset_id": "None"})
    with pytest.raises(InvalidRequest, match="data lacks video_source_id"):
        vias.CreateViasTaskOperator(
            task_id="t", **{**WATCH, **source("video_source", {"video_source_id": "None"})}
        )


VIDEO_SIZE = {"width": 320, "height": 180, "bitrate": 500}
FILMS: list[tuple[dict[str, Any], str]] = [
    ({"callback_config": {"callback_url": ["x"]}}, r"callback_url is .*; allowed: an http:// or https://"),
    ({"callback_config": {"callback_url": "not a url"}}, "callback_url is 'not a url'; allowed: an http"),
    ({"video_config": {**VIDEO_SIZE, "width": True}}, "width is True; allowed: a whole number"),
    ({"video_config": {**VIDEO_SIZE, "height": ""}}, "height is ''; allowed: a whole number"),
    ({"video_config": {**VIDEO_SIZE, "bitrate": []}}, r"bitrate is \[\]; allowed: a whole number"),
    (
        {"video_config": {**VIDEO_SIZE, "output_external_url": "x"}},
        "output_external_url is 'x'; allowed: an http",
    ),
    ({"video_config": {**VIDEO_SIZE, "dx": float("nan")}}, "values of JSON types only; dx is nan"),
    (
        {"shoot_scripts": [{}, {"shoot_script": {"texts": [0, {1}]}}]},
        r"shoot_script\.texts\[1\] is {1}.*item 2",
    ),
    ({"shoot_scripts": [{}, "x"]}, "a list of mappings.*item 2"),
    ({"voice_config": {"voice_asset_id": " "}}, "voice_asset_id is ' '; allowed: a string"),
    ({"output_asset_config": {"asset_name": {}}}, "asset_name is {}; allowed: a string"),
]


@pytest.mark.parametrize(("changed", "named"), FILMS)
def test_fields_of_a_mapping_have_their_types(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidRequest, match=named):
        CreateAvatarVideoOperator(task_id="film", **{**FILM, **changed})


@pytest.mark.parametrize(
    ("action", "request_"),
    [
        ("StartSmartLive", {"room_id": "r", "output_urls": ["not a url"]}),
        ("StartSmartLive", {"room_id": "r", "interaction_callback_url": "not a url"}),
        (
            "StartSmartLive",
            {"room_id": "r", "live_event_callback_config": {"live_event_type_callback_url": "not a url"}},
        ),
        ("CreateAsyncTtsJob", {**SPEAK, "output_external_url": "not a url"}),
        ("CreateAsyncTtsJob", {**SPEAK, "srt_output_external_url": "not a url"}),
        ("CreateAsyncTtsJob", {**SPEAK, "action_output_external_url": "not a url"}),
        (
            "CreatePictureModelingByUrlJob",
            {"picture_url": "https://h/a.png", "style_id": "s", "name": "n", "notify_url": "not a url"},
        ),
    ],
)
def test_what_receives_something_is_an_address(action: str, request_: dict[str, Any]) -> None:
    *_, name = request_

    with pytest.raises(InvalidRequest, match=f"{name} is .*; allowed: .*an(?: http:// or https://)? address"):
        services.find(f"metastudio.{action}").check(request_)


def test_the_address_of_a_receiver_may_be_empty_unless_it_is_required() -> None:
    model = {"picture_url": "https://h/a.png", "style_id": "s", "name": "n", "notify_url": ""}
    film = {"video_config": {**VIDEO_SIZE, "output_external_url": ""}}

    assert services.find("metastudio.CreatePictureModelingByUrlJob").check(model) == model
    assert (
        CreateAvatarVideoOperator(task_id="film", **{**FILM, **film}).request["video_config"]
        == film["video_config"]
    )
    with pytest.raises(InvalidRequest, match="callback_url is ''; allowed: an http"):
        CreateAvatarVideoOperator(task_id="film", **{**FILM, "callback_config": {"callback_url": ""}})


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://hooks.test/services/SECRET ", "'https://hooks.test/…'"),
        ("hooks.test/services/SECRET", "'hooks.test/…'"),
        ("https://u:SECRET@h.test:99999?k=SECRET", "'https://h.test:99999/…'"),
        ("https://u:SECRET/SECRET@h.test ", "'https:///…'"),
        ("https://h.test/?next=https://SECRET.test ", "'https://h.test/…'"),
        (["https://h.test/SECRET"], "list"),
    ],
)
def test_of_an_address_that_receives_something_a_message_shows_the_host_alone(
    address: Any, shown: str
) -> None:
    config = {"callback_config": {"callback_url": address}}

    with pytest.raises(
        InvalidRequest, match=f"callback_url is .*{re.escape(shown)}.*allowed: an http"
    ) as caught:
        CreateAvatarVideoOperator(task_id="film", **{**FILM, **config})

    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://u:SECRET@10.0.0.1:554/s t",
        "rtsp://u:a#SECRET?c@h/s t",
        "rtsp://h/live/SECRET 1",
        "10.0.0.1/SECRET",
    ],
)
def test_nor_does_one_show_the_name_of_a_stream(address: str) -> None:
    with pytest.raises(
        InvalidRequest, match=r"url of data is .*; allowed: an address such as rtmp://"
    ) as caught:
        vias.CreateViasTaskOperator(task_id="t", **{**WATCH, **source("url", {"url": address})})

    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["rtmp://h/live/key?a=1", "rtmps://u:p#w@h/live", "srt://h:9000?streamid=a"]
)
def test_a_stream_may_have_any_scheme(address: str) -> None:
    request = {"room_id": "r", "output_urls": [address]}

    assert services.find("metastudio.StartSmartLive").check(request) == request
    input_ = source("url", {"url": address})["input"]
    assert vias.CreateViasTaskOperator(task_id="t", **{**WATCH, "input": input_}).request["input"] == input_


def test_texts_of_digits_in_a_mapping_become_the_numbers_that_they_are() -> None:
    film = CreateAvatarVideoOperator(
        task_id="film", **{**FILM, "video_config": {**VIDEO_SIZE, "width": "320"}}
    )

    assert film.request["video_config"] == VIDEO_SIZE


@pytest.mark.parametrize(
    ("item", "named"),
    [
        ("", "item 2 is blank"),
        (None, "item 2 is of type NoneType"),
        ("secret\0", "NUL; item 2 is not"),
    ],
)
def test_the_item_of_a_list_that_is_wrong_is_named_and_not_shown(item: Any, named: str) -> None:
    with pytest.raises(InvalidRequest, match=named) as caught:
        services.find("metastudio.StartSmartLive").check({"room_id": "r", "stream_keys": ["a", item]})

    assert "secret" not in str(caught.value)


def test_numbers_that_are_sent_as_text_have_no_spaces_around_them() -> None:
    task = vias.CreateViasTaskOperator(
        task_id="t", **{**WATCH, **settings("c-crowdcount-edge", alarm_threshold=" 5\n", banner_threshold=7)}
    )
    camera = vias.CreateVideoSourceOperator(
        task_id="t",
        video_source_name="gate",
        access_type="cloud",
        type="t",
        type_config="<a/>",
        latitude=" 5.10\n",
        longitude=-7.5,
    )
    latitude = NumberAsText(name="latitude")

    assert task.request["config"]["common"] == {"alarm_threshold": "5", "banner_threshold": "7"}
    assert (camera.request["latitude"], camera.request["longitude"]) == ("5.10", "-7.5")
    assert [latitude.check(each) for each in (np.float32(30.1), Decimal("30.0"))] == ["30.1", "30.0"]
