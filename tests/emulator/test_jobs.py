"""The life of a job over HTTP, with media work that only pretends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.emulator.jobs import TRANSITIONS, Job, WrongTransition
from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator.signing_caller import Caller

Source = Callable[[str], str]


def test_a_job_goes_from_submission_to_a_file(caller: Caller, source: Source) -> None:
    submitted = caller.call("EraseVideoSubtitles", VideoUrl=source("a film"), BY=0.8)
    result = caller.result(submitted["RequestId"])

    assert "emulator" in submitted["Message"]
    assert submitted["RequestId"] == submitted["RequestId"].upper()
    assert result.keys() == {"JobId", "Status", "Result"}
    assert (result["JobId"], result["Status"]) == (submitted["RequestId"], "PROCESS_SUCCESS")
    assert httpx.get(json.loads(result["Result"])["VideoUrl"]).text == "a film"


def test_the_media_work_gets_typed_values_and_every_file_has_its_link(caller: Caller, source: Source) -> None:
    submitted = caller.call(
        "ChangeVideoSize", VideoUrl=source("a film"), Width=640, Height="480", Tightness=1
    )
    result = json.loads(caller.result(submitted["RequestId"])["Result"])

    assert result.keys() == {"VideoUrl", "VideoCoverUrl"}
    assert httpx.get(result["VideoCoverUrl"]).text == "{'Width': 640, 'Height': 480, 'Tightness': 1.0}"


def test_files_have_their_links_wherever_they_are_in_a_result(caller: Caller, source: Source) -> None:
    job_id = caller.call("GenerateVideoCover", VideoUrl=source("a film"), IsGif="false")["RequestId"]
    outputs = json.loads(caller.result(job_id)["Result"])["Outputs"]

    assert [httpx.get(each["ImageURL"]).text for each in outputs] == ["cover 1", "cover 2"]
    assert [each["Confidence"] for each in outputs] == [1.0, 0.5]


def test_a_job_waits_until_a_worker_takes_it(caller: Caller, source: Source, tmp_path: Path) -> None:
    release = tmp_path / "release"
    address = source(f"wait-for {release}")
    ids = [caller.call("EraseVideoSubtitles", VideoUrl=address)["RequestId"] for _ in range(3)]

    for job_id in ids[:2]:
        assert caller.result(job_id, until=("PROCESSING",)).keys() == {"JobId", "Status"}
    assert caller.result(ids[2], until=("QUEUING",)).keys() == {"JobId", "Status"}
    release.touch()
    assert [caller.result(job_id)["Status"] for job_id in ids] == ["PROCESS_SUCCESS"] * 3


@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        ("refuse", "InvalidFile.Decode", "no video"),
        ("raise", "InternalError.Algo", "ValueError"),
        ("forget", "InternalError.Algo", "failed"),
        ("die", "InternalError.Algo", "died"),
    ],
)
def test_work_that_fails_fails_the_job_with_its_code(
    caller: Caller, source: Source, order: str, code: str, words: str
) -> None:
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source(order))["RequestId"]
    result = caller.result(job_id)

    assert result.keys() == {"JobId", "Status", "ErrorCode", "ErrorMessage"}
    assert (result["Status"], result["ErrorCode"]) == ("PROCESS_FAILED", code)
    assert words in result["ErrorMessage"]


@pytest.mark.parametrize("address", ["{web}/nothing.mp4?Signature=private", "http://127.0.0.1:9/a.mp4"])
def test_a_source_that_cannot_be_downloaded_fails_the_job(
    caller: Caller, source: Source, address: str
) -> None:
    web = source("").rpartition("/")[0]

    job_id = caller.call("EraseVideoSubtitles", VideoUrl=address.format(web=web))["RequestId"]
    result = caller.result(job_id)

    assert (result["Status"], result["ErrorCode"]) == ("PROCESS_FAILED", "InvalidFile.Download")
    assert "VideoUrl" in result["ErrorMessage"]
    assert "private" not in result["ErrorMessage"]


def test_a_worker_that_dies_takes_no_other_job_with_it(
    caller: Caller, source: Source, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    other = caller.call("EraseVideoSubtitles", VideoUrl=source(f"wait-for {release}"))["RequestId"]
    caller.result(other, until=("PROCESSING",))
    dying = [caller.call("EraseVideoSubtitles", VideoUrl=source("die"))["RequestId"] for _ in range(3)]

    assert {caller.result(job_id)["Status"] for job_id in dying} == {"PROCESS_FAILED"}
    release.touch()
    later = caller.call("EraseVideoSubtitles", VideoUrl=source("a film"))["RequestId"]
    assert caller.result(other)["Status"] == caller.result(later)["Status"] == "PROCESS_SUCCESS"


def test_polls_are_answered_at_once_while_workers_work(
    caller: Caller, source: Source, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    address = source(f"wait-for {release}")
    ids = [caller.call("EraseVideoSubtitles", VideoUrl=address)["RequestId"] for _ in range(2)]

    durations = []
    for _ in range(100):
        start = time.perf_counter()
        caller.call("GetAsyncJobResult", JobId=ids[0])
        durations.append(time.perf_counter() - start)

    release.touch()
    assert sorted(durations)[90] < 0.03


def test_an_unknown_job_is_refused(caller: Caller) -> None:
    assert caller.refused("GetAsyncJobResult", JobId="nobody's") == (400, "InvalidParameter.BadRequest")


def test_a_job_whose_work_the_emulator_cannot_do_fails_and_says_so() -> None:
    with EmulatorServer(transforms={}) as server:
        caller = Caller(server.url)
        answer = caller.call("EraseVideoSubtitles", VideoUrl="http://127.0.0.1:9/a.mp4")
        result = caller.result(answer["RequestId"])

    assert (result["Status"], result["ErrorCode"]) == ("PROCESS_FAILED", "InvalidApi.ForbiddenInvoke")
    assert "does not implement videoenhan.EraseVideoSubtitles" in result["ErrorMessage"]


def test_what_is_answered_at_once_and_cannot_be_done_is_refused(caller: Caller) -> None:
    answer = caller.send("RecognizeScene", ImageURL="http://127.0.0.1:9/a.jpg")

    assert (answer.status_code, answer.json()["Code"]) == (400, "InvalidApi.ForbiddenInvoke")
    assert "does not implement imagerecog.RecognizeScene" in answer.json()["Message"]


def test_a_result_that_was_set_is_returned_in_place_of_work(emulator: EmulatorServer, caller: Caller) -> None:
    tags = {"Tags": [{"Value": "harbour", "Confidence": 99.5}]}
    emulator.set_result("imagerecog.RecognizeScene", tags)
    emulator.set_result("videorecog.UnderstandVideoContent", {"TagInfo": {"place": "harbour"}})

    at_once = caller.call("RecognizeScene", ImageURL="http://127.0.0.1:9/a.jpg")
    job = caller.call("UnderstandVideoContent", VideoURL="http://127.0.0.1:9/a.mp4")

    assert at_once["Data"] == tags
    assert json.loads(caller.result(job["RequestId"])["Result"]) == {"TagInfo": {"place": "harbour"}}


def test_a_result_of_an_unknown_action_or_of_another_form_is_refused(emulator: EmulatorServer) -> None:
    with pytest.raises(ValueError, match=r"ocr\.Recognise is not the full name of an action"):
        emulator.set_result("ocr.Recognise", {})
    answer = httpx.put(f"{emulator.url}/_emulator/results/ocr.RecognizeCharacter", json=["text"])
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "the body must be the result: a JSON object of at most 1 MB",
    )


def job() -> Job:
    return Job("A", videoenhan.ERASE_VIDEO_SUBTITLES, {}, {}, created_at=0.0)


def test_a_job_begins_in_the_queue_and_every_state_leads_to_known_ones() -> None:
    assert job().state == "QUEUING"
    assert {after for states in TRANSITIONS.values() for after in states} == TRANSITIONS.keys() - {"QUEUING"}


def test_a_job_cannot_succeed_before_it_was_worked_on() -> None:
    with pytest.raises(WrongTransition):
        job().succeed({}, {}, now=1.0)


def test_a_terminal_state_does_not_change() -> None:
    ended = job()
    ended.start(now=0.5)
    ended.fail("InvalidFile.Decode", "no video", now=1.0)

    with pytest.raises(WrongTransition):
        ended.succeed({}, {}, now=2.0)
    assert (ended.state, ended.error_code) == ("PROCESS_FAILED", "InvalidFile.Decode")
