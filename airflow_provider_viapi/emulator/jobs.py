"""Jobs and their states."""

from __future__ import annotations

import asyncio
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
"""The states that may follow each state; a state that none follows is terminal."""


RESULT_LIFETIME = 30 * 60
"""Seconds after the end of a job during which its results can be downloaded."""


class WrongTransition(RuntimeError):
    """A job cannot change from its state to the requested one."""


class ServiceName(Protocol):
    """The service of an action."""

    @property
    def name(self) -> str:
        """Name of the service, such as ``videoenhan``."""
        ...


class JobAction(Protocol):
    """An action of either cloud that submits jobs."""

    @property
    def name(self) -> str:
        """Name of the action, such as ``EraseVideoSubtitles``."""
        ...

    @property
    def service(self) -> ServiceName:
        """The service of the action."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the action."""
        ...


@dataclass
class Job:
    """A job.

    :param id: the RequestId of the call that submitted it
    :param action: the action that was called
    :param parameters: the action's parameters, typed
    :param wire: the same as they were sent
    :param created_at: time of submission, in Unix time
    :param fault: the fault of the job
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
    ended: asyncio.Event = field(default_factory=asyncio.Event, init=False, repr=False)

    @property
    def links_expire(self) -> float:
        """Unix time at which the links to its results expire."""
        lifetime = self.fault.result_expires
        return (self.finished_at or 0.0) + (RESULT_LIFETIME if lifetime is None else lifetime)

    @property
    def listed_from(self) -> float:
        """Unix time from which lists show the job."""
        return self.created_at + self.fault.listed_after

    def start(self, now: float) -> None:
        """Record that a worker has started to process the job."""
        self._go(PROCESSING)
        self.started_at = now

    def succeed(self, result: Mapping[str, Any], sources: Mapping[str, Path], now: float) -> None:
        """Record that the job has succeeded.

        :param result: plain values, and paths of existing files
        :param sources: the files that were read, by the wire name of the parameter that named each
        """
        self._end(PROCESS_SUCCESS, now)
        self.result, self.sources = result, sources

    def fail(self, code: str, message: str, now: float, state: str = PROCESS_FAILED) -> None:
        """Record that the job has failed.

        :param code: the service's error code
        :param state: the terminal state
        """
        self._end(state, now)
        self.error_code, self.error_message = code, message

    def cancel(self, now: float) -> None:
        """Record that the job was cancelled, which is possible only while it is queued."""
        self._end(JOB_CANCELED, now)

    def _end(self, state: str, now: float) -> None:
        self._go(state)
        self.finished_at = now
        self.ended.set()

    def _go(self, state: str) -> None:
        if state not in TRANSITIONS[self.state]:
            raise WrongTransition(f"a job in state {self.state} cannot change to {state}")
        self.state = state
