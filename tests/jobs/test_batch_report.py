"""Report of a batch: progress, failures, rows of bounded size."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_viapi.jobs.batch.ledger import Item
from airflow_provider_viapi.jobs.batch.report import MAX_BYTES, Progress, describe_item, truncate


@pytest.mark.parametrize(
    ("progress", "elapsed", "done_before", "text"),
    [
        (Progress(5, 0, 3, 2), timedelta(seconds=20), 0, "5 done, 0 failed, 3 running, 2 left"),
        (Progress(5, 0, 3, 2), timedelta(minutes=5), 5, "5 done, 0 failed, 3 running, 2 left"),
        (Progress(9, 1, 0, 0), timedelta(minutes=5), 0, "9 done, 1 failed, 0 running, 0 left"),
        (
            Progress(8, 2, 3, 2),
            timedelta(minutes=2),
            0,
            "8 done, 2 failed, 3 running, 2 left; 5 per minute, about 1 minute left",
        ),
        (
            Progress(20, 0, 100, 400),
            timedelta(minutes=10),
            0,
            "20 done, 0 failed, 100 running, 400 left; 2 per minute, about 4 hours left",
        ),
        (
            Progress(1, 0, 1, 0),
            timedelta(minutes=30),
            0,
            "1 done, 0 failed, 1 running, 0 left; 2 per hour, about 30 minutes left",
        ),
    ],
)
def test_progress_has_a_rate_only_with_a_sensible_time_base(
    progress: Progress, elapsed: timedelta, done_before: int, text: str
) -> None:
    assert progress.describe(elapsed, done_before) == text


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"VideoUrl": "https://h/a.mp4?Signature=s3cr3t#x"}, "item 7 (https://h/a.mp4)"),
        ({"VideoUrl": "https://user:s3cr3t@h/a.mp4"}, "item 7 (https://h/a.mp4)"),
        ({"Name": "x", "Inputs": [{"Url": "s3://conn@films/a.mp4"}]}, "item 7 (s3://films/a.mp4)"),
        ({"Text": "read https://h/a"}, "item 7"),
        (None, "item 7"),
    ],
)
def test_an_item_is_described_by_its_address_without_credentials(request_: Any, text: str) -> None:
    assert describe_item(Item(7, "name", request=request_)) == text


def test_rows_stay_under_five_megabytes() -> None:
    def row(index: int, length: int) -> dict[str, Any]:
        return {
            "index": index,
            "job_id": "J",
            "state": "S",
            "result": {"VideoUrl": "x" * length},
            "error": None,
        }

    kept, shortened = truncate([row(index, 5000 if index % 10 else 300) for index in range(10_000)])
    whole, none = truncate([row(index, 300) for index in range(10_000)])

    assert shortened == 9000
    assert kept[0]["result"] == {"VideoUrl": "x" * 300}
    assert kept[1]["result"] is None
    assert len(str(kept)) < MAX_BYTES
    assert (len(whole), none) == (10_000, 0)
