"""Waits that messages end: the emulator sends them to Redis or SNS, and the poller of a hook receives them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from redis import Redis

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import ConfigurationError, JobTimedOut
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.polling.intervals import Backoff
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from emulator.fake_media import TRANSFORMS
from media.moto_s3 import connection_json, moto_server
from quota.test_counters import redis_server
from run_task import run_task
from served_folder import ServedFolder

log = logging.getLogger(__name__)


class PatientHook(ViapiHook):
    """Polls so rarely that only a message can end a wait."""

    poll_backoff = Backoff(first=3600, longest=3600)


@pytest.fixture
def port() -> Iterator[int]:
    with redis_server() as port:
        yield port


@pytest.fixture
def emulator(port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatorServer]:
    # Another channel for each test: a process keeps what it knows about a queue.
    url = f"redis://127.0.0.1:{port}/0?channel=finished-{uuid.uuid4().hex}"
    with EmulatorServer(transforms=TRANSFORMS, job_messages_url=url) as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", emulator.connection_json())
        monkeypatch.setenv("AIRFLOW__VIAPI__JOB_MESSAGES_URL", url)
        yield emulator


class HeldJob:
    """A job that ends when it is released."""

    def __init__(self, hook: ViapiHook, served: ServedFolder) -> None:
        self._released = served.path / f"{uuid.uuid4().hex}.released"
        name = f"{uuid.uuid4().hex}.mp4"
        (served.path / name).write_text(f"wait-for {self._released}")
        answer = hook.call("videoenhan.EraseVideoSubtitles", {"VideoUrl": served.address(name)})
        self.job = Job(answer["RequestId"], "videoenhan.EraseVideoSubtitles")

    def release(self) -> None:
        self._released.touch()


def is_subscribed(port: int) -> bool:
    with Redis(port=port) as client:
        return bool(client.pubsub_channels("finished-*"))


def wait_for(
    hook: ViapiHook, held: HeldJob, is_subscribed: Callable[[], bool], seconds: float = 60
) -> JobReport:
    """Wait for a job that is released when the wait receives messages."""

    def release() -> None:
        while not is_subscribed():
            time.sleep(0.02)
        held.release()

    async def main() -> JobReport:
        deadline = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        releasing = asyncio.to_thread(release)
        report, _ = await asyncio.gather(hook.wait_for(held.job, deadline=deadline, log=log), releasing)
        return report

    return asyncio.run(main())


def test_a_message_ends_a_wait_with_one_call(
    emulator: EmulatorServer, port: int, served: ServedFolder
) -> None:
    hook = PatientHook()

    report = wait_for(hook, HeldJob(hook, served), lambda: is_subscribed(port))

    assert report.outcome is Outcome.SUCCEEDED
    assert emulator.calls()["GetAsyncJobResult"] == {"accepted": 1, "rejected": 0}


def test_a_message_of_a_topic_ends_a_wait_with_one_call(
    served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moto_server() as endpoint:
        monkeypatch.setenv("AIRFLOW_CONN_MOTO", connection_json(endpoint))
        # For the emulator and the test; the hook uses the connection.
        for name, value in (
            ("ENDPOINT_URL_SNS", endpoint),
            ("ACCESS_KEY_ID", "key"),
            ("SECRET_ACCESS_KEY", "secret"),
        ):
            monkeypatch.setenv(f"AWS_{name}", value)
        sns, sqs = (
            boto3.client(service, region_name="us-east-1", endpoint_url=endpoint)
            for service in ("sns", "sqs")
        )
        topic = sns.create_topic(Name="finished")["TopicArn"]
        monkeypatch.setenv("AIRFLOW__VIAPI__JOB_MESSAGES_URL", f"sns://moto@/?topic={topic}")
        with EmulatorServer(transforms=TRANSFORMS, job_messages_url=f"sns:///?topic={topic}") as emulator:
            monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", emulator.connection_json())
            hook = PatientHook()

            report = wait_for(
                hook,
                HeldJob(hook, served),
                lambda: bool(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]),
            )

            assert report.outcome is Outcome.SUCCEEDED
            assert emulator.calls()["GetAsyncJobResult"] == {"accepted": 1, "rejected": 0}
        assert "QueueUrls" not in sqs.list_queues()


def test_messages_of_other_jobs_end_no_wait(
    emulator: EmulatorServer, port: int, served: ServedFolder
) -> None:
    hook = PatientHook()
    other, waited_for = HeldJob(hook, served), HeldJob(hook, served)
    other.job, waited_for.job = waited_for.job, other.job

    with pytest.raises(JobTimedOut):
        wait_for(hook, other, lambda: is_subscribed(port), seconds=2)


def test_a_queue_that_cannot_be_used_leaves_the_wait_to_polls(
    emulator: EmulatorServer,
    served: ServedFolder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__JOB_MESSAGES_URL", "redis://:hidden-word@127.0.0.1:1/0?channel=x")
    hook = ViapiHook()
    held = HeldJob(hook, served)
    held.release()

    deadline = datetime.now(timezone.utc) + timedelta(seconds=60)
    report = asyncio.run(hook.wait_for(held.job, deadline=deadline, log=log))

    assert report.outcome is Outcome.SUCCEEDED
    (line,) = [each.getMessage() for each in caplog.records if "job_messages_url" in each.getMessage()]
    assert "polling as without them" in line
    assert "hidden-word" not in caplog.text


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("URL", "redis://:hidden-word@h/0", "job_messages_url in the section"),
        ("ID_EXPRESSION", "data.", "job_messages_id_expression in the section"),
    ],
)
def test_wrong_settings_fail_a_task_before_its_job_is_submitted(
    emulator: EmulatorServer,
    served: ServedFolder,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    value: str,
    expected: str,
) -> None:
    monkeypatch.setenv(f"AIRFLOW__VIAPI__JOB_MESSAGES_{setting}", value)
    (served.path / "clip.mp4").write_text("a clip")
    operator = EraseVideoSubtitlesOperator(
        task_id="erase", video_url=served.address("clip.mp4"), deferrable=False
    )

    with pytest.raises(Exception, match=expected) as failed:
        run_task(operator)

    assert "hidden-word" not in str(failed.value)
    assert emulator.jobs() == []


def test_wrong_settings_in_the_triggerer_leave_the_wait_to_polls(
    emulator: EmulatorServer,
    served: ServedFolder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__JOB_MESSAGES_URL", "nothing")
    hook = ViapiHook()
    held = HeldJob(hook, served)
    held.release()

    deadline = datetime.now(timezone.utc) + timedelta(seconds=60)
    assert asyncio.run(hook.wait_for(held.job, deadline=deadline, log=log)).outcome is Outcome.SUCCEEDED

    with pytest.raises(ConfigurationError):
        hook.job_messages()


@pytest.mark.parametrize("content", ["refuse", "raise"])
def test_a_job_that_fails_is_announced_too(
    emulator: EmulatorServer, port: int, served: ServedFolder, content: str
) -> None:
    with Redis(port=port) as client, client.pubsub() as channels:
        channels.psubscribe("finished-*")
        channels.get_message(timeout=10)
        name = f"{uuid.uuid4().hex}.mp4"
        (served.path / name).write_text(content)
        answer = ViapiHook().call("videoenhan.EraseVideoSubtitles", {"VideoUrl": served.address(name)})
        message = channels.get_message(timeout=60)

    assert message is not None
    data = json.loads(message["data"])["data"]
    assert (data["JobId"], data["Status"]) == (answer["RequestId"], "PROCESS_FAILED")


def test_the_emulators_messages_are_cloud_events(
    emulator: EmulatorServer, port: int, served: ServedFolder
) -> None:
    held = HeldJob(ViapiHook(), served)
    with Redis(port=port) as client, client.pubsub() as channels:
        channels.psubscribe("finished-*")
        channels.get_message(timeout=10)
        held.release()
        message = channels.get_message(timeout=60)

    assert message is not None
    event = json.loads(message["data"])
    assert (event["specversion"], event["data"]["JobId"]) == ("1.0", held.job.id)
    assert event["data"]["Status"] == "PROCESS_SUCCESS"
