"""What a job is, and the states it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.model import Action

QUEUING = "QUEUING"
PROCESSING = "PROCESSING"
PROCESS_SUCCESS = "PROCESS_SUCCESS"
PROCESS_FAILED = "PROCESS_FAILED"
TIMEOUT_FAILED = "TIMEOUT_FAILED"
LIMIT_RETRY_FAILED = "LIMIT_RETRY_FAILED"
JOB_CANCELED = "JOB_CANCELED"

TRANSITIONS: Mapping[str, frozenset[str]] = {
    QUEUING: frozenset({PROCESSING, JOB_CANCELED}),
    PROCESSING: frozenset({PROCESS_SUCCESS, PROCESS_FAILED, TIMEOUT_FAILED, LIMIT_RETRY_FAILED}),
    PROCESS_SUCCESS: frozenset(),
    PROCESS_FAILED: frozenset(),
    TIMEOUT_FAILED: frozenset(),
    LIMIT_RETRY_FAILED: frozenset(),
    JOB_CANCELED: frozenset(),
}
"""From each state, those that may follow; a state that none follows is the last."""


class WrongTransition(RuntimeError):
    """A job was to go where no job goes from its state."""


@dataclass
class Job:
    """A job and what became of it.

    :param id: the RequestId of the call that submitted it
    :param action: what was called
    :param parameters: the action's parameters, with their proper types
    :param wire: the same as they were sent
    :param created_at: when it was submitted, in Unix time
    """

    id: str
    action: Action
    parameters: Mapping[str, Any] = field(repr=False)
    wire: Mapping[str, str] = field(repr=False)
    created_at: float
    state: str = field(default=QUEUING, init=False)
    finished_at: float | None = field(default=None, init=False)
    files: Mapping[str, Path] = field(default_factory=dict, init=False)
    error_code: str | None = field(default=None, init=False)
    error_message: str | None = field(default=None, init=False)

    def start(self) -> None:
        """A worker takes it."""
        self._go(PROCESSING)

    def succeed(self, files: Mapping[str, Path], now: float) -> None:
        """It is done.

        :param files: the files that are there now, by the name of the result's field
        """
        self._go(PROCESS_SUCCESS)
        self.files, self.finished_at = files, now

    def fail(self, code: str, message: str, now: float) -> None:
        """It cannot be done.

        :param code: the service's code for the reason
        """
        self._go(PROCESS_FAILED)
        self.error_code, self.error_message, self.finished_at = code, message, now

    def _go(self, state: str) -> None:
        if state not in TRANSITIONS[self.state]:
            raise WrongTransition(f"a job that is {self.state} cannot become {state}")
        self.state = state
