"""One bulk job of ImageSearch: submitted once, waited for, resumed, and what it rejects is reported."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, ResponseLost, SubmissionInDoubt, TransientError
from airflow_provider_viapi.fs.oss import OssFileSystem
from airflow_provider_viapi.fs.oss_client import open_oss
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.image_index.folder_images import entity_id_of
from airflow_provider_viapi.image_index.images import parse_images
from airflow_provider_viapi.image_index.increment_folder import IncrementFolder
from airflow_provider_viapi.operators.bulk_image_index import BulkIndexImagesOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imagesearch import SearchImageByPicOperator
from code_blocks import ROOT
from operators.run_batch import Store, WorkerLost
from run_task import TaskResult, run_task
from scripted_server import FileResponse, file_server
from served_folder import ServedFolder
from timing import poll_quickly, skip_waits

NAMES = ("chelsea", "coffee", "rocket")


@pytest.fixture(autouse=True)
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    poll_quickly(monkeypatch)
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    skip_waits(monkeypatch)
    return viapi_emulator


@pytest.fixture
def images(tmp_path: Path) -> list[dict[str, Any]]:
    """Three photographs on the disk."""
    for name in NAMES:
        with Image.open(media_samples.photographs()[name]) as image:
            image.convert("RGB").resize((200, 160)).save(tmp_path / f"{name}.jpg")
    return [
        {
            "image_url": (tmp_path / f"{name}.jpg").as_uri(),
            "entity_id": name,
            "extra_data": f"about {name}, 关于",
            "int_attr": number,
        }
        for number, name in enumerate(NAMES)
    ]


@pytest.fixture
def tiny(tmp_path: Path) -> dict[str, Any]:
    """An image that ImageSearch does not take."""
    with Image.new("RGB", (50, 50)) as image:
        image.save(tmp_path / "tiny.png")
    return {"image_url": (tmp_path / "tiny.png").as_uri(), "entity_id": "tiny"}


def task(images: Any, **arguments: Any) -> BulkIndexImagesOperator:
    given = {"instance_name": "demo", "staging": "oss://team/search", "images": images, **arguments}
    return BulkIndexImagesOperator(task_id="index", **given)


def index(images: Any, store: Store | None = None, **arguments: Any) -> TaskResult:
    return run_task(task(images, **arguments), store or Store())


def in_the_instance() -> dict[str, dict[str, Any]]:
    request = {"InstanceName": "demo", "Filter": "int_attr >= 0"}
    found = ViapiHook().call("imagesearch.SearchImageByFilter", request)["Data"]["Auctions"]
    return {each["ProductId"]: each for each in found}


def left_in_the_bucket() -> list[str]:
    return list(OssFileSystem("viapi_default", skip_instance_cache=True).find("team/search"))


def tasks_of_the_instance() -> list[dict[str, Any]]:
    answer = ViapiHook().call("imagesearch.IncreaseList", {"InstanceName": "demo"})
    return list(answer["Data"]["Increments"]["Instance"])


@pytest.mark.parametrize("deferrable", [True, False])
def test_images_are_added_by_one_task_with_their_attributes(
    images: list[dict[str, Any]], emulator: EmulatorServer, deferrable: bool
) -> None:
    outcome = index(images, deferrable=deferrable)

    assert outcome.result == {"instance_name": "demo", "images": 3, "rejected": 0, "failures": []}
    assert outcome.pushed["summary"] == outcome.result
    assert outcome.pushed["job_id"].startswith("demo/")
    assert bool(outcome.trigger) is deferrable
    coffee = in_the_instance()["coffee"]
    assert (coffee["PicName"], coffee["IntAttr"]) == ("coffee.jpg", 1)
    assert coffee["CustomContent"] == "about coffee, 关于"
    calls = emulator.calls()
    assert calls["IncreaseInstance"]["accepted"] == 1
    assert "AddImage" not in calls
    assert left_in_the_bucket() == []


def test_the_same_images_are_replaced_and_not_added_twice(
    images: list[dict[str, Any]], tmp_path: Path
) -> None:
    index(images)
    index(tmp_path.as_uri(), instance_name="demo")
    detail = ViapiHook().call("imagesearch.Detail", {"InstanceName": "demo"})["Data"]["Instance"]

    assert detail["TotalCount"] == 3


def test_files_of_one_name_in_subfolders_are_distinguished_by_their_paths(
    images: list[dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    for name in ("coffee", "chelsea"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.jpg").write_bytes((tmp_path / f"{name}.jpg").read_bytes())

    result = index(folder.as_uri()).result
    found = [
        ViapiHook().call(
            "imagesearch.CheckImageExists",
            {"InstanceName": "demo", "ProductId": entity_id_of(path), "PicName": path},
        )["Data"]["Exists"]
        for path in ("coffee/1.jpg", "chelsea/1.jpg")
    ]

    assert (result["images"], result["rejected"]) == (2, 0)
    assert found == [True, True]


def test_images_that_cannot_be_uploaded_and_rows_that_the_service_rejects_are_reported(
    images: list[dict[str, Any]], tiny: dict[str, Any], tmp_path: Path
) -> None:
    gone = {"image_url": (tmp_path / "gone.jpg").as_uri(), "entity_id": "gone"}
    outside = {**images[0], "entity_id": "outside", "pic_name": "outside.jpg", "region": "0,900,0,900"}

    result = index([*images, tiny, gone, outside]).result

    assert (result["images"], result["rejected"]) == (6, 3)
    failures = {each["entity_id"]: each for each in result["failures"]}
    assert failures["tiny"]["code"] == "InvalidImage.Resolution"
    assert failures["gone"]["code"] == "InvalidFile.NotFound"
    assert failures["outside"]["pic_name"] == "outside.jpg"
    assert "outside of 200x160" in failures["outside"]["message"]
    assert set(in_the_instance()) == set(NAMES)


def test_more_rejected_images_than_allowed_fail_the_task_with_the_summary(
    images: list[dict[str, Any]], tiny: dict[str, Any]
) -> None:
    assert index([*images, tiny], max_failed=1).result["rejected"] == 1

    with pytest.raises(AirflowFailException, match="1 of 4 images were rejected, max_failed is 0") as failure:
        index([*images, tiny], max_failed=0)
    assert "tiny" in str(failure.value)
    assert left_in_the_bucket() == []


def test_a_report_that_can_never_be_read_does_not_fail_the_task_unless_the_rejected_images_count(
    images: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ViapiHook.call

    def with_private_report(self: ViapiHook, action: Any, request: Any) -> dict[str, Any]:
        response = call(self, action, request)
        if getattr(action, "name", action) == "IncreaseList":
            for each in response["Data"]["Increments"]["Instance"]:
                each["ErrorUrl"] = "http://127.0.0.2:9/errors.txt?Signature=secret"
        return response

    monkeypatch.setattr(ViapiHook, "call", with_private_report)

    assert index(images).result["rejected"] is None
    assert left_in_the_bucket() == []
    with pytest.raises(AirflowFailException, match="max_failed cannot be checked") as failure:
        index(images, max_failed=0)
    assert "secret" not in str(failure.value)


def test_a_task_that_the_service_calls_failed_fails_with_its_reason(images: list[dict[str, Any]]) -> None:
    outside = [{**each, "region": "0,900,0,900"} for each in images]

    with pytest.raises(AirflowFailException, match=r"demo/\d+ ended as FAIL: all rows failed; the first"):
        index(outside)


def test_nothing_is_submitted_if_no_image_can_be_used(tiny: dict[str, Any], emulator: EmulatorServer) -> None:
    with pytest.raises(AirflowFailException, match="none of 1 images can be used"):
        index([tiny])

    assert "IncreaseInstance" not in emulator.calls()
    assert left_in_the_bucket() == []


def test_a_retry_resumes_the_task_of_the_attempt_before(
    images: list[dict[str, Any]], emulator: EmulatorServer
) -> None:
    store = Store()
    # The writes are the intent, the id of the task, and that the result was delivered.
    store.lost_at_write = 3
    with pytest.raises(WorkerLost):
        run_task(task(images), store)

    resumed = run_task(task(images), store, try_number=2)

    (only,) = tasks_of_the_instance()
    assert resumed.pushed["job_id"] == f"demo/{only['Id']}"
    assert resumed.result["images"] == 3
    assert left_in_the_bucket() == []


def test_a_retry_continues_with_the_images_that_are_there(
    images: list[dict[str, Any]], tmp_path: Path
) -> None:
    store = Store()
    store.lost_at_write = 1
    with pytest.raises(WorkerLost):
        run_task(task(images), store)
    for name in NAMES:
        (tmp_path / f"{name}.jpg").unlink()

    assert run_task(task(images), store, try_number=2).result["rejected"] == 0
    assert set(in_the_instance()) == set(NAMES)


@pytest.mark.parametrize("images_now", [[], None, "s3://other/{{ ds }}"], ids=["fewer", "gone", "another"])
def test_the_report_is_that_of_the_submitted_images_if_their_list_has_changed_meanwhile(
    images: list[dict[str, Any]], tiny: dict[str, Any], images_now: Any
) -> None:
    rendered_again = task(images)
    rendered_again.images = images_now

    outcome = run_task(task([*images, tiny], deferrable=True), Store(), resumed=rendered_again)

    assert (outcome.result["images"], outcome.result["rejected"]) == (4, 1)
    assert left_in_the_bucket() == []


@pytest.mark.parametrize("text", ["Mug with {{name}} print", "{% if %}", "front\u2028back", "a\x85b\u2029c"])
def test_texts_and_names_are_data_whatever_characters_they_have(
    images: list[dict[str, Any]], text: str
) -> None:
    rendered = task("{{ images }}")
    rendered.images = [
        images[0],
        {**images[1], "extra_data": text, "pic_name": f"{text.replace('%', '')}.jpg"},
    ]

    assert run_task(rendered, Store()).result["rejected"] == 0
    assert in_the_instance()["coffee"]["CustomContent"] == text


def test_one_link_that_never_works_does_not_stop_the_others(images: list[dict[str, Any]]) -> None:
    with file_server() as server:
        server.script = [FileResponse(status=401)]
        link = {"image_url": f"{server.url}/a.jpg?Signature=s3cr3t", "entity_id": "link"}
        summary = index([*images, link]).result

    (failure,) = summary["failures"]
    assert (failure["entity_id"], summary["rejected"]) == ("link", 1)
    assert "HTTP status 401" in failure["message"]
    assert "s3cr3t" not in failure["message"]


def test_an_image_that_cannot_be_read_now_does_not_stop_the_others(
    images: list[dict[str, Any]],
) -> None:
    hook, log = ViapiHook(), logging.getLogger("test")
    broken = {"image_url": "http://127.0.0.1:1/a.jpg", "entity_id": "broken"}
    entries = parse_images([*images, broken], opens=lambda scheme: True, backend="imagesearch")

    def written(name: str, entries: Any, **arguments: Any) -> IncrementFolder:
        folder = IncrementFolder(open_oss(hook), "team", f"search/{name}", retry_seconds=0.1)
        folder.write(entries, hook, log, lambda: False, **arguments)
        return folder

    rows, (left_out,) = written("any", entries).read()

    assert [row["ProductId"] for row in rows] == list(NAMES)
    assert left_out["Msg"].startswith("http://127.0.0.1:1/a.jpg cannot be downloaded now: ")
    with pytest.raises(TransientError, match="1 of 4 images could not be read now"):
        written("all", entries, max_failed=0)
    with pytest.raises(TransientError, match="1 of 1 images"):
        written("none", entries[3:])


def test_a_worker_lost_after_its_result_was_returned_returns_the_same_result_again(
    images: list[dict[str, Any]], tiny: dict[str, Any]
) -> None:
    store = Store()
    first = index([*images, tiny], store)

    again = run_task(task([*images, tiny]), store, try_number=2)

    assert first.result["images"] == 4
    assert again.result == first.result


def test_a_task_that_was_cleared_submits_again(images: list[dict[str, Any]]) -> None:
    store = Store()
    run_task(task(images), store)

    again = run_task(task(images), store, try_number=2, max_tries=5)

    assert again.result["images"] == 3
    assert len(tasks_of_the_instance()) == 2


def test_a_file_whose_name_has_a_line_break_does_not_stop_its_folder(
    images: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "two\nlines.jpg").write_bytes((tmp_path / "coffee.jpg").read_bytes())

    assert index(tmp_path.as_uri()).result["rejected"] == 0


def test_a_list_that_was_rendered_to_text_is_refused_with_the_way_to_pass_it(
    images: list[dict[str, Any]],
) -> None:
    rendered = task("{{ images }}")
    rendered.images = str(
        [{**each, "image_url": f"https://h/a.jpg?Signature=s3cr3t{n}"} for n, each in enumerate(images * 900)]
    )

    with pytest.raises(AirflowFailException, match="render_template_as_native_obj=True") as failure:
        run_task(rendered, Store())

    assert "s3cr3t" not in str(failure.value)
    assert len(str(failure.value)) < 800


def test_an_empty_list_of_another_task_is_nothing_to_do(emulator: EmulatorServer) -> None:
    rendered = task("{{ images }}")
    rendered.images = []

    assert run_task(rendered, Store()).result["images"] == 0
    assert emulator.calls() == {}


def test_a_list_that_has_become_empty_does_not_forget_the_job_of_the_attempt_before(
    images: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store()
    store.lost_at_write = 3
    with pytest.raises(WorkerLost):
        run_task(task(images), store)
    rendered_again = task(images)
    rendered_again.images = []

    resumed = run_task(rendered_again, store, try_number=2)

    (only,) = tasks_of_the_instance()
    assert resumed.pushed["job_id"] == f"demo/{only['Id']}"
    assert resumed.result["images"] == 3
    assert left_in_the_bucket() == []
    # Read once: a job that fails between two reads would be submitted again, without images.
    assert capsys.readouterr().out.count("Resumed job") == 1


@pytest.mark.parametrize("is_cleared", [True, False], ids=["cleared", "retried"])
def test_a_list_that_has_become_empty_after_its_job_failed_is_nothing_to_do(
    images: list[dict[str, Any]], is_cleared: bool
) -> None:
    store = Store()
    store.lost_at_write = 3
    with pytest.raises(WorkerLost):
        run_task(task([{**each, "region": "0,900,0,900"} for each in images]), store)
    rendered_again = task(images)
    rendered_again.images = []

    outcome = run_task(rendered_again, store, try_number=2, max_tries=5 if is_cleared else 3)

    assert outcome.result == outcome.pushed["summary"]
    assert outcome.result["images"] == 0
    assert [each["Status"] for each in tasks_of_the_instance()] == ["FAIL"]
    assert left_in_the_bucket() == []
    assert run_task(task(images), store, try_number=3, max_tries=9).result["images"] == 3


def test_a_lost_response_is_settled_from_the_list_of_tasks(
    images: list[dict[str, Any]], emulator: EmulatorServer
) -> None:
    emulator.fault(action="IncreaseInstance", drop="after")

    result = index(images).result

    assert result["images"] == 3
    assert len(tasks_of_the_instance()) == 1


def test_a_lost_request_is_sent_again(images: list[dict[str, Any]], emulator: EmulatorServer) -> None:
    emulator.fault(action="IncreaseInstance", drop="before")

    assert index(images).result["images"] == 3
    assert len(tasks_of_the_instance()) == 1


def test_an_outcome_that_the_list_cannot_settle_is_in_doubt(
    images: list[dict[str, Any]], emulator: EmulatorServer
) -> None:
    emulator.fault(action="IncreaseInstance", drop="after")
    emulator.fault(action="IncreaseList", times=1000, status=403, code="NoPermission")

    with pytest.raises(SubmissionInDoubt, match="list could not be read"):
        index(images)


def test_a_task_waits_until_the_instance_has_finished_another_one(
    images: list[dict[str, Any]], emulator: EmulatorServer
) -> None:
    bucket = OssFileSystem("viapi_default", skip_instance_cache=True)
    row = json.dumps({"OperationType": "ADD", "ProductId": "a", "PicName": "a.jpg"})
    bucket.pipe_file("team/slow/increment.meta", (f"{row}\n" * 40).encode())
    bucket.pipe_file("team/slow/a.jpg", b"no picture")
    other = {"InstanceName": "demo", "BucketName": "team", "Path": "/slow"}
    ViapiHook().call("imagesearch.IncreaseInstance", other)

    assert index(images).result["images"] == 3
    assert [each["Status"] for each in tasks_of_the_instance()] == ["SUCCESS", "FAIL"]


def test_a_task_waits_for_another_one_even_if_the_list_cannot_be_read_now(
    images: list[dict[str, Any]], emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.fault(action="IncreaseInstance", status=400, code="InvalidParameter")
    list_tasks, failures = ViapiHook().client.__class__.call, ["IncreaseList"]

    def call(client: Any, action: Any, request: Any) -> Any:
        if action.name in failures:
            failures.clear()
            raise ResponseLost("the list cannot be read")
        return list_tasks(client, action, request)

    monkeypatch.setattr(ViapiHook().client.__class__, "call", call)

    assert index(images).result["images"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"staging": None}, "staging is missing"),
        ({"staging": "s3://bucket/a"}, "staging is 's3://bucket/a'; allowed: oss://"),
        ({"instance_name": "a" * 21}, "InstanceName is"),
        ({"max_failed": -1}, "max_failed is -1"),
        ({"images": []}, "images is an empty list"),
        ({"wait_for_completion": False}, "wait_for_completion is False"),
        ({"images": "nowhere"}, "images is 'nowhere'"),
        (
            {"images": [{"image_url": "http://h/a", "entity_id": "a"}]},
            "pic_name is 'a'; allowed in a bulk job",
        ),
        (
            {"images": [{"image_url": "http://h/a.jpg", "entity_id": "a", "pic_name": "../a.jpg"}]},
            "pic_name is '../a.jpg'; allowed: a relative path",
        ),
        (
            {"images": [{"image_url": f"http://h/{n}/a.jpg", "entity_id": f"{n}"} for n in (1, 2)]},
            r"images\[0\] and images\[1\] both have pic_name 'a.jpg'",
        ),
        (
            {"images": [{"image_url": "http://h/a.jpg", "entity_id": "a", "crop": False}]},
            r"images\[0\] has crop",
        ),
        (
            {"images": [{"image_url": "{{ url }}", "entity_id": "a", "pic_name": "../a.jpg"}]},
            "pic_name is '../a.jpg'; allowed: a relative path",
        ),
        ({"images": [{"image_url": "{{ url }}", "entity_id": "a", "crop": False}]}, r"images\[0\] has crop"),
        ({"images": ["{{ image }}", ["{{ image }}"]]}, r"images\[1\] is of type list"),
    ],
)
def test_arguments_that_are_not_allowed_are_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        task(**{"images": [{"image_url": "http://h/a.jpg", "entity_id": "a"}], **arguments})


def test_images_with_templates_may_turn_out_to_have_different_names_or_to_be_the_same() -> None:
    named = {"image_url": "http://h/a.jpg", "entity_id": "a", "pic_name": "a.jpg"}
    images = [named, {**named, "entity_id": "{{ id }}", "image_url": "{{ url }}"}]

    assert task(images).images == images


def test_a_template_of_images_is_read_when_the_task_runs(images: list[dict[str, Any]]) -> None:
    rendered = task("{{ images }}")
    rendered.images = images

    assert run_task(rendered, Store()).result["images"] == 3


def test_images_are_read_from_the_web_and_from_path_objects(
    images: list[dict[str, Any]], tmp_path: Path, served: ServedFolder
) -> None:
    (served.path / "cup.jpg").write_bytes((tmp_path / "coffee.jpg").read_bytes())
    path = ObjectStoragePath(images[0]["image_url"])
    given = [
        {"image_url": served.address("cup.jpg"), "entity_id": "cup", "int_attr": 1},
        {"image_url": path, "entity_id": "cat", "int_attr": 2},
    ]

    assert index(given).result["rejected"] == 0
    assert set(in_the_instance()) == {"cup", "cat"}


@pytest.fixture
def policy() -> Iterator[set[str]]:
    document = json.loads((ROOT / "docs/security/policies/viapi.json").read_text())
    yield {
        name.removeprefix("imagesearch:")
        for each in document["Statement"]
        for name in each["Action"]
        if name.startswith("imagesearch:")
    }


def test_the_policy_in_the_docs_allows_exactly_the_calls_that_indexing_and_searching_make(
    images: list[dict[str, Any]], emulator: EmulatorServer, policy: set[str]
) -> None:
    index(images[:2])
    run_task(IndexImagesOperator(task_id="single", instance_name="demo", images=images))
    run_task(
        SearchImageByPicOperator(task_id="search", instance_name="demo", pic_content=images[0]["image_url"])
    )

    assert set(emulator.calls()) - {"AuthorizeFileUpload"} == policy
