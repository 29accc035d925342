"""Faults on demand: what is to go wrong, with which calls and jobs, and how many times."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from airflow_provider_viapi.emulator.responses import Answer, foreign_answer

EVERY_ACTION = "*"

PROXY_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n"
    "<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy</center></body></html>\n"
)
"""What is answered instead of the service's answer unless a fault brings words of its own."""


@dataclass(frozen=True)
class CallFault:
    """What goes wrong with a call; one of ``drop``, ``code`` and ``status`` (which goes with ``code`` too).

    :param delay: seconds between the work of the call and its answer
    :param drop: the connection is closed without an answer, ``before`` or ``after`` the call is performed
    :param code: the service's error that is answered instead of performing the call, with its ``message``
    :param status: that error's HTTP status; without a code, that of an answer that is none of the service's
    :param body: what such an answer holds
    :param performed: such an answer comes after the call was performed, not in place of it
    """

    delay: float = 0.0
    drop: Literal["before", "after"] | None = None
    code: str | None = None
    message: str = "The emulator was told to answer with this error."
    status: int | None = None
    body: str = PROXY_PAGE
    performed: bool = False

    @property
    def lets_perform(self) -> bool:
        """Whether the call is performed, whatever is answered."""
        if self.drop is not None:
            return self.drop == "after"
        return self.performed or (self.code is None and self.status is None)


@dataclass(frozen=True)
class JobFault:
    """What goes wrong with a job.

    :param queued: seconds that it stays QUEUING at least
    :param processing: seconds that it stays PROCESSING at least
    :param state: how it ends instead of with success; no media work is done then
    :param code: the error code it ends with then
    :param message: the same in words
    :param result_expires: seconds that the links to its results work; the service's 30 minutes if ``None``
    """

    queued: float = 0.0
    processing: float = 0.0
    state: str | None = None
    code: str = "InternalError.Algo"
    message: str = "The emulator was told to let this job fail."
    result_expires: float | None = None


NO_JOB_FAULT = JobFault()

JobFaults = Callable[[], JobFault]
"""Tells what happens to the job that a call has submitted."""


@dataclass
class Fault:
    """A fault to come.

    :param action: whose calls or jobs it happens to, or :data:`EVERY_ACTION`
    :param left: how many more times it happens; ``None`` for until it is cleared
    :param call: what happens to a call
    :param job: what happens to the job that a call submits
    :param told: the description it was read from
    """

    action: str
    left: int | None
    call: CallFault | None
    job: JobFault | None
    told: Mapping[str, Any] = field(repr=False)


@dataclass
class FaultList:
    """Faults to come; used from one event loop.

    A call takes the first fault that says something of calls, and the job that it submits takes the first that
    says something of jobs only, or goes with its call's.
    """

    _faults: list[Fault] = field(default_factory=list)
    _cleared: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, fault: Fault) -> None:
        """Let a fault happen, after those that are there for the same action."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Forget all faults, and end every :meth:`hold`."""
        self._faults.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    def describe(self) -> list[dict[str, Any]]:
        """Every fault to come as it was told, with ``times`` as many as are left."""
        return [{**fault.told, "action": fault.action, "times": fault.left} for fault in self._faults]

    async def answer(
        self,
        action: str,
        perform: Callable[[JobFaults], Awaitable[Answer]],
        refuse: Callable[[str, CallFault], Answer],
        not_performed: Callable[[], None],
    ) -> Answer | None:
        """What a call of that action is answered, whatever goes wrong; ``None``: the connection is closed.

        :param perform: performs the call; a job that it submits asks for what happens to it
        :param refuse: answers with a fault's error code
        :param not_performed: told of a call that is not performed
        """
        fault = self._take_for_call(action)

        def of_the_job() -> JobFault:
            return fault.job if fault is not None and fault.job is not None else self._take_for_job(action)

        if fault is None or fault.call is None:
            return await perform(of_the_job)
        call = fault.call
        answer = await perform(of_the_job) if call.lets_perform else None
        if answer is None:
            not_performed()
        if call.delay:
            await self.hold(call.delay)
        if call.drop is not None:
            return None
        if call.code is not None:
            return refuse(call.code, call)
        return answer if call.status is None else foreign_answer(call.status, call.body)

    def _take_for_call(self, action: str) -> Fault | None:
        """What happens to a call of that action that just arrived."""
        return self._take(action, of_calls=True) if self._faults else None

    def _take_for_job(self, action: str) -> JobFault:
        """What happens to a job of that action that was just accepted."""
        fault = self._take(action, of_calls=False) if self._faults else None
        return NO_JOB_FAULT if fault is None or fault.job is None else fault.job

    async def hold(self, seconds: float) -> None:
        """Wait that long, or until the faults are cleared."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._cleared.wait(), seconds)

    def _take(self, action: str, *, of_calls: bool) -> Fault | None:
        for fault in self._faults:
            if fault.action in (action, EVERY_ACTION) and (fault.call is not None) == of_calls:
                if fault.left is not None:
                    fault.left -= 1
                    if not fault.left:
                        self._faults.remove(fault)
                return fault
        return None
