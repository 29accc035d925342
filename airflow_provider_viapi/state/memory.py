"""State that lasts as long as the process: where neither Airflow nor a storage keeps any."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

MARKER_DAYS = 7.0
"""Age in days at which the markers of warnings are deleted."""


class MemoryStore:
    """A dictionary that accepts what the other stores accept."""

    is_persistent = False

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, key: str) -> Any:
        """Return the value, or ``None``."""
        text = self._values.get(key)
        return None if text is None else json.loads(text)

    def set(self, key: str, value: Any) -> None:
        """Keep a value of JSON's types until the process ends.

        :raises ValueError: the value is ``None``, or JSON cannot hold it
        """
        if value is None:
            raise ValueError("None cannot be stored; delete the key")
        # Through text, so that a later change of the caller's object does not change what was stored.
        self._values[key] = json.dumps(value, allow_nan=False)

    def delete(self, key: str) -> None:
        """Delete the value, if there is one."""
        self._values.pop(key, None)


def warn_once(dag_id: str, run_id: str) -> None:
    """Warn that a retry cannot find the job: once per DAG run, user and worker host.

    Each task is a process of its own, so an empty marker file in the host's temporary folder records the warning;
    where that folder is not shared by tasks (a pod per task), each of them warns.
    """
    if _mark_first(f"{dag_id}\n{run_id}"):
        logger.warning(
            "This Airflow keeps no state between the attempts of a task, so a retry, or a task that is cleared,"
            " submits and pays for its job again. Set [viapi] state_path to a folder in object storage, such as"
            " s3://aws_default@bucket/viapi-state, or use Airflow 3.3 or later. (DAG %s, run %s; logged once per run"
            " and host)",
            dag_id,
            run_id,
        )


def _mark_first(name: str) -> bool:
    folder = Path(tempfile.gettempdir()) / f"airflow-viapi-warned-{os.getuid()}"
    marker = folder / hashlib.sha256(name.encode()).hexdigest()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with marker.open("x"):
            pass
    except FileExistsError:
        return False
    except OSError:
        # Better once too often than never.
        return True
    _delete_old_markers(folder)
    return True


def _delete_old_markers(folder: Path) -> None:
    oldest = time.time() - MARKER_DAYS * 86_400
    with contextlib.suppress(OSError):
        for each in folder.iterdir():
            if each.stat().st_mtime < oldest:
                each.unlink()
