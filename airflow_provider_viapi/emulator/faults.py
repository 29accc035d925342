"""Faults on demand: calls that are held, dropped or answered with an error, and jobs that are delayed or fail."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from airflow_provider_viapi.emulator.response_format import ServiceResponse, proxy_response

ANY_ACTION = "*"

PROXY_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n"
    "<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy</center></body></html>\n"
)
"""Default body of a response that does not come from the service."""


@dataclass(frozen=True)
class CallFault:
    """A fault of a call. ``drop``, ``code`` and a ``status`` without ``code`` exclude each other.

    The steps of a call are ``hold``, authentication (which records the nonce), ``accept_after``, the work, ``delay``
    and the response.

    :param hold: seconds between the arrival of the request and its processing, as if a proxy held it; it is processed
        even if the client has disconnected
    :param accept_after: seconds between authentication and the work, even if the client has disconnected
    :param delay: seconds between the work and the response
    :param drop: close the connection without a response, ``before`` or ``after`` the work
    :param code: respond with this error of the service, with its ``message``
    :param status: HTTP status of that error; without a code, respond with this status and ``body`` as a proxy would
    :param body: body of such a response
    :param performed: do the work before responding with ``code`` or ``status``; default: the call is not performed
    """

    hold: float = 0.0
    accept_after: float = 0.0
    delay: float = 0.0
    drop: Literal["before", "after"] | None = None
    code: str | None = None
    message: str = "This error was requested by a fault of the emulator."
    status: int | None = None
    body: str = PROXY_PAGE
    performed: bool = False

    @property
    def is_performed(self) -> bool:
        """True if the work of the call is done, whatever the response is."""
        if self.drop is not None:
            return self.drop == "after"
        return self.performed or (self.code is None and self.status is None)


@dataclass(frozen=True)
class JobFault:
    """A fault of a job.

    :param queued: shortest time in seconds in state QUEUING
    :param processing: shortest time in seconds in state PROCESSING
    :param listed_after: seconds after its submission from which lists of jobs show it
    :param state: terminal state instead of success; no media work is done
    :param code: error code of that state
    :param message: error message of that state
    :param result_expires: validity in seconds of the links to its results; default: the service's 30 minutes
    """

    queued: float = 0.0
    processing: float = 0.0
    listed_after: float = 0.0
    state: str | None = None
    code: str = "InternalError.Algo"
    message: str = "This failure was requested by a fault of the emulator."
    result_expires: float | None = None


NO_JOB_FAULT = JobFault()

TakeJobFault = Callable[[], JobFault]
"""Return the fault of the job that a call has submitted, and count it as used."""


class CallAbandoned(Exception):
    """The emulator was reset while a fault held the call: it must have no effect any more."""


@dataclass
class Fault:
    """A fault that is waiting for its calls or jobs.

    :param action: name of the action, or :data:`ANY_ACTION`
    :param remaining: number of calls or jobs that it still applies to; ``None``: until it is cleared
    :param call: fault of the call
    :param job: fault of the job that the call submits
    :param description: the description that it was read from
    """

    action: str
    remaining: int | None
    call: CallFault | None
    job: JobFault | None
    description: Mapping[str, Any] = field(repr=False)


class CallFaults:
    """The faults of one call and of the job that it submits.

    :param faults: the waiting faults
    :param action: name of the action
    """

    def __init__(self, faults: FaultList, action: str) -> None:
        self._faults = faults
        self._action = action
        self._fault = faults.take(action, of_calls=True)
        self.call = CallFault() if self._fault is None or self._fault.call is None else self._fault.call

    async def wait_until_accepted(self) -> None:
        """Wait as long as the backend of the service takes to accept a call that the gateway has authenticated.

        :raises CallAbandoned: the emulator was reset meanwhile
        """
        await self._faults.hold_call(self.call.accept_after)

    def take_job_fault(self) -> JobFault:
        """Return the fault of the submitted job, and count it as used."""
        if self._fault is not None and self._fault.job is not None:
            return self._fault.job
        fault = self._faults.take(self._action, of_calls=False)
        return NO_JOB_FAULT if fault is None or fault.job is None else fault.job

    def take_result_fault(self) -> JobFault:
        """Return what applies to the result of a call that is answered at once, and count it as used."""
        if self._fault is not None and self._fault.job is not None:
            return self._fault.job
        fault = self._faults.take(self._action, of_calls=False, of_results=True)
        return NO_JOB_FAULT if fault is None or fault.job is None else fault.job


class FaultList:
    """The waiting faults; used from one event loop.

    A call takes the first fault of calls that matches. Its job takes the job fault that was described together with
    it, or else the first fault of jobs that matches.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._cleared = asyncio.Event()
        self._resets = 0

    def add(self, fault: Fault) -> None:
        """Append a fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Delete all faults, and end every :meth:`hold`: held calls and jobs continue."""
        self._faults.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    def reset(self) -> None:
        """Delete all faults, and abandon the calls that are held before their work."""
        self._resets += 1
        self.clear()

    def describe(self) -> list[dict[str, Any]]:
        """Return every waiting fault as it was described, with the remaining ``times``."""
        return [
            {**fault.description, "action": fault.action, "times": fault.remaining} for fault in self._faults
        ]

    async def respond(
        self,
        action: str,
        perform: Callable[[CallFaults], Awaitable[ServiceResponse]],
        error: Callable[[str, str, int | None], ServiceResponse],
        not_performed: Callable[[], None],
    ) -> ServiceResponse | None:
        """Return the response to a call after applying its faults; ``None``: close the connection.

        :param perform: performs the call
        :param error: returns the response for an error code, a message and an optional HTTP status
        :param not_performed: called instead of ``perform`` if the call is not performed
        """
        faults = CallFaults(self, action)
        call = faults.call
        try:
            await self.hold_call(call.hold)
            response = await perform(faults) if call.is_performed else None
        except CallAbandoned:
            return None
        if response is None:
            not_performed()
        if call.delay:
            await self.hold(call.delay)
        if call.drop is not None:
            return None
        if call.code is not None:
            return error(call.code, call.message, call.status)
        return response if call.status is None else proxy_response(call.status, call.body)

    async def hold(self, seconds: float) -> None:
        """Wait some seconds, or until the faults are cleared."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._cleared.wait(), seconds)

    async def hold_call(self, seconds: float) -> None:
        """Hold a call before its work.

        :raises CallAbandoned: the emulator was reset meanwhile
        """
        resets = self._resets
        if seconds:
            await self.hold(seconds)
        if self._resets != resets:
            raise CallAbandoned

    def take(self, action: str, *, of_calls: bool, of_results: bool = False) -> Fault | None:
        """Return the first matching fault, if any, and count it as used.

        :param of_calls: faults of calls rather than of jobs
        :param of_results: only faults of results
        """
        for fault in self._faults:
            if of_results and "job" in fault.description:
                continue
            if fault.action in (action, ANY_ACTION) and (fault.call is not None) == of_calls:
                if fault.remaining is not None:
                    fault.remaining -= 1
                    if not fault.remaining:
                        self._faults.remove(fault)
                return fault
        return None
