"""State machines of jobs that produce no files: VIAS's tasks, live tasks, and models in training.

States and transitions are data. Transitions that take time on the service are immediate here, unless a fault delays
them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from airflow_provider_viapi.emulator.faults import NO_JOB_FAULT, JobFault
from airflow_provider_viapi.emulator.huawei.errors import FAILED_CODES
from airflow_provider_viapi.emulator.jobs import TRANSITIONS
from airflow_provider_viapi.huawei.model import Action


@dataclass(frozen=True)
class StateMachine:
    """States and transitions of a job.

    :param initial: first state
    :param automatic: the state that follows each state without a command; all other states are stable
    :param commands: for each command, the state that follows each state in which it is possible
    :param queued: state that a fault's ``queued`` prolongs
    :param processing: state that a fault's ``processing`` prolongs
    :param replaceable: state that a fault's ``state`` replaces
    :param started: state that counts as the start
    :param failed: state of a failure
    """

    initial: str
    automatic: Mapping[str, str]
    commands: Mapping[str, Mapping[str, str]]
    queued: str
    processing: str
    replaceable: str
    started: str
    failed: str = "FAILED"

    def seconds_in(self, state: str, fault: JobFault) -> float:
        """Return the shortest time in seconds that a fault keeps a job in a state."""
        return {self.queued: fault.queued, self.processing: fault.processing}.get(state, 0.0)


def _chain(*states: str) -> dict[str, str]:
    return dict(pairwise(states))


_STOP = dict.fromkeys(("PENDING", "STARTING", "RUNNING", "ABNORMAL"), "STOPPING")
_START = dict.fromkeys(("STOPPED", "START_FAILED", "ABNORMAL", "FAILED", "SUCCEEDED"), "STARTING")

STREAM_TASK = StateMachine(
    initial="PENDING",
    automatic=_chain("PENDING", "STARTING", "RUNNING") | _chain("STOPPING", "STOPPED"),
    commands={"stop": _STOP, "start": _START},
    queued="PENDING",
    processing="STARTING",
    replaceable="RUNNING",
    started="STARTING",
)
"""A VIAS task on a stream, which runs until it is stopped."""

FILE_TASK = StateMachine(
    initial="PENDING",
    automatic=_chain("PENDING", "STARTING", "RUNNING", "SUCCEEDED") | _chain("STOPPING", "STOPPED"),
    commands={"stop": _STOP, "start": _START},
    queued="PENDING",
    processing="RUNNING",
    replaceable="SUCCEEDED",
    started="STARTING",
)
"""A VIAS task on a file, which runs until the end of the file."""

LIVE = StateMachine(
    initial="WAITING",
    automatic=_chain("WAITING", "PROCESSING"),
    commands={"stop": {"WAITING": "SUCCEED", "PROCESSING": "SUCCEED"}},
    queued="WAITING",
    processing="WAITING",
    replaceable="PROCESSING",
    started="PROCESSING",
)
"""A live task, which is on air until it is stopped."""

VOICE_MODEL = StateMachine(
    initial="CREATING",
    automatic=_chain("SYSTEM_AUDITING", "AUDITING")
    | _chain("WAITING_SPLIT", "SPLITTING", "ANNOTATING", "WAITING", "PROCESSING", "UPLOADING", "SUCCEED"),
    commands={
        "commit": {"CREATING": "SYSTEM_AUDITING"},
        "accept": {"AUDITING": "WAITING_SPLIT"},
        "reject": {"AUDITING": "AUDIT_FAILED"},
    },
    queued="SYSTEM_AUDITING",
    processing="PROCESSING",
    replaceable="AUDITING",
    started="SYSTEM_AUDITING",
)
"""A voice model, which waits for its recordings and then for their review."""

IMAGE_MODEL = StateMachine(
    initial="WAIT_FILE_UPLOAD",
    automatic=_chain("AUTO_VERIFYING", "MANUAL_VERIFYING")
    | _chain(
        "MANUAL_VERIFY_SUCCESS",
        "WAIT_TRAINING_DATA_PREPROCESS",
        "TRAINING_DATA_PREPROCESSING",
        "TRAINING_DATA_PREPROCESS_SUCCESS",
        "TRAINING",
        "TRAIN_SUCCESS",
        "INFERENCE_DATA_PREPROCESSING",
        "WAIT_USER_CONFIRM",
    ),
    commands={
        "commit": {"WAIT_FILE_UPLOAD": "AUTO_VERIFYING"},
        "accept": {"MANUAL_VERIFYING": "MANUAL_VERIFY_SUCCESS"},
        "reject": {"MANUAL_VERIFYING": "MANUAL_VERIFY_FAILED"},
        "confirm": {"WAIT_USER_CONFIRM": "JOB_SUCCESS"},
        "refuse": {"WAIT_USER_CONFIRM": "JOB_REJECT"},
    },
    queued="AUTO_VERIFYING",
    processing="TRAINING",
    replaceable="MANUAL_VERIFYING",
    started="AUTO_VERIFYING",
    failed="AUTO_VERIFY_FAILED",
)
"""An avatar model, which waits for its files, for their review, and for the customer's confirmation of the result."""


VOICE_ASSESSMENT = StateMachine(
    initial="CREATING",
    automatic=_chain("WAITING", "PROCESSING", "SUCCEED"),
    commands={"commit": {"CREATING": "WAITING"}},
    queued="WAITING",
    processing="PROCESSING",
    replaceable="SUCCEED",
    started="PROCESSING",
)
"""An assessment of recordings, which waits for them."""

TRANSFER = StateMachine(
    initial="PROCESSING",
    automatic={},
    commands={
        "accept": {"PROCESSING": "ACCEPT"},
        "reject": {"PROCESSING": "REJECT"},
        "cancel": {"PROCESSING": "CANCEL"},
    },
    queued="PROCESSING",
    processing="PROCESSING",
    replaceable="ACCEPT",
    started="PROCESSING",
    failed="FAIL",
)
"""A transfer of assets, which waits for its receiver."""


@dataclass
class StateJob:
    """A job that only changes its state.

    :param id: its id
    :param action: the action that submitted it
    :param request: the parameters of the call
    :param machine: its states and transitions
    :param created_at: time of submission, in Unix time
    :param fault: the fault of the job
    """

    id: str
    action: Action
    request: Mapping[str, Any] = field(repr=False)
    machine: StateMachine
    created_at: float
    fault: JobFault = NO_JOB_FAULT
    state: str = field(init=False)
    changed_at: float = field(init=False)
    started_at: float | None = field(default=None, init=False)
    error_code: str | None = field(default=None, init=False)
    error_message: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.state, self.changed_at = self.machine.initial, self.created_at

    @property
    def is_stable(self) -> bool:
        """True if no state follows without a command."""
        return self.state not in self.machine.automatic

    def enter(self, state: str, now: float, code: str | None = None, message: str | None = None) -> None:
        """Change to a state.

        :param code: error code of an error state
        """
        self.state, self.changed_at = state, now
        self.error_code, self.error_message = code, message
        if state == self.machine.started:
            self.started_at = now


class StateJobs:
    """The jobs that only change their state; used from one event loop.

    :param now: the clock, in Unix time
    :param hold: wait some seconds, or until the faults are cleared
    :param changed: is called with a job that has changed its state
    """

    def __init__(
        self,
        now: Callable[[], float],
        hold: Callable[[float], Coroutine[Any, Any, None]],
        changed: Callable[[StateJob], None],
    ) -> None:
        self._now = now
        self._hold = hold
        self._changed = changed
        self._jobs: dict[str, StateJob] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[StateJob]:
        """Iterate over all jobs, oldest first."""
        return iter(self._jobs.values())

    def listed(self, *machines: StateMachine) -> list[StateJob]:
        """Return the jobs of some state machines that lists show, oldest first."""
        now = self._now()
        return [
            job for job in self if job.machine in machines and job.created_at + job.fault.listed_after <= now
        ]

    def get(self, job_id: str) -> StateJob | None:
        """Return the job with that id, or ``None``."""
        return self._jobs.get(job_id)

    def put(self, job: StateJob) -> None:
        """Add a job and start its transitions."""
        self._jobs[job.id] = job
        self._advance(job)

    def remove(self, job: StateJob) -> None:
        """Delete a job."""
        self._jobs.pop(job.id, None)
        self._halt(job)

    def send(self, job: StateJob, command: str) -> bool:
        """Send a command to a job; return false if it is not possible in the job's state.

        :param command: a key of the state machine's ``commands``
        """
        following = job.machine.commands.get(command, {}).get(job.state)
        if following is None:
            return False
        self.move(job, following)
        return True

    def move(self, job: StateJob, state: str, code: str | None = None, message: str | None = None) -> None:
        """Set the state of a job, whatever its state is; it continues from there."""
        self._halt(job)
        job.enter(state, self._now(), code, message)
        self._changed(job)
        self._advance(job)

    async def stop(self) -> None:
        """Stop all transitions."""
        for job in self._jobs.values():
            self._halt(job)

    async def reset(self) -> None:
        """Delete all jobs."""
        await self.stop()
        self._jobs.clear()

    def _advance(self, job: StateJob) -> None:
        if not job.is_stable:
            self._running[job.id] = asyncio.ensure_future(self._run(job))

    def _halt(self, job: StateJob) -> None:
        running = self._running.pop(job.id, None)
        if running is not None:
            running.cancel()

    async def _run(self, job: StateJob) -> None:
        while not job.is_stable:
            if seconds := job.machine.seconds_in(job.state, job.fault):
                await self._hold(seconds)
            following = job.machine.automatic[job.state]
            fault = job.fault
            if following == job.machine.replaceable and fault.state is not None:
                # The fault of the state is used up; that of lists is not.
                job.fault = JobFault(listed_after=fault.listed_after)
                # A fault for all actions uses VIAPI's states.
                state = job.machine.failed if fault.state in TRANSITIONS else fault.state
                code = (
                    FAILED_CODES[job.action.service.name] if fault.code == NO_JOB_FAULT.code else fault.code
                )
                job.enter(state, self._now(), code, fault.message)
                return
            job.enter(following, self._now())
            self._changed(job)
