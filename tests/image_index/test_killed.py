"""A process that is killed in the middle leaves nothing twice and nothing out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from image_index.bulk import QUICK, index
from image_index.conftest import Service
from image_index.test_indexer import Numbered, once_each

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("after", [0, 1, 100])
def test_what_a_killed_process_has_begun_the_next_one_ends(
    service: Service, numbered: Numbered, after: int
) -> None:
    # The product's own 5 seconds are for this: the emulator continues what the killed task has sent.
    images = numbered(200)
    command = [sys.executable, "-m", "image_index.bulk", service.url, "covers", json.dumps(images)]
    path = f"{TESTS.parent}{os.pathsep}{TESTS}"
    killed = subprocess.Popen(command, cwd=TESTS, env={**os.environ, "PYTHONPATH": path})
    try:
        while service.added() < after or "ListImages" not in service.emulator.calls():
            assert killed.poll() is None
            time.sleep(0.005)
    finally:
        killed.kill()
        killed.wait()

    report = index(service.url, "covers", images, resumed=True, timing=replace(QUICK, settle_seconds=3.0))

    assert service.held() == once_each(images)
    assert report.found + report.added == 200
    assert report.added < 200 or after == 0
