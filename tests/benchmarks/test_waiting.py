"""The waiting benchmark, shortened: a thousand jobs, eight times as fast, against an emulator with a quota."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "waiting.py"


def test_a_thousand_jobs_need_at_most_1_1_calls_each_and_none_is_lost() -> None:
    command = [sys.executable, str(PROGRAM), "--ours", "1000", "--scale", "8"]

    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)

    found = json.loads(run.stdout)
    assert (found["noticed"], found["failed"], found["lost"]) == (1000, 0, 0)
    assert found["calls"] <= 1.1 * 1000
