from __future__ import annotations

from pathlib import Path

import pytest

import media_samples


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second and a half of a meadow in bright colours, 640x360, with sound."""
    path = tmp_path_factory.mktemp("clips") / "clean.mp4"
    media_samples.clean_copy(media_samples.big_buck_bunny(), path, seconds=1.5, size=(640, 360))
    return path


@pytest.fixture(scope="session")
def subtitled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Likewise, with subtitles, three lines one after the other."""
    path = tmp_path_factory.mktemp("clips") / "subtitled.mp4"
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), path, seconds=1.5, size=(640, 360))
    return path
