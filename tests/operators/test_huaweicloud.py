"""Checks of the arguments of all of Huawei Cloud's operators, before any of them is sent."""

from __future__ import annotations

import importlib
import inspect
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.get_provider_info import get_provider_info
from airflow_provider_viapi.huawei.services import vias
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator, HuaweiCloudOperator
from airflow_provider_viapi.operators.metastudio import (
    CreateAvatarVideoOperator,
    CreateBusinessCardOperator,
    CreateSpeechOperator,
    CreateSubtitlesOperator,
    StartLiveOperator,
    UploadAssetOperator,
)
from airflow_provider_viapi.operators.vias import (
    CreateViasTaskOperator,
    ListViasTasksOperator,
    StartViasTaskOperator,
    StopViasTaskOperator,
)
from operators.huawei_tasks import FILM, SPEAK, WATCH, Store, connect
from run_task import run_task

OPERATORS = [
    value
    for entry in get_provider_info()["operators"]
    if entry["integration-name"] == "Huawei Cloud"
    for module in map(importlib.import_module, entry["python-modules"])
    # Packages load their operators one module at a time.
    for value in [getattr(module, name) for name in getattr(module, "__all__", vars(module))]
    if inspect.isclass(value) and issubclass(value, HuaweiCloudOperator) and hasattr(value, "action")
]


def keywords(operator: type[HuaweiCloudOperator]) -> list[str]:
    parameters = inspect.signature(operator.__init__).parameters.values()
    return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]


def test_there_is_an_operator_for_each_thing_that_is_promised() -> None:
    assert len(OPERATORS) == 45


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operators_docstring_describes_every_argument(operator: type[HuaweiCloudOperator]) -> None:
    for name in keywords(operator):
        assert f":param {name}:" in (operator.__doc__ or "")


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_argument_becomes_the_parameter_of_its_name(operator: type[HuaweiCloudOperator]) -> None:
    beyond = {"target_state", "source", "on_doubt", "if_exists", "allow_partial", "edition"}
    # Files are uploaded, and destinations of alarms are parts of the output.
    beyond |= {*getattr(operator, "file_arguments", ()), "webhook", "dis", "obs", "event_center"}
    given = {name: "{{ " + name + " }}" for name in keywords(operator) if name not in beyond}
    files = {"source", "recordings", "training_video"} & {*keywords(operator)}
    own = {name: "{{ " + name + " }}" for name in files}

    request = operator(task_id="task", **given, **own).request

    renamed = {given[name]: name for name in ("vias_task_id", "pool_id", "batch_task_id") if name in given}
    constant = ("command", "job_type", "create_type")
    sent = {renamed.get(value, name): value for name, value in request.items() if name not in constant}
    assert sent == given


@pytest.mark.parametrize(
    ("operator", "arguments", "named"),
    [
        (CreateSpeechOperator, {**SPEAK, "audio_format": "OGG"}, "audio_format is 'OGG'"),
        (CreateSpeechOperator, {**SPEAK, "priority": 11}, "priority is 11"),
        (CreateSpeechOperator, {**SPEAK, "text": ""}, "text is missing"),
        (CreateAvatarVideoOperator, {**FILM, "output_asset_config": {}}, "asset_name is missing"),
        (CreateAvatarVideoOperator, {**FILM, "land_to": "s3://media/film.mp4"}, "several files"),
        (CreateSpeechOperator, {**SPEAK, "land_to": "https://h/"}, "can be written to"),
        (StartLiveOperator, {"room_id": "r", "view_mode": "ROUND"}, "view_mode"),
        (StartLiveOperator, {"room_id": "r", "target_state": "RUNNING"}, "target_state is 'RUNNING'"),
        (StartLiveOperator, {"room_id": "r", "land_to": "s3://media/"}, "holds no files"),
        (CreateViasTaskOperator, {**WATCH, "service_name": "a/b"}, "service_name"),
        (CreateViasTaskOperator, {**WATCH, "input": {}}, "type is missing"),
        (
            CreateViasTaskOperator,
            {**WATCH, "target_state": "PROCESSING"},
            "is 'PROCESSING'; allowed: RUNNING, SUCCEEDED",
        ),
        (CreateViasTaskOperator, {**WATCH, "target_state": None}, "set wait_for_completion=False"),
        (CreateViasTaskOperator, {**WATCH, "target_state": "STOPPED"}, "allowed: RUNNING, SUCCEEDED"),
        (StartLiveOperator, {"room_id": "r", "target_state": None}, "set wait_for_completion=False"),
        (
            StartViasTaskOperator,
            {"vias_task_id": "t", "target_state": None},
            "allowed: RUNNING, SUCCEEDED; to return without waiting, set wait_for_completion=False",
        ),
        (
            StartViasTaskOperator,
            {"vias_task_id": "t", "target_state": "STOPPED"},
            "allowed: RUNNING, SUCCEEDED",
        ),
        (CreateViasTaskOperator, {**WATCH, "job_timeout": timedelta(0)}, "job_timeout"),
        (StopViasTaskOperator, {"vias_task_id": "t", "job_timeout": timedelta(0)}, "job_timeout"),
        (StopViasTaskOperator, {"vias_task_id": ""}, "task_id is missing"),
        (ListViasTasksOperator, {"page_size": 1001}, "page_size is 1001"),
        (
            UploadAssetOperator,
            {"source": "s3://m/a.wav", "asset_name": "a", "asset_type": "SOUND"},
            "asset_type is 'SOUND'",
        ),
    ],
)
def test_a_literal_that_is_not_allowed_fails_when_the_dag_is_parsed(
    operator: type[HuaweiCloudOperator], arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        operator(task_id="task", **arguments)


def test_an_unknown_keyword_fails_when_the_dag_is_parsed() -> None:
    with pytest.raises(Exception, match="colour"):
        CreateSpeechOperator(task_id="task", **SPEAK, colour="red")


def test_a_template_is_checked_after_rendering() -> None:
    with DAG("dag", schedule=None):
        task = CreateSpeechOperator(task_id="task", **{**SPEAK, "priority": "{{ priority }}"})

    task.render_template_fields({"priority": "11"})  # type: ignore[arg-type]

    with pytest.raises(AirflowFailException, match=r"InvalidRequest: .*priority is '11'"):
        run_task(task)


def test_the_result_and_the_files_of_one_task_feed_the_next() -> None:
    with DAG("dag", schedule=None):
        speak = CreateSpeechOperator(task_id="speak", **SPEAK, land_to="s3://media/")
        keep = UploadAssetOperator(
            task_id="keep", source=speak.landed["audio_file_url"], asset_name="a", asset_type="AUDIO"
        )
        watch = CreateViasTaskOperator(task_id="watch", **WATCH)
        stop = StopViasTaskOperator(task_id="stop", vias_task_id=watch.job_id)
        card = CreateBusinessCardOperator(
            task_id="card",
            card_templet_asset_id="c",
            card_text_config={},
            card_image_config={"human_image": "s3://team/anna.jpg"},
            introduction_audio_asset_id=keep.output["asset_id"],
        )

    assert keep.upstream_task_ids == {"speak"}
    assert card.upstream_task_ids == {"keep"}
    assert stop.upstream_task_ids == {"watch"}


def test_an_operator_can_be_mapped_over_its_arguments() -> None:
    with DAG("dag", schedule=None):
        mapped = CreateSubtitlesOperator.partial(task_id="task").expand(script_id=["a", "b"])

    assert mapped.operator_class is CreateSubtitlesOperator


def test_any_action_can_be_called_by_its_name() -> None:
    job = HuaweiCloudJobOperator(
        task_id="job", action="metastudio.CreatePhotoDetection", request={"human_image": "/9j/"}
    )
    call = HuaweiCloudOperator(task_id="call", action=vias.sources.LIST_VIDEO_SOURCES, request={})

    assert job.action.is_job
    assert call.action.full_name == "vias.ListVideoSources"
    with pytest.raises(TypeError, match="needs a job"):
        HuaweiCloudJobOperator(task_id="wrong", action="vias.ListTasks", request={})
    with pytest.raises(TypeError, match="responds at once"):
        type("Wrong", (HuaweiCloudOperator,), {"action": vias.tasks.CREATE_TASK})


pytestmark = pytest.mark.usefixtures("nothing_masked_yet")


def shown(request: Any) -> str:
    from airflow.providers.common.compat.sdk import redact

    return str(redact(request))


def test_keys_in_a_request_are_masked_wherever_airflow_shows_them() -> None:
    with DAG("dag", schedule=None):
        task = StartLiveOperator(
            task_id="task",
            room_id="the-room",
            stream_keys=["{{ key }}"],
            live_event_callback_config={"key": "callback-proof", "auth_type": "MSS_A"},
        )

    task.render_template_fields({"key": "stream-proof"})  # type: ignore[arg-type]

    seen = shown(task.request)
    assert "the-room" in seen
    assert "MSS_A" in seen
    assert "proof" not in seen


GUARDED: dict[str, Any] = {
    **WATCH,
    "input": {"type": "url", "data": [{"url": "rtsp://guard:{{ word }}@camera/1"}]},
    "output": {
        "webhook": {
            "url": "https://alarms/hook?site=roof&token={{ word }}",
            "headers": {"Authorization": "Bearer {{ word }}", "Content-Type": "application/json"},
        }
    },
}


def assert_only_proofs_are_masked(request: Any) -> None:
    seen = shown(request)
    for harmless in ("rtsp://", "camera/1", "https://alarms/hook?site=roof", "application/json"):
        assert harmless in seen
    assert "proof" not in seen


def test_proofs_in_headers_and_addresses_are_masked_wherever_airflow_shows_them() -> None:
    with DAG("dag", schedule=None):
        task = CreateViasTaskOperator(task_id="task", **GUARDED)

    task.render_template_fields({"word": "proof-of-one-task"})  # type: ignore[arg-type]

    assert_only_proofs_are_masked(task.request)


def test_they_are_masked_in_a_mapped_task_too() -> None:
    with DAG("dag", schedule=None) as dag:
        mapped = CreateViasTaskOperator.partial(
            task_id="task", **{name: value for name, value in GUARDED.items() if name != "name"}
        ).expand(name=["gate", "roof"])
    context: Any = {
        "ti": SimpleNamespace(map_index=1),
        "dag": dag,
        "dag_run": SimpleNamespace(conf={}),
        "run_id": "run",
        "word": "proof-of-a-mapped-task",
    }

    mapped.render_template_fields(context)

    request = context["task"].request
    assert (request["name"], request["input"]["data"]) == (
        "roof",
        [{"url": "rtsp://guard:proof-of-a-mapped-task@camera/1"}],
    )
    assert_only_proofs_are_masked(request)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nonsense://media/", "no installed package supports nonsense://"),
        ("https://media/", "an address that can be written to"),
        ("file:///media/{nobody}.wav", "{nobody} is unknown"),
    ],
)
def test_a_templated_place_that_will_not_do_is_found_before_anything_is_paid_for(
    viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, place: str, says: str
) -> None:
    connect(monkeypatch, viapi_emulator)
    with DAG("dag", schedule=None):
        task = CreateSpeechOperator(task_id="task", **SPEAK, land_to="{{ place }}")
    task.render_template_fields({"place": place})  # type: ignore[arg-type]

    store = Store()
    with pytest.raises(AirflowFailException, match=says):
        run_task(task, store)

    assert viapi_emulator.calls() == {}
    assert store.kept == {}
