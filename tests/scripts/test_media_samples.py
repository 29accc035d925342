"""The collection of photographs for the tests of image search."""

from __future__ import annotations

from pathlib import Path

import media_samples
from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.alibaba.services import imgsearch
from airflow_provider_viapi.emulator.media.image_features import check_limits


def test_image_search_accepts_every_photograph_of_the_collection(tmp_path: Path) -> None:
    written = media_samples.write_photographs(tmp_path / "photographs", 40)

    assert [path.name for path in written[:2]] == ["astronaut_000.jpg", "chelsea_001.jpg"]
    assert len({path.read_bytes() for path in written}) == 40
    (limits,) = (each.limits[0] for each in imgsearch.ADD_IMAGE.parameters if isinstance(each, Media))
    for path in written:
        check_limits(path, limits)


def test_the_collection_is_reproducible(tmp_path: Path) -> None:
    first, second = (media_samples.write_photographs(tmp_path / name, 10) for name in "ab")

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
