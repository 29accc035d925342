"""Landing as a task of its own, against the emulator: its links, and what it answers when they have ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, JobFailed, ResultExpired, ServiceError
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.model import Job
from airflow_provider_viapi.transfers.viapi_to_object_storage import ViapiResultToObjectStorageOperator
from emulator import fake_media
from run_task import run_task
from served_folder import ServedFolder

ERASE = videoenhan.ERASE_VIDEO_SUBTITLES
Submit = Callable[[], str]


@pytest.fixture(scope="module")
def running_emulator() -> Iterator[EmulatorServer]:
    with EmulatorServer(transforms=fake_media.TRANSFORMS) as server:
        yield server


@pytest.fixture
def emulator(running_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    running_emulator.reset()
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", running_emulator.connection_json())
    return running_emulator


@pytest.fixture
def submit(emulator: EmulatorServer, served: ServedFolder) -> Submit:
    def submit() -> str:
        (served.path / "film.mp4").write_bytes(b"a film")
        hook = ViapiHook()
        job_id = str(hook.call(ERASE, {"VideoUrl": served.address("film.mp4")})["RequestId"])
        while not hook.report(Job(job_id, ERASE.full_name)).is_final:
            time.sleep(0.02)
        return job_id

    return submit


def result_of(job_id: str) -> dict[str, Any]:
    return ViapiHook().report(Job(job_id, ERASE.full_name)).result_or_raise()


def land(to: Path, **arguments: Any) -> Any:
    return run_task(
        ViapiResultToObjectStorageOperator(task_id="land", land_to=f"{to.as_uri()}/", **arguments)
    ).result


@pytest.mark.parametrize("action", [None, "EraseVideoSubtitles", ERASE])
def test_the_result_of_a_job_lands_by_the_jobs_id(submit: Submit, tmp_path: Path, action: Any) -> None:
    job_id = submit()

    landed = land(tmp_path, job_id=job_id, action=action)

    assert landed == {"VideoUrl": f"{tmp_path.as_uri()}/task-VideoUrl-{job_id}.mp4"}
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"a film"]


def test_a_result_that_a_task_has_returned_lands_without_a_call(
    submit: Submit, emulator: EmulatorServer, tmp_path: Path
) -> None:
    result = result_of(submit())
    calls = emulator.calls()

    (address,) = land(tmp_path, result=result).values()

    assert Path(address.removeprefix("file://")).read_bytes() == b"a film"
    assert emulator.calls() == calls


def test_a_link_that_has_ended_is_asked_for_again_and_then_named(
    submit: Submit, emulator: EmulatorServer, tmp_path: Path
) -> None:
    emulator.fault(action=ERASE.name, result_expires=0.01)
    job_id = submit()
    result = result_of(job_id)
    time.sleep(2.1)

    with pytest.raises((ResultExpired, AirflowFailException), match="expired") as raised:
        land(tmp_path, result=result, job_id=job_id)

    assert "Signature" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_does_not_work_is_replaced_by_one_that_does(submit: Submit, tmp_path: Path) -> None:
    job_id = submit()
    stale = {"VideoUrl": result_of(job_id)["VideoUrl"].replace("/video.mp4", "/gone.mp4").partition("?")[0]}

    landed = land(tmp_path, result=stale, job_id=job_id)

    assert Path(landed["VideoUrl"].removeprefix("file://")).read_bytes() == b"a film"


def test_a_job_that_goes_on_is_not_waited_for_here(
    emulator: EmulatorServer, served: ServedFolder, tmp_path: Path
) -> None:
    emulator.fault(action=ERASE.name, job={"processing": 600})
    (served.path / "film.mp4").write_bytes(b"a film")
    job_id = ViapiHook().call(ERASE, {"VideoUrl": served.address("film.mp4")})["RequestId"]

    with pytest.raises(ServiceError, match="with ViapiJobSensor"):
        land(tmp_path, job_id=job_id)


def test_a_job_that_failed_has_nothing_to_land(
    submit: Submit, emulator: EmulatorServer, tmp_path: Path
) -> None:
    emulator.fault(action=ERASE.name, job={"state": "PROCESS_FAILED"})

    with pytest.raises(JobFailed):
        land(tmp_path, job_id=submit())


def test_hosts_inside_other_than_the_connections_are_refused(
    submit: Submit, served: ServedFolder, tmp_path: Path
) -> None:
    submit()
    elsewhere = {"VideoUrl": served.address("film.mp4")}

    with pytest.raises(AirflowFailException, match="private address"):
        land(tmp_path, result=elsewhere)

    assert land(tmp_path, result=elsewhere, allowed_hosts=[served.url.removeprefix("http://")])


def test_what_cannot_be_right_is_found_when_the_dag_is_parsed() -> None:
    def make(**arguments: Any) -> None:
        ViapiResultToObjectStorageOperator(task_id="land", **arguments)

    with pytest.raises(InvalidRequest, match="neither result nor job_id"):
        make(land_to="s3://media/")
    with pytest.raises(InvalidRequest, match="an address that can be written to"):
        make(land_to="media/", job_id="x")
    with pytest.raises(InvalidRequest, match="holds no files"):
        make(land_to="s3://media/", job_id="x", action="DetectVideoShot")
    with pytest.raises(InvalidRequest, match=r"allowed_hosts has 'http://nas'; allowed"):
        make(land_to="s3://media/", job_id="x", allowed_hosts=["{{ params.host }}", "http://nas"])
    make(land_to="s3://media/", job_id="x", allowed_hosts=["{{ params.host }}", "nas"])
    make(land_to="s3://media/{{ ds }}/{task_id}/", job_id="x")


MISTAKES = pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"result": "VideoUrl"}, "result is of type str"),
        ({"result": 5, "job_id": "x"}, "result is of type int"),
        ({"job_id": ""}, "job_id is ''; allowed: the id of a job"),
        ({"job_id": "  "}, "job_id is '  '"),
        ({"job_id": 5}, "job_id is 5"),
        ({"job_id": ["a"]}, r"job_id is \['a'\]"),
        ({"job_id": ["{{ params.job }}"]}, r"job_id is \['{{ params.job }}'\]"),
    ],
)


@MISTAKES
def test_a_literal_that_is_no_job_or_result_is_refused_when_the_dag_is_parsed(
    tmp_path: Path, given: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidRequest, match=why):
        land(tmp_path, **given)


@MISTAKES
def test_and_after_rendering_otherwise(
    emulator: EmulatorServer, tmp_path: Path, given: dict[str, Any], why: str
) -> None:
    operator = ViapiResultToObjectStorageOperator(
        task_id="land", land_to=f"{tmp_path.as_uri()}/", **dict.fromkeys(given, "{{ x }}")
    )
    for name, value in given.items():
        setattr(operator, name, value)

    with pytest.raises(AirflowFailException, match=why):
        run_task(operator)


def test_outlets_and_lineage_report_the_landed_files(submit: Submit, tmp_path: Path) -> None:
    from airflow.providers.common.compat.sdk import AssetAlias

    from media.test_asset_events import OutletEventAccessors, alias_events

    films = AssetAlias("films")
    operator = ViapiResultToObjectStorageOperator(
        task_id="land", job_id=submit(), land_to=f"{tmp_path.as_uri()}/film.mp4", outlets=[films]
    )
    instance = SimpleNamespace(dag_id="dag", run_id="run", task_id="land", map_index=-1)
    context: Any = {"ti": instance, "outlet_events": OutletEventAccessors()}

    operator.execute(context)

    ((uri, extra),) = alias_events(context["outlet_events"][films])
    assert (uri, extra["job_id"]) == (f"{tmp_path.as_uri()}/film.mp4", operator.job_id)
    assert (extra["type"], extra["size"]) == ("video/mp4", (tmp_path / "film.mp4").stat().st_size)
    pytest.importorskip("airflow.providers.openlineage")
    (output,) = operator.get_openlineage_facets_on_complete(None).outputs
    assert (output.namespace, output.name) == ("file", f"{tmp_path}/film.mp4")
