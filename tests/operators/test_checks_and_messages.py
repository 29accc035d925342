"""Checks before a job is paid, arguments, references between tasks, messages."""

from __future__ import annotations

import asyncio
import math
import re
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, ObjectStoragePath, task

from airflow_provider_viapi.errors import CredentialsRejected, InvalidRequest, JobTimedOut
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.bulk_image_index import BulkIndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import AddImageOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.operators.vias import (
    DeleteEdgePoolOperator,
    QueryViasTaskOperator,
    StopBatchTaskOperator,
    StopViasTaskOperator,
)
from airflow_provider_viapi.operators.videoenhan import (
    ChangeVideoSizeOperator,
    EraseVideoLogoOperator,
    EraseVideoSubtitlesOperator,
)
from airflow_provider_viapi.operators.videorecog import RecognizeVideoCastCrewListOperator
from media.team_storage import TeamStorage, storage_emulator, team
from operators import run_batch
from operators.test_paid_once import Store
from run_task import run_task
from served_folder import ServedFolder

__all__ = ["storage_emulator", "team"]

VIDEO = "http://h/a.mp4"


@pytest.fixture
def film(tmp_path: Path) -> str:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0film" * 1000)
    return path.as_uri()


def erase(team: TeamStorage, video_url: str, **arguments: Any) -> EraseVideoSubtitlesOperator:
    return EraseVideoSubtitlesOperator(
        task_id="erase", video_url=video_url, viapi_conn_id=team.hook.viapi_conn_id, **arguments
    )


# Known before a job is paid.


def test_a_task_in_a_running_event_loop_submits_nothing(team: TeamStorage, film: str) -> None:
    async def run() -> None:
        run_task(erase(team, film, deferrable=False), Store())

    with pytest.raises(Exception, match="one is running in this thread already"):
        asyncio.run(run())

    assert team.emulator.jobs() == []


def test_a_batch_in_a_running_event_loop_submits_nothing(team: TeamStorage, film: str) -> None:
    def make() -> ViapiBatchOperator:
        return ViapiBatchOperator(
            task_id="all",
            operator=EraseVideoSubtitlesOperator,
            items=[{"video_url": film}],
            viapi_conn_id=team.hook.viapi_conn_id,
        )

    async def run() -> None:
        run_batch.run_batch(make, run_batch.Store())

    with pytest.raises(Exception, match="one is running in this thread already"):
        asyncio.run(run())

    assert team.emulator.jobs() == []


def test_a_missing_event_loop_client_is_found_before_a_job_is_submitted(
    team: TeamStorage, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = erase(team, film, deferrable=False)
    monkeypatch.setitem(sys.modules, "aiohttp", None)

    with pytest.raises(Exception, match="pip install aiohttp"):
        run_task(operator, Store())

    monkeypatch.undo()
    assert team.emulator.jobs() == []


def test_a_trigger_that_cannot_be_imported_is_found_before_a_job_is_submitted(
    team: TeamStorage, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = erase(team, film, deferrable=True)
    monkeypatch.setitem(sys.modules, "airflow_provider_viapi.triggers.job", None)

    with pytest.raises(ImportError):
        run_task(operator, Store())

    monkeypatch.undo()
    assert team.emulator.jobs() == []


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_link_that_leads_to_no_file_is_found_before_a_job_is_submitted(
    team: TeamStorage, served: ServedFolder, deferrable: bool
) -> None:
    link = served.address("nothing.mp4") + "?Expires=1&Signature=secret"

    with pytest.raises(
        AirflowFailException, match=r"VideoUrl is http.*/nothing\.mp4, .*status 404"
    ) as caught:
        run_task(erase(team, link, deferrable=deferrable), Store())

    assert "check_sources" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert team.emulator.jobs() == []


def test_a_link_is_not_checked_where_only_the_service_may_read_it(
    team: TeamStorage, served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__CHECK_SOURCES", "False")

    with pytest.raises(Exception, match="ended as PROCESS_FAILED"):
        run_task(erase(team, served.address("nothing.mp4"), deferrable=True), Store())

    assert len(team.emulator.jobs()) == 1


def small_clip(folder: Path) -> str:
    """Write a clip that EnhanceVideoQuality does not take, and return its address."""
    frame = av.VideoFrame(320, 240, "yuv420p")
    with av.open(str(folder / "small.mp4"), "w") as target:
        stream = target.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(10):
            frame.pts = number
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return (folder / "small.mp4").as_uri()


def enhance(team: TeamStorage, video_url: str) -> ViapiJobOperator:
    return ViapiJobOperator(
        task_id="enhance",
        action="videoenhan.EnhanceVideoQuality",
        request={"VideoURL": video_url},
        viapi_conn_id=team.hook.viapi_conn_id,
        deferrable=False,
    )


def test_a_video_outside_the_limits_is_found_before_a_job_is_submitted(
    team: TeamStorage, tmp_path: Path
) -> None:
    with pytest.raises(
        AirflowFailException, match=r"VideoURL.*small\.mp4 has 320×240 pixels; allowed: .*360"
    ):
        run_task(enhance(team, small_clip(tmp_path)), Store())

    assert team.emulator.jobs() == []


def test_a_video_is_not_opened_where_sources_are_not_checked(
    team: TeamStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__CHECK_SOURCES", "False")

    with pytest.raises(Exception, match="ended as PROCESS_FAILED"):
        run_task(enhance(team, small_clip(tmp_path)), Store())

    assert len(team.emulator.jobs()) == 1


def test_a_link_that_cannot_be_reached_from_the_worker_is_left_to_the_service(team: TeamStorage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(Exception, match="ended as PROCESS_FAILED"):
        run_task(erase(team, f"http://127.0.0.1:{port}/film.mp4", deferrable=True), Store())

    assert len(team.emulator.jobs()) == 1


# Airflow's idioms.


def test_a_landed_file_of_the_output_is_the_stored_one_and_not_the_link_that_expires() -> None:
    with DAG("dag", schedule=None):
        first = EraseVideoSubtitlesOperator(task_id="a", video_url=VIDEO, land_to="s3://b/out/")
        second = ChangeVideoSizeOperator(
            task_id="b", video_url=first.output["landed"]["VideoUrl"], width=480, height=480
        )

    assert second.upstream_task_ids == {"a"}
    assert first.output["landed"]["VideoUrl"].key == "landed.VideoUrl"
    assert first.output["VideoUrl"].key == "VideoUrl"
    assert first.output["landed"].key == "landed"


def test_a_request_may_come_from_another_task() -> None:
    with DAG("dag", schedule=None):

        @task
        def build() -> dict[str, Any]:
            return {"VideoUrl": VIDEO}

        job = ViapiJobOperator(task_id="t", action="videoenhan.EraseVideoSubtitles", request=build())

    assert job.upstream_task_ids == {"build"}
    job.request = {"VideoUrl": VIDEO, "BX": 2}
    with pytest.raises(InvalidRequest, match="BX is 2"):
        job.validated_request()


def test_a_request_that_renders_to_text_names_native_rendering() -> None:
    with DAG("dag", schedule=None):
        job = ViapiJobOperator(
            task_id="t", action="videoenhan.EraseVideoSubtitles", request="{{ params.request }}"
        )

    with pytest.raises(InvalidRequest, match=r"request is of type str.*render_template_as_native_obj"):
        job.validated_request()


def test_a_list_that_renders_to_text_names_native_rendering() -> None:
    with DAG("dag", schedule=None):
        job = EraseVideoLogoOperator(task_id="t", video_url=VIDEO, boxes="{{ boxes }}")
        job.render_template_fields({"boxes": [{"X": 0.1}]})  # type: ignore[arg-type]

    with pytest.raises(InvalidRequest, match=r"Boxes is of type str.*render_template_as_native_obj"):
        job.validated_request()


@pytest.mark.parametrize(("argument", "native"), [("video_url", False), ("video_url", True), ("by", False)])
def test_a_template_that_renders_to_none_is_named_as_the_cause(argument: str, native: bool) -> None:
    with DAG("dag", schedule=None, render_template_as_native_obj=native):
        job = EraseVideoSubtitlesOperator(task_id="t", **{"video_url": VIDEO, argument: "{{ nothing }}"})
        job.render_template_fields({"nothing": None})  # type: ignore[arg-type]

    with pytest.raises(InvalidRequest, match=r"if it is a template: it rendered to None.*XCom"):
        job.validated_request()


def test_a_lazy_sequence_is_taken_where_a_list_is() -> None:
    class Lazy(Sequence[Any]):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: Any) -> Any:
            return [{"X": 0.1, "Y": 0.1, "W": 0.1, "H": 0.1}][index]

    with DAG("dag", schedule=None):
        job = EraseVideoLogoOperator(task_id="t", video_url=VIDEO, boxes="{{ boxes }}")
    job.request = {"VideoUrl": VIDEO, "Boxes": Lazy()}

    assert job.validated_request()["Boxes"] == [{"X": 0.1, "Y": 0.1, "W": 0.1, "H": 0.1}]


def test_a_whole_number_where_a_text_is_needed_is_written_as_text_and_another_type_is_named() -> None:
    with DAG("dag", schedule=None, render_template_as_native_obj=True):
        digits = AddImageOperator(task_id="a", db_name="covers", entity_id="{{ e }}", image_url=VIDEO)
        fraction = AddImageOperator(task_id="b", db_name="covers", entity_id="{{ e }}", image_url=VIDEO)
    digits.render_template_fields({"e": 20231023})  # type: ignore[arg-type]
    fraction.render_template_fields({"e": 1.5})  # type: ignore[arg-type]

    assert digits.validated_request()["EntityId"] == "20231023"
    with pytest.raises(InvalidRequest, match=r"EntityId is 1\.5.*it is of type float"):
        fraction.validated_request()


# Messages.


def test_the_message_names_the_authors_argument_beside_the_wire_name() -> None:
    with pytest.raises(InvalidRequest, match=r"BY is 7;.*\(argument 'by'\)"):
        EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, by=7)


def test_a_wrong_bucket_name_is_named() -> None:
    with pytest.raises(InvalidRequest, match="'My_Bucket' is no name of a bucket: 3 to 63 lowercase"):
        EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO, staging="oss://My_Bucket/x")


def test_the_message_about_a_template_is_an_airflow_failure_without_retry(team: TeamStorage) -> None:
    with DAG("dag", schedule=None):
        job = erase(team, VIDEO, by="{{ by }}")
    job.render_template_fields({"by": "0,7"})  # type: ignore[arg-type]

    with pytest.raises(AirflowFailException, match=r"BY is '0,7'.*\(argument 'by'\)"):
        run_task(job)


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_log_says_how_long_the_job_took_and_where_the_result_is(
    team: TeamStorage, film: str, deferrable: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    done = run_task(erase(team, film, deferrable=deferrable), Store())

    log = "".join(capfd.readouterr())
    assert re.search(
        rf"Job {done.pushed['job_id']} has succeeded, 0:00:\d\d after its submission: VideoUrl", log
    )
    assert f"The result is at {done.result['VideoUrl'].partition('?')[0]} until its link expires" in log
    # Airflow 2 logs the HTTP client's lines, with the signature masked.
    assert "Signature=" not in log.replace("Signature=***", "")


def test_a_job_that_is_late_names_its_age_and_that_a_retry_resumes_it(team: TeamStorage, film: str) -> None:
    team.emulator.fault(action="EraseVideoSubtitles", job={"processing": 3600})
    operator = erase(team, film, deferrable=True, job_timeout=6)

    with pytest.raises(
        JobTimedOut, match=r", 0:00:\d\d after its submission\. A retry of the task resumes this job"
    ):
        run_task(operator, Store())


def test_a_job_that_is_late_and_not_durable_says_that_a_retry_pays_again(
    team: TeamStorage, film: str
) -> None:
    team.emulator.fault(action="EraseVideoSubtitles", job={"processing": 3600})
    operator = erase(team, film, deferrable=True, durable=False, job_timeout=6)

    with pytest.raises(JobTimedOut, match=r"A retry of the task submits, and pays for, a new job"):
        run_task(operator)


def test_a_path_on_the_workers_disk_is_answered_with_how_to_write_it() -> None:
    with pytest.raises(InvalidRequest, match="write file:// before the absolute path"):
        EraseVideoSubtitlesOperator(task_id="t", video_url="/data/film.mp4")


def test_an_unknown_access_key_names_the_login_of_the_connection(
    team: TeamStorage, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = team.emulator.connection_json().replace(team.emulator.access_key_id, "LTAI-nobody")
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_WRONG", wrong)
    operator = EraseVideoSubtitlesOperator(task_id="t", video_url=film, viapi_conn_id="viapi_wrong")

    with pytest.raises(
        CredentialsRejected, match=r"the access key id does not exist.*login of the connection"
    ):
        run_task(operator)


def test_a_batch_takes_a_path_object_and_private_hosts_for_its_results(
    team: TeamStorage, film: str, tmp_path: Path
) -> None:
    def make() -> ViapiBatchOperator:
        return ViapiBatchOperator(
            task_id="all",
            operator=EraseVideoSubtitlesOperator,
            items=[{"video_url": film}],
            land_to=ObjectStoragePath(f"file://{tmp_path}/out") / "{job_id}{ext}",
            allowed_hosts=["10.0.0.1:80"],
            viapi_conn_id=team.hook.viapi_conn_id,
        )

    rows = run_batch.run_batch(make, run_batch.Store()).rows

    assert rows[0]["result"]["landed"]["VideoUrl"].startswith(f"file://{tmp_path}/out/")
    assert make().trusted_hosts() == ["10.0.0.1:80", team.emulator.url.partition("://")[2]]


BAD_DURATIONS: list[Any] = [
    *(timedelta.max, timedelta.min, timedelta(0), timedelta(seconds=-1), timedelta(days=30, seconds=1)),
    *(0, -1, 0.0, -0.5, True, False, math.nan, math.inf, -math.inf, 10**400, -(10**400), 1e308, 1e-9),
    *("60", "{{ seconds }}", Decimal("60"), [], {}, None, 1j, b"1"),
]


@pytest.mark.parametrize("number", range(len(BAD_DURATIONS)))
def test_a_duration_that_cannot_be_is_refused_when_the_dag_is_parsed(number: int) -> None:
    value = BAD_DURATIONS[number]
    item = {"video_url": "http://h/a.mp4"}

    for name in ("job_timeout", "submit_timeout"):
        with pytest.raises(InvalidRequest, match=f"{name} is .*; allowed: a timedelta or seconds"):
            EraseVideoSubtitlesOperator(task_id="t", **item, **{name: value})
    with pytest.raises(InvalidRequest, match=r"job_timeout is .*; allowed: a timedelta or seconds"):
        ViapiBatchOperator(task_id="t", operator=EraseVideoSubtitlesOperator, items=[item], job_timeout=value)


class MyCredits(RecognizeVideoCastCrewListOperator):
    """An operator that a team has derived."""


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: QueryViasTaskOperator(task_id="t", vias_task_id=""),
            "task_id is missing (argument 'vias_task_id')",
        ),
        (lambda: StopViasTaskOperator(task_id="t", vias_task_id="a/b"), "(argument 'vias_task_id')"),
        (lambda: DeleteEdgePoolOperator(task_id="t", pool_id="a/b"), "(argument 'pool_id')"),
        (
            lambda: StopBatchTaskOperator(task_id="t", batch_task_id=""),
            "id is missing (argument 'batch_task_id')",
        ),
        (
            lambda: RecognizeVideoCastCrewListOperator(task_id="t", video_url=VIDEO, text_kinds=["x"]),
            "(argument 'text_kinds')",
        ),
        (lambda: MyCredits(task_id="t", video_url=VIDEO, text_kinds=["x"]), "(argument 'text_kinds')"),
        (
            lambda: ViapiBatchOperator(
                task_id="t", operator=EraseVideoSubtitlesOperator, items=[{"video_url": VIDEO, "by": 5}]
            ),
            "item 0: BY is 5; allowed: a number from 0 to 1 (argument 'by')",
        ),
        (
            lambda: BulkIndexImagesOperator(
                task_id="t", instance_name="x" * 30, images="s3://b/x/", staging="oss://bucket/x"
            ),
            "(argument 'instance_name')",
        ),
    ],
)
def test_an_error_of_a_parameter_names_the_argument(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        make()

    assert said in str(refused.value)
    assert str(refused.value).count("(argument ") == 1


def test_a_parameter_of_a_request_has_no_argument_of_its_own() -> None:
    with pytest.raises(InvalidRequest, match="Params is") as refused:
        ViapiJobOperator(
            task_id="t",
            action="videorecog.RecognizeVideoCastCrewList",
            request={"VideoUrl": VIDEO, "Params": ["x"]},
        )

    assert "argument" not in str(refused.value)
