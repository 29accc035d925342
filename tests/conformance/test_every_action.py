"""Every action of every service, from a request to its answer by the emulator."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Any

import pytest
from PIL import Image

import media_samples
from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.client import Client
from airflow_provider_viapi.alibaba.job_reports import STATES, result_action
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.rpc import flatten
from airflow_provider_viapi.alibaba.services import actions
from airflow_provider_viapi.emulator.engine import emulated_actions
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.jobs.model import Job, Outcome
from airflow_provider_viapi.renewable_credentials import Credentials
from any_request import flat, request_for
from served_folder import ServedFolder

REFUSED_AS_IT_IS = {"InvalidParameter", "InvalidFile", "InvalidImage", "MissingParameter", "Throttling"}
"""First parts of the codes with which the emulator may refuse a request of this test: files that an action does not
read, databases that do not exist, a second call of the list within five seconds."""


@pytest.fixture(scope="module")
def client(viapi_emulator_server: EmulatorServer) -> Client:
    key = Credentials(viapi_emulator_server.access_key_id, viapi_emulator_server.access_key_secret)
    return Client(Account(key, endpoint=viapi_emulator_server.url))


@pytest.fixture(scope="module")
def files(served: ServedFolder) -> Any:
    clip = media_samples.big_buck_bunny()
    media_samples.burn_subtitles(clip, served.path / "clip.mp4", seconds=1, size=(368, 368))
    with Image.open(media_samples.photographs()["coffee"]) as picture:
        picture.convert("RGB").resize((300, 200)).save(served.path / "picture.png")
    content = b64encode((served.path / "picture.png").read_bytes()).decode()

    def file_of(name: str) -> str:
        if name.endswith("PicContent"):
            return content
        return served.address("clip.mp4" if "video" in name.lower() or name == "FileUrl" else "picture.png")

    return file_of


@pytest.mark.parametrize("action", actions().values(), ids=lambda action: action.full_name)
def test_every_action_is_built_checked_sent_and_answered(
    action: Action, client: Client, files: Any, viapi_emulator_server: EmulatorServer
) -> None:
    checked = action.check(request_for(action, files))
    sent = flatten(action.with_json(checked))

    assert sent == {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in flat(action.with_json(checked)).items()
    }
    try:
        answer = client.call_once(action, checked)
        if action.is_job:
            answer = finished(client, Job(answer["RequestId"], action.full_name))
            (job,) = (
                each for each in viapi_emulator_server.jobs() if each["job_id"] == answer["Data"]["JobId"]
            )
            assert job["request"] == sent
            assert job["service"] in (action.service.name, "videoenhan", "videorecog")
        outcome = answer["Data"].get("ErrorCode"), answer["Data"].get("ErrorMessage", "")
    except ServiceError as error:
        outcome = error.code, error.message

    code, message = outcome
    if action.full_name in emulated_actions():
        assert code is None or code.partition(".")[0] in REFUSED_AS_IT_IS, message
    else:
        assert code == "InvalidApi.ForbiddenInvoke"
        assert "emulator does not" in message


def finished(client: Client, job: Job) -> dict[str, Any]:
    """Return the answer about a job, once it is finished."""
    while True:
        answer = client.call_once(result_action(job), {"JobId": job.id})
        if STATES[answer["Data"]["Status"]] is not Outcome.WAITING:
            return answer
        time.sleep(0.02)
