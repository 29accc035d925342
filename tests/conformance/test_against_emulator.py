"""Every operator from its arguments to its result, against the emulator; and what both refuse."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image

import make_reference
import media_samples
from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.rpc import HttpResponse, decode, encode
from airflow_provider_viapi.emulator.engine import emulated_actions
from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.operators.viapi import ViapiOperator
from airflow_provider_viapi.operators.videoenhan import AddFaceVideoTemplateOperator
from airflow_provider_viapi.renewable_credentials import Credentials
from run_task import run_task
from sample_requests import (
    DONE_BY_THE_EMULATOR,
    FACE,
    PICTURE,
    VIDEO,
    answered_at_once,
    in_an_instance,
    of_jobs,
)
from served_folder import ServedFolder


@pytest.fixture(scope="module")
def media(served: ServedFolder) -> ServedFolder:
    media_samples.burn_subtitles(
        media_samples.big_buck_bunny(), served.path / VIDEO, seconds=3, size=(656, 368)
    )
    photographs = media_samples.photographs()
    for name, photograph in ((PICTURE, photographs["coffee"]), (FACE, photographs["astronaut"])):
        with Image.open(photograph) as picture:
            picture.convert("RGB").save(served.path / name)
    return served


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any) -> Any:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    return viapi_emulator


def files_in(result: Any) -> list[str]:
    if isinstance(result, Mapping | list):
        return [
            file
            for item in (result.values() if isinstance(result, Mapping) else result)
            for file in files_in(item)
        ]
    return [result] if isinstance(result, str) and result.startswith("http") else []


JOBS = list(of_jobs(str))


@pytest.mark.parametrize("operator", JOBS, ids=lambda operator: operator.action.name)
def test_every_job_delivers_files_or_says_that_the_emulator_has_no_such_thing(
    operator: type[ViapiOperator], media: ServedFolder
) -> None:
    task = operator(task_id="task", **of_jobs(media.address)[operator])

    if operator.action.name not in DONE_BY_THE_EMULATOR:
        with pytest.raises((AirflowFailException, ServiceError), match="emulator"):
            run_task(task)
        return
    result = run_task(task).result

    assert set(result) <= {field.name for field in operator.action.result}
    assert result
    for address in files_in(result):
        answer = httpx.get(address)
        assert answer.status_code == 200
        assert len(answer.content) > 1000


def test_everything_that_is_answered_at_once_is_answered_as_documented(media: ServedFolder) -> None:
    template = AddFaceVideoTemplateOperator(task_id="template", video_url=media.address(VIDEO))
    template_id = run_task(template).result["TemplateId"]

    for operator, arguments in answered_at_once(media.address, template_id):
        result = run_task(operator(task_id=f"task_{operator.action.name}", **arguments)).result or {}

        expected = {field.name for field in operator.action.result} - {"Token"}
        assert expected <= set(result), operator.__name__


def test_everything_that_an_instance_of_image_search_is_asked_is_answered_as_documented(
    media: ServedFolder,
) -> None:
    for operator, arguments in in_an_instance(media.address, "demo"):
        task = operator(task_id=f"task_{operator.action.name}", **arguments)
        if operator.action.full_name not in emulated_actions():
            with pytest.raises((AirflowFailException, ServiceError), match="emulator does not implement"):
                run_task(task)
            continue
        result = run_task(task).result or {}

        assert {field.name for field in operator.action.result} <= set(result), operator.__name__


def test_no_action_is_left_out() -> None:
    sampled = {operator.action.full_name for operator in JOBS}
    sampled |= {operator.action.full_name for operator, _ in in_an_instance(str, "")}
    sampled |= {operator.action.full_name for operator, _ in answered_at_once(str, "")}

    described = {
        name
        for name, action in services.hand_written().items()
        if action.name not in make_reference.CALLED_BY_THE_PROVIDER
    }
    assert described <= sampled


BAD = [
    ("videoenhan.EraseVideoSubtitles", {"VideoUrl": "http://h/a.mp4", "BX": 1.4}, "InvalidParameter"),
    ("videoenhan.EraseVideoSubtitles", {}, "MissingParameter"),
    (
        "videoenhan.ChangeVideoSize",
        {"VideoUrl": "http://h/a", "Width": 10, "Height": 480},
        "InvalidParameter",
    ),
    (
        "videoenhan.ChangeVideoSize",
        {"VideoUrl": "http://h/a", "Width": "wide", "Height": 480},
        "InvalidParameter",
    ),
    ("videoenhan.EraseVideoLogo", {"VideoUrl": "http://h/a", "Boxes": [{"X": 2}]}, "InvalidParameter"),
    (
        "videoenhan.GenerateVideo",
        {"FileList": [{"FileName": "a", "FileUrl": "http://h/a", "Type": "video"}] * 6},
        "InvalidParameter",
    ),
    ("imgsearch.CreateImageDb", {"Name": "Capitals"}, "InvalidParameter"),
    (
        "imgsearch.AddImage",
        {"DbName": "covers", "EntityId": "a", "ImageUrl": "http://h/a.jpg", "ExtraData": "x" * 513},
        "InvalidParameter",
    ),
]


@pytest.mark.parametrize(("action_name", "request_", "code"), BAD)
def test_what_the_operator_refuses_the_emulator_refuses_with_the_services_code(
    action_name: str, request_: dict[str, Any], code: str, connection: Any
) -> None:
    action = services.find(action_name)
    account = Account(
        Credentials(connection.access_key_id, connection.access_key_secret), endpoint=connection.url
    )
    with pytest.raises(InvalidRequest) as locally:
        action.check(request_)

    sent = encode(
        action,
        request_,
        account,
        account.credentials.current(),
        RequestNonce(uuid.uuid4().hex, datetime.now(timezone.utc)),
    )
    answer = httpx.request(sent.method, sent.url, content=sent.body, headers=dict(sent.headers))

    with pytest.raises(InvalidRequest) as remotely:
        decode(action, HttpResponse(answer.status_code, answer.content))
    assert (locally.value.code, remotely.value.code, answer.status_code) == (code, code, 400)
