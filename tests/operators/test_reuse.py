"""A job is paid once for the same request and the same sources, in whichever DAG run."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest
from airflow_provider_viapi.media.outputs.landing import Landing
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.metastudio.speech import CreateSpeechOperator
from airflow_provider_viapi.operators.videoenhan import (
    EraseVideoSubtitlesOperator,
)
from airflow_provider_viapi.state.object_storage import open_state_path
from airflow_provider_viapi.state.reusable_results import prune_records
from media.moto_s3 import Bucket, bucket, moto_endpoint
from media.team_storage import TeamStorage, storage_emulator, team
from operators.huawei_tasks import SPEAK, connect, in_haste
from operators.run_batch import run_batch
from run_task import TaskResult, run_task
from served_folder import ServedFolder
from timing import poll_quickly

__all__ = ["bucket", "moto_endpoint", "storage_emulator", "team"]

MONTH = timedelta(days=30)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, team: TeamStorage) -> None:
    poll_quickly(monkeypatch)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder below which records are kept."""
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}/state")
    return tmp_path / "state"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film 1")
    return path


Run = Callable[..., TaskResult]


@pytest.fixture
def erase(team: TeamStorage, tmp_path: Path) -> Run:
    """Runs a task in a DAG run of its own, with these arguments."""

    def run(
        source: Path | str, run_id: str, *, try_number: int = 1, max_tries: int = 3, **arguments: Any
    ) -> TaskResult:
        operator = EraseVideoSubtitlesOperator(
            task_id="erase",
            video_url=f"file://{source}" if isinstance(source, Path) else source,
            **{
                "land_to": f"file://{tmp_path}/out/{run_id}/",
                "reuse_results": MONTH,
                "deferrable": False,
                "viapi_conn_id": team.hook.viapi_conn_id,
                **arguments,
            },
        )
        return run_task(operator, run_id=run_id, try_number=try_number, max_tries=max_tries)

    return run


def record_files(state: Path) -> list[Path]:
    return list((state / "results").glob("??/*.json"))


def landed_file(result: TaskResult) -> Path:
    return Path(result.result["landed"]["VideoUrl"].removeprefix("file://"))


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_second_dag_run_pays_nothing_and_names_the_job_that_was_paid(
    team: TeamStorage, erase: Run, film: Path, counted: Counter[Any], deferrable: bool
) -> None:
    first = erase(film, "monday", deferrable=deferrable)
    second = erase(film, "tuesday", deferrable=deferrable)

    (job,) = team.emulator.jobs()
    assert "reused" not in first.result
    assert second.result["reused"] == {
        "dag_id": "dag",
        "run_id": "monday",
        "task_id": "task",
        "job_id": job["job_id"],
    }
    assert second.result["landed"] == first.result["landed"]
    assert landed_file(second).read_bytes() == b"film 1"
    assert (
        second.pushed["landed.VideoUrl"]
        == second.pushed["result_link"]
        == second.result["landed"]["VideoUrl"]
    )
    assert counted["viapi.jobs_reused", "videoenhan.EraseVideoSubtitles"] == 1


def test_a_reused_result_has_no_links_that_have_expired(erase: Run, film: Path) -> None:
    first = erase(film, "monday")
    second = erase(film, "tuesday")

    assert first.result["VideoUrl"].startswith("http")
    assert second.result["VideoUrl"] == second.result["landed"]["VideoUrl"]


def test_a_cleared_task_reuses_its_own_result(team: TeamStorage, erase: Run, film: Path) -> None:
    erase(film, "monday")

    again = erase(film, "monday", try_number=2, max_tries=5)

    assert again.result["reused"]["run_id"] == "monday"
    assert len(team.emulator.jobs()) == 1


def test_without_reuse_each_dag_run_pays(team: TeamStorage, erase: Run, film: Path, state: Path) -> None:
    for run_id in ("monday", "tuesday"):
        erase(film, run_id, reuse_results=None)

    assert len(team.emulator.jobs()) == 2
    assert record_files(state) == []


def test_a_source_that_was_replaced_is_paid_for(team: TeamStorage, erase: Run, film: Path) -> None:
    erase(film, "monday")
    film.write_bytes(b"film 2")

    second = erase(film, "tuesday")
    third = erase(film, "wednesday")

    assert landed_file(second).read_bytes() == b"film 2"
    assert third.result["reused"]["run_id"] == "tuesday"
    assert len(team.emulator.jobs()) == 2


def test_a_source_that_is_replaced_while_its_job_runs_is_not_taken_for_the_one_that_was_sent(
    team: TeamStorage, erase: Run, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first attempt submits film 1 and cannot land it; the second one lands it when film 2 is there.
    blocker = tmp_path / "out"
    with monkeypatch.context() as broken:
        broken.setattr(Landing, "land", lambda *_, **__: (_ for _ in ()).throw(OSError("the disk is full")))
        with pytest.raises(OSError, match="disk is full"):
            erase(film, "monday")
    film.write_bytes(b"film 2")
    erase(film, "monday", try_number=2)

    second = erase(film, "tuesday")

    assert blocker.exists()
    assert landed_file(second).read_bytes() == b"film 2"
    assert len(team.emulator.jobs()) == 2


def overwrite(path: Path) -> None:
    path.write_bytes(b"film 9")
    os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.mark.parametrize(
    "damage",
    [Path.unlink, lambda path: path.write_bytes(b"fil"), overwrite],
    ids=["removed", "cut off", "overwritten with the same size"],
)
def test_a_landed_file_that_is_damaged_is_paid_for_again(
    team: TeamStorage, erase: Run, film: Path, damage: Callable[[Path], object]
) -> None:
    damage(landed_file(erase(film, "monday")))

    second = erase(film, "tuesday")

    assert "reused" not in second.result
    assert landed_file(second).read_bytes() == b"film 1"
    assert len(team.emulator.jobs()) == 2


def edit(path: Path, **changed: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def test_an_older_result_is_paid_for_again(team: TeamStorage, erase: Run, film: Path, state: Path) -> None:
    erase(film, "monday")
    (record,) = record_files(state)
    edit(record, landed_at=(datetime.now(timezone.utc) - timedelta(days=2)).isoformat())

    assert "reused" in erase(film, "tuesday", reuse_results=timedelta(days=3)).result
    assert "reused" not in erase(film, "wednesday", reuse_results=86400).result
    assert len(team.emulator.jobs()) == 2


def test_a_result_of_another_endpoint_is_not_reused(
    team: TeamStorage, erase: Run, film: Path, state: Path
) -> None:
    erase(film, "monday")
    (record,) = record_files(state)
    edit(record, endpoint="https://videoenhan.cn-shanghai.aliyuncs.com")

    assert "reused" not in erase(film, "tuesday").result


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2}', "null", '{"version": 1, "digest": 0}'])
def test_a_damaged_record_is_ignored_and_replaced(
    team: TeamStorage, erase: Run, film: Path, state: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    erase(film, "monday")
    (record,) = record_files(state)
    record.write_text(content)

    assert "reused" not in erase(film, "tuesday").result
    assert erase(film, "wednesday").result["reused"]["run_id"] == "tuesday"


def test_a_record_that_cannot_be_read_or_written_fails_no_task(
    team: TeamStorage, erase: Run, film: Path, state: Path
) -> None:
    (state / "results").parent.mkdir()
    (state / "results").write_text("a file in place of the folder")

    assert landed_file(erase(film, "monday")).read_bytes() == b"film 1"


def test_a_changed_request_is_paid_for(team: TeamStorage, erase: Run, film: Path) -> None:
    erase(film, "monday", by=0.7)

    assert "reused" not in erase(film, "tuesday", by=0.8).result
    assert "reused" in erase(film, "wednesday", by=0.7).result
    assert len(team.emulator.jobs()) == 2


def host(served: ServedFolder) -> str:
    return served.url.removeprefix("http://")


def test_links_that_were_signed_again_lead_to_the_same_result_and_no_signature_is_recorded(
    team: TeamStorage, erase: Run, served: ServedFolder, state: Path
) -> None:
    (served.path / "signed.mp4").write_bytes(b"signed")
    link = f"{served.address('signed.mp4')}?OSSAccessKeyId=LTAIkeyid&Expires=1900000000&Signature="
    given = {"allowed_hosts": [host(served)], "land_manifest": True}

    first = erase(f"{link}first%2Bsignature", "monday", **given)
    second = erase(f"{link}second%2Bsignature", "tuesday", **given)

    assert second.result["reused"]["run_id"] == "monday"
    assert len(team.emulator.jobs()) == 1
    (record,) = record_files(state)
    manifest = Path(first.result["manifest"].removeprefix("file://"))
    for text in (record.read_text(), manifest.read_text()):
        assert "signed.mp4" in text
        for secret in ("LTAIkeyid", "signature", "viapi-emulator-secret"):
            assert secret not in text.replace("Signature=***", "")


def test_a_file_on_the_web_that_was_replaced_is_paid_for(
    team: TeamStorage, erase: Run, served: ServedFolder
) -> None:
    path = served.path / "replaced.mp4"
    path.write_bytes(b"film 1")
    erase(served.address("replaced.mp4"), "monday", allowed_hosts=[host(served)])
    path.write_bytes(b"film 2")
    os.utime(path, (1_000_000_000, 1_000_000_000))

    second = erase(served.address("replaced.mp4"), "tuesday", allowed_hosts=[host(served)])

    assert landed_file(second).read_bytes() == b"film 2"


def test_a_source_without_a_version_is_paid_for_unless_the_author_allows_it(
    team: TeamStorage, erase: Run, served: ServedFolder
) -> None:
    # The host is private and not allowed, so that its version cannot be read.
    (served.path / "unversioned.mp4").write_bytes(b"film")
    address = served.address("unversioned.mp4")

    erase(address, "monday")
    assert "reused" not in erase(address, "tuesday").result
    assert erase(address, "wednesday", reuse_unversioned=True).result["reused"]["run_id"] == "tuesday"


def test_sources_records_and_results_in_s3(
    team: TeamStorage, erase: Run, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"{bucket.url}/state")
    bucket.client.put_object(Bucket=bucket.name, Key="film.mp4", Body=b"film 1")
    run = lambda run_id: erase(f"{bucket.url}/film.mp4", run_id, land_to=f"{bucket.url}/out/{run_id}/")  # noqa: E731

    run("monday")
    assert run("tuesday").result["reused"]["run_id"] == "monday"

    bucket.client.put_object(Bucket=bucket.name, Key="film.mp4", Body=b"film 2")
    paid = run("wednesday")
    assert "reused" not in paid.result
    key = paid.result["landed"]["VideoUrl"].removeprefix(f"{bucket.url}/")
    assert bucket.read(key) == b"film 2"

    bucket.client.delete_object(Bucket=bucket.name, Key=key)
    paid = run("thursday")
    assert "reused" not in paid.result

    # Another file of the same size is not this job's result.
    key = paid.result["landed"]["VideoUrl"].removeprefix(f"{bucket.url}/")
    bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"film 9")
    assert "reused" not in run("friday").result
    assert len(team.emulator.jobs()) == 4


def test_a_manifest_describes_the_job_beside_its_files(team: TeamStorage, erase: Run, film: Path) -> None:
    result = erase(film, "monday", by=0.7, reuse_results=None, land_manifest=True)

    (job,) = team.emulator.jobs()
    landed = landed_file(result)
    assert result.result["manifest"] == f"file://{landed}.manifest.json"
    manifest = json.loads(Path(f"{landed}.manifest.json").read_text())
    assert manifest["request"] == {"VideoUrl": f"file://{film}", "BY": 0.7}
    (source,) = manifest["sources"]
    assert source["address"] == f"file://{film}"
    assert source["version"] == {"size": "6", "mtime": str(film.stat().st_mtime)}
    version = {"mtime": str(landed.stat().st_mtime)}
    assert manifest["files"] == {"VideoUrl": {"address": f"file://{landed}", "size": 6, "version": version}}
    assert (manifest["job_id"], manifest["run_id"], manifest["map_index"]) == (job["job_id"], "monday", -1)
    times = [datetime.fromisoformat(manifest[name]) for name in ("submitted_at", "landed_at")]
    assert times == sorted(times)
    assert "result" not in manifest


def test_a_result_whose_file_is_gone_before_it_is_recorded_is_not_reused(
    team: TeamStorage, erase: Run, film: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land = Landing.land

    def land_and_move(*args: Any, **kwargs: Any) -> dict[str, str]:
        landed = land(*args, **kwargs)
        Path(landed["VideoUrl"].removeprefix("file://")).unlink()
        return landed

    with monkeypatch.context() as moving:
        moving.setattr(Landing, "land", land_and_move)
        erase(film, "monday")
    assert record_files(state) == []

    assert landed_file(erase(film, "tuesday")).read_bytes() == b"film 1"
    # As earlier versions recorded it.
    (record,) = record_files(state)
    address = f"file://{film.parent}/gone.mp4"
    edit(record, files={"VideoUrl": {"address": address, "size": None}})

    assert "reused" not in erase(film, "wednesday").result
    assert len(team.emulator.jobs()) == 3


def test_a_manifest_that_cannot_be_written_does_not_keep_the_result_from_reuse(
    erase: Run, film: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.mp4.manifest.json").mkdir()
    arguments = {"land_to": f"file://{tmp_path}/out.mp4", "land_manifest": True}

    assert "manifest" not in erase(film, "monday", **arguments).result

    assert erase(film, "tuesday", **arguments).result["reused"]["run_id"] == "monday"


def test_a_manifest_needs_no_state_path(erase: Run, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__VIAPI__STATE_PATH")

    result = erase(film, "monday", reuse_results=None, land_manifest=True)

    assert json.loads(Path(f"{landed_file(result)}.manifest.json").read_text())["job_id"]


def test_a_missing_state_path_is_named_before_anything_is_submitted(
    team: TeamStorage, erase: Run, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW__VIAPI__STATE_PATH")

    with pytest.raises((ConfigurationError, AirflowFailException), match=r"\[viapi\] state_path"):
        erase(film, "monday")

    assert team.emulator.jobs() == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"reuse_results": MONTH, "land_to": None}, "reuse_results needs land_to"),
        ({"land_manifest": True, "land_to": None}, "land_manifest needs land_to"),
        ({"reuse_results": timedelta(0)}, "reuse_results is"),
        ({"reuse_results": -5}, "reuse_results is"),
        ({"reuse_results": "30 days"}, "reuse_results is"),
        ({"reuse_results": True}, "reuse_results is"),
        ({"reuse_results": MONTH, "durable": False}, "durable=True"),
    ],
)
def test_arguments_that_cannot_work_fail_when_the_dag_is_parsed(
    arguments: dict[str, Any], named: str
) -> None:
    given = {"video_url": "s3://b/film.mp4", "land_to": "s3://b/out/", **arguments}

    with pytest.raises(InvalidRequest, match=named):
        EraseVideoSubtitlesOperator(task_id="task", **given)
    if "durable" not in given:
        video = given.pop("video_url")
        with pytest.raises(InvalidRequest, match=named):
            ViapiBatchOperator(
                task_id="task", operator=EraseVideoSubtitlesOperator, items=[{"video_url": video}], **given
            )


def test_what_is_stored_at_the_service_has_no_version(
    team: TeamStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_haste(monkeypatch)
    connect(monkeypatch, team.emulator)

    def speak(run_id: str, **arguments: Any) -> dict[str, Any]:
        operator = CreateSpeechOperator(
            task_id="speak", **SPEAK, land_to=f"file://{tmp_path}/", reuse_results=MONTH, **arguments
        )
        result: dict[str, Any] = run_task(operator, run_id=run_id).result
        return result

    speak("monday")
    assert "reused" not in speak("tuesday")
    assert speak("wednesday", reuse_unversioned=True)["reused"]["run_id"] == "tuesday"


@pytest.fixture
def erase_all(team: TeamStorage, tmp_path: Path) -> Callable[..., Any]:
    def run(films: Sequence[Path | str], run_id: str, **arguments: Any) -> list[dict[str, Any]]:
        def make() -> ViapiBatchOperator:
            return ViapiBatchOperator(
                task_id="erase_all",
                operator=EraseVideoSubtitlesOperator,
                items=[{"video_url": f"file://{film}" if isinstance(film, Path) else film} for film in films],
                viapi_conn_id=team.hook.viapi_conn_id,
                reuse_results=MONTH,
                **{"land_to": f"file://{tmp_path}/out/{run_id}/", "deferrable": True, **arguments},
            )

        rows: list[dict[str, Any]] = run_batch(make, None, run_id=run_id).rows
        return rows

    return run


def films(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).write_bytes(name.encode())
    return [folder / name for name in names]


def test_a_batch_pays_for_the_items_that_have_not_landed_before(
    team: TeamStorage, erase: Run, erase_all: Any, tmp_path: Path, counted: Counter[Any]
) -> None:
    a, b, c = films(tmp_path, "a.mp4", "b.mp4", "c.mp4")
    erase_all([a], "monday")
    erase(b, "tuesday")

    rows = erase_all([a, b, c], "wednesday", land_manifest=True)

    assert len(team.emulator.jobs()) == 3
    reused = [row["result"].get("reused") for row in rows]
    assert [each and each["run_id"] for each in reused] == ["monday", "tuesday", None]
    assert [row["job_id"] for row in rows[:2]] == [each["job_id"] for each in reused[:2] if each]
    contents = [Path(row["result"]["landed"]["VideoUrl"].removeprefix("file://")).read_text() for row in rows]
    assert contents == ["a.mp4", "b.mp4", "c.mp4"]
    assert {row["state"] for row in rows} == {"PROCESS_SUCCESS"}
    assert all("VideoUrl" not in row["result"] for row in rows)
    assert counted["viapi.jobs_reused", "videoenhan.EraseVideoSubtitles"] == 2
    manifest = json.loads(Path(rows[2]["result"]["manifest"].removeprefix("file://")).read_text())
    assert manifest["request"]["VideoUrl"] == f"file://{c}"


def test_a_single_task_reuses_what_a_batch_has_landed(
    team: TeamStorage, erase: Run, erase_all: Any, tmp_path: Path
) -> None:
    (a,) = films(tmp_path, "a.mp4")
    erase_all([a], "monday", deferrable=False)

    assert erase(a, "tuesday").result["VideoUrl"].startswith("file://")
    assert len(team.emulator.jobs()) == 1


def test_a_batch_whose_items_all_landed_before_submits_nothing(
    team: TeamStorage, erase_all: Any, tmp_path: Path
) -> None:
    both = films(tmp_path, "a.mp4", "b.mp4")
    erase_all(both, "monday")

    rows = erase_all(both, "tuesday")

    assert [row["result"]["reused"]["run_id"] for row in rows] == ["monday", "monday"]
    assert len(team.emulator.jobs()) == 2


def test_a_batch_over_s3_pays_for_changed_sources_missing_results_and_sources_without_a_version(
    team: TeamStorage, erase_all: Any, bucket: Bucket, served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"{bucket.url}/state")
    for name in ("same", "changed", "lost", "damaged"):
        bucket.client.put_object(Bucket=bucket.name, Key=f"{name}.mp4", Body=name.encode())
    (served.path / "no_version.mp4").write_bytes(b"web")
    sources = [f"{bucket.url}/{name}.mp4" for name in ("same", "changed", "lost", "damaged")]
    sources.append(served.address("no_version.mp4"))

    def run(run_id: str) -> list[dict[str, Any]]:
        rows = erase_all(sources, run_id, land_to=f"{bucket.url}/out/{run_id}/", land_manifest=True)
        assert [row["error"] for row in rows] == [None] * 5
        return [row["result"] for row in rows]

    def key_of(result: dict[str, Any]) -> str:
        return str(result["landed"]["VideoUrl"].removeprefix(f"{bucket.url}/"))

    monday = run("monday")
    bucket.client.put_object(Bucket=bucket.name, Key="changed.mp4", Body=b"CHANGED")
    bucket.client.delete_object(Bucket=bucket.name, Key=key_of(monday[2]))
    bucket.client.put_object(Bucket=bucket.name, Key=key_of(monday[3]), Body=b"cut")

    tuesday = run("tuesday")

    assert ["reused" in result for result in tuesday] == [True, False, False, False, False]
    assert [bucket.read(key_of(result)) for result in tuesday[:4]] == [
        b"same",
        b"CHANGED",
        b"lost",
        b"damaged",
    ]
    assert tuesday[0]["manifest"] == monday[0]["manifest"]
    manifest = json.loads(bucket.read(tuesday[1]["manifest"].removeprefix(f"{bucket.url}/")))
    assert manifest["request"]["VideoUrl"].endswith("/changed.mp4")
    assert len(team.emulator.jobs()) == 9
    assert ["reused" in result for result in run("wednesday")] == [True, True, True, True, False]


def test_a_batch_keeps_the_files_that_it_reuses_under_the_name_of_another_item(
    team: TeamStorage, erase_all: Any, tmp_path: Path
) -> None:
    a, new = films(tmp_path, "a.mp4", "new.mp4")
    land_to = f"file://{tmp_path}/out/{{index}}.mp4"
    erase_all([a], "monday", land_to=land_to)

    rows = erase_all([new, a], "tuesday", land_to=land_to)

    contents = [Path(row["result"]["landed"]["VideoUrl"].removeprefix("file://")).read_text() for row in rows]
    assert contents == ["new.mp4", "a.mp4"]
    assert erase_all([new, a], "wednesday", land_to=land_to)[0]["result"]["reused"]["run_id"] == "tuesday"
    assert len(team.emulator.jobs()) == 2


def test_a_batch_without_a_state_path_submits_nothing(
    team: TeamStorage, erase_all: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW__VIAPI__STATE_PATH")

    with pytest.raises((ConfigurationError, AirflowFailException), match=r"\[viapi\] state_path"):
        erase_all(films(tmp_path, "a.mp4"), "monday")

    assert team.emulator.jobs() == []


def test_old_records_are_deleted(
    erase: Run, film: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__RESULT_RETENTION_DAYS", "10")
    erase(film, "monday")
    (record,) = record_files(state)
    old, recent = record.with_name("0" * 64 + ".json"), record.with_name("1" * 64 + ".json")
    # State of a task of a DAG called "results", in a run of that name.
    of_dag = record.parent / "erase" / "-1" / "viapi_job.json"
    for path, days in ((old, 11), (recent, 9), (of_dag, 11)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
        written = (datetime.now(timezone.utc) - timedelta(days=days)).timestamp()
        os.utime(path, (written, written))

    deleted = prune_records(*open_state_path(f"file://{record.parent}"))

    assert deleted == 1
    assert not old.exists()
    assert recent.exists()
    assert record.exists()
    assert of_dag.exists()
