"""Features of VIAPI's jobs and batches that Huawei Cloud's jobs have too: usage, limits, metrics, reuse, quota."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from redis import Redis

from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_VOICE
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import Throttled
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.operators.batch import HuaweiCloudBatchOperator
from airflow_provider_viapi.operators.metastudio import CreateAvatarVideoOperator, CreateSpeechOperator
from operators.huawei_tasks import FILM, SPEAK, Store, accepted, connect, in_haste
from operators.run_batch import run_batch
from quota.test_counters import redis_server
from run_task import TaskResult, run_task

FILMING, SPEAKING = "metastudio.Create2DDigitalHumanVideo", "metastudio.CreateAsyncTtsJob"
CREATE_FILM, CREATE_SPEECH = FILMING.rpartition(".")[2], SPEAKING.rpartition(".")[2]
PRICES = {"currency": "CNY", "actions": {FILMING: {"per_minute": 6}, SPEAKING: {"per_call": 1}}}


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    monkeypatch.setenv("AIRFLOW__VIAPI__PRICES", json.dumps(PRICES))
    return viapi_emulator


def speeches(count: int, **arguments: Any) -> Callable[[], HuaweiCloudBatchOperator]:
    items = [{"text": f"Lamp {number}."} for number in range(count)]
    shared = {"voice_asset_id": SYSTEM_VOICE}
    return lambda: HuaweiCloudBatchOperator(
        task_id="all", operator=CreateSpeechOperator, items=items, shared=shared, **arguments
    )


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_video_is_measured_priced_and_counted(
    emulator: EmulatorServer, counted: Counter[Any], deferrable: bool
) -> None:
    film = CreateAvatarVideoOperator(task_id="film", **FILM, deferrable=deferrable)

    usage = run_task(film, Store()).pushed["usage"]

    assert usage["measured"] == 1
    assert usage["cost"] == pytest.approx(usage["output_seconds"] / 10)
    assert usage["currency"] == "CNY"
    assert counted["viapi.output_seconds", FILMING] >= 1
    assert counted["viapi.cost_milli", FILMING] == round(1000 * usage["cost"])
    assert counted["viapi.calls", FILMING] == 1


def test_a_batch_keeps_to_max_cost(emulator: EmulatorServer) -> None:
    with pytest.raises(AirflowFailException, match=r"2 of 4 items were not submitted: .*max_cost=2.5"):
        run_batch(speeches(4, max_cost=2.5), Store())

    assert accepted(emulator, CREATE_SPEECH) == 2


def test_a_batch_keeps_to_max_output_minutes(emulator: EmulatorServer) -> None:
    items = [{"output_asset_config": {"asset_name": name}} for name in ("spring", "summer", "autumn")]

    def make() -> HuaweiCloudBatchOperator:
        return HuaweiCloudBatchOperator(
            task_id="films",
            operator=CreateAvatarVideoOperator,
            items=items,
            shared=FILM,
            max_output_minutes=0.001,
        )

    with pytest.raises(
        AirflowFailException, match=r"2 of 3 items were not submitted: .*max_output_minutes=0.001"
    ):
        run_batch(make, Store())
    assert accepted(emulator, CREATE_FILM) == 1


class TestResultsAreReused:
    @pytest.fixture
    def speak(
        self, emulator: EmulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[str], TaskResult]:
        monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}/state")

        def run(run_id: str) -> TaskResult:
            operator = CreateSpeechOperator(
                task_id="speak",
                **SPEAK,
                land_to=f"file://{tmp_path}/out/",
                reuse_results=timedelta(days=30),
                reuse_unversioned=True,
                land_manifest=True,
            )
            return run_task(operator, Store(), run_id=run_id)

        return run

    def test_a_second_run_pays_nothing_and_is_counted(
        self,
        emulator: EmulatorServer,
        counted: Counter[Any],
        speak: Callable[[str], TaskResult],
    ) -> None:
        first, second = speak("monday"), speak("tuesday")

        assert accepted(emulator, CREATE_SPEECH) == 1
        assert second.result["reused"]["run_id"] == "monday"
        assert second.result["landed"] == first.result["landed"]
        assert counted["viapi.jobs_reused", SPEAKING] == 1

    def test_a_manifest_describes_the_job_beside_its_files(
        self, emulator: EmulatorServer, speak: Callable[[str], TaskResult]
    ) -> None:
        result = speak("monday").result

        (job,) = emulator.jobs()
        manifest = json.loads(Path(result["manifest"].removeprefix("file://")).read_text())
        assert (manifest["action"], manifest["job_id"]) == (SPEAKING, job["job_id"])
        assert manifest["request"] == SPEAK
        assert {each["address"] for each in manifest["files"].values()} == set(result["landed"].values())


def test_the_quota_of_all_processes_is_kept_before_a_job_is_submitted(
    viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_haste(monkeypatch)
    connection = json.loads(viapi_emulator.huawei_connection_json())
    connection["extra"] |= {"submit_qps": 0.01}
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(connection))
    with redis_server() as port:
        monkeypatch.setenv("AIRFLOW__VIAPI__QUOTA_URL", f"redis://127.0.0.1:{port}/0")
        for _ in range(3):
            # The slots of other tasks.
            HuaweiCloudHook().quota.submit_limiter(SPEAKING, 0.01, lambda seconds: None).reserve()
        with pytest.raises((Throttled, AirflowFailException), match="nothing was submitted"):
            run_task(CreateSpeechOperator(task_id="speak", **SPEAK, job_timeout=60), Store())
        with Redis(port=port) as client:
            assert client.keys()

    assert accepted(viapi_emulator, CREATE_SPEECH) == 0
