"""Media from and to the team's storage as part of a job's outcome: what is staged, landed, kept, cleared away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    AirflowTaskTimeout,
    BaseOperator,
)
from PIL import Image

from airflow_provider_viapi.errors import (
    InvalidRequest,
    JobFailed,
    PermissionDenied,
    ServiceError,
    SubmissionInDoubt,
    TransientError,
)
from airflow_provider_viapi.media.inputs.staging import Staging
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.imageseg import SegmentCommonImageOperator
from airflow_provider_viapi.operators.imgsearch import AddImageOperator
from airflow_provider_viapi.operators.viapi import ViapiOperator
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator
from media.team_storage import TeamStorage, storage_emulator, team
from operators import run_batch
from operators.test_paid_once import Store, WorkerLost
from run_task import TaskInstance, run_task
from served_folder import ServedFolder
from timing import skip_waits

__all__ = ["storage_emulator", "team"]

FILM = b"\0film" * 1000


@pytest.fixture
def film(tmp_path: Path) -> str:
    path = tmp_path / "my film.mp4"
    path.write_bytes(FILM)
    return f"file://{path}"


def erase(team: TeamStorage, film: str, target: Path | str, **arguments: Any) -> EraseVideoSubtitlesOperator:
    return EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url=film,
        staging="oss://team/staged",
        land_to=f"file://{target}",
        viapi_conn_id=team.hook.viapi_conn_id,
        **arguments,
    )


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_file_goes_in_and_its_result_comes_out_whole_and_nothing_stays_staged(
    team: TeamStorage, film: str, tmp_path: Path, deferrable: bool
) -> None:
    outcome = run_task(erase(team, film, f"{tmp_path}/out/", deferrable=deferrable), Store())

    landed = outcome.result["landed"]["VideoUrl"]
    assert landed.startswith(f"file://{tmp_path}/out/task-")
    assert Path(landed.removeprefix("file://")).read_bytes() == FILM
    assert outcome.pushed["landed.VideoUrl"] == landed
    assert team.keys("staged") == []


def test_a_landing_that_fails_is_made_up_for_by_the_retry_without_another_job(
    team: TeamStorage, film: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, in_the_way = Store(), tmp_path / "out"
    stage = Staging.stage

    def block_destination(self: Staging, action: Any, request: Any) -> Any:
        in_the_way.write_text("a file in place of the folder")
        return stage(self, action, request)

    monkeypatch.setattr(Staging, "stage", block_destination)
    with pytest.raises(
        ServiceError, match=r"VideoUrl of job .* cannot be written to 'file://.*/out/.*a retry"
    ):
        run_task(erase(team, film, f"{in_the_way}/"), store)
    in_the_way.unlink()
    monkeypatch.setattr(Staging, "stage", stage)

    outcome = run_task(erase(team, film, f"{in_the_way}/"), store, try_number=2)

    assert Path(outcome.result["landed"]["VideoUrl"].removeprefix("file://")).read_bytes() == FILM
    assert len(team.emulator.jobs()) == 1


def cut_out(
    team: TeamStorage, served: ServedFolder, target: Path, **arguments: Any
) -> SegmentCommonImageOperator:
    return SegmentCommonImageOperator(
        task_id="cut",
        image_url=served.address("in.png"),
        land_to=f"file://{target}/",
        allowed_hosts=["127.0.0.1"],
        viapi_conn_id=team.hook.viapi_conn_id,
        **arguments,
    )


@pytest.fixture
def pictures(team: TeamStorage, served: ServedFolder) -> ServedFolder:
    """Return a folder of a web server; the results of the action that cuts out are in it."""
    for name in ("in.png", "out.png"):
        Image.new("RGB", (200, 200)).save(served.path / name)
    team.emulator.set_result("imageseg.SegmentCommonImage", {"ImageURL": served.address("out.png")})
    return served


def paid_calls(team: TeamStorage) -> int:
    return team.emulator.calls()["SegmentCommonImage"]["accepted"]


def fail_to_land(
    operator: ViapiOperator, target: Path, monkeypatch: pytest.MonkeyPatch, **attempt: Any
) -> None:
    """Run an attempt whose folder is blocked after it was checked."""
    with monkeypatch.context() as patch:
        stage = Staging.stage

        def block_destination(self: Staging, action: Any, request: Any) -> Any:
            target.write_text("a file in place of the folder")
            return stage(self, action, request)

        patch.setattr(Staging, "stage", block_destination)
        with pytest.raises(ServiceError, match=r"ImageURL of .* cannot be written to"):
            run_task(operator, **attempt)
    target.unlink()


def test_a_call_whose_file_could_not_be_landed_is_not_paid_again_by_the_retry(
    team: TeamStorage, pictures: ServedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, target = Store(), tmp_path / "out"
    fail_to_land(cut_out(team, pictures, target), target, monkeypatch, store=store)

    outcome = run_task(cut_out(team, pictures, target), store, try_number=2)

    landed = Path(outcome.result["landed"]["ImageURL"].removeprefix("file://"))
    assert landed.read_bytes() == (pictures.path / "out.png").read_bytes()
    assert paid_calls(team) == 1
    # A task that is cleared after it has succeeded calls again.
    run_task(cut_out(team, pictures, target), store, try_number=3)
    assert paid_calls(team) == 2


def test_another_request_is_not_answered_with_the_recorded_response(
    team: TeamStorage, pictures: ServedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, target = Store(), tmp_path / "out"
    fail_to_land(cut_out(team, pictures, target), target, monkeypatch, store=store)

    run_task(cut_out(team, pictures, target, return_form="whiteBK"), store, try_number=2)

    assert paid_calls(team) == 2


def test_without_a_store_the_log_says_that_a_retry_pays_again(
    team: TeamStorage,
    pictures: ServedFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "out"
    fail_to_land(cut_out(team, pictures, target), target, monkeypatch)

    # Airflow 3 prints a task's log, Airflow 2 sends it to the handlers of the root logger.
    log = caplog.text + capsys.readouterr().out
    assert "SegmentCommonImage is paid for" in log
    assert "calls it again, and pays again" in log


def test_a_recorded_response_whose_link_has_expired_is_replaced_by_another_call_in_the_same_attempt(
    team: TeamStorage, pictures: ServedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, target = Store(), tmp_path / "out"
    old, new = pictures.path / "old.png", pictures.path / "out.png"
    old.write_bytes(new.read_bytes())
    expired = pictures.address("old.png") + "?Expires=1&OSSAccessKeyId=a&Signature=b"
    team.emulator.set_result("imageseg.SegmentCommonImage", {"ImageURL": expired})
    fail_to_land(cut_out(team, pictures, target), target, monkeypatch, store=store)
    old.unlink()
    team.emulator.set_result("imageseg.SegmentCommonImage", {"ImageURL": pictures.address("out.png")})

    outcome = run_task(cut_out(team, pictures, target), store, try_number=2)

    assert Path(outcome.result["landed"]["ImageURL"].removeprefix("file://")).read_bytes() == new.read_bytes()
    assert paid_calls(team) == 2


def test_an_empty_result_is_not_recorded_for_the_retry(
    team: TeamStorage, pictures: ServedFolder, tmp_path: Path
) -> None:
    store, target = Store(), tmp_path / "out"
    film = (pictures.path / "out.png").read_bytes()
    (pictures.path / "out.png").write_bytes(b"")
    with pytest.raises(ServiceError, match="the file is empty"):
        run_task(cut_out(team, pictures, target), store)
    (pictures.path / "out.png").write_bytes(film)

    run_task(cut_out(team, pictures, target), store, try_number=2)

    assert paid_calls(team) == 2


def test_a_timeout_while_staged_copies_are_removed_does_not_pay_again(
    team: TeamStorage, pictures: ServedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, target = Store(), tmp_path / "out"

    def interrupted(*_: Any) -> None:
        raise AirflowTaskTimeout("execution_timeout")

    with monkeypatch.context() as patch:
        patch.setattr(Staging, "release", interrupted)
        with pytest.raises(AirflowTaskTimeout):
            run_task(cut_out(team, pictures, target), store)

    run_task(cut_out(team, pictures, target), store, try_number=2)

    assert paid_calls(team) == 1


def test_a_land_to_that_becomes_none_during_the_wait_fails_the_task_and_its_retry_stores_the_result(
    team: TeamStorage, film: str, tmp_path: Path
) -> None:
    def landing_at(destination: str | None) -> Any:
        with DAG("dag", schedule=None, render_template_as_native_obj=True) as dag:
            operator = EraseVideoSubtitlesOperator(
                task_id="erase",
                video_url=film,
                staging="oss://team/staged",
                land_to="{{ destination }}",
                deferrable=True,
                viapi_conn_id=team.hook.viapi_conn_id,
            )
        context: Any = {"ti": TaskInstance(), "destination": destination}
        operator.render_template_fields(context, jinja_env=dag.get_template_env())
        return operator

    store, folder = Store(), f"file://{tmp_path}/out/"
    with pytest.raises(ServiceError, match="land_to renders to None after the wait"):
        run_task(landing_at(folder), store, resumed=landing_at(None))

    outcome = run_task(landing_at(folder), store, try_number=2)

    assert Path(outcome.result["landed"]["VideoUrl"].removeprefix("file://")).read_bytes() == FILM
    assert len(team.emulator.jobs()) == 1


def test_a_destination_that_cannot_be_written_to_is_refused_before_anything_is_submitted(
    team: TeamStorage, film: str, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file in place of the folder")

    with pytest.raises(AirflowFailException, match=r"land_to is .*out/', where no file can be written"):
        run_task(erase(team, film, f"{tmp_path}/out/"), Store())

    assert team.emulator.jobs() == []
    assert team.keys("staged") == []


def test_expired_links_fail_without_retry_and_only_a_user_submits_again(
    team: TeamStorage, film: str, tmp_path: Path
) -> None:
    store = Store()
    team.emulator.fault(action="EraseVideoSubtitles", result_expires=0)
    with pytest.raises(AirflowFailException, match="ResultExpired"):
        run_task(erase(team, film, f"{tmp_path}/out/"), store)

    outcome = run_task(erase(team, film, f"{tmp_path}/out/"), store, try_number=2, max_tries=4)

    assert Path(outcome.result["landed"]["VideoUrl"].removeprefix("file://")).read_bytes() == FILM
    assert len(team.emulator.jobs()) == 2


def test_the_staged_copy_of_a_job_that_failed_is_cleared_away(team: TeamStorage, tmp_path: Path) -> None:
    letter = tmp_path / "letter.mp4"
    letter.write_bytes(b"refuse me")

    with pytest.raises((JobFailed, AirflowFailException), match=r"InvalidFile\.Decode"):
        run_task(erase(team, f"file://{letter}", f"{tmp_path}/out/"), Store())

    assert team.keys("staged") == []
    assert not (tmp_path / "out").exists()


def test_an_impossible_file_is_refused_before_anything_is_submitted(
    team: TeamStorage, tmp_path: Path
) -> None:
    (tmp_path / "empty.mp4").touch()

    with pytest.raises((InvalidRequest, AirflowFailException), match=r"empty\.mp4"):
        run_task(erase(team, f"file://{tmp_path}/empty.mp4", f"{tmp_path}/out/"), Store())

    assert team.emulator.jobs() == []


@pytest.mark.parametrize("place", ["nowhere", "nosuch://bucket/out/", "s3://bucket/{nobody}/"])
def test_a_place_that_turns_out_to_be_none_is_refused_before_anything_is_submitted(
    team: TeamStorage, film: str, place: str
) -> None:
    operator = erase(team, film, "{{ place }}/")
    operator.land_to = place

    with pytest.raises(AirflowFailException, match="land_to is"):
        run_task(operator, Store())

    assert team.emulator.jobs() == []


def test_a_submission_that_is_refused_leaves_no_staged_copy(
    team: TeamStorage, film: str, tmp_path: Path
) -> None:
    team.emulator.fault(action="EraseVideoSubtitles", code="InvalidParameter")

    with pytest.raises(AirflowFailException, match="InvalidParameter"):
        run_task(erase(team, film, f"{tmp_path}/out/"), Store())

    assert team.keys("staged") == []


def test_a_source_that_has_vanished_does_not_make_a_submission_without_an_answer_be_forgotten(
    team: TeamStorage, film: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = skip_waits(monkeypatch)
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}/state")
    team.emulator.fault(action="EraseVideoSubtitles", drop="after")
    team.emulator.fault(action="QueryAsyncJobList", code="ServiceUnavailable", times=None)
    with pytest.raises(SubmissionInDoubt):
        run_task(erase(team, film, f"{tmp_path}/out/"))
    team.emulator.clear_faults()
    # The emulator's job list may be read once in 5 seconds.
    clock.speed = 10
    Path(film.removeprefix("file://")).unlink()

    outcome = run_task(erase(team, film, f"{tmp_path}/out/"), try_number=2)

    assert Path(outcome.result["landed"]["VideoUrl"].removeprefix("file://")).read_bytes() == FILM
    assert len(team.emulator.jobs()) == 1


def test_where_other_dag_runs_cannot_be_seen_a_request_that_cannot_be_sent_again_stays_unknown(
    team: TeamStorage, film: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_waits(monkeypatch, speed=10)
    store = Store()
    store.lost_before_write = 2
    with pytest.raises(WorkerLost):
        run_task(erase(team, film, f"{tmp_path}/out/"), store)
    Path(film.removeprefix("file://")).unlink()

    with pytest.raises(SubmissionInDoubt, match=r"another DAG run: without \[viapi\] state_path"):
        run_task(erase(team, film, f"{tmp_path}/out/"), store, try_number=2)

    assert len(team.emulator.jobs()) == 1


def test_media_that_cannot_be_staged_now_are_left_to_a_retry_and_hold_no_worker(
    team: TeamStorage, film: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []

    def lost(*_: Any, **__: Any) -> None:
        begun.append(1)
        raise TransientError("the way was lost")

    monkeypatch.setattr(Staging, "stage", lost)

    with pytest.raises(TransientError, match="the way was lost"):
        run_task(erase(team, film, f"{tmp_path}/out/", job_timeout=timedelta(seconds=8)), Store())

    assert len(begun) == 1


def batch(team: TeamStorage, *films: str, **arguments: Any) -> ViapiBatchOperator:
    return ViapiBatchOperator(
        task_id="erase_all",
        operator=EraseVideoSubtitlesOperator,
        items=[{"video_url": film} for film in films],
        staging="oss://team/staged",
        viapi_conn_id=team.hook.viapi_conn_id,
        deferrable=False,
        **arguments,
    )


def test_an_item_that_is_refused_leaves_no_staged_copy(team: TeamStorage, film: str) -> None:
    team.emulator.fault(action="EraseVideoSubtitles", code="InvalidParameter")

    rows = run_batch.run_batch(lambda: batch(team, film, film, max_failed=1), run_batch.Store()).rows

    assert [row["error"] and row["error"]["code"] for row in rows] == ["InvalidParameter", None]
    assert team.keys("staged") == []


@pytest.mark.parametrize("error", [PermissionDenied, TransientError])
def test_a_file_that_cannot_be_read_fails_its_item_alone(
    team: TeamStorage, film: str, monkeypatch: pytest.MonkeyPatch, error: type[ServiceError]
) -> None:
    stage = Staging.stage

    def stage_what_may_be_read(self: Staging, action: Any, request: Any) -> Any:
        if "locked" in request["VideoUrl"]:
            raise error("locked.mp4 may not be read", code="AccessDenied")
        return stage(self, action, request)

    monkeypatch.setattr(Staging, "stage", stage_what_may_be_read)
    make = lambda: batch(team, "s3://films/locked.mp4", film, max_failed=1)  # noqa: E731

    rows = run_batch.run_batch(make, run_batch.Store()).rows

    assert [row["error"] and row["error"]["code"] for row in rows] == ["AccessDenied", None]


def test_where_files_land_is_known_to_the_tasks_downstream() -> None:
    with DAG("dag", schedule=None):
        first = EraseVideoSubtitlesOperator(task_id="a", video_url="s3://b/film.mp4", land_to="s3://b/out/")
        second = ChangeVideoSizeOperator(
            task_id="b", video_url=first.landed["VideoUrl"], width=480, height=480
        )

    assert second.upstream_task_ids == {"a"}
    assert first.landed["VideoUrl"].key == "landed.VideoUrl"


@pytest.mark.parametrize(
    ("operator", "arguments", "named"),
    [
        (EraseVideoSubtitlesOperator, {"video_url": "ftp://h/a.mp4"}, "VideoUrl"),
        (EraseVideoSubtitlesOperator, {"video_url": "s3://b/a.mp4", "staging": "s3://b"}, "staging is"),
        (EraseVideoSubtitlesOperator, {"video_url": "s3://b/a.mp4", "land_to": "out"}, "land_to is"),
        (
            EraseVideoSubtitlesOperator,
            {"video_url": "s3://b/a.mp4", "land_to": "s3://b/{nobody}/"},
            "nobody",
        ),
        (
            EraseVideoSubtitlesOperator,
            {"video_url": "s3://b/a.mp4", "land_to": "s3://b/", "wait_for_completion": False},
            "wait_for_completion",
        ),
        (
            AddImageOperator,
            {"db_name": "covers", "entity_id": "a", "image_url": "s3://b/a.jpg", "staging": "here"},
            "staging is",
        ),
    ],
)
def test_a_place_that_is_none_fails_when_the_dag_is_parsed(
    operator: type[BaseOperator], arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        operator(task_id="task", **arguments)


def test_media_anywhere_are_accepted_by_every_operator_that_takes_media() -> None:
    task = AddImageOperator(task_id="a", db_name="covers", entity_id="a", image_url="s3://b/Bild 1.jpg")

    assert isinstance(task, ViapiOperator)
    assert task.request["ImageUrl"] == "s3://b/Bild 1.jpg"
