"""No signature, token, password or key of a request shows where others read: XComs, events, lineage, per place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.hooks.connection import missing_connection
from airflow_provider_viapi.huawei.job_reports import read_report
from airflow_provider_viapi.huawei.services import find, vias
from airflow_provider_viapi.jobs.model import Job
from airflow_provider_viapi.media.addresses import find_sources
from airflow_provider_viapi.media.inputs.request_media import media_addresses
from airflow_provider_viapi.media.outputs.lineage import Origin, lineage_of, name_of, report_assets
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imagesearch import SearchImageByNameOperator
from airflow_provider_viapi.operators.metastudio import CreatePictureModelByUrlOperator, CreateSpeechOperator
from airflow_provider_viapi.operators.quality import MediaQualityCheckOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.operators.vias import (
    CreateViasTaskOperator,
    QueryViasTaskOperator,
    StopViasTaskOperator,
)
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.sensors.vias_alarms import ViasAlarmSensor
from operators.huawei_tasks import SPEAK, WATCH, Store, connect, in_haste
from run_task import run_task
from scripted_server import Answer, ScriptedServer, scripted_server
from served_folder import ServedFolder

try:
    from airflow.sdk.execution_time.context import OutletEventAccessors
except ImportError:
    from airflow.utils.context import OutletEventAccessors

SECRET = "Sup3rS3cretV4lue"
SIGNED = f"?Expires=1&OSSAccessKeyId=LTAI&Signature={SECRET}"
CAMERA = f"rtsp://admin:{SECRET}@10.0.0.1/1?token={SECRET}"
HOOK = {"url": f"https://hooks.test/vias?token={SECRET}", "headers": {"X-Key": SECRET}}


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


TASK = {
    "id": "t-1",
    "state": "RUNNING",
    "input": {"type": "url", "data": [{"url": CAMERA}]},
    "output": {"webhook": HOOK, "obs": {"bucket": "media", "path": "alarms"}},
    "config": {"common": {"render_roi_sw": 1}},
}
"""A task as the service returns it, with what it was created with."""


LIVE = {
    "job_id": "kept",
    "rtc_room_info": {"users": [{"signature": SECRET}]},
    "live_event_report_url": f"https://h/report?auth_key={SECRET}",
    "live_event_callback_config": {"auth_type": "MSS_A", "key": SECRET},
}
ROOM = {
    "room_name": "kept",
    "output_urls": [f"rtmp://live/app?key={SECRET}"],
    "stream_keys": [SECRET],
    "live_event_callback_config": {"key": SECRET},
    "video_config": {"width": 720, "output_external_url": f"https://obs/a{SIGNED}", "codec": "kept"},
}
OF_A_JOB = {"room_id": "r", "job_id": "j"}
PRIVATE_ANSWERS: list[tuple[str, dict[str, Any], Any]] = [
    ("ShowSmartLiveRoom", {"room_id": "r"}, ROOM),
    ("UpdateSmartLiveRoom", {"room_id": "r", "room_name": "n"}, ROOM),
    ("ListSmartLiveRooms", {}, {"count": 1, "smart_live_rooms": [ROOM]}),
    ("ShowSmartLive", OF_A_JOB, LIVE),
    ("ListSmartLive", {"room_id": "r"}, {"smart_live_jobs": [LIVE]}),
    ("ListSmartLiveJobs", {}, {"smart_live_jobs": [LIVE]}),
    (
        "ExecuteSmartLiveCommand",
        {**OF_A_JOB, "command": "GET_LIVE_JOB_CONFIG_INFO"},
        {"command_id": "kept", "result": json.dumps(ROOM)},
    ),
    (
        "Show2dModelTrainingJob",
        {"job_id": "j"},
        {
            "name": "kept",
            "cover_download_url": "https://obs/kept",
            "id_card_image1_download_url": f"https://obs/id{SIGNED}",
            "comment_logs": [{"attachment_download_url": f"https://obs/id{SIGNED}"}],
        },
    ),
    (
        "ListVoiceTrainingJob",
        {},
        {"jobs": [{"voice_name": "kept", "voice_authorization_url": f"https://obs/a{SIGNED}"}]},
    ),
    (
        "ShowVoiceTrainingJob",
        {"job_id": "j"},
        {"voice_name": "kept", "training_input_source_url": f"https://obs/a{SIGNED}"},
    ),
    (
        "ShowVideoScript",
        {"script_id": "s"},
        {"shoot_scripts": [{"text": "kept", "audio_drive_file_external_url": f"https://obs/a{SIGNED}"}]},
    ),
    (
        "ShowDigitalHumanBusinessCard",
        {"job_id": "j"},
        {"gender": "kept", "card_image_url": {"human_image_url": f"https://obs/a{SIGNED}"}},
    ),
]
"""Action, request and response of calls of MetaStudio; what is to be returned is "kept"."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A service that responds to every call with the same."""
    with scripted_server() as server:
        key = {"conn_type": "huaweicloud", "login": "ak", "password": "sk"}
        extra = {"endpoint": server.url, "project_id": "p1"}
        monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps({**key, "extra": extra}))
        yield server


class TestXComs:
    def test_the_result_of_a_vias_task_has_no_credentials(self) -> None:
        result = read_report(Job("t-1", "vias.CreateTask"), TASK, "RUNNING").result or {}

        assert SECRET not in json.dumps(result)
        assert result["output"]["obs"] == {"bucket": "media", "path": "alarms"}
        assert result["input"]["data"] == [{"url": "rtsp://***@10.0.0.1/1?token=***"}]

    @pytest.mark.parametrize(
        ("operator", "answer"),
        [
            (QueryViasTaskOperator(task_id="query", vias_task_id="t-1"), TASK),
            (HuaweiCloudOperator(task_id="list", action="vias.ListTasks", request={}), {"tasks": [TASK]}),
            (
                HuaweiCloudOperator(
                    task_id="source", action="vias.ShowVideoSourceDetail", request={"video_source_id": "v"}
                ),
                {"video_source_id": "v", "type_config": f"<source><password>{SECRET}</password></source>"},
            ),
        ],
        ids=["query", "list", "source"],
    )
    def test_what_vias_repeats_of_credentials_is_not_returned(
        self, operator: Any, answer: Any, service: ScriptedServer
    ) -> None:
        service.script = [Answer(body=answer)]

        returned = json.dumps(operator.execute({}))

        assert SECRET not in returned
        assert "t-1" in returned or '"v"' in returned

    @pytest.mark.parametrize(("action", "given", "answer"), PRIVATE_ANSWERS)
    def test_a_call_of_metastudio_returns_no_key_and_no_address_of_papers(
        self, service: ScriptedServer, action: str, given: dict[str, Any], answer: Any
    ) -> None:
        call = HuaweiCloudOperator(task_id="call", action=f"metastudio.{action}", request=given)
        service.script = [Answer(body=answer)]

        returned = json.dumps(call.execute({}))

        assert SECRET not in returned
        assert returned.count("kept") == json.dumps(answer).count("kept")

    @pytest.mark.parametrize(
        ("action", "answer"),
        [
            ("CreateFile", {"upload_url": f"https://obs/a{SIGNED}"}),
            ("Update2dModelTrainingJob", {"training_video_upload_url": f"https://obs/a{SIGNED}"}),
            ("ShowAsset", {"files": [{"download_url": f"https://obs/a{SIGNED}"}]}),
            ("ShowJobUploadingAddress", {"package_url": {"training_data_uploading_url": "https://obs/a"}}),
        ],
    )
    def test_addresses_of_uploads_and_of_results_are_returned(self, action: str, answer: Any) -> None:
        assert find(f"metastudio.{action}").shown(answer) == answer

    def test_a_failed_task_that_is_stopped_is_returned_without_them(self, service: ScriptedServer) -> None:
        answer = {**TASK, "state": "FAILED"}
        operator = StopViasTaskOperator(task_id="stop", vias_task_id="t-1")
        service.script = [Answer(body=answer)]

        report = read_report(Job("t-1", "vias.CreateTask"), answer, None)

        assert SECRET not in json.dumps(operator.result_of(report))

    def test_the_xcoms_of_a_task_show_no_key_of_its_receivers_and_cameras(
        self, emulator: EmulatorServer
    ) -> None:
        arguments = {name: value for name, value in WATCH.items() if name not in ("input", "output")}
        outcome = run_task(
            CreateViasTaskOperator(
                task_id="watch",
                **arguments,
                input={"type": "url", "data": [{"url": CAMERA}]},
                webhook={"url": f"https://hooks.test/services/{SECRET}", "headers": {"X-Key": SECRET}},
            ),
            Store(),
        )

        assert SECRET not in json.dumps([outcome.result, outcome.pushed], default=str)

    def test_a_presigned_source_shows_its_path_alone(
        self, emulator: EmulatorServer, served: ServedFolder, tmp_path: Path
    ) -> None:
        from PIL import Image

        Image.new("RGB", (300, 200)).save(served.path / "mei.png")
        operator = CreatePictureModelByUrlOperator(
            task_id="mei",
            picture_url=served.address("mei.png") + SIGNED,
            style_id="system_male_001",
            name="Mei",
            notify_url=f"https://hooks.test/done/{SECRET}",
        )

        outcome = run_task(operator, Store())

        assert SECRET not in json.dumps([outcome.result, outcome.pushed], default=str)
        (source,) = outcome.pushed["viapi_view"]["sources"]
        assert source["address"].partition("?")[0].endswith("/mei.png")

    def test_an_address_that_receives_the_output_is_no_source(self, emulator: EmulatorServer) -> None:
        upload = f"https://bucket.test/a.wav{SIGNED}&path={SECRET}"
        operator = CreateSpeechOperator(
            task_id="speak",
            **SPEAK,
            output_external_url=upload,
            callback_config={"callback_url": f"https://hooks.test/{SECRET}"},
        )

        outcome = run_task(operator, Store())

        assert outcome.pushed["viapi_view"]["sources"] == []
        assert SECRET not in json.dumps(outcome.pushed, default=str)


class TestSources:
    @pytest.mark.parametrize(
        "request_",
        [
            {"output": {"webhook": {"url": "https://h/x"}}},
            {"output_urls": ["rtmp://h/live/key"]},
            {"notify_url": "https://h/x"},
            {"interaction_callback_url": "https://h/x"},
            {"live_event_callback_config": {"live_event_callback_url": "https://h/x"}},
            {"srt_output_external_url": "https://h/x"},
        ],
    )
    def test_what_receives_something_is_not_read(self, request_: dict[str, Any]) -> None:
        assert [address for _, address in find_sources(request_) if address] == []

    @pytest.mark.parametrize(
        "request_",
        [
            {"VideoUrl": "https://h/x.mp4"},
            {"input": {"data": [{"url": "rtsp://h/1"}]}},
            {"outputs_of_before": ["s3://h/x.mp4"]},
            {"picture_url": "https://h/x.png"},
        ],
    )
    def test_what_is_read_is_a_source(self, request_: dict[str, Any]) -> None:
        assert len([address for _, address in find_sources(request_) if address]) == 1


class TestAssetEvents:
    def events(self, address: str) -> str:
        from airflow.providers.common.compat.sdk import Asset, AssetAlias

        alias, folder, events = AssetAlias("films"), Asset("sftp://host/films"), OutletEventAccessors()
        report_assets(
            {"outlet_events": events},
            [alias, folder],
            {"VideoUrl": address},
            Origin("j", "videoenhan.EraseVideoSubtitles", [address]),
        )  # type: ignore[typeddict-item]
        assert "films/a.mp4" in repr(events[alias])
        assert events[folder].extra["landed"]
        return repr([events[alias], events[folder]])

    @pytest.mark.parametrize(
        "address", [f"sftp://anna:{SECRET}@host/films/a.mp4", f"sftp://host/films/a.mp4{SIGNED}"]
    )
    def test_neither_extra_nor_asset_has_passwords_or_signatures(self, address: str) -> None:
        assert SECRET not in self.events(address)

    def test_a_connection_id_stays_so_that_the_next_task_opens_the_file(self) -> None:
        assert "sftp://conn@host/films/a.mp4" in self.events("sftp://conn@host/films/a.mp4")


class TestLineage:
    @pytest.mark.parametrize(
        "address",
        [
            CAMERA,
            f"https://anna:{SECRET}@h/a.mp4{SIGNED}",
            f"oss://bucket/a.mp4{SIGNED}",
            f"s3://AKIA:{SECRET}@bucket/a.mp4",
            f"s3://bucket/a.mp4?X-Amz-Signature={SECRET}&X-Amz-Security-Token={SECRET}",
        ],
    )
    def test_datasets_are_named_without_them(self, address: str) -> None:
        assert SECRET not in repr(name_of(address))

    def test_the_facets_of_a_viapi_task_have_none(self) -> None:
        pytest.importorskip("airflow.providers.openlineage")
        request = {"VideoUrl": f"https://media.test/a.mp4{SIGNED}"}

        found = media_addresses(videoenhan.ERASE_VIDEO_SUBTITLES.parameters, request)
        lineage = lineage_of((address for _, _, address in found), [])

        assert SECRET not in repr(lineage)

    def test_a_huawei_task_reports_what_it_reads_and_not_what_receives_alarms(self) -> None:
        pytest.importorskip("airflow.providers.openlineage")
        operator = CreateViasTaskOperator(
            task_id="watch",
            service_name="c-flowcount-edge",
            name="gate",
            input={"type": "url", "data": [{"url": CAMERA}]},
            webhook=HOOK,  # type: ignore[arg-type]
        )

        lineage = operator.get_openlineage_facets_on_complete(None)

        assert [(each.namespace, each.name) for each in lineage.inputs] == [("rtsp://10.0.0.1", "1")]
        assert SECRET not in repr(lineage)


def test_the_quality_check_has_airflow_mask_the_credentials_in_its_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    masked: list[str] = []
    monkeypatch.setattr("airflow_provider_viapi.hooks.connection.mask_secret", masked.append)
    link = "https://results.oss-cn-shanghai.aliyuncs.com/x.mp4?Expires=1&Signature=Sup3rS3cretV4lue"
    with DAG("dag", schedule=None):
        task = MediaQualityCheckOperator(
            task_id="check", source="{{ link }}", before="https://user:Passw0rdXYZ@host.example/a.mp4"
        )

    task.render_template_fields({"link": link, "ti": SimpleNamespace(map_index=-1)})

    assert {"Sup3rS3cretV4lue", "Passw0rdXYZ"} <= set(masked)


def test_links_that_the_next_task_needs_stay_as_they_are() -> None:
    job = Job("j", "metastudio.CreateAsyncTtsJob")
    link = f"https://obs.test/a.wav?AccessKeyId=A&Signature={SECRET}"

    result = read_report(job, {"state": "SUCCEED", "audio_file_url": link}).result or {}

    assert result["audio_file_url"] == link
    assert find("vias.ShowTaskInfo").service is vias.SERVICE


class TestRenderedFields:
    @pytest.mark.parametrize(
        "task_of",
        [
            lambda links: IndexImagesOperator(
                task_id="index",
                db_name="covers",
                images=[{"image_url": link, "entity_id": f"e{n}"} for n, link in enumerate(links)],
            ),
            lambda links: ViapiBatchOperator(
                task_id="batch",
                operator=EraseVideoSubtitlesOperator,
                items=[{"video_url": link} for link in links],
            ),
        ],
        ids=["images", "items"],
    )
    @pytest.mark.usefixtures("nothing_masked_yet")
    @pytest.mark.parametrize("count", [3, 2000])
    def test_no_signature_of_a_list_of_links_is_shown_however_long_it_is(
        self, task_of: Any, count: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from airflow.providers.common.compat.sdk import redact
        from airflow.serialization.helpers import serialize_template_field

        monkeypatch.setenv("AIRFLOW__CORE__MAX_TEMPLATED_FIELD_LENGTH", "10000000")
        with DAG("dag", schedule=None):
            task = task_of([f"https://h.test/{n}.mp4?Signature={SECRET}{n}%3D" for n in range(count)])
        task.render_template_fields({})

        field = "images" if hasattr(task, "images") else "items"
        seen = str(redact(serialize_template_field(getattr(task, field), field)))

        assert f"h.test/{min(count, 200) - 1}.mp4" in seen
        assert SECRET not in seen
        assert len(list(getattr(task, field))) == count
        assert f"Signature={SECRET}0" in str(next(iter(getattr(task, field))))


LONG_LINK = "https://h.test/a.jpg?X-Amz-Credential=AKIAXYZ&X-Amz-Signature=hunter2secret9" + "&x=1" * 300


@pytest.mark.parametrize(
    ("quotes", "said"),
    [
        (
            lambda: missing_connection(f"viapi://key:{SECRET}@/?region=x", OSError(), "create it"),
            "cannot be read",
        ),
        (
            lambda: IndexImagesOperator(
                task_id="t",
                db_name="products",
                images=[{"image_url": LONG_LINK, "entity_id": "a", "extra_data": LONG_LINK[:500]}] * 2,
            ),
            "both have entity_id 'a'",
        ),
        (
            lambda: ViasAlarmSensor(
                task_id="t", folder="s3://b/a/", images_to=f"s3://b/a/x?X-Amz-Signature={SECRET}{'0' * 900}"
            ),
            "images_to is",
        ),
        (
            lambda: SearchImageByNameOperator(
                task_id="t",
                instance_name="shop",
                product_id="p",
                pic_name="a.jpg",
                filter="?sig=hunter2secret9",
            ),
            "cannot be read from",
        ),
        (
            lambda: EraseVideoSubtitlesOperator(
                task_id="t", video_url="http://h/a.mp4", land_to=f"file://key:{SECRET}@h/x/"
            ),
            "would be a host",
        ),
        (
            lambda: ViapiJobOperator(task_id="t", action=[LONG_LINK], request={}),  # type: ignore[arg-type]
            "needs a job as its action",
        ),
    ],
    ids=["connection", "images", "folder", "filter", "land_to", "action"],
)
def test_no_message_quotes_credentials_or_a_long_value(quotes: Any, said: str) -> None:
    try:
        error = quotes()
    except Exception as caught:
        error = caught

    assert said in str(error)
    assert SECRET not in str(error)
    assert "hunter2" not in str(error)
    assert len(str(error)) < 400
