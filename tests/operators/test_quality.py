"""The quality check on real clips: what it measures, what it refuses, and which branch it takes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator import media
from airflow_provider_viapi.errors import InvalidMedia, InvalidRequest, TransientError
from airflow_provider_viapi.media.video_quality import compare, measure
from airflow_provider_viapi.operators.quality import MediaQualityCheckOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.operators.videorecog import EvaluateVideoQualityOperator
from run_task import TaskInstance, run_task
from scripted_server import FileResponse, file_server
from served_folder import ServedFolder

RATE, SIZE = 25, (320, 180)


def pictures(kinds: str) -> Iterator[np.ndarray[Any, Any]]:
    """One second for each letter: m moves, f is frozen, b is black."""
    random = np.random.default_rng(1)
    texture = np.asarray(random.integers(40, 216, (SIZE[1] // 4, SIZE[0] // 4, 3)), np.uint8)
    texture = texture.repeat(4, 0).repeat(4, 1)
    for second, kind in enumerate(kinds):
        for number in range(RATE):
            shift = 0 if kind == "f" else 3 * (second * RATE + number)
            yield np.zeros_like(texture) if kind == "b" else np.roll(texture, shift, axis=1)


def write(path: Path, kinds: str, loudness: float | None = 0.1) -> Path:
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", RATE)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio: Any = None if loudness is None else container.add_stream("aac", 44100, layout="mono")
        for picture in pictures(kinds):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(video.encode())
        if loudness is not None:
            tone = np.sin(np.arange(44100 * len(kinds)) * 2 * np.pi * 440 / 44100) * loudness * 2**0.5
            for start in range(0, len(tone), 1024):
                frame = av.AudioFrame.from_ndarray(
                    tone[None, start : start + 1024].astype(np.float32), "fltp", "mono"
                )
                frame.sample_rate, frame.pts, frame.time_base = 44100, start, Fraction(1, 44100)
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quality")
    write(folder / "good.mp4", "mmmm")
    write(folder / "faulty.mp4", "mbff", loudness=None)
    write(folder / "silent.mp4", "mmmm", loudness=0.0)
    write(folder / "short.mp4", "mm")
    return folder


def check(clips: Path, name: str, **arguments: Any) -> MediaQualityCheckOperator:
    return MediaQualityCheckOperator(task_id="check", source=f"file://{clips}/{name}", **arguments)


def test_properties_black_and_frozen_pictures_and_sound_are_measured(clips: Path) -> None:
    good, faulty = (measure(clips / name, name) for name in ("good.mp4", "faulty.mp4"))

    assert (good.width, good.height, good.frame_rate) == (*SIZE, RATE)
    assert (good.video_codec, good.audio_codec) == ("h264", "aac")
    assert good.duration == pytest.approx(4, abs=0.1)
    assert good.loudness == pytest.approx(-20, abs=1)
    assert (good.black, good.longest_frozen < 0.2) == (0, True)
    assert faulty.black == pytest.approx(0.25, abs=0.03)
    assert faulty.longest_frozen == pytest.approx(2, abs=0.2)
    assert (faulty.audio_codec, faulty.loudness) == (None, None)
    assert measure(clips / "silent.mp4", "silent").loudness == -120


def test_a_good_video_passes_and_the_report_is_the_result(clips: Path) -> None:
    operator = check(
        clips,
        "good.mp4",
        before=f"file://{clips}/good.mp4",
        min_ssim=0.99,
        min_width=320,
        max_black=0,
        max_frozen=1,
        min_loudness=-30,
        video_codecs=["h264"],
    )

    report = run_task(operator).result

    assert (report["passed"], report["failures"]) == (True, [])
    assert report["ssim"] == 1
    assert "samples" not in report
    assert report["units"]["duration"] == "s"
    assert set(report["units"]) <= set(report)


def test_the_log_names_what_was_measured_with_units(clips: Path, capfd: pytest.CaptureFixture[str]) -> None:
    operator = check(clips, "good.mp4", scores={"MosScore": 3.5})

    run_task(operator)

    log = "".join(capfd.readouterr())
    assert "duration 4 s, width 320 px, height 180 px, frame_rate 25 fps, video_codec h264" in log
    assert "MosScore 3.5" in log


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        (
            "faulty.mp4",
            {"max_black": 0.1},
            "of the duration; allowed: at most 0.1 of the duration (max_black)",
        ),
        ("faulty.mp4", {"max_frozen": 1}, "longest_frozen is"),
        ("faulty.mp4", {"min_loudness": -50}, "loudness cannot be measured, because there is no audio track"),
        ("faulty.mp4", {"require_audio": True}, "there is no audio track"),
        ("silent.mp4", {"min_loudness": -50}, "loudness is -120 dBFS; allowed: at least -50 dBFS"),
        ("good.mp4", {"min_duration": 10}, "duration is 4 s; allowed: at least 10 s (min_duration)"),
        ("good.mp4", {"max_duration": 1}, "allowed: at most 1 s (max_duration)"),
        ("good.mp4", {"min_height": 1080}, "height is 180 px; allowed: at least 1080 px"),
        ("good.mp4", {"min_width": 54321}, "allowed: at least 54321 px"),
        ("good.mp4", {"min_frame_rate": 30}, "frame_rate is 25 fps; allowed: at least 30 fps"),
        ("good.mp4", {"video_codecs": ["hevc"]}, "video_codec is h264; allowed: hevc"),
        (
            "good.mp4",
            {"scores": {"MosScore": 2}, "min_scores": {"MosScore": 3}},
            "MosScore is 2; allowed: at least 3",
        ),
        ("good.mp4", {"scores": {}, "max_scores": {"Blur": 3}}, "the scores have no number Blur"),
        (
            "good.mp4",
            {"scores": {"MosScore": float("nan")}, "min_scores": {"MosScore": 3}},
            "the scores have no number MosScore",
        ),
    ],
)
def test_a_video_that_does_not_meet_a_threshold_fails_without_retry(
    clips: Path, name: str, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(AirflowFailException) as failure:
        run_task(check(clips, name, **arguments))

    assert said in str(failure.value)


def test_codecs_are_recognized_whatever_their_case(clips: Path) -> None:
    assert run_task(check(clips, "good.mp4", video_codecs=["H264"])).result["passed"]


def test_a_band_that_leaves_nothing_to_compare_does_not_pass(clips: Path) -> None:
    operator = check(
        clips, "good.mp4", before=f"file://{clips}/good.mp4", band=(0.001, 0, 0.999, 1), min_ssim=0.9
    )

    with pytest.raises(AirflowFailException, match="nothing is left outside of band"):
        run_task(operator)


def test_a_recording_that_begins_in_the_middle_of_a_stream_is_as_long_as_it_plays(clips: Path) -> None:
    with (
        av.open(str(clips / "good.mp4")) as film,
        av.open(str(clips / "live.ts"), "w", options={"output_ts_offset": "36000"}) as live,
    ):
        streams = {stream.index: live.add_stream_from_template(stream) for stream in film.streams}
        for packet in film.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                live.mux(packet)

    report = run_task(check(clips, "live.ts", before=f"file://{clips}/good.mp4", max_duration=5)).result

    assert report["duration"] == pytest.approx(4, abs=0.2)


def test_a_video_that_does_not_state_its_duration_is_compared_at_a_few_times(tmp_path: Path) -> None:
    with (
        (tmp_path / "stream.webm").open("wb") as file,
        # FFmpeg cannot write the duration into the header of what it cannot go back in.
        av.open(SimpleNamespace(write=file.write), "w", format="webm") as container,
    ):
        video: Any = container.add_stream("libvpx", RATE)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        video.options = {"deadline": "realtime", "cpu-used": "8"}
        for picture in pictures("m" * 6):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(video.encode())

    before = measure(tmp_path / "stream.webm", "stream")
    after = measure(tmp_path / "stream.webm", "stream", before.every)
    compare(after, before, None)

    assert 20 <= len(before.samples) <= 25
    assert before.every * len(before.samples) == pytest.approx(6, abs=0.5)
    assert after.ssim == pytest.approx(1)
    assert measure(tmp_path / "stream.webm", "stream", keep_samples=False).samples == []


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_is_busy_is_asked_again_by_the_retry(
    status: int, viapi_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    with file_server() as server:
        server.script = [FileResponse(status=status, code="ServiceUnavailable")]
        operator = MediaQualityCheckOperator(
            task_id="check", source=f"{server.url}/a.mp4", allowed_hosts=[server.host]
        )

        with pytest.raises(
            TransientError, match=f"cannot be downloaded now: .*SourceUnreadable, HTTP {status}"
        ):
            run_task(operator)


@pytest.mark.parametrize("response", [FileResponse(encoding="gzip"), FileResponse(chunked=True)])
def test_a_video_behind_a_link_may_be_sent_compressed_or_in_chunks(
    clips: Path, response: FileResponse, viapi_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    with file_server() as server:
        server.content, server.script = (clips / "short.mp4").read_bytes(), [response]

        report = run_task(
            MediaQualityCheckOperator(
                task_id="check", source=f"{server.url}/a.mp4", allowed_hosts=[server.host]
            )
        ).result

    assert report["duration"] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("response", "failure", "why"),
    [
        (FileResponse(cut_after=1000), TransientError, "cannot be downloaded now: the connection .* broke"),
        (FileResponse(length=None), AirflowFailException, "does not send the file's length"),
        (
            FileResponse(status=403),
            AirflowFailException,
            "HTTP status 403. If it is a link of a result, it may",
        ),
        (FileResponse(status=400), AirflowFailException, r"\(HTTP status 400\)"),
    ],
)
def test_a_video_that_does_not_arrive_whole_is_not_measured(
    clips: Path,
    response: FileResponse,
    failure: type[Exception],
    why: str,
    viapi_emulator: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    with file_server() as server:
        server.content, server.script = (clips / "short.mp4").read_bytes(), [response]
        operator = MediaQualityCheckOperator(
            task_id="check", source=f"{server.url}/a.mp4?Signature=secret", allowed_hosts=[server.host]
        )

        with pytest.raises(failure, match=why) as raised:
            run_task(operator)

    assert "secret" not in str(raised.value)


def test_what_got_shorter_or_lost_its_sound_or_differs_fails(clips: Path) -> None:
    before = f"file://{clips}/good.mp4"

    with pytest.raises(AirflowFailException, match=r"duration is 2\.\d+ s, before it was 4"):
        run_task(check(clips, "short.mp4", before=before))
    with pytest.raises(AirflowFailException, match="no audio track") as failure:
        run_task(check(clips, "faulty.mp4", before=before, min_ssim=0.9))
    assert "ssim is" in str(failure.value)


def test_only_what_is_outside_of_the_band_is_compared(clips: Path) -> None:
    before = measure(clips / "good.mp4", "good")
    after = measure(clips / "good.mp4", "good", before.every)
    for picture in after.samples:
        picture[135:] = 0

    compare(after, before, None)
    everywhere = after.ssim
    compare(after, before, (0, 0.75, 1, 0.25))

    assert everywhere is not None and everywhere < 0.9
    assert after.ssim == pytest.approx(1)


@pytest.mark.parametrize(("name", "followed"), [("good.mp4", "publish"), ("faulty.mp4", "ask_editor")])
def test_a_branch_is_followed_and_the_other_skipped(clips: Path, name: str, followed: str) -> None:
    operator = check(clips, name, max_black=0.1, pass_task_ids="publish", fail_task_ids=["ask_editor"])
    chosen: list[Any] = []
    operator.do_branch = lambda context, tasks: chosen.extend(tasks)  # type: ignore[method-assign,assignment]
    instance = TaskInstance()
    context: Any = {"ti": instance, "task": SimpleNamespace(downstream_task_ids={"publish", "ask_editor"})}

    report = operator.execute(context)

    assert chosen == [followed]
    assert report["passed"] is (followed == "publish")


def test_the_report_is_stored_before_airflow_3_ends_the_task_that_skips_others(clips: Path) -> None:
    class Skipped(Exception):
        """Ends the task, as Airflow's own exception does."""

    def skip(context: Any, tasks: Any) -> None:
        raise Skipped

    operator = check(clips, "good.mp4", pass_task_ids="publish", fail_task_ids=["ask_editor"])
    operator.do_branch = skip  # type: ignore[method-assign,assignment]
    instance = TaskInstance()
    with pytest.raises(Skipped):
        operator.execute({"ti": instance, "task": SimpleNamespace(downstream_task_ids={"publish"})})

    assert instance.pushed["return_value"]["passed"] is True
    assert instance.pushed["width"] == instance.pushed["return_value"]["width"] == SIZE[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_black": 2}, "max_black is 2; allowed: a number from 0 to 1"),
        ({"min_width": "wide"}, "min_width is 'wide'"),
        ({"min_ssim": 0.9}, "min_ssim and band need before"),
        (
            {"before": "s3://a/b.mp4", "band": (0, 0.75)},
            "band is (0, 0.75); allowed: left, top, width and height",
        ),
        ({"before": "s3://a/b.mp4", "band": (0, 0, 1, 1)}, "the whole picture, so nothing would be compared"),
        (
            {"min_duration": 9, "max_duration": 3},
            "min_duration is 9; allowed: at most max_duration, which is 3",
        ),
        (
            {"scores": "abc", "min_scores": {"MosScore": 3}},
            "scores is of type str; allowed: a mapping of numbers",
        ),
        ({"min_scores": {"MosScore": 3}}, "need scores"),
        ({"pass_task_ids": "publish"}, "needs fail_task_ids"),
        ({"source": "/films/a.mp4"}, "MediaQualityCheck: source is '/films/a.mp4'; allowed"),
        ({"before": "/films/a.mp4"}, "MediaQualityCheck: before is '/films/a.mp4'; allowed"),
        ({"fail_task_ids": "{{ params.ask }}"}, "none of them empty; it cannot be a template"),
        (
            {"fail_task_ids": "ask", "pass_task_ids": ["{{ x }}"]},
            "none of them empty; it cannot be a template",
        ),
        ({"video_codecs": ["{{ params.codec }}"]}, "none of them empty; it cannot be a template"),
        (
            {"fail_task_ids": [""]},
            "fail_task_ids is ['']; allowed: a text, or a list of texts, none of them empty",
        ),
        (
            {"fail_task_ids": " "},
            "fail_task_ids is ' '; allowed: a text, or a list of texts, none of them empty",
        ),
        ({"source": "/media/film.mp4"}, "source"),
        ({"scores": {}, "min_scores": {"MosScore": "high"}}, "the score 'MosScore' is 'high'"),
    ],
)
def test_a_mistake_is_refused_when_the_dag_is_parsed(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        MediaQualityCheckOperator(**{"task_id": "check", "source": "s3://media/a.mp4", **arguments})

    assert said in str(refusal.value)


def recording(
    path: Path,
    size: tuple[int, int] = SIZE,
    kinds: str = "mm",
    rotation: int = 0,
    loudness: float | None = None,
) -> Path:
    """A video whose pictures are all key frames, perhaps stored turned."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", RATE, options={"g": "1"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        if rotation:
            video.set_display_rotation(rotation)
        for picture in pictures(kinds):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(*size, "yuv420p")
            container.mux(video.encode(frame))
        container.mux(video.encode())
    return path


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_a_video_that_lies_on_its_side_is_compared_as_it_is_shown(tmp_path: Path, rotation: int) -> None:
    before = recording(tmp_path / "phone.mp4", rotation=rotation)
    folder = tmp_path / "results"
    folder.mkdir()
    erased = media.transform("EraseVideoSubtitles", {"VideoUrl": before}, folder)["VideoUrl"]

    lying = measure(before, "before")
    upright = measure(erased, "after", lying.every)
    compare(upright, lying, None)

    assert (lying.width, lying.height) == (SIZE if rotation == 180 else SIZE[::-1])
    assert (upright.width, upright.height) == (lying.width, lying.height)
    assert upright.ssim is not None and upright.ssim > 0.95


def test_a_stream_that_changes_its_size_is_measured(tmp_path: Path) -> None:
    wide, tall = recording(tmp_path / "a.ts"), recording(tmp_path / "b.ts", SIZE[::-1])
    joined = tmp_path / "joined.ts"
    joined.write_bytes(wide.read_bytes() + tall.read_bytes())

    quality = measure(joined, "joined")

    assert (quality.width, quality.height) == SIZE


def test_damaged_audio_is_left_out_as_players_do(clips: Path, tmp_path: Path) -> None:
    with av.open(str(clips / "good.mp4")) as container:
        place = next(p.pos for p in container.demux(audio=0) if p.pts and p.pts > 44100)
    content = bytearray((clips / "good.mp4").read_bytes())
    assert place is not None
    content[place : place + 60] = np.random.default_rng(1).bytes(60)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(content)

    quality = measure(damaged, "damaged")

    assert quality.duration == pytest.approx(4, abs=0.1)
    assert quality.loudness == pytest.approx(-20, abs=3)


def test_the_loudness_does_not_depend_on_how_samples_are_stored(clips: Path, tmp_path: Path) -> None:
    square = np.where(np.arange(16000) % 20 < 10, 1, 0)

    def loudness(codec: str, form: str, samples: np.ndarray[Any, Any]) -> float | None:
        path = tmp_path / f"{codec}.mkv"
        with av.open(str(path), "w") as container, av.open(str(clips / "short.mp4")) as source:
            video = container.add_stream_from_template(source.streams.video[0])
            audio: Any = container.add_stream(codec, 8000, layout="mono")
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = video
                    container.mux(packet)
            frame = av.AudioFrame.from_ndarray(samples[None], form, "mono")
            frame.sample_rate, frame.pts = 8000, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
        return measure(path, codec).loudness

    unsigned = loudness("pcm_u8", "u8", (square * 255).astype(np.uint8))
    signed = loudness("pcm_s16le", "s16", (square * 65534 - 32767).astype(np.int16))

    assert (unsigned, signed) == (pytest.approx(0, abs=0.05), pytest.approx(0, abs=0.05))


def test_the_cover_of_an_audio_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    cover = io.BytesIO()
    Image.new("RGB", (320, 320), "red").save(cover, "JPEG")
    frame = b"\0image/jpeg\0\3\0" + cover.getvalue()
    size = len(frame) + 10
    tag = b"ID3\3\0\0" + bytes((size >> shift) & 127 for shift in (21, 14, 7, 0))
    with av.open(str(tmp_path / "plain.mp3"), "w") as container:
        audio: Any = container.add_stream("mp3", 44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), "fltp", "mono")
        silence.sample_rate = 44100
        container.mux(audio.encode(silence))
        container.mux(audio.encode())
    plain = (tmp_path / "plain.mp3").read_bytes()
    path.write_bytes(tag + b"APIC" + len(frame).to_bytes(4, "big") + b"\0\0" + frame + plain)

    with pytest.raises(InvalidMedia, match="contains no video"):
        measure(path, "song.mp3")


def test_a_file_that_is_no_video_is_refused_with_its_name(clips: Path) -> None:
    (clips / "letter.mp4").write_text("Dear reader")

    with pytest.raises(AirflowFailException, match=r"letter\.mp4 cannot be decoded"):
        run_task(check(clips, "letter.mp4"))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("scores", "no mapping", "scores is of type str; allowed: a mapping of numbers"),
        ("before", "/films/a.mp4", "MediaQualityCheck: before is '/films/a.mp4'"),
        ("source", "/films/a.mp4", "MediaQualityCheck: source is '/films/a.mp4'"),
    ],
)
def test_rendered_arguments_are_checked_before_a_video_is_copied(name: str, value: str, said: str) -> None:
    arguments: dict[str, Any] = {"source": "http://127.0.0.1:9/a.mp4", name: "{{ params.x }}"}
    operator = MediaQualityCheckOperator(task_id="check", **arguments)
    setattr(operator, name, value)

    with pytest.raises(AirflowFailException, match=said):
        run_task(operator)


def test_subtitles_are_erased_scored_and_checked(
    served: ServedFolder, tmp_path: Path, viapi_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    film = served.path / "gate.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), film, seconds=2, size=(656, 368))
    erase = EraseVideoSubtitlesOperator(
        task_id="erase", video_url=f"file://{film}", by=0.7, bh=0.3, land_to=f"file://{tmp_path}/"
    )
    clean = run_task(erase).result["landed"]["VideoUrl"]
    scores = run_task(EvaluateVideoQualityOperator(task_id="score", video_url=clean)).result[
        "VideoQualityInfo"
    ]

    gate = MediaQualityCheckOperator(
        task_id="check",
        source=clean,
        before=f"file://{film}",
        band=(0, 0.7, 1, 0.3),
        min_ssim=0.9,
        scores=scores,
        min_scores={"MosScore": 1},
    )
    report = run_task(gate).result

    assert report["passed"]
    assert report["scores"] == scores
    assert 0.9 <= report["ssim"] <= 1
