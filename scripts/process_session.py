"""Commands that are stopped together with all processes they started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]


class ProcessSession:
    """A command in a session of its own, so that all its descendants can be found and stopped with it.

    A process group would not do: Airflow runs every task in a group of its own, in the same session.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.killed = False
        self._ended = False
        with log.open("wb") as output:
            self.leader = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def members(self) -> list[int]:
        """Return the ids of the session's running processes."""
        if self._ended:  # the session's id may have been reused
            return []
        led = self.leader.poll() is None
        members = []
        for pid in psutil.pids():
            with contextlib.suppress(OSError, psutil.Error):
                if os.getsid(pid) == self.leader.pid and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                    members.append(pid)
        self._ended = not led and not members
        return members

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the session."""
        for pid in self.members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Kill all processes of the session immediately."""
        self.killed = True
        while self.members():
            self.send_signal(signal.SIGKILL)
            time.sleep(0.05)

    def terminate(self) -> None:
        """Ask the command to end, as a service manager does; does not wait until it has."""
        self.killed = True
        self.leader.terminate()

    def log_tail(self, lines: int = 30) -> str:
        """Return the last lines of the command's output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def end_sessions(sessions: Iterable[ProcessSession], grace: float = 3) -> None:
    """Send SIGTERM to the leaders, ``grace`` seconds later to every process, then kill the rest.

    Not to all at once: a supervisor hangs if its children end before it has stopped them.
    """
    remaining = list(sessions)
    try:
        for session in remaining:
            session.leader.terminate()
            session.send_signal(signal.SIGCONT)  # a stopped process does not receive SIGTERM
        remaining = _still_alive(remaining, grace)
        for session in remaining:
            session.send_signal(signal.SIGTERM)
        remaining = _still_alive(remaining, grace)
    finally:
        for session in remaining:
            session.kill()


def _still_alive(sessions: list[ProcessSession], grace: float) -> list[ProcessSession]:
    deadline = time.monotonic() + grace
    while (
        sessions := [session for session in sessions if session.members()]
    ) and time.monotonic() < deadline:
        time.sleep(0.1)
    return sessions
