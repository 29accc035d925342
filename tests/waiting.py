"""Wait in tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds; pytest's timeout ends it otherwise."""
    while not condition():
        time.sleep(0.3)
