"""What a job is, and the states it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from airflow_provider_viapi.emulator.faults import NO_JOB_FAULT, JobFault
from airflow_provider_viapi.schema import Parameter

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


RESULT_LIFETIME = 30 * 60
"""Seconds from the end of a job for which its results can be fetched."""


class WrongTransition(RuntimeError):
    """A job was to go where no job goes from its state."""


class JobBackend(Protocol):
    """Whose action made a job."""

    @property
    def name(self) -> str:
        """Of the service, such as ``videoenhan``."""
        ...


class JobAction(Protocol):
    """What an action has to tell of itself that makes jobs; it may be of either cloud."""

    @property
    def name(self) -> str:
        """Its name, such as ``EraseVideoSubtitles``."""
        ...

    @property
    def service(self) -> JobBackend:
        """Whose it is."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it takes."""
        ...


@dataclass
class Job:
    """A job and what became of it.

    :param id: the RequestId of the call that submitted it
    :param action: what was called
    :param parameters: the action's parameters, with their proper types
    :param wire: the same as they were sent
    :param created_at: when it was submitted, in Unix time
    :param fault: what is to go wrong with it
    """

    id: str
    action: JobAction
    parameters: Mapping[str, Any] = field(repr=False)
    wire: Mapping[str, str] = field(repr=False)
    created_at: float
    fault: JobFault = NO_JOB_FAULT
    state: str = field(default=QUEUING, init=False)
    started_at: float | None = field(default=None, init=False)
    finished_at: float | None = field(default=None, init=False)
    result: Mapping[str, Any] | None = field(default=None, init=False)
    sources: Mapping[str, Path] = field(default_factory=dict, init=False)
    error_code: str | None = field(default=None, init=False)
    error_message: str | None = field(default=None, init=False)

    @property
    def links_expire(self) -> float:
        """When the links to its results stop working, in Unix time."""
        lifetime = self.fault.result_expires
        return (self.finished_at or 0.0) + (RESULT_LIFETIME if lifetime is None else lifetime)

    def start(self, now: float) -> None:
        """A worker takes it."""
        self._go(PROCESSING)
        self.started_at = now

    def succeed(self, result: Mapping[str, Any], sources: Mapping[str, Path], now: float) -> None:
        """It is done.

        :param result: what it made: plain values, and paths of files that are there now
        :param sources: the files it was made of, by the wire name of the parameter that named each
        """
        self._end(PROCESS_SUCCESS, now)
        self.result, self.sources = result, sources

    def fail(self, code: str, message: str, now: float, state: str = PROCESS_FAILED) -> None:
        """It cannot be done.

        :param code: the service's code for the reason
        :param state: the kind of failure
        """
        self._end(state, now)
        self.error_code, self.error_message = code, message

    def cancel(self, now: float) -> None:
        """It is not wanted any more, which only a job that waits allows."""
        self._end(JOB_CANCELED, now)

    def _end(self, state: str, now: float) -> None:
        self._go(state)
        self.finished_at = now

    def _go(self, state: str) -> None:
        if state not in TRANSITIONS[self.state]:
            raise WrongTransition(f"a job that is {self.state} cannot become {state}")
        self.state = state
