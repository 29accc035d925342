"""A program that runs so many tasks one after the other, each of which submits a job, as a worker does."""

from __future__ import annotations

import sys

from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from operators.test_paid_once import Store
from run_task import run_task


def main(address: str, count: int) -> None:
    for number in range(count):
        task = EraseVideoSubtitlesOperator(
            task_id="erase", video_url=f"{address}?{number}", wait_for_completion=False
        )
        print("submitted", run_task(task, Store()).result)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
