"""Links are checked before money is spent, whatever runs the action; a staging place may be a path object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import AddImageOperator
from airflow_provider_viapi.operators.metastudio import CreatePictureModelByUrlOperator
from airflow_provider_viapi.operators.viapi import ViapiOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.transfers.object_storage_to_viapi import ObjectStorageToViapiOperator
from media.team_storage import BUCKET, TeamStorage, storage_emulator, team
from operators import huawei_tasks, run_batch
from operators.test_paid_once import Store
from run_task import TaskInstance, run_task
from scripted_server import Answer, responding
from served_folder import ServedFolder

__all__ = ["storage_emulator", "team"]

SIGNED = "?Expires=1&Signature=secret"


def add_image(team: TeamStorage, link: str) -> ViapiOperator:
    return AddImageOperator(
        task_id="add",
        db_name="mugs",
        entity_id="one",
        image_url=link,
        viapi_conn_id=team.hook.viapi_conn_id,
    )


def read_colors(team: TeamStorage, link: str) -> ViapiOperator:
    return ViapiOperator(
        task_id="colors",
        action="imagerecog.RecognizeImageColor",
        request={"Url": link},
        viapi_conn_id=team.hook.viapi_conn_id,
    )


@pytest.mark.parametrize("make", [add_image, read_colors])
def test_a_link_of_an_action_that_responds_at_once_is_checked_before_it_is_called(
    make: Any, team: TeamStorage, served: ServedFolder
) -> None:
    with pytest.raises(AirflowFailException, match=r"nothing\.jpg, .*status 404") as caught:
        run_task(make(team, served.address("nothing.jpg") + SIGNED))

    assert "secret" not in str(caught.value)
    assert team.emulator.calls() == {}


@pytest.mark.parametrize("make", [add_image, read_colors])
def test_a_task_that_calls_an_action_at_once_shows_why_it_failed(
    make: Any, team: TeamStorage, served: ServedFolder
) -> None:
    operator, instance = make(team, served.address("nothing.jpg") + SIGNED), TaskInstance(try_number=2)
    with pytest.raises(AirflowFailException):
        operator.execute({"ti": instance, "task_instance": instance})

    view = instance.pushed["viapi_view"]
    assert (view["action"], view["try_number"]) == (operator.action.full_name, 2)
    assert view["error"]["class"] == "InvalidMedia"
    assert "nothing.jpg" in view["error"]["message"]
    assert list(view["timeline"]) == ["rendered", "failed"]
    assert "secret" not in str(view)


@pytest.mark.parametrize("status", [200, 416])
def test_a_link_to_an_empty_file_is_refused_before_a_job_is_submitted(team: TeamStorage, status: int) -> None:
    empty = Answer(status, headers={"Content-Range": "bytes */0"} if status == 416 else {})

    with responding(lambda _: empty) as url:
        erase = EraseVideoSubtitlesOperator(
            task_id="erase",
            video_url=f"{url}/empty.mp4",
            viapi_conn_id=team.hook.viapi_conn_id,
            deferrable=False,
        )
        with pytest.raises(AirflowFailException, match=r"VideoUrl: .*/empty\.mp4 is empty"):
            run_task(erase, Store())

    assert team.emulator.jobs() == []


def test_it_is_not_where_only_the_service_may_read_it(
    team: TeamStorage, served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__CHECK_SOURCES", "False")

    with pytest.raises(AirflowFailException):
        run_task(add_image(team, served.address("nothing.jpg")))

    assert "AddImage" in team.emulator.calls()


def test_a_link_in_a_batch_that_leads_to_no_file_fails_its_item_and_submits_nothing_for_it(
    team: TeamStorage, served: ServedFolder
) -> None:
    (served.path / "film.mp4").write_bytes(b"\0film" * 1000)

    def make() -> ViapiBatchOperator:
        return ViapiBatchOperator(
            task_id="all",
            operator=EraseVideoSubtitlesOperator,
            items=[{"video_url": served.address(name) + SIGNED} for name in ("film.mp4", "nothing.mp4")],
            max_failed=2,
            viapi_conn_id=team.hook.viapi_conn_id,
        )

    rows = run_batch.run_batch(make, run_batch.Store()).rows

    assert rows[1]["error"]["code"] == "InvalidFile.Download"
    assert "secret" not in str(rows[1]["error"])
    assert len(team.emulator.jobs()) == 1


def test_a_link_to_a_picture_that_huawei_cloud_would_read_is_checked(
    viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, served: ServedFolder
) -> None:
    huawei_tasks.connect(monkeypatch, viapi_emulator)
    operator = CreatePictureModelByUrlOperator(
        task_id="mei", picture_url=served.address("no.png") + SIGNED, style_id="system_male_001", name="Mei"
    )

    with pytest.raises(AirflowFailException, match=r"picture_url is .*no\.png, .*status 404") as caught:
        run_task(operator, huawei_tasks.Store())

    assert "secret" not in str(caught.value)
    assert viapi_emulator.jobs() == []


PLACE = ObjectStoragePath("oss://media/staging")


@pytest.mark.parametrize(
    "operator",
    [
        lambda: EraseVideoSubtitlesOperator(task_id="a", video_url="s3://b/a.mp4", staging=PLACE),
        lambda: ViapiBatchOperator(
            task_id="b",
            operator=EraseVideoSubtitlesOperator,
            items=[{"video_url": "s3://b/a.mp4"}],
            staging=PLACE,
        ),
        lambda: IndexImagesOperator(task_id="c", db_name="mugs", images="s3://b/a.csv", staging=PLACE),
        lambda: ObjectStorageToViapiOperator(task_id="d", source="s3://b/a.mp4", staging=PLACE),
    ],
    ids=["job", "batch", "index", "transfer"],
)
def test_a_staging_place_may_be_a_path_object(operator: Any) -> None:
    assert operator().staging == "oss://media/staging"


def test_a_path_object_that_a_task_has_returned_is_a_staging_place(team: TeamStorage, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"\0film" * 1000)
    operator = EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url=film.as_uri(),
        staging="{{ ti.xcom_pull('place') }}",
        viapi_conn_id=team.hook.viapi_conn_id,
        deferrable=True,
    )
    operator.staging = ObjectStoragePath(f"oss://{BUCKET}/staged")

    run_task(operator, Store())

    assert operator.staging == f"oss://{BUCKET}/staged"
