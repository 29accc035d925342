"""Operators of VIAS's batch tasks, sources, groups, algorithms and edge pools, against the emulator."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, SubmissionInDoubt
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.operators import vias
from operators.huawei_tasks import STREAM, WATCH, Store, accepted, connect, in_haste
from run_task import run_task

GATE = {"video_source_name": "gate", "access_type": "edge", "type": "rtsp", "type_config": "<x/>"}
OUTPUT = {"webhook": {"url": "http://127.0.0.1:9"}}


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


def result(operator: type, **arguments: Any) -> Any:
    return run_task(operator(task_id="task", **arguments), Store()).result


def source(name: str = "gate") -> str:
    return str(
        result(vias.CreateVideoSourceOperator, **{**GATE, "video_source_name": name})["video_source_id"]
    )


def batch(*source_ids: str, **arguments: Any) -> Any:
    listed = [{"video_source_id": each} for each in source_ids]
    group = {"video_source_group": [{"video_source_group_id": "g", "video_source_list": listed}]}
    given = {"name": "night", "batch_input": group, "service_name": "c-flowcount-edge", "output": OUTPUT}
    return vias.CreateBatchTaskOperator(task_id="batch", **{**given, **arguments})


def tasks_of(batch_id: str) -> list[dict[str, Any]]:
    listed = result(vias.ListViasTasksOperator, batch_id=batch_id)["tasks"]
    assert isinstance(listed, list)
    return listed


def test_a_batch_task_is_created_changed_listed_stopped_started_and_deleted(emulator: EmulatorServer) -> None:
    made = run_task(batch(source("a"), source("b")), Store())
    batch_id = made.result["id"]

    result(vias.UpdateBatchTaskOperator, batch_task_id=batch_id, name="day")
    stopped = result(vias.StopBatchTaskOperator, batch_task_id=batch_id)
    (listed,) = result(vias.ListBatchTasksOperator, name_like="day")["batch_task_list"]
    started = result(vias.StartBatchTaskOperator, batch_task_id=batch_id)
    deleted = result(vias.DeleteBatchTaskOperator, batch_task_id=batch_id)

    assert (made.result["succeed_count"], made.pushed["batch_task_id"]) == (2, batch_id)
    assert (stopped["succeed_count"], started["succeed_count"], deleted["succeed_count"]) == (2, 2, 2)
    assert (listed["id"], listed["num_task"]) == (batch_id, 2)
    assert tasks_of(batch_id) == []


def test_failed_tasks_of_a_batch_are_named_and_the_id_is_not_lost(emulator: EmulatorServer) -> None:
    store, task = Store(), batch(source(), "missing-1")

    with pytest.raises(AirflowFailException, match=r"1 of 2 tasks .* failed: missing-1: ") as caught:
        run_task(task, store)

    (listed,) = result(vias.ListBatchTasksOperator)["batch_task_list"]
    assert f"batch task {listed['id']} failed" in str(caught.value)
    assert len(tasks_of(listed["id"])) == 1
    # A worker that runs the task again, nevertheless, creates nothing.
    with pytest.raises(AirflowFailException, match="missing-1"):
        run_task(task, store, try_number=2)
    assert accepted(emulator, "CreateBatchTask") == 1


def test_failures_of_some_tasks_may_be_allowed(emulator: EmulatorServer) -> None:
    answer = run_task(batch(source(), "missing-1", allow_partial=True), Store()).result

    assert (answer["succeed_count"], answer["failed_count"]) == (1, 1)
    assert "missing-1" in answer["error_list"][0]


def test_a_batch_task_whose_response_was_lost_is_not_created_twice(
    emulator: EmulatorServer, counted: Counter[Any]
) -> None:
    store, task = Store(), batch(source())
    emulator.fault(action="CreateBatchTask", drop="after")

    for attempt in (1, 2):
        with pytest.raises(SubmissionInDoubt, match=r"batch task night was lost.*ListBatchTasks"):
            run_task(task, store, try_number=attempt)

    assert accepted(emulator, "CreateBatchTask") == 1
    assert counted["viapi.submissions_in_doubt", "vias.CreateBatchTask"] == 2


def test_a_retry_after_the_batch_task_was_created_returns_it(emulator: EmulatorServer) -> None:
    store, task = Store(), batch(source())

    first = run_task(task, store).result
    again = run_task(task, store, try_number=2).result

    assert again == first
    assert accepted(emulator, "CreateBatchTask") == 1


def test_a_batch_task_that_was_refused_is_sent_by_the_retry(emulator: EmulatorServer) -> None:
    store, task = Store(), batch(source())
    emulator.fault(action="CreateBatchTask", code="APIGW.0302", message="no permission")
    with pytest.raises(AirflowFailException, match="no permission"):
        run_task(task, store)

    assert run_task(task, store, try_number=2).result["succeed_count"] == 1


def test_a_batch_task_in_doubt_is_sent_again_once_a_user_has_cleared_the_task(
    emulator: EmulatorServer,
) -> None:
    store, task = Store(), batch(source())
    emulator.fault(action="CreateBatchTask", drop="before")
    for attempt in (1, 2):
        with pytest.raises(SubmissionInDoubt, match="clear the Airflow task to send it again"):
            run_task(task, store, try_number=attempt, max_tries=1)

    assert run_task(task, store, try_number=3, max_tries=3).result["succeed_count"] == 1
    assert accepted(emulator, "CreateBatchTask") == 1


def test_a_batch_task_in_doubt_is_not_created_under_another_name_either(emulator: EmulatorServer) -> None:
    source_id, store = source(), Store()
    emulator.fault(action="CreateBatchTask", drop="after")

    for attempt in (1, 2):
        with pytest.raises(SubmissionInDoubt):
            run_task(batch(source_id, name=f"night-{attempt}"), store, try_number=attempt)

    assert accepted(emulator, "CreateBatchTask") == 1


def test_a_batch_task_of_an_earlier_request_is_said_to_be_billed(
    emulator: EmulatorServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    source_id, store = source(), Store()
    first = run_task(batch(source_id, name="night"), store).result["id"]
    capsys.readouterr()

    second = run_task(batch(source_id, name="day"), store, try_number=2).result["id"]

    assert second != first
    assert f"batch task {first} of that continues and is billed" in caplog.text + capsys.readouterr().out


@pytest.mark.parametrize("drop", ["before", "after"])
def test_stop_and_delete_of_a_batch_task_are_repeated(emulator: EmulatorServer, drop: Any) -> None:
    batch_id = run_task(batch(source("a"), source("b")), Store()).result["id"]

    for action, operator in (
        ("BatchStartStopTask", vias.StopBatchTaskOperator),
        ("DeleteBatchTask", vias.DeleteBatchTaskOperator),
    ):
        emulator.fault(action=action, drop=drop)
        task = operator(task_id="task", batch_task_id=batch_id)
        run_task(task, Store())
        run_task(task, Store(), try_number=2)

    assert emulator.jobs() == []


@pytest.mark.parametrize(("left", "fails"), [("FAILED", False), ("FROZEN", True)])
def test_a_stop_that_fails_for_some_tasks_fails_only_if_one_may_still_run(
    emulator: EmulatorServer, left: str, fails: bool
) -> None:
    batch_id = run_task(batch(source("a"), source("b")), Store()).result["id"]
    emulator.move_huawei_job(emulator.jobs()[0]["job_id"], left, message="no stream")
    stop = vias.StopBatchTaskOperator(task_id="stop", batch_task_id=batch_id)

    if fails:
        # Not AirflowFailException: a retry sends the command again.
        with pytest.raises(ServiceError, match="1 of 2 tasks"):
            run_task(stop, Store())
    else:
        assert run_task(stop, Store()).result["failed_count"] == 1


def test_secrets_of_a_batch_task_are_neither_stored_nor_shown(emulator: EmulatorServer) -> None:
    webhook = {"url": "http://127.0.0.1:9", "headers": {"X-Api-Key": "s3cr3t-value"}}
    store = Store()
    camera = "rtsp://admin:Passw0rd!@10.0.0.7/1"
    task = batch(camera, source(), output={"webhook": webhook}, allow_partial=True)

    done = run_task(task, store)

    assert "rtsp://***@10.0.0.7/1" in done.result["error_list"][0]
    for secret in ("s3cr3t-value", "Passw0rd"):
        assert secret not in str(store.kept)
        assert secret not in str(done)
    with pytest.raises(AirflowFailException, match=r"rtsp://\*\*\*@10\.0\.0\.7/1"):
        run_task(batch(camera, source()), Store())


def test_sources_and_groups_are_changed_and_listed(emulator: EmulatorServer) -> None:
    source_id = source()
    group_id = result(
        vias.CreateVideoGroupOperator,
        video_group_name="doors",
        access_type="edge",
        video_source_ids=[source_id],
    )["video_group_id"]

    result(vias.UpdateVideoSourceOperator, video_source_id=source_id, video_source_name="yard", latitude=59.3)
    result(vias.UpdateVideoGroupOperator, video_group_id=group_id, video_group_name="yards")

    shown = result(vias.QueryVideoSourceOperator, video_source_id=source_id)
    assert (shown["video_source_name"], shown["latitude"]) == ("yard", "59.3")
    assert result(vias.QueryVideoGroupOperator, video_group_id=group_id)["video_group_name"] == "yards"
    (listed,) = result(vias.ListVideoSourcesOperator)["video_source_list"]
    (group,) = result(vias.ListVideoGroupsOperator, name="yard")["video_group_list"]
    assert (listed["video_source_id"], group["video_group_id"]) == (source_id, group_id)


@pytest.mark.parametrize(
    ("operator", "arguments", "id_name"),
    [
        (vias.CreateVideoSourceOperator, GATE, "video_source_id"),
        (
            vias.CreateVideoGroupOperator,
            {"video_group_name": "doors", "access_type": "edge"},
            "video_group_id",
        ),
        (vias.CreateEdgePoolOperator, {"name": "roof", "nodes": ["n1"]}, "id"),
    ],
)
def test_what_exists_is_used_refused_or_created_again(
    emulator: EmulatorServer, operator: type, arguments: dict[str, Any], id_name: str
) -> None:
    first = result(operator, **arguments, if_exists="skip")

    again = result(operator, **arguments, if_exists="skip")
    with pytest.raises(AirflowFailException, match=f"exists already .{id_name} {first[id_name]}.; if_exists"):
        result(operator, **arguments, if_exists="fail")
    second = result(operator, **arguments)

    assert again == {id_name: first[id_name]}
    assert second[id_name] != first[id_name]
    with pytest.raises(AirflowFailException, match="delete all but one"):
        result(operator, **arguments, if_exists="skip")
    with pytest.raises(InvalidRequest, match="if_exists is 'replace'; allowed: create, skip, fail"):
        operator(task_id="task", **arguments, if_exists="replace")


def test_an_algorithm_is_deployed_on_an_edge_pool_and_stopped(emulator: EmulatorServer) -> None:
    pool_id = result(vias.CreateEdgePoolOperator, name="roof", nodes=["n1"])["id"]
    (algorithm,) = result(vias.ListAlgorithmsOperator, name_like="c-flowcount-edge")["service_list"]

    deployed = result(vias.DeployAlgorithmOperator, alg_id=algorithm["alg_id"], pool_id=pool_id)
    detail = result(vias.QueryAlgorithmOperator, service_id=algorithm["service_id"])
    stopped = result(vias.StopAlgorithmOperator, alg_id=algorithm["alg_id"])

    assert (deployed["alg_name"], detail["alg_status"]) == ("c-flowcount-edge", "RUNNING")
    assert stopped["alg_id"] == algorithm["alg_id"]
    assert result(vias.QueryEdgePoolOperator, pool_id=pool_id)["nodes"] == ["n1"]
    result(vias.DeleteEdgePoolOperator, pool_id=pool_id)
    assert result(vias.ListEdgePoolsOperator)["edge_pools"] == []


def test_the_version_of_the_accounts_algorithm_is_looked_up(emulator: EmulatorServer) -> None:
    arguments = {name: value for name, value in WATCH.items() if name != "service_version"}

    made = result(vias.CreateViasTaskOperator, **arguments)

    assert made["state"] == "RUNNING"
    request = next(job["request"] for job in emulator.jobs() if job["action"] == "CreateTask")
    assert request["service_version"] == "1.2"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (
            {"service_name": "c-unicorn-edge"},
            r"'c-unicorn-edge', which the account does not have; it has: c-aban",
        ),
        (
            {"service_name": "c-flowcount-cloud", "input": {"type": "vcn", "data": [{"id": "1"}]}},
            "input is of type vcn; the algorithm c-flowcount-cloud allows: obs, url, video_source",
        ),
    ],
)
def test_an_algorithm_that_the_account_lacks_or_that_does_not_fit_is_named_before_money_is_spent(
    emulator: EmulatorServer, changed: dict[str, Any], named: str
) -> None:
    arguments = {"service_name": "", "name": "gate", "input": STREAM, "output": OUTPUT, **changed}

    with pytest.raises(AirflowFailException, match=named):
        result(vias.CreateViasTaskOperator, **arguments)

    assert accepted(emulator, "CreateTask") == 0


def test_settings_of_a_task_are_changed(emulator: EmulatorServer) -> None:
    task_id = run_task(vias.CreateViasTaskOperator(task_id="watch", **WATCH), Store()).pushed["job_id"]

    result(vias.UpdateViasTaskOperator, vias_task_id=task_id, name="yard")

    assert HuaweiCloudHook().call("vias.ShowTaskInfo", {"task_id": task_id})["name"] == "yard"
