"""Files of Huawei Cloud's jobs as VIAPI's are: hosts of results, links, checks of sources, labels of mapped tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException
from PIL import Image

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import PermissionDenied
from airflow_provider_viapi.operators.batch import HuaweiCloudBatchOperator
from airflow_provider_viapi.operators.metastudio import (
    CreateAvatarVideoOperator,
    CreatePictureModelByUrlOperator,
    CreateSpeechOperator,
)
from airflow_provider_viapi.operators.vias import (
    CreateViasTaskOperator,
    CreateVideoSourceOperator,
    StopBatchTaskOperator,
)
from operators.huawei_tasks import FILM, SPEAK, WATCH, Store, connect, in_haste
from operators.run_batch import run_batch
from run_task import run_task
from scripted_server import Answer, ScriptedServer, scripted_server
from served_folder import ServedFolder

SPEECHES, SPEECH = "POST /v1/p1/ttsc/async-jobs", "GET /v1/p1/ttsc/async-jobs/j1"
VIDEO_SOURCE = {"type": "video_source", "data": [{"video_source_id": "7"}]}
STYLE = {"style_id": "system_male_001", "name": "Mei"}


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


@pytest.fixture
def elsewhere(served: ServedFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A MetaStudio whose results are on another host than its own."""
    in_haste(monkeypatch)
    (served.path / "speech.wav").write_bytes(b"RIFF a lamp that folds")
    done = {"job_id": "j1", "state": "SUCCEED", "audio_file_url": served.address("speech.wav")}
    with scripted_server() as service:
        service.on(SPEECHES, Answer(200, {"job_id": "j1"}))
        service.on(SPEECH, Answer(200, done))
        connection = {
            "conn_type": "huaweicloud",
            "login": "ak",
            "password": "sk",
            "extra": {"endpoint": service.url, "project_id": "p1", "poll_qps": 100},
        }
        monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(connection))
        yield service


def speak(folder: Path, **arguments: Any) -> CreateSpeechOperator:
    return CreateSpeechOperator(task_id="speak", **SPEAK, land_to=f"file://{folder}/", **arguments)


def host(served: ServedFolder) -> str:
    return served.address("").split("/")[2]


class TestHostsOfResults:
    @pytest.mark.parametrize("deferrable", [True, False])
    def test_a_private_host_is_not_downloaded_from_and_the_retry_pays_nothing(
        self, elsewhere: ScriptedServer, served: ServedFolder, tmp_path: Path, deferrable: bool
    ) -> None:
        store = Store()
        with pytest.raises(
            (PermissionDenied, AirflowFailException),
            match=r"leads to 127\.0\.0\.1, a private address .* add '127\.0\.0\.1' to allowed_hosts",
        ):
            run_task(speak(tmp_path, deferrable=deferrable), store)
        assert list(tmp_path.iterdir()) == []

        allowed = speak(tmp_path, deferrable=deferrable, allowed_hosts=[host(served)])
        result = run_task(allowed, store, try_number=2).result

        landed = Path(result["landed"]["audio_file_url"].removeprefix("file://"))
        assert landed.read_bytes() == b"RIFF a lamp that folds"
        assert len(elsewhere.sent(SPEECHES)) == 1

    def test_a_batch_keeps_to_the_same_hosts(
        self, elsewhere: ScriptedServer, served: ServedFolder, tmp_path: Path
    ) -> None:
        def rows(**arguments: Any) -> list[dict[str, Any]]:
            def make() -> HuaweiCloudBatchOperator:
                return HuaweiCloudBatchOperator(
                    task_id="all",
                    operator=CreateSpeechOperator,
                    items=[SPEAK],
                    land_to=f"file://{tmp_path}/",
                    max_failed=1,
                    **arguments,
                )

            return run_batch(make, Store()).rows

        (refused,), (landed,) = rows(), rows(allowed_hosts=[host(served)])

        assert refused["error"]["code"] == "HostNotAllowed"
        assert "allowed_hosts" in refused["error"]["message"]
        assert Path(landed["result"]["landed"]["audio_file_url"].removeprefix("file://")).is_file()


class TestLinks:
    def test_result_opens_the_landed_file_and_not_the_link_that_expires(
        self, emulator: EmulatorServer, tmp_path: Path
    ) -> None:
        outcome = run_task(speak(tmp_path), Store())

        assert outcome.pushed["result_link"] == outcome.result["landed"]["audio_file_url"]
        assert Path(outcome.pushed["result_link"].removeprefix("file://")).is_file()

    def test_result_of_a_video_opens_the_video_and_not_its_cover(
        self, emulator: EmulatorServer, tmp_path: Path
    ) -> None:
        film = CreateAvatarVideoOperator(task_id="film", **FILM, land_to=f"file://{tmp_path}/")

        outcome = run_task(film, Store())

        video = outcome.result["landed"]["output_asset_config.preview_video_url"]
        assert outcome.pushed["result_link"] == video
        assert video.endswith(".mp4")

    def test_result_opens_the_services_link_if_nothing_was_landed(self, emulator: EmulatorServer) -> None:
        outcome = run_task(CreateSpeechOperator(task_id="speak", **SPEAK), Store())

        assert outcome.pushed["result_link"] == outcome.result["audio_file_url"]


class TestSources:
    @pytest.fixture
    def model(self, emulator: EmulatorServer) -> Any:
        def run(address: str) -> Any:
            operator = CreatePictureModelByUrlOperator(task_id="mei", picture_url=address, **STYLE)
            return run_task(operator, Store()).result

        return run

    def test_a_picture_that_its_server_has_is_modelled(
        self, emulator: EmulatorServer, model: Any, served: ServedFolder
    ) -> None:
        Image.new("RGB", (320, 200)).save(served.path / "mei.png")

        assert model(served.address("mei.png"))["state"] == "SUCCEED"

    def test_a_picture_that_is_not_there_is_refused_unless_only_the_service_may_read_it(
        self,
        emulator: EmulatorServer,
        model: Any,
        served: ServedFolder,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with pytest.raises(AirflowFailException, match=r"picture_url is .*nothing\.png, .*status 404"):
            model(served.address("nothing.png"))
        assert emulator.jobs() == []

        monkeypatch.setenv("AIRFLOW__VIAPI__CHECK_SOURCES", "False")
        with pytest.raises(Exception, match="HTTP 404"):
            model(served.address("nothing.png"))
        assert len(emulator.jobs()) == 1

    def test_a_host_that_cannot_be_reached_from_here_is_left_to_the_service(
        self, emulator: EmulatorServer, model: Any
    ) -> None:
        with pytest.raises(Exception, match="picture_url cannot be downloaded"):
            model("http://127.0.0.1:9/mei.png?token=secret")

        assert len(emulator.jobs()) == 1


@pytest.mark.parametrize(
    ("make", "label"),
    [
        (lambda: CreateViasTaskOperator(task_id="t", **WATCH), "gate"),
        (lambda: CreateViasTaskOperator(task_id="t", **{**WATCH, "input": VIDEO_SOURCE}), "gate"),
        (lambda: StopBatchTaskOperator(task_id="t", batch_task_id="b-1"), "b-1"),
        (
            lambda: CreateVideoSourceOperator(
                task_id="t", video_source_name="roof", access_type="edge", type="rtsp", type_config="<x/>"
            ),
            "roof",
        ),
        (
            lambda: CreatePictureModelByUrlOperator(
                task_id="t", picture_url="https://h/mei.png?Signature=secret", **STYLE
            ),
            "mei.png",
        ),
        (
            lambda: CreateSpeechOperator(
                task_id="t", **SPEAK, callback_config={"callback_url": "https://h/done"}
            ),
            "A lamp that folds.",
        ),
    ],
)
def test_mapped_tasks_are_labelled_by_what_they_are_about(make: Any, label: str) -> None:
    with DAG("dag", schedule=None):
        task = make()
    context: Any = {"ti": SimpleNamespace(map_index=4), "task": task}

    task.render_template_fields(context)

    assert task.map_label == label
