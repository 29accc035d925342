"""DetectVideoShot and GenerateVideoCover on clips whose cuts are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.media import transform


@pytest.fixture(scope="module")
def bikes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("clips") / "bikes.mp4"
    media_samples.clean_copy(media_samples.bikes(), target)
    return target


def test_all_shots_of_a_clip_with_five_cuts_are_found(bikes: Path, tmp_path: Path) -> None:
    ids = transform("DetectVideoShot", {"VideoUrl": bikes}, tmp_path)["ShotFrameIds"]

    assert len(ids) == 6
    assert ids[0] == 0
    assert ids == sorted(set(ids))


def test_a_clip_without_a_cut_is_one_shot(tmp_path: Path) -> None:
    clip = tmp_path / "bunny.mp4"
    media_samples.clean_copy(media_samples.big_buck_bunny(), clip, seconds=2, size=(320, 180))

    assert transform("DetectVideoShot", {"VideoUrl": clip}, tmp_path)["ShotFrameIds"] == [0]


@pytest.mark.parametrize(("is_gif", "kind", "moves"), [(False, "JPEG", False), (True, "GIF", True)])
def test_covers_come_from_different_shots_best_first(
    bikes: Path, tmp_path: Path, is_gif: bool, kind: str, moves: bool
) -> None:
    outputs = transform("GenerateVideoCover", {"VideoUrl": bikes, "IsGif": is_gif}, tmp_path)["Outputs"]

    assert len(outputs) == 3
    confidences = [output["Confidence"] for output in outputs]
    assert confidences[0] == 1
    assert confidences == sorted(confidences, reverse=True)
    for output in outputs:
        with Image.open(output["ImageURL"]) as picture:
            assert picture.format == kind
            assert (getattr(picture, "n_frames", 1) > 1) is moves
