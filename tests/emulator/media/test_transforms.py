from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.services import find
from airflow_provider_viapi.emulator.media import TRANSFORMS, transform
from airflow_provider_viapi.emulator.media.errors import MediaError
from emulator.media.sample_clips import real_frames, write_clip

OF_FILMS = [action for action, function in TRANSFORMS.items() if not function.startswith("images.")]
"""Actions that read videos; ``test_images.py`` has those that read images."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fifth of a second, 64x36."""
    return write_clip(tmp_path_factory.mktemp("clips") / "tiny.mp4", real_frames(5, (64, 36), "yuv420p"))


@pytest.mark.parametrize("action", OF_FILMS)
def test_every_action_refuses_a_file_that_is_no_media(action: str, tmp_path: Path) -> None:
    source = tmp_path / "letter.mp4"
    source.write_text("Dear reader, this is no video.")
    request: dict[str, Any] = {
        "VideoUrl": source,
        "VideoURL": source,
        "Width": 64,
        "Height": 64,
        "IsGif": True,
    }
    request["FileList"] = [{"Type": "video", "FileName": "letter.mp4", "FileUrl": source}]

    with pytest.raises(MediaError) as caught:
        transform(action, request, tmp_path)

    assert caught.value.code == "InvalidFile.Decode"


@pytest.mark.parametrize("action", OF_FILMS)
def test_every_action_gives_the_fields_that_the_service_documents(
    action: str, tiny: Path, tmp_path: Path
) -> None:
    request: dict[str, Any] = {"VideoUrl": tiny, "VideoURL": tiny, "Width": 64, "Height": 64}
    request |= {"Length": 2, "Duration": 5.0, "IsGif": False}
    request["FileList"] = [{"Type": "video", "FileName": "tiny.mp4", "FileUrl": tiny}]

    made = transform(action, request, tmp_path)

    assert sorted(made) == sorted(field.name for field in find(action).result)


def test_a_parameter_without_a_value_counts_as_missing(clean: Path, tmp_path: Path) -> None:
    request = {"VideoUrl": clean, "Width": 64, "Height": 64, "CropType": None, "Tightness": None}

    made = transform("ChangeVideoSize", request, tmp_path)

    assert sorted(made) == ["VideoCoverUrl", "VideoUrl"]


def test_an_action_that_is_not_emulated_has_no_transform(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        transform("MergeVideoFace", {}, tmp_path)


def test_a_fault_can_be_pickled() -> None:
    fault = pickle.loads(pickle.dumps(MediaError("InvalidFile.Content", "the video holds no pictures")))

    assert (fault.code, fault.message) == ("InvalidFile.Content", "the video holds no pictures")
    assert str(fault) == "InvalidFile.Content: the video holds no pictures"


def test_importing_the_package_loads_no_codec() -> None:
    program = (
        "import sys, airflow_provider_viapi.emulator.media;"
        "print([name for name in ('av', 'numpy', 'PIL') if name in sys.modules])"
    )

    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert loaded.stdout.strip() == "[]"
