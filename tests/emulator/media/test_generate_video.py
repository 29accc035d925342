from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image, ImageOps

import media_samples
from airflow_provider_viapi.emulator.media.clips import Still
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.generate_video import generate_video, schedule
from airflow_provider_viapi.emulator.media.transitions import FADES, WIPES, Transition
from emulator.media.sample_clips import Pixels, pictures, psnr, sound, times

PHOTOGRAPHS = media_samples.photographs()


def image(name: str) -> dict[str, Any]:
    return {"Type": "image", "FileName": f"{name}.png", "FileUrl": PHOTOGRAPHS[name]}


def video(path: Path) -> dict[str, Any]:
    return {"Type": "video", "FileName": path.name, "FileUrl": path}


def made(files: Sequence[dict[str, Any]], folder: Path, **request: Any) -> Path:
    small = {"Width": 160, "Height": 120, "Duration": 5.0}
    return generate_video({"FileList": files, **small, **request}, folder)["VideoUrl"]


def fitted(name: str, size: tuple[int, int]) -> Pixels:
    """The photograph in that size; what is too high is cut off below rather than above."""
    return np.asarray(ImageOps.fit(Image.open(PHOTOGRAPHS[name]).convert("RGB"), size, centering=(0.5, 0.3)))


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of sound."""
    path = tmp_path_factory.mktemp("music") / "music.mp3"
    with av.open(str(media_samples.big_buck_bunny())) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libmp3lame", rate=48000)
        for frame in source.decode(audio=0):
            if frame.time < 2:
                target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def test_clips_and_photographs_become_one_video_of_the_length_asked_for(clean: Path, tmp_path: Path) -> None:
    target = made([image("coffee"), video(clean), image("chelsea")], tmp_path, Duration=6.0)

    assert times(target) == pytest.approx([number / 25 for number in range(150)])
    assert pictures(target)[0].shape == (120, 160, 3)


def test_the_order_of_the_list_is_kept_when_asked_for(clean: Path, tmp_path: Path) -> None:
    files = [image("coffee"), video(clean), image("chelsea")]

    target = pictures(made(files, tmp_path, Scene="keeporder", SmartEffect=False, Style="fast"))

    assert psnr(target[:1], [fitted("coffee", (160, 120))]) > 25
    assert psnr(target[:1], [fitted("chelsea", (160, 120))]) < 15


def test_a_portrait_keeps_its_head_in_a_wide_frame(tmp_path: Path) -> None:
    wide = {"Width": 320, "Height": 180, "SmartEffect": False}

    (first, *_) = pictures(made([image("astronaut")], tmp_path, **wide))

    from_the_hair_down = Image.open(PHOTOGRAPHS["astronaut"]).convert("RGB").crop((0, 67, 512, 355))
    assert psnr([first], [np.asarray(from_the_hair_down.resize((320, 180)))]) > 25


@pytest.mark.parametrize(("smart", "moves"), [(True, True), (False, False)])
def test_a_photograph_moves_only_with_smart_effects(tmp_path: Path, smart: bool, moves: bool) -> None:
    target = pictures(made([image("coffee")], tmp_path, SmartEffect=smart, TransitionStyle="basic"))

    assert (psnr(target[:1], target[60:61]) < 25) == moves


def test_several_photographs_share_a_puzzle(tmp_path: Path) -> None:
    files = [image(name) for name in ("coffee", "chelsea", "rocket", "astronaut")]

    (first, *_) = pictures(made(files, tmp_path, PuzzleEffect=True, SmartEffect=False))

    assert psnr([first[:60, :80]], [fitted("coffee", (80, 60))]) > 22
    assert psnr([first[60:, 80:]], [fitted("astronaut", (80, 60))]) > 22


def test_a_duration_by_the_material_shows_each_piece_once(tmp_path: Path) -> None:
    files = [image("coffee"), image("chelsea")]

    target = made(files, tmp_path, DurationAdaption=True, Style="fast")

    assert len(times(target)) == 2 * 40 + 6


def test_the_music_plays_over_and_over_and_fades_out(music: Path, tmp_path: Path) -> None:
    files = [image("coffee"), {"Type": "audio", "FileName": "music", "FileUrl": music}]

    heard = sound(made(files, tmp_path))

    assert len(heard) == pytest.approx(5 * 48_000, abs=2048)
    assert np.abs(heard[3 * 48_000 : 4 * 48_000]).max() > 0.05
    assert np.abs(heard[-4_000:]).max() < np.abs(heard).max() / 5


def test_without_music_the_audio_of_the_clips_is_kept(clean: Path, tmp_path: Path) -> None:
    heard = sound(made([video(clean)], tmp_path))

    assert np.corrcoef(heard[2_000:40_000], sound(clean)[2_000:40_000])[0, 1] > 0.9


@pytest.mark.parametrize(
    "request_", [{"Mute": True}, {"FileList": [image("coffee")]}], ids=["muted", "stills"]
)
def test_a_muted_video_and_one_of_stills_have_no_audio(
    clean: Path, tmp_path: Path, request_: dict[str, Any]
) -> None:
    target = made(request_.pop("FileList", [video(clean)]), tmp_path, **request_)

    with av.open(str(target)) as container:
        assert not container.streams.audio


@pytest.mark.parametrize(
    ("asked", "size"), [({}, (750, 750)), ({"Width": 200}, (200, 200)), ({"Height": 100}, (100, 100))]
)
def test_a_size_that_is_not_given_is_a_square(
    tmp_path: Path, asked: dict[str, int], size: tuple[int, int]
) -> None:
    request = {"FileList": [image("coffee")], "DurationAdaption": True, "Style": "fast", **asked}

    files = generate_video(request, tmp_path)

    assert Image.open(files["VideoCoverUrl"]).size == size


def test_there_must_be_something_to_show(music: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        made([{"Type": "audio", "FileName": "music", "FileUrl": music}], tmp_path)

    assert caught.value.code == "InvalidFile.Content"


def test_a_photograph_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "a.png"
    broken.write_bytes(PHOTOGRAPHS["coffee"].read_bytes()[:5000])

    with pytest.raises(MediaError) as caught:
        made([{"Type": "image", "FileName": "a.png", "FileUrl": broken}], tmp_path)

    assert caught.value.code == "InvalidFile.Decode"


@given(
    st.integers(1, 45),
    st.sampled_from(["fast", "normal", "slow"]),
    st.integers(0, 20),
    st.none() | st.integers(125, 1500),
)
def test_shots_and_their_overlaps_add_up_to_the_length_wanted(
    count: int, pace: str, overlap: int, wanted: int | None
) -> None:
    scheduled = schedule([Still((), False)] * count, pace, overlap, wanted)

    length = sum(pictures for _, pictures in scheduled) - overlap * (len(scheduled) - 1)
    assert all(pictures > overlap for _, pictures in scheduled)
    if wanted is None:
        assert length <= 1500
    else:
        assert length == wanted


@pytest.mark.parametrize("style", sorted({*FADES, *WIPES}))
def test_a_transition_goes_from_one_picture_to_the_other_and_never_back(style: str) -> None:
    before, after = np.zeros((90, 160, 3), np.uint8), np.full((90, 160, 3), 200, np.uint8)
    transition = Transition(style, (160, 90))

    way = [transition.between(before, after, progress) for progress in np.linspace(0, 1, 11)]

    assert np.array_equal(way[0], before)
    assert np.array_equal(way[-1], after)
    assert all(np.all(earlier <= later) for earlier, later in pairwise(way))
    assert 40 < way[5].mean() < 160
