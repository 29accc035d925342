"""DAGs under a real Airflow: scheduler, triggerer, DAG processor and API server, against the emulator."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import media_samples
from airflow_database import AIRFLOW_VERSION, database
from local_airflow import LocalAirflow, local_airflow
from served_folder import ServedFolder
from statsd_socket import StatsdSocket, statsd_socket

pytestmark = pytest.mark.airflow
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def clip(served: ServedFolder) -> str:
    target = served.path / "subtitled.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), target, seconds=2, size=(640, 360))
    return served.address("subtitled.mp4")


@pytest.fixture(scope="module")
def statsd() -> Iterator[StatsdSocket]:
    with statsd_socket() as listening:
        yield listening


@pytest.fixture(scope="module")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, viapi_emulator_server: Any, statsd: StatsdSocket
) -> Iterator[LocalAirflow]:
    dags = tmp_path_factory.mktemp("dags")
    for folder in (REPOSITORY / "dags_examples", Path(__file__).parent / "dags"):
        shutil.copytree(folder, dags, dirs_exist_ok=True)
    right = viapi_emulator_server.connection_json()
    wrong = right.replace(viapi_emulator_server.access_key_secret, "not-the-secret")
    environment = statsd.environment | {
        "AIRFLOW_CONN_VIAPI_DEFAULT": right,
        "AIRFLOW_CONN_VIAPI_WRONG_SECRET": wrong,
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
    }
    if AIRFLOW_VERSION < (3, 3):
        # Without a durable store a batch waits on its worker.
        environment["AIRFLOW__VIAPI__STATE_PATH"] = f"file://{tmp_path_factory.mktemp('state')}"
    with (
        database() as address,
        local_airflow(
            dags_folder=dags,
            home=tmp_path_factory.mktemp("airflow"),
            environment=environment,
            database=address,
        ) as running,
    ):
        yield running


def run(airflow: LocalAirflow, dag_id: str, **conf: Any) -> tuple[str, str]:
    run_id = airflow.trigger(dag_id, conf)
    return airflow.wait(dag_id, run_id), run_id


def test_the_example_dag_erases_reframes_and_indexes(
    airflow: LocalAirflow, viapi_emulator: Any, clip: str
) -> None:
    state, run_id = run(airflow, "erase_resize_index", video_url=clip)

    assert state == "success"
    result = {
        task: airflow.xcom("erase_resize_index", run_id, task) for task in ("erase", "reframe", "search")
    }
    assert httpx.get(result["erase"]["VideoUrl"]).content[4:8] == b"ftyp"
    assert httpx.get(result["reframe"]["VideoUrl"]).content[4:8] == b"ftyp"
    assert result["search"]["Auctions"][0]["CustomContent"] == clip
    assert result["search"]["Auctions"][0]["Score"] > 0.9
    assert "cannot be called outside" not in airflow.task_log("erase_resize_index", run_id, "add_cover")


def test_each_job_is_submitted_once_and_polled_in_the_triggerer(
    airflow: LocalAirflow, viapi_emulator: Any, clip: str
) -> None:
    state, run_id = run(airflow, "erase_resize_index", video_url=clip)

    assert state == "success"
    jobs = {job["action"]: job["job_id"] for job in viapi_emulator.jobs()}
    assert len(viapi_emulator.jobs()) == 2
    for task, action in (("erase", "EraseVideoSubtitles"), ("reframe", "ChangeVideoSize")):
        log = airflow.task_log("erase_resize_index", run_id, task)
        assert airflow.xcom("erase_resize_index", run_id, task, key="job_id") == jobs[action]
        assert f"Submitted job {jobs[action]}" in log
        assert "DEFERRED" in log
        assert f"Job {jobs[action]} has succeeded" in log


def test_a_wrong_secret_is_reported_without_being_logged(airflow: LocalAirflow, viapi_emulator: Any) -> None:
    state, run_id = run(airflow, "wrong_secret")

    log = airflow.task_log("wrong_secret", run_id, "task")
    assert state == "failed"
    assert "CredentialsRejected" in log
    assert "SignatureDoesNotMatch" in log
    assert "not-the-secret" not in log
    assert viapi_emulator.jobs() == []


def test_a_missing_connection_is_named_in_the_log(airflow: LocalAirflow) -> None:
    state, run_id = run(airflow, "missing_connection")

    log = airflow.task_log("missing_connection", run_id, "task")
    assert state == "failed"
    assert "ConfigurationError" in log
    assert "'viapi_nowhere'" in log


def test_a_file_that_is_not_a_video_fails_with_the_services_reason_deferred_or_not(
    airflow: LocalAirflow, viapi_emulator: Any, served: ServedFolder
) -> None:
    (served.path / "letter.mp4").write_text("Dear reader, this is no video.")
    viapi_emulator.fault(action="EraseVideoSubtitles", times=2, job={"processing": 10})

    state, run_id = run(airflow, "not_a_video", video_url=served.address("letter.mp4"))

    assert state == "failed"
    for task in ("deferred", "waited_for"):
        log = airflow.task_log("not_a_video", run_id, task)
        assert "JobFailed" in log
        assert "InvalidFile.Decode" in log
        if AIRFLOW_VERSION >= (3, 1):
            # What the UI shows while a task waits.
            shown = airflow.xcom("not_a_video", run_id, task, key="job_states")
            assert shown["job_id"] == airflow.xcom("not_a_video", run_id, task, key="job_id")
            assert "PROCESSING" in shown["states"]


def test_statsd_hears_of_submissions_in_tasks_and_of_waiting_jobs_in_the_triggerer(
    airflow: LocalAirflow, statsd: StatsdSocket, served: ServedFolder
) -> None:
    (served.path / "letter.mp4").write_text("Dear reader, this is no video.")
    statsd.received()

    run(airflow, "not_a_video", video_url=served.address("letter.mp4"))

    heard = statsd.received()
    host = socket.gethostname().replace(".", "_")
    assert heard["airflow.viapi.calls.videoenhan.EraseVideoSubtitles"] == ["1|c"] * 2
    assert heard[f"airflow.viapi.jobs_waiting.{host}.videoenhan.EraseVideoSubtitles"][-1] == "0|g"


def test_the_deadline_fails_a_deferred_task(airflow: LocalAirflow) -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        port = never_answers.getsockname()[1]

        state, run_id = run(airflow, "too_late", video_url=f"http://127.0.0.1:{port}/clip.mp4")

    assert state == "failed"
    assert "JobTimedOut" in airflow.task_log("too_late", run_id, "task")


def test_a_retry_after_a_deferral_resumes_the_job(
    airflow: LocalAirflow, viapi_emulator: Any, clip: str
) -> None:
    """Airflow 3.0 starts such a retry with the method and the arguments of the deferral."""
    viapi_emulator.fault(action="EraseVideoSubtitles", job={"processing": 30})

    state, run_id = run(airflow, "late_once", video_url=clip)

    assert state == "success"
    assert len(viapi_emulator.jobs()) == 1
    assert "JobTimedOut" in airflow.task_log("late_once", run_id, "task", try_number=1)


def test_only_the_invalid_one_of_mapped_tasks_fails_and_it_submits_nothing(
    airflow: LocalAirflow, viapi_emulator: Any, clip: str
) -> None:
    state, run_id = run(airflow, "mapped", video_url=clip)

    states = {instance.label: instance.state for instance in airflow.task_instances("mapped", run_id)}
    assert state == "failed"
    assert sorted(states.values()) == ["failed", "failed", "success", "success"]
    assert [float(job["request"]["BX"]) for job in viapi_emulator.jobs()] == [0, 0]


@pytest.mark.skipif(AIRFLOW_VERSION < (3, 2), reason="Airflow builds the form from widgets before 3.2")
def test_the_connection_form_has_labelled_fields_and_masks_secrets(airflow: LocalAirflow) -> None:
    metadata = airflow.rest.get(f"{airflow.url}/ui/connections/hook_meta").raise_for_status().json()

    (form,) = [entry for entry in metadata if entry["connection_type"] == "viapi"]
    fields = form["extra_fields"]
    assert form["hook_name"] == "Alibaba Cloud VIAPI"
    assert form["standard_fields"]["login"]["title"] == "Access key id"
    assert form["standard_fields"]["password"]["title"] == "Access key secret"
    assert {"region_id", "security_token", "endpoint", "verify", "timeout"} <= set(fields)
    assert all(field["schema"]["title"] for field in fields.values())
    assert fields["security_token"]["schema"]["format"] == "password"


@pytest.mark.parametrize(
    ("secret", "passes", "message"), [("right", True, "accepted"), ("wrong", False, "SignatureDoesNotMatch")]
)
def test_the_connection_can_be_tested_in_the_ui(
    airflow: LocalAirflow, viapi_emulator: Any, secret: str, passes: bool, message: str
) -> None:
    body = {
        "connection_id": "tested",
        "conn_type": "viapi",
        "login": viapi_emulator.access_key_id,
        "password": viapi_emulator.access_key_secret if secret == "right" else "not-the-secret",
        "extra": json.dumps({"endpoint": viapi_emulator.url}),
    }

    response = airflow.rest.post("/connections/test", json=body).raise_for_status().json()

    assert response["status"] is passes
    assert message in response["message"]
    assert "not-the-secret" not in response["message"]


def test_a_task_links_to_its_job_and_its_result(
    airflow: LocalAirflow, viapi_emulator: Any, clip: str
) -> None:
    state, run_id = run(airflow, "erase_resize_index", video_url=clip)

    path = f"/dags/erase_resize_index/dagRuns/{run_id}/taskInstances/erase/links"
    response = airflow.rest.get(path).raise_for_status().json()
    links = response.get("extra_links", response)
    assert state == "success"
    assert links["Job at Alibaba Cloud"] == viapi_emulator.url
    assert links["Result"] == airflow.xcom("erase_resize_index", run_id, "erase")["VideoUrl"]
    path = path.removesuffix("links") + "xcomEntries"
    keys = {each["key"] for each in airflow.rest.get(path).raise_for_status().json()["xcom_entries"]}
    assert {"job_link", "result_link"} <= keys
    assert not any(key.startswith("_link") for key in keys)
    assert "XCom not found" not in airflow.task_log("erase_resize_index", run_id, "erase")


def test_a_batch_in_two_rounds_returns_a_row_per_item_and_submits_each_once(
    airflow: LocalAirflow, viapi_emulator: Any, clip: str
) -> None:
    # Longer than a batch waits on its worker for a job to end when as many run as may.
    viapi_emulator.fault(action="DetectVideoShot", job={"processing": 20}, times=6)
    state, run_id = run(airflow, "two_rounds", video_url=clip)

    rows = airflow.xcom("two_rounds", run_id, "detect_all")
    log = airflow.task_log("two_rounds", run_id, "detect_all")
    numbers = {job["job_id"]: job["request"]["VideoUrl"].rpartition("?")[2] for job in viapi_emulator.jobs()}
    assert state == "success"
    assert len(viapi_emulator.jobs()) == 12
    assert [numbers[row["job_id"]] for row in rows] == [str(number) for number in range(12)]
    assert all("ShotFrameIds" in row["result"] for row in rows)
    assert airflow.xcom("two_rounds", run_id, "detect_all", key="progress")["done"] == 12
    assert "DEFERRED" in log
    assert "Batch of 12: 12 done, 0 failed, 0 running, 0 left" in log
    assert len(log.splitlines()) < 100


def test_the_nightly_example_stores_its_results_and_counts_them(
    airflow: LocalAirflow, viapi_emulator: Any, clip: str, tmp_path: Path
) -> None:
    state, run_id = run(airflow, "nightly_batch", video_urls=[clip, clip], land_to=f"file://{tmp_path}/")

    rows = airflow.xcom("nightly_batch", run_id, "erase_all")
    assert state == "success"
    assert airflow.xcom("nightly_batch", run_id, "count") == {"done": 2, "failed": 0}
    assert len({row["result"]["landed"]["VideoUrl"] for row in rows}) == 2
    assert [file.read_bytes()[4:8] for file in tmp_path.iterdir()] == [b"ftyp", b"ftyp"]


def test_two_mapped_steps_pass_the_stored_files_on_and_are_labelled(
    airflow: LocalAirflow, viapi_emulator: Any, clip: str, tmp_path: Path
) -> None:
    state, run_id = run(airflow, "mapped_chain", videos=[clip, clip], target=f"file://{tmp_path}/")

    path = f"/dags/mapped_chain/dagRuns/{run_id}/taskInstances"
    instances = airflow.rest.get(path).raise_for_status().json()["task_instances"]
    labels = {(each["task_id"], each["map_index"]): each["rendered_map_index"] for each in instances}
    assert state == "success"
    assert len(list(tmp_path.glob("reframe-*.mp4"))) == 2
    assert labels["erase", 0] == "0: subtitled.mp4"
    assert labels["reframe", 1].startswith(f"file://{tmp_path}/erase-1-")


def test_fields_of_mapped_results_are_what_their_references_say(
    airflow: LocalAirflow, viapi_emulator: Any, clip: str, tmp_path: Path
) -> None:
    state, run_id = run(airflow, "references", video_url=clip, target=f"file://{tmp_path}/")

    found = airflow.xcom("references", run_id, "collect")
    sources = {
        task: {airflow.xcom("references", run_id, task, key="job_id", map_index=index) for index in (0, 1)}
        for task in ("detect_0", "detect_1", "detect_2")
    }
    read = {job["job_id"]: job["request"]["VideoUrl"] for job in viapi_emulator.jobs()}
    stored = sorted(f"file://{path}" for path in tmp_path.glob("erase-*.mp4"))
    assert state == "success"
    assert sorted(found["files"]) == sorted(each["VideoUrl"] for each in found["landed"]) == stored
    # Airflow 2 gives a text only the number of a mapped task's values.
    assert AIRFLOW_VERSION < (3,) or all(file in found["text"] for file in stored)
    # The link itself is given to the service; a stored file is staged first.
    assert {read[job] for job in sources["detect_0"]} == set(found["links"])
    assert not {read[job] for job in sources["detect_1"] | sources["detect_2"]} & set(found["links"])


def test_an_empty_list_submits_nothing(airflow: LocalAirflow, viapi_emulator: Any) -> None:
    state, run_id = run(airflow, "nightly_batch", video_urls=[])

    assert state == "success"
    assert airflow.xcom("nightly_batch", run_id, "count") == {"done": 0, "failed": 0}
    assert viapi_emulator.jobs() == []
