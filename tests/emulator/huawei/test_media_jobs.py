"""Avatar and photo videos, cards, checks of photos, subtitles and speech: jobs that end with real, small files."""

from __future__ import annotations

import base64
import io
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import av
import httpx
import pytest
from PIL import Image

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.metastudio import assets, cards, scripts, speech, videos
from emulator.huawei.callers import Caller, until

AVATAR, SHOW_AVATAR = videos.CREATE_2D_DIGITAL_HUMAN_VIDEO, videos.SHOW_2D_DIGITAL_HUMAN_VIDEO
PHOTO, SHOW_PHOTO = videos.CREATE_PHOTO_DIGITAL_HUMAN_VIDEO, videos.SHOW_PHOTO_DIGITAL_HUMAN_VIDEO
TTS, SHOW_TTS = speech.CREATE_ASYNC_TTS_JOB, speech.SHOW_ASYNC_TTS_JOB
SMALL = {"codec": "H264", "bitrate": 1000, "width": 320, "height": 180}
VOICE = {"voice_asset_id": "emulator-voice"}
TEXT = "Good evening. This lamp is on sale until Sunday."


def scene(text: str, number: int = 1) -> dict[str, Any]:
    return {
        "sequence_no": number,
        "shoot_script": {"script_type": "TEXT", "text_config": {"text": text}},
    }


def image(colour: str = "red") -> str:
    content = io.BytesIO()
    Image.new("RGB", (60, 80), colour).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def video(**changed: Any) -> dict[str, Any]:
    return {"video_config": SMALL, "voice_config": VOICE, "shoot_scripts": [scene(TEXT)], **changed}


def card(**changed: Any) -> dict[str, Any]:
    return {
        "business_card_type": "2D_DIGITAL_HUMAN_CARD",
        "card_templet_asset_id": "emulator-card",
        "card_text_config": {"name": "A. Person"},
        "card_image_config": {"human_image": image()},
        "introduction_text": "Hello.",
        "video_asset_name": "card",
        **changed,
    }


def fetched(address: str, target: Path) -> Path:
    answer = httpx.get(address, trust_env=False)
    assert answer.status_code == 200, answer.text
    target.write_bytes(answer.content)
    return target


def length_of(path: Path) -> float:
    with av.open(str(path)) as media:
        assert media.duration is not None
        return media.duration / 1e6


def main_file(caller: Caller, video: dict[str, Any]) -> str:
    """Return the link to an avatar video: the service offers no preview, so it is that of the asset."""
    assert "preview_video_url" not in video["output_asset_config"]
    files = caller(assets.SHOW_ASSET, asset_id=video["output_asset_config"]["asset_id"])["files"]
    (link,) = [each["download_url"] for each in files if each["asset_file_category"] == "MAIN"]
    return str(link)


def test_an_avatar_video_is_as_long_as_its_script_takes_to_say(caller: Caller, tmp_path: Path) -> None:
    short, long = (
        caller.ended(
            SHOW_AVATAR, job_id=caller(AVATAR, **video(shoot_scripts=[scene(TEXT * times)]))["job_id"]
        )
        for times in (1, 3)
    )

    lengths = [length_of(fetched(main_file(caller, each), tmp_path / "video.mp4")) for each in (short, long)]
    assert lengths == pytest.approx([short["duration"], long["duration"]], abs=0.21)
    assert lengths[1] == pytest.approx(3 * lengths[0], abs=0.6)


def test_an_avatar_video_has_the_size_asked_for_frames_and_sound(caller: Caller, tmp_path: Path) -> None:
    seen = caller.ended(SHOW_AVATAR, job_id=caller(AVATAR, **video())["job_id"])

    path = fetched(main_file(caller, seen), tmp_path / "video.mp4")
    with av.open(str(path)) as media:
        shown = media.streams.video[0]
        assert (shown.width, shown.height) == (320, 180)
        assert len(media.streams.audio) == 1


def test_a_photo_is_what_a_photo_video_shows(caller: Caller, tmp_path: Path) -> None:
    request = {
        "human_image": image("red"),
        "video_config": SMALL,
        "shoot_scripts": [scene("Hello.")],
        "output_asset_config": {"asset_name": "me"},
    }
    seen = caller.ended(SHOW_PHOTO, job_id=caller(PHOTO, **request)["job_id"])

    with av.open(str(fetched(seen["output_asset_config"]["preview_video_url"], tmp_path / "v.mp4"))) as media:
        pixel = next(media.decode(video=0)).to_ndarray(format="rgb24")[70, 160]
    assert pixel[0] > 200
    assert max(pixel[1:]) < 60


def test_a_script_that_was_kept_is_spoken(caller: Caller) -> None:
    script_id = caller(
        scripts.CREATE_VIDEO_SCRIPTS, script_name="sale", shoot_scripts=[scene("One."), scene("Two.", 2)]
    )["script_id"]
    seen = caller.ended(SHOW_AVATAR, job_id=caller(AVATAR, script_id=script_id, video_config=SMALL)["job_id"])

    assert (seen["state"], seen["script_id"]) == ("SUCCEED", script_id)


@pytest.mark.parametrize("request_", [{"video_config": SMALL}, {"script_id": "none"}])
def test_a_video_without_a_text_is_refused(caller: Caller, request_: dict[str, Any]) -> None:
    assert caller.refused(AVATAR, **request_) == (400, "MSS.00000003")


def test_a_photo_that_is_none_fails_with_a_reason(caller: Caller) -> None:
    job_id = caller(videos.CREATE_PHOTO_DETECTION, human_image=b"\x89PNG\r\n\x1a\nbroken")["job_id"]
    seen = caller.ended(videos.SHOW_PHOTO_DETECTION, job_id=job_id)

    assert (seen["state"], seen["error_info"]["error_code"]) == ("FAILED", "MSS.00000003")


def test_a_photo_is_found_fit(caller: Caller) -> None:
    job_id = caller(videos.CREATE_PHOTO_DETECTION, human_image=image())["job_id"]

    assert caller.ended(videos.SHOW_PHOTO_DETECTION, job_id=job_id)["state"] == "SUCCEED"


def test_a_business_card_is_reported_in_job_info(caller: Caller, tmp_path: Path) -> None:
    job_id = caller(cards.CREATE_DIGITAL_HUMAN_BUSINESS_CARD, **card())["job_id"]
    seen = caller.ended(cards.SHOW_DIGITAL_HUMAN_BUSINESS_CARD, job_id=job_id)

    assert seen["job_info"]["state"] == "SUCCEED"
    made = seen["job_info"]["output_asset_config"]
    assert made["asset_name"] == "card"
    assert length_of(fetched(made["preview_video_url"], tmp_path / "card.mp4")) > 0
    listed = caller(cards.LIST_DIGITAL_HUMAN_BUSINESS_CARD)
    assert [each["job_id"] for each in listed["jobs"]] == [job_id]
    caller(cards.DELETE_DIGITAL_HUMAN_BUSINESS_CARD, job_id=job_id)
    assert caller.refused(cards.SHOW_DIGITAL_HUMAN_BUSINESS_CARD, job_id=job_id) == (400, "MSS.00000003")


def test_each_scene_of_a_script_gets_its_subtitles(caller: Caller, tmp_path: Path) -> None:
    script_id = caller(scripts.CREATE_VIDEO_SCRIPTS, shoot_scripts=[scene("One. Two."), scene("Three.", 2)])[
        "script_id"
    ]
    job_id = caller(videos.CREATE_SUBTITLE_FILE, script_id=script_id)["job_id"]
    seen = caller.ended(videos.SHOW_SUBTITLE_FILE, job_id=job_id)

    assert seen["job_state"] == "GENERATED"
    found = {
        each["sequence_no"]: fetched(each["subtitle_file_download_url"], tmp_path / "s.srt").read_text()
        for each in seen["subtitle_file_info"]
    }
    assert "One." in found[1]
    assert "Two." in found[1]
    assert "Three." in found[2]


def test_the_number_of_a_scene_is_no_path(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "own.srt").write_text("mine")
    numbers: list[Any] = [str(tmp_path / "own"), "../../up"]
    script = [{**scene("One."), "sequence_no": number} for number in numbers]
    script_id = caller(scripts.CREATE_VIDEO_SCRIPTS, shoot_scripts=script)["script_id"]
    job_id = caller(videos.CREATE_SUBTITLE_FILE, script_id=script_id)["job_id"]
    seen = caller.ended(videos.SHOW_SUBTITLE_FILE, job_id=job_id)

    assert [each["sequence_no"] for each in seen["subtitle_file_info"]] == numbers
    assert (tmp_path / "own.srt").read_text() == "mine"


def test_subtitles_that_fail_are_generated_and_say_so_scene_by_scene(
    caller: Caller, emulator: EmulatorServer
) -> None:
    emulator.fault(action="CreateSubtitleFile", job={"state": "FAILED"})
    script_id = caller(scripts.CREATE_VIDEO_SCRIPTS, shoot_scripts=[scene("One.")])["script_id"]
    job_id = caller(videos.CREATE_SUBTITLE_FILE, script_id=script_id)["job_id"]

    seen = caller.ended(videos.SHOW_SUBTITLE_FILE, job_id=job_id)

    assert (seen["job_state"], seen["subtitle_file_info"][0]["subtitle_file_state"]) == (
        "GENERATED",
        "GENERATE_FAILED",
    )


@pytest.mark.parametrize(("kind", "begins"), [("WAV", b"RIFF"), ("MP3", b"ID3")])
def test_speech_is_silence_that_is_marked_as_a_placeholder(
    caller: Caller, tmp_path: Path, kind: str, begins: bytes
) -> None:
    job_id = caller(TTS, text=TEXT, voice_asset_id="v", audio_format=kind, need_timestamp=True)["job_id"]
    seen = caller.ended(SHOW_TTS, job_id=job_id)

    path = fetched(seen["audio_file_url"], tmp_path / "speech")
    assert path.read_bytes().startswith(begins)
    with av.open(str(path)) as media:
        assert "placeholder" in media.metadata["comment"]
    assert fetched(seen["audio_info_file_url"], tmp_path / "info").read_bytes().startswith(b"{")
    assert "audio_srt_file_url" not in seen


def test_slower_speech_is_longer(caller: Caller, tmp_path: Path) -> None:
    lengths = []
    for speed in (50, 100, 200):
        job_id = caller(TTS, text=TEXT, voice_asset_id="v", speed=speed)["job_id"]
        seen = caller.ended(SHOW_TTS, job_id=job_id)
        lengths.append(length_of(fetched(seen["audio_file_url"], tmp_path / "speech.wav")))

    assert lengths == pytest.approx([2 * lengths[1], lengths[1], lengths[1] / 2], abs=0.01)


def test_a_voice_is_listened_to(caller: Caller) -> None:
    job_id = caller(speech.CREATE_TTS_AUDITION, text="Hello.", emotion="emulator-voice")["job_id"]
    while not (seen := caller(speech.SHOW_TTS_AUDITION_FILE, job_id=job_id))["is_file_complete"]:
        pass

    assert httpx.get(seen["files"][0]["download_url"], trust_env=False).content.startswith(b"RIFF")


def test_a_job_never_succeeds_before_its_file_is_there(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=TTS.name, job={"queued": 3600})
    job_id = caller(TTS, text=TEXT, voice_asset_id="v")["job_id"]

    assert caller(SHOW_TTS, job_id=job_id) == {"state": "WAITING"}
    emulator.clear_faults()
    assert "audio_file_url" in caller.ended(SHOW_TTS, job_id=job_id)


@pytest.mark.parametrize(
    ("create", "show", "request_"), [(AVATAR, SHOW_AVATAR, video()), (TTS, SHOW_TTS, {"text": "x", **VOICE})]
)
def test_a_job_goes_through_its_states(
    caller: Caller, emulator: EmulatorServer, create: Action, show: Action, request_: dict[str, Any]
) -> None:
    emulator.fault(action=create.name, job={"processing": 3600})
    job_id = caller(create, **request_)["job_id"]

    caller.in_state("PROCESSING", show, job_id=job_id)
    emulator.clear_faults()
    assert caller.ended(show, job_id=job_id)["state"] == "SUCCEED"


@pytest.mark.parametrize("state", ["BLOCK", "FAILED", "THINKING"])
def test_a_video_ends_in_the_state_of_its_fault(caller: Caller, emulator: EmulatorServer, state: str) -> None:
    emulator.fault(action=AVATAR.name, job={"state": state, "code": "MSS.1", "message": "as requested"})
    job_id = caller(AVATAR, **video())["job_id"]

    seen = caller.in_state(state, SHOW_AVATAR, job_id=job_id)

    assert seen["error_info"] == {"error_code": "MSS.1", "error_msg": "as requested"}
    assert "preview_video_url" not in seen["output_asset_config"]


def test_a_fault_for_all_actions_fails_a_video_with_a_code_of_its_service(
    caller: Caller, emulator: EmulatorServer
) -> None:
    emulator.fault(action="*", job={"state": "PROCESS_FAILED"})
    job_id = caller(AVATAR, **video())["job_id"]

    seen = caller.ended(SHOW_AVATAR, job_id=job_id)
    assert (seen["state"], seen["error_info"]["error_code"]) == ("FAILED", "MSS.42000007")


def test_only_a_video_that_waits_is_cancelled(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=AVATAR.name, job={"queued": 3600})
    waiting = caller(AVATAR, **video())["job_id"]
    done = caller(AVATAR, **video())["job_id"]
    caller.ended(SHOW_AVATAR, job_id=done)

    caller(videos.CANCEL_2D_DIGITAL_HUMAN_VIDEO, job_id=waiting)

    assert caller(SHOW_AVATAR, job_id=waiting)["state"] == "CANCELED"
    assert caller.refused(videos.CANCEL_2D_DIGITAL_HUMAN_VIDEO, job_id=done) == (400, "MSS.00000003")


def test_videos_are_listed_newest_first_page_by_page(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=AVATAR.name, times=3, job={"queued": 3600})
    made = [
        caller(AVATAR, **video(output_asset_config={"asset_name": name}))["job_id"]
        for name in ("a", "b", "c")
    ]
    listed = caller(videos.LIST_DIGITAL_HUMAN_VIDEO, limit=2)
    rest = caller(videos.LIST_DIGITAL_HUMAN_VIDEO, limit=2, offset=2)
    some = caller(videos.LIST_DIGITAL_HUMAN_VIDEO, job_ids=made[:2], sort_dir="asc")

    assert listed["count"] == 3
    assert [each["job_id"] for each in listed["jobs"] + rest["jobs"]] == made[::-1]
    assert [each["job_id"] for each in some["jobs"]] == made[:2]
    assert caller(videos.LIST_DIGITAL_HUMAN_VIDEO, state="SUCCEED")["count"] == 0
    assert caller(videos.LIST_DIGITAL_HUMAN_VIDEO, create_since="2999-01-01T00:00:00Z")["count"] == 0


def test_a_link_ends_when_a_fault_says_so(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=TTS.name, result_expires=0)
    job_id = caller(TTS, text="x", voice_asset_id="v")["job_id"]
    address = caller.ended(SHOW_TTS, job_id=job_id)["audio_file_url"]

    def gone(address: str) -> dict[str, Any]:
        return {"status": httpx.get(address, trust_env=False).status_code}

    until(lambda: gone(address), lambda seen: seen["status"] == 403)


def test_the_video_of_a_job_becomes_an_asset(caller: Caller) -> None:
    job_id = caller(AVATAR, **video(output_asset_config={"asset_name": "evening"}))["job_id"]
    seen = caller.ended(SHOW_AVATAR, job_id=job_id)

    asset = caller(assets.SHOW_ASSET, asset_id=seen["output_asset_config"]["asset_id"])

    assert (asset["asset_name"], asset["asset_type"], asset["asset_state"]) == ("evening", "VIDEO", "ACTIVED")
    assert [each["asset_file_category"] for each in asset["files"]] == ["MAIN", "COVER"]


@pytest.mark.parametrize(("when", "jobs"), [("before", 0), ("after", 1)])
def test_a_lost_answer_leaves_a_job_behind_only_if_it_was_lost_afterwards(
    caller: Caller, emulator: EmulatorServer, when: str, jobs: int
) -> None:
    emulator.fault(action=TTS.name, drop=when)

    assert caller.refused(TTS, text="x", voice_asset_id="v")[0] is None
    assert len(emulator.jobs()) == jobs
    assert caller(speech.SHOW_TTS_JOB)["count"] == jobs


def test_faults_of_calls_happen_to_these_actions_too(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=SHOW_TTS.name, code="APIGW.0308")
    emulator.fault(action=SHOW_TTS.name, status=502)
    emulator.fault(action=SHOW_TTS.name, status=200, body='{"state": "SUCC', performed=True)

    refused = [caller.refused(SHOW_TTS, job_id="none") for _ in range(3)]

    assert refused == [(429, "APIGW.0308"), (502, None), (200, None)]
    assert emulator.faults() == []


def test_jobs_of_both_clouds_are_listed_and_shown_on_the_dashboard(
    caller: Caller, emulator: EmulatorServer
) -> None:
    job_id = caller(AVATAR, **video())["job_id"]
    caller.ended(SHOW_AVATAR, job_id=job_id)

    (job,) = emulator.jobs()
    page = httpx.get(f"{emulator.url}/", trust_env=False).text

    assert (job["job_id"], job["action"], job["status"]) == (job_id, AVATAR.name, "SUCCEED")
    assert job["request"]["shoot_scripts"][0]["shoot_script"]["text_config"]["text"] == TEXT
    assert AVATAR.name in page
    assert "<video" in page


@pytest.mark.parametrize(
    "changed",
    [
        {"shoot_scripts": [{"shoot_script": "Good evening."}]},
        {"shoot_scripts": [{"shoot_script": {"text_config": "Good evening."}}]},
        {"shoot_scripts": [{"shoot_script": {"text_config": {"text": 5}}}]},
        {"shoot_scripts": [{"shoot_script": {"audio_duration": "long"}}]},
        {"voice_config": {"voice_asset_id": "v", "speed": "fast"}},
    ],
)
def test_a_script_of_another_form_is_refused(caller: Caller, changed: dict[str, Any]) -> None:
    assert caller.refused(AVATAR, **video(**changed)) == (400, "MSS.00000003")


def test_an_impossible_size_fails_the_video(caller: Caller) -> None:
    job_id = caller(AVATAR, **video(video_config={**SMALL, "width": 5}))["job_id"]

    seen = caller.ended(SHOW_AVATAR, job_id=job_id)
    assert (seen["state"], seen["error_info"]["error_code"]) == ("FAILED", "MSS.00000003")


def test_recorded_speech_is_as_long_as_it_says(caller: Caller) -> None:
    recorded = {"shoot_script": {"script_type": "AUDIO", "audio_duration": 2.0}}
    job_id = caller(AVATAR, **video(shoot_scripts=[recorded]))["job_id"]

    assert caller.ended(SHOW_AVATAR, job_id=job_id)["duration"] == 2.0


def test_a_link_to_speech_is_valid_for_an_hour(caller: Caller) -> None:
    job_id = caller(TTS, text="Hello.", **VOICE)["job_id"]
    link = caller.ended(SHOW_TTS, job_id=job_id)["audio_file_url"]

    expires = int(parse_qs(urlsplit(link).query)["Expires"][0])
    assert expires == pytest.approx(time.time() + 3600, abs=60)
