"""The code that a test runs, for tables in the documents."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path


@cache
def tested_code() -> str:
    """Return the commit that is tested, so that rows of earlier code can be recognized."""
    command = ("git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD")
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
