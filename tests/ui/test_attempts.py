"""The tab of a task that was retried or cleared."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_database import AIRFLOW_VERSION
from ui.conftest import Deployment
from ui.window import CONTRAST, Open, plays

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

LONG = 3600


def steps_of(frame: Any) -> list[str]:
    steps = frame.get_by_role("region", name="Timeline").get_by_role("listitem").locator("strong")
    return list(steps.all_inner_texts())


def test_a_retry_says_which_attempt_its_job_is_of(window: Open, deployment: Deployment, film: str) -> None:
    deployment.emulator.fault(action="ChangeVideoSize", times=1, job={"processing": LONG})
    run_id = deployment.run("late_film", wait=False, video_url=film)
    shown = window()
    frame = shown.open("late_film", run_id, "reframe")

    frame.get_by_text("up for retry").wait_for(timeout=90_000)
    if AIRFLOW_VERSION < (3, 4):
        frame.get_by_role("heading", name="JobTimedOut").wait_for()
        frame.get_by_text("What to do").wait_for()
    else:
        # What the failed attempt has recorded is not returned any more.
        frame.get_by_role("heading", name="An attempt has failed").wait_for()
    job = deployment.emulator.jobs()[-1]
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("up-for-retry")

    frame.get_by_text("resumed the job of attempt 1").wait_for(timeout=120_000)
    shown.screenshot("attempts")
    deployment.emulator.clear_faults()
    plays(frame, "After", seconds=120)

    frame.get_by_text("attempt 2", exact=True).wait_for()
    assert frame.get_by_text(job["job_id"], exact=True).count() == 1
    assert steps_of(frame)[:2] == ["Submitted", "Attempt 2"]
    assert frame.get_by_role("alert").count() == 0
    assert shown.frame().evaluate(CONTRAST) == []
    shown.screenshot("resumed")


def test_a_cleared_task_shows_its_new_job_without_being_opened_again(
    window: Open, deployment: Deployment, film: str
) -> None:
    run_id = deployment.run("one_film", video_url=film)
    job_id = deployment.airflow.xcom("one_film", run_id, "reframe", key="job_id")
    shown, board = window(), window()
    frame = shown.open("one_film", run_id, "reframe")
    plays(frame, "After")
    story = board.open("one_film", run_id)
    story.locator(".state.success").wait_for()

    deployment.emulator.fault(action="ChangeVideoSize", times=1, job={"processing": LONG})
    deployment.clear("one_film", run_id, "reframe")
    frame.get_by_text("Waiting for the job").wait_for(timeout=90_000)
    frame.get_by_text("attempt 2", exact=True).wait_for()
    assert frame.get_by_text(job_id, exact=True).count() == 0
    assert frame.get_by_text("resumed").count() == 0
    story.locator(".state.deferred").wait_for(timeout=90_000)

    # Its job continues if the task is cleared while it waits.
    running = deployment.airflow.xcom("one_film", run_id, "reframe", key="job_id")
    deployment.clear("one_film", run_id, "reframe")
    frame.get_by_text("resumed the job of attempt 2").wait_for(timeout=90_000)
    deployment.emulator.clear_faults()
    plays(frame, "After", seconds=120)
    frame.get_by_text("attempt 3", exact=True).wait_for()
    assert frame.get_by_text(running, exact=True).count() == 1
    shown.screenshot("cleared")
