"""How jobs that make no files go from state to state: VIAS's tasks, live tasks, and models that people review.

The states and what follows each are data. What takes time on the service takes none here, unless a fault says so.
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
class Flow:
    """A way through the states.

    :param first: where it begins
    :param then: what follows a state by itself; in any other it rests
    :param told: by what a caller or a person says, and the state in which it is said: what follows
    :param queued: the states in which a fault's ``queued`` holds it
    :param processing: those in which a fault's ``processing`` does
    :param decided: the state in whose place that of a fault comes
    :param started: the state that counts as the start
    :param failed: how it ends badly
    """

    first: str
    then: Mapping[str, str]
    told: Mapping[str, Mapping[str, str]]
    queued: str
    processing: str
    decided: str
    started: str
    failed: str = "FAILED"

    def seconds_in(self, state: str, fault: JobFault) -> float:
        """How long a fault holds a job in a state at least."""
        return {self.queued: fault.queued, self.processing: fault.processing}.get(state, 0.0)


def _chain(*states: str) -> dict[str, str]:
    return dict(pairwise(states))


_STOP = dict.fromkeys(("PENDING", "STARTING", "RUNNING", "ABNORMAL"), "STOPPING")
_START = dict.fromkeys(("STOPPED", "START_FAILED", "ABNORMAL", "FAILED", "SUCCEEDED"), "STARTING")

STREAM_TASK = Flow(
    first="PENDING",
    then=_chain("PENDING", "STARTING", "RUNNING") | _chain("STOPPING", "STOPPED"),
    told={"stop": _STOP, "start": _START},
    queued="PENDING",
    processing="STARTING",
    decided="RUNNING",
    started="STARTING",
)
"""VIAS watches a stream until it is told to stop."""

FILE_TASK = Flow(
    first="PENDING",
    then=_chain("PENDING", "STARTING", "RUNNING", "SUCCEEDED") | _chain("STOPPING", "STOPPED"),
    told={"stop": _STOP, "start": _START},
    queued="PENDING",
    processing="RUNNING",
    decided="SUCCEEDED",
    started="STARTING",
)
"""VIAS watches a file to its end."""

LIVE = Flow(
    first="WAITING",
    then=_chain("WAITING", "PROCESSING"),
    told={"stop": {"WAITING": "SUCCEED", "PROCESSING": "SUCCEED"}},
    queued="WAITING",
    processing="WAITING",
    decided="PROCESSING",
    started="PROCESSING",
)
"""On air until it is stopped."""

VOICE_MODEL = Flow(
    first="CREATING",
    then=_chain("SYSTEM_AUDITING", "AUDITING")
    | _chain("WAITING_SPLIT", "SPLITTING", "ANNOTATING", "WAITING", "PROCESSING", "UPLOADING", "SUCCEED"),
    told={
        "commit": {"CREATING": "SYSTEM_AUDITING"},
        "accept": {"AUDITING": "WAITING_SPLIT"},
        "reject": {"AUDITING": "AUDIT_FAILED"},
    },
    queued="SYSTEM_AUDITING",
    processing="PROCESSING",
    decided="AUDITING",
    started="SYSTEM_AUDITING",
)
"""A voice: waits for its recordings, then for a person who reviews them."""

IMAGE_MODEL = Flow(
    first="WAIT_FILE_UPLOAD",
    then=_chain("AUTO_VERIFYING", "MANUAL_VERIFYING")
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
    told={
        "commit": {"WAIT_FILE_UPLOAD": "AUTO_VERIFYING"},
        "accept": {"MANUAL_VERIFYING": "MANUAL_VERIFY_SUCCESS"},
        "reject": {"MANUAL_VERIFYING": "MANUAL_VERIFY_FAILED"},
        "confirm": {"WAIT_USER_CONFIRM": "JOB_SUCCESS"},
        "refuse": {"WAIT_USER_CONFIRM": "JOB_REJECT"},
    },
    queued="AUTO_VERIFYING",
    processing="TRAINING",
    decided="MANUAL_VERIFYING",
    started="AUTO_VERIFYING",
    failed="AUTO_VERIFY_FAILED",
)
"""An avatar: waits for its files, for a person who reviews them, and for the customer's word on what was made."""


@dataclass
class FlowJob:
    """A job that goes its way.

    :param id: its id
    :param action: what was called
    :param request: with which parameters
    :param flow: its way
    :param created_at: in Unix time
    :param fault: what is to go wrong with it
    """

    id: str
    action: Action
    request: Mapping[str, Any] = field(repr=False)
    flow: Flow
    created_at: float
    fault: JobFault = NO_JOB_FAULT
    state: str = field(init=False)
    changed_at: float = field(init=False)
    started_at: float | None = field(default=None, init=False)
    error_code: str | None = field(default=None, init=False)
    error_message: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.state, self.changed_at = self.flow.first, self.created_at

    @property
    def rests(self) -> bool:
        """Whether nothing follows by itself."""
        return self.state not in self.flow.then

    def enter(self, state: str, now: float, code: str | None = None, message: str | None = None) -> None:
        """Be in a state from now on.

        :param code: the reason, of a state that tells of something wrong
        """
        self.state, self.changed_at = state, now
        self.error_code, self.error_message = code, message
        if state == self.flow.started:
            self.started_at = now


class FlowJobs:
    """Jobs that go their ways; used from one event loop.

    :param now: the clock, in Unix time
    :param hold: waits so many seconds, unless what is held is set free before
    """

    def __init__(self, now: Callable[[], float], hold: Callable[[float], Coroutine[Any, Any, None]]) -> None:
        self._now = now
        self._hold = hold
        self._jobs: dict[str, FlowJob] = {}
        self._walks: dict[str, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[FlowJob]:
        """Every job, the oldest first."""
        return iter(self._jobs.values())

    def get(self, job_id: str) -> FlowJob | None:
        """The job of that id."""
        return self._jobs.get(job_id)

    def put(self, job: FlowJob) -> None:
        """Let a job begin."""
        self._jobs[job.id] = job
        self._go_on(job)

    def remove(self, job: FlowJob) -> None:
        """Forget a job."""
        self._jobs.pop(job.id, None)
        self._leave(job)

    def tell(self, job: FlowJob, what: str) -> bool:
        """Tell a job something; whether it is anything to it in its state.

        :param what: one of ``told`` of its way
        """
        follows = job.flow.told.get(what, {}).get(job.state)
        if follows is None:
            return False
        self.move(job, follows)
        return True

    def move(self, job: FlowJob, state: str, code: str | None = None, message: str | None = None) -> None:
        """Let a job be in a state at once, whichever it was in; it goes on from there."""
        self._leave(job)
        job.enter(state, self._now(), code, message)
        self._go_on(job)

    async def stop(self) -> None:
        """Let every job stay where it is."""
        for job in self._jobs.values():
            self._leave(job)

    async def reset(self) -> None:
        """Forget all jobs."""
        await self.stop()
        self._jobs.clear()

    def _go_on(self, job: FlowJob) -> None:
        if not job.rests:
            self._walks[job.id] = asyncio.ensure_future(self._walk(job))

    def _leave(self, job: FlowJob) -> None:
        walk = self._walks.pop(job.id, None)
        if walk is not None:
            walk.cancel()

    async def _walk(self, job: FlowJob) -> None:
        while not job.rests:
            if seconds := job.flow.seconds_in(job.state, job.fault):
                await self._hold(seconds)
            follows = job.flow.then[job.state]
            fault = job.fault
            if follows == job.flow.decided and fault.state is not None:
                job.fault = NO_JOB_FAULT
                # A fault of every action knows only the other cloud's states.
                state = job.flow.failed if fault.state in TRANSITIONS else fault.state
                code = (
                    FAILED_CODES[job.action.service.name] if fault.code == NO_JOB_FAULT.code else fault.code
                )
                job.enter(state, self._now(), code, fault.message)
                return
            job.enter(follows, self._now())
