"""Sources are checked against the limits that the service model has for the action."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media_checks import TRANSFORMS, probe

SIZE = {"Width": 64, "Height": 64}


@pytest.fixture
def clip(tmp_path: Path) -> Any:
    """Writes a clip of two seconds; the suffix decides on its container."""

    def write(suffix: str) -> Path:
        path = tmp_path / f"clip.{suffix}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("flv" if suffix == "flv" else "mpeg4", rate=5, width=64, height=48)
            for number in range(10):
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * number, np.uint8), "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 5)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


def test_a_jpeg_with_a_second_image_is_a_jpeg(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (32, 24), "blue")
    first.save(tmp_path / "camera.jpg", format="MPO", save_all=True, append_images=[second])

    info = probe(tmp_path / "camera.jpg")

    assert info is not None
    assert (info.formats, info.size) == ({"jpeg"}, (64, 48))


def failure(action: str, tmp_path: Path, **request: Any) -> str:
    (tmp_path / "results").mkdir()
    with pytest.raises(MediaError) as raised:
        TRANSFORMS[action](request, tmp_path / "results")
    return str(raised.value)


@pytest.mark.parametrize("suffix", ["mkv", "ts", "mpg"])
def test_change_video_size_refuses_containers_that_it_does_not_read(
    clip: Any, tmp_path: Path, suffix: str
) -> None:
    message = failure("ChangeVideoSize", tmp_path, VideoUrl=clip(suffix), **SIZE)

    assert message == f"InvalidFile.Type: VideoUrl is of type {suffix}; the action reads mp4, avi, mov, flv"


@pytest.mark.parametrize("suffix", ["mp4", "avi", "mov", "flv"])
def test_change_video_size_reads_the_containers_of_its_model(clip: Any, tmp_path: Path, suffix: str) -> None:
    result = TRANSFORMS["ChangeVideoSize"]({"VideoUrl": clip(suffix), **SIZE}, tmp_path)

    assert result["VideoUrl"].stat().st_size


def test_another_action_reads_mkv(clip: Any, tmp_path: Path) -> None:
    assert TRANSFORMS["GenerateVideoCover"]({"VideoUrl": clip("mkv"), "IsGif": False}, tmp_path)


@pytest.mark.parametrize("length", [2, 3])
def test_a_film_cannot_be_cut_down_to_its_own_length_or_more(clip: Any, tmp_path: Path, length: int) -> None:
    message = failure("AbstractFilmVideo", tmp_path, VideoUrl=clip("mp4"), Length=length)

    assert (
        message
        == f"InvalidParameter: Length is {length}, but the video lasts only 2.0 s; Length must be less"
    )


def test_a_file_that_is_too_small_or_of_another_type_in_a_list_is_refused(tmp_path: Path) -> None:
    small, gif = tmp_path / "a.png", tmp_path / "b.gif"
    Image.new("RGB", (200, 200)).save(small)
    Image.effect_noise((400, 400), 90).save(gif)

    def item(path: Path) -> dict[str, Any]:
        return {"FileName": path.name, "FileUrl": path, "Type": "image"}

    first = failure("GenerateVideo", tmp_path, FileList=[item(small)])
    (tmp_path / "results").rmdir()
    second = failure("GenerateVideo", tmp_path, FileList=[item(gif)])

    assert first.startswith("InvalidFile.Size: FileList.1.FileUrl has ")
    assert second == "InvalidFile.Type: FileList.1.FileUrl is of type gif; the action reads jpeg, png, bmp"


def test_type_size_and_duration_are_read_from_the_content(clip: Any, tmp_path: Path) -> None:
    path = clip("mov").rename(tmp_path / "clip.mp4")
    (tmp_path / "text.mp4").write_text("not a video")

    info = probe(path)
    assert info is not None
    assert (info.formats, info.size, info.seconds) == (frozenset({"mov"}), (64, 48), pytest.approx(2.0))
    assert probe(tmp_path / "text.mp4") is None
