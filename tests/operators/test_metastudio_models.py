"""Models of MetaStudio, from files in the team's storage to an asset, and transfers, against the emulator."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath, TaskDeferred
from PIL import Image

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, TransientError
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.media.inputs import huawei_asset_upload
from airflow_provider_viapi.operators.batch import HuaweiCloudBatchOperator
from airflow_provider_viapi.operators.metastudio import (
    AssessVoiceOperator,
    CreateAvatarModelOperator,
    CreatePictureModelByUrlOperator,
    CreatePictureModelOperator,
    CreateVoiceModelOperator,
    TransferAssetOperator,
)
from operators.huawei_tasks import Store, accepted, connect, in_haste
from run_task import TaskInstance, run_task
from served_folder import ServedFolder

OTHER = "f" * 32
MEI = {"style_id": "system_female_001", "name": "Mei"}


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "mei.png"
    Image.new("RGB", (300, 200), (200, 40, 30)).save(path)
    return path


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    path = tmp_path / "recordings.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("1.wav", b"RIFF")
    return path


def write_video(
    path: Path, width: int, height: int, *, frames_per_second: Fraction = Fraction(1, 45)
) -> None:
    """Write a video of five frames."""
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=frames_per_second)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="rgb24")
            target.mux(stream.encode(frame))
        target.mux(stream.encode())


@contextmanager
def reviewed(emulator: EmulatorServer, state: str, *, accept: bool = True) -> Iterator[None]:
    """Review the only job as soon as it is in a state, as people do days later."""
    done = threading.Event()

    def review() -> None:
        while not done.wait(0.02):
            jobs = [each for each in emulator.jobs() if each["status"] == state]
            if jobs:
                emulator.review_huawei_model(jobs[0]["job_id"], accept=accept)
                return

    thread = threading.Thread(target=review)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class TestPictures:
    @pytest.mark.parametrize("deferrable", [True, False])
    def test_a_picture_in_the_teams_storage_becomes_an_avatar_whose_cover_lands(
        self, emulator: EmulatorServer, picture: Path, tmp_path: Path, deferrable: bool
    ) -> None:
        operator = CreatePictureModelOperator(
            task_id="mei",
            file=ObjectStoragePath(f"file://{picture}"),
            land_to=f"file://{tmp_path}/covers/",
            deferrable=deferrable,
            **MEI,
        )

        result = run_task(operator, Store()).result

        cover = Path(result["landed"]["model_cover_url"].removeprefix("file://"))
        assert cover.read_bytes()[:3] == b"\xff\xd8\xff"
        assert (result["state"], operator.request["file"]) == ("SUCCEED", f"file://{picture}")

    def test_a_picture_at_an_address_becomes_an_avatar(
        self, emulator: EmulatorServer, picture: Path, served: ServedFolder
    ) -> None:
        (served.path / "mei.png").write_bytes(picture.read_bytes())
        operator = CreatePictureModelByUrlOperator(
            task_id="mei", picture_url=served.address("mei.png"), **MEI
        )

        assert run_task(operator, Store()).result["state"] == "SUCCEED"

    def test_many_pictures_become_avatars_in_a_batch(
        self, emulator: EmulatorServer, picture: Path, tmp_path: Path
    ) -> None:
        batch = HuaweiCloudBatchOperator(
            task_id="all",
            operator=CreatePictureModelOperator,
            items=[{"file": f"file://{picture}", "name": name} for name in ("a", "b", "c")],
            shared={"style_id": "system_male_001"},
            land_to=f"file://{tmp_path}/covers/",
        )

        run_task(batch, Store())

        assert len(list((tmp_path / "covers").iterdir())) == 3

    @pytest.mark.parametrize(("name", "size"), [("mei.gif", (30, 20)), ("mei.png", (4000, 20))])
    def test_what_the_service_would_refuse_is_refused_before_it_is_sent(
        self, emulator: EmulatorServer, tmp_path: Path, name: str, size: tuple[int, int]
    ) -> None:
        Image.new("RGB", size).save(tmp_path / name)
        operator = CreatePictureModelOperator(task_id="mei", file=f"file://{tmp_path}/{name}", **MEI)

        with pytest.raises(AirflowFailException, match=r"file: file://.*allowed: "):
            run_task(operator, Store())
        assert accepted(emulator, "CreatePictureModelingJob") == 0

    def test_a_picture_that_is_neither_address_nor_base64_is_named_when_the_dag_is_parsed(self) -> None:
        with pytest.raises(InvalidRequest, match="file is str of 7 characters or bytes; allowed: a JPEG"):
            CreatePictureModelOperator(task_id="mei", file="mei.png", **MEI)


class TestVoices:
    def train(self, recordings: Path, **arguments: Any) -> CreateVoiceModelOperator:
        return CreateVoiceModelOperator(
            task_id="train",
            **{"voice_name": "Mei", "recordings": f"file://{recordings}", "deferrable": True, **arguments},
        )

    @pytest.mark.parametrize("edition", ["basic", "advanced", "premium", "third_party"])
    def test_recordings_are_uploaded_submitted_reviewed_and_become_a_voice(
        self, emulator: EmulatorServer, recordings: Path, edition: Any
    ) -> None:
        with reviewed(emulator, "AUDITING"):
            result = run_task(self.train(recordings, edition=edition), Store()).result

        assert (result["state"], result["voice_name"], bool(result["asset_id"])) == ("SUCCEED", "Mei", True)
        assert accepted(emulator, "CommitVoiceTrainingJob") == 1

    def test_the_consent_is_uploaded_with_them(
        self, emulator: EmulatorServer, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        letter, sent = tmp_path / "letter.pdf", []
        letter.write_bytes(b"%PDF")
        put = huawei_asset_upload.put

        def record(source: Any, url: str, hook: Any, content_type: str | None = None) -> None:
            sent.append((source.name, content_type))
            put(source, url, hook, content_type)

        monkeypatch.setattr(huawei_asset_upload, "put", record)
        with reviewed(emulator, "AUDITING"):
            run_task(self.train(recordings, authorization_letter=f"file://{letter}"), Store())

        assert sent == [("recordings.zip", "application/zip"), ("letter.pdf", None)]

    def test_recordings_that_reviewers_refuse_are_not_sent_again(
        self, emulator: EmulatorServer, recordings: Path
    ) -> None:
        with (
            reviewed(emulator, "AUDITING", accept=False),
            pytest.raises(AirflowFailException, match="AUDIT_FAILED"),
        ):
            run_task(self.train(recordings), Store())

    def test_a_retry_uploads_to_the_job_of_the_attempt_before(
        self, emulator: EmulatorServer, recordings: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store, put = Store(), huawei_asset_upload.put

        def broken(*_: Any) -> None:
            raise TransientError("gone", code="UploadInterrupted")

        monkeypatch.setattr(huawei_asset_upload, "put", broken)
        with pytest.raises(TransientError):
            run_task(self.train(recordings), store)
        monkeypatch.setattr(huawei_asset_upload, "put", put)
        with reviewed(emulator, "AUDITING"):
            run_task(self.train(recordings), store, try_number=2)

        assert accepted(emulator, "CreateTrainingBasicJob") == 1

    def test_a_retry_during_the_review_uploads_nothing(
        self, emulator: EmulatorServer, recordings: Path
    ) -> None:
        store, instance = Store(), TaskInstance()
        context: Any = {"ti": instance, "task_instance": instance, "task_state_store": store}
        with pytest.raises(TaskDeferred):
            self.train(recordings).execute(context)
        with reviewed(emulator, "AUDITING"):
            run_task(self.train(recordings), store, try_number=2)

        assert accepted(emulator, "CreateTrainingBasicJob") == 1
        assert accepted(emulator, "CommitVoiceTrainingJob") == 1

    def test_what_is_no_zip_file_makes_no_job(self, emulator: EmulatorServer, picture: Path) -> None:
        with pytest.raises(AirflowFailException, match=r"recordings is .*mei\.png, which is not a ZIP file"):
            run_task(self.train(picture), Store())
        assert accepted(emulator, "CreateTrainingBasicJob") == 0

    def test_another_edition_is_named_when_the_dag_is_parsed(self, recordings: Path) -> None:
        with pytest.raises(InvalidRequest, match="edition is 'gold'; allowed: basic, advanced, premium"):
            self.train(recordings, edition="gold")

    def test_a_batch_names_the_way_to_run_many(self, recordings: Path) -> None:
        with pytest.raises(TypeError, match=r"uses more than its request .* expand_kwargs"):
            HuaweiCloudBatchOperator(task_id="all", operator=CreateVoiceModelOperator, items=[])


class TestAssessments:
    def test_recordings_are_assessed(self, emulator: EmulatorServer, recordings: Path) -> None:
        operator = AssessVoiceOperator(task_id="assess", recordings=f"file://{recordings}", language="CN")

        result = run_task(operator, Store()).result

        assert (result["state"], "suggestion" in result["assess_result"]) == ("SUCCEED", True)

    def test_a_job_whose_address_was_lost_is_replaced(
        self, emulator: EmulatorServer, recordings: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def assess() -> AssessVoiceOperator:
            return AssessVoiceOperator(task_id="assess", recordings=f"file://{recordings}")

        store, put = Store(), huawei_asset_upload.put

        def broken(*_: Any) -> None:
            raise TransientError("gone", code="UploadInterrupted")

        monkeypatch.setattr(huawei_asset_upload, "put", broken)
        with pytest.raises(TransientError, match="gone"):
            run_task(assess(), store)
        monkeypatch.setattr(huawei_asset_upload, "put", put)
        with pytest.raises(TransientError, match=r"was lost with the attempt .* creates another"):
            run_task(assess(), store, try_number=2)

        assert run_task(assess(), store, try_number=3).result["state"] == "SUCCEED"


class TestAvatars:
    @pytest.fixture
    def video(self, tmp_path: Path) -> Path:
        path = tmp_path / "mei.mp4"
        write_video(path, 1920, 1080)
        return path

    def test_a_video_and_the_consent_become_an_avatar_once_people_agree(
        self, emulator: EmulatorServer, video: Path, picture: Path
    ) -> None:
        operator = CreateAvatarModelOperator(
            task_id="mei",
            name="Mei",
            training_video=f"file://{video}",
            grant_file=f"file://{picture}",
            id_card_image1=f"file://{picture}",
            deferrable=True,
        )

        def confirm() -> None:
            hook = HuaweiCloudHook()
            while not (
                waiting := [each for each in emulator.jobs() if each["status"] == "WAIT_USER_CONFIRM"]
            ):
                time.sleep(0.02)
            hook.call(
                "metastudio.Execute2dModelTrainingCommandByUser",
                {"job_id": waiting[0]["job_id"], "command": "CONFIRM_ACCEPT"},
            )

        owner = threading.Thread(target=confirm, daemon=True)
        owner.start()
        with reviewed(emulator, "MANUAL_VERIFYING"):
            result = run_task(operator, Store()).result
        owner.join()

        assert (result["state"], bool(result["asset_id"])) == ("JOB_SUCCESS", True)
        assert not any("upload_url" in str(value) for value in result.values())

    @pytest.mark.parametrize(
        ("width", "height", "seconds_per_frame", "reason"),
        [
            (640, 360, 45, "has 640×360 pixels; allowed: 1920×1080 or 3840×2160 pixels"),
            (2560, 1440, 45, "has 2560×1440 pixels"),
            (1080, 1920, 30, "is 150.0 s long; allowed: at least 180 s"),
        ],
    )
    def test_a_video_that_reviewers_refuse_makes_no_job(
        self,
        emulator: EmulatorServer,
        tmp_path: Path,
        width: int,
        height: int,
        seconds_per_frame: int,
        reason: str,
    ) -> None:
        write_video(tmp_path / "a.mp4", width, height, frames_per_second=Fraction(1, seconds_per_frame))
        operator = CreateAvatarModelOperator(
            task_id="mei", name="Mei", training_video=f"file://{tmp_path}/a.mp4"
        )

        with pytest.raises(AirflowFailException, match=f"training_video: .*{reason}"):
            run_task(operator, Store())
        assert accepted(emulator, "Create2dModelTrainingJob") == 0


class TestTransfers:
    @pytest.fixture
    def offer(self, emulator: EmulatorServer) -> TransferAssetOperator:
        made = HuaweiCloudHook().call(
            "metastudio.CreateDigitalAsset", {"asset_name": "lamp", "asset_type": "VIDEO"}
        )
        return TransferAssetOperator(
            task_id="offer", asset_ids=[made["asset_id"]], dest_project_id=OTHER, deferrable=True
        )

    def test_a_task_waits_until_the_receiver_accepts(
        self, emulator: EmulatorServer, offer: TransferAssetOperator
    ) -> None:
        with reviewed(emulator, "PROCESSING"):
            result = run_task(offer, Store()).result

        assert (result["state"], result["dest_project_id"]) == ("ACCEPT", OTHER)

    def test_a_transfer_that_is_rejected_is_not_offered_again(
        self, emulator: EmulatorServer, offer: TransferAssetOperator
    ) -> None:
        with (
            reviewed(emulator, "PROCESSING", accept=False),
            pytest.raises(AirflowFailException, match="REJECT"),
        ):
            run_task(offer, Store())
